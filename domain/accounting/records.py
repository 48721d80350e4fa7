"""Single records: whose turn is next, what it says, and what came of telling it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.accounting import events
from domain.accounting.bookings import Booking, Document, Found, Line, Party, Settlement, content_hash
from domain.accounting.errors import RecordNotFailed
from domain.accounting.models import AccountingRecord, RecordKind, RecordState
from domain.errors import FieldPath
from domain.events.record import record as tell
from domain.invoices.models import Invoice, InvoiceLine, LineCategory
from domain.ledger.models import AccountRole
from domain.money import VatClass
from domain.rows import find

MOST_UNCERTAIN = 8
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt: `look_first` where an earlier one may have written it, `external_id` where it is there for sure."""

    id: UUID
    kind: RecordKind
    booking: Booking
    content_hash: str
    look_first: bool
    external_id: str | None
    attempts: int


async def begin(session: AsyncSession, connection_id: UUID) -> Begun | None:
    """The next record that is due, marked as being sent; for the one who holds the connection's lease.

    What is found marked already was begun by a worker that died: whether it arrived is not known.
    """
    while row := await _next(session, connection_id):
        booking = await _booking(session, row)
        hashed = content_hash(booking)
        if row.external_id is None or row.content_hash != hashed:
            return _begun(row, booking, hashed)
        _done(row, Found(row.external_id), hashed)
        await session.flush()
    return None


def _begun(row: AccountingRecord, booking: Booking, hashed: str) -> Begun:
    uncertain = row.uncertain or row.state == RecordState.SENDING
    row.state, row.uncertain, row.attempts = RecordState.SENDING, uncertain, row.attempts + 1
    return Begun(row.id, RecordKind(row.kind), booking, hashed, uncertain, row.external_id, row.attempts)


async def _next(session: AsyncSession, connection_id: UUID) -> AccountingRecord | None:
    first = aliased(AccountingRecord)
    query = (
        select(AccountingRecord)
        .outerjoin(first, first.id == AccountingRecord.depends_on_id)
        .where(AccountingRecord.connection_id == connection_id)
        .where(AccountingRecord.state.in_([RecordState.PENDING, RecordState.SENDING]))
        .where(AccountingRecord.next_attempt_at <= func.now())
        .where(AccountingRecord.depends_on_id.is_(None) | first.external_id.is_not(None))
        .order_by(AccountingRecord.rank, AccountingRecord.booked_on, AccountingRecord.reference)
        .limit(1)
        .with_for_update(of=AccountingRecord)
    )
    return (await session.execute(query)).scalar_one_or_none()


# --- what it says -----------------------------------------------------------------------------------------------------


async def _booking(session: AsyncSession, row: AccountingRecord) -> Booking:
    match RecordKind(row.kind):
        case RecordKind.CONTACT:
            return await _party(session, row)
        case RecordKind.PAYMENT:
            return await _settlement(session, row)
        case _:
            return await _document(session, row)


async def _party(session: AsyncSession, row: AccountingRecord) -> Party:
    """As it stands on its newest document."""
    query = (
        select(Invoice)
        .where(Invoice.entity_id == row.entity_id, Invoice.payer_contact_id == row.subject_id)
        .order_by(Invoice.created_at.desc(), Invoice.id.desc())
        .limit(1)
    )
    return party_of((await session.scalars(query)).one(), row.external_id)


def party_of(invoice: Invoice, external_id: str | None = None) -> Party:
    """Who is on the other side of a document."""
    purchase = RecordKind(invoice.kind).is_purchase
    said = invoice.seller if purchase else invoice.payer
    street = f"{said.get('street') or ''} {said.get('house_number') or ''}".strip()
    return Party(
        id=invoice.payer_contact_id,
        name=str(said.get("legal_name") or said.get("name") or ""),
        is_organization=said.get("contact_type", "ORGANIZATION" if purchase else "PERSON") == "ORGANIZATION",
        street=street,
        postal_code=str(said.get("postal_code") or ""),
        city=str(said.get("city") or ""),
        country=str(said.get("country") or "NL"),
        email=str(said.get("email") or ""),
        vat_number=str(said.get("vat_number") or ""),
        kvk_number=str(said.get("kvk_number") or ""),
        payment_terms_days=invoice.payment_terms_days,
        external_id=external_id,
    )


async def _document(session: AsyncSession, row: AccountingRecord) -> Document:
    invoice = await session.get_one(Invoice, row.subject_id)
    query = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id).order_by(InvoiceLine.position)
    lines = tuple(_line(each) for each in await session.scalars(query))
    contact = await session.get_one(AccountingRecord, row.depends_on_id)
    return Document(
        kind=RecordKind(row.kind),
        number=invoice.number,
        contact_external_id=str(contact.external_id),
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        currency=invoice.currency,
        lines=lines,
    )


def _line(line: InvoiceLine) -> Line:
    return Line(
        description=f"{line.quantity.normalize():f} × {line.description}",
        account=account_role(line.category).value,
        vat=vat_key(line.vat_category, line.vat_class),
        net_cents=line.net_cents,
        vat_cents=line.vat_cents,
    )


def account_role(category: str) -> AccountRole:
    """The account that a line is booked on there: revenue by category, or the cost of commission."""
    if category == LineCategory.COMMISSION:
        return AccountRole.COMMISSION_EXPENSE
    return AccountRole.revenue(None if category == LineCategory.OTHER else category)


def vat_key(category: str, vat_class: str) -> str:
    """A key of mapping.VAT_KEYS: EN 16931 has one category for both rates."""
    return "R" if category == "S" and vat_class == VatClass.REDUCED else category


async def _settlement(session: AsyncSession, row: AccountingRecord) -> Settlement:
    document = await session.get_one(AccountingRecord, row.depends_on_id)
    return Settlement(
        reference=row.reference,
        document_kind=RecordKind(document.kind),
        document_external_id=str(document.external_id),
        document_number=document.reference,
        paid_on=row.booked_on,
        cents=row.gross_cents,
        currency=row.currency,
    )


# --- what came of it --------------------------------------------------------------------------------------------------


async def done(session: AsyncSession, begun: Begun, found: Found) -> None:
    """It is there. Amounts that are not ours make it a failure that says so."""
    row = await find(session, AccountingRecord, begun.id, lock=True)
    if isinstance(begun.booking, Document) and found.gross_cents not in (None, begun.booking.gross_cents):
        row.external_id = found.external_id
        message = f"{found.external_id}: {found.gross_cents} cents there, {begun.booking.gross_cents} here"
        await _fail(session, row, "AMOUNT_DIFFERS", message)
        return
    if isinstance(begun.booking, Document) and found.vat_cents is not None:
        row.difference_cents = found.vat_cents - begun.booking.vat_cents
    newer = row.state == RecordState.PENDING
    _done(row, found, begun.content_hash)
    if newer:  # a newer document came meanwhile, which may name the party in another way
        row.state, row.next_attempt_at = RecordState.PENDING, func.now()


def _done(row: AccountingRecord, found: Found, hashed: str) -> None:
    row.external_id, row.content_hash, row.sent_at = found.external_id, hashed, func.now()
    row.uncertain, row.attempts, row.code, row.message = False, 0, None, None
    row.state, row.next_attempt_at = RecordState.DONE, None


async def refused(session: AsyncSession, begun: Begun, code: str, message: str) -> None:
    """The package will not take it, or not say whether it has it: what was in doubt before still is."""
    row = await find(session, AccountingRecord, begun.id, lock=True)
    row.uncertain = begun.look_first
    await _fail(session, row, code, message)


async def put_back(session: AsyncSession, begun: Begun, *, uncertain: bool, why: str) -> None:
    """Nothing came of it for now. Whether it was written is looked for next time, if that is not known."""
    row = await find(session, AccountingRecord, begun.id, lock=True)
    row.uncertain, row.message = row.uncertain or uncertain, why[:500]
    if uncertain and begun.attempts >= MOST_UNCERTAIN:
        await _fail(session, row, "NO_ANSWER", why)
        return
    pause = min(timedelta(seconds=15 * 2 ** min(begun.attempts, 10)), _LONGEST_PAUSE) if uncertain else timedelta()
    row.state, row.next_attempt_at = RecordState.PENDING, func.now() + pause


async def _fail(session: AsyncSession, row: AccountingRecord, code: str, message: str) -> None:
    row.state, row.code, row.message, row.next_attempt_at = RecordState.FAILED, code, message[:500], None
    payload = events.AccountingRecordFailed(row.kind, row.reference, code)
    await tell(session, payload, entity_id=row.entity_id, subject_id=row.id)


async def retry(session: AsyncSession, id: UUID, field: FieldPath = ("id",)) -> AccountingRecord:
    """Try a failed record again, from the first attempt. Raises: NotFound, RecordNotFailed. For staff."""
    row = await find(session, AccountingRecord, id, lock=True, field=field)
    if row.state != RecordState.FAILED:
        raise RecordNotFailed(field=field)
    values: dict[str, Any] = {"state": RecordState.PENDING, "attempts": 0, "next_attempt_at": func.now(), "code": None}
    for name, value in values.items():
        setattr(row, name, value)
    payload = events.AccountingRecordRetried(row.reference)
    await tell(session, payload, entity_id=row.entity_id, subject_id=row.id)
    return row
