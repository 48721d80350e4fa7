"""Bank statements, their transactions, what these were matched to, and what might match."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Texts, Updated, UUIDs, one_of, references
from tenants.rls import OF_THE_ENTITY, Rule, protect


class TransactionState(StrEnum):
    UNMATCHED = "UNMATCHED"
    """Nothing was found; it stands on the suspense account."""
    PROPOSED = "PROPOSED"
    """Something was found, and a person has to say so; it stands on the suspense account."""
    MATCHED = "MATCHED"
    IGNORED = "IGNORED"
    """Looked at, and left on the suspense account with a reason."""


class TransactionKind(StrEnum):
    TRANSFER = "TRANSFER"
    DIRECT_DEBIT = "DIRECT_DEBIT"
    """A collection of ours, or one from our account."""
    RETURN = "RETURN"
    """Money that went back: a returned collection or a returned payment."""
    PROVIDER_PAYOUT = "PROVIDER_PAYOUT"
    """A payment provider pays out what it received for us."""
    CHARGE = "CHARGE"
    """Of the bank itself: costs or interest."""


class MatchKind(StrEnum):
    INVOICE = "INVOICE"
    WALLET = "WALLET"
    LEDGER = "LEDGER"
    PROVIDER_PAYOUT = "PROVIDER_PAYOUT"
    FILE = "FILE"
    """Lines of a file of ours that the bank carried out."""
    RETURN = "RETURN"


class ProposalState(StrEnum):
    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    """Another match was chosen, or none."""


class BankStatement(Identified, Base):
    """A statement as the bank sent it: opening balance, entries and closing balance agree."""

    __tablename__ = "bank_statement"
    __table_args__ = (
        UniqueConstraint("entity_id", "iban", "reference", "closed_on"),
        UniqueConstraint("entity_id", "digest"),
        CheckConstraint("opened_on <= closed_on", name="days"),
        CheckConstraint("transactions >= 0", name="transactions"),
        Index("ix_bank_statement_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_bank_statement_newest", "created_at", "id"),
        Index("ix_bank_statement_account", "entity_id", "iban", "closed_on"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    iban: Mapped[str]
    reference: Mapped[str]
    """The bank's own number of the statement."""
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    """Its place among the statements of the account, where the bank tells."""
    currency: Mapped[str]
    opened_on: Mapped[date] = mapped_column(Date)
    closed_on: Mapped[date] = mapped_column(Date)
    opening_cents: Mapped[int] = mapped_column(BigInteger)
    closing_cents: Mapped[int] = mapped_column(BigInteger)
    transactions: Mapped[int] = mapped_column(Integer)
    format: Mapped[str]
    """Namespace's last part, `camt.053.001.08`."""
    digest: Mapped[str]
    """SHA-256 over what the statement says, not over how its file is written."""
    missing: Mapped[str | None]
    """What is missing before it, in numbers or in money; none where it follows the statement before."""
    imported_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


class BankTransaction(Identified, Updated, Base):
    """One booking on an account of ours, positive where we received; of a batch one row per payment in it."""

    __tablename__ = "bank_transaction"
    __table_args__ = (
        one_of("kind", TransactionKind),
        one_of("state", TransactionState),
        CheckConstraint("amount_cents <> 0", name="amount"),
        CheckConstraint("(state = 'IGNORED') = (ignored_reason IS NOT NULL)", name="ignored"),
        UniqueConstraint("entity_id", "identity"),
        Index("ix_bank_transaction_statement", "statement_id", "position"),
        Index("ix_bank_transaction_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_bank_transaction_newest", "created_at", "id"),
        Index("ix_bank_transaction_entity_state", "entity_id", "state", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    statement_id: Mapped[UUID] = references("bank_statement.id")
    position: Mapped[int] = mapped_column(Integer)
    identity: Mapped[str]
    """SHA-256 of what makes it one booking, whichever file it comes in."""
    booked_on: Mapped[date] = mapped_column(Date)
    valued_on: Mapped[date] = mapped_column(Date)
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=TransactionState.UNMATCHED.value)
    counterparty_name: Mapped[str | None]
    counterparty_iban: Mapped[str | None]
    counterparty_bic: Mapped[str | None]
    end_to_end_id: Mapped[str | None]
    mandate_reference: Mapped[str | None]
    creditor_reference: Mapped[str | None]
    """Structured (ISO 11649 or the bank's own)."""
    remittance: Mapped[str] = mapped_column(server_default="")
    """Free text."""
    bank_reference: Mapped[str | None]
    batch_reference: Mapped[str | None]
    """Our file's message or payment information id, where the bank books it as one."""
    batch_count: Mapped[int | None] = mapped_column(Integer)
    return_reason: Mapped[str | None]
    """ISO 20022 external code, such as `AC04`."""
    bank_code: Mapped[str] = mapped_column(server_default="")
    """ISO bank transaction code, `PMNT/RCDT/ESCT`."""
    suspense_entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("journal_entry.id"))
    """Journal entry that put it on the suspense account; none while it is matched."""
    round: Mapped[int] = mapped_column(Integer, server_default="1")
    """Rises with each undone match, so that every posting has a key of its own."""
    ignored_reason: Mapped[str | None]
    matched_at: Mapped[datetime | None]


class BankMatch(Identified, Base):
    """That (part of) a transaction is this; undone, it stays with the time and who did it."""

    __tablename__ = "bank_match"
    __table_args__ = (
        one_of("kind", MatchKind),
        CheckConstraint("amount_cents <> 0", name="amount"),
        Index("ix_bank_match_transaction", "transaction_id"),
        Index("ix_bank_match_invoice", "invoice_id"),
        Index("ix_bank_match_payment", "payment_id"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id", index=True)
    transaction_id: Mapped[UUID] = references("bank_transaction.id")
    kind: Mapped[str]
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    """Of the transaction's, with its sign."""
    currency: Mapped[str]
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment.id"))
    file_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_file_line.id"))
    entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("journal_entry.id"))
    """Journal entry of a match that is no payment."""
    account_role: Mapped[str | None]
    note: Mapped[str] = mapped_column(server_default="")
    automatic: Mapped[bool] = mapped_column(Boolean)
    rule: Mapped[str]
    """Why: `PAYMENT_REFERENCE`, `END_TO_END_ID`, `BY_HAND` …"""
    matched_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


class MatchProposal(Identified, Base):
    """What a transaction may be, with a score and the reasons for it; nobody has said so yet."""

    __tablename__ = "match_proposal"
    __table_args__ = (
        one_of("state", ProposalState),
        CheckConstraint("kind IN ('INVOICE', 'PROVIDER_PAYOUT')", name="kind"),
        CheckConstraint("score BETWEEN 1 AND 100", name="score"),
        Index("ix_match_proposal_transaction", "transaction_id"),
        Index("ix_match_proposal_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_match_proposal_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    transaction_id: Mapped[UUID] = references("bank_transaction.id")
    kind: Mapped[str]
    """INVOICE or PROVIDER_PAYOUT."""
    invoice_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Which the amount pays, in this order."""
    score: Mapped[int] = mapped_column(Integer)
    """1 to 100."""
    reasons: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Codes: `INVOICE_NUMBER`, `AMOUNT_EQUALS_OPEN`, `NAME_ALIKE` …"""
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=ProposalState.OPEN.value)


_WRITES = "SELECT, INSERT, UPDATE"
_STAFF_ONLY = {"staff": "It is of one of the actor's business entities."}
protect(BankStatement, staff=Rule(OF_THE_ENTITY, _WRITES, updates=("missing",)), explain=_STAFF_ONLY)
for _table in (BankTransaction, BankMatch, MatchProposal):
    protect(_table, staff=Rule(OF_THE_ENTITY, _WRITES), explain=_STAFF_ONLY)
