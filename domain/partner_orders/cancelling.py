"""A partner takes its order back, under its own number: as an order by what was agreed, before that as it likes."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders import service as orders
from domain.partner_orders import events, exceptions, making
from domain.partner_orders.errors import PartnerOrderCancelled
from domain.partner_orders.models import PartnerOrder, PartnerOrderStatus
from domain.quotes import service as quotes
from domain.quotes.models import Quote, QuoteStatus
from domain.rows import find
from domain.validation import text
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.auth import clock

LONGEST_REASON = 1_000
_WITHDRAWN = (QuoteStatus.DRAFT, QuoteStatus.SENT, QuoteStatus.PARTIALLY_SIGNED)


async def cancel(session: AsyncSession, by: Actor, id: UUID, reason: str) -> PartnerOrder:
    """Call off what came of an order. `session` is the platform's; the order is cancelled as the actor.

    Raises: NotFound, PartnerOrderCancelled, and what `domain.orders.service.cancel` does: begun work, agreed terms.
    """
    why = text(reason, "reason", maximum=LONGEST_REASON)
    async with acting_as(session, by):
        await find(session, PartnerOrder, id)
    order = await find(session, PartnerOrder, id, lock=True)
    if order.status == PartnerOrderStatus.CANCELLED:
        raise PartnerOrderCancelled(partner_order_id=order.partner_order_id, field=("id",))
    made = await making.numbers(session, order)
    await _call_off(session, by, order, why)
    order.status, order.cancelled_at, order.cancel_reason = PartnerOrderStatus.CANCELLED.value, clock.now(), why
    await session.flush()
    await exceptions.dismiss_all(session, order, why)
    payload = events.PartnerOrderWithdrawn(order.partner_order_id, made.order, made.quote)
    await events.tell(session, order, payload)
    return order


async def _call_off(session: AsyncSession, by: Actor, order: PartnerOrder, why: str) -> None:
    if order.quote_id is None:
        return
    if order_id := await making.order_of(session, order):
        async with acting_as(session, by):
            await orders.cancel(session, order_id, why)
    elif (await find(session, Quote, order.quote_id)).status in _WITHDRAWN:
        await quotes.withdraw(session, order.quote_id, why)
