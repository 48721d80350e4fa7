"""What is agreed with a partner about its orders (K5), as data: each term is a setting that something enforces.

    {"creates": "ORDER", "required_fields": ["$.customer.address.street"], "orders_per_day": 500,
     "requests_per_minute": 120, "most_lines": 20, "retention_days": 365, "cancellable_until_hours": 24,
     "free_cancellations_per_month": 10,
     "sla": {"response_ms": 500, "processing_minutes": 5, "status_seconds": 60, "uptime": "99.9"}}

Kept in `agreement.terms`. What is left out takes its default; `parse` gives every fault at its place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.agreements.parsing import UnknownTerm
from domain.errors import Duplicate, Faults, NotAChoice, TooMany, WrongType
from domain.money import decimal
from tenants.base import moment

MOST_REQUESTS_PER_MINUTE = 10_000
MOST_ORDERS_PER_DAY = 1_000_000
MOST_LINES = 200
LONGEST_RETENTION = 3_650
SHORTEST_RETENTION = 30


class Creates(StrEnum):
    """What an order of a partner becomes."""

    QUOTE = "QUOTE"
    """A quote, sent to whoever signs."""
    ORDER = "ORDER"
    """An order at once, where the partner pays all lines and signing is waived by a recorded policy."""


FIELDS = (
    "$.customer.address.street",
    "$.customer.address.house_number",
    "$.customer.address.city",
    "$.products",
    "$.products[*].description",
    "$.installation_preferences.preferred_date",
    "$.installation_preferences.notes",
    "$.partner_references.dealer_group_id",
    "$.partner_references.purchase_order",
    "$.partner_references.customer_account",
)
"""What may be demanded beyond what every order must have (N2)."""


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """What the platform promises (N12)."""

    response_ms: int = 500
    """95 in 100 answers are at least this fast."""
    processing_minutes: int = 5
    """From receiving an order to its having a quote or an order number."""
    status_seconds: int = 60
    """From a change to its first being sent out."""
    uptime: Decimal = Decimal("99.9")
    """Percent of requests that were not answered with a fault of ours."""


@dataclass(frozen=True, slots=True)
class PartnerTerms:
    """Terms of one partner; None: no limit, but `requests_per_minute`: the platform's."""

    creates: Creates = Creates.QUOTE
    required_fields: tuple[str, ...] = ()
    """JSON paths of FIELDS."""
    orders_per_day: int | None = None
    """New orders per day in Amsterdam, over all ways in."""
    requests_per_minute: int | None = None
    most_lines: int = 50
    retention_days: int | None = None
    """For how long what the partner sent is kept as it came; the order itself is kept as the law has it."""
    cancellable_until_hours: int | None = None
    """How long before the first planned visit the partner may still cancel by itself."""
    free_cancellations_per_month: int | None = None
    """How many orders it may cancel by itself per month in Amsterdam; beyond that staff does."""
    sla: ServiceLevels = field(default_factory=ServiceLevels)


STANDARD = PartnerTerms()


async def terms_for(
    session: AsyncSession, entity_id: UUID, organization_id: UUID, at: datetime | None = None
) -> PartnerTerms:
    """The terms of the agreement in force with the organization or its nearest ancestor that has one; else STANDARD.

    Whoever asks gets the same answer: an ancestor's agreement binds also who may not read it.
    """
    when = func.clock_timestamp() if at is None else moment(at)
    kept = (await session.execute(select(func.partner_terms_at(entity_id, organization_id, when)))).scalar()
    return parse(kept) if kept else STANDARD


def parse(given: Mapping[str, Any]) -> PartnerTerms:
    """The terms of their JSON. Raises InvalidInput, or DomainErrors with all faults, each at its path."""
    parts = _parts(given, _PARSERS)
    return PartnerTerms(**{name: value for name, value in parts.items() if value is not None})


def as_json(terms: PartnerTerms) -> dict[str, Any]:
    """The normal form, which `parse` gives back as it was; what is at its default is left out."""
    sla = {name: _plain(value) for name, value in _differing(terms.sla, ServiceLevels())}
    kept = {name: _plain(value) for name, value in _differing(terms, STANDARD) if name != "sla"}
    return kept | ({"sla": sla} if sla else {})


def _differing(one: object, other: object) -> list[tuple[str, Any]]:
    names = type(one).__slots__  # type: ignore[attr-defined]  # dataclasses with slots
    return [(name, getattr(one, name)) for name in names if getattr(one, name) != getattr(other, name)]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Decimal | Creates) else value


# --- reading --------------------------------------------------------------------------------------------------------


def _parts(given: object, parsers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise WrongType(expected={"nl": "een object", "en": "an object"})
    with Faults() as faults:
        for name in given:
            if name not in parsers:
                faults.add(UnknownTerm(known=", ".join(parsers), field=(str(name),)))
        return {name: faults.take(parsers[name], given[name], name) for name in parsers if given.get(name) is not None}


def _whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    return lambda value: validation.integer(value, minimum, maximum)


def _required_fields(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise WrongType(expected={"nl": "een lijst", "en": "a list"})
    if len(value) > len(FIELDS):
        raise TooMany(maximum=len(FIELDS))
    with Faults() as faults:
        for place, path in enumerate(value):
            if path not in FIELDS:
                faults.add(NotAChoice(choices=", ".join(FIELDS), field=(place,)))
            elif path in value[:place]:
                faults.add(Duplicate(field=(place,)))
    return tuple(path for path in FIELDS if path in value)


def _creates(value: Any) -> Creates:
    return Creates(validation.choice(value, tuple(Creates)))


def _service_levels(value: object) -> ServiceLevels:
    return ServiceLevels(**{name: part for name, part in _parts(value, _LEVELS).items() if part is not None})


_LEVELS: dict[str, Callable[[Any], Any]] = {
    "response_ms": _whole(50, 60_000),
    "processing_minutes": _whole(1, 10_080),
    "status_seconds": _whole(1, 86_400),
    "uptime": lambda value: decimal(value, Decimal(50), Decimal(100), 3),
}
_PARSERS: dict[str, Callable[[Any], Any]] = {
    "creates": _creates,
    "required_fields": _required_fields,
    "orders_per_day": _whole(0, MOST_ORDERS_PER_DAY),
    "requests_per_minute": _whole(1, MOST_REQUESTS_PER_MINUTE),
    "most_lines": _whole(1, MOST_LINES),
    "retention_days": _whole(SHORTEST_RETENTION, LONGEST_RETENTION),
    "cancellable_until_hours": _whole(0, 8_760),
    "free_cancellations_per_month": _whole(0, 100_000),
    "sla": _service_levels,
}
