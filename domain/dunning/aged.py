"""How old what is open is, payer by payer: as the rows stand now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from uuid import UUID

from sqlalchemy import BigInteger, case, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.dunning.accounts import BUCKETS, Ageing
from domain.invoices.models import Invoice, InvoiceKind

_COLUMNS = ("not_due", "to_30", "to_60", "to_90", "above_90")


@dataclass(frozen=True, slots=True)
class Aged:
    """What one payer owes an entity, and since when."""

    entity_id: UUID
    contact_id: UUID
    invoices: int
    ageing: Ageing


@dataclass(frozen=True, slots=True)
class AgedList:
    """A page of payers, the most overdue first, with the sums over all of them."""

    payers: Sequence[Aged]
    count: int
    total: Ageing


async def aged(
    session: AsyncSession,
    entity_ids: Sequence[UUID],
    on: date,
    *,
    currency: str = "EUR",
    first: int = 50,
    after: int = 0,
) -> AgedList:
    """What is open on invoices of entities by days past due on a day; what we owe counts as not due."""
    buckets = [func.sum(each).label(name) for name, each in zip(_COLUMNS, _amounts(on), strict=True)]
    query = select(Invoice.entity_id, Invoice.payer_contact_id, func.count().label("invoices"), *buckets)
    query = query.where(Invoice.entity_id.in_(entity_ids), Invoice.kind == InvoiceKind.INVOICE.value)
    query = query.where(Invoice.open_cents != 0, Invoice.currency == currency)
    grouped = query.group_by(Invoice.entity_id, Invoice.payer_contact_id).subquery()
    sums = [cast(func.coalesce(func.sum(grouped.c[name]), 0), BigInteger) for name in _COLUMNS]
    whole = (await session.execute(select(func.count(), *sums).select_from(grouped))).one()
    late = sum((grouped.c[name] for name in _COLUMNS[1:]), literal(0))
    page = select(grouped).order_by(late.desc(), grouped.c.payer_contact_id, grouped.c.entity_id)
    rows = (await session.execute(page.limit(first).offset(after))).all()
    payers = [
        Aged(row.entity_id, row.payer_contact_id, row.invoices, Ageing(*(int(row[place]) for place in range(3, 8))))
        for row in rows
    ]
    return AgedList(payers, int(whole[0]), Ageing(*(int(cents) for cents in whole[1:])))


def _amounts(on: date) -> list[object]:
    """The open amount where it is in the bucket, else 0; as `accounts.bucket` says."""
    late, cents = literal(on) - Invoice.due_on, Invoice.open_cents
    edges = [0, *BUCKETS]
    within = [(late > low) & (late <= high) for low, high in pairwise(edges)]
    conditions = [
        (late <= 0) | (cents < 0),
        *((each & (cents > 0)) for each in within),
        (late > edges[-1]) & (cents > 0),
    ]
    return [case((condition, cents), else_=0) for condition in conditions]
