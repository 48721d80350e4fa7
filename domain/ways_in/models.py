"""Mapped webhooks with the versions of their mappings, what was sent to them, and hosted forms."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, UniqueConstraint, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Texts, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class MessageState(StrEnum):
    """What came of a message to a mapped webhook."""

    RECEIVED = "RECEIVED"
    """Kept, not read yet."""
    SUBMITTED = "SUBMITTED"
    """It is an order, new or repeated."""
    FAILED = "FAILED"
    """It could not be read or was refused; it can be read again."""
    DISMISSED = "DISMISSED"
    """Somebody decided that it needs no order."""


class FormAccess(StrEnum):
    """Who may fill a form in."""

    OPEN_WITH_TOKEN = "OPEN_WITH_TOKEN"  # noqa: S105  # no secret, the name of a way
    """Whoever has its address, which carries a secret."""
    LOGIN = "LOGIN"
    """Users of the partner, by a link of an hour that their portal asks for."""


class MappedWebhook(Identified, Updated, Base):
    """An address that a partner's system sends orders to in a form of its own; a mapping says what is what."""

    __tablename__ = "mapped_webhook"
    __table_args__ = (
        UniqueConstraint("entity_id", "organization_id", "slug"),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug"),
        CheckConstraint("(previous_secret IS NULL) = (overlap_until IS NULL)", name="previous_secret"),
        Index("ix_mapped_webhook_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_mapped_webhook_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_mapped_webhook_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    slug: Mapped[str]
    """Last part of its address."""
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    authentication: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """How its sender proves who it is, without the secret; see authentication.py."""
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted, as is the previous one, which holds too until it expires; none where our own signature is asked."""
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    overlap_until: Mapped[datetime | None]
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    mapping_version: Mapped[int] = mapped_column(Integer, server_default="1")
    refused: Mapped[int] = mapped_column(Integer, server_default="0")
    """Requests that did not prove who sent them; nothing is kept of these but the number and the last reason."""
    last_refused_at: Mapped[datetime | None]
    last_refused_code: Mapped[str | None]
    created_by_user_id: Mapped[UUID | None]


_OWN = f"organization_id = {{organization}} AND {OF_THE_ENTITY}"
_SECRETS = ("secret", "previous_secret")
_EXPLAIN = {
    "staff": "It is of one of the actor's business entities.",
    "partner": "It is of the actor's own organization.",
}
protect(
    MappedWebhook,
    staff=Rule(OF_THE_ENTITY, hidden=_SECRETS),
    partner=Rule(_OWN, hidden=_SECRETS),
    explain=_EXPLAIN,
)


class MappingVersion(Identified, Base):
    """A mapping as it was; never changed, so that one can go back."""

    __tablename__ = "mapped_webhook_version"
    __table_args__ = (
        UniqueConstraint("mapped_webhook_id", "version"),
        Index("ix_mapped_webhook_version_organization", "organization_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    mapped_webhook_id: Mapped[UUID] = mapped_column(ForeignKey("mapped_webhook.id"))
    version: Mapped[int] = mapped_column(Integer)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_by_user_id: Mapped[UUID | None]


protect(MappingVersion, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN)


class InboundMessage(Identified, Base):
    """One request to a mapped webhook, byte for byte, and what came of it."""

    __tablename__ = "inbound_message"
    __table_args__ = (
        one_of("state", MessageState),
        CheckConstraint("(body IS NULL) = (forgotten_at IS NOT NULL)", name="body"),
        Index("ix_inbound_message_webhook_newest", "mapped_webhook_id", "created_at", "id"),
        Index("ix_inbound_message_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_inbound_message_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_inbound_message_newest", "created_at", "id"),
        Index("ix_inbound_message_failed", "mapped_webhook_id", "id", postgresql_where=text("state = 'FAILED'")),
        Index("ix_inbound_message_kept", "created_at", postgresql_where=text("forgotten_at IS NULL")),
        Index(
            "ix_inbound_message_unplaced",
            "created_at",
            postgresql_where=text("forgotten_at IS NULL AND partner_order_key IS NULL"),
        ),
        Index("ix_inbound_message_order", "partner_order_key", postgresql_where=text("partner_order_key IS NOT NULL")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    mapped_webhook_id: Mapped[UUID] = mapped_column(ForeignKey("mapped_webhook.id"))
    state: Mapped[str] = mapped_column(server_default=MessageState.RECEIVED.value)
    content_type: Mapped[str] = mapped_column(server_default="")
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Those that help, never one that proves who sent it."""
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """As it came; none once its time is over."""
    is_text: Mapped[bool] = mapped_column(Boolean, server_default=true())
    """Whether the body is UTF-8 that can be shown."""
    body_sha256: Mapped[str]
    size: Mapped[int] = mapped_column(Integer)
    mapping_version: Mapped[int | None] = mapped_column(Integer)
    """The version of the mapping that read it last."""
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    partner_order_id: Mapped[str | None]
    """The partner's number, once it could be read."""
    partner_order_key: Mapped[UUID | None]
    """The partner order that it became."""
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Why it failed the last time: code, field, message in both languages."""
    finished_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]


protect(InboundMessage, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN)


class OrderForm(Identified, Updated, Base):
    """A page under a brand's host, in the partner's looks, on which orders are filled in."""

    __tablename__ = "order_form"
    __table_args__ = (
        one_of("access", FormAccess),
        UniqueConstraint("brand_id", "slug"),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug"),
        Index("ix_order_form_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_order_form_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_order_form_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    brand_id: Mapped[UUID] = mapped_column(ForeignKey("brand.id"))
    slug: Mapped[str]
    title_nl: Mapped[str]
    title_en: Mapped[str]
    intro_nl: Mapped[str] = mapped_column(server_default="")
    intro_en: Mapped[str] = mapped_column(server_default="")
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """What is asked, in this order; see fields.py."""
    products: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """What can be chosen: the partner's SKU and its name in both languages."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    access: Mapped[str] = mapped_column(server_default=FormAccess.OPEN_WITH_TOKEN.value)
    token_hash: Mapped[str | None]
    """Of the secret in its address; none where users log in."""
    notify_emails: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Who gets a copy of the confirmation."""
    created_by_user_id: Mapped[UUID | None]


protect(
    OrderForm,
    staff=Rule(OF_THE_ENTITY, hidden=("token_hash",)),
    partner=Rule(_OWN, hidden=("token_hash",)),
    explain=_EXPLAIN,
)
