"""Leads, the rules that route them, the questions they are asked and the steps that follow them up."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text, true
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


class Questionnaire(Identified, Updated, Base):
    """The intake questions of one entity; a changed questionnaire is a new version, answers keep theirs."""

    __tablename__ = "questionnaire"
    __table_args__ = (UniqueConstraint("entity_id", "version"),)

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    version: Mapped[int] = mapped_column(Integer)
    title: Mapped[str]
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """`[{key, type, label, label_en, required, options, min, max, max_length, show_if}]`; checked by intake.py."""
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
    """`[{field, operator, value}]`; checked by routing.py."""
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
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    number: Mapped[str] = mapped_column(unique=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    source: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=LeadStatus.NEW.value)
    address_id: Mapped[UUID | None] = mapped_column(ForeignKey("address.id"))
    interests: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What was said at submission: wanted product, car, home owner, notes."""
    score: Mapped[int] = mapped_column(Integer, server_default="0")
    score_explanation: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """`[{factor, points, max, reason}]`; the points add up to the score."""
    routing_explanation: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    questionnaire_id: Mapped[UUID | None] = mapped_column(ForeignKey("questionnaire.id"))
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    intake_completed_at: Mapped[datetime | None]
    qualified_at: Mapped[datetime | None]
    disqualified_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}


_SCORING = ("score", "score_explanation", "routing_explanation")
protect(
    Lead,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(OF_THE_CHANNEL, "SELECT, INSERT, UPDATE"),
    customer=Rule(
        "contact_id = {contact} AND entity_id = ANY ({entities})",
        "SELECT, UPDATE",
        hidden=_SCORING,
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
        "concat_ws(' ', r.number, "
        "(SELECT concat_ws(' ', c.name, c.email, c.phone) FROM contact c WHERE c.id = r.contact_id))",
        contact_ids="ARRAY[r.contact_id]",
    )
)


class FollowUpStep(Identified, Updated, Base):
    """One step of an entity's follow-up of leads in a status (L7)."""

    __tablename__ = "follow_up_step"
    __table_args__ = (one_of("lead_status", LeadStatus), UniqueConstraint("entity_id", "lead_status", "position"))

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    lead_status: Mapped[str]
    position: Mapped[int] = mapped_column(Integer)
    after_hours: Mapped[int] = mapped_column(Integer)
    """Hours after the lead came into the status."""
    channel: Mapped[str]
    """EMAIL, SMS or TASK."""
    template: Mapped[str]
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
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    lead_id: Mapped[UUID] = mapped_column(ForeignKey("lead.id"))
    step_id: Mapped[UUID] = mapped_column(ForeignKey("follow_up_step.id"))
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
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
