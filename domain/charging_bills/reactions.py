"""Billing without anybody asking: what events make due, and the work of the jobs that they ask for."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.charging_bills import bills, collecting, wording
from domain.charging_bills.models import ChargingBillStatus
from domain.errors import language_of
from domain.events.models import Event
from domain.invoices.models import Invoice, InvoicePart
from domain.jobs.service import enqueue
from domain.ledger.posting import today
from domain.money import Money
from domain.payments.models import Destination, Payment, PaymentAllocation, PaymentKind, Provider
from domain.payments.payers import payable_cents
from domain.payments.refunding import refund
from domain.payments.registering import pay_from_wallet
from domain.rows import find
from domain.wallets.service import wallet_of
from tenants.settings import settings

QUEUE = "billing"
BILL, INVOICE = "charging_bills.bill", "charging_bills.invoice"
PAY, COLLECT, RETURN = "charging_bills.pay", "charging_bills.collect", "charging_bills.return"
_SESSIONS = ("session.completed", "session.closed_by_rule", "session.energy_changed")
_ISSUED, _CREDITED = "invoice.issued", "invoice.credited"
EVENTS = frozenset({*_SESSIONS, _ISSUED, _CREDITED})


async def react(session: AsyncSession, event: Event) -> None:
    """Ask for what an event makes due. The event is in the key: each makes its session be looked at again."""
    if event.type in _SESSIONS:
        await _ask(session, event, BILL, {"session_id": event.subject_id})
    elif event.type == _ISSUED and event.payload["part"] == InvoicePart.CHARGING:
        await _ask(session, event, PAY, {"invoice_id": event.subject_id})
    elif event.type == _CREDITED and (await find(session, Invoice, event.subject_id)).part == InvoicePart.CHARGING:
        await _ask(session, event, RETURN, {"invoice_id": event.subject_id})


async def bill(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Price one session, or correct its bill; the first invoice follows when readings under way have come in."""
    billing = await bills.bill(session, UUID(arguments["session_id"]), first=False)
    if billing.status == ChargingBillStatus.PRICED:
        at = datetime.now(UTC) + timedelta(seconds=settings().charging_invoice_delay_seconds)
        key = f"{billing.session_id}:{billing.version}"
        wanted = {"session_id": billing.session_id}
        await enqueue(session, INVOICE, wanted, key=key, queue=QUEUE, entity_id=billing.entity_id, run_at=at)


async def invoice(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Invoice one session; nothing happens where that was done before."""
    await bills.bill(session, UUID(arguments["session_id"]))


async def pay(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Pay an invoice of charging from the payer's wallet, where all that is open is in it."""
    invoice = await find(session, Invoice, UUID(arguments["invoice_id"]), lock=True)
    left = payable_cents(invoice)
    wallet = await wallet_of(
        session, entity_id=invoice.entity_id, contact_id=invoice.payer_contact_id, currency=invoice.currency
    )
    if wallet is None or not 0 < left <= wallet.balance_cents:
        return
    amount = Money(left, invoice.currency)
    await pay_from_wallet(session, owner_id=invoice.payer_contact_id, invoice_id=invoice.id, amount=amount)


async def give_back(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Return to the wallet what was paid from it of an invoice of charging and is not owed any more."""
    id = UUID(arguments["invoice_id"])
    from_wallet = (
        select(Payment.id)
        .join(PaymentAllocation, PaymentAllocation.payment_id == Payment.id)
        .where(PaymentAllocation.invoice_id == id, PaymentAllocation.returned_cents < PaymentAllocation.amount_cents)
        .where(Payment.provider == Provider.WALLET.value, Payment.kind == PaymentKind.RECEIPT.value)
        .order_by(Payment.id)
        .with_for_update(of=Payment)
    )
    for payment_id in (await session.scalars(from_wallet)).all():
        # Only now: whoever held the payment before has given back.
        held = select(func.sum(PaymentAllocation.amount_cents - PaymentAllocation.returned_cents)).where(
            PaymentAllocation.payment_id == payment_id, PaymentAllocation.invoice_id == id
        )
        invoice = await session.get_one(Invoice, id, populate_existing=True)
        if (cents := min(-invoice.open_cents, await session.scalar(held) or 0)) > 0:
            why = wording.GIVEN_BACK[language_of(invoice.language)]
            amount = Money(cents, invoice.currency)
            await refund(session, payment_id, amount, Destination.WALLET, why, invoice_id=id)
            await session.flush()


async def collect(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Issue one collective invoice."""
    entity_id, payer_id = (UUID(arguments[name]) for name in ("entity_id", "payer_id"))
    await collecting.collect(session, entity_id, payer_id, date.fromisoformat(arguments["month"]))


WORK = {BILL: bill, INVOICE: invoice, PAY: pay, RETURN: give_back, COLLECT: collect}
"""By name of the job."""


async def ask_for_collective_bills(session: AsyncSession) -> int:
    """Ask for the collective invoices of months that are over; how many. For the system."""
    day = today()
    found = await collecting.waiting(session, day)
    for each in found:
        arguments = {"entity_id": each.entity_id, "payer_id": each.payer_id, "month": each.month}
        key = f"{each.entity_id}:{each.payer_id}:{each.month}:{day}"
        await enqueue(session, COLLECT, arguments, key=key, queue=QUEUE, entity_id=each.entity_id)
    return len(found)


async def _ask(session: AsyncSession, event: Event, name: str, arguments: dict[str, UUID]) -> None:
    [subject] = arguments.values()
    await enqueue(session, name, arguments, key=f"{subject}:{event.id}", queue=QUEUE, entity_id=event.entity_id)
