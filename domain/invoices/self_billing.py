"""Invoices that we make in a partner's name, for what we owe it (Wet OB 1968, art. 34b and 35a)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import ContactType
from domain.errors import NotFound
from domain.invoices.billing import BillLine
from domain.invoices.drafting import Draft
from domain.invoices.errors import NoLines
from domain.invoices.models import Invoice, InvoiceKind, InvoicePart, LineCategory
from domain.invoices.payers import Payer, Profile, payers_of, profiles_of, seller_of
from domain.invoices.writing import issue_all
from domain.ledger.posting import today
from domain.money import Money, VatClass
from domain.rows import find
from domain.vat.models import VatTreatment
from domain.vat.rules import VatDecision, VatParty, decide, not_taxable, valid_vat_number
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class SelfBilledLine:
    """What we owe for: an amount without VAT; a reversal is negative."""

    description: str
    net_cents: int
    order_id: UUID | None = None
    line_item_id: UUID | None = None


async def issue_self_billing(
    session: AsyncSession,
    *,
    entity_id: UUID,
    beneficiary_id: UUID,
    lines: Sequence[SelfBilledLine],
    period_month: date,
    language: str | None = None,
    issued_on: date | None = None,
) -> Invoice:
    """Invoice ourselves for what a partner earned in a month; where reversals prevail it is a credit note.

    VAT is the partner's to charge: none where it has no VAT number, shifted to us where it is abroad. Posts accrued
    commission to payable. `language` is the partner's own where none is given.
    Raises: NotFound, NoLines (none, or nothing is owed either way), InvoiceTooLarge, PeriodClosed.
    """
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    payer = (await payers_of(session, [beneficiary_id])).get(beneficiary_id)
    if payer is None:
        raise NotFound(field=("beneficiary_id",))
    owed = sum(line.net_cents for line in lines)
    if owed == 0:
        raise NoLines(field=("lines",))
    profile = (await profiles_of(session, [payer.id])).get((entity_id, payer.id), Profile())
    vat = vat_of(payer, profile, entity, issued_on or today())
    draft = Draft(
        entity_id=entity_id,
        invoice_prefix=entity.invoice_prefix,
        kind=InvoiceKind.SELF_BILLING if owed > 0 else InvoiceKind.SELF_BILLING_CREDIT,
        part=InvoicePart.COMMISSION,
        payer_id=payer.id,
        payer_chain_ids=[payer.id],
        seller=payer.snapshot(profile) | {"iban": payer.iban or ""},
        payer=seller_of(entity) | {"contact_type": ContactType.ORGANIZATION.value},
        lines=[_line(line, vat, entity.currency) for line in lines],
        currency=entity.currency,
        payment_terms_days=_terms(payer, profile, entity),
        language=language or payer.speaks(profile),
        period_month=period_month.replace(day=1),
    )
    made = await issue_all(session, [draft], issued_on=issued_on)
    return (await session.execute(select(Invoice).where(Invoice.id == made[0].id))).scalar_one()


def vat_of(payer: Payer, profile: Profile, entity: BusinessEntity, on: date) -> VatDecision:
    """The VAT that a partner charges us for its service."""
    if not valid_vat_number(payer.vat_number):
        return not_taxable()
    seller = payer.party(profile)
    ours = VatParty(entity.country, entity.vat_number, ContactType.ORGANIZATION.value, None, VatTreatment.AUTOMATIC)
    return decide(VatClass.STANDARD, LineCategory.COMMISSION, seller.country, ours, on)


def _line(line: SelfBilledLine, vat: VatDecision, currency: str) -> BillLine:
    """One piece at its amount; a reversal takes one off."""
    net = Money(line.net_cents, currency)
    return BillLine(
        line_item_id=line.line_item_id,
        order_id=line.order_id,
        category=LineCategory.COMMISSION,
        description=line.description,
        quantity=Decimal(1 if line.net_cents >= 0 else -1),
        unit_price_cents=abs(line.net_cents),
        net_cents=line.net_cents,
        vat_cents=net.times(vat.rate.scaleb(-2)).cents,
        vat=vat,
        recognized=True,
    )


def _terms(payer: Payer, profile: Profile, entity: BusinessEntity) -> int:
    agreed = (profile.payment_terms_days, payer.payment_terms_days, entity.payment_terms_days)
    return next(days for days in agreed if days is not None)
