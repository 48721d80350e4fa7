"""What was paid, credited and written off of an invoice, and the state that follows; the only way these change."""

from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import InvalidState
from domain.invoices.errors import MoreThanOpen, MoreThanPaid, NothingOpen, NotWrittenOff
from domain.invoices.events import InvoicePaid, InvoicePaymentChanged, InvoiceWriteOffUndone, InvoiceWrittenOff
from domain.invoices.models import CREDITS, Invoice, InvoiceKind, InvoiceStatus
from domain.invoices.telling import tell
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import credit, debit, post
from domain.money import Money
from domain.rows import find
from domain.validation import text

LONGEST_REASON = 1_000


def open_of(gross: int, paid: int, credited: int, written_off: int) -> int:
    """What is still owed; negative where we owe it to the payer."""
    return gross - paid - credited - written_off


def status_of(gross: int, paid: int, credited: int, written_off: int) -> InvoiceStatus:
    """The state of an invoice (not of a credit note) from its amounts in cents."""
    if written_off:
        return InvoiceStatus.WRITTEN_OFF
    if credited and credited == gross:
        return InvoiceStatus.CREDITED
    if open_of(gross, paid, credited, written_off) <= 0 and (paid or credited):
        return InvoiceStatus.PAID
    return InvoiceStatus.PARTIALLY_PAID if paid else InvoiceStatus.ISSUED


async def settle(
    session: AsyncSession, invoice_id: UUID, cents: int, *, source: tuple[str, UUID], paid_at: date | datetime
) -> Invoice:
    """Allocate `cents` of a payment to an invoice, or take them back where negative (a refund, a reversal).

    Locks the invoice, and changes nothing but what is paid and the state that follows; posting is the caller's. What
    was written off is open again before a payment is allocated to it. `source` is the payment's type and id.
    Raises: NotFound, InvalidState (a credit note), MoreThanOpen, MoreThanPaid.
    """
    invoice = await find(session, Invoice, invoice_id, lock=True)
    _require_payable(invoice)
    if cents > 0:
        await reopen_written_off(session, invoice, "paid")
    _require_room(invoice, cents)
    if cents == 0:
        return invoice
    invoice.paid_cents += cents
    restate(invoice)
    await session.flush()
    said = (invoice.number, invoice.kind)
    left = open_cents(invoice)
    await tell(session, invoice, InvoicePaymentChanged(*said, cents, invoice.paid_cents, left, invoice.currency))
    if cents > 0 and left == 0:
        await tell(session, invoice, InvoicePaid(*said, invoice.paid_cents, invoice.currency))
    return invoice


async def write_off(session: AsyncSession, invoice_id: UUID, reason: str) -> Invoice:
    """Expect what is open no more: it becomes a loss. Raises: NotFound, InvalidState, NothingOpen. For staff."""
    why = text(reason, "reason", maximum=LONGEST_REASON)
    invoice = await find(session, Invoice, invoice_id, lock=True)
    if invoice.kind != InvoiceKind.INVOICE:
        raise InvalidState(current=invoice.kind, wanted=InvoiceStatus.WRITTEN_OFF, field=("id",))
    left = open_cents(invoice)
    if left <= 0:
        raise NothingOpen(number=invoice.number, field=("id",))
    invoice.written_off_cents += left
    restate(invoice)
    await session.flush()
    await _post_write_off(session, invoice, left, f"write-off:{invoice.id}:{_stamp()}")
    said = (invoice.number, invoice.kind, invoice.written_off_cents, invoice.currency, why)
    await tell(session, invoice, InvoiceWrittenOff(*said))
    return invoice


async def undo_write_off(session: AsyncSession, invoice_id: UUID) -> Invoice:
    """Expect again what was written off. Raises: NotFound, NotWrittenOff. For staff."""
    invoice = await find(session, Invoice, invoice_id, lock=True)
    if not invoice.written_off_cents:
        raise NotWrittenOff(number=invoice.number, field=("id",))
    await reopen_written_off(session, invoice, "undone")
    return invoice


def restate(invoice: Invoice) -> None:
    """Bring the state in line with the amounts."""
    amounts = (invoice.gross_cents, invoice.paid_cents, invoice.credited_cents, invoice.written_off_cents)
    invoice.status = status_of(*amounts)
    invoice.updated_at = datetime.now(UTC)


def open_cents(invoice: Invoice) -> int:
    """What is open by the amounts in memory: the database's own figure follows with the flush."""
    return open_of(invoice.gross_cents, invoice.paid_cents, invoice.credited_cents, invoice.written_off_cents)


async def reopen_written_off(session: AsyncSession, invoice: Invoice, cause: str) -> None:
    """Let what was written off of a locked invoice be open again; `cause` says why."""
    if not invoice.written_off_cents:
        return
    back, invoice.written_off_cents = invoice.written_off_cents, 0
    restate(invoice)
    await session.flush()
    await _post_write_off(session, invoice, -back, f"write-off:{invoice.id}:{cause}:{_stamp()}")
    said = (invoice.number, invoice.kind, open_cents(invoice), invoice.currency)
    await tell(session, invoice, InvoiceWriteOffUndone(*said))


async def _post_write_off(session: AsyncSession, invoice: Invoice, cents: int, key: str) -> None:
    amount = Money(cents, invoice.currency)
    legs = [
        debit(AccountRole.BAD_DEBT, amount, contact_id=invoice.payer_contact_id, order_id=invoice.order_id),
        credit(AccountRole.RECEIVABLE, amount, contact_id=invoice.payer_contact_id, order_id=invoice.order_id),
    ]
    await post(
        session,
        entity_id=invoice.entity_id,
        kind=EntryKind.WRITE_OFF,
        key=key,
        source=(Invoice.__name__, invoice.id),
        legs=legs,
        text=invoice.number,
    )


def _require_payable(invoice: Invoice) -> None:
    if invoice.kind in CREDITS:
        raise InvalidState(current=invoice.kind, wanted=InvoiceStatus.PAID, field=("invoice_id",))


def _require_room(invoice: Invoice, cents: int) -> None:
    left = open_cents(invoice)
    if cents > max(left, 0):
        raise MoreThanOpen(number=invoice.number, open=max(left, 0), field=("amount",))
    if -cents > invoice.paid_cents:
        raise MoreThanPaid(number=invoice.number, paid=invoice.paid_cents, field=("amount",))


def _stamp() -> int:
    """Tells one write-off of an invoice from the next; the invoice is locked, so no two are made at once."""
    return int(datetime.now(UTC).timestamp() * 1_000_000)
