"""What becomes of partners' orders when something happens elsewhere: a number is mapped, an order is placed or ends."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.orders.models import Order
from domain.partner_orders import completing, events, exceptions, making
from domain.partner_orders.models import (
    ExceptionKind,
    ExceptionState,
    PartnerOrder,
    PartnerOrderException,
    PartnerOrderStatus,
)
from domain.partner_orders.problems import not_sellable

_MAPPED = "partner_sku.mapped"
_PLACED, _CANCELLED, _REOPENED = "order.received", "order.cancelled", "order.reopened"
EVENTS = frozenset({_MAPPED, _PLACED, _CANCELLED, _REOPENED})
_MOST = 1_000
"""Orders that one number holds up; the rest follows when the number is saved again."""


async def react(session: AsyncSession, event: Event) -> None:
    """A session of the system."""
    if event.type == _MAPPED:
        await _mapped(session, event)
    else:
        await _follow(session, event)


# --- a number stands for an article -------------------------------------------------------------------------------


async def _mapped(session: AsyncSession, event: Event) -> None:
    if event.payload["sku"] is None:
        return
    for id in await _waiting(session, event.entity_id, event.subject_id, event.payload["partner_sku"]):
        order = await session.get(PartnerOrder, id, with_for_update=True)
        if order and order.status != PartnerOrderStatus.CANCELLED and order.forgotten_at is None:
            await _go_on(session, order)


async def _go_on(session: AsyncSession, order: PartnerOrder) -> None:
    """An order whose lines are agreed keeps its item: a person adds what is missing."""
    if await completing.lines_fixed(session, order):
        return
    if refused := await completing.complete(session, order):
        await not_sellable(session, order, refused)


async def _waiting(session: AsyncSession, entity_id: UUID, organization_id: UUID, sku: str) -> Sequence[UUID]:
    """The orders that wait for a number, of the organization whose map it is in and of those below it."""
    query = (
        select(PartnerOrderException.partner_order_fk)
        .where(PartnerOrderException.entity_id == entity_id)
        .where(PartnerOrderException.kind == ExceptionKind.UNMAPPED_SKU)
        .where(PartnerOrderException.state == ExceptionState.OPEN)
        .where(PartnerOrderException.detail["partner_sku"].astext == sku)
        .where(PartnerOrderException.channel_organization_ids.contains([organization_id]))
        .where(PartnerOrderException.partner_order_fk.is_not(None))
        .distinct()
        .limit(_MOST)
    )
    return [id for id in (await session.execute(query)).scalars() if id is not None]


# --- what came of the quote ---------------------------------------------------------------------------------------


async def _follow(session: AsyncSession, event: Event) -> None:
    query = (
        select(PartnerOrder, Order)
        .join(Order, Order.quote_id == PartnerOrder.quote_id)
        .where(Order.id == event.subject_id, Order.sequence == 1)
        .with_for_update(of=PartnerOrder)
    )
    row = (await session.execute(query)).first()
    if row is None:
        return
    order, placed = row
    order.order_id = placed.id
    await _end(session, order, placed)


async def _end(session: AsyncSession, order: PartnerOrder, placed: Order) -> None:
    """A cancelled order is, whoever cancelled it; one that is reopened is not."""
    cancelled = placed.cancelled_at is not None
    before = order.status
    order.status = (PartnerOrderStatus.CANCELLED if cancelled else PartnerOrderStatus.RECEIVED).value
    order.cancelled_at = placed.cancelled_at
    order.cancel_reason = placed.cancel_reason
    await session.flush()
    if cancelled and before == PartnerOrderStatus.RECEIVED:
        made = await making.numbers(session, order)
        await events.tell(session, order, events.PartnerOrderWithdrawn(order.partner_order_id, made.order, made.quote))
        await exceptions.dismiss_all(session, order, f"{placed.number} is geannuleerd.")
    elif not cancelled and before == PartnerOrderStatus.CANCELLED:
        await events.tell(session, order, events.PartnerOrderRestored(order.partner_order_id, placed.number))
