"""A session follows from what was reported of it and read at its connector: worked out anew whenever either changed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.sessions import hours, telling
from domain.sessions.counting import Counted, count
from domain.sessions.events import SessionEvent
from domain.sessions.folding import Facts, Said, fold
from domain.sessions.measuring import digest
from domain.sessions.models import ChargingSession, ClosedBy, ReportKind, SessionMark, SessionReport, SessionState
from domain.sessions.reports import ChargingState
from domain.tariffs.versions_in_force import version_for
from domain.telemetry.models import TelemetryReading

_M = SessionMark
_AFTER = timedelta(seconds=60)
"""A session is counted once more so long after its end: readings that were on their way are there."""
_DERIVED = {
    _M.OFFLINE_START,
    _M.NO_START,
    _M.METER_MISSING,
    _M.METER_RESTARTED,
    _M.CLOCK_CORRECTED,
    _M.ENERGY_ESTIMATED,
}
"""Marks that come and go with what is known; the others stay."""


async def settle(session: AsyncSession, row: ChargingSession, *, born: bool = False, counting: bool = False) -> Facts:
    """Bring a locked session up to date and tell what that changed.

    `born`: its row was made just now. `counting`: its readings are looked at also while it is open.
    """
    facts = await facts_of(session, row)
    was, started_before, ended_before = row.state, row.started_at, row.ended_at
    energy_before, known = row.energy_wh, (row.energy_wh, row.usage_digest, row.closed_by)
    _adopt(row, facts)
    if row.closed_by == ClosedBy.RULE and row.ended_at is not None:
        row.ended_at = max(row.ended_at, await last_of_transaction(session, row) or row.ended_at)
    if row.tariff_version_id is None or row.started_at != started_before:
        version = await version_for(session, row.charger_id, row.started_at)
        row.tariff_version_id = version.id if version else None
    if counting or row.state == SessionState.COMPLETED:
        await _recount(session, row, facts)
    row.marks = _marks(row, facts, row.marks)
    if row.state == SessionState.COMPLETED and (born or was != SessionState.COMPLETED):
        row.recount_at = datetime.now(UTC) + _AFTER
    await session.flush()
    happened = _between(row, was, born)
    if was == SessionState.COMPLETED and ended_before is not None and not born:
        changed = (row.energy_wh, row.usage_digest, row.closed_by) != known
        happened = [telling.energy_changed(row, energy_before, ended_before)] if changed else []
    await telling.tell(session, row, *happened)
    return facts


async def last_of_transaction(session: AsyncSession, row: ChargingSession) -> datetime | None:
    """The last reading that the charger named after a session's transaction."""
    r = TelemetryReading
    here = (r.charger_id == row.charger_id, r.connector == row.connector, r.read_at >= row.started_at)
    named = select(func.max(r.read_at)).where(*here, r.transaction_id == row.transaction_id)
    return (await session.execute(named)).scalar_one_or_none()


async def facts_of(session: AsyncSession, row: ChargingSession) -> Facts:
    """What all reports of a session say together; of one that has none: that it was asked for."""
    said = await _said(session, row.id)
    if not said:
        return Facts(row.started_at, row.heard_at, False, ended_at=row.ended_at)
    begun = any(each.kind is ReportKind.STARTED for each in said)
    return await _before_the_next(session, row, fold(said if begun else [*said, *await _unsaid(session, row)]))


async def _before_the_next(session: AsyncSession, row: ChargingSession, facts: Facts) -> Facts:
    """An end that is only known by when it was told lies before the next session at the connector."""
    if not facts.corrected or facts.ended_at is None:
        return facts
    s = ChargingSession
    here = [s.charger_id == row.charger_id, s.connector == row.connector, s.id != row.id]
    began = [s.state != SessionState.STARTING, ~s.marks.contains([_M.NEVER_STARTED.value])]
    following = select(func.min(s.started_at)).where(*here, *began, s.started_at > facts.started_at)
    return facts.until((await session.execute(following)).scalar_one_or_none())


async def _said(session: AsyncSession, session_id: UUID) -> list[Said]:
    r = SessionReport
    wanted = select(
        r.kind,
        r.at,
        r.sequence,
        r.meter_wh,
        r.id_token,
        r.charging_state,
        r.reason,
        r.offline,
        r.corrected,
        r.created_at,
        r.key,
    ).where(r.session_id == session_id)
    return [
        Said(ReportKind(kind), at, sequence, wh, token, ChargingState(state) if state else None, *rest)
        for kind, at, sequence, wh, token, state, *rest in await session.execute(wanted)
    ]


async def _unsaid(session: AsyncSession, row: ChargingSession) -> Sequence[Said]:
    """The first reading of a transaction whose start nobody reported, in place of that report."""
    if row.transaction_id is None:
        return ()
    first = select(func.min(TelemetryReading.read_at)).where(
        TelemetryReading.charger_id == row.charger_id,
        TelemetryReading.connector == row.connector,
        TelemetryReading.transaction_id == row.transaction_id,
    )
    at = (await session.execute(first)).scalar_one_or_none()
    return [Said(ReportKind.UPDATED, at, 0)] if at is not None else ()


def _adopt(row: ChargingSession, facts: Facts) -> None:
    """Take over what the reports say."""
    row.started_at = facts.started_at
    row.heard_at = max(row.heard_at, facts.heard_at)
    row.paused_at = None
    if facts.ended_at is not None:
        _end(row, facts)
    elif row.state != SessionState.COMPLETED:
        if row.meter_at is None and facts.meter_start_wh is not None:
            row.meter_start_wh = row.meter_wh = facts.meter_start_wh
            row.meter_at = facts.started_at
        row.state = SessionState.PAUSED if facts.suspended_since else SessionState.ACTIVE
        row.paused_at = facts.suspended_since
    if row.ended_at is not None and row.ended_at < row.started_at:
        row.ended_at = row.started_at
    row.paused_seconds = paused_seconds(facts, row.ended_at)


def paused_seconds(facts: Facts, ended_at: datetime | None) -> int:
    """Of pauses that are over."""
    return int(sum((end - begin).total_seconds() for begin, end in facts.pauses_until(ended_at)))


def _end(row: ChargingSession, facts: Facts) -> None:
    late = row.closed_by in (ClosedBy.RULE, ClosedBy.STAFF)
    row.ended_at, row.stop_reason = facts.ended_at, facts.reason
    row.state, row.closed_by = SessionState.COMPLETED, ClosedBy.CHARGER
    if late:
        row.marks = [*(m for m in row.marks if m != _M.NO_STOP), _M.LATE_STOP]


async def _recount(session: AsyncSession, row: ChargingSession, facts: Facts) -> None:
    counted = await count(session, row, facts)
    row.energy_wh, row.meter_start_wh, row.recount_at = counted.measured.wh, counted.first_wh, None
    if counted.last is not None:
        row.meter_wh, row.meter_at = counted.last.wh, counted.last.at
    row.marks = [*(m for m in row.marks if m not in _DERIVED), *_counted_marks(counted)]
    if row.state == SessionState.COMPLETED:
        row.power_w = 0
        await _keep_usage(session, row, counted)


async def _keep_usage(session: AsyncSession, row: ChargingSession, counted: Counted) -> None:
    now = digest(counted.intervals)
    if row.usage_digest != now:
        row.usage_digest = now
        await hours.keep(session, row, counted.intervals)


def _counted_marks(counted: Counted) -> list[str]:
    marks = {
        _M.METER_RESTARTED: counted.measured.restarted,
        _M.ENERGY_ESTIMATED: counted.measured.estimated,
        _M.METER_MISSING: counted.missing,
    }
    return [mark for mark, holds in marks.items() if holds]


def _marks(row: ChargingSession, facts: Facts, kept: Sequence[str]) -> list[str]:
    from_facts = {_M.OFFLINE_START: facts.offline, _M.NO_START: not facts.started, _M.CLOCK_CORRECTED: facts.corrected}
    stay = {mark for mark in kept if SessionMark(mark) not in from_facts}
    return sorted(stay | {mark for mark, holds in from_facts.items() if holds})


def _between(row: ChargingSession, was: str, born: bool) -> list[SessionEvent]:
    """What happened to a session that was open, in order."""
    happened = [telling.started(row)] if born or was == SessionState.STARTING else []
    if was == SessionState.PAUSED and row.state != SessionState.PAUSED:
        happened.append(telling.resumed(row)) if row.state == SessionState.ACTIVE else None
    if was != SessionState.PAUSED and row.state == SessionState.PAUSED:
        happened.append(telling.paused(row))
    if row.state == SessionState.COMPLETED:
        happened.append(telling.completed(row))
    return happened


async def close(
    session: AsyncSession,
    row: ChargingSession,
    ended_at: datetime,
    rule: str,
    *marks: SessionMark,
    by: ClosedBy = ClosedBy.RULE,
) -> None:
    """End a locked session that the charger does not end; what it reports later counts, see `_end`."""
    facts = await facts_of(session, row)
    row.state, row.closed_by, row.stop_reason = SessionState.COMPLETED, by, rule
    row.ended_at, row.paused_at = max(ended_at, row.started_at), None
    row.paused_seconds = paused_seconds(facts, row.ended_at)
    await _recount(session, row, facts)
    row.marks = _marks(row, facts, sorted({*row.marks, *marks}))
    row.recount_at = datetime.now(UTC) + _AFTER
    await session.flush()
    await telling.tell(session, row, telling.closed_by_rule(row))
