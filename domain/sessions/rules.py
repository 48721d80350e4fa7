"""Ending sessions that no charger ends: at the last sign of life, marked with why."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger, ChargerState, Connector, ConnectorStatus
from domain.rows import find
from domain.sessions import events, telling
from domain.sessions.finding import lock
from domain.sessions.models import ChargingSession, ClosedBy, SessionMark, SessionState
from domain.sessions.settling import close, facts_of
from domain.telemetry.models import TelemetryReading
from tenants.settings import settings

SUPERSEDED = "SUPERSEDED"
_S, _C, _P = ChargingSession, Charger, Connector
_IDLE_W = 200
_TELLING_MINUTES = 15
"""A charger that was away for days, or whose clock is behind, tells of a session's start, and later of its end."""
_CHARGES = (ConnectorStatus.CHARGING, ConnectorStatus.SUSPENDED_EV, ConnectorStatus.SUSPENDED_EVSE)


class Rule(StrEnum):
    """Why a rule ends a session."""

    NEVER_STARTED = "NEVER_STARTED"
    """Asked for, and the charger did not begin in SESSION_START_SECONDS."""
    CHARGER_RETIRED = "CHARGER_RETIRED"
    CONNECTOR_FREE = "CONNECTOR_FREE"
    """For SESSION_FREE_MINUTES the connector has been free: the stop got lost."""
    CHARGER_REBOOTED = "CHARGER_REBOOTED"
    """It started anew SESSION_REBOOT_MINUTES ago and does not go on with the session."""
    STOP_IGNORED = "STOP_IGNORED"
    """It was told to stop and did not in SESSION_STOP_SECONDS."""
    NOTHING_HEARD = "NOTHING_HEARD"
    """For SESSION_SILENCE_HOURS."""
    TOO_LONG = "TOO_LONG"
    """It goes on since SESSION_LONGEST_DAYS."""


_MARKS = {
    Rule.CHARGER_RETIRED: (SessionMark.NO_STOP, SessionMark.CHARGER_REPLACED),
    Rule.CONNECTOR_FREE: (SessionMark.NO_STOP,),
    Rule.CHARGER_REBOOTED: (SessionMark.NO_STOP, SessionMark.CHARGER_REBOOTED),
    Rule.STOP_IGNORED: (SessionMark.NO_STOP, SessionMark.STUCK_TRANSACTION),
    Rule.NOTHING_HEARD: (SessionMark.NO_STOP,),
    Rule.TOO_LONG: (SessionMark.NO_STOP, SessionMark.STUCK_TRANSACTION),
}


def _rule() -> Any:
    """The rule that ends an open session now, over session, charger and connector; NULL while none does.

    Power that was read before the connector said how it is says nothing: many chargers measure in transactions only.
    """
    given = settings()
    quiet = or_(func.coalesce(_S.power_w, 0) < _IDLE_W, _S.heard_at <= _P.status_at)
    free = and_(
        _P.status == ConnectorStatus.AVAILABLE,
        _P.status_at > _S.started_at,
        _P.status_at < _ago(minutes=given.session_free_minutes),
        quiet,
    )
    rebooted = and_(
        _C.booted_at > _S.started_at,
        _C.booted_at < _ago(minutes=given.session_reboot_minutes),
        _P.status_at >= _C.booted_at,
        _P.status.not_in(_CHARGES),
        quiet,
    )
    asked = _S.state == SessionState.STARTING
    told = _S.updated_at < _ago(minutes=_TELLING_MINUTES)
    known = _S.created_at < _ago(minutes=_TELLING_MINUTES)
    return case(
        (and_(asked, _S.heard_at < _ago(seconds=given.session_start_seconds)), Rule.NEVER_STARTED.value),
        (asked, None),
        (_C.state == ChargerState.RETIRED, Rule.CHARGER_RETIRED.value),
        (free, Rule.CONNECTOR_FREE.value),
        (rebooted, Rule.CHARGER_REBOOTED.value),
        (_S.stop_requested_at < _ago(seconds=given.session_stop_seconds), Rule.STOP_IGNORED.value),
        (and_(told, _S.heard_at < _ago(hours=given.session_silence_hours)), Rule.NOTHING_HEARD.value),
        (and_(known, _S.started_at < _ago(days=given.session_longest_days)), Rule.TOO_LONG.value),
    )


def _ago(**span: float) -> Any:
    return func.now() - timedelta(**span)


def _judged(*columns: Any) -> Any:
    connector = and_(_P.charger_id == _S.charger_id, _P.number == _S.connector)
    return select(*columns).join(_C, _C.id == _S.charger_id).outerjoin(_P, connector)


async def stale(session: AsyncSession, most: int) -> Sequence[UUID]:
    """Open sessions that a rule ends now."""
    wanted = _judged(_S.id).where(_S.state != SessionState.COMPLETED, _rule().is_not(None)).limit(most)
    return (await session.execute(wanted)).scalars().all()


async def close_if_stale(session: AsyncSession, charging_session_id: UUID) -> Rule | None:
    """End a session by the rule that still holds once it is locked; the rule. For the system."""
    seen = await find(session, ChargingSession, charging_session_id)
    await lock(session, seen.charger_id)
    row = await find(session, ChargingSession, charging_session_id, lock=True)
    judged = _judged(_rule(), _P.status_at, _C.booted_at).where(_S.id == row.id, _S.state != SessionState.COMPLETED)
    found = (await session.execute(judged)).one_or_none()
    if found is None or found[0] is None:
        return None
    rule, freed_at, booted_at = Rule(found[0]), found[1], found[2]
    if rule is Rule.NEVER_STARTED:
        await never_started(session, row, rule.value)
        return rule
    latest = {Rule.CONNECTOR_FREE: freed_at, Rule.CHARGER_REBOOTED: booted_at}.get(rule)
    await close(session, row, await last_sign(session, row, latest), rule.value, *_MARKS[rule])
    return rule


async def close_stale(session: AsyncSession, most: int = 100) -> int:
    """End what a rule ends now, in one transaction; the number ended."""
    return sum([await close_if_stale(session, id) is not None for id in await stale(session, most)])


async def superseded(session: AsyncSession, row: ChargingSession, at: datetime) -> None:
    """Another session began at the connector of a locked one: it had ended by then."""
    if row.state == SessionState.STARTING:
        await never_started(session, row, SUPERSEDED)
        return
    await close(session, row, await last_sign(session, row, at), SUPERSEDED, SessionMark.NO_STOP)


async def never_started(session: AsyncSession, row: ChargingSession, reason: str) -> None:
    """What was asked for did not begin: nothing was charged, nothing is billed."""
    row.state, row.closed_by, row.stop_reason = SessionState.COMPLETED, ClosedBy.RULE, reason
    row.ended_at, row.marks = row.started_at, [SessionMark.NEVER_STARTED]
    await session.flush()
    failed = events.SessionStartFailed(row.number, row.charger_id, row.connector, reason)
    await telling.tell(session, row, failed)


async def last_sign(session: AsyncSession, row: ChargingSession, latest: datetime | None) -> datetime:
    """When a session was last known to go on: its last report, or the last reading of its transaction.

    Where readings name no transaction, the one at which its register rose last.
    """
    facts = await facts_of(session, row)
    read = TelemetryReading
    here = and_(read.charger_id == row.charger_id, read.connector == row.connector, read.read_at >= row.started_at)
    if latest is not None:
        here = and_(here, read.read_at <= latest)
    named = select(func.max(read.read_at)).where(here, read.transaction_id == row.transaction_id)
    highest = select(func.max(read.energy_wh)).where(here).scalar_subquery()
    rose = select(func.min(read.read_at)).where(here, read.energy_wh == highest)
    sign = (await session.execute(named)).scalar_one_or_none() or (await session.execute(rose)).scalar_one_or_none()
    found = max(facts.heard_at, sign or facts.heard_at)
    return min(found, latest) if latest is not None else found
