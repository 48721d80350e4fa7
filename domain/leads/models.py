"""Leads, the rules that route them, the questions they are asked and the steps that follow them up."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, false, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, child_of, protect


class LeadStatus(StrEnum):
    NEW = "NEW"
    INTAKE = "INTAKE"
    QUALIFIED = "QUALIFIED"
    QUOTED = "QUOTED"
    CONVERTED = "CONVERTED"
    DISQUALIFIED = "DISQUALIFIED"


class LeadSource(StrEnum):
    PORTAL = "PORTAL"
    PARTNER_PORTAL = "PARTNER_PORTAL"
    PARTNER_API = "PARTNER_API"
    STAFF = "STAFF"
    IMPORT = "IMPORT"


class FollowUpChannel(StrEnum):
    """How a step of a follow-up reaches somebody."""

    EMAIL = "EMAIL"
    TASK = "TASK"
    """A task for the staff of the entity, as an event."""


class FollowUpOutcome(StrEnum):
    """What came of a step that was due."""

    SENT = "SENT"
    TASK_CREATED = "TASK_CREATED"
    FAILED = "FAILED"


class Questionnaire(Identified, Updated, Base):
    """The intake questions of one entity; a changed questionnaire is a new version, answers keep theirs."""

    __tablename__ = "questionnaire"
    __table_args__ = (
        UniqueConstraint("entity_id", "version"),
        Index("uq_questionnaire_active", "entity_id", unique=True, postgresql_where=text("active")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    version: Mapped[int] = mapped_column(Integer)
    title: Mapped[str]
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """`[{key, type, label, label_en, required, options, minimum, maximum, decimals, max_length, show_if}]`; checked by
    questions.py."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())


_INTAKE = "The questionnaire is of one of the actor's business entities."
protect(
    Questionnaire,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(OF_THE_ENTITY),
    customer=Rule(OF_THE_ENTITY),
    explain=dict.fromkeys(("staff", "partner", "customer"), _INTAKE),
)


class RoutingRule(Identified, Updated, Base):
    """Sends a lead to a business entity (L4): the first rule by `position` whose conditions all hold."""

    __tablename__ = "routing_rule"
    __table_args__ = (Index("ix_routing_rule_position", "position"),)

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    """The entity whose admin owns the rule and to which it sends."""
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[str]
    conditions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """`[{field, operator, values}]`; checked by routing.py."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())


protect(
    RoutingRule,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE, DELETE"),
    explain={"staff": "The rule sends leads to one of the actor's business entities."},
)


class Lead(Identified, Updated, Base):
    """Somebody who may want something from us."""

    __tablename__ = "lead"
    __table_args__ = (
        one_of("status", LeadStatus),
        one_of("source", LeadSource),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        Index("ix_lead_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_lead_newest", "created_at", "id"),
        Index("ix_lead_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_lead_contact", "contact_id", "created_at", "id"),
        Index("ix_lead_entity_score", "entity_id", "score", "id"),
        Index("ix_lead_entity_status", "entity_id", "status", "created_at", "id"),
        Index("ix_lead_email", "email", "created_at"),
        Index("ix_lead_partner", "partner_organization_id", "created_at", "id"),
        CheckConstraint("(status = 'DISQUALIFIED') = (disqualified_from IS NOT NULL)", name="disqualified_from"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    number: Mapped[str] = mapped_column(unique=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    submitted_entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    """Where it was submitted; routing may have sent it to another entity."""
    submitted_by_user_id: Mapped[UUID | None]
    name: Mapped[str]
    """With e-mail, phone, company and language: as given at submission; the contact may hold other values."""
    email: Mapped[str]
    phone: Mapped[str | None]
    """E.164."""
    company_name: Mapped[str | None]
    """Given by a business customer; none for a consumer."""
    language: Mapped[str] = mapped_column(server_default="nl")
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    source: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=LeadStatus.NEW.value)
    address_id: Mapped[UUID | None] = mapped_column(ForeignKey("address.id"))
    interests: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What was said at submission: `{product_category, product_wish, home_owner, car, car_power, notes}`."""
    score: Mapped[int] = mapped_column(Integer, server_default="0")
    score_explanation: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """`[{factor, points, max, reason, reason_en}]`; the points add up to the score."""
    routing_explanation: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """`{rule_id, rule_name, reason, reason_en}`; without a rule the lead stayed where it was submitted."""
    questionnaire_id: Mapped[UUID | None] = mapped_column(ForeignKey("questionnaire.id"))
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    intake_completed_at: Mapped[datetime | None]
    qualified_at: Mapped[datetime | None]
    disqualified_reason: Mapped[str | None]
    disqualified_from: Mapped[str | None]
    """The status it had, to which reopening returns it."""
    handled_manually: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether a member of staff had to do something for it (L9)."""
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}


_INTERNAL = (
    "score",
    "score_explanation",
    "routing_explanation",
    "disqualified_reason",
    "disqualified_from",
    "handled_manually",
    "submitted_by_user_id",
)
protect(
    Lead,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(OF_THE_CHANNEL, "SELECT, INSERT, UPDATE"),
    customer=Rule(
        "contact_id = {contact} AND entity_id = ANY ({entities})",
        "SELECT, UPDATE",
        hidden=_INTERNAL,
        updates=(
            "answers",
            "questionnaire_id",
            "status",
            "intake_completed_at",
            "qualified_at",
            "updated_at",
            "version",
        ),
    ),
    explain={
        "staff": "The lead was routed to one of the actor's business entities.",
        "partner": "The lead came through the actor's organization or one below it.",
        "customer": "The lead is the actor.",
    },
)
listed(
    Listed(
        "lead",
        "lead",
        "concat_ws(' ', r.number, r.name, r.email, r.phone, r.company_name, "
        "(SELECT concat_ws(' ', c.name, c.email, c.phone) FROM contact c WHERE c.id = r.contact_id))",
        contact_ids="ARRAY[r.contact_id]",
    )
)


class FollowUpStep(Identified, Updated, Base):
    """One step of an entity's follow-up of leads in a status (L7)."""

    __tablename__ = "follow_up_step"
    __table_args__ = (
        one_of("lead_status", LeadStatus),
        one_of("channel", FollowUpChannel),
        CheckConstraint("after_hours BETWEEN 0 AND 8760", name="after_hours"),
        Index(
            "uq_follow_up_step_position",
            "entity_id",
            "lead_status",
            "position",
            unique=True,
            postgresql_where=text("active"),
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    lead_status: Mapped[str]
    position: Mapped[int] = mapped_column(Integer)
    after_hours: Mapped[int] = mapped_column(Integer)
    """Hours after the lead came into the status."""
    channel: Mapped[str]
    subject: Mapped[str]
    """Subject of the mail, or title of the task; like the template with placeholders, see templates.py."""
    subject_en: Mapped[str] = mapped_column(server_default="")
    template: Mapped[str]
    template_en: Mapped[str] = mapped_column(server_default="")
    """For those who chose English; the Dutch one where it is empty."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())


protect(
    FollowUpStep,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE, DELETE"),
    partner=Rule(OF_THE_ENTITY),
    customer=Rule(OF_THE_ENTITY),
    explain={
        "staff": "The step is of one of the actor's business entities.",
        "partner": "Follow-up steps are the entity's.",
        "customer": "Follow-up steps are the entity's.",
    },
)


class LeadFollowUp(Identified, Base):
    """A step that is due for a lead, and what came of it."""

    __tablename__ = "lead_follow_up"
    __table_args__ = (
        UniqueConstraint("lead_id", "step_id"),
        Index("ix_lead_follow_up_due", "due_at", postgresql_where=text("done_at IS NULL AND cancelled_at IS NULL")),
        CheckConstraint(f"outcome IN {tuple(o.value for o in FollowUpOutcome)}", name="outcome"),
        CheckConstraint("(done_at IS NULL) = (outcome IS NULL)", name="done_with_outcome"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    lead_id: Mapped[UUID] = mapped_column(ForeignKey("lead.id"))
    step_id: Mapped[UUID] = mapped_column(ForeignKey("follow_up_step.id"))
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    outcome: Mapped[str | None]


protect(
    LeadFollowUp,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=child_of("lead", "lead_id", "SELECT, INSERT, UPDATE"),
    customer=child_of("lead", "lead_id", "SELECT, INSERT, UPDATE"),
    explain={
        "staff": "The follow-up is of one of the actor's business entities.",
        "partner": "The actor sees the lead.",
        "customer": "The actor is the lead.",
    },
)
