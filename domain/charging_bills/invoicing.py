"""Invoices and credit notes of sessions: they bring what was invoiced of each to what is due, and say why.

Whoever calls holds the rows of session_billing locked; so nothing is billed twice, whatever is repeated.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.charging_bills import wording
from domain.charging_bills.balancing import Amount, plan
from domain.charging_bills.models import SessionBill, SessionBilling, SessionBillLine, SessionCharge
from domain.invoices.billing import BillLine
from domain.invoices.crediting import CreditLine, credit
from domain.invoices.drafting import Draft
from domain.invoices.models import InvoiceLine, InvoicePart, LineCategory
from domain.invoices.payers import Payer, Profile, payers_of, profiles_of, seller_of
from domain.invoices.writing import Issued, issue_all
from domain.money import VatClass
from domain.numbering.service import AMSTERDAM
from domain.rows import find
from domain.sessions.models import ChargingSession
from domain.vat.rules import VatDecision
from domain.vat.rules import reason as reason_of
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class Due:
    """A session whose balance is to be invoiced: the bill that holds, and why it is another than before."""

    billing: SessionBilling
    bill: SessionBill
    reason: str = ""

    @property
    def amount(self) -> Amount:
        if self.billing.waived_at is not None:
            return Amount()
        return Amount(self.billing.net_cents, self.billing.vat_cents)

    @property
    def charged(self) -> Amount:
        return Amount(self.billing.charged_net_cents, self.billing.charged_vat_cents)


async def payer_of(session: AsyncSession, entity_id: UUID, contact_id: UUID) -> tuple[Payer, Profile] | None:
    """Who pays and how it is invoiced; the record that took a duplicate's place. None where nobody is there."""
    payer = (await payers_of(session, [contact_id])).get(contact_id)
    if payer is None:
        return None
    return payer, (await profiles_of(session, [payer.id])).get((entity_id, payer.id), Profile())


async def credit_surplus(session: AsyncSession, due: Due) -> Amount:
    """Credit what was invoiced of a session beyond what is due; returns what is left to invoice of it."""
    lines = await _creditable(session, due.billing.id)
    left = [
        Amount(line.net_cents - line.credited_net_cents, line.vat_cents - line.credited_vat_cents) for line in lines
    ]
    wanted = plan(due.amount, due.charged, left)
    by_invoice: dict[UUID, list[tuple[InvoiceLine, Amount]]] = defaultdict(list)
    for position, part in wanted.credits.items():
        by_invoice[lines[position].invoice_id].append((lines[position], part))
    for invoice_id, parts in by_invoice.items():
        await _credit(session, due, invoice_id, parts)
    return wanted.invoice


async def _creditable(session: AsyncSession, billing_id: UUID) -> list[InvoiceLine]:
    """The lines that invoiced a session, the newest first."""
    query = (
        select(InvoiceLine)
        .join(SessionCharge, SessionCharge.invoice_line_id == InvoiceLine.id)
        .where(SessionCharge.billing_id == billing_id, InvoiceLine.credits_line_id.is_(None))
        .order_by(SessionCharge.id.desc())
    )
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


async def _credit(
    session: AsyncSession, due: Due, invoice_id: UUID, parts: Sequence[tuple[InvoiceLine, Amount]]
) -> None:
    wanted = [CreditLine(line.id, net_cents=part.net, vat_cents=part.vat) for line, part in parts]
    note = await credit(session, invoice_id, wanted, due.reason or wording.CORRECTED["nl"])
    rows = select(InvoiceLine.id, InvoiceLine.credits_line_id).where(InvoiceLine.invoice_id == note.id)
    by_line = {row.credits_line_id: row.id for row in (await session.execute(rows)).all()}
    for line, part in parts:
        await _charge(session, due, -part, note.id, by_line[line.id])


async def issue(
    session: AsyncSession,
    payer: Payer,
    profile: Profile,
    dues: Sequence[tuple[Due, Amount]],
    *,
    month: date | None = None,
) -> Issued:
    """One invoice to a payer over what is left to invoice of sessions of one entity; `month`: a collective one.

    Raises: InvoiceTooLarge, PeriodClosed.
    """
    entity = await find(session, BusinessEntity, dues[0][0].billing.entity_id)
    language = payer.speaks(profile)
    told = await _told(session, [due for due, _ in dues])
    lines = [_line(due, amount, told[due.billing.id], language) for due, amount in dues]
    draft = Draft(
        entity_id=entity.id,
        invoice_prefix=entity.invoice_prefix,
        part=InvoicePart.CHARGING,
        payer_id=payer.id,
        payer_chain_ids=sorted({payer.id, *payer.chain}),
        seller=seller_of(entity),
        payer=payer.snapshot(profile),
        lines=lines,
        currency=dues[0][0].bill.currency,
        payment_terms_days=_terms(payer, profile, entity),
        language=language,
        supplied_on=max(due.billing.ended_at for due, _ in dues).astimezone(AMSTERDAM).date(),
        period_month=month,
        reason=wording.reasons([due.reason for due, _ in dues if due.charged]) if month is None else "",
    )
    made = (await issue_all(session, [draft]))[0]
    for (due, amount), line in zip(dues, made.lines, strict=True):
        await _charge(session, due, amount, made.id, line["id"])
    return made


async def _charge(session: AsyncSession, due: Due, amount: Amount, invoice_id: UUID, line_id: UUID) -> None:
    """Write down that a line billed a session."""
    billing, before = due.billing, due.charged
    row = SessionCharge(
        entity_id=billing.entity_id,
        billing_id=billing.id,
        version=due.bill.version,
        invoice_id=invoice_id,
        invoice_line_id=line_id,
        reason=due.reason if before else "",
        net_cents=amount.net,
        vat_cents=amount.vat,
        gross_cents=amount.gross,
        net_before_cents=before.net,
        vat_before_cents=before.vat,
        currency=due.bill.currency,
    )
    session.add(row)
    billing.charged_net_cents += amount.net
    billing.charged_vat_cents += amount.vat
    await session.flush()


def _terms(payer: Payer, profile: Profile, entity: BusinessEntity) -> int:
    agreed = (profile.payment_terms_days, payer.payment_terms_days, entity.payment_terms_days)
    return next(days for days in agreed if days is not None)


# --- lines --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Told:
    number: str
    charger: str
    span: tuple[datetime, datetime]
    items: Sequence[SessionBillLine]


async def _told(session: AsyncSession, dues: Iterable[Due]) -> dict[UUID, _Told]:
    """What the lines say of each session, by billing."""
    bills = {due.bill.id: due.billing.id for due in dues}
    items: dict[UUID, list[SessionBillLine]] = defaultdict(list)
    rows = select(SessionBillLine).where(SessionBillLine.bill_id.in_(bills)).order_by(SessionBillLine.position)
    for row in (await session.execute(rows)).scalars():
        items[bills[row.bill_id]].append(row)
    named = (
        select(SessionBilling.id, SessionBilling.ended_at, ChargingSession.number, ChargingSession.started_at)
        .add_columns(Charger.name, Charger.identity)
        .join(ChargingSession, ChargingSession.id == SessionBilling.session_id)
        .join(Charger, Charger.id == SessionBilling.charger_id)
        .where(SessionBilling.id.in_(set(bills.values())))
    )
    return {
        row.id: _Told(row.number, row.name or row.identity, (row.started_at, row.ended_at), items[row.id])
        for row in (await session.execute(named)).all()
    }


def _line(due: Due, amount: Amount, told: _Told, language: str) -> BillLine:
    """One piece at its net amount; the work is done, so it is revenue at once."""
    if due.charged:
        described = wording.correction(told.number, told.charger, due.reason, language)
    else:
        described = wording.described(told.number, told.charger, told.span, told.items, language)
    return BillLine(
        category=LineCategory.CHARGING,
        description=described,
        quantity=Decimal(1),
        unit_price_cents=amount.net,
        net_cents=amount.net,
        vat_cents=amount.vat,
        vat=vat_of(due.bill),
        recognized=True,
    )


def vat_of(bill: SessionBill) -> VatDecision:
    """The VAT rule by which a bill was priced."""
    reasons = (reason_of(bill.vat_rule, "nl"), reason_of(bill.vat_rule, "en"))
    return VatDecision(VatClass(bill.vat_class), bill.vat_rate, bill.vat_rule, bill.vat_category, *reasons)
