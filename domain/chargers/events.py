"""What happens to chargers. Everybody who sees the charger may read the payloads."""

from dataclasses import dataclass
from uuid import UUID

from domain.chargers.models import Charger
from domain.events.record import About, Payload


@dataclass(frozen=True)
class ChargerEvent(Payload):
    subject_type = "Charger"
    identity: str


@dataclass(frozen=True)
class ChargerRegistered(ChargerEvent):
    """The charger is known; it has no credentials yet."""

    type = "charger.registered"
    vendor: str
    model: str
    order_id: UUID | None


@dataclass(frozen=True)
class ChargerEnrolled(ChargerEvent):
    """The charger was given its first credentials."""

    type = "charger.enrolled"


@dataclass(frozen=True)
class ChargerUpdated(ChargerEvent):
    """Somebody changed what is recorded of it."""

    type = "charger.updated"
    fields: list[str]


@dataclass(frozen=True)
class ChargerConnected(ChargerEvent):
    """It is connected, and has been for some seconds."""

    type = "charger.connected"
    protocol: str | None


@dataclass(frozen=True)
class ChargerDisconnected(ChargerEvent):
    """It has not been connected for some seconds."""

    type = "charger.disconnected"
    last_seen_at: str | None


@dataclass(frozen=True)
class ChargerBooted(ChargerEvent):
    """It has started anew."""

    type = "charger.booted"
    firmware_version: str | None
    reason: str


@dataclass(frozen=True)
class ChargerStatusChanged(ChargerEvent):
    """A connector, or with number 0 the charger as a whole, says that it is otherwise."""

    type = "charger.status_changed"
    connector: int
    status: str
    error_code: str | None
    before: str | None


@dataclass(frozen=True)
class ChargerSuspended(ChargerEvent):
    """Nothing is charged at it until it is resumed."""

    type = "charger.suspended"


@dataclass(frozen=True)
class ChargerResumed(ChargerEvent):
    """A suspension or retirement was undone."""

    type = "charger.resumed"
    state: str


@dataclass(frozen=True)
class ChargerRetired(ChargerEvent):
    """It was taken down; its credentials are refused."""

    type = "charger.retired"


@dataclass(frozen=True)
class ChargerCredentialsRotated(ChargerEvent):
    """It was given new credentials; the old ones are good until `old_until`, or not at all any more."""

    type = "charger.credentials_rotated"
    internal = True
    old_until: str | None


@dataclass(frozen=True)
class ChargerMessageQuarantined(ChargerEvent):
    """Something was sent as the charger and refused; told once an hour for like messages."""

    type = "charger.message_quarantined"
    internal = True
    channel: str
    action: str
    reason: str


@dataclass(frozen=True)
class ChargersExported(Payload):
    """Somebody downloaded the chargers of an entity."""

    type = "charger.exported"
    subject_type = "BusinessEntity"
    internal = True


def about(charger: Charger) -> About:
    """Whom the events of a charger are for."""
    return About(
        charger.entity_id,
        charger.id,
        organization_ids=charger.channel_organization_ids,
        channel=charger.channel_organization_ids,
        contact_ids=[charger.owner_contact_id],
    )
