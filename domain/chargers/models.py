"""Chargers, their connectors, credentials and connection, and what they sent and was refused."""

import re
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Float, ForeignKey, Index, Integer, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Updated, UUIDs, one_of
from tenants.listing import PUBLIC_CHARGER, Listed, listed
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, child_of, protect


class ChargerState(StrEnum):
    REGISTERED = "REGISTERED"
    """Known, without credentials: it cannot connect."""
    ENROLLED = "ENROLLED"
    """Has credentials, and was never heard of."""
    IN_SERVICE = "IN_SERVICE"
    SUSPENDED = "SUSPENDED"
    """Connected and heard, and nothing is charged at it."""
    RETIRED = "RETIRED"
    """Taken down: its credentials are refused."""


class ChargerAccess(StrEnum):
    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"


class Protocol(StrEnum):
    MQTT = "MQTT"
    OCPP16 = "OCPP16"
    OCPP201 = "OCPP201"


class ConnectorType(StrEnum):
    TYPE1 = "TYPE1"
    TYPE2 = "TYPE2"
    CCS2 = "CCS2"
    CHADEMO = "CHADEMO"
    TESLA = "TESLA"
    SCHUKO = "SCHUKO"
    UNKNOWN = "UNKNOWN"


class ConnectorStatus(StrEnum):
    """OCPP 1.6's nine; the four of OCPP 2.0.1 are among them, Occupied is CHARGING or PREPARING by the transaction."""

    AVAILABLE = "AVAILABLE"
    PREPARING = "PREPARING"
    CHARGING = "CHARGING"
    SUSPENDED_EV = "SUSPENDED_EV"
    SUSPENDED_EVSE = "SUSPENDED_EVSE"
    FINISHING = "FINISHING"
    RESERVED = "RESERVED"
    UNAVAILABLE = "UNAVAILABLE"
    FAULTED = "FAULTED"


class Channel(StrEnum):
    """By which way a message came."""

    MQTT = "MQTT"
    OCPP = "OCPP"


MOST_CONNECTORS = 20
_IDENTITY = re.compile(r"[A-Za-z0-9._-]{3,48}")


def is_identity(text: str) -> bool:
    """Whether a charger can be called so; what is not is looked up nowhere."""
    return _IDENTITY.fullmatch(text) is not None


def is_reserved(identity: str) -> bool:
    """Whether the platform itself goes by such a name at a broker, where a charger's name is its login and session."""
    name = identity.casefold()
    return name == "platform" or name.startswith("chargecars-")


class Charger(Identified, Updated, Base):
    """A charging station: its identity is the `chargerId` of MQTT topics and the last part of its OCPP address."""

    __tablename__ = "charger"
    __table_args__ = (
        one_of("state", ChargerState),
        one_of("access", ChargerAccess),
        CheckConstraint("identity ~ '^[A-Za-z0-9._-]{3,48}$'", name="identity"),
        CheckConstraint("protocol IN ('MQTT', 'OCPP16', 'OCPP201')", name="protocol"),
        CheckConstraint(f"status IN {tuple(s.value for s in ConnectorStatus)}", name="status"),
        CheckConstraint("max_power_w BETWEEN 1 AND 2000000", name="max_power_w"),
        CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180 "
            "AND (latitude IS NULL) = (longitude IS NULL)",
            name="place",
        ),
        UniqueConstraint("identity"),
        UniqueConstraint("entity_id", "vendor", "serial_number"),
        Index("ix_charger_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_charger_newest", "created_at", "id"),
        Index("ix_charger_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_charger_owner", "owner_contact_id", "created_at", "id"),
        Index("ix_charger_order", "order_id"),
        Index("ix_charger_line_item", "line_item_id"),
        Index("ix_charger_untold", "id", postgresql_where=text("connected <> told_connected")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    identity: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    vendor: Mapped[str]
    model: Mapped[str] = mapped_column(server_default="")
    serial_number: Mapped[str | None]
    firmware_version: Mapped[str | None]
    protocol: Mapped[str | None]
    """Which it spoke last; None where it never connected."""
    state: Mapped[str] = mapped_column(server_default=ChargerState.REGISTERED.value)
    state_before: Mapped[str | None]
    """What a suspension or retirement goes back to when it is undone."""
    state_reason: Mapped[str | None]
    access: Mapped[str] = mapped_column(server_default=ChargerAccess.PRIVATE.value)
    max_power_w: Mapped[int] = mapped_column(Integer)
    status: Mapped[str | None]
    """Of the charger as a whole (connector 0), where it says one."""
    error_code: Mapped[str | None]
    status_at: Mapped[datetime | None]
    owner_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """A person or an organization."""
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """The partners that see it: the order's channel, or the owner's organization with its ancestors."""
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("order.id"))
    line_item_id: Mapped[UUID | None] = mapped_column(ForeignKey("line_item.id"))
    """From which it was sold."""
    street: Mapped[str] = mapped_column(server_default="")
    """With house number."""
    postal_code: Mapped[str] = mapped_column(server_default="")
    city: Mapped[str] = mapped_column(server_default="")
    country: Mapped[str] = mapped_column(server_default="NL")
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    connected: Mapped[bool] = mapped_column(Boolean, server_default=false())
    told_connected: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """What the event log says; it follows when a connection has held for a while."""
    connected_changed_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    """Within half a minute."""
    booted_at: Mapped[datetime | None]


_TOLD = ("told_connected", "connected_changed_at", "state_before")
_OWNED = f"owner_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"
protect(
    Charger,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(OF_THE_CHANNEL, hidden=(*_TOLD, "state_reason")),
    customer=Rule(
        f"({_OWNED}) OR (access = 'PUBLIC' AND entity_id = ANY ({{entities}}))",
        hidden=(*_TOLD, "state_reason"),
    ),
    technician=Rule(OF_THE_ENTITY),
    explain={
        "staff": "The charger is of one of the actor's business entities.",
        "partner": "The actor's organization is in the channel of the charger.",
        "customer": "The charger is the actor's own, or anybody may charge at it.",
        "technician": "The charger is of a business entity that the actor works for.",
    },
)
listed(
    Listed(
        "charger",
        "charger",
        "concat_ws(' ', r.identity, r.name, r.vendor, r.model, r.serial_number, r.street, r.postal_code, r.city)",
        contact_ids="array_remove(ARRAY[r.owner_contact_id], NULL)",
    )
)
listed(
    Listed(
        "charger",
        PUBLIC_CHARGER,
        "concat_ws(' ', r.identity, r.name, r.vendor, r.model, r.street, r.postal_code, r.city)",
        entity_ids="CASE WHEN r.access = 'PUBLIC' THEN ARRAY[r.entity_id] ELSE '{}'::uuid[] END",
        channel="'{}'::uuid[]",
    )
)


class Connector(Identified, Base):
    """One plug or socket of a charger; the issue calls it a port."""

    __tablename__ = "connector"
    __table_args__ = (
        one_of("type", ConnectorType),
        one_of("status", ConnectorStatus),
        CheckConstraint(f"number BETWEEN 1 AND {MOST_CONNECTORS}", name="number"),
        CheckConstraint("max_power_w BETWEEN 1 AND 2000000", name="max_power_w"),
        UniqueConstraint("charger_id", "number"),
        Index("ix_connector_untold", "told_at", postgresql_where=text("status <> told_status")),
    )

    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"))
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    number: Mapped[int] = mapped_column(Integer)
    type: Mapped[str] = mapped_column(server_default=ConnectorType.UNKNOWN.value)
    max_power_w: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(server_default=ConnectorStatus.UNAVAILABLE.value)
    error_code: Mapped[str | None]
    status_at: Mapped[datetime | None]
    """By the charger's clock."""
    told_status: Mapped[str] = mapped_column(server_default=ConnectorStatus.UNAVAILABLE.value)
    """What the event log says."""
    told_at: Mapped[datetime | None]


_OF_THE_CHARGER = "The actor sees the charger."
protect(
    Connector,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE, DELETE"),
    partner=child_of("charger", "charger_id"),
    customer=child_of("charger", "charger_id"),
    technician=Rule(OF_THE_ENTITY),
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), _OF_THE_CHARGER),
)


class DeviceCredential(Identified, Base):
    """By what a charger proves who it is: a salted hash of a secret that was shown once."""

    __tablename__ = "device_credential"
    __table_args__ = (
        CheckConstraint("octet_length(salt) = 12 AND octet_length(secret_hash) = 64", name="lengths"),
        CheckConstraint("iterations BETWEEN 1 AND 1000000", name="iterations"),
        Index("ix_device_credential_charger", "charger_id", "created_at"),
        Index("ix_device_credential_entity", "entity_id", "created_at", "id"),
    )

    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"))
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    salt: Mapped[bytes] = mapped_column(BYTEA)
    secret_hash: Mapped[bytes] = mapped_column(BYTEA)
    """PBKDF2-HMAC-SHA512 of 64 bytes: with salt and iterations what Mosquitto's `$7$` password files hold."""
    iterations: Mapped[int] = mapped_column(Integer)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    first_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    """Set when it is replaced: good until then, so that the charger can change over."""
    revoked_at: Mapped[datetime | None]


_SECRET = ("salt", "secret_hash", "iterations")
protect(
    DeviceCredential,
    staff=Rule(OF_THE_ENTITY, hidden=_SECRET),
    explain={"staff": "The charger is of one of the actor's business entities."},
)


class DeviceConnection(Base):
    """The connection of a charger that is open now, or was open last: a row per charger."""

    __tablename__ = "device_connection"
    __table_args__ = (
        one_of("protocol", Protocol),
        Index("ix_device_connection_open", "process", postgresql_where=text("ended_at IS NULL")),
    )

    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"), primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"), index=True)
    connection_id: Mapped[UUID]
    process: Mapped[str]
    """Which of ours holds it; commands to the charger go by way of it."""
    protocol: Mapped[str]
    address: Mapped[str] = mapped_column(server_default="")
    connected_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    connections: Mapped[int] = mapped_column(Integer, server_default="1", default=1)
    """How often it has connected."""


protect(
    DeviceConnection,
    staff=Rule(OF_THE_ENTITY, hidden=("process",)),
    technician=Rule(OF_THE_ENTITY, hidden=("process",)),
    explain=dict.fromkeys(("staff", "technician"), "The charger is of one of the actor's business entities."),
)


class QuarantinedMessage(Identified, Base):
    """What was sent as a charger and refused. Like ones of an hour are one row that counts them."""

    __tablename__ = "quarantined_message"
    __table_args__ = (
        one_of("channel", Channel),
        CheckConstraint("octet_length(payload) <= 4096 AND length(detail) <= 500", name="bounded"),
        CheckConstraint("repeated >= 1", name="repeated"),
        UniqueConstraint("identity", "hour", "channel", "action", "reason"),
        Index("ix_quarantined_message_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_quarantined_message_newest", "created_at", "id"),
        Index("ix_quarantined_message_charger", "charger_id", "created_at", "id"),
        Index("ix_quarantined_message_hour", "hour", postgresql_where=text("charger_id IS NULL")),
    )

    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_entity.id"))
    """None where nobody's charger has that identity: for the platform's eyes only."""
    charger_id: Mapped[UUID | None] = mapped_column(ForeignKey("charger.id"))
    identity: Mapped[str]
    channel: Mapped[str]
    action: Mapped[str]
    """The MQTT topic's last part, or OCPP's action."""
    reason: Mapped[str]
    """A stable code."""
    detail: Mapped[str] = mapped_column(server_default="")
    payload: Mapped[str] = mapped_column(server_default="")
    """The first of them, at most 4 KiB."""
    hour: Mapped[datetime]
    received_at: Mapped[datetime]
    """The last of them."""
    repeated: Mapped[int] = mapped_column(Integer, server_default="1", default=1)


protect(
    QuarantinedMessage,
    staff=Rule(OF_THE_ENTITY),
    explain={"staff": "The charger is of one of the actor's business entities."},
)
