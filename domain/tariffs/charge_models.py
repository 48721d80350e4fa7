"""What was invoiced of what drivers bought beforehand."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.tariffs.models import OWN, OWN_SENTENCES
from tenants.base import Base, Identified
from tenants.rls import OF_THE_ENTITY, Rule, protect


class BenefitCharge(Identified, Base):
    """What was invoiced of a pack, or of a month of a plan or subscription; each once."""

    __tablename__ = "benefit_charge"
    __table_args__ = (
        CheckConstraint("num_nonnulls(pack_id, membership_id, subscription_id) = 1", name="of_one"),
        CheckConstraint("(pack_id IS NULL) = (month IS NOT NULL)", name="month_of_what_runs"),
        CheckConstraint("extract(day FROM month) = 1", name="month"),
        CheckConstraint("net_cents >= 0 AND (invoice_id IS NOT NULL OR net_cents = 0)", name="net"),
        CheckConstraint("credit_note_id IS NULL OR invoice_id IS NOT NULL", name="credited"),
        UniqueConstraint("pack_id"),
        UniqueConstraint("membership_id", "month"),
        UniqueConstraint("subscription_id", "month"),
        Index("ix_benefit_charge_contact", "contact_id"),
        Index("ix_benefit_charge_invoice", "invoice_id"),
        Index("ix_benefit_charge_credit_note", "credit_note_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    pack_id: Mapped[UUID | None] = mapped_column(ForeignKey("energy_pack.id"))
    membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("plan_membership.id"))
    subscription_id: Mapped[UUID | None] = mapped_column(ForeignKey("charging_subscription.id"))
    month: Mapped[date | None] = mapped_column(Date)
    net_cents: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))
    """None for a month in which nothing was due."""
    credit_note_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))


protect(
    BenefitCharge,
    staff=Rule(OF_THE_ENTITY),
    customer=Rule(OWN),
    explain=OWN_SENTENCES,
)
