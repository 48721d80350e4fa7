"""What sessions do when something happened to chargers or to what they were told."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.errors import ChargerRetired, NotEnrolled, UnknownConnector
from domain.chargers.events import ChargerStatusChanged
from domain.chargers.models import Connector
from domain.commands import service as commands
from domain.commands.events import CommandAcknowledged, CommandAnsweredLate, CommandFailed, CommandTimedOut
from domain.commands.models import CommandKind, CommandStatus, DeviceCommand
from domain.events.models import Event
from domain.rows import find
from domain.sessions import events, notifying, telling
from domain.sessions.controlling import full_power
from domain.sessions.events import SessionClosedByRule, SessionCompleted
from domain.sessions.finding import lock
from domain.sessions.models import ChargingSession, ReportSource, SessionState
from domain.sessions.reports import ChargingState
from domain.sessions.rules import never_started
from domain.sessions.transactions import STATE_OF, changed

_ANSWERED = {CommandAcknowledged.type, CommandAnsweredLate.type}
_FAILED = {CommandFailed.type, CommandTimedOut.type}
_ENDED = {SessionCompleted.type, SessionClosedByRule.type}
EVENTS = frozenset({ChargerStatusChanged.type, *_ANSWERED, *_FAILED, *_ENDED, *notifying.TOLD})


async def react(session: AsyncSession, event: Event) -> None:
    """In a session of the system; again: nothing more."""
    if event.type in notifying.TOLD:
        await notifying.tell_driver(session, event)
    if event.type == ChargerStatusChanged.type:
        await _status(session, event)
    elif event.type in _ENDED:
        await _give_power_back(session, event.subject_id)
    elif event.payload.get("session_id") is not None:
        await _answer(session, event)


async def _status(session: AsyncSession, event: Event) -> None:
    """A connector as it is now: the event may be older than what it says of itself."""
    number = int(event.payload["connector"])
    query = select(Connector.status, Connector.status_at).where(
        Connector.charger_id == event.subject_id, Connector.number == number
    )
    found = (await session.execute(query)).one_or_none()
    if found is not None and found.status_at is not None and (state := STATE_OF.get(found.status)) is not None:
        await changed(session, event.subject_id, number, state, found.status_at, ReportSource.STATUS)


async def _answer(session: AsyncSession, event: Event) -> None:
    command = await find(session, DeviceCommand, event.subject_id)
    if event.type in _FAILED:
        await _not_done(session, command, str(event.payload["reason"]))
    elif command.kind == CommandKind.SET_POWER and event.payload.get("accepted", True):
        state = ChargingState.CHARGING if command.parameters.get("powerW") else ChargingState.SUSPENDED
        at = command.answered_at or datetime.now(UTC)
        await changed(session, command.charger_id, command.connector or 1, state, at, ReportSource.COMMAND)


async def _not_done(session: AsyncSession, command: DeviceCommand, reason: str) -> None:
    """A session that does not begin, or that goes on as it was."""
    await lock(session, command.charger_id)
    row = await session.get(ChargingSession, command.session_id, with_for_update=True)
    if row is None or row.state == SessionState.COMPLETED:
        return
    if command.kind == CommandKind.START:
        if row.state == SessionState.STARTING:
            await never_started(session, row, reason)
        return
    if command.kind == CommandKind.STOP:
        row.stop_requested_at = None
    failed = events.SessionCommandFailed(row.number, row.charger_id, row.connector, command.kind, reason)
    await telling.tell(session, row, failed)


async def _give_power_back(session: AsyncSession, charging_session_id: UUID) -> None:
    """A session that ended while its pause held must not leave its connector without power."""
    row = await find(session, ChargingSession, charging_session_id)
    last = (
        select(DeviceCommand.parameters)
        .where(DeviceCommand.session_id == row.id, DeviceCommand.kind == CommandKind.SET_POWER)
        .where(DeviceCommand.status == CommandStatus.ACKNOWLEDGED)
        .order_by(DeviceCommand.answered_at.desc())
        .limit(1)
    )
    parameters = (await session.execute(last)).scalar_one_or_none()
    if parameters is not None and parameters.get("powerW") == 0:
        with suppress(ChargerRetired, NotEnrolled, UnknownConnector):  # nobody charges there any more
            watts = await full_power(session, row)
            await commands.request(
                session,
                charger_id=row.charger_id,
                kind=CommandKind.SET_POWER,
                connector=row.connector,
                parameters={"powerW": watts},
            )
