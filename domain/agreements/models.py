"""Partner agreements as data."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, text, true
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class PartnerWithoutLines(StrEnum):
    """Decision 6: what a partner does with a quote on which it pays nothing."""

    ACKNOWLEDGE = "ACKNOWLEDGE"
    WAIVE = "WAIVE"


class PayerProposal(StrEnum):
    """Who is proposed to pay a line (Q4)."""

    CUSTOMER = "CUSTOMER"
    PARTNER = "PARTNER"
    ORGANIZATION = "ORGANIZATION"


class Agreement(Identified, Updated, Base):
    """What one entity and one partner agreed for the time of `valid`; covers the partner's subtree."""

    __tablename__ = "agreement"
    __table_args__ = (
        one_of("partner_without_lines", PartnerWithoutLines),
        one_of("default_payer", PayerProposal),
        ExcludeConstraint(
            ("entity_id", "="), ("organization_id", "="), ("valid", "&&"), name="one_agreement_at_a_time", using="gist"
        ),
        CheckConstraint("quote_valid_days BETWEEN 1 AND 365", name="quote_valid_days"),
        CheckConstraint(
            "(processing_agreement_version IS NULL) = (processing_agreement_signed_on IS NULL)",
            name="processing_agreement",
        ),
        Index("ix_agreement_organization", "organization_id"),
        Index("ix_agreement_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_agreement_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    valid: Mapped[Range[datetime]] = mapped_column(TSTZRANGE, server_default=text("tstzrange(now(), NULL)"))
    default_payer: Mapped[str] = mapped_column(server_default=PayerProposal.CUSTOMER.value)
    payer_by_category: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """`{article category: "CUSTOMER" | "PARTNER" | organization id}`."""
    partner_signs: Mapped[bool] = mapped_column(Boolean, server_default=true())
    partner_without_lines: Mapped[str] = mapped_column(server_default=PartnerWithoutLines.ACKNOWLEDGE.value)
    quote_valid_days: Mapped[int | None] = mapped_column(Integer)
    payment_terms_days: Mapped[int | None] = mapped_column(Integer)
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    processing_agreement_version: Mapped[str | None]
    """Which text on the processing of personal data was signed (GDPR, article 28), and on which day (T15)."""
    processing_agreement_signed_on: Mapped[date | None] = mapped_column(Date)


_OWN = "EXISTS (SELECT 1 FROM contact c WHERE c.id = organization_id) AND entity_id = ANY ({entities})"
protect(
    Agreement,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(_OWN),
    explain={
        "staff": "The agreement is of one of the actor's business entities.",
        "partner": "The agreement is with the actor's organization or one below it.",
    },
)


class CommissionTerms(Identified, Base):
    """What commission is agreed for the time of `valid`: with a partner, or the entity's own where there is none.

    Rates of all levels stand here together, so no partner reads the table: each finds its own on its own records.
    """

    __tablename__ = "commission_terms"
    __table_args__ = (
        ExcludeConstraint(
            ("entity_id", "="),
            ("organization_id", "="),
            ("valid", "&&"),
            name="one_commission_at_a_time",
            using="gist",
        ),
        ExcludeConstraint(
            ("entity_id", "="),
            ("valid", "&&"),
            name="one_standard_commission_at_a_time",
            using="gist",
            where=text("organization_id IS NULL"),
        ),
        CheckConstraint("(agreement_id IS NULL) = (organization_id IS NULL)", name="of_an_agreement"),
        Index("ix_commission_terms_agreement", "agreement_id"),
        Index("ix_commission_terms_organization", "organization_id"),
        Index("ix_commission_terms_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_commission_terms_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    agreement_id: Mapped[UUID | None] = mapped_column(ForeignKey("agreement.id"))
    """None for the standard of the entity."""
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """The agreement's."""
    valid: Mapped[Range[datetime]] = mapped_column(TSTZRANGE, server_default=text("tstzrange(now(), NULL)"))
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """See commission_terms.py."""


protect(
    CommissionTerms,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=("valid",)),
    explain={"staff": "The terms are of one of the actor's business entities."},
)
