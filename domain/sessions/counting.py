"""The energy of a session: its own meter readings, and what was read at its connector meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger, Connector
from domain.sessions.folding import Facts
from domain.sessions.measuring import Measured, Point, Span, intervals, measure
from domain.sessions.models import ChargingSession
from domain.tariffs.usage import Interval
from domain.telemetry.models import TelemetryReading

BEFORE = timedelta(days=1)
"""A register stands still between sessions: so old a reading still says where it was at the start."""
_NEAR = timedelta(minutes=15)
_DAY, _MOMENT = timedelta(days=1), timedelta(milliseconds=1)
_BESIDE = timedelta(days=100)
"""No session is longer: what began before is not looked at."""


@dataclass(frozen=True, slots=True)
class Counted:
    """`intervals` are what is billed; `missing`: nothing was read near its start or its end."""

    measured: Measured
    intervals: tuple[Interval, ...]
    first_wh: int | None
    last: Point | None
    missing: bool


async def count(session: AsyncSession, row: ChargingSession, facts: Facts) -> Counted:
    """What was charged from the row's `started_at` to its `ended_at`, or to the newest reading while it is open."""
    read = await _read(session, row, row.started_at, row.ended_at)
    first = await _first(session, row, facts, read)
    last = _last(row, facts, read) or first
    if first is None or last is None:
        return Counted(
            Measured(), intervals(_idle(row), facts.pauses_until(row.ended_at)), None, None, row.ended_at is not None
        )
    between = [each for each in read if first.at < each.at < last.at]
    most = await most_power(session, row)
    measured = measure([first, *between, last], _in_a_day(most, first, last) if _is_timeless(facts, between) else most)
    spans = ([Span(row.started_at, first.at, 0)] if row.started_at < first.at else []) + [*measured.spans]
    missing = row.ended_at is not None and not (_starts(facts, row, read) and _ends(facts, row, read))
    return Counted(measured, intervals(spans, facts.pauses_until(row.ended_at)), first.wh, last, missing)


async def _read(session: AsyncSession, row: ChargingSession, since: datetime, until: datetime | None) -> list[Point]:
    """The register at the session's connector by time; of several readings of one moment the highest.

    Where clocks were wrong sessions seem to overlap: what the charger names after another is of that one.
    """
    reading = TelemetryReading
    wanted = (
        select(reading.read_at, func.max(reading.energy_wh))
        .where(reading.charger_id == row.charger_id, reading.connector == row.connector)
        .where(reading.read_at >= since, reading.energy_wh.is_not(None))
        .where(or_(reading.transaction_id.is_(None), reading.transaction_id.not_in(_others(row))))
        .group_by(reading.read_at)
        .order_by(reading.read_at)
    )
    if until is not None:
        wanted = wanted.where(reading.read_at <= until)
    return [Point(at, wh) for at, wh in await session.execute(wanted) if wh is not None]


def _others(row: ChargingSession) -> Select[str]:
    """Transactions of other sessions at the connector that lie beside this one."""
    s = ChargingSession
    beside = [s.charger_id == row.charger_id, s.connector == row.connector, s.id != row.id]
    beside.append(s.started_at >= row.started_at - _BESIDE)
    beside.append(or_(s.ended_at.is_(None), s.ended_at >= row.started_at))
    if row.ended_at is not None:
        beside.append(s.started_at <= row.ended_at)
    return select(func.coalesce(s.transaction_id, "")).where(*beside)


async def _first(session: AsyncSession, row: ChargingSession, facts: Facts, read: Sequence[Point]) -> Point | None:
    """Where the register stood at the start: reported, read then or before, else read first."""
    if facts.meter_start_wh is not None:
        return Point(row.started_at, facts.meter_start_wh)
    if read and read[0].at == row.started_at:
        return read[0]
    reading = TelemetryReading
    before = (
        select(reading.energy_wh)
        .where(reading.charger_id == row.charger_id, reading.connector == row.connector)
        .where(reading.read_at < row.started_at, reading.read_at >= row.started_at - BEFORE)
        .where(reading.energy_wh.is_not(None))
        .order_by(reading.read_at.desc(), reading.sequence.desc())
        .limit(1)
    )
    stood: int | None = (await session.execute(before)).scalar_one_or_none()
    return Point(row.started_at, stood) if stood is not None else next(iter(read), None)


def _last(row: ChargingSession, facts: Facts, read: Sequence[Point]) -> Point | None:
    if row.ended_at is None:
        return read[-1] if read else None
    if facts.meter_end_wh is not None and row.ended_at == facts.ended_at:
        return Point(row.ended_at, facts.meter_end_wh)
    stood = read[-1].wh if read else facts.meter_start_wh
    return Point(row.ended_at, stood) if stood is not None else None


def _is_timeless(facts: Facts, between: Sequence[Point]) -> bool:
    """Whether both ends were told later by a charger without a clock: its register says how much, nothing how long."""
    return facts.corrected and not between and None not in (facts.meter_start_wh, facts.meter_end_wh)


def _in_a_day(most_w: int, first: Point, last: Point) -> int:
    """W that come to as much in the time between as the connector gives in a day."""
    return int(most_w * max(_DAY / max(last.at - first.at, _MOMENT), 1))


def _starts(facts: Facts, row: ChargingSession, read: Sequence[Point]) -> bool:
    return facts.meter_start_wh is not None or (bool(read) and read[0].at - row.started_at <= _NEAR)


def _ends(facts: Facts, row: ChargingSession, read: Sequence[Point]) -> bool:
    ended = row.ended_at
    return ended is None or facts.meter_end_wh is not None or (bool(read) and ended - read[-1].at <= _NEAR)


def _idle(row: ChargingSession) -> list[Span]:
    return [Span(row.started_at, row.ended_at, 0)] if row.ended_at else []


async def most_power(session: AsyncSession, row: ChargingSession) -> int:
    """W that the session's connector gives at most, by what is recorded of it."""
    wanted = (
        select(func.coalesce(Connector.max_power_w, Charger.max_power_w))
        .select_from(Charger)
        .outerjoin(Connector, (Connector.charger_id == Charger.id) & (Connector.number == row.connector))
        .where(Charger.id == row.charger_id)
    )
    return (await session.execute(wanted)).scalar_one()
