"""The documents of an invoice: kept once they are made, mailed once, and again when somebody asks."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain import validation
from domain.contacts.models import Contact
from domain.documents import storing
from domain.documents.errors import NoRecipient, NotRenderedYet
from domain.documents.events import InvoiceNotSent, InvoiceSent
from domain.documents.letters import letter_of
from domain.documents.models import Document, DocumentKind
from domain.errors import DomainError
from domain.events.record import record
from domain.invoices.models import Invoice, InvoiceKind
from domain.mail.service import queue_mail
from domain.rows import find
from domain.vat.models import BillingProfile
from tenants.models import Brand, BusinessEntity

OWNER = "Invoice"
PDF, XML = "application/pdf", "application/xml"
SELF_BILLED = (InvoiceKind.SELF_BILLING, InvoiceKind.SELF_BILLING_CREDIT)


@dataclass(frozen=True, slots=True)
class Made:
    """The documents of one invoice."""

    pdf: bytes
    ubl: bytes


async def is_kept(session: AsyncSession, invoice_id: UUID) -> bool:
    """Whether the documents of an invoice were made."""
    return len(await documents_of(session, invoice_id)) == 2


async def documents_of(session: AsyncSession, invoice_id: UUID) -> list[Document]:
    """The PDF and the UBL of an invoice, as far as they were made."""
    found = await storing.of_owner(session, (OWNER, invoice_id))
    return [document for document in found if document.kind in (DocumentKind.PDF, DocumentKind.UBL)]


async def keep_and_send(session: AsyncSession, invoice_id: UUID, made: Made, *, mail: bool = True) -> None:
    """Keep what was made, and mail it to who gets the invoice; nothing happens the second time. System sessions."""
    invoice = await find(session, Invoice, invoice_id)
    ubl = await _keep(session, invoice, DocumentKind.UBL, XML, "xml", made.ubl)
    pdf = await _keep(session, invoice, DocumentKind.PDF, PDF, "pdf", made.pdf)
    if not pdf.new or not mail:
        return
    address = await address_of(session, invoice)
    if address and await sender_or_none(session, invoice.entity_id):
        await _mail(session, invoice, address, [pdf.id, ubl.id], again=False)
    else:
        await _record(session, invoice, InvoiceNotSent(invoice.number, invoice.kind))


async def send_again(session: AsyncSession, invoice_id: UUID, to: str | None) -> Invoice:
    """Mail the documents once more, to another address where one is given.

    Raises: NotFound, NotRenderedYet, NoRecipient, InvalidEmail. Staff and system sessions.
    """
    invoice = await find(session, Invoice, invoice_id)
    address = validation.email(to, "to") if to is not None else await address_of(session, invoice)
    if not address:
        raise NoRecipient(field=("to",))
    documents = {document.kind: document.id for document in await documents_of(session, invoice_id)}
    if len(documents) < 2:
        raise NotRenderedYet(number=invoice.number, field=("id",))
    attached = [documents[DocumentKind.PDF.value], documents[DocumentKind.UBL.value]]
    await _mail(session, invoice, address, attached, again=True)
    return invoice


async def address_of(session: AsyncSession, invoice: Invoice) -> str | None:
    """Where it is sent, as of now: to the address for invoices, else to who pays (of self-billing the partner).

    An erased contact, and one without an address, leave what the invoice says; None where it says none.
    """
    named, kept = aliased(Contact), aliased(Contact)
    ours = and_(BillingProfile.contact_id == kept.id, BillingProfile.entity_id == invoice.entity_id)
    query = (
        select(BillingProfile.invoice_email, kept.email)
        .select_from(named)
        .join(kept, kept.id == func.coalesce(named.merged_into_id, named.id))
        .outerjoin(BillingProfile, ours)
        .where(named.id == invoice.payer_contact_id, named.erased_at.is_(None), kept.erased_at.is_(None))
    )
    now = (await session.execute(query)).one_or_none()
    party = invoice.seller if invoice.kind in SELF_BILLED else invoice.payer
    return next(filter(None, map(_valid, (*(now or ()), party.get("email")))), None)


def _valid(address: object) -> str | None:
    try:
        return validation.email(str(address or ""))
    except DomainError:
        return None


async def _keep(
    session: AsyncSession, invoice: Invoice, kind: DocumentKind, media_type: str, extension: str, content: bytes
) -> storing.Stored:
    return await storing.store(
        session,
        entity_id=invoice.entity_id,
        owner=(OWNER, invoice.id),
        kind=kind,
        file_name=f"{invoice.number}.{extension}",
        media_type=media_type,
        content=content,
        contact_id=invoice.payer_contact_id,
        payer_chain_ids=invoice.payer_chain_ids,
    )


async def _mail(session: AsyncSession, invoice: Invoice, to: str, attached: list[UUID], *, again: bool) -> None:
    entity, brand = await sender_of(session, invoice.entity_id)
    letter = letter_of(invoice, entity, brand)
    mail_id = (await session.execute(select(func.uuidv7()))).scalar_one()
    await queue_mail(
        session,
        entity_id=invoice.entity_id,
        to=to,
        subject=letter.subject,
        body=letter.text,
        html=letter.html,
        host=brand.host,
        id=mail_id,
        attachment_ids=attached,
    )
    await _record(session, invoice, InvoiceSent(invoice.number, invoice.kind, again), recipient=to)


async def _record(
    session: AsyncSession, invoice: Invoice, payload: InvoiceSent | InvoiceNotSent, *, recipient: str | None = None
) -> None:
    """The address is in the audit trail only, from which erasure takes it."""
    await record(
        session,
        payload,
        entity_id=invoice.entity_id,
        subject_id=invoice.id,
        organization_ids=[invoice.payer_contact_id],
        channel=invoice.payer_chain_ids,
        contact_ids=[invoice.payer_contact_id],
        changes={"recipient": [None, recipient]} if recipient else None,
    )


async def sender_of(session: AsyncSession, entity_id: UUID) -> tuple[BusinessEntity, Brand]:
    """The entity and its first brand. Raises: LookupError where it has none."""
    found = await sender_or_none(session, entity_id)
    if found is None:
        raise LookupError(f"business entity {entity_id} has no brand that could send mail")
    return found


async def sender_or_none(session: AsyncSession, entity_id: UUID) -> tuple[BusinessEntity, Brand] | None:
    """The same; None: there is nobody in whose name to write."""
    query = select(BusinessEntity, Brand).join(Brand, Brand.entity_id == BusinessEntity.id)
    query = query.where(BusinessEntity.id == entity_id).order_by(Brand.created_at, Brand.id).limit(1)
    row = (await session.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None
