"""Tariffs, their versions, at which chargers they hold, and what drivers buy beforehand."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class VersionStatus(StrEnum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    WITHDRAWN = "WITHDRAWN"
    """A draft that was given up, or what was published and taken back before it held."""


class OfferKind(StrEnum):
    """What drivers can buy beforehand."""

    PLAN = "PLAN"
    """A membership: a percentage off every session (PR9)."""
    PACK = "PACK"
    """Energy with a percentage off its price (PR6)."""
    SUBSCRIPTION = "SUBSCRIPTION"
    """Charging for a price per month, up to a cap (PR5)."""


class Tariff(Identified, Updated, Base):
    """What charging costs; the prices are those of its versions."""

    __tablename__ = "tariff"
    __table_args__ = (
        UniqueConstraint("entity_id", "code"),
        CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9._-]{0,39}$'", name="code"),
        Index("ix_tariff_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_tariff_newest", "created_at", "id"),
        Index("ix_tariff_owner", "owner_contact_id", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    owner_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """Whose tariff it is: it holds at chargers of this owner only. None: the entity's."""
    code: Mapped[str]
    name: Mapped[str]
    published_at: Mapped[datetime | None]
    """When its first version was published."""
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


_PUBLIC = (
    "published_at IS NOT NULL AND entity_id = ANY ({entities}) AND (owner_contact_id IS NULL OR EXISTS "
    "(SELECT 1 FROM charger c WHERE c.owner_contact_id = tariff.owner_contact_id AND c.entity_id = tariff.entity_id))"
)
"""Prices of charging are public (Regulation (EU) 2023/1804 art. 5): an owner's, to who sees a charger of that owner."""
_PUBLIC_SENTENCE = "It is published, and the entity's own or of the owner of a charger that the actor sees."
protect(
    Tariff,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(_PUBLIC, hidden=("made_by",)),
    customer=Rule(_PUBLIC, hidden=("made_by",)),
    explain={
        "staff": "The tariff is of one of the actor's business entities.",
        "partner": _PUBLIC_SENTENCE,
        "customer": _PUBLIC_SENTENCE,
    },
)


class TariffVersion(Identified, Updated, Base):
    """The terms of a tariff; once it is published nothing of it changes (trigger), but that it can be taken back."""

    __tablename__ = "tariff_version"
    __table_args__ = (
        one_of("status", VersionStatus),
        UniqueConstraint("tariff_id", "version"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint(
            "(status <> 'PUBLISHED' OR published_at IS NOT NULL) AND (published_at IS NULL) = (valid_from IS NULL)",
            name="published",
        ),
        CheckConstraint("jsonb_typeof(terms) = 'object'", name="terms"),
        Index("uq_tariff_version_draft", "tariff_id", unique=True, postgresql_where=text("status = 'DRAFT'")),
        Index(
            "uq_tariff_version_from",
            "tariff_id",
            "valid_from",
            unique=True,
            postgresql_where=text("status = 'PUBLISHED'"),
        ),
    )

    tariff_id: Mapped[UUID] = mapped_column(ForeignKey("tariff.id"))
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    version: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(server_default=VersionStatus.DRAFT.value)
    valid_from: Mapped[datetime | None]
    """From when it holds, until the next version does; None for a draft."""
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """See terms.py."""
    published_at: Mapped[datetime | None]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


_PUBLISHED = "status = 'PUBLISHED' AND EXISTS (SELECT 1 FROM tariff t WHERE t.id = tariff_id)"
_BY = ("made_by", "published_by")
protect(
    TariffVersion,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(_PUBLISHED, hidden=_BY),
    customer=Rule(_PUBLISHED, hidden=_BY),
    explain={
        "staff": "The tariff is of one of the actor's business entities.",
        "partner": "It is published, and the actor sees its tariff.",
        "customer": "It is published, and the actor sees its tariff.",
    },
)


class TariffAssignment(Identified, Base):
    """For a time, a tariff holds at a charger, at all chargers of an owner, or at all of the entity."""

    __tablename__ = "tariff_assignment"
    __table_args__ = (
        CheckConstraint("charger_id IS NULL OR owner_contact_id IS NULL", name="one_target"),
        ExcludeConstraint(
            ("charger_id", "="),
            ("valid", "&&"),
            name="one_tariff_per_charger",
            using="gist",
            where=text("charger_id IS NOT NULL"),
        ),
        ExcludeConstraint(
            ("entity_id", "="),
            ("owner_contact_id", "="),
            ("valid", "&&"),
            name="one_tariff_per_owner",
            using="gist",
            where=text("owner_contact_id IS NOT NULL"),
        ),
        ExcludeConstraint(
            ("entity_id", "="),
            ("valid", "&&"),
            name="one_tariff_per_entity",
            using="gist",
            where=text("charger_id IS NULL AND owner_contact_id IS NULL"),
        ),
        Index(
            "ix_tariff_assignment_wide",
            "entity_id",
            "owner_contact_id",
            postgresql_where=text("charger_id IS NULL"),
        ),
        Index("ix_tariff_assignment_tariff", "tariff_id", "created_at", "id"),
        Index("ix_tariff_assignment_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_tariff_assignment_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    tariff_id: Mapped[UUID] = mapped_column(ForeignKey("tariff.id"))
    charger_id: Mapped[UUID | None] = mapped_column(ForeignKey("charger.id"))
    owner_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    valid: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("tariff_assignment.id"))
    """What held here before, and holds again when this is undone."""
    undone_at: Mapped[datetime | None]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


_ASSIGNED = (
    "entity_id = ANY ({entities}) AND EXISTS (SELECT 1 FROM tariff t WHERE t.id = tariff_id) "
    "AND (charger_id IS NULL OR EXISTS (SELECT 1 FROM charger c WHERE c.id = charger_id)) "
    "AND (owner_contact_id IS NULL OR EXISTS "
    "(SELECT 1 FROM charger c WHERE c.owner_contact_id = tariff_assignment.owner_contact_id))"
)
_ASSIGNED_SENTENCE = "The actor sees the tariff, and the charger or one of the owner's."
protect(
    TariffAssignment,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=("valid", "undone_at")),
    partner=Rule(_ASSIGNED, hidden=("made_by",)),
    customer=Rule(_ASSIGNED, hidden=("made_by",)),
    explain={
        "staff": "The tariff is of one of the actor's business entities.",
        "partner": _ASSIGNED_SENTENCE,
        "customer": _ASSIGNED_SENTENCE,
    },
)


class ChargingOffer(Identified, Updated, Base):
    """A plan, pack or subscription that an entity offers. What was bought keeps its own copy of the terms."""

    __tablename__ = "charging_offer"
    __table_args__ = (
        one_of("kind", OfferKind),
        UniqueConstraint("entity_id", "code"),
        CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9._-]{0,39}$'", name="code"),
        CheckConstraint("price_cents BETWEEN 0 AND 100000000", name="price"),
        CheckConstraint("discount_percent BETWEEN 0 AND 100", name="discount"),
        CheckConstraint("(kind = 'PACK') = (energy_wh IS NOT NULL)", name="energy_of_pack"),
        CheckConstraint("energy_wh BETWEEN 1 AND 1000000000000", name="energy"),
        CheckConstraint("(kind = 'SUBSCRIPTION') = (cap_cents IS NOT NULL)", name="cap_of_subscription"),
        CheckConstraint("cap_cents BETWEEN 1 AND 100000000", name="cap"),
        CheckConstraint("kind = 'PLAN' OR NOT priority", name="priority_of_plan"),
        Index("ix_charging_offer_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_charging_offer_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    kind: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    price_cents: Mapped[int] = mapped_column(BigInteger)
    """Without VAT: per month of a plan or subscription, once of a pack."""
    currency: Mapped[str] = mapped_column(server_default="EUR", default="EUR")
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0", default=Decimal(0))
    """Of a plan: off all of a session. Of a pack: off the price of its energy."""
    energy_wh: Mapped[int | None] = mapped_column(BigInteger)
    cap_cents: Mapped[int | None] = mapped_column(BigInteger)
    """What a subscription covers per calendar month, without VAT."""
    priority: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    active: Mapped[bool] = mapped_column(Boolean, server_default=true(), default=True)
    """Whether it can be bought."""


protect(
    ChargingOffer,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    customer=Rule("active AND " + OF_THE_ENTITY),
    explain={
        "staff": "The offer is of one of the actor's business entities.",
        "customer": "The offer is of one of the actor's business entities, and can be bought.",
    },
)

OWN = f"contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"
OWN_SENTENCES = {"staff": "It is of one of the actor's business entities.", "customer": "The actor has bought it."}


class PlanMembership(Identified, Base):
    """A contact is in a plan for a time."""

    __tablename__ = "plan_membership"
    __table_args__ = (
        ExcludeConstraint(
            ("entity_id", "="), ("contact_id", "="), ("valid", "&&"), name="one_plan_at_a_time", using="gist"
        ),
        CheckConstraint("discount_percent BETWEEN 0 AND 100", name="discount"),
        Index("ix_plan_membership_contact", "contact_id", "created_at", "id"),
        Index("ix_plan_membership_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_plan_membership_newest", "created_at", "id"),
        Index("ix_plan_membership_offer", "offer_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    offer_id: Mapped[UUID] = mapped_column(ForeignKey("charging_offer.id"))
    valid: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    monthly_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(server_default="EUR")
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    priority: Mapped[bool] = mapped_column(Boolean, server_default=false())
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


protect(
    PlanMembership,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=("valid",)),
    customer=Rule(OWN, "SELECT, INSERT, UPDATE", write_only=("made_by",), updates=("valid",)),
    explain=OWN_SENTENCES,
)


class EnergyPack(Identified, Updated, Base):
    """Energy that a contact has bought; what is left follows from what sessions took (trigger)."""

    __tablename__ = "energy_pack"
    __table_args__ = (
        CheckConstraint("energy_wh > 0", name="energy"),
        CheckConstraint("remaining_wh BETWEEN 0 AND energy_wh", name="remaining"),
        CheckConstraint("cancelled_at IS NULL OR remaining_wh = energy_wh", name="cancelled_unused"),
        CheckConstraint("discount_percent BETWEEN 0 AND 100", name="discount"),
        CheckConstraint("price_cents >= 0", name="price"),
        Index("ix_energy_pack_contact", "contact_id", "created_at", "id"),
        Index("ix_energy_pack_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_energy_pack_newest", "created_at", "id"),
        Index("ix_energy_pack_offer", "offer_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    offer_id: Mapped[UUID] = mapped_column(ForeignKey("charging_offer.id"))
    energy_wh: Mapped[int] = mapped_column(BigInteger)
    remaining_wh: Mapped[int] = mapped_column(BigInteger)
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    price_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(server_default="EUR")
    bought_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


protect(
    EnergyPack,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=("cancelled_at", "updated_at")),
    customer=Rule(OWN, "SELECT, INSERT, UPDATE", write_only=("made_by",), updates=("cancelled_at", "updated_at")),
    explain=OWN_SENTENCES,
)


class ChargingSubscription(Identified, Base):
    """A contact charges for a price per month, up to a cap per calendar month (Europe/Amsterdam)."""

    __tablename__ = "charging_subscription"
    __table_args__ = (
        ExcludeConstraint(
            ("entity_id", "="), ("contact_id", "="), ("valid", "&&"), name="one_subscription_at_a_time", using="gist"
        ),
        CheckConstraint("monthly_cents >= 0", name="price"),
        CheckConstraint("cap_cents > 0", name="cap"),
        Index("ix_charging_subscription_contact", "contact_id", "created_at", "id"),
        Index("ix_charging_subscription_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_charging_subscription_newest", "created_at", "id"),
        Index("ix_charging_subscription_offer", "offer_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    offer_id: Mapped[UUID] = mapped_column(ForeignKey("charging_offer.id"))
    valid: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    monthly_cents: Mapped[int] = mapped_column(BigInteger)
    cap_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(server_default="EUR")
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


protect(
    ChargingSubscription,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=("valid",)),
    customer=Rule(OWN, "SELECT, INSERT, UPDATE", write_only=("made_by",), updates=("valid",)),
    explain=OWN_SENTENCES,
)


class BenefitUse(Identified, Base):
    """What a session took from a pack (Wh) or of a month of a subscription (cents without VAT).

    A trigger refuses what was not left, whoever writes.
    """

    __tablename__ = "benefit_use"
    __table_args__ = (
        CheckConstraint("(pack_id IS NULL) <> (subscription_id IS NULL)", name="of_one"),
        CheckConstraint("(pack_id IS NULL) = (wh IS NULL) AND wh > 0", name="wh"),
        CheckConstraint(
            "(subscription_id IS NULL) = (cents IS NULL) AND (cents IS NULL) = (month IS NULL) AND cents > 0",
            name="cents",
        ),
        CheckConstraint("extract(day FROM month) = 1", name="month"),
        UniqueConstraint("charging_session_id", "pack_id"),
        UniqueConstraint("charging_session_id", "subscription_id"),
        Index("ix_benefit_use_pack", "pack_id", "created_at", "id"),
        Index("ix_benefit_use_subscription", "subscription_id", "month"),
        Index("ix_benefit_use_contact", "contact_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    charging_session_id: Mapped[UUID]
    pack_id: Mapped[UUID | None] = mapped_column(ForeignKey("energy_pack.id"))
    wh: Mapped[int | None] = mapped_column(BigInteger)
    subscription_id: Mapped[UUID | None] = mapped_column(ForeignKey("charging_subscription.id"))
    month: Mapped[date | None] = mapped_column(Date)
    cents: Mapped[int | None] = mapped_column(BigInteger)


protect(
    BenefitUse,
    staff=Rule(OF_THE_ENTITY),
    customer=Rule(OWN),
    explain={"staff": "It is of one of the actor's business entities.", "customer": "The actor used it."},
)
