"""Who pays, and the invoices that are paid: locked in one order, so that two payments never wait in a ring."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.errors import FieldPath, NotFound
from domain.invoices.models import Invoice, InvoiceKind
from domain.money import CurrencyMismatch
from domain.payments.errors import NotPayable
from domain.payments.sharing import OpenInvoice
from domain.rows import find, granted_columns


@dataclass(frozen=True, slots=True)
class Payer:
    """Who paid, and who of the partners may see it."""

    contact_id: UUID | None = None
    chain: tuple[UUID, ...] = ()


NOBODY = Payer()


async def payer_of(session: AsyncSession, contact_id: UUID | None, invoices: Sequence[Invoice]) -> Payer:
    """The contact that is given, else whom the first invoice is to; nobody where neither is known."""
    if contact_id is None and invoices:
        return Payer(invoices[0].payer_contact_id, tuple(invoices[0].payer_chain_ids))
    if contact_id is None:
        return NOBODY
    contact = await find(session, Contact, contact_id, field=("contact_id",))
    return Payer(contact.id, tuple(contact.chain_organization_ids))


async def lock_invoices(
    session: AsyncSession, entity_id: UUID, ids: Sequence[UUID], currency: str, *, field: FieldPath = ("invoices",)
) -> list[Invoice]:
    """The invoices, locked until the transaction ends, in the order given.

    Raises: NotFound, NotPayable, CurrencyMismatch at the invoice's place in the field.
    """
    query = select(Invoice).where(Invoice.id.in_(ids), Invoice.entity_id == entity_id).order_by(Invoice.id)
    query = query.options(*granted_columns(session, Invoice)).with_for_update()
    rows = (await session.execute(query.execution_options(populate_existing=True))).scalars()
    found = {row.id: row for row in rows}
    for place, id in enumerate(ids):
        _check(found.get(id), currency, (*field, place, "invoice_id"))
    return [found[id] for id in ids]


def _check(invoice: Invoice | None, currency: str, field: FieldPath) -> None:
    if invoice is None:
        raise NotFound(field=field)
    if invoice.kind != InvoiceKind.INVOICE:
        raise NotPayable(field=field)
    if invoice.currency != currency:
        raise CurrencyMismatch(left=invoice.currency, right=currency, field=field)


async def invoices_named(session: AsyncSession, entity_id: UUID, reference: str) -> list[UUID]:
    """The invoices whose number or payment reference this is, written with or without spaces."""
    said = "".join(reference.split()).upper()
    if not said:
        return []
    named = or_(Invoice.payment_reference == said, func.upper(Invoice.number) == said)
    mine = Invoice.entity_id == entity_id, Invoice.kind == InvoiceKind.INVOICE
    return list((await session.execute(select(Invoice.id).where(*mine, named))).scalars())


def as_open(invoice: Invoice) -> OpenInvoice:
    """What `sharing` needs of an invoice. What was written off can be paid all the same."""
    return OpenInvoice(invoice.id, invoice.due_on, payable_cents(invoice))


def payable_cents(invoice: Invoice) -> int:
    """What can be paid of an invoice; negative where we owe it."""
    return invoice.open_cents + invoice.written_off_cents
