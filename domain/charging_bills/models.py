"""Bills of charging sessions: what is due of each, its priced versions, revenue by hour, and what was invoiced."""

from datetime import date, datetime
from decimal import Decimal
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
    Numeric,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.money import VatClass
from domain.quotes.models import OWN_CONTACT
from domain.tariffs.pricing import LineKind, LineUnit
from tenants.base import Base, Identified, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_ENTITY, Rule, child_of, protect


class ChargingBillStatus(StrEnum):
    """What became of what a session costs."""

    NO_TARIFF = "NO_TARIFF"
    """No tariff held at the charger when it began: it has no price."""
    NO_PAYER = "NO_PAYER"
    """It has a price, and nobody is known who owes it."""
    FREE = "FREE"
    """It costs nothing, and nothing was invoiced."""
    PRICED = "PRICED"
    """It is invoiced within minutes: readings that are under way come in first."""
    WAITING = "WAITING"
    """For the collective invoice of a month."""
    INVOICED = "INVOICED"
    WAIVED = "WAIVED"
    """Somebody decided that it is not billed; what was invoiced is credited."""


UNBILLABLE = (ChargingBillStatus.NO_TARIFF, ChargingBillStatus.NO_PAYER)
REVENUE = (ChargingBillStatus.PRICED, ChargingBillStatus.WAITING, ChargingBillStatus.INVOICED)
"""Where what is due counts as revenue of the charger."""


class SessionBilling(Identified, Updated, Base):
    """One session as it is billed now. Its row is what makes billing happen once: whoever bills locks it."""

    __tablename__ = "session_billing"
    __table_args__ = (
        one_of("status", ChargingBillStatus),
        UniqueConstraint("session_id"),
        CheckConstraint("net_cents + vat_cents = gross_cents", name="sum"),
        CheckConstraint("(waived_at IS NULL) = (waived_reason = '')", name="waived"),
        CheckConstraint("status <> 'WAITING' OR due_month IS NOT NULL", name="waiting"),
        CheckConstraint("version >= 0 AND (version > 0 OR gross_cents = 0)", name="version"),
        Index("ix_session_billing_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_session_billing_newest", "created_at", "id"),
        Index("ix_session_billing_entity_ended", "entity_id", "ended_at", "id"),
        Index("ix_session_billing_entity_status", "entity_id", "status", "created_at", "id"),
        Index("ix_session_billing_charger", "charger_id", "ended_at", "id"),
        Index("ix_session_billing_driver", "driver_contact_id", "created_at", "id"),
        Index("ix_session_billing_payer", "payer_contact_id", "created_at", "id"),
        Index("ix_session_billing_payer_chain", "payer_chain_ids", postgresql_using="gin"),
        Index(
            "ix_session_billing_waiting",
            "entity_id",
            "payer_contact_id",
            "due_month",
            postgresql_where=text("status = 'WAITING'"),
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("charging_session.id"))
    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"))
    owner_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """Who owned the charger at the session: whose revenue it is."""
    driver_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    payer_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """Who owes it; it stays who it was once something was invoiced."""
    payer_given: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    """Whether somebody said who pays; else it is the driver."""
    payer_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """The payer, where it is an organization, and those above it: who of the partners may see it."""
    status: Mapped[str]
    version: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
    """Of the bill that holds; 0 for none."""
    ended_at: Mapped[datetime]
    energy_wh: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    currency: Mapped[str] = mapped_column(server_default="EUR", default="EUR")
    net_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    vat_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    gross_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    """Of the bill that holds, waived or not."""
    charged_net_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    charged_vat_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    """What was invoiced of it less what corrections credited."""
    due_month: Mapped[date | None] = mapped_column(Date)
    """First day of the month whose collective invoice it waits for."""
    waived_at: Mapped[datetime | None]
    waived_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    waived_reason: Mapped[str] = mapped_column(server_default="", default="")

    __mapper_args__ = {"eager_defaults": True}


_STAFF = "The session was at a charger of one of the actor's business entities."
_TO_PARTNER = "payer_chain_ids && {organizations} AND entity_id = ANY ({entities})"
_TO_CUSTOMER = (
    f"(payer_contact_id = {OWN_CONTACT} OR driver_contact_id = {OWN_CONTACT}) AND entity_id = ANY ({{entities}})"
)
_OURS = ("waived_by", "owner_contact_id")
protect(
    SessionBilling,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(_TO_PARTNER, hidden=_OURS),
    customer=Rule(_TO_CUSTOMER, hidden=_OURS),
    system_may="SELECT, INSERT, UPDATE",
    explain={
        "staff": _STAFF,
        "partner": "The actor's organization pays for the session, or one below it.",
        "customer": "The actor drove, or pays for it.",
    },
)
_PEOPLE = "array_remove(ARRAY[r.payer_contact_id, r.driver_contact_id], NULL)"
_SEEN_BY = f"r.payer_chain_ids || {_PEOPLE}"
_MERGED = (
    f"ARRAY(SELECT c.merged_into_id FROM contact c WHERE c.id = ANY ({_SEEN_BY}) AND c.merged_into_id IS NOT NULL)"  # noqa: S608  # of constants
)
listed(
    Listed(
        "session_billing",
        "charging_bill",
        None,
        channel="r.payer_chain_ids",
        contact_ids=_PEOPLE,
        keys=f"{_SEEN_BY} || {_MERGED}",
    )
)


class SessionBill(Identified, Base):
    """One pricing of a session, itemized. Append-only: a late or corrected reading makes the next version."""

    __tablename__ = "session_bill"
    __table_args__ = (
        UniqueConstraint("billing_id", "version"),
        CheckConstraint("net_cents + vat_cents = gross_cents", name="sum"),
        CheckConstraint("delta_net_cents + delta_vat_cents = delta_gross_cents", name="delta"),
        CheckConstraint("version > 0", name="version"),
        one_of("vat_class", VatClass),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    billing_id: Mapped[UUID] = mapped_column(ForeignKey("session_billing.id"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("charging_session.id"))
    version: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(server_default="", default="")
    """Why it was priced again; empty of the first."""
    tariff_version_id: Mapped[UUID] = mapped_column(ForeignKey("tariff_version.id"))
    currency: Mapped[str] = mapped_column(server_default="EUR", default="EUR")
    energy_wh: Mapped[int] = mapped_column(BigInteger)
    vat_class: Mapped[str]
    vat_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    vat_rule: Mapped[str]
    vat_category: Mapped[str]
    net_cents: Mapped[int] = mapped_column(BigInteger)
    vat_cents: Mapped[int] = mapped_column(BigInteger)
    gross_cents: Mapped[int] = mapped_column(BigInteger)
    delta_net_cents: Mapped[int] = mapped_column(BigInteger)
    delta_vat_cents: Mapped[int] = mapped_column(BigInteger)
    delta_gross_cents: Mapped[int] = mapped_column(BigInteger)
    """To the version before; of the first all of it."""
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """All that the price follows from, see pricing.Inputs."""
    inputs_sha256: Mapped[bytes] = mapped_column(LargeBinary)


_PARENT = "The actor sees the bill."
_OF_BILLING = child_of("session_billing", "billing_id")
_APPEND = "SELECT, INSERT"
_EXPLAIN = {"staff": _STAFF, "partner": _PARENT, "customer": _PARENT}
protect(
    SessionBill,
    staff=Rule(OF_THE_ENTITY),
    partner=_OF_BILLING,
    customer=_OF_BILLING,
    system_may=_APPEND,
    explain=_EXPLAIN,
)


class SessionBillLine(Identified, Base):
    """One item of a bill."""

    __tablename__ = "session_bill_line"
    __table_args__ = (
        one_of("kind", LineKind),
        one_of("unit", LineUnit),
        UniqueConstraint("bill_id", "position"),
        CheckConstraint("net_cents + vat_cents = gross_cents", name="sum"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    bill_id: Mapped[UUID] = mapped_column(ForeignKey("session_bill.id"))
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str]
    segment: Mapped[str] = mapped_column(server_default="", default="")
    """The windows that hold, such as PEAK; empty where the line is of no part of the session."""
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    quantity: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str]
    unit_price: Mapped[Decimal] = mapped_column(Numeric(20, 6))
    """Cents per kWh, per hour or per piece."""
    multiplier: Mapped[Decimal] = mapped_column(Numeric(20, 6), server_default="1", default=Decimal(1))
    from_wh: Mapped[int | None] = mapped_column(BigInteger)
    until_wh: Mapped[int | None] = mapped_column(BigInteger)
    """Of energy: what the meter had counted of the session when the segment began and when it ended."""
    readings: Mapped[int | None] = mapped_column(Integer)
    """How many stretches between readings the segment has, whole or in part."""
    pack_id: Mapped[UUID | None]
    """The energy pack that a discount on energy is from."""
    formula: Mapped[str]
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What the formula takes, by name; it gives the net amount."""
    vat_inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    net_cents: Mapped[int] = mapped_column(BigInteger)
    vat_cents: Mapped[int] = mapped_column(BigInteger)
    gross_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(server_default="EUR", default="EUR")


_OF_BILL = child_of("session_bill", "bill_id")
protect(
    SessionBillLine,
    staff=Rule(OF_THE_ENTITY),
    partner=_OF_BILL,
    customer=_OF_BILL,
    system_may=_APPEND,
    explain=_EXPLAIN,
)


class SessionRevenue(Identified, Base):
    """What a session earns in one hour of the clock: the bill that holds cut by hours, while it is due.

    Written anew with the bill; for who owns the charger, who does not see the bill.
    """

    __tablename__ = "session_revenue"
    __table_args__ = (
        UniqueConstraint("billing_id", "hour"),
        Index("ix_session_revenue_entity_hour", "entity_id", "hour"),
        Index("ix_session_revenue_charger_hour", "charger_id", "hour"),
        Index("ix_session_revenue_owner_hour", "owner_contact_id", "hour"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    billing_id: Mapped[UUID] = mapped_column(ForeignKey("session_billing.id"))
    bill_id: Mapped[UUID] = mapped_column(ForeignKey("session_bill.id"))
    """The version that holds."""
    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"))
    owner_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    hour: Mapped[datetime]
    """When it begins."""
    energy_wh: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[int] = mapped_column(Integer)
    net_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(server_default="EUR", default="EUR")


protect(
    SessionRevenue,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule("owner_contact_id = ANY ({organizations}) AND entity_id = ANY ({entities})"),
    customer=Rule(f"owner_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"),
    explain={
        "staff": _STAFF,
        "partner": "The charger is the organization's.",
        "customer": "The charger is the actor's.",
    },
)


class SessionCharge(Identified, Base):
    """A line of an invoice or credit note that billed a session. Append-only."""

    __tablename__ = "session_charge"
    __table_args__ = (
        UniqueConstraint("invoice_line_id"),
        CheckConstraint("net_cents + vat_cents = gross_cents", name="sum"),
        Index("ix_session_charge_billing", "billing_id", "id"),
        Index("ix_session_charge_invoice", "invoice_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    billing_id: Mapped[UUID] = mapped_column(ForeignKey("session_billing.id"))
    version: Mapped[int] = mapped_column(Integer)
    """Of the bill that it follows."""
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.id"))
    invoice_line_id: Mapped[UUID] = mapped_column(ForeignKey("invoice_line.id"))
    reason: Mapped[str] = mapped_column(server_default="", default="")
    """Why it changes what was invoiced before; empty of the first."""
    net_cents: Mapped[int] = mapped_column(BigInteger)
    vat_cents: Mapped[int] = mapped_column(BigInteger)
    gross_cents: Mapped[int] = mapped_column(BigInteger)
    """Negative where it credits."""
    net_before_cents: Mapped[int] = mapped_column(BigInteger)
    vat_before_cents: Mapped[int] = mapped_column(BigInteger)
    """What was invoiced of the session before it."""
    currency: Mapped[str] = mapped_column(server_default="EUR", default="EUR")


protect(
    SessionCharge,
    staff=Rule(OF_THE_ENTITY),
    partner=_OF_BILLING,
    customer=_OF_BILLING,
    system_may=_APPEND,
    explain=_EXPLAIN,
)
