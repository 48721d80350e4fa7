"""Asking a charger to do something. The device's own answer decides what has become of it (delivery.py).

Sessions are the actor's: a command is written for a charger that the actor may command, by policy, or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.chargers.errors import ChargerRetired, ChargerSuspended, NotEnrolled, UnknownConnector
from domain.chargers.models import Charger, ChargerState, Connector
from domain.commands.errors import CommandEnded, TooManyCommands
from domain.commands.events import CommandFailed, CommandRequested, about, facts
from domain.commands.models import ORDINARY, URGENT, WAITING, CommandKind, CommandStatus, DeviceCommand
from domain.commands.parameters import OF_A_CONNECTOR, checked
from domain.errors import PermissionDenied, Required
from domain.events.record import record_all
from domain.rows import actor_of, find
from tenants.audience import Audience

NOTIFIED = "device_command"
EMERGENCY_STOP = "EMERGENCY_STOP"
CANCELLED = "CANCELLED"
MOST_WAITING = 20
"""Per charger."""
LEAST_SECONDS, MOST_SECONDS = 5, 86_400
_STOPPED = (CommandKind.START, CommandKind.SET_POWER)
_DECIDING = (*_STOPPED, CommandKind.STOP, CommandKind.EMERGENCY_STOP, CommandKind.RESET)
"""After which what was asked before is not the last word any more."""
_ABOVE = (Audience.STAFF, Audience.SYSTEM)
_SECONDS = {CommandKind.EMERGENCY_STOP: 3600, CommandKind.GET_DIAGNOSTICS: 600, CommandKind.RESET: 300}
_ORDINARY_SECONDS = 120
"""An emergency stop is worth sending to a charger that comes back within the hour; a start is not."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A command that can be, for a charger that is not looked at yet."""

    kind: CommandKind
    connector: int | None
    parameters: dict[str, Any]
    session_id: UUID | None
    seconds: int

    def among(self, waiting: Sequence[DeviceCommand]) -> DeviceCommand | None:
        """The same command, where it waits already and is the last word: 7 kW, 4 kW and 7 kW again are three."""
        wanted = (self.kind.value, self.connector, self.parameters, self.session_id)
        here = [
            c
            for c in waiting
            if (self.connector is None or c.connector in (None, self.connector))
            and (c.kind == self.kind or c.kind in _DECIDING)
        ]
        last = max(here, key=lambda c: (c.requested_at, c.id), default=None)
        if last is None or (last.kind, last.connector, last.parameters, last.session_id) != wanted:
            return None
        return last

    def to(self, charger: Charger, requested_by: UUID | None) -> DeviceCommand:
        now = datetime.now(UTC)
        return DeviceCommand(
            entity_id=charger.entity_id,
            charger_id=charger.id,
            owner_contact_id=charger.owner_contact_id,
            channel_organization_ids=charger.channel_organization_ids,
            connector=self.connector,
            kind=self.kind.value,
            parameters=self.parameters,
            priority=URGENT if self.kind is CommandKind.EMERGENCY_STOP else ORDINARY,
            session_id=self.session_id,
            requested_by=requested_by,
            requested_at=now,
            deadline_at=now + timedelta(seconds=self.seconds),
        )


async def request(
    session: AsyncSession,
    *,
    charger_id: UUID,
    kind: CommandKind,
    connector: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    session_id: UUID | None = None,
    timeout_seconds: int | None = None,
    requested_by: UUID | None = None,
) -> DeviceCommand:
    """Accept a command: it is sent after the commit where the charger is connected, else it waits for its deadline.

    The same command that still waits is not accepted twice: that one is returned. An emergency stop fails the starts
    and changes of power that wait for its charger or connector. Raises: NotFound, ChargerRetired, ChargerSuspended,
    NotEnrolled, UnknownConnector, TooManyCommands, PermissionDenied, the faults of the parameters.
    """
    charger = await find(session, Charger, charger_id, field=("charger_id",))
    _may_be_told(charger, kind)
    wanted = _Wanted(kind, connector, checked(kind, parameters or {}), session_id, _seconds(kind, timeout_seconds))
    await _check_connector(session, charger, kind, connector)
    await _one_at_a_time(session, charger.id)
    waiting = await _waiting(session, charger.id)
    if same := wanted.among(waiting):
        return same
    await _make_room(session, wanted, waiting)
    command = wanted.to(charger, requested_by or actor_of(session).user_id)
    await _write(session, command)
    return command


async def _make_room(session: AsyncSession, wanted: _Wanted, waiting: Sequence[DeviceCommand]) -> None:
    if wanted.kind is CommandKind.EMERGENCY_STOP:
        await _fail(session, _stopped(waiting, wanted.connector), EMERGENCY_STOP)
    elif len(waiting) >= MOST_WAITING:
        raise TooManyCommands(most=MOST_WAITING, field=("charger_id",))


def _may_be_told(charger: Charger, kind: CommandKind) -> None:
    if charger.state == ChargerState.RETIRED:
        raise ChargerRetired(field=("charger_id",))
    if charger.state == ChargerState.REGISTERED:
        raise NotEnrolled(field=("charger_id",))
    if charger.state == ChargerState.SUSPENDED and kind is CommandKind.START:
        raise ChargerSuspended(field=("charger_id",))


def _seconds(kind: CommandKind, given: int | None) -> int:
    if given is None:
        return _SECONDS.get(kind, _ORDINARY_SECONDS)
    return validation.integer(given, LEAST_SECONDS, MOST_SECONDS, "timeout_seconds")


async def _check_connector(session: AsyncSession, charger: Charger, kind: CommandKind, connector: int | None) -> None:
    if connector is None:
        if kind in OF_A_CONNECTOR:
            raise Required(field=("connector",))
        return
    query = select(Connector.id).where(Connector.charger_id == charger.id, Connector.number == connector)
    if (await session.execute(query)).first() is None:
        raise UnknownConnector(number=connector, field=("connector",))


async def _one_at_a_time(session: AsyncSession, charger_id: UUID) -> None:
    """Two requests for one charger at once: the second sees the first."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"command:{charger_id}", 0))))


async def _waiting(session: AsyncSession, charger_id: UUID) -> Sequence[DeviceCommand]:
    """What the charger has not answered yet and is still in time."""
    query = (
        select(DeviceCommand)
        .where(DeviceCommand.charger_id == charger_id, DeviceCommand.status.in_(WAITING))
        .where(DeviceCommand.deadline_at > datetime.now(UTC))
        .order_by(DeviceCommand.requested_at)
    )
    return (await session.execute(query)).scalars().all()


def _stopped(waiting: Sequence[DeviceCommand], connector: int | None) -> list[DeviceCommand]:
    """What an emergency stop of a connector, or of the whole charger, makes void before it is sent."""
    return [
        each
        for each in waiting
        if each.status == CommandStatus.ACCEPTED
        and each.kind in _STOPPED
        and (connector is None or each.connector in (None, connector))
    ]


async def _fail(session: AsyncSession, commands: Sequence[DeviceCommand], reason: str) -> None:
    """Fail what is not sent yet; what a process has just taken goes its way."""
    ids = [each.id for each in commands]
    query = (
        select(DeviceCommand)
        .where(DeviceCommand.id.in_(ids), DeviceCommand.status == CommandStatus.ACCEPTED)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    failed = list((await session.execute(query)).scalars())
    for each in failed:
        each.status, each.reason, each.answered_at = CommandStatus.FAILED.value, reason, datetime.now(UTC)
    await record_all(session, [(CommandFailed(*facts(each), reason), about(each)) for each in failed])


async def _write(session: AsyncSession, command: DeviceCommand) -> None:
    try:
        session.add(command)
        await session.flush()
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) == "42501":  # the policy: seen, and not the actor's to command
            raise PermissionDenied(field=("charger_id",)) from error
        raise
    await record_all(session, [(CommandRequested(*facts(command)), about(command))])
    notify = text("SELECT pg_notify(:channel, :id)")
    await session.execute(notify, {"channel": NOTIFIED, "id": str(command.charger_id)})


async def cancel(session: AsyncSession, command_id: UUID) -> DeviceCommand:
    """Take back a command that was not sent yet; an emergency stop only by who asked for it, or staff.

    Raises: NotFound, PermissionDenied, CommandEnded.
    """
    command = await find(session, DeviceCommand, command_id, lock=True)
    actor = actor_of(session)
    theirs = actor.user_id is None or actor.user_id != command.requested_by
    if command.kind == CommandKind.EMERGENCY_STOP and theirs and actor.audience not in _ABOVE:
        raise PermissionDenied(field=("id",))
    if command.status != CommandStatus.ACCEPTED:
        raise CommandEnded(field=("id",))
    await _fail(session, [command], CANCELLED)
    return command
