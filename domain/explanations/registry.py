"""Formulas: named, versioned, pure. Each gives the very cents that were stored from the inputs that are named.

A formula is written once over `+ - * /` and works on decimals here and on columns in SQL, so that the remainder that
PostgreSQL tells and the cents that Python recomputes are of the same formula. An input that occurs more than once (the
lines of a total) counts as its sum. A change of how something is computed is a new version with its first day; earlier
ones stay, since amounts of their time are explained and recomputed by them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from enum import StrEnum
from typing import Any

from sqlalchemy import func

from domain.errors import DomainError

ALWAYS = date(2000, 1, 1)
REMAINDER_DECIMALS = 6
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)


class Unit(StrEnum):
    """What the value of an input is in."""

    CENTS = "CENTS"
    PERCENT = "PERCENT"
    QUANTITY = "QUANTITY"


class UnknownFormula(DomainError):
    code = "UNKNOWN_FORMULA"
    nl = "De formule {formula} was op {date} niet van kracht."
    en = "The formula {formula} was not in force on {date}."


@dataclass(frozen=True, slots=True)
class Formula:
    """`exact` takes the inputs by name and gives cents that are not rounded yet; `rounds` says whether they have to be.

    `inputs` are the names with their units; those that are not given count as 0.
    """

    name: str
    version: int
    valid_from: date
    inputs: Mapping[str, Unit]
    exact: Callable[[Mapping[str, Any]], Any]
    rounds: bool
    nl: str
    en: str

    def text(self, language: str) -> str:
        return self.en if language.lower().startswith("en") else self.nl


@dataclass(frozen=True, slots=True)
class Outcome:
    """Cents, and what rounding has added to the exact amount (less than half a cent either way)."""

    cents: int
    remainder: Decimal


_FORMULAS: dict[str, list[Formula]] = {}


def formula(
    name: str,
    inputs: Mapping[str, Unit],
    exact: Callable[[Mapping[str, Any]], Any],
    *,
    nl: str,
    en: str,
    rounds: bool = False,
    version: int = 1,
    valid_from: date = ALWAYS,
) -> Formula:
    """Declare a version of a formula; versions and their first days rise."""
    known = _FORMULAS.setdefault(name, [])
    if version != len(known) + 1 or (known and valid_from <= known[-1].valid_from):
        raise ValueError(f"{name}: version {version} does not follow")
    made = Formula(name, version, valid_from, dict(inputs), exact, rounds, nl, en)
    known.append(made)
    return made


def between(low: Any, value: Any, high: Any) -> Any:
    """`value`, or the bound that it passes: of decimals, and of columns in SQL."""
    if isinstance(value, Decimal):
        return max(Decimal(low), min(value, Decimal(high)))
    return func.greatest(low, func.least(value, high))


def at_least(low: Any, value: Any) -> Any:
    """`value`, or `low` where that is more."""
    return max(Decimal(low), value) if isinstance(value, Decimal) else func.greatest(low, value)


def names() -> list[str]:
    """All formulas that there are."""
    return sorted(_FORMULAS)


def versions(name: str) -> list[Formula]:
    """The versions of a formula, the first one first. Raises: KeyError"""
    return _FORMULAS[name]


def in_force(name: str, on: date) -> Formula:
    """The version that held on a day in Amsterdam. Raises: UnknownFormula"""
    found = [each for each in _FORMULAS.get(name, ()) if each.valid_from <= on]
    if not found:
        raise UnknownFormula(formula=name, date=on.isoformat())
    return found[-1]


def evaluate(given: Formula, inputs: Iterable[tuple[str, Decimal]]) -> Outcome:
    """What a formula gives for inputs by name; those of one name are added up. Raises: KeyError for another name."""
    values: dict[str, Decimal] = dict.fromkeys(given.inputs, Decimal(0))
    with localcontext(_EXACT):
        for name, value in inputs:
            values[name] = values[name] + value
        exact = Decimal(given.exact(values))
        cents = int(exact.to_integral_value(ROUND_HALF_UP))
        remainder = (cents - exact).quantize(Decimal(1).scaleb(-REMAINDER_DECIMALS))
    if not given.rounds and remainder:
        raise ValueError(f"{given.name} does not round and gives {exact}")
    return Outcome(cents, remainder.normalize() if remainder else Decimal(0))
