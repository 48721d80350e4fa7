"""What happens to commands. Everybody who sees the command may read the payloads."""

from dataclasses import dataclass
from uuid import UUID

from domain.commands.models import DeviceCommand
from domain.events.record import About, Payload


@dataclass(frozen=True)
class CommandEvent(Payload):
    subject_type = "DeviceCommand"
    charger_id: UUID
    connector: int | None
    kind: str
    session_id: UUID | None


@dataclass(frozen=True)
class CommandRequested(CommandEvent):
    """Somebody, or the platform, told the charger to do something."""

    type = "device_command.requested"


@dataclass(frozen=True)
class CommandSent(CommandEvent):
    """It is on its way to the charger."""

    type = "device_command.sent"


@dataclass(frozen=True)
class CommandUnsent(CommandEvent):
    """The connection broke before it was sent: it waits for the next one."""

    type = "device_command.unsent"


@dataclass(frozen=True)
class CommandAcknowledged(CommandEvent):
    """The charger says that it does it."""

    type = "device_command.acknowledged"


@dataclass(frozen=True)
class CommandFailed(CommandEvent):
    """The charger refused it, an emergency stop or somebody took it back, or it could not be sent."""

    type = "device_command.failed"
    reason: str


@dataclass(frozen=True)
class CommandTimedOut(CommandEvent):
    """The charger did not answer in time; reason OFFLINE: it was not connected until then."""

    type = "device_command.timed_out"
    reason: str


@dataclass(frozen=True)
class CommandAnsweredLate(CommandEvent):
    """The charger answered when its time was over; what it said is in the command."""

    type = "device_command.answered_late"
    accepted: bool


def facts(command: DeviceCommand) -> tuple[UUID, int | None, str, UUID | None]:
    """The fields that all events of a command have."""
    return command.charger_id, command.connector, command.kind, command.session_id


def about(command: DeviceCommand) -> About:
    """Whom the events of a command are for."""
    return About(
        command.entity_id,
        command.id,
        organization_ids=command.channel_organization_ids,
        channel=command.channel_organization_ids,
        contact_ids=[command.owner_contact_id],
    )
