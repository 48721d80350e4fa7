"""What chargers were told to do."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.chargers.models import MOST_CONNECTORS
from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, protect


class CommandKind(StrEnum):
    START = "START"
    STOP = "STOP"
    SET_POWER = "SET_POWER"
    EMERGENCY_STOP = "EMERGENCY_STOP"
    RESET = "RESET"
    UNLOCK = "UNLOCK"
    GET_DIAGNOSTICS = "GET_DIAGNOSTICS"
    TRIGGER_MESSAGE = "TRIGGER_MESSAGE"
    DATA_TRANSFER = "DATA_TRANSFER"


class CommandStatus(StrEnum):
    ACCEPTED = "ACCEPTED"
    """Waits to be sent: at once where the charger is connected."""
    SENT = "SENT"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    """The charger says that it does it."""
    TIMED_OUT = "TIMED_OUT"
    FAILED = "FAILED"


WAITING = (CommandStatus.ACCEPTED, CommandStatus.SENT)
ORDINARY, URGENT = 0, 9


class DeviceCommand(Identified, Base):
    """One command to a charger or one of its connectors."""

    __tablename__ = "device_command"
    __table_args__ = (
        one_of("kind", CommandKind),
        one_of("status", CommandStatus),
        CheckConstraint(f"connector BETWEEN 0 AND {MOST_CONNECTORS}", name="connector"),
        CheckConstraint("priority BETWEEN 0 AND 9", name="priority"),
        CheckConstraint("status <> 'SENT' OR sent_at IS NOT NULL", name="sent"),
        CheckConstraint("status NOT IN ('TIMED_OUT', 'FAILED') OR reason <> ''", name="reason"),
        Index("ix_device_command_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_device_command_newest", "created_at", "id"),
        Index("ix_device_command_charger", "charger_id", "created_at", "id"),
        Index("ix_device_command_owner", "owner_contact_id", "created_at", "id"),
        Index("ix_device_command_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_device_command_session", "session_id", postgresql_where=text("session_id IS NOT NULL")),
        Index(
            "ix_device_command_waiting",
            "charger_id",
            text("priority DESC"),
            "requested_at",
            postgresql_where=text("status IN ('ACCEPTED', 'SENT')"),
        ),
        Index("ix_device_command_deadline", "deadline_at", postgresql_where=text("status IN ('ACCEPTED', 'SENT')")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"))
    owner_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """The charger's owner and channel when it was asked for."""
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    connector: Mapped[int | None] = mapped_column(Integer)
    """None: the charger as a whole."""
    kind: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    status: Mapped[str] = mapped_column(server_default=CommandStatus.ACCEPTED.value)
    reason: Mapped[str] = mapped_column(server_default="")
    """Why it failed or timed out: a stable code, or what the charger said."""
    session_id: Mapped[UUID | None]
    """The charging session that it starts or ends; no foreign key, sessions are above."""
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    requested_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    sent_by: Mapped[str | None]
    """The process that sent it."""
    deadline_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))


_SEEN = "EXISTS (SELECT 1 FROM charger c WHERE c.id = charger_id)"
_OWNS = f"EXISTS (SELECT 1 FROM charger c WHERE c.id = charger_id AND c.owner_contact_id = {OWN_CONTACT})"  # noqa: S608  # constants
_FROM_OUTSIDE = "status IN ('ACCEPTED', 'FAILED') AND sent_at IS NULL"
"""Whoever asks for a command or takes it back never says that it was sent or answered."""
_TAKING_BACK = ("status", "reason", "answered_at")
_OWN = f"owner_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"
protect(
    DeviceCommand,
    staff=Rule(
        OF_THE_ENTITY,
        "SELECT, INSERT, UPDATE",
        writes=f"{OF_THE_ENTITY} AND {_SEEN} AND {_FROM_OUTSIDE}",
        updates=_TAKING_BACK,
    ),
    partner=Rule(
        OF_THE_CHANNEL,
        "SELECT, INSERT, UPDATE",
        writes=f"{OF_THE_CHANNEL} AND {_SEEN} AND {_FROM_OUTSIDE}",
        updates=_TAKING_BACK,
    ),
    customer=Rule(
        _OWN,
        "SELECT, INSERT, UPDATE",
        writes=f"{_OWN} AND {_OWNS} AND {_FROM_OUTSIDE}",
        updates=_TAKING_BACK,
    ),
    technician=Rule(
        OF_THE_ENTITY,
        "SELECT, INSERT, UPDATE",
        writes=f"{OF_THE_ENTITY} AND {_SEEN} AND {_FROM_OUTSIDE}",
        updates=_TAKING_BACK,
    ),
    explain={
        "staff": "The charger is of one of the actor's business entities.",
        "partner": "The actor's organization was in the channel of the charger.",
        "customer": "The charger was the actor's own when the command was given.",
        "technician": "The charger is of a business entity that the actor works for.",
    },
)
listed(Listed("device_command", "device_command", None))
