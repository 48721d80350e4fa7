"""Commission is expected from the moment of the order: who is due what, by the tree and the terms of that moment."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_book import Book, InForce
from domain.commissions.computing import Share, commission_base, shares
from domain.commissions.models import CommissionStatus
from domain.commissions.months import month_of
from domain.commissions.movements import Movement, write
from tenants.auth import clock


@dataclass(slots=True)
class Ordered:
    """What was ordered: the chain at order time, root first, and cents without VAT by article category."""

    id: UUID
    entity_id: UUID
    chain: tuple[UUID, ...]
    placed_at: datetime
    currency: str
    nets: dict[str, int] = field(default_factory=dict)

    @property
    def month(self) -> date:
        return month_of(self.placed_at)


_ORDERED = """
    SELECT o.id, o.entity_id, o.account_chain_ids, o.created_at, o.currency, l.category, sum(l.net_cents)::bigint AS net
    FROM "order" o JOIN line_item l ON l.quote_version_id = o.quote_version_id
    WHERE o.entity_id = :entity_id AND cardinality(o.account_chain_ids) > 0 AND {condition}
    GROUP BY o.id, l.category ORDER BY o.created_at, o.id
"""
_UNCOUNTED = """o.stage <> 'CANCELLED' AND NOT EXISTS (
    SELECT 1 FROM commission c WHERE c.order_id = o.id AND c.reverses_id IS NULL)"""
_BY_ID = text(_ORDERED.format(condition=f"o.id = ANY (:ids) AND {_UNCOUNTED}")).bindparams(
    bindparam("ids", type_=ARRAY(PgUUID(as_uuid=True)))
)
_MISSING = text(_ORDERED.format(condition=f"o.created_at >= :first AND o.created_at < :after AND {_UNCOUNTED}"))
_PLACED = text(_ORDERED.format(condition="o.created_at >= :first AND o.created_at < :after AND o.stage <> 'CANCELLED'"))


async def uncounted(session: AsyncSession, entity_id: UUID, ids: Sequence[UUID]) -> list[Ordered]:
    """Those of the orders that are not cancelled and have no commission yet."""
    return _gathered(await session.execute(_BY_ID, {"entity_id": entity_id, "ids": list(ids)}))


async def missing(session: AsyncSession, entity_id: UUID, first: datetime, after: datetime) -> list[Ordered]:
    """The same of all orders that an entity received in a time."""
    return _gathered(await session.execute(_MISSING, {"entity_id": entity_id, "first": first, "after": after}))


async def placed(session: AsyncSession, entity_id: UUID, first: datetime, after: datetime) -> list[Ordered]:
    """All orders of a time that are not cancelled."""
    return _gathered(await session.execute(_PLACED, {"entity_id": entity_id, "first": first, "after": after}))


def _gathered(rows: Iterable[Row[Any]]) -> list[Ordered]:
    orders: dict[UUID, Ordered] = {}
    for row in rows:
        if (order := orders.get(row.id)) is None:
            chain = tuple(row.account_chain_ids)
            order = orders[row.id] = Ordered(row.id, row.entity_id, chain, row.created_at, row.currency)
        order.nets[row.category] = row.net
    return list(orders.values())


def shares_of(order: Ordered, held: InForce) -> list[Share]:
    """What an order is worth under terms; nothing where they are in another currency than the order."""
    if order.currency != held.terms.currency:
        return []
    return shares(held.terms, order.chain, commission_base(held.terms, order.nets, order.currency))


async def accrue(session: AsyncSession, orders: Sequence[Ordered], terms: Book, *, tell: bool = True) -> int:
    """Write what orders are worth; orders that have commission stay as they are. The number of new records."""
    movements = [movement for order in orders for movement in _movements(order, terms)]
    return len(await write(session, movements, clock.now(), tell=tell))


def _movements(order: Ordered, terms: Book) -> Iterator[Movement]:
    held = terms.find(order.chain, order.placed_at)
    for share in shares_of(order, held):
        yield Movement(
            entity_id=order.entity_id,
            order_id=order.id,
            agreement_id=held.agreement_id,
            terms_id=held.id,
            beneficiary_id=share.beneficiary_id,
            kind=share.kind,
            level=share.level,
            rate=share.rate,
            base=share.base.cents,
            uncut=share.uncut.cents,
            amount=share.amount.cents,
            currency=order.currency,
            status=CommissionStatus.ACCRUED,
            month=order.month,
        )
