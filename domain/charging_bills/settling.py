"""Bringing what was invoiced of a session to what is due, once its price, its payer or a waiver has changed."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.charging_bills import wording
from domain.charging_bills.balancing import Amount
from domain.charging_bills.events import ChargingBillInvoiced, ChargingBillUnbillable, ChargingBillWaiting
from domain.charging_bills.invoicing import Due, credit_surplus, issue, payer_of
from domain.charging_bills.models import ChargingBillStatus, SessionBill, SessionBilling, SessionCharge
from domain.charging_bills.telling import tell
from domain.invoices.models import Invoice, InvoiceKind, InvoicePart, InvoiceStatus
from domain.invoices.payers import Payer, Profile
from domain.ledger.posting import today
from domain.numbering.service import AMSTERDAM


async def settle(
    session: AsyncSession, billing: SessionBilling, bill: SessionBill, reason: str = "", *, first: bool = True
) -> None:
    """Credit what was invoiced too much, and invoice what is missing, or let it wait for the collective invoice.

    `billing` is locked. Without `first` nothing is invoiced of a session of which nothing was yet.
    Raises: InvoiceTooLarge, PeriodClosed.
    """
    paying = await _paying(session, billing)
    if paying is None and bill.gross_cents:
        await unbillable(session, billing, ChargingBillStatus.NO_PAYER)
        return
    if paying is None:
        billing.status = status_of(billing).value
        await session.flush()
        return
    payer, profile = paying
    due = Due(billing, bill, reason or wording.CORRECTED[payer.speaks(profile)])
    charged, last = due.charged, await last_charge(session, billing.id)
    left = await credit_surplus(session, due)
    later = not first and last is None
    if left and not profile.collective and not later:
        await issue(session, payer, profile, [(due, left)])
    if due.charged != charged:
        await tell_invoiced(session, billing, last)
    if left and profile.collective:
        await _wait(session, billing, payer.id)
    elif left and later:
        billing.status, billing.due_month = ChargingBillStatus.PRICED.value, None
    else:
        billing.status, billing.due_month = status_of(billing).value, None
    await session.flush()


async def _paying(session: AsyncSession, billing: SessionBilling) -> tuple[Payer, Profile] | None:
    if billing.payer_contact_id is None:
        return None
    return await payer_of(session, billing.entity_id, billing.payer_contact_id)


async def unbillable(session: AsyncSession, billing: SessionBilling, status: ChargingBillStatus) -> None:
    """Mark that a session is billed to nobody, and tell staff once."""
    if billing.waived_at is not None:
        status = ChargingBillStatus.WAIVED
    if billing.status != status:
        billing.status = status.value
        if status is not ChargingBillStatus.WAIVED:
            await tell(session, billing, lambda number: ChargingBillUnbillable(number, status.value))
    await session.flush()


def status_of(billing: SessionBilling) -> ChargingBillStatus:
    """Of a session with a price and a payer whose balance is invoiced."""
    if billing.waived_at is not None:
        return ChargingBillStatus.WAIVED
    charged = Amount(billing.charged_net_cents, billing.charged_vat_cents)
    return ChargingBillStatus.INVOICED if charged or billing.gross_cents else ChargingBillStatus.FREE


async def last_charge(session: AsyncSession, billing_id: UUID) -> UUID | None:
    """The newest line that billed a session."""
    query = select(SessionCharge.id).where(SessionCharge.billing_id == billing_id)
    return (await session.execute(query.order_by(SessionCharge.id.desc()).limit(1))).scalar_one_or_none()


async def tell_invoiced(session: AsyncSession, billing: SessionBilling, last: UUID | None) -> None:
    """Tell of the invoices and credit notes since the charge `last`."""
    query = select(SessionCharge.invoice_id).where(SessionCharge.billing_id == billing.id).order_by(SessionCharge.id)
    if last is not None:
        query = query.where(SessionCharge.id > last)
    ids = dict.fromkeys((await session.execute(query)).scalars())
    gross = billing.charged_net_cents + billing.charged_vat_cents
    told = list(map(str, ids))
    await tell(session, billing, lambda number: ChargingBillInvoiced(number, told, gross, billing.currency))


# --- collective invoices ------------------------------------------------------------------------------------------


async def _wait(session: AsyncSession, billing: SessionBilling, payer_id: UUID) -> None:
    month = await _month(session, billing.entity_id, [payer_id], billing.ended_at)
    if billing.status != ChargingBillStatus.WAITING or billing.due_month != month:
        billing.status, billing.due_month = ChargingBillStatus.WAITING.value, month
        await tell(session, billing, lambda number: ChargingBillWaiting(number, month.isoformat()))
    await session.flush()


async def _month(session: AsyncSession, entity_id: UUID, payer_ids: Iterable[UUID], ended_at: datetime) -> date:
    """The month in which it ended; this one where that has its collective invoice already."""
    month = ended_at.astimezone(AMSTERDAM).date().replace(day=1)
    collected = select(Invoice.id).where(
        Invoice.entity_id == entity_id,
        Invoice.payer_contact_id.in_(list(payer_ids)),
        Invoice.period_month == month,
        Invoice.kind == InvoiceKind.INVOICE.value,
        Invoice.part == InvoicePart.CHARGING.value,
        Invoice.status != InvoiceStatus.CREDITED.value,
        select(SessionCharge.id).where(SessionCharge.invoice_id == Invoice.id).exists(),
    )
    if (await session.execute(collected.limit(1))).first() is None:
        return month
    return max(month, today().replace(day=1))
