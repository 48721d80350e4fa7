"""Completing an order at once, by way of the stages between."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.models import Order, OrderStage
from domain.orders.service import move
from domain.rows import find

_S = OrderStage
_WAY = {
    _S.PLANNING: (_S.SCHEDULED, _S.IN_PROGRESS, _S.COMPLETED),
    _S.SCHEDULED: (_S.IN_PROGRESS, _S.COMPLETED),
    _S.COMPLETED: (),
}


async def complete(session: AsyncSession, order_id: UUID) -> Order:
    """The work is done; nothing changes where it was before. Raises: NotFound, OrderOnHold, InvalidState. For staff."""
    order = await find(session, Order, order_id, lock=True)
    for stage in _WAY.get(OrderStage(order.stage), (_S.COMPLETED,)):
        order = await move(session, order.id, stage)
    return order
