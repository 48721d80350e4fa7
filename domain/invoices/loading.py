"""What invoicing reads of orders, in a number of statements that does not depend on how many they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Address
from domain.invoices.billing import Billed
from domain.invoices.models import BillingPart, InvoiceLine, PartState
from domain.invoices.payers import ADDRESS, Payer, Profile, address_of, payers_of, profiles_of
from domain.orders.models import Order
from domain.quotes.models import LineItem
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What counts of an order."""

    id: UUID
    entity_id: UUID
    number: str
    quote_version_id: UUID
    account_contact_id: UUID | None
    end_customer_contact_id: UUID
    account_chain_ids: list[UUID]
    stage: str
    on_hold: bool
    completed_at: datetime | None
    currency: str
    payment_terms_days: int
    partner_order_id: str | None
    partner_metadata: dict[str, Any]
    address: Mapping[str, str]
    """Where the work is done."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """All that the drafts of some orders are made of."""

    orders: list[OrderFacts]
    lines: dict[UUID, list[Any]]
    """Rows of line items by quote version: orders that repeat one another share them."""
    billed: dict[UUID, dict[UUID, Billed]]
    """By order and line item."""
    parts: dict[UUID, list[BillingPart]]
    """By order, the released ones left out."""
    payers: dict[UUID, Payer]
    profiles: dict[tuple[UUID, UUID], Profile]
    entities: dict[UUID, BusinessEntity]

    def profile(self, entity_id: UUID, payer: Payer) -> Profile:
        return self.profiles.get((entity_id, payer.id), Profile())


async def load(session: AsyncSession, order_ids: Iterable[UUID], *, lock: bool = True) -> Loaded:
    """Read orders that the actor sees, locked in the order of their ids where asked, with all that belongs to them."""
    orders = await _orders(session, sorted(set(order_ids)), lock=lock)
    ids = [order.id for order in orders]
    lines = await _lines(session, {order.quote_version_id for order in orders})
    payers = await payers_of(session, {line.payer_contact_id for own in lines.values() for line in own})
    kept = {payer.id for payer in payers.values()}
    return Loaded(
        orders,
        lines,
        await _billed(session, ids),
        await _parts(session, ids),
        payers,
        await profiles_of(session, kept),
        await _entities(session, {order.entity_id for order in orders}),
    )


_ORDER = tuple(name for name in OrderFacts.__dataclass_fields__ if name != "address")


async def _orders(session: AsyncSession, ids: Sequence[UUID], *, lock: bool) -> list[OrderFacts]:
    columns = [getattr(Order, name) for name in _ORDER]
    where = [getattr(Address, name) for name in ("house_number_addition", *ADDRESS)]
    query = select(*columns, *where).outerjoin(Address, Address.id == Order.service_address_id)
    query = query.where(Order.id.in_(ids)).order_by(Order.id)
    if lock:
        query = query.with_for_update(of=Order)
    rows = (await session.execute(query)).all()
    return [OrderFacts(**{name: getattr(row, name) for name in _ORDER}, address=address_of(row)) for row in rows]


_LINE = (
    "id",
    "quote_version_id",
    "position",
    "article_id",
    "sku",
    "category",
    "description",
    "quantity",
    "unit",
    "unit_price_cents",
    "discount_percent",
    "vat_class",
    "vat_rate",
    "net_cents",
    "vat_cents",
    "payer_contact_id",
    "payer_chain_ids",
    "visit_position",
)


async def _lines(session: AsyncSession, version_ids: Iterable[UUID]) -> dict[UUID, list[Any]]:
    columns = [getattr(LineItem, name) for name in _LINE]
    query = select(*columns).where(LineItem.quote_version_id.in_(set(version_ids)))
    found: dict[UUID, list[Any]] = {}
    for row in (await session.execute(query.order_by(LineItem.quote_version_id, LineItem.position))).all():
        found.setdefault(row.quote_version_id, []).append(row)
    return found


async def _billed(session: AsyncSession, order_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, Billed]]:
    """What invoices that still stand billed; those that were credited to be billed anew do not count."""
    line = InvoiceLine
    stands = select(BillingPart.order_id, BillingPart.invoice_id).where(
        BillingPart.order_id.in_(order_ids), BillingPart.state == PartState.INVOICED.value
    )
    share = func.coalesce(func.sum(func.coalesce(line.portion_percent, 100)), 0)
    query = (
        select(line.order_id, line.line_item_id, func.sum(line.net_cents), func.sum(line.vat_cents), share)
        .where(
            line.order_id.in_(order_ids),
            line.line_item_id.is_not(None),
            tuple_(line.order_id, line.invoice_id).in_(stands),
        )
        .group_by(line.order_id, line.line_item_id)
    )
    found: dict[UUID, dict[UUID, Billed]] = {}
    for order_id, line_item_id, net, vat, percent in (await session.execute(query)).all():
        if order_id is not None and line_item_id is not None:
            found.setdefault(order_id, {})[line_item_id] = Billed(int(net), int(vat), Decimal(percent))
    return found


async def _parts(session: AsyncSession, order_ids: Sequence[UUID]) -> dict[UUID, list[BillingPart]]:
    query = select(BillingPart).where(
        BillingPart.order_id.in_(order_ids), BillingPart.state != PartState.RELEASED.value
    )
    found: dict[UUID, list[BillingPart]] = {}
    for part in (await session.execute(query.execution_options(populate_existing=True))).scalars():
        found.setdefault(part.order_id, []).append(part)
    return found


async def _entities(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, BusinessEntity]:
    rows = (await session.execute(select(BusinessEntity).where(BusinessEntity.id.in_(set(ids))))).scalars()
    return {entity.id: entity for entity in rows}
