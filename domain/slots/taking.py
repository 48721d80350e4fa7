"""Taking a place: the days locked, the slot judged anew on what they hold then, the witness written with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Integer

from domain.events.record import record
from domain.planning.arrival import moment
from domain.planning.evaluate import evaluate
from domain.slots.asking import Facts, facts_in
from domain.slots.board import DayBoard, Step, Stop, block_number, times
from domain.slots.cache import Boards
from domain.slots.errors import SlotFull
from domain.slots.models import SlotHold
from domain.slots.offers import candidate
from domain.slots.reassigning import BOOKING, placed, reassigned
from domain.teams.planning_days import lock
from domain.visits.events import VisitReassigned
from domain.visits.models import DayBlock, Visit
from tenants.acting import acting_as
from tenants.actor import SYSTEM


@dataclass(frozen=True, slots=True)
class Place:
    """Where a visit goes: the witness of a promise."""

    team_id: UUID
    starts_at: datetime
    ends_at: datetime
    route_order: int


@dataclass(frozen=True, slots=True)
class Found:
    """A place that exists on the locked day, and the team-days that change for it."""

    board: DayBoard
    visit_id: UUID
    stops: Mapping[int, Sequence[Stop]]


async def locked(session: AsyncSession, visit_id: UUID, day: date | None) -> tuple[Visit, Facts]:
    """The visit for change with all days that it touches, in their order; `day`: one more, which facts are about."""
    hold = select(SlotHold.day).where(SlotHold.visit_id == visit_id)
    touched = select(Visit.day).where(Visit.id == visit_id).union_all(hold)
    held = {each for each in await session.scalars(touched)} | {day}
    await lock(session, held)
    for_change = select(Visit).where(Visit.id == visit_id).with_for_update()
    visit = (await session.scalars(for_change.execution_options(populate_existing=True))).one()
    about = day or visit.day or date.min
    facts = await facts_in(session, visit_id, about, about)
    # Between the first look and the lock somebody else has moved it; a lock out of order ends in a retry at worst.
    await lock(session, {visit.day, facts.hold.day if facts.hold else None} - held)
    return visit, facts


async def find(session: AsyncSession, memory: Boards, facts: Facts, day: date, block: DayBlock) -> Found:
    """A place on a locked day; the visit's own counts as free. Raises: SlotFull"""
    if facts.job is None:
        raise SlotFull()
    [board] = await memory.within(session, facts.versions, facts.now)
    board = board.without(facts.id)
    steps = _steps(board, facts, block)
    if not steps:
        raise SlotFull()
    visit = Stop(facts.id, board.places.number(facts.job.point), facts.job.minutes, block, facts.job.skills)
    return Found(board, facts.id, placed(board, visit, steps))


def _steps(board: DayBoard, facts: Facts, block: DayBlock) -> tuple[Step, ...]:
    """The team that holds it, else the one with the least driving, else another assignment of the day."""
    assert facts.job is not None
    job, at = candidate(facts.job, board.teams, board.places), block_number(block)
    said = evaluate(board.calendar, job)
    free = [int(number) for number in np.flatnonzero(said.blocked[at] == 0)]
    if free:
        held = _held_by(board, facts, block)
        best = min(free, key=lambda number: (number != held, int(said.drive[at, number]), number))
        return (Step(best, int(said.position[at, best])),)
    rows = slice(0, len(board.lacking.stop))
    return reassigned(board, at, evaluate(board.lacking.calendar, job), rows, BOOKING)


def _held_by(board: DayBoard, facts: Facts, block: DayBlock) -> int | None:
    hold = facts.hold
    if hold is None or (hold.day, hold.block) != (board.day, block):
        return None
    team = board.teams.number.get(hold.team_id)
    return next((number for number, day in enumerate(board.team_days) if day.team == team), None)


async def write(session: AsyncSession, found: Found) -> Place:
    """Teams, order and times of all other stops of the changed team-days; where the visit itself goes is returned."""
    rows, place = [], None
    for number, stops in found.stops.items():
        for row in _rows(found.board, number, stops):
            if row["id"] == found.visit_id:
                place = Place(row["team_id"], row["starts_at"], row["ends_at"], row["route_order"])
            else:
                rows.append(row)
    assert place is not None
    await _write_visits(session, found, [row for row in rows if not row["held"]])
    await _write_holds(session, [row for row in rows if row["held"]])
    return place


def _rows(board: DayBoard, number: int, stops: Sequence[Stop]) -> list[dict[str, Any]]:
    """Held places come after the visits in numbers: a route is of visits, in the order of their times."""
    team_id, found, order = board.teams.ids[board.team_days[number].team], [], 0
    for stop, (_, starts, ends) in zip(stops, times(board, number, stops), strict=True):
        starts_at, ends_at = moment(board.day, starts), moment(board.day, ends)
        found.append({"id": stop.visit_id, "held": stop.held, "team_id": team_id, "route_order": order,
                      "starts_at": starts_at, "ends_at": ends_at})  # fmt: skip
        order += not stop.held
    return found


_SET = """
FROM unnest(:ids, :teams, :orders, :starts, :ends) AS t (id, team_id, route_order, starts_at, ends_at)"""
_PARAMETERS = (
    bindparam("ids", type_=ARRAY(PgUUID(as_uuid=True))),
    bindparam("teams", type_=ARRAY(PgUUID(as_uuid=True))),
    bindparam("orders", type_=ARRAY(Integer)),
    bindparam("starts", type_=ARRAY(TIMESTAMP(timezone=True))),
    bindparam("ends", type_=ARRAY(TIMESTAMP(timezone=True))),
)
_VISITS = text(
    "UPDATE visit v SET team_id = t.team_id, route_order = t.route_order, starts_at = t.starts_at, "  # noqa: S608  # constants
    f"ends_at = t.ends_at, updated_at = now() {_SET} WHERE v.id = t.id AND (v.team_id, v.route_order, v.starts_at, "
    "v.ends_at) IS DISTINCT FROM (t.team_id, t.route_order, t.starts_at, t.ends_at)"
).bindparams(*_PARAMETERS)
_HOLDS = text(
    f"UPDATE slot_hold h SET team_id = t.team_id, starts_at = t.starts_at, ends_at = t.ends_at {_SET} "  # noqa: S608  # constants
    "WHERE h.visit_id = t.id AND t.route_order IS NOT NULL"
).bindparams(*_PARAMETERS)


async def _write_visits(session: AsyncSession, found: Found, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    before = _former_teams(found)
    await session.execute(_VISITS, _columns(rows))
    moved = [row["id"] for row in rows if before[row["id"]] != row["team_id"]]
    if moved:
        query = select(Visit).where(Visit.id.in_(moved)).order_by(Visit.id)
        for visit in await session.scalars(query.execution_options(populate_existing=True)):
            await _tell_of_team(session, visit, before[visit.id])


def _former_teams(found: Found) -> dict[UUID, UUID]:
    board = found.board
    return {
        stop.visit_id: board.teams.ids[day.team]
        for day, stops in zip(board.team_days, board.stops, strict=True)
        for stop in stops
        if not stop.held
    }


async def _tell_of_team(session: AsyncSession, visit: Visit, before: UUID) -> None:
    """By nobody in particular: whose booking it was is none of the other's business."""
    day, block = str(visit.day), str(visit.block)
    async with acting_as(session, SYSTEM):
        await record(
            session,
            VisitReassigned(visit.order_id, visit.position, visit.kind, day, block, visit.team_id),
            entity_id=visit.entity_id,
            subject_id=visit.id,
            team_ids=[before, *([visit.team_id] if visit.team_id else [])],
        )


async def _write_holds(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.execute(_HOLDS, _columns(rows))


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    names = {"ids": "id", "teams": "team_id", "orders": "route_order", "starts": "starts_at", "ends": "ends_at"}
    return {name: [row[key] for row in rows] for name, key in names.items()}
