"""Taking back the last move of a visit while its days are as the move left them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days import moves, snapshots
from domain.days.errors import DayChanged, NothingToUndo
from domain.days.models import VisitMove
from domain.rows import find
from domain.slots.models import SlotHold
from domain.teams import planning_days
from domain.visits.models import Visit


async def undo(session: AsyncSession, visit_id: UUID, now: datetime) -> Visit:
    """The visit, where it was; a session of the system. Raises: NothingToUndo, DayChanged."""
    last = (
        select(VisitMove)
        .where(VisitMove.visit_id == visit_id)
        .order_by(VisitMove.created_at.desc(), VisitMove.id.desc())
    )
    made = (await session.scalars(last.limit(1))).first()
    if made is None or made.undone_at is not None:
        raise NothingToUndo(field=("id",))
    days = [date.fromisoformat(day) for day in made.versions]
    await planning_days.lock(session, days)
    await session.refresh(made, with_for_update=True)
    if made.undone_at is not None:
        raise NothingToUndo(field=("id",))
    at = await planning_days.versions(session, days)
    if {day.isoformat(): version for day, version in at.items()} != made.versions:
        raise DayChanged(field=("id",))
    made.undone_at = now
    for former in made.former:
        await _put_back(session, former)
    return await find(session, Visit, visit_id)


async def _put_back(session: AsyncSession, former: snapshots.Snapshot) -> None:
    if former["of"] == SlotHold.__tablename__:
        hold = await session.get(SlotHold, UUID(former["id"]))
        if hold is not None:
            snapshots.put_back(hold, former)
        return
    visit = await find(session, Visit, UUID(former["id"]), lock=True)
    was = (visit.day, visit.block, visit.status, visit.team_id)
    snapshots.put_back(visit, former)
    if was != (visit.day, visit.block, visit.status, visit.team_id):
        await moves.tell(session, visit, was)
