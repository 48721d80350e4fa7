"""Policies of reminding, the reminders that were sent, and what must not be reminded of."""

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
    true,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, one_of, references
from tenants.rls import OF_THE_ENTITY, Rule, protect


class ReminderKind(StrEnum):
    REMINDER = "REMINDER"
    DEMAND = "DEMAND"
    FINAL = "FINAL"
    """To consumers the letter of art. 6:96 lid 6 BW: fourteen days, and what the collection will cost."""


class PauseReason(StrEnum):
    DISPUTED = "DISPUTED"
    """What is billed is contested; holds until it is lifted."""
    AGREED = "AGREED"
    """A later day or instalments were agreed."""
    OTHER = "OTHER"


class DunningPolicy(Identified, Updated, Base):
    """How an entity reminds; without a row the standard policy holds."""

    __tablename__ = "dunning_policy"
    __table_args__ = (
        UniqueConstraint("entity_id"),
        CheckConstraint("minimum_cents >= 0", name="minimum"),
        Index("ix_dunning_policy_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """`[{"days": 7, "kind": "REMINDER"}, …]`, days after the due day, rising."""
    minimum_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What is less open is not reminded of."""
    collection_costs: Mapped[bool] = mapped_column(Boolean, server_default=true())
    """Whether the costs of Besluit BIK are announced or claimed."""
    interest: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether statutory interest is claimed."""


class Reminder(Identified, Base):
    """That a payer was reminded of an invoice, and what was claimed."""

    __tablename__ = "reminder"
    __table_args__ = (
        one_of("kind", ReminderKind),
        CheckConstraint("open_cents > 0 AND interest_cents >= 0 AND costs_cents >= 0", name="amounts"),
        Index("uq_reminder_step", "invoice_id", "step", unique=True, postgresql_where=sql("step IS NOT NULL")),
        Index("ix_reminder_invoice", "invoice_id", "sent_on"),
        Index("ix_reminder_contact", "contact_id"),
        Index("ix_reminder_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_reminder_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    invoice_id: Mapped[UUID] = references("invoice.id")
    contact_id: Mapped[UUID] = references("contact.id")
    """Who pays."""
    step: Mapped[int | None] = mapped_column(Integer)
    """Of the policy, from 1; none for one that was sent by hand."""
    kind: Mapped[str]
    sent_on: Mapped[date] = mapped_column(Date)
    pay_before: Mapped[date] = mapped_column(Date)
    """The last day to pay on."""
    open_cents: Mapped[int] = mapped_column(BigInteger)
    interest_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    costs_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    costs_due: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether the costs are claimed, and not only announced."""
    currency: Mapped[str]
    recipient: Mapped[str | None]
    """None where the payer has no address to write to."""
    sent_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


class DunningPause(Identified, Updated, Base):
    """That an invoice, or all of a payer's, is not reminded of for a while."""

    __tablename__ = "dunning_pause"
    __table_args__ = (
        one_of("reason", PauseReason),
        CheckConstraint("num_nonnulls(invoice_id, contact_id) = 1", name="what"),
        CheckConstraint("reason = 'DISPUTED' OR until IS NOT NULL", name="until"),
        Index("ix_dunning_pause_invoice", "invoice_id"),
        Index("ix_dunning_pause_contact", "contact_id"),
        Index("ix_dunning_pause_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_dunning_pause_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    reason: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    until: Mapped[date | None] = mapped_column(Date)
    """The last day of the pause."""
    paused_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


class AccountStatement(Identified, Base):
    """That a statement of account was asked for, as a document to be mailed."""

    __tablename__ = "account_statement"
    __table_args__ = (
        CheckConstraint("since <= until", name="period"),
        Index("ix_account_statement_contact", "contact_id"),
        Index("ix_account_statement_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_account_statement_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    contact_id: Mapped[UUID] = references("contact.id")
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)
    currency: Mapped[str]
    recipient: Mapped[str | None]
    """Whom it is mailed to; nobody where it is only to be made."""
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


_STAFF_ONLY = {"staff": "It is of one of the actor's business entities."}
_WRITES = "SELECT, INSERT, UPDATE"
protect(DunningPolicy, staff=Rule(OF_THE_ENTITY, _WRITES), explain=_STAFF_ONLY)
protect(AccountStatement, staff=Rule(OF_THE_ENTITY, "SELECT, INSERT"), explain=_STAFF_ONLY)
protect(Reminder, staff=Rule(OF_THE_ENTITY, "SELECT, INSERT"), explain=_STAFF_ONLY)
protect(DunningPause, staff=Rule(OF_THE_ENTITY, _WRITES), explain=_STAFF_ONLY)
