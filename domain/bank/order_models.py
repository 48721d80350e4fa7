"""What we ask the bank to do: mandates of payers, and files of collections and payouts."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, one_of, references
from tenants.rls import OF_THE_ENTITY, Rule, protect


class MandateScheme(StrEnum):
    CORE = "CORE"
    """Anybody; may be returned within eight weeks without a reason."""
    B2B = "B2B"
    """Between businesses; the payer's bank knows the mandate, and there is no refund."""


class MandateUse(StrEnum):
    RECURRENT = "RECURRENT"
    ONE_OFF = "ONE_OFF"


class MandateState(StrEnum):
    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"


class BankFileKind(StrEnum):
    DIRECT_DEBIT = "DIRECT_DEBIT"
    """pain.008"""
    PAYOUT = "PAYOUT"
    """pain.001"""


class BankFileState(StrEnum):
    CREATED = "CREATED"
    """Made, to be given to the bank."""
    SETTLED = "SETTLED"
    """The bank has carried out or returned every line."""
    CANCELLED = "CANCELLED"


class FileLineState(StrEnum):
    PENDING = "PENDING"
    SETTLED = "SETTLED"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"


class Mandate(Identified, Updated, Base):
    """That a payer allows collections from an account (SEPA direct debit)."""

    __tablename__ = "mandate"
    __table_args__ = (
        one_of("scheme", MandateScheme),
        one_of("use", MandateUse),
        one_of("state", MandateState),
        UniqueConstraint("entity_id", "reference"),
        CheckConstraint("(state = 'REVOKED') = (revoked_at IS NOT NULL)", name="revoked"),
        Index("ix_mandate_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_mandate_newest", "created_at", "id"),
        Index("ix_mandate_contact", "contact_id"),
        Index(
            "uq_mandate_in_force",
            "entity_id",
            "contact_id",
            "scheme",
            unique=True,
            postgresql_where=sql("state = 'ACTIVE' AND use = 'RECURRENT'"),
        ),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    contact_id: Mapped[UUID] = references("contact.id")
    reference: Mapped[str]
    """At most 35 characters of the SEPA set; unique per creditor."""
    scheme: Mapped[str]
    use: Mapped[str]
    iban: Mapped[str]
    bic: Mapped[str | None]
    account_holder: Mapped[str]
    signed_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(server_default=MandateState.ACTIVE.value)
    last_collected_on: Mapped[date | None] = mapped_column(Date)
    """The last day for which a collection was asked; 36 months after it the mandate has lapsed."""
    revoked_at: Mapped[datetime | None]
    revoke_reason: Mapped[str | None]
    registered_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


class BankFile(Identified, Updated, Base):
    """A file of collections or payouts, checked against the schema of its message."""

    __tablename__ = "bank_file"
    __table_args__ = (
        one_of("kind", BankFileKind),
        one_of("state", BankFileState),
        CheckConstraint("lines > 0 AND total_cents > 0", name="totals"),
        CheckConstraint("(state = 'CANCELLED') = (cancelled_at IS NOT NULL)", name="cancelled"),
        UniqueConstraint("entity_id", "number"),
        Index("ix_bank_file_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_bank_file_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    kind: Mapped[str]
    number: Mapped[str]
    """`CC-DD-2026-00001`; the message id of the file."""
    scheme: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=BankFileState.CREATED.value)
    executes_on: Mapped[date] = mapped_column(Date)
    """A TARGET day."""
    currency: Mapped[str]
    lines: Mapped[int] = mapped_column(Integer)
    total_cents: Mapped[int] = mapped_column(BigInteger)
    message: Mapped[str]
    """`pain.008.001.08`"""
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    cancel_reason: Mapped[str | None]


_RUNNING = sql("state = 'PENDING'")


class BankFileLine(Identified, Base):
    """One collection or payout; an invoice or refund is in one running file only."""

    __tablename__ = "bank_file_line"
    __table_args__ = (
        one_of("state", FileLineState),
        CheckConstraint("amount_cents > 0", name="amount"),
        CheckConstraint("num_nonnulls(invoice_id, refund_id) = 1", name="what_for"),
        UniqueConstraint("entity_id", "end_to_end_id"),
        Index("ix_bank_file_line_file", "file_id", "position"),
        Index("ix_bank_file_line_contact", "contact_id"),
        Index("ix_bank_file_line_mandate", "mandate_id"),
        Index("uq_bank_file_line_invoice", "invoice_id", unique=True, postgresql_where=_RUNNING),
        Index("uq_bank_file_line_refund", "refund_id", unique=True, postgresql_where=_RUNNING),
    )

    entity_id: Mapped[UUID] = references("business_entity.id", index=True)
    file_id: Mapped[UUID] = references("bank_file.id")
    position: Mapped[int] = mapped_column(Integer)
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment.id"))
    """A payment of direction OUT that waits to be carried out."""
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    sequence_type: Mapped[str | None]
    """`FRST`, `RCUR` or `OOFF`."""
    contact_id: Mapped[UUID] = references("contact.id")
    name: Mapped[str]
    iban: Mapped[str]
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    end_to_end_id: Mapped[str]
    block: Mapped[str]
    """Payment information id: under it the bank may book many lines as one."""
    description: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=FileLineState.PENDING.value)
    return_reason: Mapped[str | None]


_STAFF_ONLY = {"staff": "It is of one of the actor's business entities."}
protect(Mandate, staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"), explain=_STAFF_ONLY)
protect(BankFile, staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"), explain=_STAFF_ONLY)
protect(BankFileLine, staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"), explain=_STAFF_ONLY)
