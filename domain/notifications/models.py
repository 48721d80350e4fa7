"""Notifications, their deliveries, the templates they are written by and what recipients want."""

from datetime import datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Time,
    UniqueConstraint,
    false,
    func,
    true,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Texts, Updated, UUIDs, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class Channel(StrEnum):
    """How a notification reaches somebody."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    WHATSAPP = "WHATSAPP"
    PUSH = "PUSH"
    IN_APP = "IN_APP"


class Language(StrEnum):
    NL = "nl"
    EN = "en"


class DeliveryState(StrEnum):
    QUEUED = "QUEUED"
    """Waits for its time, or for the provider."""
    SENT = "SENT"
    """The provider has accepted it."""
    DELIVERED = "DELIVERED"
    """It arrived."""
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
    """It was not to be sent; the reason says why."""


class DeliveryReason(StrEnum):
    """Why a delivery failed or was suppressed."""

    NOT_CONFIGURED = "NOT_CONFIGURED"
    """The installation has no provider for the channel."""
    NO_ADDRESS = "NO_ADDRESS"
    """The recipient has no address for the channel."""
    OPTED_OUT = "OPTED_OUT"
    """The recipient does not want it, or never agreed to it."""
    BOUNCED = "BOUNCED"
    """The address does not exist, now or when it was last tried."""
    REFUSED = "REFUSED"
    """The provider refused it."""
    GIVEN_UP = "GIVEN_UP"
    """It was tried as often as it is tried."""
    ERASED = "ERASED"
    """The recipient's data was erased before it was sent."""
    COMPLAINED = "COMPLAINED"
    """The recipient marked it as unwanted."""
    OUTDATED = "OUTDATED"
    """It was no longer so before it was sent."""
    SANDBOX = "SANDBOX"
    """Nothing leaves a sandbox; set by a trigger."""


class NotificationTemplate(Identified, Base):
    """One version of a text for a kind, a channel and a language; of one entity, and there of a brand or partner."""

    __tablename__ = "notification_template"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("language", Language),
        CheckConstraint("version > 0", name="version"),
        UniqueConstraint(
            "entity_id",
            "brand_id",
            "organization_id",
            "kind",
            "channel",
            "language",
            "version",
            name="uq_notification_template_version",
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "uq_notification_template_active",
            "entity_id",
            "brand_id",
            "organization_id",
            "kind",
            "channel",
            "language",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sql("active"),
        ),
        Index("ix_notification_template_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_notification_template_organization", "organization_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    brand_id: Mapped[UUID | None] = mapped_column(ForeignKey("brand.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """The partner whose own wording it is."""
    kind: Mapped[str]
    channel: Mapped[str]
    language: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    subject: Mapped[str] = mapped_column(server_default="")
    text: Mapped[str]
    html: Mapped[str | None]
    """The letter's inner part; made from the text where there is none."""
    note: Mapped[str] = mapped_column(server_default="")
    """What the author says of this version."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=false())


protect(
    NotificationTemplate,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=("active",)),
    explain={"staff": "The template is of one of the actor's business entities."},
)


class Notification(Identified, Base):
    """One message to one recipient; `key` makes it exactly one, however often its cause is looked at."""

    __tablename__ = "notification"
    __table_args__ = (
        one_of("language", Language),
        CheckConstraint("num_nonnulls(contact_id, user_id) = 1", name="recipient"),
        Index("ix_notification_user", "user_id", "created_at", "id"),
        Index("ix_notification_contact", "contact_id", "created_at", "id"),
        Index("ix_notification_newest", "created_at", "id"),
        Index(
            "ix_notification_unread_user",
            "user_id",
            "entity_id",
            postgresql_where=sql("read_at IS NULL AND in_app AND user_id IS NOT NULL"),
        ),
        Index(
            "ix_notification_unread_contact",
            "contact_id",
            "entity_id",
            postgresql_where=sql("read_at IS NULL AND in_app AND contact_id IS NOT NULL"),
        ),
        Index("ix_notification_subject", "subject_id"),
        Index("ix_notification_facts", "created_at", postgresql_where=sql("facts IS NOT NULL")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    key: Mapped[str] = mapped_column(unique=True)
    """What it is about and for whom: a second one with the same key is not made."""
    kind: Mapped[str]
    category: Mapped[str]
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"), index=True)
    """The organization on whose behalf the recipient is told: communication is grouped by it (T6)."""
    brand_id: Mapped[UUID | None] = mapped_column(ForeignKey("brand.id"))
    subject_type: Mapped[str]
    """GraphQL type of what it is about."""
    subject_id: Mapped[UUID]
    chain_organization_ids: Mapped[UUIDs] = mapped_column(server_default=sql("'{}'"))
    """The partners that what it is about came through, from the root down: theirs may be the words."""
    language: Mapped[str]
    title: Mapped[str] = mapped_column(server_default="")
    text: Mapped[str] = mapped_column(server_default="")
    """What the inbox shows."""
    in_app: Mapped[bool] = mapped_column(Boolean, server_default=true())
    """Whether the inbox shows it."""
    read_at: Mapped[datetime | None]
    reach: Mapped[Texts] = mapped_column(server_default=sql("'{}'"))
    """The channels outside the inbox in the order in which they are tried."""
    seal_context: Mapped[str]
    facts: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The values that its texts are filled in with, encrypted; erased in time."""


_UNSEEN = ("facts", "seal_context", "key", "chain_organization_ids")
_OF_THE_USER = "user_id = {user} AND entity_id = ANY ({entities})"
_TO_A_USER = Rule(_OF_THE_USER, "SELECT, UPDATE", hidden=_UNSEEN, updates=("read_at",))
protect(
    Notification,
    staff=_TO_A_USER,
    partner=_TO_A_USER,
    technician=Rule("user_id = {user}", "SELECT, UPDATE", hidden=_UNSEEN, updates=("read_at",)),
    customer=Rule(
        f"contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})",
        "SELECT, UPDATE",
        hidden=_UNSEEN,
        updates=("read_at",),
    ),
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), "The notification is to the actor."),
)


class NotificationDelivery(Identified, Base):
    """One attempt to reach the recipient of a notification over one channel, and what became of it."""

    __tablename__ = "notification_delivery"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("state", DeliveryState),
        CheckConstraint(f"reason IN {tuple(r.value for r in DeliveryReason)}", name="reason"),
        CheckConstraint("(state IN ('FAILED', 'SUPPRESSED')) = (reason IS NOT NULL)", name="reason_of_failure"),
        UniqueConstraint("notification_id", "position"),
        Index(
            "ix_notification_delivery_due",
            "next_attempt_at",
            postgresql_where=sql("state = 'QUEUED' AND channel NOT IN ('EMAIL', 'IN_APP')"),
        ),
        Index(
            "ix_notification_delivery_mail",
            "mail_id",
            unique=True,
            postgresql_where=sql("mail_id IS NOT NULL"),
        ),
        Index("ix_notification_delivery_provider", "provider_id", postgresql_where=sql("provider_id IS NOT NULL")),
        Index("ix_notification_delivery_bounced", "address", postgresql_where=sql("bounced_at IS NOT NULL")),
        Index("ix_notification_delivery_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_notification_delivery_newest", "created_at", "id"),
        Index("ix_notification_delivery_contact", "contact_id", "created_at", "id"),
        Index("ix_notification_delivery_user", "user_id", "created_at", "id"),
        Index("ix_notification_delivery_organization", "organization_id", "created_at", "id"),
        Index("ix_notification_delivery_subject", "subject_id", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notification.id"))
    position: Mapped[int] = mapped_column(Integer)
    """Counts up per notification."""
    kind: Mapped[str]
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    channel: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=DeliveryState.QUEUED.value)
    reason: Mapped[str | None]
    address: Mapped[str] = mapped_column(server_default="")
    """Where it went: a mail address, a telephone number, the recipient's name with the push provider."""
    title: Mapped[str] = mapped_column(server_default="")
    """The subject as it was sent."""
    template_id: Mapped[UUID | None] = mapped_column(ForeignKey("notification_template.id"))
    """The version it is written by; none for the platform's own text."""
    mail_id: Mapped[UUID | None] = mapped_column(ForeignKey("mail_message.id", ondelete="SET NULL"))
    provider_id: Mapped[str | None]
    """What the provider calls it."""
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """Not before this time; the end of the recipient's quiet hours where it was deferred."""
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    """Kind of the last failure, without data of the message."""


_OWN_DELIVERY = Rule(_OF_THE_USER, hidden=("last_error", "provider_id"))
protect(
    NotificationDelivery,
    staff=Rule(OF_THE_ENTITY),
    partner=_OWN_DELIVERY,
    technician=Rule("user_id = {user}", hidden=("last_error", "provider_id")),
    customer=Rule(
        f"contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})", hidden=("last_error", "provider_id")
    ),
    explain={
        "staff": "The message was sent for one of the actor's business entities.",
        "partner": "The message is to the actor.",
        "customer": "The message is to the actor.",
        "technician": "The message is to the actor.",
    },
)


class NotificationPreference(Identified, Updated, Base):
    """What one recipient wants of one business entity, beside the consent that is kept with the contact."""

    __tablename__ = "notification_preference"
    __table_args__ = (
        CheckConstraint("num_nonnulls(contact_id, user_id) = 1", name="recipient"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_hours"),
        Index(
            "uq_notification_preference_recipient",
            "entity_id",
            "contact_id",
            "user_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_notification_preference_contact", "contact_id"),
        Index("ix_notification_preference_user", "user_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    channels: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'::jsonb"))
    """`{category: [channel, …]}`, the channels in the order in which they are tried; an empty list wants none."""
    muted: Mapped[Texts] = mapped_column(server_default=sql("'{}'"))
    """Optional kinds that are not wanted."""
    quiet: Mapped[bool] = mapped_column(Boolean, server_default=true())
    """Whether there are quiet hours at all."""
    quiet_from: Mapped[time | None] = mapped_column(Time)
    quiet_until: Mapped[time | None] = mapped_column(Time)
    """On the clock of Amsterdam; those of the entity where there are none."""
    quiet_weekends: Mapped[bool | None]
    quiet_holidays: Mapped[bool | None]


_OF_THE_RECIPIENT = "SELECT, INSERT, UPDATE"
protect(
    NotificationPreference,
    staff=Rule(OF_THE_ENTITY, _OF_THE_RECIPIENT),
    partner=Rule(_OF_THE_USER, _OF_THE_RECIPIENT),
    technician=Rule(_OF_THE_USER, _OF_THE_RECIPIENT),
    customer=Rule(
        f"contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})",
        _OF_THE_RECIPIENT,
    ),
    explain={
        "staff": "The recipient is one of the actor's business entities'.",
        "partner": "The preferences are the actor's own.",
        "customer": "The preferences are the actor's own.",
        "technician": "The preferences are the actor's own.",
    },
)
