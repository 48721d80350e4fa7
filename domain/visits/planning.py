"""What planners know of a visit that no customer said: when its material is there, and how much it matters."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import NotFound
from domain.events.record import changes_of, record
from domain.rows import find
from domain.teams import planning_days
from domain.teams.details import calendar_day
from domain.teams.errors import NotPlannable
from domain.visits.events import VisitMaterialSet, VisitPrioritized
from domain.visits.models import Visit, VisitStatus

PLANNABLE = (VisitStatus.REQUIRED, VisitStatus.PLANNED)
HIGHEST_PRIORITY = 9


async def hold(session: AsyncSession, id: UUID) -> Visit:
    """The visit, locked for change after its day; NOT_PLANNABLE once it has begun or is off."""
    held = None
    while (day := await _day_of(session, id)) != held:
        # Whoever moves it holds the day that it leaves: once that is ours, it stays there.
        await planning_days.lock(session, [day])
        held = day
    visit = await find(session, Visit, id, lock=True)
    if visit.status not in PLANNABLE:
        raise NotPlannable(field=("id",))
    return visit


async def _day_of(session: AsyncSession, id: UUID) -> date | None:
    found = (await session.execute(select(Visit.day).where(Visit.id == id))).one_or_none()
    if found is None:
        raise NotFound(field=("id",))
    day: date | None = found.day
    return day


async def set_material_date(session: AsyncSession, id: UUID, day: date | None) -> Visit:
    """The first day on which its material is there; None: it is there. A promise made before stays what it is."""
    if day is not None:
        calendar_day(day, "day")
    visit = await hold(session, id)
    visit.material_on = day
    await _tell(
        session, visit, VisitMaterialSet(visit.order_id, visit.position, visit.kind, day.isoformat() if day else None)
    )
    return visit


async def set_priority(session: AsyncSession, id: UUID, priority: int) -> Visit:
    """0 (ordinary) to 9."""
    validation.integer(priority, 0, HIGHEST_PRIORITY, "priority")
    visit = await hold(session, id)
    visit.priority = priority
    await _tell(session, visit, VisitPrioritized(visit.order_id, visit.position, visit.kind, priority))
    return visit


async def _tell(session: AsyncSession, visit: Visit, payload: VisitMaterialSet | VisitPrioritized) -> None:
    if changes := changes_of(visit):
        await record(session, payload, entity_id=visit.entity_id, subject_id=visit.id, changes=changes)
