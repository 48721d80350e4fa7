"""The windows in which customers expect the team, kept up with what happens on the day."""

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days.board import Seen, away, route_of
from domain.days.events import VisitArrivalChanged
from domain.days.loading import Days, within
from domain.planning.arrival import Window, moment, noticeable, window
from domain.planning.world import Stop
from domain.visits import telling
from domain.visits.models import DayBlock, Visit, VisitStatus

_AHEAD = (VisitStatus.PLANNED, VisitStatus.EN_ROUTE)


async def keep_up(
    session: AsyncSession, team_id: UUID, day: date, now: datetime, *, seen: Seen | None = None
) -> list[UUID]:
    """Tell new windows to those who were told one that no longer holds; a session of the system that holds the day."""
    if not await _anybody(session, team_id, day):
        return []
    return await tell(session, await within(session, None, [team_id], day, day), team_id, day, now, seen=seen)


async def tell(
    session: AsyncSession, days: Days, team_id: UUID, day: date, now: datetime, *, seen: Seen | None = None
) -> list[UUID]:
    """The visits of a team's day whose windows were set or have changed noticeably."""
    told = []
    for visit, wanted in expected_windows(days, team_id, day, now, seen):
        given = visit.dispatched_at is not None or visit.arrival_from is not None
        if given and noticeable(_told(visit), wanted):
            visit.arrival_from, visit.arrival_until = wanted
            said = (wanted[0].isoformat(), wanted[1].isoformat())
            happened = VisitArrivalChanged(visit.order_id, visit.position, visit.kind, *said)
            await telling.tell(session, visit, happened)
            told.append(visit.id)
    return told


async def _anybody(session: AsyncSession, team_id: UUID, day: date) -> bool:
    """Whether a customer of the day waits for a team with a window, or the team was given its route."""
    given = Visit.dispatched_at.is_not(None) | Visit.arrival_from.is_not(None)
    query = select(Visit.id).where(Visit.team_id == team_id, Visit.day == day, Visit.status.in_(_AHEAD), given)
    return (await session.execute(query.limit(1))).first() is not None


def expected_windows(
    days: Days, team_id: UUID, day: date, now: datetime, seen: Seen | None = None
) -> Iterator[tuple[Visit, Window]]:
    """Of the visits that are still to be begun."""
    if team_id not in days.team_ids:
        return
    shift = days.team_day(team_id, day) or away(days, team_id, day)
    for stop in route_of(days, shift, days.jobs_of(team_id, day), day, now, seen).stops:
        visit = days.row(stop.job)
        if visit.status in _AHEAD and not days.waiting[stop.job].held:
            yield visit, _window(days, stop, day, near=visit.status == VisitStatus.EN_ROUTE)


def _told(visit: Visit) -> Window | None:
    return (visit.arrival_from, visit.arrival_until) if visit.arrival_from and visit.arrival_until else None


def _window(days: Days, stop: Stop, day: date, *, near: bool) -> Window:
    """Within the block that was promised, as far as the team is expected in it."""
    starts, until = window(moment(day, stop.starts), near=near)
    promise = days.world.jobs[stop.job].promise
    if promise is None:
        return starts, until
    opens, closes = (moment(day, at) for at in days.world.rules.blocks[DayBlock(promise[1])])
    starts = max(starts, opens)
    return starts, min(until, closes) if moment(day, stop.starts) < closes and closes > starts else until
