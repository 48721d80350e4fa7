"""Quotes, their versions, lines, parties and visits."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.catalog.models import ArticleCategory, VisitKind
from domain.money import VatClass
from tenants.base import Base, Identified, Texts, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_ENTITY, Rule, protect


class QuoteStatus(StrEnum):
    DRAFT = "DRAFT"
    SENT = "SENT"
    PARTIALLY_SIGNED = "PARTIALLY_SIGNED"
    ORDERED = "ORDERED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


class PartyRole(StrEnum):
    """Why a contact is a party to a quote."""

    CUSTOMER = "CUSTOMER"
    PARTNER = "PARTNER"
    PAYER = "PAYER"
    """Any other organization that pays a line."""


class Requirement(StrEnum):
    """What is asked of a party before the order proceeds (Decision 6)."""

    SIGN = "SIGN"
    ACKNOWLEDGE = "ACKNOWLEDGE"
    WAIVED = "WAIVED"


class PartyState(StrEnum):
    PENDING = "PENDING"
    SIGNED = "SIGNED"
    DECLINED = "DECLINED"
    WAIVED = "WAIVED"


class Quote(Identified, Updated, Base):
    """An offer over its life; what was offered is in its versions."""

    __tablename__ = "quote"
    __table_args__ = (
        one_of("status", QuoteStatus),
        Index("ix_quote_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_quote_newest", "created_at", "id"),
        Index("ix_quote_entity_status", "entity_id", "status", "created_at", "id"),
        Index("ix_quote_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_quote_customer", "end_customer_contact_id", "created_at", "id"),
        Index(
            "ix_quote_partner_order",
            "entity_id",
            "partner_order_id",
            postgresql_where=text("partner_order_id IS NOT NULL"),
        ),
        Index("ix_quote_lead", "lead_id"),
        Index("ix_quote_expiry", "expires_at", postgresql_where=text("status IN ('SENT', 'PARTIALLY_SIGNED')")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    number: Mapped[str] = mapped_column(unique=True)
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("lead.id"))
    account_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """The partner whose account it is on; none where the entity sells to the customer itself."""
    end_customer_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    account_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """The account and its ancestors from the root down, as the tree was when the quote was made."""
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Who of the partners sees it: the account's chain and every organization that was ever offered a line."""
    service_address_id: Mapped[UUID | None] = mapped_column(ForeignKey("address.id"))
    status: Mapped[str] = mapped_column(server_default=QuoteStatus.DRAFT.value)
    current_version: Mapped[int] = mapped_column(Integer, server_default="1")
    """Number of the version in force: the last one sent, or the first draft."""
    pending_parties: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Roles of the parties that have yet to act on the version in force: the live approval status (Q5)."""
    currency: Mapped[str] = mapped_column(server_default="EUR")
    partner_order_id: Mapped[str | None]
    partner_metadata: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    sent_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}


_TO_PARTNER = "channel_organization_ids && {organizations} AND entity_id = ANY ({entities}) AND sent_at IS NOT NULL"
OWN_CONTACT = "ANY (ARRAY(SELECT c.id FROM contact c))"
"""To a customer: itself and the duplicates that were merged into it, by which older documents name it."""
_TO_CUSTOMER = f"end_customer_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}}) AND sent_at IS NOT NULL"
_BY_SIGNING = ("status", "pending_parties", "closed_at", "close_reason", "updated_at", "version")
protect(
    Quote,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(_TO_PARTNER, "SELECT, UPDATE", updates=_BY_SIGNING),
    customer=Rule(_TO_CUSTOMER, "SELECT, UPDATE", hidden=("partner_metadata",), updates=_BY_SIGNING),
    explain={
        "staff": "The quote is of one of the actor's business entities.",
        "partner": "The quote was sent, and the actor's organization is in its channel.",
        "customer": "The quote was sent, and the actor is its end customer.",
    },
)
listed(
    Listed(
        "quote",
        "quote",
        "concat_ws(' ', r.number, r.partner_order_id, "
        "(SELECT concat_ws(' ', c.name, c.email) FROM contact c WHERE c.id = r.end_customer_contact_id))",
        channel="CASE WHEN r.sent_at IS NULL THEN '{}'::uuid[] ELSE r.channel_organization_ids END",
        contact_ids="CASE WHEN r.sent_at IS NULL THEN '{}'::uuid[] ELSE ARRAY[r.end_customer_contact_id] END",
    )
)


class QuoteVersion(Identified, Base):
    """What was offered at one time. Once sent it never changes (a trigger refuses it)."""

    __tablename__ = "quote_version"
    __table_args__ = (
        UniqueConstraint("quote_id", "number"),
        CheckConstraint("(sent_at IS NULL) = (merkle_root IS NULL)", name="sealed_when_sent"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    quote_id: Mapped[UUID] = mapped_column(ForeignKey("quote.id"))
    number: Mapped[int] = mapped_column(Integer)
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    end_customer_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    reason: Mapped[str] = mapped_column(server_default="")
    """Why this version replaced the one before."""
    terms: Mapped[str] = mapped_column(server_default="")
    consent_text: Mapped[str] = mapped_column(server_default="")
    valid_days: Mapped[int] = mapped_column(Integer, server_default="30")
    """How long it may be signed once it is sent; from the agreement, else from the entity."""
    payment_terms_days: Mapped[int] = mapped_column(Integer, server_default="14")
    """Becomes the order's; from the agreement, the account or the entity."""
    head: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The document's head as it was hashed: what all parties may see, and commitments to what they may not."""
    merkle_root: Mapped[bytes | None] = mapped_column(LargeBinary)
    leaf_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary), server_default=text("'{}'"))
    """In line order; hashes of salted leaves tell nothing of the lines they hide."""
    document_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    """SHA-256 over the canonical head of the document: what is signed; see document.py."""
    sent_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]


protect(
    QuoteVersion,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(_TO_PARTNER),
    customer=Rule(_TO_CUSTOMER),
    explain={
        "staff": "The version is of one of the actor's business entities.",
        "partner": "The version was sent, and the actor's organization is in its channel.",
        "customer": "The version was sent, and the actor is its end customer.",
    },
)


class QuoteParty(Identified, Base):
    """Somebody who must act on a version before it becomes an order, and what it pays."""

    __tablename__ = "quote_party"
    __table_args__ = (
        one_of("role", PartyRole),
        one_of("requirement", Requirement),
        one_of("state", PartyState),
        UniqueConstraint("quote_version_id", "contact_id"),
        CheckConstraint("net_cents + vat_cents = gross_cents", name="sum"),
        Index("ix_quote_party_contact", "contact_id"),
        Index("ix_quote_party_quote", "quote_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    quote_id: Mapped[UUID] = mapped_column(ForeignKey("quote.id"))
    quote_version_id: Mapped[UUID] = mapped_column(ForeignKey("quote_version.id"))
    role: Mapped[str]
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    payer_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """The party and its ancestors where it is an organization: who of the partners may see it."""
    requirement: Mapped[str]
    requirement_reason: Mapped[str] = mapped_column(server_default="")
    """The policy behind it: the agreement, its waiver, or the entity's rule."""
    state: Mapped[str] = mapped_column(server_default=PartyState.PENDING.value)
    net_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    vat_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    gross_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    currency: Mapped[str] = mapped_column(server_default="EUR")
    vat_breakdown: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """`[{vat_class, rate, net_cents, vat_cents, gross_cents}]`."""
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    """32 random bytes of its commitment in the head of the document."""
    sent_at: Mapped[datetime | None]
    acted_at: Mapped[datetime | None]


_PARTY_TO_PARTNER = "payer_chain_ids && {organizations} AND entity_id = ANY ({entities}) AND sent_at IS NOT NULL"
_PARTY_TO_CUSTOMER = f"contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}}) AND sent_at IS NOT NULL"
protect(
    QuoteParty,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE, DELETE"),
    partner=Rule(_PARTY_TO_PARTNER, "SELECT, UPDATE", updates=("state", "acted_at")),
    customer=Rule(_PARTY_TO_CUSTOMER, "SELECT, UPDATE", updates=("state", "acted_at")),
    explain={
        "staff": "The party is to a quote of one of the actor's business entities.",
        "partner": "The party is the actor's organization or one below it, and the quote was sent.",
        "customer": "The actor is the party, and the quote was sent.",
    },
)


class QuoteVisit(Identified, Base):
    """A visit that the lines of a version call for; at most two (Q2)."""

    __tablename__ = "quote_visit"
    __table_args__ = (
        UniqueConstraint("quote_version_id", "position"),
        CheckConstraint("position IN (1, 2)", name="at_most_two"),
        one_of("kind", VisitKind),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    quote_version_id: Mapped[UUID] = mapped_column(ForeignKey("quote_version.id"))
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    end_customer_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str]
    minutes: Mapped[int] = mapped_column(Integer)
    skills: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    outdoor: Mapped[bool] = mapped_column(Boolean, server_default=false())
    sent_at: Mapped[datetime | None]


protect(
    QuoteVisit,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE, DELETE"),
    partner=Rule(_TO_PARTNER),
    customer=Rule(_TO_CUSTOMER),
    explain={
        "staff": "The visit is on a quote of one of the actor's business entities.",
        "partner": "The visit is on a quote that was sent to the actor's channel.",
        "customer": "The visit is on a quote that was sent to the actor.",
    },
)


class LineItem(Identified, Base):
    """One line of a version: what, how much, at what price, and who pays it. Orders and invoices read the same row."""

    __tablename__ = "line_item"
    __table_args__ = (
        UniqueConstraint("quote_version_id", "position"),
        one_of("category", ArticleCategory),
        one_of("vat_class", VatClass),
        one_of("payer_role", PartyRole),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("discount_percent BETWEEN 0 AND 100", name="discount"),
        CheckConstraint("net_cents + vat_cents = gross_cents", name="sum"),
        Index("ix_line_item_quote", "quote_id"),
        Index("ix_line_item_payer", "payer_contact_id"),
        Index("ix_line_item_article", "article_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    quote_id: Mapped[UUID] = mapped_column(ForeignKey("quote.id"))
    quote_version_id: Mapped[UUID] = mapped_column(ForeignKey("quote_version.id"))
    position: Mapped[int] = mapped_column(Integer)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("article.id"))
    sku: Mapped[str]
    description: Mapped[str]
    """In the customer's words."""
    technical_description: Mapped[str] = mapped_column(server_default="")
    category: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(Numeric(12, 3))
    unit: Mapped[str] = mapped_column(server_default="piece")
    unit_price_cents: Mapped[int] = mapped_column(BigInteger)
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    vat_class: Mapped[str]
    vat_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    """Percent at the time of the version."""
    net_cents: Mapped[int] = mapped_column(BigInteger)
    vat_cents: Mapped[int] = mapped_column(BigInteger)
    gross_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(server_default="EUR")
    unit_cost_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", deferred=True, deferred_raiseload=True)
    payer_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    payer_role: Mapped[str]
    payer_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    visit_position: Mapped[int | None] = mapped_column(Integer)
    serial_required: Mapped[bool] = mapped_column(Boolean, server_default=false())
    skills: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    install_minutes: Mapped[int] = mapped_column(Integer, server_default="0")
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    """32 random bytes: without them a leaf hash cannot be guessed back to its line."""
    technical_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """Commitment to the technical details, so that a party that does not see them signs them all the same."""
    sent_at: Mapped[datetime | None]


_LINE_TO_PARTNER = "payer_chain_ids && {organizations} AND entity_id = ANY ({entities}) AND sent_at IS NOT NULL"
_LINE_TO_CUSTOMER = f"payer_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}}) AND sent_at IS NOT NULL"
_TECHNICAL = ("technical_description", "skills", "install_minutes")
protect(
    LineItem,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE, DELETE"),
    partner=Rule(_LINE_TO_PARTNER, hidden=("unit_cost_cents",)),
    customer=Rule(_LINE_TO_CUSTOMER, hidden=("unit_cost_cents", *_TECHNICAL)),
    technician=Rule(
        'quote_version_id = ANY (ARRAY(SELECT o.quote_version_id FROM "order" o WHERE o.team_ids @> ARRAY[{team}]))',
        hidden=(
            "unit_cost_cents",
            "unit_price_cents",
            "discount_percent",
            "net_cents",
            "vat_cents",
            "gross_cents",
            "salt",
        ),
    ),
    explain={
        "staff": "The line is on a quote of one of the actor's business entities.",
        "partner": "The line is paid by the actor's organization or one below it, and the quote was sent.",
        "customer": "The line is paid by the actor, and the quote was sent.",
        "technician": "The line is on an order of the actor's team.",
    },
)
