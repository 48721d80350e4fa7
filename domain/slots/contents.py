"""Days read from the database: who works, which visits are planned, which places are held. As the system actor."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import DateTime, Select, Text, false, func, literal, null, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from domain.geo.location import Point
from domain.planning.arrival import minutes_of
from domain.planning.evaluate import evaluate
from domain.planning.world import Rules, TeamDay
from domain.slots.board import DayBoard, Stop, Teams, block_number
from domain.slots.models import SlotHold
from domain.slots.places import Places
from domain.teams.calendar import Calendar, calendar
from domain.visits.models import DayBlock, Visit, VisitStatus

OCCUPYING = (VisitStatus.PLANNED, VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS, VisitStatus.DONE)


@dataclass(frozen=True, slots=True)
class Ground:
    """What boards that are read together share."""

    rules: Rules
    teams: Teams
    places: Places


async def boards(
    session: AsyncSession, ground: Ground, days: Collection[date], versions: Mapping[date, int]
) -> list[DayBoard]:
    """The days as they are now. `versions` have to be read before: a board may be newer than it says, never older."""
    if not days:
        return []
    first, last = min(days), max(days)
    working = await calendar(session, first, (last - first).days + 1)
    held = await _held(session, days)
    return [_board(ground, day, versions.get(day, 0), working, held[day]) for day in sorted(days)]


async def _held(session: AsyncSession, days: Collection[date]) -> defaultdict[date, list[Any]]:
    found: defaultdict[date, list[Any]] = defaultdict(list)
    for row in await session.execute(_statement(days)):
        found[row.day].append(row)
    return found


def _statement(days: Collection[date]) -> Any:
    """Visits of teams, and living holds; the order of a team's day is made in Python."""
    wanted = sorted(days)
    job = (Visit.id, Visit.minutes, Visit.skills, Visit.latitude, Visit.longitude)
    planned: Select[*tuple[Any, ...]] = select(
        *job, Visit.team_id, Visit.day, Visit.block, Visit.starts_at, Visit.ends_at, Visit.route_order,
        _movable().label("movable"), false().label("held"), null().cast(DateTime(timezone=True)).label("expires_at"),
        Visit.promised_at.is_not(None).label("promised"),
    ).where(Visit.day.in_(wanted), Visit.status.in_(OCCUPYING))  # fmt: skip
    hold = SlotHold
    held: Select[*tuple[Any, ...]] = select(
        *job, hold.team_id, hold.day, hold.block.cast(Text), hold.starts_at, hold.ends_at, literal(None),
        true(), true(), hold.expires_at, true(),
    ).join(Visit, Visit.id == hold.visit_id).where(
        hold.day.in_(wanted), hold.expires_at > func.clock_timestamp()
    )  # fmt: skip
    return union_all(planned, held)


def _movable() -> Any:
    return (Visit.status == VisitStatus.PLANNED) & ~Visit.pinned & Visit.dispatched_at.is_(None)


def _board(ground: Ground, day: date, version: int, working: Calendar, rows: Iterable[Any]) -> DayBoard:
    place = (day - working.days[0]).days
    teams = {
        each.team: ground.teams.known(team.id, team.name, team.skills)
        for each in working.team_days
        if each.day == place and (team := working.teams[each.team])
    }
    by_team: defaultdict[UUID, list[Any]] = defaultdict(list)
    expiring: list[datetime] = []
    for row in rows:
        by_team[row.team_id].append(row)
        expiring += [row.expires_at] if row.expires_at else []
    team_days = tuple(_team_days(ground, day, working, place, teams))
    stops = tuple(_stops(ground, day, each, by_team.pop(ground.teams.ids[each.team], [])) for each in team_days)
    board = DayBoard(day, version, min(expiring, default=None), ground.rules, ground.teams, ground.places, team_days,
                     stops)  # fmt: skip
    return _seated(board, [row for left in by_team.values() for row in left if row.promised and row.movable])


def _seated(board: DayBoard, rows: Iterable[Any]) -> DayBoard:
    """With room for promises that have no team at the moment, or one that does not work: they come before others."""
    for row in sorted(rows, key=lambda row: row.id):
        point = located(row.latitude, row.longitude)
        if point is None or row.block is None:
            continue
        block = DayBlock(row.block)
        place = board.places.number(point)
        stop = Stop(row.id, place, row.minutes, block, frozenset(row.skills), held=True)
        said, at = evaluate(board.calendar, board.candidate(stop)), block_number(block)
        free = [int(number) for number in np.flatnonzero(said.blocked[at] == 0)]
        if free:
            best = min(free, key=lambda number: (int(said.drive[at, number]), number))
            board = board.changed(_with(board, best, int(said.position[at, best]), stop))
    return board


def _with(board: DayBoard, number: int, position: int, stop: Stop) -> tuple[tuple[Stop, ...], ...]:
    stops = list(board.stops[number])
    stops.insert(position, stop)
    return (*board.stops[:number], tuple(stops), *board.stops[number + 1 :])


def _team_days(ground: Ground, day: date, working: Calendar, place: int, teams: Mapping[int, int]) -> Iterable[TeamDay]:
    for each in working.team_days:
        if each.day == place:
            base = ground.places.number(working.teams[each.team].base)
            limits = (each.max_jobs, each.max_minutes)
            yield TeamDay(teams[each.team], day.toordinal(), each.start, each.end, base, base, *limits)


def _stops(ground: Ground, day: date, team_day: TeamDay, rows: Sequence[Any]) -> tuple[Stop, ...]:
    return tuple(_stop(ground, day, team_day, row) for row in sorted(rows, key=_in_the_day))


def _in_the_day(row: Any) -> tuple[object, ...]:
    begins = row.starts_at.timestamp() if row.starts_at else 0.0
    return (row.block != DayBlock.MORNING, begins, row.route_order or 0, row.id)


def _stop(ground: Ground, day: date, team_day: TeamDay, row: Any) -> Stop:
    """A visit that was planned without anybody knowing where it is takes its time at the team's base."""
    point = located(row.latitude, row.longitude)
    return Stop(
        visit_id=row.id,
        place=team_day.leaves_from if point is None else ground.places.number(point),
        minutes=row.minutes,
        block=DayBlock(row.block) if row.block else DayBlock.MORNING,
        skills=frozenset(row.skills),
        starts=minutes_of(day, row.starts_at) if row.starts_at else None,
        ends=minutes_of(day, row.ends_at) if row.ends_at else None,
        movable=row.movable,
        held=row.held,
    )


def located(latitude: float | None, longitude: float | None) -> Point | None:
    """A place that can be driven to; None where it is unknown or abroad."""
    if latitude is None or longitude is None:
        return None
    point = Point(latitude, longitude)
    return point if point.in_netherlands else None
