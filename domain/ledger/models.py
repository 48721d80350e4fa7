"""Accounts, journal entries and their lines, periods, rates between entities."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
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
    PrimaryKeyConstraint,
    UniqueConstraint,
    func,
    true,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from domain.catalog.models import ArticleCategory
from domain.money import MAX_CENTS
from tenants.base import Base, Identified, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class AccountType(StrEnum):
    ASSET = "ASSET"
    LIABILITY = "LIABILITY"
    EQUITY = "EQUITY"
    REVENUE = "REVENUE"
    EXPENSE = "EXPENSE"


class AccountRole(StrEnum):
    """What an account is for; postings name roles, each entity has one account for each."""

    RECEIVABLE = "RECEIVABLE"
    BANK = "BANK"
    CASH = "CASH"
    PROVIDER_CLEARING = "PROVIDER_CLEARING"
    """Paid by customers to a payment provider, not yet paid out to the bank."""
    TRANSIT = "TRANSIT"
    """Under way between two accounts of ours, of one entity or of two."""
    SUSPENSE = "SUSPENSE"
    """On the bank account, not yet matched."""
    UNBILLED = "UNBILLED"
    VAT_INPUT = "VAT_INPUT"
    INTERCOMPANY_RECEIVABLE = "INTERCOMPANY_RECEIVABLE"
    RESULT = "RESULT"
    DEFERRED_REVENUE = "DEFERRED_REVENUE"
    """Invoiced, not yet delivered."""
    VAT_STANDARD = "VAT_STANDARD"
    VAT_REDUCED = "VAT_REDUCED"
    PAYABLE = "PAYABLE"
    COMMISSION_ACCRUED = "COMMISSION_ACCRUED"
    """Expected of orders, not yet invoiced by self-billing."""
    COMMISSION_PAYABLE = "COMMISSION_PAYABLE"
    """Invoiced by self-billing, not yet paid."""
    WALLET = "WALLET"
    """Credit of customers and partners."""
    INTERCOMPANY_PAYABLE = "INTERCOMPANY_PAYABLE"
    REVENUE_CHARGING_STATION = "REVENUE_CHARGING_STATION"
    REVENUE_CABLE_ACCESSORY = "REVENUE_CABLE_ACCESSORY"
    REVENUE_MOUNTING_POLE = "REVENUE_MOUNTING_POLE"
    REVENUE_INSTALLATION_SERVICE = "REVENUE_INSTALLATION_SERVICE"
    REVENUE_METER_BOX_MODULE = "REVENUE_METER_BOX_MODULE"
    REVENUE_SMART_METER_OCPP = "REVENUE_SMART_METER_OCPP"
    REVENUE_CHARGING = "REVENUE_CHARGING"
    """Charging sessions."""
    REVENUE_OTHER = "REVENUE_OTHER"
    DUNNING_INCOME = "DUNNING_INCOME"
    INTERCOMPANY_REVENUE = "INTERCOMPANY_REVENUE"
    COMMISSION_EXPENSE = "COMMISSION_EXPENSE"
    INTERCOMPANY_COST = "INTERCOMPANY_COST"
    BAD_DEBT = "BAD_DEBT"
    ROUNDING = "ROUNDING"
    PROVIDER_FEES = "PROVIDER_FEES"

    @classmethod
    def revenue(cls, category: str | None) -> "AccountRole":
        """The revenue account of an article category; lines without an article are other revenue."""
        return cls(f"REVENUE_{category}") if category else cls.REVENUE_OTHER


class EntryKind(StrEnum):
    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    SELF_BILLING = "SELF_BILLING"
    RECOGNITION = "RECOGNITION"
    """Deferred revenue became revenue: the order was completed."""
    PAYMENT = "PAYMENT"
    REFUND = "REFUND"
    PAYOUT = "PAYOUT"
    WALLET = "WALLET"
    BANK = "BANK"
    FEE = "FEE"
    COMMISSION = "COMMISSION"
    WRITE_OFF = "WRITE_OFF"
    DUNNING = "DUNNING"
    INTERCOMPANY = "INTERCOMPANY"
    SETTLEMENT = "SETTLEMENT"
    REVERSAL = "REVERSAL"
    OPENING = "OPENING"


class LedgerAccount(Identified, Base):
    """An account of one entity's chart; made with the entity (chart.py)."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        one_of("type", AccountType),
        one_of("role", AccountRole),
        UniqueConstraint("entity_id", "code"),
        Index("ix_ledger_account_code", "code", "id"),
        Index("ix_ledger_account_newest", "created_at", "id"),
        UniqueConstraint("entity_id", "role"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    code: Mapped[str]
    """Decimal, as Dutch charts are: 0 equity, 1 balance, 4 costs, 7 cost of sales, 8 revenue."""
    name_nl: Mapped[str]
    name_en: Mapped[str]
    type: Mapped[str]
    role: Mapped[str]
    rgs_code: Mapped[str]
    """Of the Referentie GrootboekSchema, for the accountant and the audit file."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())


class JournalEntry(Identified, Base):
    """One posting; its lines balance. Never changed: a mistake is reversed by another entry."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        one_of("kind", EntryKind),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("booked_on BETWEEN '2000-01-01' AND '2199-12-31'", name="booked_on"),
        UniqueConstraint("entity_id", "key"),
        UniqueConstraint("number"),
        Index("ix_journal_entry_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_journal_entry_newest", "created_at", "id"),
        Index("ix_journal_entry_entity_booked", "entity_id", "booked_on", "id"),
        Index("ix_journal_entry_source", "source_id"),
        UniqueConstraint("reverses_id"),
        Index("ix_journal_entry_unsealed", "transaction_id", postgresql_where=sql("number IS NULL")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    number: Mapped[str | None]
    """`CC-J-2026-00001`: without gaps per entity and year; drawn when the transaction commits (guard.py)."""
    kind: Mapped[str]
    key: Mapped[str]
    """What is posted under one key is posted once."""
    booked_on: Mapped[date] = mapped_column(Date)
    currency: Mapped[str] = mapped_column(server_default="EUR")
    text: Mapped[str] = mapped_column(server_default="")
    source_type: Mapped[str]
    """GraphQL type of what was posted."""
    source_id: Mapped[UUID]
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("journal_entry.id"))
    fingerprint: Mapped[str]
    """SHA-256 of what was asked to post: a key that comes again must ask for the same."""
    transaction_id: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"))
    """The database's, set by a trigger: entries of one transaction are sealed together."""
    recorded_by: Mapped[UUID | None]
    """The user, set by a trigger; none for the platform."""


class JournalLine(Base):
    """One amount on one account: debit or credit. Entity, currency and day are its entry's."""

    __tablename__ = "journal_line"
    __table_args__ = (
        CheckConstraint(
            f"debit_cents BETWEEN 0 AND {MAX_CENTS} AND credit_cents BETWEEN 0 AND {MAX_CENTS} "
            "AND (debit_cents = 0) <> (credit_cents = 0)",
            name="amount",
        ),
        UniqueConstraint("entry_id", "position"),
        Index(
            "ix_journal_line_account",
            "entity_id",
            "account_id",
            "booked_on",
            postgresql_include=["currency", "debit_cents", "credit_cents", "intercompany_entity_id"],
        ),
        Index("ix_journal_line_contact", "contact_id", "booked_on", postgresql_where=sql("contact_id IS NOT NULL")),
        Index("ix_journal_line_order", "order_id", postgresql_where=sql("order_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.uuidv7())
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("journal_entry.id"))
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    position: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_account.id"))
    debit_cents: Mapped[int] = mapped_column(BigInteger)
    credit_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    booked_on: Mapped[date] = mapped_column(Date)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("order.id"))
    line_item_id: Mapped[UUID | None] = mapped_column(ForeignKey("line_item.id"))
    intercompany_entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_entity.id"))
    """The entity on the other side; eliminated where both are consolidated."""


class LedgerPeriod(Base):
    """A month of an entity that was closed at least once; open where `closed_at` is NULL."""

    __tablename__ = "ledger_period"
    __table_args__ = (
        PrimaryKeyConstraint("entity_id", "month"),
        CheckConstraint("EXTRACT(day FROM month) = 1", name="month"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    month: Mapped[date] = mapped_column(Date)
    """Its first day."""
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    forced: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))
    """Whether it was closed although a check warned."""


class IntercompanyRate(Identified, Updated, Base):
    """What an entity whose order is carried out by another pays it, in percent of the net of its lines (T5)."""

    __tablename__ = "intercompany_rate"
    __table_args__ = (
        one_of("category", ArticleCategory),
        CheckConstraint("seller_entity_id <> executing_entity_id", name="two_entities"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("NOT isempty(valid)", name="valid"),
        ExcludeConstraint(
            ("seller_entity_id", "="),
            ("executing_entity_id", "="),
            ("category", "="),
            ("valid", "&&"),
            name="one_intercompany_rate_at_a_time",
            using="gist",
        ),
        Index("ix_intercompany_rate_newest", "created_at", "id"),
    )

    seller_entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    executing_entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    category: Mapped[str]
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)


_APPEND = "SELECT, INSERT"
_BOOKS = "The books are of one of the actor's business entities."
protect(
    LedgerAccount,
    system_may="SELECT",
    staff=Rule(OF_THE_ENTITY),
    explain={"staff": _BOOKS},
)
protect(JournalEntry, system_may=_APPEND, staff=Rule(OF_THE_ENTITY, _APPEND), explain={"staff": _BOOKS})
protect(JournalLine, system_may=_APPEND, staff=Rule(OF_THE_ENTITY, _APPEND), explain={"staff": _BOOKS})
protect(
    LedgerPeriod,
    system_may="SELECT, INSERT, UPDATE",
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    explain={"staff": _BOOKS},
)
_BOTH = "seller_entity_id = ANY ({entities}) AND executing_entity_id = ANY ({entities})"
protect(
    IntercompanyRate,
    staff=Rule(
        "seller_entity_id = ANY ({entities}) OR executing_entity_id = ANY ({entities})",
        "SELECT, INSERT, UPDATE",
        writes=_BOTH,
    ),
    explain={"staff": "One of the two entities is the actor's; it changes the rate where both are."},
)
