"""What is known of a charger's condition, its alerts, and the maintenance that somebody planned from them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.chargers.models import Protocol
from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Updated, UUIDs, one_of, references
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, protect


class Severity(StrEnum):
    """How bad it is, the least first."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class AlertState(StrEnum):
    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    """Somebody deals with it."""
    CLOSED = "CLOSED"


class AlertSource(StrEnum):
    """Who noticed."""

    DEVICE = "DEVICE"
    RULE = "RULE"


class Code(StrEnum):
    """What the platform's own rules notice; devices bring codes of their own."""

    OFFLINE = "OFFLINE"
    OVER_TEMPERATURE = "OVER_TEMPERATURE"
    CONNECTOR_FAULTED = "CONNECTOR_FAULTED"
    ERROR_RATE = "ERROR_RATE"
    DEGRADED_POWER = "DEGRADED_POWER"
    FAILURE_PREDICTED = "FAILURE_PREDICTED"
    MANY_ALERTS = "MANY_ALERTS"
    """A device has more alerts open than are kept apart."""


class TaskState(StrEnum):
    OPEN = "OPEN"
    """To be given a visit, or to be done without one."""
    SCHEDULED = "SCHEDULED"
    """A visit is to deal with it."""
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class ChargerHealth(Base):
    """The condition of a charger as last computed. Figures are of the last seven days unless they say otherwise."""

    __tablename__ = "charger_health"
    __table_args__ = (
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        CheckConstraint("power_percent BETWEEN 0 AND 1000", name="power_percent"),
        Index("ix_charger_health_score", "entity_id", "score", "charger_id"),
        Index("ix_charger_health_computed", "computed_at"),
    )

    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"), primary_key=True)
    entity_id: Mapped[UUID] = references("business_entity.id")
    score: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How likely it fails, see domain/health/scoring.py."""
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    offline_since: Mapped[datetime | None]
    temperature_dc: Mapped[int | None] = mapped_column(Integer)
    """Highest of the last 24 hours, tenths of a degree Celsius."""
    faults: Mapped[int] = mapped_column(Integer, server_default="0")
    restarts: Mapped[int] = mapped_column(Integer, server_default="0")
    outages: Mapped[int] = mapped_column(Integer, server_default="0")
    sessions: Mapped[int] = mapped_column(Integer, server_default="0")
    failed_sessions: Mapped[int] = mapped_column(Integer, server_default="0")
    power_w: Mapped[int | None] = mapped_column(Integer)
    """What it delivers in its good hours of late."""
    expected_power_w: Mapped[int | None] = mapped_column(Integer)
    """What it delivered in such hours before, never more than its rating."""
    power_percent: Mapped[int | None] = mapped_column(Integer)
    power_hours: Mapped[int] = mapped_column(Integer, server_default="0")
    """Comparable hours of late."""
    power_at: Mapped[datetime | None]
    """When its power was looked at: once a day."""
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())


_ITS_CHARGER = "EXISTS (SELECT 1 FROM charger c WHERE c.id = charger_id AND {}) AND entity_id = ANY ({{entities}})"
_OF_ITS_OWNER = _ITS_CHARGER.format(f"c.owner_contact_id = {OWN_CONTACT}")
_OF_ITS_CHANNEL = _ITS_CHARGER.format("c.channel_organization_ids @> ARRAY[{organization}]")
_EXPLAINED = {
    "staff": "The charger is of one of the actor's business entities.",
    "partner": "The charger came through the actor's organization.",
    "customer": "The charger is the actor's.",
    "technician": "The charger is of a business entity that the actor works for.",
}
protect(
    ChargerHealth,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(_OF_ITS_CHANNEL),
    customer=Rule(_OF_ITS_OWNER),
    technician=Rule(OF_THE_ENTITY),
    explain=_EXPLAINED,
)


class ChargerTroubleHour(Base):
    """What went wrong with a charger in an hour, counted."""

    __tablename__ = "charger_trouble_hour"
    __table_args__ = (
        PrimaryKeyConstraint("charger_id", "hour"),
        CheckConstraint("faults >= 0 AND restarts >= 0 AND outages >= 0", name="counts"),
        Index("ix_charger_trouble_hour_hour", "hour"),
    )

    charger_id: Mapped[UUID] = references("charger.id")
    entity_id: Mapped[UUID] = references("business_entity.id")
    hour: Mapped[datetime]
    faults: Mapped[int] = mapped_column(Integer, server_default="0")
    """Connectors that failed, and warnings of the device itself."""
    restarts: Mapped[int] = mapped_column(Integer, server_default="0")
    outages: Mapped[int] = mapped_column(Integer, server_default="0")


protect(ChargerTroubleHour, staff=Rule(OF_THE_ENTITY), explain={"staff": _EXPLAINED["staff"]})


class Hearing(Base):
    """Whether the platform hears the chargers of a protocol: where most fall silent at once, it is not each of them."""

    __tablename__ = "charger_hearing"
    __table_args__ = (one_of("protocol", Protocol),)

    protocol: Mapped[str] = mapped_column(primary_key=True)
    deaf_since: Mapped[datetime | None]
    heard_since: Mapped[datetime | None]
    """When it was deaf last until; from then on chargers have time to come back."""


protect(Hearing)


class _OfACharger:
    """Whom a row of a charger concerns: as its charger has it while it is open, by a trigger (triggers.py)."""

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"))
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    owner_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))


class ChargerAlert(_OfACharger, Identified, Updated, Base):
    """Something that is wrong with a charger; while it is open, the same again is counted."""

    __tablename__ = "charger_alert"
    __table_args__ = (
        one_of("severity", Severity),
        one_of("state", AlertState),
        one_of("source", AlertSource),
        CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9_]{0,63}$'", name="code"),
        CheckConstraint("(state = 'CLOSED') = (closed_at IS NOT NULL)", name="closed"),
        CheckConstraint("state <> 'ACKNOWLEDGED' OR acknowledged_at IS NOT NULL", name="acknowledged"),
        CheckConstraint("occurrences >= 1", name="occurrences"),
        CheckConstraint("last_at >= opened_at", name="last_at"),
        Index("uq_charger_alert_open", "charger_id", "code", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_charger_alert_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_charger_alert_newest", "created_at", "id"),
        Index("ix_charger_alert_entity_state", "entity_id", "state", "created_at", "id"),
        Index("ix_charger_alert_charger", "charger_id", "created_at", "id"),
        Index("ix_charger_alert_owner", "owner_contact_id", "created_at", "id"),
        Index("ix_charger_alert_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_charger_alert_task", "maintenance_task_id"),
        Index("ix_charger_alert_waiting", "code", "last_at", postgresql_where=text("closed_at IS NULL")),
    )

    connector: Mapped[int | None] = mapped_column(Integer)
    code: Mapped[str]
    severity: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=AlertState.OPEN.value)
    source: Mapped[str] = mapped_column(server_default=AlertSource.DEVICE.value)
    text: Mapped[str] = mapped_column(server_default="")
    """What the device or the rule said last."""
    occurrences: Mapped[int] = mapped_column(Integer, server_default="1")
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    """None where a rule closed it."""
    close_reason: Mapped[str] = mapped_column(server_default="")
    maintenance_task_id: Mapped[UUID | None] = mapped_column(ForeignKey("maintenance_task.id"))


class MaintenanceTask(_OfACharger, Identified, Updated, Base):
    """Work on a charger that somebody has to see to by a day: from alerts, from its score, or for its own sake."""

    __tablename__ = "maintenance_task"
    __table_args__ = (
        one_of("state", TaskState),
        one_of("priority", Severity),
        CheckConstraint("(state = 'SCHEDULED') <= (visit_id IS NOT NULL)", name="visit"),
        CheckConstraint("(state IN ('DONE', 'CANCELLED')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        Index("ix_maintenance_task_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_maintenance_task_newest", "created_at", "id"),
        Index("ix_maintenance_task_entity_state", "entity_id", "state", "created_at", "id"),
        Index("ix_maintenance_task_charger", "charger_id", "created_at", "id"),
        Index("ix_maintenance_task_owner", "owner_contact_id", "created_at", "id"),
        Index("ix_maintenance_task_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_maintenance_task_visit", "visit_id"),
    )

    title: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=TaskState.OPEN.value)
    priority: Mapped[str] = mapped_column(server_default=Severity.WARNING.value)
    due_on: Mapped[date] = mapped_column(Date)
    assigned_to: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    """Who sees to it."""
    note: Mapped[str] = mapped_column(server_default="")
    score: Mapped[int | None] = mapped_column(SmallInteger)
    """The charger's score when it was planned."""
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Those of the score at that time."""
    visit_id: Mapped[UUID | None] = mapped_column(ForeignKey("visit.id"))
    planned_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    outcome: Mapped[str] = mapped_column(server_default="")
    """What was done, or why nothing was."""


_TO_THE_OWNER = f"owner_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"
_OF_THE_OFFICE = ("acknowledged_by", "closed_by")
_FOR_STAFF = ("assigned_to", "note", "planned_by", "ended_by")
protect(
    ChargerAlert,
    staff=Rule(OF_THE_ENTITY, "SELECT, UPDATE"),
    partner=Rule(OF_THE_CHANNEL, hidden=_OF_THE_OFFICE),
    customer=Rule(_TO_THE_OWNER, hidden=_OF_THE_OFFICE),
    technician=Rule(OF_THE_ENTITY),
    system_may="SELECT, INSERT, UPDATE",
    explain=_EXPLAINED,
)
protect(
    MaintenanceTask,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(OF_THE_CHANNEL, hidden=_FOR_STAFF),
    customer=Rule(_TO_THE_OWNER, hidden=_FOR_STAFF),
    technician=Rule(OF_THE_ENTITY),
    system_may="SELECT, INSERT, UPDATE",
    explain=_EXPLAINED,
)
for _table, _kind in (("charger_alert", "charger_alert"), ("maintenance_task", "maintenance_task")):
    listed(Listed(_table, _kind, None))
