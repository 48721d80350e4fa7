"""Orders follow their visits: scheduled when the next has a day, under way while one is made, over with the last."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders import service as orders
from domain.orders.models import Order, OrderStage
from domain.orders.stages import LIVE
from domain.rows import find
from domain.visits.models import Visit, VisitOutcome, VisitStatus

_S = OrderStage
_OVER = (VisitStatus.DONE, VisitStatus.CANCELLED)
_BY_WAY_OF = {
    (_S.PLANNING, _S.IN_PROGRESS): _S.SCHEDULED,
    (_S.PLANNING, _S.COMPLETED): _S.IN_PROGRESS,
    (_S.SCHEDULED, _S.COMPLETED): _S.IN_PROGRESS,
}
"""Stages that do not follow one another, and what lies between them."""


async def follow(session: AsyncSession, order_id: UUID) -> None:
    """Bring the order to where its visits have it; nothing happens to one that is held or over."""
    order = await find(session, Order, order_id, lock=True)
    if order.on_hold or order.stage not in LIVE:
        return
    at = func.coalesce(Visit.work_position, Visit.position)
    query = select(Visit.status, Visit.outcome).where(Visit.order_id == order_id)
    visits = (await session.execute(query.order_by(at, Visit.position))).all()
    wanted = stage_of(OrderStage(order.stage), visits)
    if wanted != order.stage:
        await _go(session, order, wanted)


def stage_of(stage: OrderStage, visits: Sequence[Any]) -> OrderStage:
    """Where an order is with its visits (status, outcome) in the order in which they are made."""
    ahead = [visit.status for visit in visits if visit.status not in _OVER]
    done = [visit.outcome for visit in visits if visit.status == VisitStatus.DONE]
    if VisitStatus.IN_PROGRESS in ahead:
        return _S.IN_PROGRESS
    if not ahead:
        return _S.COMPLETED if done and done[-1] == VisitOutcome.COMPLETED else stage
    if ahead[0] == VisitStatus.REQUIRED:
        return stage if stage is _S.RECEIVED and not done else _S.PLANNING
    return _S.SCHEDULED


async def _go(session: AsyncSession, order: Order, wanted: OrderStage) -> None:
    if between := _BY_WAY_OF.get((OrderStage(order.stage), wanted)):
        await _go(session, order, between)
    await orders.move(session, order.id, wanted)
