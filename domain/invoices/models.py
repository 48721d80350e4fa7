"""Invoices, their lines, and what of an order was billed to whom."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import Mapped, mapped_column

from domain.catalog.models import ArticleCategory
from domain.money import VatClass
from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_ENTITY, Rule, child_of, protect


class InvoiceKind(StrEnum):
    """UNCL 1001: 380, 381, 389 and 261."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    SELF_BILLING = "SELF_BILLING"
    """Made by us in the name of a partner whom we owe commission."""
    SELF_BILLING_CREDIT = "SELF_BILLING_CREDIT"


class InvoicePart(StrEnum):
    """Which part of what it bills."""

    DEPOSIT = "DEPOSIT"
    PROGRESS = "PROGRESS"
    FINAL = "FINAL"
    COLLECTIVE = "COLLECTIVE"
    CREDIT = "CREDIT"
    COMMISSION = "COMMISSION"
    CHARGING = "CHARGING"
    """Charging sessions, what a correction of one adds, or what drivers buy beforehand."""


class InvoiceStatus(StrEnum):
    """Follows from what was paid, credited and written off."""

    ISSUED = "ISSUED"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    CREDITED = "CREDITED"
    WRITTEN_OFF = "WRITTEN_OFF"


class LineCategory(StrEnum):
    """What a line is revenue of: the article's category, or none of them."""

    CHARGING_STATION = ArticleCategory.CHARGING_STATION.value
    CABLE_ACCESSORY = ArticleCategory.CABLE_ACCESSORY.value
    MOUNTING_POLE = ArticleCategory.MOUNTING_POLE.value
    INSTALLATION_SERVICE = ArticleCategory.INSTALLATION_SERVICE.value
    METER_BOX_MODULE = ArticleCategory.METER_BOX_MODULE.value
    SMART_METER_OCPP = ArticleCategory.SMART_METER_OCPP.value
    CHARGING = "CHARGING"
    """Charging at a charger: energy, time and what its tariff adds."""
    COMMISSION = "COMMISSION"
    OTHER = "OTHER"


CREDITS = (InvoiceKind.CREDIT_NOTE, InvoiceKind.SELF_BILLING_CREDIT)
_CREDIT = "kind IN ('CREDIT_NOTE', 'SELF_BILLING_CREDIT')"


class Invoice(Identified, Updated, Base):
    """An issued document. Only what becomes of it changes; a trigger refuses all else.

    Amounts of credit notes are negative; what they take off is `credited_cents` of the invoice that they credit.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        one_of("kind", InvoiceKind),
        one_of("part", InvoicePart),
        one_of("status", InvoiceStatus),
        UniqueConstraint("number"),
        UniqueConstraint("entity_id", "payment_reference"),
        CheckConstraint("net_cents + vat_cents = gross_cents", name="sum"),
        CheckConstraint(f"CASE WHEN {_CREDIT} THEN gross_cents <= 0 ELSE gross_cents >= 0 END", name="sign"),
        CheckConstraint("kind <> 'CREDIT_NOTE' OR credits_invoice_id IS NOT NULL", name="credits"),
        CheckConstraint("paid_cents >= 0 AND written_off_cents >= 0", name="settled"),
        CheckConstraint("credited_cents BETWEEN 0 AND greatest(gross_cents, 0)", name="credited"),
        CheckConstraint("language IN ('nl', 'en')", name="language"),
        CheckConstraint("due_on >= issued_on AND payment_terms_days >= 0", name="due"),
        Index("ix_invoice_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_invoice_newest", "created_at", "id"),
        Index("ix_invoice_entity_status", "entity_id", "status", "created_at", "id"),
        Index("ix_invoice_order", "order_id"),
        Index("ix_invoice_payer", "payer_contact_id", "created_at", "id"),
        Index("ix_invoice_credits", "credits_invoice_id", postgresql_where=text("credits_invoice_id IS NOT NULL")),
        Index("ix_invoice_due", "entity_id", "due_on", "id", postgresql_where=text("open_cents <> 0")),
        Index("ix_invoice_entity_issued", "entity_id", "issued_on", "id"),
        Index("ix_invoice_payer_chain", "payer_chain_ids", postgresql_using="gin"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    number: Mapped[str]
    """`CC-2026-00012`, of self-billing `CC-SB-2026-00012`: entity, year, counter without gaps."""
    kind: Mapped[str]
    part: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=InvoiceStatus.ISSUED.value, default=InvoiceStatus.ISSUED.value)
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("order.id"))
    payer_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    """Who owes it; of self-billing the beneficiary, whom we owe."""
    payer_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """The payer and its ancestors when the order was placed: who of the partners may see it."""
    seller: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """`{name, legal_name, street, house_number, postal_code, city, country, kvk_number, vat_number, iban, email,
    phone}` as of the day; of self-billing the beneficiary."""
    payer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The same of the payer, with `contact_type`; of self-billing the business entity."""
    currency: Mapped[str] = mapped_column(server_default="EUR", default="EUR")
    issued_on: Mapped[date] = mapped_column(Date)
    """In Amsterdam."""
    supplied_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    payment_terms_days: Mapped[int] = mapped_column(Integer)
    language: Mapped[str] = mapped_column(server_default="nl", default="nl")
    reference: Mapped[str] = mapped_column(server_default="", default="")
    """The payer's own: its purchase order or order number."""
    payment_reference: Mapped[str]
    """ISO 11649 creditor reference, `RF` and two check digits in front of the number."""
    net_cents: Mapped[int] = mapped_column(BigInteger)
    vat_cents: Mapped[int] = mapped_column(BigInteger)
    gross_cents: Mapped[int] = mapped_column(BigInteger)
    vat_breakdown: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """`[{category, rate, vat_class, rules, reason_nl, reason_en, net_cents, vat_cents, gross_cents}]`, the highest
    rate first."""
    credits_invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))
    period_month: Mapped[date | None] = mapped_column(Date)
    """First day of the month of a collective or self-billing invoice."""
    reason: Mapped[str] = mapped_column(server_default="", default="")
    """Why it credits."""
    notes: Mapped[str] = mapped_column(server_default="", default="")
    """Printed on the document."""
    paid_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    credited_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    written_off_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    open_cents: Mapped[int] = mapped_column(
        BigInteger,
        Computed(
            f"CASE WHEN {_CREDIT} THEN 0 ELSE gross_cents - paid_cents - credited_cents - written_off_cents END",
            persisted=True,
        ),
    )
    """Negative: we owe it to the payer. 0 of a credit note: it is settled with what it credits."""
    sealed_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    """Over the canonical form of the document, see sealing.py."""

    __mapper_args__ = {"eager_defaults": True}


_TO_PARTNER = "payer_chain_ids && {organizations} AND entity_id = ANY ({entities})"
_TO_CUSTOMER = f"payer_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"
SETTLED = ("status", "paid_cents", "credited_cents", "written_off_cents", "updated_at")
"""The columns that may change once it is issued."""
_NO_SEAL = ("sealed_sha256",)
protect(
    Invoice,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=SETTLED),
    partner=Rule(_TO_PARTNER, hidden=_NO_SEAL),
    customer=Rule(_TO_CUSTOMER, hidden=_NO_SEAL),
    system_may="SELECT, INSERT, UPDATE",
    explain={
        "staff": "The invoice is of one of the actor's business entities.",
        "partner": "The invoice is to the actor's organization or one below it.",
        "customer": "The invoice is to the actor.",
    },
)
listed(
    Listed(
        "invoice",
        "invoice",
        "concat_ws(' ', r.number, r.payment_reference, r.reference, r.payer ->> 'name', "
        "(SELECT concat_ws(' ', o.number, o.partner_order_id) FROM \"order\" o WHERE o.id = r.order_id))",
        channel="r.payer_chain_ids",
        contact_ids="ARRAY[r.payer_contact_id]",
        keys="r.payer_chain_ids || r.payer_contact_id || ARRAY(SELECT c.merged_into_id FROM contact c "
        "WHERE c.id = ANY (r.payer_chain_ids || r.payer_contact_id) AND c.merged_into_id IS NOT NULL)",
    )
)


class InvoiceLine(Identified, Base):
    """One line of an invoice; on a credit note quantity and amounts are negative."""

    __tablename__ = "invoice_line"
    __table_args__ = (
        one_of("category", LineCategory),
        one_of("vat_class", VatClass),
        UniqueConstraint("invoice_id", "position"),
        CheckConstraint("net_cents + vat_cents = gross_cents", name="sum"),
        CheckConstraint(
            "credited_net_cents BETWEEN least(net_cents, 0) AND greatest(net_cents, 0)", name="credited_net"
        ),
        CheckConstraint(
            "credited_vat_cents BETWEEN least(vat_cents, 0) AND greatest(vat_cents, 0)", name="credited_vat"
        ),
        CheckConstraint(
            "credited_quantity BETWEEN least(quantity, 0) AND greatest(quantity, 0)", name="credited_quantity"
        ),
        Index("ix_invoice_line_line_item", "line_item_id", postgresql_where=text("line_item_id IS NOT NULL")),
        Index("ix_invoice_line_order", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        Index("ix_invoice_line_credits", "credits_line_id", postgresql_where=text("credits_line_id IS NOT NULL")),
    )

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.id"))
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    position: Mapped[int] = mapped_column(Integer)
    line_item_id: Mapped[UUID | None] = mapped_column(ForeignKey("line_item.id"))
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("order.id"))
    credits_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice_line.id"))
    article_id: Mapped[UUID | None] = mapped_column(ForeignKey("article.id"))
    sku: Mapped[str] = mapped_column(server_default="", default="")
    category: Mapped[str]
    description: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(Numeric(12, 3))
    unit: Mapped[str] = mapped_column(server_default="piece", default="piece")
    unit_price_cents: Mapped[int] = mapped_column(BigInteger)
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0", default=Decimal(0))
    discount_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    """round(quantity * unit price) - discount = net."""
    vat_class: Mapped[str]
    vat_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    vat_rule: Mapped[str]
    """Id of the rule that decided, see domain.vat.rules."""
    vat_category: Mapped[str]
    """UNCL 5305: S, Z, AE, K, G."""
    net_cents: Mapped[int] = mapped_column(BigInteger)
    vat_cents: Mapped[int] = mapped_column(BigInteger)
    gross_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(server_default="EUR", default="EUR")
    portion_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    """Share of the order's line that it bills, where that is not all of it."""
    credited_net_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    credited_vat_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    credited_quantity: Mapped[Decimal] = mapped_column(Numeric(12, 3), server_default="0", default=Decimal(0))
    recognized_at: Mapped[datetime | None]
    """When its net amount became revenue; None: it is deferred."""


CREDITED = ("credited_net_cents", "credited_vat_cents", "credited_quantity", "recognized_at")
_PARENT = "The actor sees the invoice."
protect(
    InvoiceLine,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=CREDITED),
    partner=child_of("invoice", "invoice_id"),
    customer=child_of("invoice", "invoice_id"),
    system_may="SELECT, INSERT, UPDATE",
    explain={"staff": "The line is of one of the actor's business entities.", "partner": _PARENT, "customer": _PARENT},
)


class PartState(StrEnum):
    WAITING = "WAITING"
    """To be billed with others at the end of the month."""
    INVOICED = "INVOICED"
    NOTHING = "NOTHING"
    """There was nothing to bill."""
    RELEASED = "RELEASED"
    """Its invoice was credited as a whole, in order to be billed anew."""


class BillingPart(Identified, Updated, Base):
    """That a part of an order was billed to a payer: what makes billing it twice impossible."""

    __tablename__ = "billing_part"
    __table_args__ = (
        one_of("part", InvoicePart),
        one_of("state", PartState),
        CheckConstraint("(state IN ('INVOICED', 'RELEASED')) = (invoice_id IS NOT NULL)", name="invoice"),
        Index(
            "uq_billing_part_once",
            "order_id",
            "payer_contact_id",
            "part",
            "step",
            unique=True,
            postgresql_where=text("state <> 'RELEASED'"),
        ),
        Index("ix_billing_part_invoice", "invoice_id"),
        Index(
            "ix_billing_part_waiting",
            "entity_id",
            "due_month",
            "payer_contact_id",
            postgresql_where=text("state = 'WAITING'"),
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id"))
    payer_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    """The payer that the order's lines name, whatever it was merged into since."""
    part: Mapped[str]
    """DEPOSIT, PROGRESS or FINAL."""
    step: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
    """Number of the visit that a progress invoice follows."""
    state: Mapped[str]
    due_month: Mapped[date | None] = mapped_column(Date)
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))


PART_CHANGES = ("state", "due_month", "invoice_id", "updated_at")
protect(
    BillingPart,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=PART_CHANGES),
    system_may="SELECT, INSERT, UPDATE",
    explain={"staff": "The order is of one of the actor's business entities."},
)


class InvoiceRun(Identified, Base):
    """That somebody asked for the invoices of many orders; what became of each is in its orders."""

    __tablename__ = "invoice_run"
    __table_args__ = (
        CheckConstraint("(completed_from IS NULL) = (completed_until IS NULL)", name="period"),
        Index("ix_invoice_run_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_invoice_run_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    completed_from: Mapped[date | None] = mapped_column(Date)
    """Orders completed on these days in Amsterdam, the second not included; None: orders that were named."""
    completed_until: Mapped[date | None] = mapped_column(Date)
    asked_order_ids: Mapped[list[UUID]] = mapped_column(ARRAY(PgUUID(as_uuid=True)), server_default=text("'{}'"))
    job_id: Mapped[UUID | None] = mapped_column()
    divided_at: Mapped[datetime | None]
    """When its orders were known."""


protect(
    InvoiceRun,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    explain={"staff": "The run is of one of the actor's business entities."},
)


class RunOutcome(StrEnum):
    WAITING = "WAITING"
    ISSUED = "ISSUED"
    SKIPPED = "SKIPPED"


class InvoiceRunOrder(Identified, Base):
    """What a run did with one order."""

    __tablename__ = "invoice_run_order"
    __table_args__ = (
        one_of("outcome", RunOutcome),
        UniqueConstraint("run_id", "order_id"),
        Index("ix_invoice_run_order_order", "order_id"),
    )

    run_id: Mapped[UUID] = mapped_column(ForeignKey("invoice_run.id", ondelete="CASCADE"))
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id"))
    chunk: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(server_default=RunOutcome.WAITING.value, default=RunOutcome.WAITING.value)
    reason: Mapped[str | None]
    """Code of why it was skipped."""
    invoice_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))


protect(
    InvoiceRunOrder,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    explain={"staff": "The run is of one of the actor's business entities."},
)
