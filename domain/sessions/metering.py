"""Sessions follow the readings: live while they are open, counted anew when readings come late or are corrected."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import record_all
from domain.rows import find
from domain.sessions import events, telling
from domain.sessions.counting import BEFORE, count
from domain.sessions.finding import lock
from domain.sessions.measuring import Point, risen
from domain.sessions.models import ChargingSession, ClosedBy, SessionMark, SessionState
from domain.sessions.settling import facts_of, settle
from domain.tariffs.usage import Usage
from domain.telemetry.readings import Reading
from domain.telemetry.store import Stored
from tenants.settings import settings

_UNKNOWN_POWER_W = 400_000
_QUARTER = 25
_S = ChargingSession


async def usage(session: AsyncSession, charging_session_id: UUID) -> Usage:
    """What a session used, in parts between its readings that add up to its `energy_wh`; nothing where none began.

    Cut where a pause begins or ends, and nowhere else: prices cut at the edges of their windows. Raises: NotFound.
    """
    row = await find(session, ChargingSession, charging_session_id)
    if SessionMark.NEVER_STARTED in row.marks or row.state == SessionState.STARTING:
        return Usage((), row.emergency)
    counted = await count(session, row, await facts_of(session, row))
    return Usage(counted.intervals, row.emergency)


async def recount(session: AsyncSession, charging_session_id: UUID) -> None:
    """Count a session anew from its reports and readings; a change of one that has ended is told. For the system."""
    seen = await find(session, ChargingSession, charging_session_id)
    await lock(session, seen.charger_id)
    row = await find(session, ChargingSession, charging_session_id, lock=True)
    if row.state == SessionState.STARTING or SessionMark.NEVER_STARTED in row.marks:
        row.recount_at = None
        return
    await settle(session, row, counting=True)


async def due(session: AsyncSession, most: int) -> Sequence[UUID]:
    """The sessions that are to be counted anew now, the oldest first."""
    wanted = select(_S.id).where(_S.recount_at <= func.now()).order_by(_S.recount_at).limit(most)
    return (await session.execute(wanted)).scalars().all()


# --- while readings come ----------------------------------------------------------------------------------------------


async def follow(session: AsyncSession, stored: Stored) -> None:
    """Bring sessions up to date with what was just stored, in its transaction: one statement where none is concerned.

    Open sessions get their newest values, at most every SESSION_LIVE_SECONDS, and their milestones. What is older than
    what a session knows, or was corrected, makes it be counted anew by a job.
    """
    readings = [*stored.inserted, *stored.corrected]
    concerned = await _concerned(session, readings) if readings else ()
    if not concerned:
        return
    by_place = _by_place(concerned, readings)
    corrected = {(each.charger_id, each.connector, each.read_at) for each in stored.corrected}
    moved, late = [], []
    for row in concerned:
        new = by_place[row.charger_id, row.connector]
        if row.state == SessionState.COMPLETED:
            late += [row.id] if _is_late(row, new) else []
        elif row.state != SessionState.STARTING and new:
            late += [row.id] if _came_late(row, new, corrected) else []
            moved += [live] if (live := _live(row, new, row.max_power_w)) else []
    await _count_later(session, late)
    await _write(session, moved)


_CONCERNED = text("""
SELECT s.id, s.charger_id, s.connector, s.state, s.started_at, s.ended_at, s.closed_by, s.transaction_id,
  s.meter_start_wh, s.meter_wh, s.meter_at, s.energy_wh, s.power_w, s.soc_percent, s.target_wh, s.milestone, s.heard_at,
  c.max_power_w
FROM charging_session s LEFT JOIN connector c ON c.charger_id = s.charger_id AND c.number = s.connector
WHERE s.charger_id = ANY (CAST(:ids AS uuid[])) AND s.state <> 'COMPLETED'
  OR s.charger_id = ANY (CAST(:ids AS uuid[])) AND s.ended_at >= CAST(:oldest AS timestamptz)
  OR s.charger_id = ANY (CAST(:ids AS uuid[])) AND s.transaction_id = ANY (CAST(:named AS text[]))
  AND s.closed_by = 'RULE'
ORDER BY s.id FOR UPDATE OF s""")
"""Arrays, and conditions that each have their index: this runs for every batch of readings."""


async def _concerned(session: AsyncSession, readings: Sequence[Reading]) -> Sequence[Any]:
    """Open sessions of the chargers, and ended ones that a reading may lie in; locked, so that none ends meanwhile."""
    wanted = {
        "ids": list({reading[0] for reading in readings}),
        "oldest": min(reading[2] for reading in readings),
        "named": list({reading.transaction_id for reading in readings if reading.transaction_id}),
    }
    return (await session.execute(_CONCERNED, wanted)).all()


def _by_place(concerned: Iterable[Any], readings: Iterable[Reading]) -> dict[tuple[UUID, int], list[Reading]]:
    found: dict[tuple[UUID, int], list[Reading]] = {(row.charger_id, row.connector): [] for row in concerned}
    for reading in readings:
        if (group := found.get(reading[:2])) is not None:
            group.append(reading)
    return found


def _is_late(row: Any, new: Iterable[Reading]) -> bool:
    """Whether a reading counts for a session that has ended, or is of a transaction that a rule has ended."""
    ruled = row.closed_by == ClosedBy.RULE
    return any(
        row.started_at - BEFORE <= each.read_at <= row.ended_at or (ruled and each.transaction_id == row.transaction_id)
        for each in new
    )


def _came_late(row: Any, new: Iterable[Reading], corrected: set[tuple[UUID, int, datetime]]) -> bool:
    known = row.meter_at or row.started_at
    return any(
        row.started_at <= each.read_at
        and (each.read_at < known or (each.charger_id, each.connector, each.read_at) in corrected)
        for each in new
    )


@dataclass(frozen=True, slots=True)
class _Live:
    """New values of an open session."""

    id: UUID
    meter_start_wh: int | None
    meter_wh: int | None
    meter_at: datetime | None
    energy_wh: int
    power_w: int | None
    soc_percent: int | None
    milestone: int | None
    heard_at: datetime
    reached: int | None


def _live(row: Any, new: Sequence[Reading], most_w: int | None) -> _Live | None:
    """None where nothing is newer, or it is too soon to say so."""
    newer = [each for each in new if each.read_at >= row.heard_at or row.meter_at is None]
    newer = sorted((each for each in newer if each.read_at >= row.started_at), key=_moment)
    if not newer:
        return None
    last = newer[-1]
    soc = next((each.soc_percent for each in reversed(newer) if each.soc_percent is not None), row.soc_percent)
    power = next((each.power_w for each in reversed(newer) if each.power_w is not None), row.power_w)
    start, meter, rose = _meter(row, newer, most_w)
    energy = row.energy_wh + rose
    milestone, reached = _milestone(row, soc, energy)
    soon = last.read_at - row.heard_at < timedelta(seconds=settings().session_live_seconds)
    known = row.meter_at is not None and (row.soc_percent is not None or soc is None)
    if soon and known and milestone == row.milestone:
        return None
    at, wh = (meter.at, meter.wh) if meter else (row.meter_at, row.meter_wh)
    return _Live(row.id, start, wh, at, energy, power, soc, milestone, max(last.read_at, row.heard_at), reached)


def _moment(reading: Reading) -> tuple[datetime, int]:
    return (reading.read_at, reading.sequence)


def _meter(row: Any, newer: Sequence[Reading], most_w: int | None) -> tuple[int | None, Point | None, int]:
    """The register at the start, as it is now, and how much it rose since it was read before."""
    read = [Point(each.read_at, each.energy_wh) for each in newer if each.energy_wh is not None]
    if not read:
        return row.meter_start_wh, None, 0
    first = Point(row.meter_at, row.meter_wh) if row.meter_at is not None else read[0]
    rose = risen(first, read[-1], most_w or _UNKNOWN_POWER_W) if read[-1].at >= first.at else None
    start = row.meter_start_wh if row.meter_start_wh is not None else first.wh
    return (start, read[-1], rose) if rose is not None else (start, None, 0)


def _milestone(row: Any, soc: int | None, energy_wh: int) -> tuple[int | None, int | None]:
    """The quarter that is reached, and the same where it is to be told: not the one at which it began."""
    if soc is not None:
        now = soc // _QUARTER * _QUARTER
    elif row.target_wh:
        now = min(100, energy_wh * 100 // row.target_wh) // _QUARTER * _QUARTER
    else:
        return row.milestone, None
    before = row.milestone or 0
    if soc is not None and row.soc_percent is None:
        return max(now, before), None
    return (now, now) if now > before else (before, None)


async def _count_later(session: AsyncSession, ids: Sequence[UUID]) -> None:
    if ids:
        await session.execute(
            text(
                "UPDATE charging_session SET recount_at = least(recount_at, now() + make_interval(secs => :seconds)) "
                "WHERE id = ANY (CAST(:ids AS uuid[]))"
            ),
            {"ids": list(ids), "seconds": settings().session_recount_seconds},
        )


_UPDATE = """
UPDATE charging_session s SET meter_start_wh = n.meter_start_wh, meter_wh = n.meter_wh, meter_at = n.meter_at,
  energy_wh = n.energy_wh, power_w = n.power_w, soc_percent = n.soc_percent, milestone = n.milestone,
  heard_at = n.heard_at, updated_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:starts AS bigint[]), CAST(:meters AS bigint[]),
  CAST(:read AS timestamptz[]), CAST(:energies AS bigint[]), CAST(:powers AS int[]), CAST(:socs AS smallint[]),
  CAST(:milestones AS smallint[]), CAST(:heard AS timestamptz[]))
  AS n (id, meter_start_wh, meter_wh, meter_at, energy_wh, power_w, soc_percent, milestone, heard_at)
WHERE s.id = n.id"""


async def _write(session: AsyncSession, moved: Sequence[_Live]) -> None:
    if not moved:
        return
    columns = {
        "ids": [each.id for each in moved],
        "starts": [each.meter_start_wh for each in moved],
        "meters": [each.meter_wh for each in moved],
        "read": [each.meter_at for each in moved],
        "energies": [each.energy_wh for each in moved],
        "powers": [each.power_w for each in moved],
        "socs": [each.soc_percent for each in moved],
        "milestones": [each.milestone for each in moved],
        "heard": [each.heard_at for each in moved],
    }
    await session.execute(text(_UPDATE), columns)
    await _tell(session, {each.id: each.reached for each in moved if each.reached})


async def _tell(session: AsyncSession, reached: dict[UUID, int]) -> None:
    if not reached:
        return
    wanted = select(_S).where(_S.id.in_(reached)).execution_options(populate_existing=True)
    rows = (await session.execute(wanted)).scalars().all()
    await record_all(
        session,
        [
            (
                events.SessionProgressed(row.number, row.charger_id, row.connector, reached[row.id], row.energy_wh),
                telling.about(row),
            )
            for row in rows
        ],
    )
