"""Collective invoices of charging: one per payer, entity and month over all sessions that wait for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.charging_bills.balancing import Amount, documents
from domain.charging_bills.invoicing import Due, credit_surplus, issue, payer_of
from domain.charging_bills.models import ChargingBillStatus, SessionBill, SessionBilling
from domain.charging_bills.settling import last_charge, status_of, tell_invoiced
from domain.contacts.models import Contact


@dataclass(frozen=True, slots=True)
class Waiting:
    """A payer with sessions that wait, and the last month of them that is over."""

    entity_id: UUID
    payer_id: UUID
    month: date


async def waiting(session: AsyncSession, until: date) -> list[Waiting]:
    """Who has sessions of months before the one of `until` that wait for a collective invoice."""
    payer = func.coalesce(Contact.merged_into_id, Contact.id)
    month = func.max(SessionBilling.due_month)
    query = (
        select(SessionBilling.entity_id, payer, month)
        .join(Contact, Contact.id == SessionBilling.payer_contact_id)
        .where(
            SessionBilling.status == ChargingBillStatus.WAITING.value, SessionBilling.due_month < until.replace(day=1)
        )
        .group_by(SessionBilling.entity_id, payer)
        .order_by(SessionBilling.entity_id, payer)
    )
    return [Waiting(row[0], row[1], row[2]) for row in (await session.execute(query)).all() if row[2]]


async def collect(session: AsyncSession, entity_id: UUID, payer_id: UUID, month: date) -> Sequence[UUID]:
    """Issue one invoice over what a payer's sessions of a month, and of months before, wait for; none for nothing.

    More than one where the VAT of so many would be too far from that of their sum.
    Raises: InvoiceTooLarge, PeriodClosed.
    """
    rows = await _locked(session, entity_id, payer_id, month.replace(day=1))
    paying = await payer_of(session, entity_id, payer_id)
    if not rows or paying is None:
        return ()
    dues: list[tuple[Due, Amount]] = []
    before = {billing.id: await last_charge(session, billing.id) for billing, _ in rows}
    for billing, bill in rows:
        due = Due(billing, bill)
        if left := await credit_surplus(session, due):
            dues.append((due, left))
    made = [
        (await issue(session, *paying, [dues[place] for place in part], month=month.replace(day=1))).id
        for part in documents([(left, due.bill.vat_rate) for due, left in dues])
    ]
    for billing, _ in rows:
        billing.status, billing.due_month = status_of(billing).value, None
        await tell_invoiced(session, billing, before[billing.id])
    await session.flush()
    return made


async def _locked(
    session: AsyncSession, entity_id: UUID, payer_id: UUID, month: date
) -> list[tuple[SessionBilling, SessionBill]]:
    same = select(Contact.id).where(func.coalesce(Contact.merged_into_id, Contact.id) == payer_id)
    query = (
        select(SessionBilling)
        .where(
            SessionBilling.entity_id == entity_id,
            SessionBilling.status == ChargingBillStatus.WAITING.value,
            SessionBilling.due_month <= month,
            SessionBilling.payer_contact_id.in_(same),
        )
        .order_by(SessionBilling.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    billings = list((await session.execute(query)).scalars())
    held = select(SessionBill).join(SessionBilling, SessionBilling.id == SessionBill.billing_id)
    held = held.where(SessionBill.version == SessionBilling.version, SessionBilling.id.in_([b.id for b in billings]))
    bills = {bill.billing_id: bill for bill in (await session.execute(held)).scalars()}
    ordered = sorted(billings, key=lambda each: (each.ended_at, each.id))
    return [(billing, bills[billing.id]) for billing in ordered]
