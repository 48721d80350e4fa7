"""Starting, stopping and pausing sessions: a command to the charger; the session follows what the charger answers.

For the system, on behalf of whoever the caller has checked may do it: drivers start at chargers that are not theirs.
"""

import contextlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.chargers.errors import UnknownConnector
from domain.chargers.models import Charger, ChargerState, Connector, ConnectorStatus
from domain.commands import service as commands
from domain.commands.errors import CommandEnded
from domain.commands.models import WAITING, CommandKind, CommandStatus, DeviceCommand
from domain.errors import InvalidState
from domain.events.record import record
from domain.rows import actor_of, find
from domain.sessions import authorizing, events, telling
from domain.sessions.beginning import common
from domain.sessions.errors import (
    ChargerNotInService,
    ConnectorNotUsable,
    ConnectorOccupied,
    DriverRequired,
    SessionEnded,
    TokenNotAccepted,
)
from domain.sessions.finding import lock, open_at
from domain.sessions.models import ChargingSession, ClosedBy, IdToken, SessionMark, SessionState, TokenKind
from domain.sessions.rules import last_sign, never_started
from domain.sessions.settling import close
from domain.telemetry.readings import MOST_ENERGY_WH

CANCELLED = "CANCELLED"
_NOT_USABLE = (ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE)
_DRAWN_BYTES = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """A session to start: by a token, or by the person who is logged in or named."""

    charger_id: UUID
    connector: int
    id_token: str | None = None
    driver_contact_id: UUID | None = None
    target_wh: int | None = None
    emergency: bool = False


async def start(session: AsyncSession, wanted: Wanted) -> ChargingSession:
    """Ask a charger to begin; the same driver again while it has not: the same session.

    Raises: NotFound, UnknownConnector, ChargerNotInService, ConnectorNotUsable, ConnectorOccupied, DriverRequired,
    TokenNotAccepted, OutOfRange, what commands refuse.
    """
    if wanted.target_wh is not None:
        validation.integer(wanted.target_wh, 1, MOST_ENERGY_WH, "target_energy_wh")
    await lock(session, wanted.charger_id)
    charger = await find(session, Charger, wanted.charger_id, field=("charger_id",))
    await _check_connector(session, charger, wanted.connector)
    token = await _token(session, charger, wanted)
    if (other := await open_at(session, charger.id, wanted.connector)) is not None:
        return _same(other, token)
    await _check_token(session, charger, token)
    row = await _ask_for(session, charger, token, wanted)
    await commands.request(
        session,
        charger_id=charger.id,
        kind=CommandKind.START,
        connector=wanted.connector,
        parameters={"idToken": token.token},
        session_id=row.id,
    )
    return row


async def _check_connector(session: AsyncSession, charger: Charger, number: int) -> None:
    if charger.state != ChargerState.IN_SERVICE:
        raise ChargerNotInService(field=("charger_id",))
    query = select(Connector).where(Connector.charger_id == charger.id, Connector.number == number)
    connector = (await session.execute(query)).scalar_one_or_none()
    if connector is None:
        raise UnknownConnector(number=number, field=("connector",))
    if connector.status_at is not None and connector.status in _NOT_USABLE:  # else it never said how it is
        raise ConnectorNotUsable(status=connector.status, field=("connector",))


async def _token(session: AsyncSession, charger: Charger, wanted: Wanted) -> IdToken:
    """The token that is named, or that which the platform has drawn for the driver."""
    if wanted.id_token is not None:
        token = await authorizing.token_named(session, charger.entity_id, wanted.id_token, lock=True)
        if token is None:
            raise TokenNotAccepted(status="INVALID", field=("id_token",))
        return token
    if wanted.driver_contact_id is None:
        raise DriverRequired(field=("id_token",))
    return await token_of(session, charger.entity_id, wanted.driver_contact_id)


async def token_of(session: AsyncSession, entity_id: UUID, contact_id: UUID) -> IdToken:
    """By what chargers know somebody who starts by login: drawn once; 20 characters, as OCPP 1.6 takes at most."""
    drawn = insert(IdToken).values(
        entity_id=entity_id,
        contact_id=contact_id,
        kind=TokenKind.APP.value,
        token=f"APP-{secrets.token_hex(_DRAWN_BYTES).upper()}",
    )
    new = (await session.execute(drawn.on_conflict_do_nothing().returning(IdToken.id))).scalar_one_or_none()
    if new is not None:
        told = events.TokenRegistered(TokenKind.APP.value)
        await record(session, told, entity_id=entity_id, subject_id=new, contact_ids=[contact_id])
    theirs = select(IdToken).where(
        IdToken.entity_id == entity_id, IdToken.contact_id == contact_id, IdToken.kind == TokenKind.APP
    )
    return (await session.execute(theirs.with_for_update(key_share=True))).scalar_one()


def _same(other: ChargingSession, token: IdToken) -> ChargingSession:
    """A second click is not a second session."""
    if other.state == SessionState.STARTING and other.id_token_id == token.id:
        return other
    raise ConnectorOccupied(field=("connector",))


async def _check_token(session: AsyncSession, charger: Charger, token: IdToken) -> None:
    judged = await authorizing.judge(session, charger, token)
    if not judged.accepted:
        raise TokenNotAccepted(status=judged.status.value, field=("id_token",))


async def _ask_for(session: AsyncSession, charger: Charger, token: IdToken, wanted: Wanted) -> ChargingSession:
    now = datetime.now(UTC)
    row = ChargingSession(
        **await common(session, charger),
        connector=wanted.connector,
        driver_contact_id=token.contact_id,
        id_token=token.token,
        id_token_id=token.id,
        protocol=charger.protocol,
        state=SessionState.STARTING,
        started_at=now,
        heard_at=now,
        target_wh=wanted.target_wh,
        milestone=0 if wanted.target_wh else None,
        emergency=wanted.emergency,
        requested_by=actor_of(session).user_id,
        marks=[],
        energy_wh=0,
        paused_seconds=0,
    )
    session.add(row)
    await session.flush()
    await telling.tell(session, row, events.SessionRequested(row.number, row.charger_id, row.connector))
    return row


async def stop(session: AsyncSession, charging_session_id: UUID) -> ChargingSession:
    """Have a session end; again: nothing more. One that has not begun ends at once, or as soon as it begins.

    Raises: NotFound, SessionEnded, what commands refuse.
    """
    row = await _locked(session, charging_session_id)
    if row.state == SessionState.STARTING:
        await _cancel(session, row)
    else:
        await send_stop(session, row)
    if row.state != SessionState.COMPLETED and row.stop_requested_at is None:
        row.stop_requested_at = datetime.now(UTC)
        await telling.tell(session, row, events.SessionStopRequested(row.number, row.charger_id, row.connector))
    return row


async def send_stop(session: AsyncSession, row: ChargingSession) -> None:
    """The command; while the same one waits there is no second."""
    await commands.request(
        session,
        charger_id=row.charger_id,
        kind=CommandKind.STOP,
        connector=row.connector,
        parameters={"transactionId": row.transaction_id},
        session_id=row.id,
    )


async def _cancel(session: AsyncSession, row: ChargingSession) -> None:
    """Take the start back where it was not sent yet; a charger that has it is told to stop when it has begun."""
    waiting = select(DeviceCommand.id).where(
        DeviceCommand.session_id == row.id,
        DeviceCommand.kind == CommandKind.START,
        DeviceCommand.status == CommandStatus.ACCEPTED,
    )
    if (id := (await session.execute(waiting)).scalar_one_or_none()) is not None:
        await commands.cancel(session, id)
        await never_started(session, row, CANCELLED)


async def pause(session: AsyncSession, charging_session_id: UUID) -> ChargingSession:
    """Have a session take no power; it is PAUSED when the charger has said so. One that is or will be stays as it is.

    Raises: NotFound, SessionEnded, InvalidState, what commands refuse.
    """
    row = await _locked(session, charging_session_id)
    if row.state == SessionState.STARTING:
        raise InvalidState(current=row.state, wanted="pause", field=("id",))
    if not await _pauses(session, row, wanted=True):
        await _set_power(session, row, 0)
    return row


async def resume(session: AsyncSession, charging_session_id: UUID) -> ChargingSession:
    """Have a paused session take power again, as much as its connector gives; one that neither is nor will be stays.

    Raises: NotFound, SessionEnded, InvalidState, what commands refuse.
    """
    row = await _locked(session, charging_session_id)
    if row.state == SessionState.STARTING:
        raise InvalidState(current=row.state, wanted="resume", field=("id",))
    if await _pauses(session, row, wanted=False):
        await _set_power(session, row, await full_power(session, row))
    return row


async def _pauses(session: AsyncSession, row: ChargingSession, *, wanted: bool) -> bool:
    """Whether a session is paused, or will be by what its charger was told last and has not answered yet.

    What was not sent yet and is not `wanted` any more is taken back: the last click counts.
    """
    c = DeviceCommand
    told = select(c).where(c.session_id == row.id, c.kind == CommandKind.SET_POWER, c.status.in_(WAITING))
    newest = told.where(c.deadline_at > datetime.now(UTC)).order_by(c.requested_at.desc(), c.id.desc()).limit(1)
    last = (await session.execute(newest.execution_options(populate_existing=True))).scalar_one_or_none()
    if last is None:
        return row.state == SessionState.PAUSED
    pauses = last.parameters.get("powerW") == 0
    if pauses != wanted and last.status == CommandStatus.ACCEPTED:
        with contextlib.suppress(CommandEnded):  # it was sent just now
            await commands.cancel(session, last.id)
            return await _pauses(session, row, wanted=wanted)
    return pauses


async def full_power(session: AsyncSession, row: ChargingSession) -> int:
    """W that the session's connector gives."""
    query = select(Connector.max_power_w).where(
        Connector.charger_id == row.charger_id, Connector.number == row.connector
    )
    watts: int | None = (await session.execute(query)).scalar_one_or_none()
    if watts is None:
        raise UnknownConnector(number=row.connector, field=("connector",))
    return watts


async def _set_power(session: AsyncSession, row: ChargingSession, watts: int) -> None:
    await commands.request(
        session,
        charger_id=row.charger_id,
        kind=CommandKind.SET_POWER,
        connector=row.connector,
        parameters={"powerW": watts},
        session_id=row.id,
    )


async def close_by_hand(session: AsyncSession, charging_session_id: UUID) -> ChargingSession:
    """End a session that its charger does not end, at its last sign of life; what the charger says later counts.

    Raises: NotFound, SessionEnded.
    """
    row = await _locked(session, charging_session_id)
    if row.state == SessionState.STARTING:
        await never_started(session, row, CANCELLED)
    else:
        marks = (SessionMark.NO_STOP, SessionMark.CLOSED_BY_STAFF)
        ended_at = await last_sign(session, row, datetime.now(UTC))
        await close(session, row, ended_at, SessionMark.CLOSED_BY_STAFF.value, *marks, by=ClosedBy.STAFF)
    return row


async def _locked(session: AsyncSession, id: UUID) -> ChargingSession:
    """An open session that nobody else changes meanwhile."""
    seen = await find(session, ChargingSession, id)
    await lock(session, seen.charger_id)
    row = await find(session, ChargingSession, id, lock=True)
    if row.state == SessionState.COMPLETED:
        raise SessionEnded(field=("id",))
    return row
