"""Tokens by which drivers are known, charging sessions, and what chargers reported of them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.chargers.models import MOST_CONNECTORS, Protocol
from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Texts, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, protect


class TokenKind(StrEnum):
    RFID = "RFID"
    """A card or tag."""
    APP = "APP"
    """Drawn by the platform for somebody who starts sessions by login; one per person and entity."""
    VEHICLE = "VEHICLE"
    """By which a vehicle names itself (AutoCharge, Plug and Charge)."""


class TokenStatus(StrEnum):
    ACCEPTED = "ACCEPTED"
    BLOCKED = "BLOCKED"


class SessionState(StrEnum):
    STARTING = "STARTING"
    """Asked for; the charger has not said that it has begun."""
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"


OPEN = (SessionState.STARTING, SessionState.ACTIVE, SessionState.PAUSED)


class SessionMark(StrEnum):
    """What is not as it should be about a session."""

    OFFLINE_START = "OFFLINE_START"
    """It began while the charger was not connected: nobody was asked whether the driver may."""
    NO_START = "NO_START"
    """The charger never said that it began."""
    NO_STOP = "NO_STOP"
    """The charger never said that it ended: a rule ended it at the last sign of life."""
    LATE_STOP = "LATE_STOP"
    """The charger said when it ended after a rule had ended it."""
    STUCK_TRANSACTION = "STUCK_TRANSACTION"
    """It was told to stop, or went on for too long, and did not end: a rule ended it."""
    NEVER_STARTED = "NEVER_STARTED"
    """Asked for, and never begun: nothing was charged and nothing is billed."""
    METER_RESTARTED = "METER_RESTARTED"
    """The register went back or jumped while it charged: its parts are added up."""
    METER_MISSING = "METER_MISSING"
    """No meter reading at its start or end: the nearest reading is taken."""
    CLOCK_CORRECTED = "CLOCK_CORRECTED"
    """The charger's clock was impossible: the time of receipt is taken."""
    ENERGY_ESTIMATED = "ENERGY_ESTIMATED"
    """Part of the energy is not in any plausible reading: that part counts as nothing."""
    CHARGER_REBOOTED = "CHARGER_REBOOTED"
    CHARGER_REPLACED = "CHARGER_REPLACED"
    UNKNOWN_TOKEN = "UNKNOWN_TOKEN"  # noqa: S105  # a mark
    """Begun with a token that nobody here knows."""
    REFUSED_TOKEN = "REFUSED_TOKEN"  # noqa: S105  # a mark
    """Begun with a token that may not charge there."""
    CLOSED_BY_STAFF = "CLOSED_BY_STAFF"


class ClosedBy(StrEnum):
    CHARGER = "CHARGER"
    RULE = "RULE"
    STAFF = "STAFF"


class ReportKind(StrEnum):
    STARTED = "STARTED"
    UPDATED = "UPDATED"
    ENDED = "ENDED"


class ReportSource(StrEnum):
    CHARGER = "CHARGER"
    COMMAND = "COMMAND"
    """The charger acknowledged a command that pauses or resumes."""
    STATUS = "STATUS"
    """The status of the connector changed."""


_OWN_TOKEN = f"contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"


class IdToken(Identified, Updated, Base):
    """By which a driver is known to chargers: capitals, at most 36 characters; unique in its entity."""

    __tablename__ = "id_token"
    __table_args__ = (
        one_of("kind", TokenKind),
        one_of("status", TokenStatus),
        CheckConstraint("token = upper(token) AND length(token) BETWEEN 1 AND 36", name="token"),
        UniqueConstraint("entity_id", "token"),
        Index("uq_id_token_app", "entity_id", "contact_id", unique=True, postgresql_where=text("kind = 'APP'")),
        Index("ix_id_token_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_id_token_newest", "created_at", "id"),
        Index("ix_id_token_contact", "contact_id", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    token: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default=TokenKind.RFID.value)
    label: Mapped[str] = mapped_column(server_default="")
    """What its holder calls it."""
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    """Who charges with it, and is billed: a person or an organization."""
    charger_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Private chargers of others at which it may charge as well."""
    status: Mapped[str] = mapped_column(server_default=TokenStatus.ACCEPTED.value)
    blocked_reason: Mapped[str] = mapped_column(server_default="")
    valid_until: Mapped[datetime | None]


protect(
    IdToken,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    customer=Rule(_OWN_TOKEN, "SELECT, UPDATE", updates=("status", "blocked_reason", "updated_at")),
    explain={
        "staff": "The token is of one of the actor's business entities.",
        "customer": "The token is the actor's.",
    },
)


class ChargingSession(Identified, Updated, Base):
    """Somebody charges, has charged or is about to charge at a connector: at most one of them is open."""

    __tablename__ = "charging_session"
    __table_args__ = (
        one_of("state", SessionState),
        CheckConstraint("closed_by IN ('CHARGER', 'RULE', 'STAFF')", name="closed_by"),
        CheckConstraint(f"protocol IN {tuple(p.value for p in Protocol)}", name="protocol"),
        CheckConstraint(f"marks <@ ARRAY[{', '.join(repr(m.value) for m in SessionMark)}]", name="marks"),
        CheckConstraint(f"connector BETWEEN 1 AND {MOST_CONNECTORS}", name="connector"),
        CheckConstraint("energy_wh >= 0 AND paused_seconds >= 0", name="amounts"),
        CheckConstraint("target_wh > 0", name="target_wh"),
        CheckConstraint("milestone IN (0, 25, 50, 75, 100)", name="milestone"),
        CheckConstraint("ended_at >= started_at", name="times"),
        CheckConstraint("(state = 'COMPLETED') = (ended_at IS NOT NULL)", name="ended_at"),
        CheckConstraint("(state = 'COMPLETED') = (closed_by IS NOT NULL)", name="closed"),
        CheckConstraint("(state = 'PAUSED') = (paused_at IS NOT NULL)", name="paused_at"),
        UniqueConstraint("entity_id", "number"),
        Index("uq_charging_session_transaction", "charger_id", "transaction_id", unique=True),
        Index(
            "uq_charging_session_open",
            "charger_id",
            "connector",
            unique=True,
            postgresql_where=text("state <> 'COMPLETED'"),
        ),
        Index("ix_charging_session_at_charger", "charger_id", "connector", "started_at"),
        Index("ix_charging_session_ended", "charger_id", "ended_at"),
        Index("ix_charging_session_number_at_charger", "charger_id", "transaction_number"),
        Index("ix_charging_session_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_charging_session_newest", "created_at", "id"),
        Index("ix_charging_session_entity_started", "entity_id", "started_at", "id"),
        Index("ix_charging_session_owner", "owner_contact_id", "created_at", "id"),
        Index("ix_charging_session_driver", "driver_contact_id", "created_at", "id"),
        Index("ix_charging_session_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_charging_session_token", "id_token_id", postgresql_where=text("state <> 'COMPLETED'")),
        Index("ix_charging_session_open", "heard_at", postgresql_where=text("state <> 'COMPLETED'")),
        Index("ix_charging_session_recount", "recount_at", postgresql_where=text("recount_at IS NOT NULL")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    number: Mapped[str]
    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"))
    connector: Mapped[int] = mapped_column(Integer)
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    owner_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """The charger's owner and channel when it began."""
    driver_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """Whose token it was begun with; at a private charger that asks for none its owner; else nobody knows."""
    id_token: Mapped[str | None]
    """As the charger gave it."""
    id_token_id: Mapped[UUID | None] = mapped_column(ForeignKey("id_token.id"))
    transaction_id: Mapped[str | None]
    """By which the charger names it; None until it has begun."""
    transaction_number: Mapped[int | None] = mapped_column(Integer)
    """Where the platform drew the transaction's id: from 1 at each charger."""
    protocol: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=SessionState.STARTING.value)
    started_at: Mapped[datetime]
    """Until it has begun: when it was asked for."""
    ended_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    stop_reason: Mapped[str] = mapped_column(server_default="")
    """What the charger said, or the rule that ended it."""
    paused_at: Mapped[datetime | None]
    paused_seconds: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
    """Of pauses that are over."""
    meter_start_wh: Mapped[int | None] = mapped_column(BigInteger)
    meter_wh: Mapped[int | None] = mapped_column(BigInteger)
    """The register as it was read last, at `meter_at`."""
    meter_at: Mapped[datetime | None]
    energy_wh: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    power_w: Mapped[int | None] = mapped_column(Integer)
    soc_percent: Mapped[int | None] = mapped_column(SmallInteger)
    target_wh: Mapped[int | None] = mapped_column(BigInteger)
    """What the driver wants, where it was said."""
    milestone: Mapped[int | None] = mapped_column(SmallInteger)
    """The quarter that was reached last, of the battery's charge, else of `target_wh`."""
    emergency: Mapped[bool] = mapped_column(Boolean, server_default=false())
    tariff_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("tariff_version.id"))
    """Which was valid when it began."""
    marks: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    heard_at: Mapped[datetime]
    """The time of the last report or reading of it."""
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    stop_requested_at: Mapped[datetime | None]
    recount_at: Mapped[datetime | None]
    """When its energy is to be counted anew, since readings came late or were corrected."""
    usage_digest: Mapped[str | None]
    """Of its segments when it was counted last: what a bill depends on."""


_TOKEN = ("id_token",)
_TECHNICAL = ("requested_by", "recount_at", "usage_digest", "heard_at", "stop_requested_at", "transaction_number")
_TO_CUSTOMER = (
    f"(owner_contact_id = {OWN_CONTACT} OR driver_contact_id = {OWN_CONTACT}) AND entity_id = ANY ({{entities}})"
)
protect(
    ChargingSession,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(OF_THE_CHANNEL, hidden=(*_TOKEN, *_TECHNICAL, "driver_contact_id", "id_token_id")),
    customer=Rule(_TO_CUSTOMER, hidden=(*_TOKEN, *_TECHNICAL)),
    system_may="SELECT, INSERT, UPDATE",
    explain={
        "staff": "The session is of one of the actor's business entities.",
        "partner": "The actor's organization was in the channel of the charger.",
        "customer": "The actor charged, or it was the actor's charger.",
    },
)
listed(
    Listed(
        "charging_session",
        "charging_session",
        "concat_ws(' ', r.number, "
        "(SELECT concat_ws(' ', c.identity, c.name) FROM charger c WHERE c.id = r.charger_id))",
        contact_ids="array_remove(ARRAY[r.owner_contact_id, r.driver_contact_id], NULL)",
    )
)


class SessionReport(Identified, Base):
    """What was reported of a session, each once: the session is what follows from all of them and the readings."""

    __tablename__ = "session_report"
    __table_args__ = (
        one_of("kind", ReportKind),
        one_of("source", ReportSource),
        CheckConstraint("charging_state IN ('CHARGING', 'SUSPENDED')", name="charging_state"),
        CheckConstraint("meter_wh >= 0", name="meter_wh"),
        UniqueConstraint("charger_id", "key"),
        Index("ix_session_report_session", "session_id", "at"),
        Index("ix_session_report_entity", "entity_id", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("charging_session.id"))
    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"))
    key: Mapped[str]
    """What is the same when the report is sent again."""
    kind: Mapped[str]
    source: Mapped[str] = mapped_column(server_default=ReportSource.CHARGER.value)
    at: Mapped[datetime]
    """By the charger's clock; the time of receipt where that is impossible."""
    corrected: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    """Whether the charger's clock was impossible."""
    sequence: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
    meter_wh: Mapped[int | None] = mapped_column(BigInteger)
    id_token: Mapped[str | None]
    charging_state: Mapped[str | None]
    reason: Mapped[str] = mapped_column(server_default="")
    offline: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)


protect(
    SessionReport,
    staff=Rule(OF_THE_ENTITY),
    system_may="SELECT, INSERT, UPDATE",
    explain={"staff": "The session is of one of the actor's business entities."},
)


class SessionHour(Base):
    """What of a session that has ended lies in one hour: what use by hour, day and charger is summed from."""

    __tablename__ = "session_hour"
    __table_args__ = (
        CheckConstraint("energy_wh >= 0", name="energy_wh"),
        CheckConstraint("connected_seconds BETWEEN 0 AND 3600", name="connected_seconds"),
        CheckConstraint("charging_seconds BETWEEN 0 AND connected_seconds", name="charging_seconds"),
        Index("ix_session_hour_entity", "entity_id", "hour"),
        Index("ix_session_hour_charger", "charger_id", "hour"),
        Index("ix_session_hour_owner", "owner_contact_id", "hour"),
        Index("ix_session_hour_channel", "channel_organization_ids", postgresql_using="gin"),
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("charging_session.id"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    """When it begins; an hour of Amsterdam is an hour of UTC."""
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"))
    owner_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    energy_wh: Mapped[int] = mapped_column(BigInteger)
    connected_seconds: Mapped[int] = mapped_column(Integer)
    charging_seconds: Mapped[int] = mapped_column(Integer)


protect(
    SessionHour,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(OF_THE_CHANNEL),
    customer=Rule(f"owner_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"),
    explain={
        "staff": "The session is of one of the actor's business entities.",
        "partner": "The actor's organization was in the channel of the charger.",
        "customer": "It was the actor's charger.",
    },
)
