"""Fixing the team and the day of a visit, which no plan changes then."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days.errors import NotMovable, NotPlanned
from domain.days.events import VisitPinned, VisitUnpinned
from domain.rows import find
from domain.teams import planning_days
from domain.visits import telling
from domain.visits.models import Visit, VisitStatus


async def pin(session: AsyncSession, visit_id: UUID, *, pinned: bool) -> Visit:
    """Pin or unpin a planned visit; a session of the planner's. Doing it twice changes nothing."""
    day = (await session.execute(select(Visit.day).where(Visit.id == visit_id))).scalar_one_or_none()
    await planning_days.lock(session, [day])
    visit = await find(session, Visit, visit_id, lock=True)
    if visit.pinned == pinned:
        return visit
    if pinned and (visit.team_id is None or visit.day is None):
        raise NotPlanned(field=("id",))
    if visit.status not in (VisitStatus.REQUIRED, VisitStatus.PLANNED):
        raise NotMovable(status=visit.status, field=("id",))
    visit.pinned = pinned
    happened = (VisitPinned if pinned else VisitUnpinned)(visit.order_id, visit.position, visit.kind)
    await telling.tell(session, visit, happened)
    return visit
