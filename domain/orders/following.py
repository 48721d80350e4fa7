"""Orders follow the plan of their visits: scheduled once every visit ahead has its day, in planning before that."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.orders import service
from domain.orders.models import Order, OrderStage
from domain.orders.stages import BEFORE_WORK
from domain.visits.models import Visit, VisitStatus

EVENTS = frozenset(
    {
        "visit.planned",
        "visit.booked",
        "visit.confirmed",
        "visit.moved",
        "visit.unplanned",
        "visit.cancelled",
        "order.resumed",
    }
)
"""After these an order may be elsewhere."""
_WORKING = (VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS)
_OVER = (VisitStatus.DONE, VisitStatus.CANCELLED)


async def react(session: AsyncSession, event: Event) -> None:
    """Bring the order of an event to where its visits are. A session of the system."""
    order_id = UUID(event.payload["order_id"]) if event.subject_type == "Visit" else event.subject_id
    order = await session.get(Order, order_id, with_for_update=True)
    if order is None or order.on_hold or order.stage not in BEFORE_WORK:
        return
    stage = await _planned(session, order)
    if stage is not None and stage != order.stage:
        await service.move(session, order.id, stage)


async def _planned(session: AsyncSession, order: Order) -> OrderStage | None:
    """Where the plan has the order; None where it says nothing of it: no visit ahead, or one being made."""
    visits = (await session.execute(select(Visit.status, Visit.day).where(Visit.order_id == order.id))).all()
    ahead = [visit for visit in visits if visit.status not in _OVER]
    if not ahead or any(visit.status in _WORKING for visit in ahead):
        return None
    if all(visit.day is not None for visit in ahead):
        return OrderStage.SCHEDULED
    begun = order.stage == OrderStage.SCHEDULED or any(visit.day is not None for visit in ahead)
    return OrderStage.PLANNING if begun else None
