"""Sessions from what chargers report of transactions: in any order, as often as they like, offline or not."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.chargers.credentials import Device
from domain.chargers.models import Charger, ConnectorStatus
from domain.chargers.reports import ConnectorReport
from domain.rows import find
from domain.sessions import authorizing
from domain.sessions.beginning import begin, is_before, made_for, names_its_own
from domain.sessions.controlling import send_stop
from domain.sessions.finding import lock, newest, open_at
from domain.sessions.keeping import is_full, keep, key_of, possible
from domain.sessions.models import (
    OPEN,
    ChargingSession,
    ClosedBy,
    ReportKind,
    ReportSource,
    SessionMark,
    SessionReport,
    SessionState,
)
from domain.sessions.reports import (
    Authorization,
    AuthorizationStatus,
    ChargingState,
    TransactionAnswer,
    TransactionReport,
)
from domain.sessions.settling import settle

_ACCEPTED = Authorization(AuthorizationStatus.ACCEPTED)
STATE_OF = {
    ConnectorStatus.CHARGING: ChargingState.CHARGING,
    ConnectorStatus.SUSPENDED_EV: ChargingState.SUSPENDED,
    ConnectorStatus.SUSPENDED_EVSE: ChargingState.SUSPENDED,
}


async def report(session: AsyncSession, device: Device, told: TransactionReport) -> TransactionAnswer:
    """Take note of a report; the same again changes nothing. For the system, in a short transaction.

    Impossible values are left out and named in the answer's `refused`; a report is never refused as a whole.
    """
    await lock(session, device.charger_id)
    charger = await find(session, Charger, device.charger_id)
    said, corrected, refused = possible(told, datetime.now(UTC))
    row, born = await _session_of(session, charger, said, key_of(told))
    asked = row.state == SessionState.STARTING
    if not born and _changes_nothing(row, said):
        await _note(session, row, said, key_of(told))
    elif await keep(session, row, said, key_of(told), corrected=corrected) or born:
        await begin(session, row, charger, said)
        await settle(session, row, born=born)
        if asked:
            await _stop_at_once(session, row)
    return TransactionAnswer(row.transaction_id or "", row.id, await _judge(session, charger, said), refused)


def _changes_nothing(row: ChargingSession, said: TransactionReport) -> bool:
    """What chargers say each minute: it goes on as it did. Said in its turn, so that the whole is not gone through."""
    now = {None: row.state, ChargingState.CHARGING: SessionState.ACTIVE, ChargingState.SUSPENDED: SessionState.PAUSED}
    return (
        said.kind is ReportKind.UPDATED
        and row.state in (SessionState.ACTIVE, SessionState.PAUSED)
        and said.at >= row.heard_at
        and now[said.charging_state] == row.state
        and (said.id_token is None or row.id_token is not None)
    )


async def _note(session: AsyncSession, row: ChargingSession, said: TransactionReport, key: str) -> None:
    """Keep what matters should something older come late; where it is nothing, or too much, that it was heard of."""
    row.heard_at = said.at
    if said.charging_state is not None and not await is_full(session, row):
        await keep(session, row, said, key)


async def _stop_at_once(session: AsyncSession, row: ChargingSession) -> None:
    """A session that was told to stop before it began."""
    if row.stop_requested_at is not None and row.state != SessionState.COMPLETED:
        await send_stop(session, row)


async def _judge(session: AsyncSession, charger: Charger, said: TransactionReport) -> Authorization:
    if said.id_token is None:
        return _ACCEPTED
    token = await authorizing.token_named(session, charger.entity_id, said.id_token)
    return await authorizing.judge(session, charger, token)


async def connector_reported(session: AsyncSession, device: Device, told: ConnectorReport) -> None:
    """The status of a connector pauses and resumes its open session. For the system."""
    if (state := STATE_OF.get(told.status)) is not None:
        await changed(session, device.charger_id, told.number, state, told.at, ReportSource.STATUS)


async def changed(
    session: AsyncSession, charger_id: UUID, connector: int, state: ChargingState, at: datetime, source: ReportSource
) -> None:
    """The open session of a connector goes on or pauses, by what is no report of its transaction."""
    await lock(session, charger_id)
    row = await open_at(session, charger_id, connector)
    now = SessionState.PAUSED if state is ChargingState.SUSPENDED else SessionState.ACTIVE
    if row is None or row.state in (SessionState.STARTING, now) or at < row.started_at:
        return
    told = TransactionReport(ReportKind.UPDATED, row.transaction_id, connector, at, charging_state=state)
    said, corrected, _ = possible(told, datetime.now(UTC))
    key = f"{source}|{row.id}|{at.astimezone(UTC).isoformat()}|{state}"
    if await keep(session, row, said, key, corrected=corrected, source=source):
        await settle(session, row)


async def _session_of(
    session: AsyncSession, charger: Charger, said: TransactionReport, key: str
) -> tuple[ChargingSession, bool]:
    """The locked session that a report is of, and whether it was made for it."""
    row = await _named(session, charger, said, key) or await _told_before(session, charger, key)
    if row is None and said.kind is not ReportKind.STARTED and not names_its_own(charger, said):
        row = await _nearest(session, charger, said)
    if row is not None:
        return row, False
    other = await open_at(session, charger.id, said.connector or 1)
    if other is not None and other.state == SessionState.STARTING and _is_for(other, charger, said):
        return other, False
    return await made_for(session, charger, said, other), True


async def _named(session: AsyncSession, charger: Charger, said: TransactionReport, key: str) -> ChargingSession | None:
    if said.transaction_id is None:
        return None
    s = ChargingSession
    row = await newest(session, s.charger_id == charger.id, s.transaction_id == said.transaction_id)
    if row is None or not _names_another(row, said) or await _told_before(session, charger, key) is not None:
        return row
    row.transaction_id = f"{row.transaction_id}~{row.number}"
    await session.flush()
    return None


def _names_another(row: ChargingSession, said: TransactionReport) -> bool:
    """Whether a charger counts its transactions from 1 again: at another register, or somebody else charges."""
    if said.kind is not ReportKind.STARTED or SessionMark.NO_START in row.marks:
        return False
    if said.meter_wh is None or said.at <= (row.ended_at or row.started_at):
        return False
    if row.state != SessionState.COMPLETED:
        return not _is_by(row, said)
    return row.closed_by == ClosedBy.CHARGER and (said.meter_wh != row.meter_start_wh or row.energy_wh == 0)


async def _told_before(session: AsyncSession, charger: Charger, key: str) -> ChargingSession | None:
    """By the same report, where the answer with the transaction's id got lost."""
    r = SessionReport
    before = select(r.session_id).where(r.charger_id == charger.id, r.key == key).scalar_subquery()
    return await newest(session, ChargingSession.id == before)


async def _nearest(session: AsyncSession, charger: Charger, said: TransactionReport) -> ChargingSession | None:
    """The session that a report without a usable id can only be of: open, else one that a rule has ended.

    The last of a connector, and where several connectors have one that whose register it can be.
    """
    s, later = ChargingSession, aliased(ChargingSession)
    here = [s.charger_id == charger.id, s.started_at <= said.at, s.state != SessionState.STARTING]
    if said.connector:
        here.append(s.connector == said.connector)
    since = [later.charger_id == charger.id, later.connector == s.connector, later.started_at > s.started_at]
    since.append(later.started_at <= said.at)
    begun = [later.state != SessionState.STARTING, ~later.marks.contains([SessionMark.NEVER_STARTED.value])]
    ruled = [s.closed_by == ClosedBy.RULE, ~s.marks.contains([SessionMark.NEVER_STARTED.value])]
    ruled.append(~exists().where(*since, *begun))
    for which in ([s.state.in_(OPEN)], ruled):
        query = select(s.id, s.meter_wh).where(*here, *which).order_by(s.started_at.desc(), s.id.desc())
        if found := (await session.execute(query)).all():
            nearest = min(found, key=lambda row: _distance(row.meter_wh, said.meter_wh))
            return await newest(session, s.id == nearest.id)
    return None


def _distance(known: int | None, said: int | None) -> tuple[bool, int]:
    """How far a register has come; one that would have gone back is last."""
    if known is None or said is None:
        return (False, 0)
    return (said < known, abs(said - known))


def _is_for(row: ChargingSession, charger: Charger, said: TransactionReport) -> bool:
    """Whether what began is what was asked for: since then, and the charger names the token it was told, or none."""
    ended = said.kind is ReportKind.ENDED and said.at >= row.started_at and names_its_own(charger, said)
    if is_before(row, said) and not (ended and not said.offline):
        return False
    return _is_by(row, said)


def _is_by(row: ChargingSession, said: TransactionReport) -> bool:
    return said.id_token is None or row.id_token is None or said.id_token.upper() == row.id_token.upper()
