"""Commission: one row per movement of what a beneficiary is due, and disputes about them."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class CommissionKind(StrEnum):
    """What is rewarded, or costs."""

    LEVEL = "LEVEL"
    KICKBACK = "KICKBACK"
    BONUS = "BONUS"
    PENALTY = "PENALTY"
    CAP = "CAP"
    """What is above the most that is paid to a beneficiary per month or year; never positive in all."""


class CommissionCause(StrEnum):
    """Why a row was written."""

    ACCRUED = "ACCRUED"
    CREDITED = "CREDITED"
    CANCELLED = "CANCELLED"
    RESTORED = "RESTORED"
    """A cancellation or credit was undone."""
    CORRECTED = "CORRECTED"
    """A dispute was upheld."""
    RECOMPUTED = "RECOMPUTED"
    """The figures of its time have changed."""


class CommissionStatus(StrEnum):
    ACCRUED = "ACCRUED"
    EARNED = "EARNED"
    PAYABLE = "PAYABLE"
    """On a self-billing invoice that is not paid yet."""
    PAID = "PAID"
    REVERSED = "REVERSED"
    """Taken back whole before it was paid; with its reversals it comes to nothing."""


class DisputeState(StrEnum):
    OPEN = "OPEN"
    UPHELD = "UPHELD"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class Commission(Identified, Updated, Base):
    """A movement. A record is the row that names no other (`reverses_id`) and the rows that name it: their sum is due.

    Amount, base and rate never change; what happens to a record is a row more.
    """

    __tablename__ = "commission"
    __table_args__ = (
        one_of("kind", CommissionKind),
        one_of("cause", CommissionCause),
        one_of("status", CommissionStatus),
        CheckConstraint("commission_rate BETWEEN 0 AND 100", name="rate"),
        CheckConstraint("commission_level > 0", name="level"),
        CheckConstraint("abs(amount_cents) <= 1000000000000000", name="amount"),
        CheckConstraint("base_cents >= 0", name="base"),
        CheckConstraint("order_id IS NULL OR lead_id IS NULL", name="of_one"),
        CheckConstraint("(cause = 'ACCRUED') = (reverses_id IS NULL)", name="reverses"),
        CheckConstraint("extract(day FROM period_month) = 1", name="period_month"),
        CheckConstraint("(status = 'PAID') = (paid_at IS NOT NULL)", name="paid"),
        CheckConstraint("(status IN ('PAYABLE', 'PAID')) = (self_billing_invoice_id IS NOT NULL)", name="billed"),
        CheckConstraint("status NOT IN ('EARNED', 'PAYABLE', 'PAID') OR earned_at IS NOT NULL", name="earned"),
        Index(
            "uq_commission_order",
            "order_id",
            "kind",
            "commission_level",
            unique=True,
            postgresql_where=text("reverses_id IS NULL AND order_id IS NOT NULL"),
        ),
        Index(
            "uq_commission_lead",
            "lead_id",
            unique=True,
            postgresql_where=text("reverses_id IS NULL AND lead_id IS NOT NULL"),
        ),
        Index(
            "uq_commission_rule",
            "entity_id",
            "beneficiary_contact_id",
            "rule",
            unique=True,
            postgresql_where=text("reverses_id IS NULL AND order_id IS NULL AND lead_id IS NULL"),
        ),
        Index("ix_commission_newest", "created_at", "id"),
        Index("ix_commission_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_commission_beneficiary", "beneficiary_contact_id", "created_at", "id"),
        Index("ix_commission_order", "order_id"),
        Index("ix_commission_reverses", "reverses_id", postgresql_where=text("reverses_id IS NOT NULL")),
        Index(
            "ix_commission_invoice",
            "self_billing_invoice_id",
            postgresql_where=text("self_billing_invoice_id IS NOT NULL"),
        ),
        Index(
            "ix_commission_due",
            "entity_id",
            "beneficiary_contact_id",
            "earned_at",
            postgresql_where=text("status = 'EARNED'"),
        ),
        Index("ix_commission_month", "entity_id", "period_month", "beneficiary_contact_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("order.id"))
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("lead.id"))
    agreement_id: Mapped[UUID | None] = mapped_column(ForeignKey("agreement.id"))
    """None where the entity's standard holds."""
    terms_id: Mapped[UUID | None] = mapped_column(ForeignKey("commission_terms.id"))
    """The terms it was computed with; None: the platform's standard."""
    beneficiary_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    kind: Mapped[str]
    cause: Mapped[str]
    rule: Mapped[str] = mapped_column(server_default="")
    """Of bonus, penalty and cap: which rule over which span, as in `BONUS:0:2026-04-01:2026-07-01`."""
    commission_level: Mapped[int | None] = mapped_column(Integer)
    """Place in the tree at order time, the root being 1."""
    commission_rate: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    """Percent; None for a fixed amount."""
    base_cents: Mapped[int] = mapped_column(BigInteger)
    """Net amount without VAT that the rate is of."""
    uncut_cents: Mapped[int] = mapped_column(BigInteger)
    """What it would have been without the cap of the order."""
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str]
    period_month: Mapped[date] = mapped_column(Date)
    """First day of the month, in Amsterdam, whose figures it belongs to: the order's, the lead's, the span's last."""
    measured: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    """Of bonus and penalty: the figure that was reached."""
    accrued_at: Mapped[datetime]
    earned_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    self_billing_invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("commission.id"))
    """The record that it adds to or takes from."""
    source_id: Mapped[UUID | None]
    """The credit note or the dispute behind it."""


_OWN = "beneficiary_contact_id = ANY ({organizations}) AND entity_id = ANY ({entities})"
_MOVES = ("status", "earned_at", "paid_at", "self_billing_invoice_id", "updated_at")
protect(
    Commission,
    system_may="SELECT, INSERT, UPDATE",
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=_MOVES),
    partner=Rule(_OWN, hidden=("terms_id",)),
    explain={
        "staff": "The commission is of one of the actor's business entities.",
        "partner": "The commission is the actor's organization's own; not those above or below it.",
    },
)


class CommissionDispute(Identified, Updated, Base):
    """That a beneficiary disputes a record, and what came of it."""

    __tablename__ = "commission_dispute"
    __table_args__ = (
        one_of("state", DisputeState),
        CheckConstraint("(state IN ('UPHELD', 'REJECTED')) = (answer IS NOT NULL)", name="answered"),
        CheckConstraint("(state = 'OPEN') = (closed_at IS NULL)", name="closed"),
        CheckConstraint("correction_id IS NULL OR state = 'UPHELD'", name="correction"),
        Index("uq_commission_dispute_open", "commission_id", unique=True, postgresql_where=text("state = 'OPEN'")),
        Index("ix_commission_dispute_commission", "commission_id"),
        Index("ix_commission_dispute_newest", "created_at", "id"),
        Index("ix_commission_dispute_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_commission_dispute_beneficiary", "beneficiary_contact_id", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    commission_id: Mapped[UUID] = mapped_column(ForeignKey("commission.id"))
    beneficiary_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    state: Mapped[str] = mapped_column(server_default=DisputeState.OPEN.value)
    reason: Mapped[str]
    answer: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    correction_id: Mapped[UUID | None] = mapped_column(ForeignKey("commission.id"))
    """What the answer added to or took from the record."""


protect(
    CommissionDispute,
    system_may="SELECT, INSERT, UPDATE",
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(
        _OWN,
        "SELECT, INSERT, UPDATE",
        writes=f"{_OWN} AND state IN ('OPEN', 'WITHDRAWN')",
        updates=("state", "closed_at", "updated_at"),
    ),
    explain={
        "staff": "The dispute is about a commission of one of the actor's business entities.",
        "partner": "The dispute is the actor's organization's own.",
    },
)
