"""Applications on their way to going live, their steps, documents, tasks and signatures; rules of prices; imports."""

from datetime import date, datetime
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
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class OnboardingState(StrEnum):
    """Where a partner is on its way; the first six follow each other."""

    APPLIED = "APPLIED"
    DOCUMENTS = "DOCUMENTS"
    TECHNICAL = "TECHNICAL"
    SANDBOX = "SANDBOX"
    GO_LIVE = "GO_LIVE"
    LIVE = "LIVE"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


ORDER = tuple(OnboardingState)[:6]
CLOSED = (OnboardingState.REJECTED, OnboardingState.WITHDRAWN)


class WayIn(StrEnum):
    """How a partner wants to send orders (N10)."""

    API = "API"
    WEBHOOK = "WEBHOOK"
    FORM = "FORM"
    EMAIL = "EMAIL"
    PORTAL = "PORTAL"


class StepState(StrEnum):
    WAITING = "WAITING"
    DONE = "DONE"
    FAILED = "FAILED"
    """It was looked at and does not hold; somebody has to judge or mend it."""
    WAIVED = "WAIVED"
    """Somebody of ours decided, with a reason, to go without it."""


class StepOwner(StrEnum):
    """Who has to act."""

    SYSTEM = "SYSTEM"
    PARTNER = "PARTNER"
    STAFF = "STAFF"


class PartnerDocumentState(StrEnum):
    PENDING = "PENDING"
    VERIFIED = "VERIFIED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    SUPERSEDED = "SUPERSEDED"
    """A later version took its place."""


class TaskOwner(StrEnum):
    STAFF = "STAFF"
    PARTNER = "PARTNER"


class TaskState(StrEnum):
    OPEN = "OPEN"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


_SUBTREE = (
    "EXISTS (SELECT 1 FROM contact c WHERE c.id = organization_id "
    "AND c.chain_organization_ids @> ARRAY[{organization}])"
)
OF_THEIR_PARTNER = f"{OF_THE_ENTITY} AND {_SUBTREE}"
EXPLAIN = {
    "staff": "It is of one of the actor's business entities.",
    "partner": "It is of the actor's organization or one below it.",
}


class OnboardingCategory(Identified, Updated, Base):
    """What an entity asks of a category of partners, where that differs from the platform's own (criteria.py)."""

    __tablename__ = "onboarding_category"
    __table_args__ = (UniqueConstraint("entity_id", "code"), CheckConstraint("code ~ '^[A-Z][A-Z0-9_]*$'", name="code"))

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    code: Mapped[str]
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}


protect(OnboardingCategory, staff=Rule(OF_THE_ENTITY), explain={"staff": EXPLAIN["staff"]})


class PartnerOnboarding(Identified, Updated, Base):
    """One request to become a partner, from application to going live."""

    __tablename__ = "partner_onboarding"
    __table_args__ = (
        one_of("state", OnboardingState),
        one_of("way_in", WayIn),
        UniqueConstraint("entity_id", "number"),
        CheckConstraint(
            "state IN ('APPLIED', 'REJECTED', 'WITHDRAWN') OR organization_id IS NOT NULL", name="organization_id"
        ),
        CheckConstraint(
            "(state IN ('REJECTED', 'WITHDRAWN')) = (closed_at IS NOT NULL) "
            "AND (closed_at IS NULL) = (closed_from IS NULL)",
            name="closed_at",
        ),
        CheckConstraint("email = lower(email)", name="email_lower"),
        Index(
            "uq_partner_onboarding_open",
            "entity_id",
            "organization_id",
            unique=True,
            postgresql_where=text("organization_id IS NOT NULL AND state NOT IN ('REJECTED', 'WITHDRAWN')"),
        ),
        Index(
            "uq_partner_onboarding_confirmation",
            "confirmation_hash",
            unique=True,
            postgresql_where=text("confirmation_hash IS NOT NULL"),
        ),
        Index("ix_partner_onboarding_organization", "organization_id"),
        Index("ix_partner_onboarding_email", "entity_id", "email"),
        Index("ix_partner_onboarding_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_partner_onboarding_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """None until it is accepted, unless the organization was there before."""
    number: Mapped[str]
    category: Mapped[str]
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What the category asked when it was applied for: later changes do not move the goal."""
    state: Mapped[str] = mapped_column(server_default=OnboardingState.APPLIED.value)
    way_in: Mapped[str]
    parent_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"), index=True)
    """Below whom it is to stand in the tree."""
    company_name: Mapped[str]
    legal_name: Mapped[str | None]
    kvk_number: Mapped[str | None]
    vat_number: Mapped[str | None]
    website: Mapped[str | None]
    address: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """As it was given."""
    contact_name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str | None]
    job_title: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default="nl")
    orders_per_month: Mapped[int | None] = mapped_column(Integer)
    """Expected."""
    message: Mapped[str] = mapped_column(server_default="")
    applied_by_user_id: Mapped[UUID | None]
    """None for a visitor, whose mail has to prove the address."""
    host: Mapped[str] = mapped_column(server_default="")
    """Of the brand it was applied at."""
    confirmation_hash: Mapped[str | None]
    confirm_by: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"), index=True)
    """The person that it is arranged with."""
    closed_at: Mapped[datetime | None]
    closed_from: Mapped[str | None]
    closed_reason: Mapped[str | None]
    live_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}


_SECRET = ("confirmation_hash",)
protect(
    PartnerOnboarding,
    staff=Rule(OF_THE_ENTITY, hidden=_SECRET),
    partner=Rule(OF_THEIR_PARTNER, hidden=_SECRET),
    explain=EXPLAIN,
)


class OnboardingStep(Identified, Updated, Base):
    """One thing that has to hold before a partner goes on."""

    __tablename__ = "onboarding_step"
    __table_args__ = (
        one_of("stage", OnboardingState),
        one_of("state", StepState),
        one_of("owner", StepOwner),
        UniqueConstraint("onboarding_id", "code"),
        CheckConstraint("(state = 'WAITING') = (settled_at IS NULL)", name="settled_at"),
        CheckConstraint("state <> 'WAIVED' OR reason IS NOT NULL", name="reason"),
        Index("ix_onboarding_step_organization", "organization_id"),
        Index("ix_onboarding_step_entity", "entity_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    onboarding_id: Mapped[UUID] = mapped_column(ForeignKey("partner_onboarding.id"))
    position: Mapped[int] = mapped_column(Integer)
    stage: Mapped[str]
    code: Mapped[str]
    owner: Mapped[str]
    required: Mapped[bool] = mapped_column(Boolean, server_default=true())
    judged: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether a person of ours settled it: facts do not change it any more."""
    state: Mapped[str] = mapped_column(server_default=StepState.WAITING.value)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What it was decided by."""
    reason: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    settled_by_user_id: Mapped[UUID | None]
    """None where the facts settled it."""


protect(
    OnboardingStep,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(OF_THEIR_PARTNER, hidden=("detail",)),
    explain=EXPLAIN,
)


class PartnerDocument(Identified, Updated, Base):
    """One version of an insurance, certificate or extract of a partner."""

    __tablename__ = "partner_document"
    __table_args__ = (
        one_of("state", PartnerDocumentState),
        UniqueConstraint("entity_id", "organization_id", "kind", "number"),
        CheckConstraint("state <> 'REJECTED' OR reason IS NOT NULL", name="reason"),
        CheckConstraint("insured_cents >= 0", name="insured_cents"),
        Index("ix_partner_document_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_partner_document_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_partner_document_newest", "created_at", "id"),
        Index(
            "ix_partner_document_expiring",
            "expires_on",
            postgresql_where=text("state = 'VERIFIED' AND expires_on IS NOT NULL"),
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    kind: Mapped[str]
    """A kind of the category's documents, such as LIABILITY_INSURANCE."""
    number: Mapped[int] = mapped_column(Integer)
    """Of the version: 1, 2, …"""
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("document.id"), index=True)
    """The file."""
    reference: Mapped[str] = mapped_column(server_default="")
    """Number of the policy or certificate."""
    issuer: Mapped[str] = mapped_column(server_default="")
    insured_cents: Mapped[int | None] = mapped_column(BigInteger)
    """In euro cents, per claim."""
    issued_on: Mapped[date | None] = mapped_column(Date)
    expires_on: Mapped[date | None] = mapped_column(Date)
    """The last day on which it is valid."""
    state: Mapped[str] = mapped_column(server_default=PartnerDocumentState.PENDING.value)
    reason: Mapped[str | None]
    """Why it was rejected."""
    decided_at: Mapped[datetime | None]
    decided_by_user_id: Mapped[UUID | None]
    added_by_user_id: Mapped[UUID | None]
    reminded_days: Mapped[int | None] = mapped_column(Integer)
    """The last reminder was sent this many days before it expires."""
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}


_OWN = f"organization_id = {{organization}} AND {OF_THE_ENTITY}"
_EXPLAIN_OWN = {**EXPLAIN, "partner": "It is of the actor's own organization."}
protect(PartnerDocument, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN_OWN)


class PartnerTask(Identified, Updated, Base):
    """Something that a person has to do about a partner, with an owner and a day."""

    __tablename__ = "partner_task"
    __table_args__ = (
        one_of("owner", TaskOwner),
        one_of("state", TaskState),
        CheckConstraint("(state = 'OPEN') = (done_at IS NULL)", name="done_at"),
        Index("uq_partner_task_key", "entity_id", "key", unique=True, postgresql_where=text("state = 'OPEN'")),
        Index("ix_partner_task_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_partner_task_onboarding", "onboarding_id"),
        Index("ix_partner_task_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_partner_task_newest", "created_at", "id"),
        Index("ix_partner_task_due", "due_on", postgresql_where=text("state = 'OPEN'")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    onboarding_id: Mapped[UUID | None] = mapped_column(ForeignKey("partner_onboarding.id"))
    owner: Mapped[str]
    kind: Mapped[str]
    key: Mapped[str]
    """Of one key there is one open task."""
    subject_type: Mapped[str | None]
    """GraphQL type and id of what it is about."""
    subject_id: Mapped[UUID | None]
    title_nl: Mapped[str]
    title_en: Mapped[str]
    due_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(server_default=TaskState.OPEN.value)
    assigned_to_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    """A person of ours, where one took it."""
    done_at: Mapped[datetime | None]
    done_by_user_id: Mapped[UUID | None]
    note: Mapped[str] = mapped_column(server_default="")
    reminded_on: Mapped[date | None] = mapped_column(Date)


protect(
    PartnerTask,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(f"owner = 'PARTNER' AND {OF_THEIR_PARTNER}", hidden=("note",)),
    explain={**EXPLAIN, "partner": "It is for the actor's organization or one below it to do."},
)


class AgreementSignature(Identified, Base):
    """That somebody signed an agreement for a partner: what was shown, word for word, and who it was. Append-only."""

    __tablename__ = "agreement_signature"
    __table_args__ = (
        UniqueConstraint("agreement_id", "text_sha256"),
        CheckConstraint("text_sha256 ~ '^[0-9a-f]{64}$'", name="text_sha256"),
        Index("ix_agreement_signature_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_agreement_signature_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_agreement_signature_newest", "created_at", "id"),
        Index("ix_agreement_signature_signed_by", "signed_by_user_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("agreement.id"))
    text_sha256: Mapped[str]
    text: Mapped[str]
    processing_agreement_version: Mapped[str]
    signed_by_user_id: Mapped[UUID]
    signer_name: Mapped[str]
    signer_job_title: Mapped[str]
    ip_address: Mapped[str] = mapped_column(server_default="")
    user_agent: Mapped[str] = mapped_column(server_default="")


protect(
    AgreementSignature,
    system_may="SELECT, INSERT",
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(_OWN),
    explain=_EXPLAIN_OWN,
)


class PriceRules(Identified, Base):
    """From the standard price to a partner's own, by rules; each change is a new version."""

    __tablename__ = "partner_price_rules"
    __table_args__ = (
        UniqueConstraint("entity_id", "organization_id", "number"),
        Index(
            "uq_partner_price_rules_current",
            "entity_id",
            "organization_id",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index("ix_partner_price_rules_organization", "organization_id"),
        Index("ix_partner_price_rules_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_partner_price_rules_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    number: Mapped[int] = mapped_column(Integer)
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """See prices.py."""
    price_list_id: Mapped[UUID] = mapped_column(ForeignKey("price_list.id"))
    made_by_user_id: Mapped[UUID | None]
    replaced_at: Mapped[datetime | None]


protect(PriceRules, staff=Rule(OF_THE_ENTITY), explain={"staff": EXPLAIN["staff"]})


class SkuMapImport(Identified, Base):
    """One import of a partner's article map, with what it found there, so that it can be taken back."""

    __tablename__ = "sku_map_import"
    __table_args__ = (
        Index("ix_sku_map_import_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_sku_map_import_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_sku_map_import_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    added: Mapped[int] = mapped_column(Integer)
    changed: Mapped[int] = mapped_column(Integer)
    removed: Mapped[int] = mapped_column(Integer)
    before: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """What the touched numbers stood for; `article_id` null where for nothing."""
    after: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    imported_by_user_id: Mapped[UUID | None]
    undone_at: Mapped[datetime | None]


protect(SkuMapImport, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN_OWN)
