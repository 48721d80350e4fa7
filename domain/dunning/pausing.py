"""Leaving an invoice, or a payer, alone for a while: disputed, or agreed otherwise."""

from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.dunning.errors import InvoiceOrContact, UntilRequired
from domain.dunning.events import DunningPausedEvent, DunningResumed, PayerPaused, PayerResumed
from domain.dunning.models import DunningPause, PauseReason
from domain.errors import InvalidState, OutOfRange
from domain.events.record import Payload, record
from domain.invoices.models import Invoice
from domain.ledger.posting import today
from domain.rows import actor_of, find
from domain.validation import text
from tenants.models import BusinessEntity

LONGEST_NOTE = 1_000
_FURTHEST_DAYS = 730


async def pause(
    session: AsyncSession,
    *,
    entity_id: UUID,
    reason: PauseReason,
    note: str = "",
    until: date | None = None,
    invoice_id: UUID | None = None,
    contact_id: UUID | None = None,
) -> DunningPause:
    """Remind nobody of an invoice, or a payer of nothing, until a day; of what is disputed until it is lifted.

    Raises: NotFound, InvoiceOrContact, UntilRequired, OutOfRange. For staff.
    """
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    if (invoice_id is None) == (contact_id is None):
        raise InvoiceOrContact(field=("invoice_id",))
    if invoice_id:
        invoice = await find(session, Invoice, invoice_id, field=("invoice_id",))
        entity_id = invoice.entity_id
    if contact_id:
        await find(session, Contact, contact_id, field=("contact_id",))
    row = DunningPause(
        entity_id=entity_id if invoice_id else entity.id,
        invoice_id=invoice_id,
        contact_id=contact_id,
        reason=reason.value,
        note=text(note, "note", minimum=0, maximum=LONGEST_NOTE),
        until=_until(until, reason),
        paused_by=actor_of(session).user_id,
    )
    session.add(row)
    await session.flush()
    said = (row.id, row.reason, row.until.isoformat() if row.until else None)
    await _tell(session, row, DunningPausedEvent(*said), PayerPaused(*said))
    return row


async def lift(session: AsyncSession, pause_id: UUID) -> DunningPause:
    """Remind again. Raises: NotFound, InvalidState. For staff."""
    row = await find(session, DunningPause, pause_id, lock=True)
    if row.lifted_at is not None:
        raise InvalidState(current="LIFTED", wanted="LIFTED", field=("id",))
    row.lifted_at, row.lifted_by = datetime.now(UTC), actor_of(session).user_id
    await _tell(session, row, DunningResumed(row.id), PayerResumed(row.id))
    return row


def is_paused(invoice: type[Invoice], on: date) -> ColumnElement[bool]:
    """Whether an invoice is left alone on a day."""
    holds = and_(DunningPause.lifted_at.is_(None), or_(DunningPause.until.is_(None), DunningPause.until >= on))
    about = or_(
        DunningPause.invoice_id == invoice.id,
        and_(DunningPause.contact_id == invoice.payer_contact_id, DunningPause.entity_id == invoice.entity_id),
    )
    return exists(select(DunningPause.id).where(holds, about).correlate(invoice))


def _until(day: date | None, reason: PauseReason) -> date | None:
    if day is None and reason is not PauseReason.DISPUTED:
        raise UntilRequired(field=("until",))
    if day is not None and not 0 <= (day - today()).days <= _FURTHEST_DAYS:
        raise OutOfRange(minimum=today().isoformat(), maximum=f"+{_FURTHEST_DAYS}", field=("until",))
    return day


async def _tell(session: AsyncSession, row: DunningPause, of_invoice: Payload, of_payer: Payload) -> None:
    subject = row.invoice_id or row.contact_id
    assert subject is not None
    happened = of_invoice if row.invoice_id else of_payer
    await record(session, happened, entity_id=row.entity_id, subject_id=subject)
