"""The account of a payer with an entity, from the rows that the actor sees."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.dunning.accounts import Account, Movement, StatementEntryKind, account
from domain.errors import OutOfRange
from domain.invoices.models import Invoice, InvoiceKind
from domain.numbering.service import AMSTERDAM
from domain.payments.models import Payment, PaymentAllocation, PaymentKind, PaymentStatus
from domain.rows import find, granted_columns
from tenants.models import BusinessEntity

LONGEST = timedelta(days=10 * 366)
_BILLED = (InvoiceKind.INVOICE.value, InvoiceKind.CREDIT_NOTE.value)


async def statement_of(
    session: AsyncSession, *, contact_id: UUID, entity_id: UUID, since: date, until: date, currency: str = "EUR"
) -> Account:
    """Opening balance, movements, closing balance and ageing. Raises: NotFound, OutOfRange. For whoever sees them."""
    contact = await find(session, Contact, contact_id, field=("contact_id",))
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    if not timedelta(0) <= until - since <= LONGEST:
        raise OutOfRange(minimum=since.isoformat(), maximum=(since + LONGEST).isoformat(), field=("until",))
    invoices = await _invoices(session, contact, entity.id, currency)
    movements = [_billed(each) for each in invoices]
    movements += await _paid(session, [each for each in invoices if each.kind == InvoiceKind.INVOICE])
    due = {each.id: each.due_on for each in invoices}
    return account([*movements, *_others(invoices, movements)], due, since, until)


async def _invoices(session: AsyncSession, contact: Contact, entity_id: UUID, currency: str) -> list[Invoice]:
    """Those of duplicates that were merged into the contact as well."""
    same = select(Contact.id).where(or_(Contact.id == contact.id, Contact.merged_into_id == contact.id))
    query = select(Invoice).where(Invoice.entity_id == entity_id, Invoice.payer_contact_id.in_(same))
    query = query.where(Invoice.kind.in_(_BILLED), Invoice.currency == currency)
    query = query.options(*granted_columns(session, Invoice))
    return list(await session.scalars(query.order_by(Invoice.issued_on, Invoice.id)))


def _billed(invoice: Invoice) -> Movement:
    """A credit note changes what is owed on the invoice that it credits."""
    credits = invoice.kind == InvoiceKind.CREDIT_NOTE
    about = invoice.credits_invoice_id or invoice.id
    kind = StatementEntryKind.CREDIT if credits else StatementEntryKind.INVOICE
    return Movement(invoice.issued_on, kind, invoice.number, invoice.gross_cents, about, invoice.id)


async def _paid(session: AsyncSession, invoices: Sequence[Invoice]) -> list[Movement]:
    query = select(
        PaymentAllocation.invoice_id,
        PaymentAllocation.amount_cents,
        PaymentAllocation.returned_cents,
        Payment.id,
        Payment.number,
        Payment.kind,
        Payment.received_on,
    ).join(Payment, Payment.id == PaymentAllocation.payment_id)
    query = query.where(PaymentAllocation.invoice_id.in_([each.id for each in invoices]))
    query = query.where(Payment.status != PaymentStatus.REVERSED.value)
    found = []
    for row in await session.execute(query):
        came_in = row.kind == PaymentKind.RECEIPT
        cents = -row.amount_cents if came_in else row.amount_cents - row.returned_cents
        kind = StatementEntryKind.PAYMENT if came_in else StatementEntryKind.REFUND
        if cents:
            found.append(Movement(row.received_on, kind, row.number, cents, row.invoice_id, row.id))
    return found


def _others(invoices: Sequence[Invoice], movements: Sequence[Movement]) -> list[Movement]:
    """What is open less or more than documents and payments say: written off, or put back."""
    told: dict[UUID, int] = defaultdict(int)
    for each in movements:
        told[each.invoice_id] += each.cents
    return [
        Movement(
            each.updated_at.astimezone(AMSTERDAM).date(),
            StatementEntryKind.OTHER,
            each.number,
            each.open_cents - told[each.id],
            each.id,
            each.id,
        )
        for each in invoices
        if each.kind == InvoiceKind.INVOICE and each.open_cents != told[each.id]
    ]
