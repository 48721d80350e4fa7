"""Orders follow their visits: under way with the first that begins, over with the last that is completed."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders import service as orders
from domain.orders.models import Order, OrderStage
from domain.rows import find
from domain.visits.models import Visit, VisitOutcome, VisitStatus

_S = OrderStage
_TO_WORK = {
    _S.RECEIVED: (_S.IN_PROGRESS,),
    _S.PLANNING: (_S.SCHEDULED, _S.IN_PROGRESS),
    _S.SCHEDULED: (_S.IN_PROGRESS,),
}
_OVER = (VisitStatus.DONE, VisitStatus.CANCELLED)


async def begun(session: AsyncSession, order_id: UUID) -> None:
    """A team is at work for the order."""
    order = await find(session, Order, order_id, lock=True)
    if not order.on_hold:
        await _go(session, order, _TO_WORK.get(OrderStage(order.stage), ()))


async def ended(session: AsyncSession, order_id: UUID) -> None:
    """A visit of the order is over."""
    order = await find(session, Order, order_id, lock=True)
    if order.on_hold or order.stage in (_S.COMPLETED, _S.CANCELLED):
        return
    if (stage := await _after(session, order_id)) is None:
        return
    await _go(session, order, _TO_WORK.get(OrderStage(order.stage), ()))
    await _go(session, order, (stage,))


async def _go(session: AsyncSession, order: Order, stages: tuple[OrderStage, ...]) -> None:
    for stage in stages:
        await orders.move(session, order.id, stage)


async def _after(session: AsyncSession, order_id: UUID) -> OrderStage | None:
    """Where the order is with its visits as they are; None: where it was."""
    query = select(Visit.status, Visit.outcome).where(Visit.order_id == order_id).order_by(Visit.position)
    visits = (await session.execute(query)).all()
    ahead = [visit.status for visit in visits if visit.status not in _OVER]
    if not ahead:
        done = [visit.outcome for visit in visits if visit.status == VisitStatus.DONE]
        return _S.COMPLETED if done and done[-1] == VisitOutcome.COMPLETED else None
    if any(status in (VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS) for status in ahead):
        return None
    return _S.PLANNING if VisitStatus.REQUIRED in ahead else _S.SCHEDULED
