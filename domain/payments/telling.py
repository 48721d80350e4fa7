"""Who is told of payments: whoever paid or is paid, and the office where somebody has to look."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact, ContactType
from domain.events.models import Event
from domain.invoices.models import Invoice
from domain.money import Money
from domain.notifications.facts import Facts
from domain.notifications.service import About
from domain.notifications.telling import tell_contact, tell_partner, tell_staff
from domain.payments.models import Payment, PaymentAllocation, Provider

TO_PAYERS = {"payment.received": "payment.received", "payment.refunded": "payment.refunded"}
TO_STAFF = {
    "payment.suspended": "payment.suspended.staff",
    "payment.refund_failed": "payment.refund_failed.staff",
    "payment.charged_back": "payment.charged_back.staff",
}


async def tell_of(session: AsyncSession, event: Event, payment: Payment) -> None:
    """Send what follows from an event of a payment; each is told once. What one did oneself from a wallet is not."""
    about = About(payment.entity_id, "Payment", payment.id, f"event:{event.id}", chain=tuple(payment.payer_chain_ids))
    values = await _facts(session, payment)
    if kind := TO_STAFF.get(event.type):
        await tell_staff(session, kind, about, values, event)
    elif payment.contact_id is not None and payment.provider != Provider.WALLET:
        await _tell_payer(session, TO_PAYERS[event.type], payment, about, values, event)


async def _tell_payer(
    session: AsyncSession, kind: str, payment: Payment, about: About, values: Facts, event: Event
) -> None:
    contact = await session.get(Contact, payment.contact_id)
    if contact is None or payment.contact_id is None:
        return
    if contact.contact_type == ContactType.PERSON:
        await tell_contact(session, kind, contact.id, about, values)
    else:
        await tell_partner(session, f"{kind}.partner", contact.id, about, values, but=None)


async def _facts(session: AsyncSession, payment: Payment) -> Facts:
    paid = select(Invoice.number).join(PaymentAllocation, PaymentAllocation.invoice_id == Invoice.id)
    numbers = await session.execute(paid.where(PaymentAllocation.payment_id == payment.id).order_by(Invoice.number))
    return {
        "payment.number": payment.number,
        "payment.amount": Money(payment.amount_cents, payment.currency).format("nl"),
        "payment.invoices": ", ".join(dict.fromkeys(numbers.scalars())) or None,
    }
