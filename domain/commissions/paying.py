"""Paying commission: what was earned is put on one self-billing invoice per beneficiary and month.

What was taken back after it was paid is negative and set off; where that prevails, all of it waits for a later month.
A disputed record waits for the answer. The payment itself is the bank's (pain.001 reads open self-billing invoices).
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.agreements.commission_book import book
from domain.commissions.events import CommissionBilled, CommissionPaid
from domain.commissions.models import Commission, CommissionDispute, CommissionKind, CommissionStatus, DisputeState
from domain.commissions.months import bounds
from domain.commissions.periods import settle_caps
from domain.commissions.running import run
from domain.contacts.models import Contact
from domain.errors import language_of
from domain.events.record import record
from domain.invoices.models import Invoice, InvoiceKind, InvoiceStatus
from domain.invoices.self_billing import SelfBilledLine, issue_self_billing
from domain.ledger.errors import PeriodNotOver
from domain.rows import find
from tenants.auth import clock
from tenants.models import BusinessEntity

_NAMES = {
    CommissionKind.LEVEL: {"nl": "Provisie", "en": "Commission"},
    CommissionKind.KICKBACK: {"nl": "Kickback", "en": "Kickback"},
    CommissionKind.BONUS: {"nl": "Bonus", "en": "Bonus"},
    CommissionKind.PENALTY: {"nl": "Korting wegens gemiste afspraken", "en": "Deduction for missed terms"},
    CommissionKind.CAP: {"nl": "Boven het afgesproken maximum", "en": "Above the agreed maximum"},
}
_OF_A_SPAN = (CommissionKind.BONUS.value, CommissionKind.PENALTY.value, CommissionKind.CAP.value)


async def pay(session: AsyncSession, entity_id: UUID, month: date) -> list[UUID]:
    """Bill what was earned up to the end of a month and not billed yet; the ids of the self-billing invoices.

    Once per beneficiary and month: what comes late for it goes with the next. Beneficiaries that were merged are paid
    as one. Raises: NotFound, PeriodNotOver.
    """
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    _, after = bounds(month)
    if after > clock.now():
        raise PeriodNotOver(field=("month",))
    month = month.replace(day=1)
    await _compute(session, entity_id, month)
    done = await _billed_already(session, entity_id, month)
    rows = [row for row in await _earned(session, entity_id, month, after) if row.payee_id not in done]
    billed = []
    for payee_id, found in groupby(rows, key=lambda row: row.payee_id):
        if invoice_id := await _bill(session, entity_id, payee_id, month, list(found)):
            billed.append(invoice_id)
    return billed


async def _compute(session: AsyncSession, entity_id: UUID, month: date) -> None:
    """The month itself, and the caps of all months of which something is due."""
    await run(session, entity_id, month)
    due = (Commission.entity_id == entity_id) & (Commission.status == CommissionStatus.EARNED.value)
    months = select(Commission.period_month).where(due, Commission.period_month != month).distinct()
    terms = await book(session, entity_id)
    for other in sorted((await session.execute(months)).scalars()):
        await settle_caps(session, entity_id, other, terms)


async def _billed_already(session: AsyncSession, entity_id: UUID, month: date) -> set[UUID]:
    query = select(Invoice.payer_contact_id).where(
        Invoice.entity_id == entity_id,
        Invoice.kind == InvoiceKind.SELF_BILLING.value,
        Invoice.period_month == month,
    )
    return set((await session.execute(query)).scalars())


def open_dispute(commission: Any) -> Any:
    """Whether the record that a row belongs to is disputed."""
    dispute = CommissionDispute.__table__.alias()
    record_id = func.coalesce(commission.reverses_id, commission.id)
    mine = (dispute.c.commission_id == record_id) & (dispute.c.state == DisputeState.OPEN.value)
    return select(dispute.c.id).where(mine).exists()


async def _earned(session: AsyncSession, entity_id: UUID, month: date, until: datetime) -> Sequence[Row[Any]]:
    """Due rows of the records that were earned in time, or are of the month or an earlier one as a whole.

    What was taken from a record counts at once, also where that happened after the month.
    """
    contact, first = aliased(Contact), aliased(Commission)
    payee = func.coalesce(contact.merged_into_id, contact.id).label("payee_id")
    in_time = or_(first.earned_at < until, first.kind.in_(_OF_A_SPAN) & (first.period_month <= month))
    query = (
        select(Commission.id, payee, Commission.kind, Commission.commission_rate, Commission.amount_cents)
        .join(contact, contact.id == Commission.beneficiary_contact_id)
        .join(first, first.id == func.coalesce(Commission.reverses_id, Commission.id))
        .where(Commission.entity_id == entity_id, Commission.status == CommissionStatus.EARNED.value)
        .where(in_time, ~open_dispute(Commission))
        .order_by(payee, Commission.id)
        .with_for_update(of=Commission)
    )
    rows: Any = (await session.execute(query)).all()
    return list(rows)


async def _bill(
    session: AsyncSession, entity_id: UUID, payee_id: UUID, month: date, rows: Sequence[Row[Any]]
) -> UUID | None:
    """The self-billing invoice of a beneficiary; none where nothing is owed."""
    if sum(row.amount_cents for row in rows) <= 0:
        return None
    payee = await find(session, Contact, payee_id, field=("beneficiary_id",))
    invoice = await issue_self_billing(
        session,
        entity_id=entity_id,
        beneficiary_id=payee_id,
        lines=_lines(rows, language_of(payee.language)),
        period_month=month,
    )
    billed = update(Commission).where(Commission.id.in_([row.id for row in rows]))
    values = {"status": CommissionStatus.PAYABLE.value, "self_billing_invoice_id": invoice.id}
    await session.execute(billed.values(**values).execution_options(synchronize_session=False))
    told = CommissionBilled(invoice.number, len(rows), invoice.net_cents, invoice.currency)
    await _tell(session, invoice, told)
    return invoice.id


def _lines(rows: Sequence[Row[Any]], language: str) -> list[SelfBilledLine]:
    """One line per kind and rate; its records are in the statement of the month."""
    sums: dict[tuple[str, Decimal | None], int] = {}
    for row in rows:
        key = (row.kind, row.commission_rate)
        sums[key] = sums.get(key, 0) + row.amount_cents
    ordered = sorted(sums.items(), key=lambda item: (item[0][0], -(item[0][1] or 0)))
    return [SelfBilledLine(_described(*key, language), cents) for key, cents in ordered if cents]


def _described(kind: str, rate: Decimal | None, language: str) -> str:
    name = _NAMES[CommissionKind(kind)][language]
    if rate is None:
        return name
    shown = format(rate.normalize(), "f")
    return f"{name} {shown if language == 'en' else shown.replace('.', ',')}%"


async def _tell(session: AsyncSession, invoice: Invoice, payload: Any) -> None:
    only = [invoice.payer_contact_id]
    await record(
        session, payload, entity_id=invoice.entity_id, subject_id=invoice.id, organization_ids=only, channel=only
    )


# --- what becomes of a self-billing invoice ---------------------------------------------------------------------------


async def follow_invoice(session: AsyncSession, invoice_id: UUID) -> None:
    """Bring what is on a self-billing invoice to where the invoice is: paid, or open."""
    invoice = await find(session, Invoice, invoice_id, lock=True)
    if invoice.status == InvoiceStatus.PAID:
        await _restate(session, invoice, CommissionStatus.PAYABLE, CommissionStatus.PAID)
    else:
        await _restate(session, invoice, CommissionStatus.PAID, CommissionStatus.PAYABLE)


async def _restate(session: AsyncSession, invoice: Invoice, was: CommissionStatus, becomes: CommissionStatus) -> None:
    paid = becomes is CommissionStatus.PAID
    if await _move(session, invoice, was, status=becomes.value, paid_at=clock.now() if paid else None):
        await _tell(session, invoice, CommissionPaid(invoice.number, paid))


async def _move(session: AsyncSession, invoice: Invoice, was: CommissionStatus, **values: Any) -> int:
    """Change what is on an invoice in one status; how many rows did."""
    rows = update(Commission).where(Commission.self_billing_invoice_id == invoice.id, Commission.status == was.value)
    changed = rows.values(**values).returning(Commission.id).execution_options(synchronize_session=False)
    return len((await session.execute(changed)).all())
