"""Business entities, their brands, and the people who work with them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Texts, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.permissions import Role
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, protect


class BusinessEntity(Identified, Updated, Base):
    """A legal entity that sells, invoices and is invoiced; the tenant of every row."""

    __tablename__ = "business_entity"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN sandbox_of_entity_id IS NULL THEN code ~ '^[A-Z]{2,4}$' ELSE code ~ '^S[A-Z]{2,4}$' END",
            name="code",
        ),
        CheckConstraint("lead_retention_days BETWEEN 30 AND 3650", name="lead_retention_days"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    """Prefix of its order numbers, `CC` in `CC-2026-00123`."""
    name: Mapped[str]
    legal_name: Mapped[str]
    kvk_number: Mapped[str]
    vat_number: Mapped[str]
    iban: Mapped[str]
    invoice_prefix: Mapped[str] = mapped_column(unique=True)
    currency: Mapped[str] = mapped_column(server_default="EUR")
    email: Mapped[str]
    phone: Mapped[str]
    street: Mapped[str]
    house_number: Mapped[str]
    postal_code: Mapped[str]
    city: Mapped[str]
    country: Mapped[str] = mapped_column(server_default="NL")
    requires_partner: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """An order in this entity has a partner (T2)."""
    quote_valid_days: Mapped[int] = mapped_column(Integer, server_default="30")
    payment_terms_days: Mapped[int] = mapped_column(Integer, server_default="14")
    processing_minutes: Mapped[int] = mapped_column(Integer, server_default="5")
    """The estimate returned with a new order (O1)."""
    lead_retention_days: Mapped[int] = mapped_column(Integer, server_default="730")
    """After so many quiet days a person who only ever was a lead is erased (T15)."""
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    sandbox_of_entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_entity.id"), unique=True)
    """Of a sandbox, the entity that it stands beside: nothing in it is real, and nothing leaves it."""


_OWN_ENTITY = "id = ANY ({entities})"
protect(
    BusinessEntity,
    staff=Rule(_OWN_ENTITY, "SELECT, UPDATE"),
    partner=Rule(_OWN_ENTITY, hidden=("settings",)),
    customer=Rule(_OWN_ENTITY, hidden=("settings",)),
    technician=Rule(_OWN_ENTITY, hidden=("settings",)),
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), "The actor works with this business entity."),
)


class Brand(Identified, Updated, Base):
    """A portal: a host name with its looks, its language and its legal texts."""

    __tablename__ = "brand"

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"), index=True)
    host: Mapped[str] = mapped_column(unique=True)
    """Host name in lower case, without a port."""
    name: Mapped[str]
    locale: Mapped[str] = mapped_column(server_default="nl-NL")
    logo_url: Mapped[str | None]
    theme: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    sender_name: Mapped[str]
    sender_email: Mapped[str]
    terms: Mapped[str] = mapped_column(server_default="")
    privacy_statement: Mapped[str] = mapped_column(server_default="")
    consent_text: Mapped[str] = mapped_column(server_default="")
    """What a signer agrees to; kept with each signature."""
    allowed_origins: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Origins beside the portal's own from which browsers may call the API at `host`."""
    restricted_to_trusted_documents: Mapped[bool] = mapped_column(Boolean, server_default=false())


_BRAND_IS_PUBLIC = "The looks of a portal are public."
protect(
    Brand,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(OF_THE_ENTITY),
    customer=Rule(OF_THE_ENTITY),
    technician=Rule(OF_THE_ENTITY),
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), _BRAND_IS_PUBLIC),
)


class BrandCobranding(Identified, Updated, Base):
    """A partner's own looks on a brand's portal."""

    __tablename__ = "brand_cobranding"
    __table_args__ = (UniqueConstraint("brand_id", "organization_id"), UniqueConstraint("brand_id", "slug"))

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"), index=True)
    brand_id: Mapped[UUID] = mapped_column(ForeignKey("brand.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), index=True)
    slug: Mapped[str]
    """Name of the co-branded portal: `brand(host, partner: slug)`."""
    name: Mapped[str]
    logo_url: Mapped[str | None]
    theme: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))


protect(
    BrandCobranding,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE, DELETE"),
    partner=Rule("EXISTS (SELECT 1 FROM contact c WHERE c.id = organization_id) AND entity_id = ANY ({entities})"),
    explain={
        "staff": "The brand is of one of the actor's business entities.",
        "partner": "The looks are those of the actor's organization or one below it; who else has some is not told.",
    },
)


class UserStatus(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"


class UserAccount(Identified, Updated, Base):
    """A person's login; what it may do where is in its memberships."""

    __tablename__ = "user_account"
    __table_args__ = (
        one_of("status", UserStatus),
        CheckConstraint("email = lower(email)", name="email_lower"),
        Index("ix_user_account_newest", "created_at", "id"),
    )

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="nl")
    status: Mapped[str] = mapped_column(server_default=UserStatus.ACTIVE.value)
    password_hash: Mapped[str | None]
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted; the second factor is on when `totp_confirmed_at` is set."""
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int | None]
    """The last time step that was accepted: a code works once."""
    recovery_code_hashes: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    last_login_at: Mapped[datetime | None]
    security_version: Mapped[int] = mapped_column(Integer, server_default="1")
    """Raised by a password change or suspension: every token issued before is void."""


_SECRETS = ("password_hash", "totp_secret", "totp_last_step", "recovery_code_hashes", "security_version")
_COLLEAGUE = "EXISTS (SELECT 1 FROM membership m WHERE m.user_id = user_account.id OFFSET 0)"
"""OFFSET keeps PostgreSQL from reading all memberships first: a page asks for few users."""
protect(
    UserAccount,
    staff=Rule(f"id = {{user}} OR {_COLLEAGUE}", hidden=_SECRETS),
    partner=Rule(f"id = {{user}} OR {_COLLEAGUE}", hidden=_SECRETS),
    customer=Rule("id = {user}", hidden=_SECRETS),
    technician=Rule("id = {user}", hidden=_SECRETS),
    explain={
        "staff": "The user is the actor, or has a membership in one of the actor's business entities.",
        "partner": "The user is the actor, or has a membership in the actor's organization or one below it.",
        "customer": "The user is the actor.",
        "technician": "The user is the actor.",
    },
)


class MembershipStatus(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    """For the time being; may be made active again."""
    REVOKED = "REVOKED"


class Membership(Identified, Updated, Base):
    """What a user is to a business entity: a role, and for partners, customers and technicians whose."""

    __tablename__ = "membership"
    __table_args__ = (
        one_of("role", Role),
        one_of("status", MembershipStatus),
        Index("ix_membership_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_membership_newest", "created_at", "id"),
        Index("ix_membership_channel", "channel_organization_ids", postgresql_using="gin"),
        Index(
            "uq_membership_user_entity",
            "user_id",
            "entity_id",
            "role",
            "organization_id",
            "contact_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("role NOT IN ('PARTNER_ADMIN', 'PARTNER_USER') OR organization_id IS NOT NULL", name="partner"),
        CheckConstraint("role NOT IN ('CUSTOMER') OR contact_id IS NOT NULL", name="customer"),
        CheckConstraint("(role = 'PLATFORM_ADMIN') = (entity_id IS NULL)", name="platform"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_entity.id"))
    role: Mapped[str]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"), index=True)
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """The organization and its ancestors, so that a partner admin sees the users of the whole subtree."""
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"), index=True)
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    status: Mapped[str] = mapped_column(server_default=MembershipStatus.ACTIVE.value)


protect(
    Membership,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(OF_THE_CHANNEL, "SELECT, INSERT, UPDATE"),
    customer=Rule("user_id = {user}"),
    technician=Rule("user_id = {user}"),
    explain={
        "staff": "The membership is in one of the actor's business entities.",
        "partner": "The membership is in the actor's organization or one below it.",
        "customer": "The membership is the actor's own.",
        "technician": "The membership is the actor's own.",
    },
)
listed(
    Listed(
        "membership",
        "user",
        None,
        keys="array_remove(ARRAY[r.entity_id], NULL) || r.channel_organization_ids",
        row_id="r.user_id",
        created_at="(SELECT u.created_at FROM user_account u WHERE u.id = r.user_id)",
        another=True,
    )
)
