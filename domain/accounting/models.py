"""Connections to accounting packages, what was told to them, and whether both sides agree."""

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
    LargeBinary,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class AccountingPackage(StrEnum):
    MONEYBIRD = "MONEYBIRD"
    SNELSTART = "SNELSTART"


class ConnectionState(StrEnum):
    UNTESTED = "UNTESTED"
    """Saved; nothing is sent before a test succeeds."""
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    """By a person; what happens meanwhile waits."""
    REFUSED = "REFUSED"
    """The package refused the credentials; what happens meanwhile waits."""


class RecordKind(StrEnum):
    CONTACT = "CONTACT"
    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    SELF_BILLING = "SELF_BILLING"
    """A purchase there: what we invoiced to ourselves in a partner's name."""
    SELF_BILLING_CREDIT = "SELF_BILLING_CREDIT"
    PAYMENT = "PAYMENT"

    @property
    def is_purchase(self) -> bool:
        return self in (RecordKind.SELF_BILLING, RecordKind.SELF_BILLING_CREDIT)

    @property
    def is_invoice(self) -> bool:
        return self not in (RecordKind.CONTACT, RecordKind.PAYMENT)


class RecordState(StrEnum):
    PENDING = "PENDING"
    SENDING = "SENDING"
    """An attempt is under way, or its worker died: what came of it is not known."""
    DONE = "DONE"
    FAILED = "FAILED"
    """Nothing more is tried until somebody asks for it."""


class AccountingConnection(Identified, Updated, Base):
    """An entity's administration in an accounting package."""

    __tablename__ = "accounting_connection"
    __table_args__ = (
        one_of("package", AccountingPackage),
        one_of("state", ConnectionState),
        UniqueConstraint("entity_id", "package"),
        Index("ix_accounting_connection_newest", "created_at", "id"),
        Index("ix_accounting_connection_entity_newest", "entity_id", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    package: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=ConnectionState.UNTESTED.value)
    administration: Mapped[str] = mapped_column(server_default="")
    """Moneybird's administration id; Snelstart's key names its administration itself."""
    administration_name: Mapped[str] = mapped_column(server_default="")
    """As the package calls it."""
    credentials: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted, bound to the row; see connections.py."""
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Roles of our ledger accounts and VAT categories to ids there; see mapping.py."""
    catalogue: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """The package's accounts, VAT rates, journals and countries, read by the last test."""
    since: Mapped[date] = mapped_column(Date)
    """Documents and payments from this day on are told."""
    with_payments: Mapped[bool] = mapped_column(Boolean, server_default=true())
    error: Mapped[str | None]
    """What the package answered last, where that was no good."""
    tested_at: Mapped[datetime | None]
    synced_at: Mapped[datetime | None]
    resume_at: Mapped[datetime | None]
    """Nothing is asked before: the package said so, or does not answer."""
    lease: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    """One worker at a time talks to an administration."""


_SEES = "The connection is of one of the actor's business entities."
protect(
    AccountingConnection,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", write_only=("credentials",)),
    explain={"staff": _SEES},
)


class AccountingRecord(Identified, Updated, Base):
    """One contact, document or payment there: what it is here, whether it arrived, and why not."""

    __tablename__ = "accounting_record"
    __table_args__ = (
        one_of("kind", RecordKind),
        one_of("state", RecordState),
        CheckConstraint("state <> 'DONE' OR external_id IS NOT NULL", name="done"),
        CheckConstraint("(state = 'FAILED') = (code IS NOT NULL AND next_attempt_at IS NULL)", name="failed"),
        UniqueConstraint("connection_id", "kind", "subject_id", "part_id", postgresql_nulls_not_distinct=True),
        Index("ix_accounting_record_newest", "created_at", "id"),
        Index("ix_accounting_record_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_accounting_record_connection_newest", "connection_id", "created_at", "id"),
        Index(
            "ix_accounting_record_due",
            "connection_id",
            "rank",
            "booked_on",
            "reference",
            postgresql_where=text("state IN ('PENDING', 'SENDING')"),
        ),
        Index("ix_accounting_record_month", "connection_id", "booked_on"),
        Index("ix_accounting_record_subject", "subject_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("accounting_connection.id"))
    kind: Mapped[str]
    rank: Mapped[int] = mapped_column(Integer)
    """Contacts before documents before payments."""
    subject_id: Mapped[UUID]
    """The contact, invoice or payment."""
    part_id: Mapped[UUID | None]
    """Of a payment: the invoice that it pays."""
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    reference: Mapped[str]
    """The name by which it is found there."""
    booked_on: Mapped[date] = mapped_column(Date)
    currency: Mapped[str] = mapped_column(server_default="EUR")
    gross_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """As it is booked there: sales and purchases positive, their credits negative, payments as they pay an invoice."""
    depends_on_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounting_record.id"))
    """What has to be there first."""
    external_id: Mapped[str | None]
    content_hash: Mapped[str | None]
    """SHA-256 of what was last accepted."""
    difference_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """VAT there less VAT here: the package rounds in its own way."""
    state: Mapped[str] = mapped_column(server_default=RecordState.PENDING.value)
    uncertain: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether something may have been written of which we heard nothing: it is looked for before it is sent again."""
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[datetime | None] = mapped_column(server_default=text("now()"))
    code: Mapped[str | None]
    """A stable code of why the last attempt failed."""
    message: Mapped[str | None]
    sent_at: Mapped[datetime | None]


protect(AccountingRecord, staff=Rule(OF_THE_ENTITY, "SELECT, UPDATE"), explain={"staff": _SEES})


class Side(StrEnum):
    SALES = "SALES"
    PURCHASES = "PURCHASES"


class AccountingReconciliation(Identified, Base):
    """One month of one connection, counted and summed here and there."""

    __tablename__ = "accounting_reconciliation"
    __table_args__ = (
        one_of("side", Side),
        UniqueConstraint("connection_id", "month", "side"),
        Index("ix_accounting_reconciliation_newest", "created_at", "id"),
        Index("ix_accounting_reconciliation_entity_newest", "entity_id", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("accounting_connection.id"))
    month: Mapped[date] = mapped_column(Date)
    side: Mapped[str]
    count_here: Mapped[int] = mapped_column(Integer)
    count_there: Mapped[int] = mapped_column(Integer)
    gross_cents_here: Mapped[int] = mapped_column(BigInteger)
    gross_cents_there: Mapped[int] = mapped_column(BigInteger)
    paid_cents_here: Mapped[int] = mapped_column(BigInteger)
    """Of the payments that were told."""
    paid_cents_there: Mapped[int] = mapped_column(BigInteger)
    missing: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Numbers that are here and not there, at most 100."""
    unknown: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Numbers that are there and not here, at most 100."""
    different: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Numbers whose amounts differ, or that are there more than once."""
    agrees: Mapped[bool] = mapped_column(Boolean)
    checked_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


protect(AccountingReconciliation, staff=Rule(OF_THE_ENTITY), explain={"staff": _SEES})


class AuditFileState(StrEnum):
    REQUESTED = "REQUESTED"
    MADE = "MADE"


class AuditFile(Identified, Updated, Base):
    """An XML Auditfile Financieel of one entity and year; the file itself is its document."""

    __tablename__ = "audit_file"
    __table_args__ = (
        one_of("state", AuditFileState),
        CheckConstraint("year BETWEEN 2000 AND 2199", name="year"),
        CheckConstraint("(state = 'MADE') = (document_id IS NOT NULL)", name="document"),
        Index("ix_audit_file_newest", "created_at", "id"),
        Index("ix_audit_file_entity_newest", "entity_id", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    year: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default=AuditFileState.REQUESTED.value)
    job_id: Mapped[UUID | None]
    """The job that makes it: whether it goes on or has failed is told there."""
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("document.id"))
    lines: Mapped[int | None] = mapped_column(Integer)
    debit_cents: Mapped[int | None] = mapped_column(BigInteger)
    credit_cents: Mapped[int | None] = mapped_column(BigInteger)
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


protect(
    AuditFile,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    explain={"staff": "The books are of one of the actor's business entities."},
)
