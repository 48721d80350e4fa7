"""Reading terms from their JSON; see terms.py."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import time
from decimal import Decimal
from typing import Any

from domain import validation
from domain.errors import (
    Duplicate,
    Faults,
    InvalidInput,
    NotAChoice,
    Required,
    TooMany,
    WrongType,
)
from domain.money import decimal
from domain.tariffs.terms import Multiplies, Terms, Window

Values = Mapping[str, Any]

MOST_WINDOWS = 8
MOST_CENTS = 1_000_000
"""10,000 euro, for a start fee, a minimum or a reserve."""
MOST_PRICE = Decimal(100_000)
"""Cents per kWh or hour."""
PRICE_DECIMALS = 4
MOST_MULTIPLIER = Decimal(10)
MULTIPLIER_DECIMALS = 3
LONGEST_NAME = 40
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_CURRENCIES = ("EUR",)


class UnknownTariffTerm(InvalidInput):
    code = "UNKNOWN_TARIFF_TERM"
    nl = "Een tarief kent dit niet; mogelijk zijn {known}."
    en = "A tariff has no such term; known are {known}."


class InvalidClock(InvalidInput):
    code = "INVALID_CLOCK"
    nl = "Geen tijd; verwacht uren en minuten, zoals 18:00."
    en = "Not a time; expected hours and minutes, such as 18:00."


class EmptyWindow(InvalidInput):
    code = "EMPTY_WINDOW"
    nl = "Een venster eindigt op een andere tijd dan waarop het begint."
    en = "A window ends at another time than it starts."


def parse(given: Values) -> Terms:
    """The terms of their JSON. Raises InvalidInput, or DomainErrors with all faults, each at its path."""
    if not isinstance(given, Mapping):
        raise WrongType(expected={"nl": "een object", "en": "an object"})
    with Faults() as faults:
        for name in given:
            if name not in _PARSERS:
                faults.add(UnknownTariffTerm(known=", ".join(_PARSERS), field=(name,)))
        parts: dict[str, Any] = {
            name: faults.take(read, given[name], name) for name, read in _PARSERS.items() if given.get(name) is not None
        }
    return Terms(**parts)


def _price(value: object) -> Decimal:
    return decimal(value, Decimal(0), MOST_PRICE, PRICE_DECIMALS)


def _multiplier(value: object) -> Decimal:
    return decimal(value, Decimal(0), MOST_MULTIPLIER, MULTIPLIER_DECIMALS)


def _cents(value: object) -> int:
    return validation.integer(value, 0, MOST_CENTS)  # type: ignore[arg-type]  # refuses what is no integer


def _currency(value: object) -> str:
    if value not in _CURRENCIES:
        raise NotAChoice(choices=", ".join(_CURRENCIES))
    return str(value)


def _multiplies(value: object) -> Multiplies:
    try:
        return Multiplies(str(value))
    except ValueError:
        raise NotAChoice(choices=", ".join(each.value for each in Multiplies)) from None


def _windows(value: object) -> tuple[Window, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise WrongType(expected={"nl": "een lijst", "en": "a list"})
    if len(value) > MOST_WINDOWS:
        raise TooMany(maximum=MOST_WINDOWS)
    with Faults() as faults:
        found = [faults.take(_window, item, place) for place, item in enumerate(value)]
        names = [window.name for window in found if window is not None]
        for place, name in enumerate(names):
            if name in names[:place]:
                faults.add(Duplicate(field=(place, "name")))
    return tuple(window for window in found if window is not None)


def _window(value: object) -> Window:
    if not isinstance(value, Mapping):
        raise WrongType(expected={"nl": "een object", "en": "an object"})
    with Faults() as faults:
        for name in value:
            if name not in _WINDOW:
                faults.add(UnknownTariffTerm(known=", ".join(_WINDOW), field=(name,)))
        parts: dict[str, Any] = {
            name: faults.take(_required(read), value.get(name), name) for name, read in _WINDOW.items()
        }
    if parts["since"] == parts["until"]:
        raise EmptyWindow(field=("until",))
    return Window(parts["name"], parts["since"], parts["until"], parts["multiplier"])


def _required(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        if value is None:
            raise Required()
        return read(value)

    return checked


def _name(value: str) -> str:
    return validation.name(value, maximum=LONGEST_NAME)


def _clock(value: object) -> time:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidClock()
    return time(int(found[1]), int(found[2]))


_WINDOW: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "since": _clock,
    "until": _clock,
    "multiplier": _multiplier,
}
_PARSERS: dict[str, Callable[[Any], Any]] = {
    "currency": _currency,
    "energy_cents_per_kwh": _price,
    "time_cents_per_hour": _price,
    "idle_cents_per_hour": _price,
    "start_fee_cents": _cents,
    "minimum_cents": _cents,
    "windows": _windows,
    "multiplies": _multiplies,
    "multiplier_cap": _multiplier,
    "emergency_multiplier": _multiplier,
    "damage_reserve_cents": _cents,
}
