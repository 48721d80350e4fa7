"""Statements of account as documents, mailed to the payer."""

from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.models import Address, Contact, ContactType
from domain.documents import storing
from domain.documents.loading import look_of
from domain.documents.models import DocumentKind
from domain.documents.printable import EntryKind, Party, PrintableStatement, StatementEntry
from domain.documents.sending import sender_or_none
from domain.dunning.accounts import Account, Movement, StatementEntryKind
from domain.dunning.events import AccountStatementSent
from domain.dunning.letters import page_of
from domain.dunning.models import AccountStatement
from domain.dunning.statements import statement_of
from domain.errors import language_of
from domain.events.record import record
from domain.jobs.service import enqueue
from domain.ledger.posting import today
from domain.mail.service import queue_mail
from domain.money import Money
from domain.rows import actor_of, find
from tenants.models import BusinessEntity

RENDER, QUEUE = "account_statements.render", "documents"
_KINDS = {
    StatementEntryKind.INVOICE: EntryKind.INVOICE,
    StatementEntryKind.CREDIT: EntryKind.CREDIT,
    StatementEntryKind.PAYMENT: EntryKind.PAYMENT,
    StatementEntryKind.REFUND: EntryKind.OTHER,
    StatementEntryKind.OTHER: EntryKind.OTHER,
}
_OTHER = {
    StatementEntryKind.REFUND: {"nl": "Terugbetaling {number}", "en": "Refund {number}"},
    StatementEntryKind.OTHER: {"nl": "Correctie factuur {number}", "en": "Correction of invoice {number}"},
}
_SUBJECT = {"nl": "Rekeningoverzicht van {brand}", "en": "Statement of account from {brand}"}
_TEXT = {
    "nl": "Beste {name},\n\nHierbij ontvangt u uw rekeningoverzicht. Het saldo is {closing}.\n\n"
    "Met vriendelijke groet,\n{brand}",
    "en": "Dear {name},\n\nPlease find attached your statement of account. The balance is {closing}.\n\n"
    "Kind regards,\n{brand}",
}


async def request(
    session: AsyncSession, *, contact_id: UUID, entity_id: UUID, since: date, until: date, to: str | None = None
) -> AccountStatement:
    """Ask for a statement as a document; it is mailed to `to`, else to the contact where it has an address.

    Raises: NotFound, OutOfRange, InvalidEmail. For staff.
    """
    await statement_of(session, contact_id=contact_id, entity_id=entity_id, since=since, until=until)
    contact = await find(session, Contact, contact_id, field=("contact_id",))
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    row = AccountStatement(
        entity_id=entity.id,
        contact_id=contact.id,
        since=since,
        until=until,
        currency=entity.currency,
        recipient=validation.email(to, "to") if to is not None else contact.email,
        requested_by=actor_of(session).user_id,
    )
    session.add(row)
    await session.flush()
    happened = AccountStatementSent(since.isoformat(), until.isoformat())
    await record(session, happened, entity_id=entity.id, subject_id=row.id)
    arguments = {"account_statement_id": row.id}
    await enqueue(session, RENDER, arguments, entity_id=entity.id, key=f"{RENDER}:{row.id}", queue=QUEUE)
    return row


async def printable(session: AsyncSession, row: AccountStatement, data_dir: Path | None) -> PrintableStatement:
    """What the document says. A session of the system."""
    contact = await find(session, Contact, row.contact_id)
    entity = await find(session, BusinessEntity, row.entity_id)
    found = await statement_of(
        session, contact_id=contact.id, entity_id=entity.id, since=row.since, until=row.until, currency=row.currency
    )
    language = language_of(contact.language)
    return PrintableStatement(
        language=language,
        currency=row.currency,
        on=max(row.until, row.since),
        since=row.since,
        seller=_seller(entity),
        customer=await _customer(session, contact),
        look=await look_of(session, entity.id, data_dir),
        opening_cents=found.opening_cents,
        entries=tuple(_entry(each, found, language) for each in found.movements),
        closing_cents=found.closing_cents,
        overdue_cents=max(found.ageing.overdue, 0),
    )


async def keep_and_send(session: AsyncSession, row: AccountStatement, pdf: bytes, closing_cents: int) -> None:
    """Keep the document and mail it; nothing happens the second time, or without a brand. A session of the system."""
    name = f"{today().isoformat()}-{row.id}.pdf"
    contact = await find(session, Contact, row.contact_id)
    kept = await storing.store(
        session,
        entity_id=row.entity_id,
        owner=("AccountStatement", row.id),
        kind=DocumentKind.PDF,
        file_name=name,
        media_type="application/pdf",
        content=pdf,
        contact_id=contact.id,
        payer_chain_ids=contact.chain_organization_ids,
    )
    if kept.new and row.recipient:
        await _mail(session, row, contact, kept.id, Money(closing_cents, row.currency))


async def _mail(
    session: AsyncSession, row: AccountStatement, contact: Contact, document_id: UUID, closing: Money
) -> None:
    sender = await sender_or_none(session, row.entity_id)
    if sender is None:  # the document is kept
        return
    _, brand = sender
    language = language_of(contact.language)
    values = {"name": contact.name, "closing": closing.format(language), "brand": brand.name}
    subject, text = _SUBJECT[language].format(**values), _TEXT[language].format(**values)
    await queue_mail(
        session,
        entity_id=row.entity_id,
        to=row.recipient or "",
        subject=subject,
        body=text,
        html=page_of(text, subject, language, brand),
        host=brand.host,
        id=(await session.execute(select(func.uuidv7()))).scalar_one(),
        attachment_ids=[document_id],
    )


def _entry(each: Movement, found: Account, language: str) -> StatementEntry:
    text = _OTHER[each.kind][language].format(number=each.number) if each.kind in _OTHER else ""
    billed = each.kind is StatementEntryKind.INVOICE
    left = found.open_by_invoice.get(each.invoice_id, 0) if billed else 0
    due_on = found.due.get(each.invoice_id) if billed else None
    return StatementEntry(each.on, _KINDS[each.kind], each.number, each.cents, left, due_on, text)


def _seller(entity: BusinessEntity) -> Party:
    return Party(
        name=entity.name,
        legal_name=entity.legal_name,
        street=entity.street,
        house_number=entity.house_number,
        postal_code=entity.postal_code,
        city=entity.city,
        country=entity.country,
        kvk_number=entity.kvk_number,
        vat_number=entity.vat_number,
        iban=entity.iban,
        email=entity.email,
        phone=entity.phone,
    )


async def _customer(session: AsyncSession, contact: Contact) -> Party:
    address = await find(session, Address, contact.address_id) if contact.address_id else None
    number = f"{address.house_number}{address.house_number_addition}" if address else ""
    return Party(
        name=contact.name,
        legal_name=contact.legal_name or "",
        street=address.street if address else "",
        house_number=number,
        postal_code=address.postal_code if address else "",
        city=address.city if address else "",
        country=address.country if address else "NL",
        kvk_number=contact.kvk_number or "",
        vat_number=contact.vat_number or "",
        iban="",
        email=contact.email or "",
        phone=contact.phone or "",
        is_person=contact.contact_type == ContactType.PERSON,
    )
