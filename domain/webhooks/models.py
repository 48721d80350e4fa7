"""Webhook endpoints, their deliveries, the attempts of these, and replays."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Texts, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class EndpointState(StrEnum):
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class DisabledReason(StrEnum):
    """Why an endpoint gets nothing."""

    MANUAL = "MANUAL"
    FAILING = "FAILING"
    """Everything failed for too long."""
    GONE = "GONE"
    """It answered 410."""
    DELETED = "DELETED"


class DeliveryState(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    """All attempts failed; it can be replayed."""
    SKIPPED = "SKIPPED"
    """The endpoint was disabled before it got it; it can be replayed."""


class AttemptError(StrEnum):
    """Why an attempt failed."""

    STATUS = "STATUS"
    """An answer other than 2xx; a redirect is one, none is followed."""
    TIMEOUT = "TIMEOUT"
    DNS = "DNS"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    """The name stands for an address that is not public."""
    CONNECTION = "CONNECTION"
    TLS = "TLS"
    PROTOCOL = "PROTOCOL"
    """The answer is not HTTP."""
    PAYLOAD = "PAYLOAD"
    """The selection could not be read; nothing was sent."""
    INTERRUPTED = "INTERRUPTED"
    """Our process ended meanwhile; whether it arrived is not known."""


class ReplayState(StrEnum):
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class Fault(StrEnum):
    """How a message of a sandbox is made to go wrong, once."""

    DUPLICATE = "DUPLICATE"
    """It is sent again after it arrived."""
    LATE = "LATE"
    """It is sent an hour late."""
    OUT_OF_ORDER = "OUT_OF_ORDER"
    """It is sent after the next one about the same subject."""
    BAD_SIGNATURE = "BAD_SIGNATURE"
    """It is sent with a signature that is not ours first."""
    SERVER_ERROR = "SERVER_ERROR"
    """The first attempt is not sent, and counts as answered 500."""
    TIMEOUT = "TIMEOUT"
    """The first attempt is sent, and its answer counts as lost."""


class WebhookEndpoint(Identified, Updated, Base):
    """An address of a partner, or of the entity's own systems, that is told what happened."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        one_of("state", EndpointState),
        CheckConstraint(
            f"disabled_reason IN {tuple(reason.value for reason in DisabledReason)}", name="disabled_reason"
        ),
        CheckConstraint("(state = 'DISABLED') = (disabled_at IS NOT NULL)", name="disabled_at"),
        CheckConstraint("(state = 'DISABLED') = (disabled_reason IS NOT NULL)", name="disabled_with_reason"),
        CheckConstraint("(previous_secret IS NULL) = (overlap_until IS NULL)", name="previous_secret"),
        CheckConstraint("attempts BETWEEN 1 AND 20", name="attempts"),
        CheckConstraint("retry_seconds BETWEEN 1 AND 3600", name="retry_seconds"),
        CheckConstraint("retry_factor BETWEEN 1 AND 10", name="retry_factor"),
        CheckConstraint("retry_longest_seconds BETWEEN 1 AND 86400", name="retry_longest_seconds"),
        Index("ix_webhook_endpoint_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_webhook_endpoint_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_webhook_endpoint_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """The partner whose it is; none for one of the entity itself."""
    url: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    event_types: Mapped[Texts]
    """Types of events, or `subject.*`."""
    selection: Mapped[str | None]
    """Fields of GraphQL's WebhookPayload; none means those of the partner document."""
    contact_emails: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Who is told when deliveries fail."""
    language: Mapped[str] = mapped_column(server_default="nl")
    mail_fallback: Mapped[bool] = mapped_column(Boolean, server_default=true())
    """Whether an update that could not be delivered is mailed to the contacts (N8)."""
    state: Mapped[str] = mapped_column(server_default=EndpointState.ENABLED.value)
    disabled_reason: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    attempts: Mapped[int | None] = mapped_column(Integer)
    """This and the next three: its own policy where it differs from the platform's."""
    retry_seconds: Mapped[int | None] = mapped_column(Integer)
    retry_factor: Mapped[float | None] = mapped_column(Float)
    retry_longest_seconds: Mapped[int | None] = mapped_column(Integer)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted, as is the previous one, which signs too until it expires."""
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    overlap_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    """Time of the first failed attempt since the last that succeeded."""
    failed_in_a_row: Mapped[int] = mapped_column(Integer, server_default="0")
    """Deliveries given up since the last one that arrived."""
    alerted_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    faults: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Of a sandbox: how its messages are made to go wrong; see faults.py."""
    created_by_user_id: Mapped[UUID | None]


_ROLE = "(SELECT current_setting('chargecars.role', true))"
_OWN_ORGANIZATION = f"organization_id = {{organization}} AND {OF_THE_ENTITY} AND {_ROLE} = 'PARTNER_ADMIN'"
_SECRETS = ("secret", "previous_secret")
_EXPLAIN = {
    "staff": "The endpoint is of one of the actor's business entities.",
    "partner": "The actor administers the organization whose endpoint it is.",
}
protect(
    WebhookEndpoint,
    staff=Rule(f"{OF_THE_ENTITY} AND deleted_at IS NULL", hidden=_SECRETS),
    partner=Rule(f"{_OWN_ORGANIZATION} AND deleted_at IS NULL", hidden=_SECRETS),
    explain=_EXPLAIN,
)


class WebhookReplay(Identified, Base):
    """Events of a range that an endpoint is told again, or for the first time: queued a batch at a time."""

    __tablename__ = "webhook_replay"
    __table_args__ = (
        one_of("state", ReplayState),
        Index("ix_webhook_replay_endpoint", "endpoint_id", "created_at", "id"),
        Index("ix_webhook_replay_running", "created_at", postgresql_where=text("state = 'RUNNING'")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id"))
    state: Mapped[str] = mapped_column(server_default=ReplayState.RUNNING.value)
    undelivered_only: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether what arrived before is left out."""
    after_position: Mapped[int] = mapped_column(BigInteger)
    """Moves on with every batch."""
    until_position: Mapped[int] = mapped_column(BigInteger)
    """The last position that belongs to it."""
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    examined: Mapped[int] = mapped_column(Integer, server_default="0")
    """Events looked at."""
    queued: Mapped[int] = mapped_column(Integer, server_default="0")
    """Deliveries that it queued."""
    finished_at: Mapped[datetime | None]
    created_by_user_id: Mapped[UUID | None]


protect(WebhookReplay, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN_ORGANIZATION), explain=_EXPLAIN)


class WebhookDelivery(Identified, Base):
    """One event for one endpoint. Its id is the `webhook-id`: the same in every attempt and replay."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        one_of("state", DeliveryState),
        UniqueConstraint("endpoint_id", "event_id"),
        Index("ix_webhook_delivery_due", "endpoint_id", "next_attempt_at", postgresql_where=text("state = 'PENDING'")),
        Index(
            "ix_webhook_delivery_subject",
            "endpoint_id",
            "subject_id",
            "position",
            postgresql_where=text("state = 'PENDING'"),
        ),
        Index(
            "ix_webhook_delivery_unwritten", "created_at", postgresql_where=text("state = 'PENDING' AND body IS NULL")
        ),
        Index("ix_webhook_delivery_about", "subject_id"),
        Index("ix_webhook_delivery_leased", "lease_until", postgresql_where=text("lease_until IS NOT NULL")),
        Index("ix_webhook_delivery_endpoint_newest", "endpoint_id", "created_at", "id"),
        Index("ix_webhook_delivery_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_webhook_delivery_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_webhook_delivery_newest", "created_at", "id"),
        CheckConstraint(f"fault IN {tuple(fault.value for fault in Fault)}", name="fault"),
        Index("ix_webhook_delivery_replay", "replay_id", postgresql_where=text("replay_id IS NOT NULL")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id"))
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    event_at: Mapped[datetime]
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(BigInteger)
    """The event's place in the log: what is told of one subject is told in this order."""
    body: Mapped[str | None]
    """The JSON that every attempt carries; NULL until it could be read once."""
    test: Mapped[bool] = mapped_column(Boolean, server_default=false())
    state: Mapped[str] = mapped_column(server_default=DeliveryState.PENDING.value)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    attempts_before: Mapped[int] = mapped_column(Integer, server_default="0")
    """Attempts that do not count against the policy: those before the last replay, and interrupted ones."""
    interruptions: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    """Until when the process that makes an attempt is believed to live."""
    last_status: Mapped[int | None] = mapped_column(Integer)
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]
    """When the update was mailed instead; once, however often it is replayed."""
    replay_id: Mapped[UUID | None] = mapped_column(ForeignKey("webhook_replay.id"))
    fault: Mapped[str | None]
    """In a sandbox: how it is made to go wrong."""
    fault_due: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether that is still to happen."""


protect(WebhookDelivery, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN_ORGANIZATION), explain=_EXPLAIN)


class WebhookAttempt(Identified, Base):
    """One request of a delivery, written before it is sent; `finished_at` is NULL while it is under way."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (
        CheckConstraint(f"error IN {tuple(error.value for error in AttemptError)}", name="error"),
        CheckConstraint(f"fault IN {tuple(fault.value for fault in Fault)}", name="fault"),
        CheckConstraint("octet_length(response_body) <= 8192", name="response_body"),
        UniqueConstraint("delivery_id", "number"),
        Index("ix_webhook_attempt_endpoint", "endpoint_id", "created_at"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id"))
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_delivery.id"))
    number: Mapped[int] = mapped_column(Integer)
    url: Mapped[str]
    finished_at: Mapped[datetime | None]
    status: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None]
    """NULL when it arrived."""
    detail: Mapped[str | None]
    """The failure in words."""
    latency_ms: Mapped[int | None] = mapped_column(Integer)
    address: Mapped[str | None]
    """The IP address that the request went to."""
    request_headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    response_headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    response_body: Mapped[str | None]
    """The first 2 kB."""
    fault: Mapped[str | None]
    """In a sandbox: how this attempt was made to go wrong."""


protect(WebhookAttempt, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN_ORGANIZATION), explain=_EXPLAIN)
