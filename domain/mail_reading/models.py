"""What was learned of how a partner writes its mails, every version of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class TemplateState(StrEnum):
    ACTIVE = "ACTIVE"
    RETIRED = "RETIRED"
    """A later version took its place, or it was put aside."""


class TemplateOrigin(StrEnum):
    """How a version came to be."""

    LEARNED = "LEARNED"
    """From the correction of a mail."""
    WRITTEN = "WRITTEN"
    """Somebody stated its rules."""
    RESTORED = "RESTORED"
    """It repeats an earlier version."""


class MailTemplate(Identified, Base):
    """One version of how a partner's mails are read. Rows are never changed but for their state."""

    __tablename__ = "mail_template"
    __table_args__ = (
        one_of("state", TemplateState),
        one_of("origin", TemplateOrigin),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("(state = 'RETIRED') = (retired_at IS NOT NULL)", name="retired_at"),
        CheckConstraint("jsonb_typeof(rules) = 'object' AND jsonb_typeof(learned) = 'object'", name="rules"),
        UniqueConstraint("entity_id", "organization_id", "name", "version"),
        Index(
            "uq_mail_template_active",
            "entity_id",
            "organization_id",
            "name",
            unique=True,
            postgresql_where=text("state = 'ACTIVE'"),
        ),
        Index("ix_mail_template_organization", "organization_id", "created_at", "id"),
        Index("ix_mail_template_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_mail_template_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    name: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default=TemplateState.ACTIVE.value)
    origin: Mapped[str]
    rules: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What somebody stated: `{"labels": {words: path}, "aliases": {words: SKU}}`; it goes before what was learned."""
    learned: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """A Template of template.py, with how often each rule was right."""
    note: Mapped[str] = mapped_column(server_default="")
    """What the version changed, in words."""
    created_by_user_id: Mapped[UUID | None]
    retired_at: Mapped[datetime | None]


protect(
    MailTemplate,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=("state", "retired_at")),
    explain={"staff": "The template is of a partner of one of the actor's business entities."},
)
