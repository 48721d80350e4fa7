"""The normal form and the bounds of what people enter in the catalog."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from domain import validation
from domain.errors import Faults, OutOfRange, Required, TooMany

MAX_CENTS = 100_000_000_00
"""A hundred million euros: far above any price, far below what 64 bits hold."""
_MAX_JSON = 20_000


def parse_article(values: dict[str, Any], *, new: bool) -> dict[str, Any]:
    """The given columns of an article in normal form; all faults at once, each under the name of its column."""
    parsed: dict[str, Any] = {}
    with Faults() as faults:
        for column, value in values.items():
            with faults.at(column):
                parsed[column] = _PARSERS[column](value)
        for column in ("sku", "name", "category"):
            if new and column not in values:
                faults.add(Required(field=(column,)))
    return parsed


def cents(value: Any) -> int:
    """A price or cost: 0 up to a hundred million euros."""
    return validation.integer(int(_required(value)), 0, MAX_CENTS)


def quantity(value: Any) -> Decimal:
    """More than 0, at most 100,000, in thousandths."""
    number = Decimal(_required(value))
    if not number.is_finite() or not Decimal(0) < number <= 100_000 or number != round(number, 3):
        raise OutOfRange(minimum="0.001", maximum="100000")
    return number


def sku(value: Any) -> str:
    """An article number of up to 64 characters, kept as the partner writes it."""
    return validation.name(_required(value), maximum=64)


def _required(value: Any) -> Any:
    if value is None:
        raise Required()
    return value


def _name(maximum: int, minimum: int = 1) -> Callable[[Any], str]:
    return lambda value: validation.name(_required(value), minimum=minimum, maximum=maximum)


def _text(value: Any) -> str:
    return validation.text(value or "", minimum=0, maximum=5_000)


def _specifications(value: Any) -> dict[str, Any]:
    return validation.json_object({} if value is None else value, maximum=_MAX_JSON)


def _skills(value: Any) -> list[str]:
    names = sorted({validation.name(skill, position, maximum=60) for position, skill in enumerate(value or [])})
    if len(names) > 20:
        raise TooMany(maximum=20)
    return names


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "sku": lambda value: sku(value).upper(),
    "name": _name(200),
    "name_en": lambda value: validation.name(value or "", minimum=0, maximum=200),
    "description": _text,
    "technical_description": _text,
    "category": _required,
    "specifications": _specifications,
    "unit": _name(40),
    "vat_class": _required,
    "unit_cost_cents": cents,
    "serial_required": _required,
    "batch_tracked": _required,
    "outdoor": _required,
    "skills": _skills,
    "install_minutes": lambda value: validation.integer(_required(value), 0, 2_880),
    "visit_kind": lambda value: value,
    "active": _required,
}
