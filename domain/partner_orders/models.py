"""Integrations of partners, their signing secrets, the orders they sent, and what of these needs a person."""

from datetime import datetime
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
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Texts, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, protect


class IntegrationStatus(StrEnum):
    SETUP = "SETUP"
    """Being prepared; takes no orders yet."""
    SANDBOX = "SANDBOX"
    """Of a sandbox: takes test orders."""
    LIVE = "LIVE"
    SUSPENDED = "SUSPENDED"


class Way(StrEnum):
    """By which of the ways in an order came (N10)."""

    API = "API"
    WEBHOOK = "WEBHOOK"
    FORM = "FORM"
    EMAIL = "EMAIL"
    PORTAL = "PORTAL"
    IMPORT = "IMPORT"


class PartnerOrderStatus(StrEnum):
    RECEIVED = "RECEIVED"
    CANCELLED = "CANCELLED"


class ExceptionKind(StrEnum):
    """What a person has to look at."""

    UNMAPPED_SKU = "UNMAPPED_SKU"
    NO_PRODUCTS = "NO_PRODUCTS"
    NOT_SELLABLE = "NOT_SELLABLE"
    """Its products are known, and no offer can be made of them: no price, too many visits."""
    ADDRESS = "ADDRESS"
    DUPLICATE = "DUPLICATE"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    MAPPING_FAILED = "MAPPING_FAILED"
    REFUSED = "REFUSED"


class ExceptionState(StrEnum):
    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    DISMISSED = "DISMISSED"


class PartnerIntegration(Identified, Updated, Base):
    """How one partner's systems work with one entity."""

    __tablename__ = "partner_integration"
    __table_args__ = (
        UniqueConstraint("entity_id", "organization_id"),
        one_of("status", IntegrationStatus),
        CheckConstraint("requests_per_minute BETWEEN 1 AND 60000", name="requests_per_minute"),
        CheckConstraint("status = 'SANDBOX' OR clock_offset_seconds = 0", name="clock_of_a_sandbox"),
        CheckConstraint("(status = 'SUSPENDED') = (suspended_reason IS NOT NULL)", name="suspended_reason"),
        Index("ix_partner_integration_organization", "organization_id"),
        Index("ix_partner_integration_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_partner_integration_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    status: Mapped[str] = mapped_column(server_default=IntegrationStatus.SETUP.value)
    signature_required: Mapped[bool] = mapped_column(Boolean, server_default=false())
    allowed_addresses: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Networks in CIDR notation that requests may come from; none means from anywhere."""
    requests_per_minute: Mapped[int] = mapped_column(Integer, server_default="600")
    """By one key; the agreement's terms may allow less."""
    clock_offset_seconds: Mapped[int] = mapped_column(Integer, server_default="0")
    clock_frozen_at: Mapped[datetime | None]
    """Only of a sandbox: the time that its clock stands still at."""
    notify_emails: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Who at the partner is told of orders that need attention."""
    suspended_reason: Mapped[str | None]
    live_at: Mapped[datetime | None]
    """When it first took real orders."""
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}


_SUBTREE = (
    "EXISTS (SELECT 1 FROM contact c WHERE c.id = organization_id "
    "AND c.chain_organization_ids @> ARRAY[{organization}])"
)
_OF_THEIR_PARTNER = f"{OF_THE_ENTITY} AND {_SUBTREE}"
_INTEGRATION = {
    "staff": "The integration is with one of the actor's business entities.",
    "partner": "The integration is of the actor's organization or one below it.",
}
protect(
    PartnerIntegration,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(_OF_THEIR_PARTNER),
    explain=_INTEGRATION,
)


class PartnerSigningSecret(Identified, Base):
    """A secret that a partner signs its requests with; two hold while one takes the other's place."""

    __tablename__ = "partner_signing_secret"
    __table_args__ = (Index("ix_partner_signing_secret_integration", "integration_id", "created_at", "id"),)

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), index=True)
    integration_id: Mapped[UUID] = mapped_column(ForeignKey("partner_integration.id"))
    hint: Mapped[str]
    """Its last four characters."""
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted."""
    valid_until: Mapped[datetime | None]
    """Set once another has taken its place."""
    last_used_at: Mapped[datetime | None]
    """Exact to the minute."""
    created_by_user_id: Mapped[UUID | None]


protect(
    PartnerSigningSecret,
    staff=Rule(OF_THE_ENTITY, hidden=("secret",)),
    partner=Rule(_OF_THEIR_PARTNER, hidden=("secret",)),
    explain=_INTEGRATION,
)


class PartnerOrder(Identified, Updated, Base):
    """An order as a partner sent it, and what came of it. There is one per number of the partner."""

    __tablename__ = "partner_order"
    __table_args__ = (
        UniqueConstraint("entity_id", "organization_id", "partner_order_id"),
        one_of("way", Way),
        one_of("status", PartnerOrderStatus),
        CheckConstraint("repeated >= 0", name="repeated"),
        CheckConstraint("(status = 'CANCELLED') = (cancelled_at IS NOT NULL)", name="cancelled_at"),
        Index("ix_partner_order_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_partner_order_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_partner_order_newest", "created_at", "id"),
        Index("ix_partner_order_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_partner_order_quote", "quote_id", unique=True),
        Index("ix_partner_order_order", "order_id"),
        Index("ix_partner_order_contact", "contact_id"),
        Index("ix_partner_order_address", "address_id"),
        Index(
            "ix_partner_order_submitted_by",
            "submitted_by_user_id",
            postgresql_where=text("submitted_by_user_id IS NOT NULL"),
        ),
        Index("ix_partner_order_source", "source_id", postgresql_where=text("source_id IS NOT NULL")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    channel_organization_ids: Mapped[UUIDs]
    """The partner and its ancestors from the root down, as the tree was when the order came."""
    partner_order_id: Mapped[str]
    way: Mapped[str]
    source_id: Mapped[UUID | None]
    """The mail, message, form or import that it came from."""
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """As given, unknown fields included."""
    body_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the request's body, else of the document."""
    content_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the document in its normal form: what tells a repetition from a change."""
    status: Mapped[str] = mapped_column(server_default=PartnerOrderStatus.RECEIVED.value)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    address_id: Mapped[UUID | None] = mapped_column(ForeignKey("address.id"))
    quote_id: Mapped[UUID | None] = mapped_column(ForeignKey("quote.id"))
    """None as long as none of its products is known."""
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("order.id"))
    issues: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """`[{code, path, message}]` as they were answered."""
    submitted_by: Mapped[str] = mapped_column(server_default="")
    """In words: the key, application or person."""
    submitted_by_client_id: Mapped[UUID | None]
    submitted_by_user_id: Mapped[UUID | None]
    repeated: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often it came again."""
    last_repeated_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answered_ms: Mapped[int | None] = mapped_column(Integer)
    """From the request to its answer, where a request brought it."""
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    forgotten_at: Mapped[datetime | None]
    """When what it says of the customer was erased."""


_ORDER = {
    "staff": "The order was sent to one of the actor's business entities.",
    "partner": "The order was sent by the actor's organization or one below it.",
}
protect(PartnerOrder, staff=Rule(OF_THE_ENTITY), partner=Rule(OF_THE_CHANNEL), explain=_ORDER)
listed(
    Listed(
        "partner_order",
        "partner_order",
        "concat_ws(' ', r.partner_order_id, r.document #>> '{customer,name}', r.document #>> '{customer,email}')",
    )
)


class PartnerOrderException(Identified, Updated, Base):
    """One thing about an order, or about a message that did not become one, that a person has to look at."""

    __tablename__ = "partner_order_exception"
    __table_args__ = (
        one_of("kind", ExceptionKind),
        one_of("state", ExceptionState),
        CheckConstraint("(state = 'OPEN') = (resolved_at IS NULL)", name="resolved_at"),
        Index("ix_partner_order_exception_order", "partner_order_fk", "created_at", "id"),
        Index("ix_partner_order_exception_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_partner_order_exception_newest", "created_at", "id"),
        Index("ix_partner_order_exception_organization", "organization_id", "created_at", "id"),
        Index("ix_partner_order_exception_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_partner_order_exception_source", "source_id", postgresql_where=text("source_id IS NOT NULL")),
        Index(
            "ix_partner_order_exception_resolved_by",
            "resolved_by_user_id",
            postgresql_where=text("resolved_by_user_id IS NOT NULL"),
        ),
        Index(
            "ix_partner_order_exception_sku",
            "entity_id",
            text("(detail ->> 'partner_sku')"),
            postgresql_where=text("state = 'OPEN' AND kind = 'UNMAPPED_SKU'"),
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    channel_organization_ids: Mapped[UUIDs]
    partner_order_fk: Mapped[UUID | None] = mapped_column(ForeignKey("partner_order.id"))
    """None where a message did not become one."""
    source_id: Mapped[UUID | None]
    """The mail or message, where it is about one."""
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=ExceptionState.OPEN.value)
    field: Mapped[str] = mapped_column(server_default="$")
    """JSON path in the document."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    message_nl: Mapped[str]
    message_en: Mapped[str]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolved_by_user_id: Mapped[UUID | None]
    resolution: Mapped[str | None]


protect(
    PartnerOrderException,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(OF_THE_CHANNEL),
    explain={
        "staff": "It is about an order sent to one of the actor's business entities.",
        "partner": "It is about an order of the actor's organization or one below it.",
    },
)
listed(Listed("partner_order_exception", "partner_order_exception", None))
