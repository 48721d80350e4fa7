"""The way of a command to the charger and back. For the system, in the processes that hold connections."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger, ChargerState, DeviceConnection, Protocol
from domain.commands.events import (
    CommandAcknowledged,
    CommandAnsweredLate,
    CommandEvent,
    CommandFailed,
    CommandSent,
    CommandTimedOut,
    CommandUnsent,
    about,
    facts,
)
from domain.commands.models import WAITING, CommandKind, CommandStatus, DeviceCommand
from domain.events.record import record_all
from domain.rows import find

AGAIN = timedelta(seconds=10)
"""After which an emergency stop that is not answered is sent once more: a charger may have lost it, and stopping a
charger that has stopped does no harm."""
OFFLINE, NO_ANSWER, NOT_SENT = "OFFLINE", "NO_ANSWER", "NOT_SENT"
_MOST_CLAIMED = 100
_MOST_EXPIRED = 500
_MAX_REASON = 200
_MAX_ANSWER = 8_000


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What a charger says of a command; `reason` is a code or the charger's own word, empty where it accepts."""

    accepted: bool
    reason: str = ""
    payload: dict[str, Any] = field(default_factory=dict)


async def claim(session: AsyncSession, charger_ids: Collection[UUID], process: str) -> list[DeviceCommand]:
    """The commands that this process is to send now, and none else: emergency stops first, then the oldest.

    A charger that has connected to another process since is left to that one.
    """
    if not charger_ids:
        return []
    now = datetime.now(UTC)
    query = (
        select(DeviceCommand)
        .where(DeviceCommand.charger_id.in_(list(charger_ids)), _to_send(now), ~_held_elsewhere(process))
        .order_by(DeviceCommand.priority.desc(), DeviceCommand.requested_at, DeviceCommand.id)
        .limit(_MOST_CLAIMED)
        .with_for_update(of=DeviceCommand, skip_locked=True)
    )
    claimed = list((await session.execute(query)).scalars())
    for command in claimed:
        command.status, command.reason = CommandStatus.SENT.value, ""
        command.sent_at, command.sent_by = now, process
    await record_all(session, [(CommandSent(*facts(each)), about(each)) for each in claimed])
    return claimed


def _to_send(now: datetime) -> Any:
    urgent = and_(
        DeviceCommand.kind == CommandKind.EMERGENCY_STOP.value,
        DeviceCommand.status == CommandStatus.SENT.value,
        DeviceCommand.sent_at < now - AGAIN,
    )
    waits = or_(DeviceCommand.status == CommandStatus.ACCEPTED.value, urgent)
    closed = or_(
        Charger.state == ChargerState.RETIRED.value,
        and_(Charger.state == ChargerState.SUSPENDED.value, DeviceCommand.kind == CommandKind.START.value),
    )
    return and_(waits, DeviceCommand.deadline_at > now, ~exists().where(Charger.id == DeviceCommand.charger_id, closed))


def _held_elsewhere(process: str) -> Any:
    """Whether another process holds the charger's socket; messages to a broker go from anywhere."""
    return exists().where(
        DeviceConnection.charger_id == DeviceCommand.charger_id,
        DeviceConnection.ended_at.is_(None),
        DeviceConnection.protocol != Protocol.MQTT.value,
        DeviceConnection.process != process,
    )


async def unsent(session: AsyncSession, command_id: UUID, reason: str = NOT_SENT) -> None:
    """The process could not send what it claimed, since the connection broke: it waits for the next connection."""
    command = await find(session, DeviceCommand, command_id, lock=True)
    if command.status == CommandStatus.SENT:
        command.status, command.reason = CommandStatus.ACCEPTED.value, reason
        command.sent_at = command.sent_by = None
        await record_all(session, [(CommandUnsent(*facts(command)), about(command))])


async def answer(session: AsyncSession, charger_id: UUID, command_id: UUID, said: CommandAnswer) -> bool:
    """Take note of what the charger says; False for a command that is not the charger's, or was answered before."""
    query = select(DeviceCommand).where(DeviceCommand.id == command_id, DeviceCommand.charger_id == charger_id)
    command = (await session.execute(query.with_for_update())).scalar_one_or_none()
    if command is None or command.status not in (*WAITING, CommandStatus.TIMED_OUT):
        return False
    if command.answered_at is not None:
        return False
    command.answered_at = datetime.now(UTC)
    command.answer = _bounded(said)
    await record_all(session, [(_outcome(command, said), about(command))])
    return True


def _outcome(command: DeviceCommand, said: CommandAnswer) -> CommandEvent:
    if command.status == CommandStatus.TIMED_OUT:
        return CommandAnsweredLate(*facts(command), said.accepted)
    if said.accepted:
        command.status, command.reason = CommandStatus.ACKNOWLEDGED.value, ""
        return CommandAcknowledged(*facts(command))
    command.status = CommandStatus.FAILED.value
    command.reason = _plain(said.reason) or "REJECTED"
    return CommandFailed(*facts(command), command.reason)


def _plain(said: str) -> str:
    """A device's word as PostgreSQL can keep it."""
    return said.replace("\x00", "").strip()[:_MAX_REASON]


def _bounded(said: CommandAnswer) -> dict[str, Any]:
    """What the charger answered, less what is too long or cannot be kept."""
    kept = {"accepted": said.accepted, "reason": _plain(said.reason)}
    try:
        written = orjson.dumps(said.payload)
    except TypeError:
        return kept | {"payload": None}
    if len(written) > _MAX_ANSWER or b"\\u0000" in written:
        return kept | {"payload": None, "size": len(written)}
    return kept | {"payload": said.payload}


async def expire(session: AsyncSession) -> int:
    """Time out what was not answered by its deadline; how many. Two at once share them."""
    query = (
        select(DeviceCommand)
        .where(DeviceCommand.status.in_(WAITING), DeviceCommand.deadline_at <= datetime.now(UTC))
        .order_by(DeviceCommand.deadline_at)
        .limit(_MOST_EXPIRED)
        .with_for_update(skip_locked=True)
    )
    over = list((await session.execute(query)).scalars())
    for command in over:
        command.reason = OFFLINE if command.status == CommandStatus.ACCEPTED else NO_ANSWER
        command.status = CommandStatus.TIMED_OUT.value
    await record_all(session, [(CommandTimedOut(*facts(each), each.reason), about(each)) for each in over])
    return len(over)
