"""How a contact is invoiced by a business entity; its VAT treatment counts from the first quote on."""

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, Numeric, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class VatTreatment(StrEnum):
    """Whether the rule decides who owes the VAT, or finance has decided for a payer."""

    AUTOMATIC = "AUTOMATIC"
    DOMESTIC = "DOMESTIC"
    """Never shifted to the payer."""
    REVERSE_CHARGE = "REVERSE_CHARGE"
    """Always shifted to the payer, as a contractor of works."""


class BillingProfile(Identified, Updated, Base):
    """How one contact is invoiced by one entity; the defaults hold for who has none."""

    __tablename__ = "billing_profile"
    __table_args__ = (
        one_of("vat_treatment", VatTreatment),
        UniqueConstraint("entity_id", "contact_id"),
        CheckConstraint("language IN ('nl', 'en')", name="language"),
        CheckConstraint("invoice_email = lower(invoice_email)", name="invoice_email_lower"),
        CheckConstraint("deposit_percent BETWEEN 0 AND 100", name="deposit_percent"),
        CheckConstraint("payment_terms_days BETWEEN 0 AND 365", name="payment_terms_days"),
        CheckConstraint("cardinality(progress_percents) <= 10", name="progress_percents"),
        CheckConstraint("vat_treatment = 'AUTOMATIC' OR vat_reason <> ''", name="vat_reason"),
        Index("ix_billing_profile_contact", "contact_id"),
        Index("ix_billing_profile_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_billing_profile_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    collective: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    """One invoice per month over all orders that were completed in it."""
    invoice_email: Mapped[str | None]
    """Where invoices are sent, if not to the contact's own address."""
    language: Mapped[str | None]
    """Of its documents; the contact's own where none is given."""
    purchase_order_required: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    """Nothing is invoiced before its purchase order is known."""
    payment_terms_days: Mapped[int | None] = mapped_column(Integer)
    deposit_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0", default=Decimal(0))
    """Of an order, invoiced when it is received."""
    progress_percents: Mapped[list[Decimal]] = mapped_column(
        ARRAY(Numeric(5, 2)), server_default=text("'{}'"), default=list
    )
    """Share of an order that has been invoiced after its first, second … visit, deposit included; rising, below 100."""
    vat_treatment: Mapped[str] = mapped_column(
        server_default=VatTreatment.AUTOMATIC.value, default=VatTreatment.AUTOMATIC.value
    )
    vat_reason: Mapped[str] = mapped_column(server_default="", default="")
    """Why the treatment is not automatic."""


protect(
    BillingProfile,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    explain={"staff": "The profile is of one of the actor's business entities."},
)
