"""Contacts (persons and organizations), their relation to each business entity, their addresses and their tree."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Computed,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import Rule, child_of, protect


class ContactType(StrEnum):
    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"


class PartnerModel(StrEnum):
    """T10: how a partner works with us."""

    LEAD_TRANSFER = "LEAD_TRANSFER"
    AUTOMOTIVE = "AUTOMOTIVE"
    ENERGY = "ENERGY"
    B2B_CONTRACTOR = "B2B_CONTRACTOR"


class Lifecycle(StrEnum):
    """T16: what a contact is to a business entity."""

    LEAD = "LEAD"
    PROSPECT = "PROSPECT"
    CUSTOMER = "CUSTOMER"
    INACTIVE = "INACTIVE"


class Exactness(StrEnum):
    """How exactly an address was located."""

    ADDRESS = "ADDRESS"
    STREET = "STREET"
    POSTCODE = "POSTCODE"
    PC4 = "PC4"
    PC2 = "PC2"
    NONE = "NONE"


class Contact(Identified, Updated, Base):
    """A person or an organization (T7). An organization with a `partner_model` is a partner."""

    __tablename__ = "contact"
    __table_args__ = (
        one_of("contact_type", ContactType),
        CheckConstraint(f"partner_model IN {tuple(m.value for m in PartnerModel)}", name="partner_model"),
        CheckConstraint("contact_type = 'ORGANIZATION' OR partner_model IS NULL", name="partner_is_organization"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("merged_into_id <> id", name="merged_elsewhere"),
        Index("ix_contact_newest", "created_at", "id"),
        Index("ix_contact_name", "name", "id"),
        Index("ix_contact_type_newest", "contact_type", "created_at", "id"),
        Index("ix_contact_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_contact_email", "email"),
        Index("ix_contact_phone", "phone"),
        Index("uq_contact_partner_code", "partner_code", unique=True),
        Index("ix_contact_parent", "parent_organization_id"),
        Index("ix_contact_merged_into", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
    )

    contact_type: Mapped[str]
    name: Mapped[str]
    """Display name: a person's full name, an organization's trade name."""
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    job_title: Mapped[str | None]
    legal_name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    """E.164."""
    language: Mapped[str] = mapped_column(server_default="nl")
    website: Mapped[str | None]
    kvk_number: Mapped[str | None]
    vat_number: Mapped[str | None]
    iban: Mapped[str | None]
    partner_model: Mapped[str | None]
    partner_code: Mapped[str | None]
    """Short name in web addresses and integrations: `groendus`."""
    payment_terms_days: Mapped[int | None] = mapped_column(Integer)
    parent_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """A person's organization, or the present parent of an organization; history is in OrganizationParent."""
    address_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("address.id", use_alter=True, deferrable=True, initially="DEFERRED")
    )
    """Where it lives or is established."""
    entity_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Business entities with a relation: who on our side sees it."""
    chain_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """An organization's ancestors from the root down and itself, as the tree is now; empty for a person."""
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Partners that see it: the chain of the organization it is or belongs to, then its bringers and theirs."""
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """The record that took its place; documents keep naming the one they were made with."""
    erased_at: Mapped[datetime | None]
    """When personal data was erased: at the person's request, or because its time was over (T15)."""
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}


_BY_TEAM = (
    'EXISTS (SELECT 1 FROM "order" o WHERE o.end_customer_contact_id = contact.id AND o.team_ids @> ARRAY[{team}])'
)
_BANK = ("iban",)
_TO_PARTNER = "CASE WHEN {organization} = ANY (channel_organization_ids) THEN entity_ids && {entities} ELSE false END"
"""A CASE, since PostgreSQL takes `@>` of an unknown value for rare: it would gather and sort all rows of a large
partner instead of walking the index of channel_row. A partner reaches contacts by a key or through that table."""
protect(
    Contact,
    staff=Rule("entity_ids && {entities}", "SELECT, INSERT, UPDATE"),
    partner=Rule(_TO_PARTNER, "SELECT, INSERT, UPDATE"),
    customer=Rule(
        "id = {contact} OR merged_into_id = {contact}",
        "SELECT, UPDATE",
        writes="id = {contact}",
        updates=(
            "name",
            "first_name",
            "last_name",
            "email",
            "phone",
            "language",
            "address_id",
            "updated_at",
            "version",
        ),
    ),
    technician=Rule(_BY_TEAM, hidden=_BANK),
    explain={
        "staff": "The contact has a relation with one of the actor's business entities.",
        "partner": "The contact is in the actor's subtree or came through it.",
        "customer": "The contact is the actor, or a duplicate that was merged into the actor.",
        "technician": "The contact is the customer of an order of the actor's team.",
    },
)
_LISTED = "r.merged_into_id IS NULL AND r.erased_at IS NULL"
_ORGANIZATION = f"{_LISTED} AND r.contact_type = 'ORGANIZATION'"
_SEEN_BY = "r.channel_organization_ids || r.entity_ids"
listed(
    Listed(
        "contact",
        "contact",
        f"CASE WHEN {_LISTED} THEN concat_ws(' ', r.name, r.email, r.phone, r.kvk_number, r.partner_code) ELSE '' END",
        entity_ids="r.entity_ids",
        channel=f"CASE WHEN {_LISTED} THEN r.channel_organization_ids ELSE '{{}}'::uuid[] END",
        contact_ids="ARRAY[r.id]",
        keys=f"CASE WHEN {_LISTED} THEN {_SEEN_BY} ELSE '{{}}'::uuid[] END",
    )
)
listed(
    Listed("contact", "organization", None, keys=f"CASE WHEN {_ORGANIZATION} THEN {_SEEN_BY} ELSE '{{}}'::uuid[] END")
)


class ContactRelation(Identified, Updated, Base):
    """What a contact is to one business entity (T3, T16)."""

    __tablename__ = "contact_relation"
    __table_args__ = (
        one_of("lifecycle", Lifecycle),
        UniqueConstraint("contact_id", "entity_id"),
        Index("ix_contact_relation_entity", "entity_id", "lifecycle", "created_at", "contact_id"),
        CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction"),
    )

    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    lifecycle: Mapped[str] = mapped_column(server_default=Lifecycle.LEAD.value)
    source: Mapped[str] = mapped_column(server_default="PORTAL")
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """The partner that brought the contact to this entity."""
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Chains of all partners that brought it here, each as the tree was when it did."""
    acquired_on: Mapped[date] = mapped_column(Date, server_default=func.current_date())
    satisfaction: Mapped[Decimal | None] = mapped_column(Numeric(2, 1))
    communication_preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    scheduling_preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    service_preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))


_OF_THE_CONTACT = "EXISTS (SELECT 1 FROM contact c WHERE c.id = contact_id) AND entity_id = ANY ({entities})"
protect(
    ContactRelation,
    staff=Rule("entity_id = ANY ({entities})", "SELECT, INSERT, UPDATE, DELETE"),
    partner=Rule(_OF_THE_CONTACT, "SELECT, INSERT, UPDATE", hidden=("satisfaction", "service_preferences")),
    customer=Rule(_OF_THE_CONTACT, "SELECT, UPDATE"),
    explain={
        "staff": "The relation is with one of the actor's business entities.",
        "partner": "The contact is visible to the actor, and the relation is with the actor's business entity.",
        "customer": "The relation is the actor's own.",
    },
)


class Address(Identified, Base):
    """An address as it was given, normalized and located; a changed address is a new row, so documents keep theirs."""

    __tablename__ = "address"
    __table_args__ = (one_of("exactness", Exactness),)

    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), index=True)
    street: Mapped[str] = mapped_column(server_default="")
    house_number: Mapped[str] = mapped_column(server_default="")
    house_number_addition: Mapped[str] = mapped_column(server_default="")
    postal_code: Mapped[str]
    """`1234AB`."""
    pc2: Mapped[str] = mapped_column(Computed("left(postal_code, 2)", persisted=True))
    city: Mapped[str] = mapped_column(server_default="")
    country: Mapped[str] = mapped_column(server_default="NL")
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    exactness: Mapped[str] = mapped_column(server_default=Exactness.NONE.value)
    location_source: Mapped[str] = mapped_column(server_default="")
    flagged: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether a person should look at it: it could not be validated (O6)."""
    flag_reason: Mapped[str | None]
    original: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Exactly what was given."""


protect(
    Address,
    staff=child_of("contact", "contact_id", "SELECT, INSERT, UPDATE"),
    partner=child_of("contact", "contact_id", "SELECT, INSERT, UPDATE"),
    customer=child_of("contact", "contact_id", "SELECT, INSERT"),
    technician=child_of("contact", "contact_id"),
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), "The actor sees the contact of the address."),
)


class OrganizationParent(Identified, Base):
    """That `parent_id` was the parent of `organization_id` during `valid`; open-ended now, and never rewritten."""

    __tablename__ = "organization_parent"
    __table_args__ = (
        ExcludeConstraint(("organization_id", "="), ("valid", "&&"), name="one_parent_at_a_time", using="gist"),
        CheckConstraint("organization_id <> parent_id", name="not_itself"),
        CheckConstraint("NOT isempty(valid)", name="valid"),
        Index("ix_organization_parent_parent", "parent_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    parent_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    valid: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    """Half-open, UTC."""


_WITHIN = (
    "EXISTS (SELECT 1 FROM contact c WHERE c.id = organization_id) "
    "AND EXISTS (SELECT 1 FROM contact c WHERE c.id = parent_id)"
)
protect(
    OrganizationParent,
    staff=Rule(_WITHIN, "SELECT, INSERT, UPDATE"),
    partner=Rule(_WITHIN, "SELECT, INSERT, UPDATE"),
    explain=dict.fromkeys(("staff", "partner"), "The actor sees both organizations."),
)


class ContactMerge(Identified, Base):
    """That a duplicate was merged, with what it held, so that the merge can be understood and undone."""

    __tablename__ = "contact_merge"

    winner_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), index=True)
    loser_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), index=True)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The loser's columns and the ids of the rows that were repointed, per table and column."""
    merged_by_user_id: Mapped[UUID | None]
    undone_at: Mapped[datetime | None]


protect(
    ContactMerge,
    staff=child_of("contact", "winner_id", "SELECT, INSERT, UPDATE"),
    explain={"staff": "The actor sees the contact that was kept."},
)
