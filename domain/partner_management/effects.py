"""What other terms would have done to the orders that a partner sent of late: a change is judged before it holds."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.enforcing import check_document
from domain.agreements.partner_terms import PartnerTerms, as_json
from domain.errors import DomainError, DomainErrors
from domain.numbering.service import AMSTERDAM
from domain.partner_orders.models import PartnerOrder

LOOKS_BACK = timedelta(days=30)
MOST = 2_000
"""Of the newest orders."""


@dataclass(frozen=True, slots=True)
class Change:
    """A term before and after, as JSON; None: its default."""

    term: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Effects:
    """Of so many orders of the last 30 days, how many would have been refused, and why."""

    orders: int
    refused: int
    days_over_limit: int
    by_field: dict[str, int]


def changes(before: PartnerTerms, after: PartnerTerms) -> list[Change]:
    """What is different, by name; the service levels one by one."""
    was, now = _flat(as_json(before)), _flat(as_json(after))
    return [
        Change(term, was.get(term), now.get(term)) for term in sorted({*was, *now}) if was.get(term) != now.get(term)
    ]


def _flat(terms: dict[str, Any]) -> dict[str, Any]:
    levels = {f"sla.{name}": value for name, value in terms.get("sla", {}).items()}
    return {name: value for name, value in terms.items() if name != "sla"} | levels


async def effects(
    session: AsyncSession, entity_id: UUID, organization_id: UUID, terms: PartnerTerms, now: datetime
) -> Effects:
    """Terms held against the orders that came from the partner and those below it."""
    below = cast(literal([organization_id], ARRAY(PgUUID(as_uuid=True))), ARRAY(PgUUID(as_uuid=True)))
    query = (
        select(PartnerOrder.document, func.timezone("Europe/Amsterdam", PartnerOrder.received_at))
        .where(PartnerOrder.entity_id == entity_id, PartnerOrder.channel_organization_ids.op("@>")(below))
        .where(PartnerOrder.received_at > now.astimezone(AMSTERDAM) - LOOKS_BACK, PartnerOrder.forgotten_at.is_(None))
        .order_by(PartnerOrder.received_at.desc())
        .limit(MOST)
    )
    rows = (await session.execute(query)).all()
    why: Counter[str] = Counter()
    refused = 0
    for document, _ in rows:
        faults = _faults(terms, document)
        refused += bool(faults)
        why.update(faults)
    days = Counter(at.date() for _, at in rows)
    over = sum(many > terms.orders_per_day for many in days.values()) if terms.orders_per_day is not None else 0
    return Effects(len(rows), refused, over, dict(why.most_common()))


def _faults(terms: PartnerTerms, document: dict[str, Any]) -> set[str]:
    try:
        check_document(terms, document)
    except (DomainError, DomainErrors) as found:
        return {".".join("*" if isinstance(part, int) else part for part in error.field) for error in found.errors}
    return set()
