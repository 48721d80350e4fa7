"""Giving a team its route: at first, and then what has changed of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days import windows
from domain.days.errors import DayIsOver, UnknownShift
from domain.days.events import TeamDispatched, VisitDispatched
from domain.days.loading import BEGUN, Drives, within
from domain.days.models import DispatchedStop
from domain.events.models import Event
from domain.events.record import record
from domain.notifications import recipients
from domain.notifications.service import About, notify
from domain.planning.arrival import AMSTERDAM
from domain.rows import find
from domain.teams import planning_days
from domain.visits import telling
from domain.visits.models import Visit

KIND = "visit.dispatched.technician"


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What the team was told anew."""

    changed: tuple[UUID, ...]
    withdrawn: tuple[UUID, ...]


async def dispatch(session: AsyncSession, drives: Drives | None, team_id: UUID, day: date, now: datetime) -> Dispatched:
    """Give the team what it does not know yet of its day; a session of the system. Raises: DomainError."""
    if day < now.astimezone(AMSTERDAM).date():
        raise DayIsOver(day=day.isoformat(), field=("day",))
    await planning_days.lock(session, [day])
    days = await within(session, drives, [team_id], day, day)
    if team_id not in days.team_ids or days.team_day(team_id, day) is None:
        raise UnknownShift(day=day.isoformat(), field=("day",))
    route = [days.row(job) for job in days.jobs_of(team_id, day) if not days.waiting[job].held]
    given = await _given(session, team_id, day, route)
    changed = [(order, visit) for order, visit in enumerate(route) if _differs(given.get(visit.id), order, visit)]
    gone = await _withdraw(session, given, day, {visit.id for visit in route}, now)
    for order, visit in changed:
        await _give(session, team_id, order, visit, now)
    await windows.tell(session, days, team_id, day, now)
    await _tell_team(session, team_id, day, [visit for _, visit in changed], route, gone)
    return Dispatched(tuple(visit.id for _, visit in changed), tuple(stop.visit_id for stop in gone))


async def _given(
    session: AsyncSession, team_id: UUID, day: date, route: Sequence[Visit]
) -> Mapping[UUID, DispatchedStop]:
    of_the_day = (DispatchedStop.day == day) | DispatchedStop.visit_id.in_([visit.id for visit in route])
    found = await session.scalars(select(DispatchedStop).where(DispatchedStop.team_id == team_id, of_the_day))
    return {stop.visit_id: stop for stop in found}


def _differs(stop: DispatchedStop | None, order: int, visit: Visit) -> bool:
    """Whether the team knows the visit otherwise; what has begun it knows best itself."""
    if visit.status in BEGUN:
        return False
    if stop is None or stop.withdrawn_at is not None:
        return True
    return (stop.day, stop.route_order, stop.starts_at) != (visit.day, order, visit.starts_at)


async def _withdraw(
    session: AsyncSession, given: Mapping[UUID, DispatchedStop], day: date, kept: set[UUID], now: datetime
) -> list[DispatchedStop]:
    gone = [s for s in given.values() if s.day == day and s.withdrawn_at is None and s.visit_id not in kept]
    for stop in gone:
        stop.withdrawn_at = now
    return gone


async def _give(session: AsyncSession, team_id: UUID, order: int, visit: Visit, now: datetime) -> None:
    known = {"day": visit.day, "route_order": order, "starts_at": visit.starts_at, "dispatched_at": now}
    known["withdrawn_at"] = None
    row = insert(DispatchedStop).values(team_id=team_id, visit_id=visit.id, **known)
    await session.execute(row.on_conflict_do_update(index_elements=["team_id", "visit_id"], set_=known))
    visit.dispatched_at = now
    assert visit.day is not None
    happened = VisitDispatched(visit.order_id, visit.position, visit.kind, visit.day.isoformat(), visit.block or "")
    await telling.tell(session, visit, happened)


async def _tell_team(
    session: AsyncSession,
    team_id: UUID,
    day: date,
    changed: Sequence[Visit],
    route: Sequence[Visit],
    gone: Sequence[DispatchedStop],
) -> None:
    """One event for the whole route; technicians are notified of it."""
    if not changed and not gone:
        return
    first = changed[0] if changed else await find(session, Visit, gone[0].visit_id)
    happened = TeamDispatched(day.isoformat(), len(route), len(changed) + len(gone), first.id)
    await record(session, happened, entity_id=first.entity_id, subject_id=team_id, team_ids=[team_id])


async def notify_team(session: AsyncSession, event: Event) -> None:
    """Tell the technicians of a dispatch, once; a session of the system."""
    about = About(event.entity_id, "Visit", UUID(event.payload["visit_id"]), key=f"event:{event.id}")
    said = {name: str(event.payload[name]) for name in ("day", "stops", "changes")}
    people = await recipients.technicians(session, [event.subject_id])
    await notify(session, KIND, people, about, {f"route.{name}": value for name, value in said.items()})
