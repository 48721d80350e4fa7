"""What follows from events by itself: refunds are asked of providers, links of what is settled closed, payers told."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.jobs.service import enqueue
from domain.notifications.causes import TOO_OLD
from domain.payments.carrying_out import JOB_REFUND
from domain.payments.events import RefundRequested
from domain.payments.links_closing import close_settled
from domain.payments.models import Payment, PaymentStatus
from domain.payments.refunding import BY_PROVIDER
from domain.payments.telling import TO_PAYERS, TO_STAFF, tell_of
from domain.rows import find
from tenants.auth import clock

_SETTLED = frozenset({"invoice.paid", "invoice.credited", "invoice.written_off"})
EVENTS = _SETTLED | {RefundRequested.type, *TO_PAYERS, *TO_STAFF}


async def react(session: AsyncSession, event: Event) -> None:
    """In a session of the system; again: nothing more."""
    if event.type in _SETTLED:
        await close_settled(session, [event.subject_id])
        return
    payment = await find(session, Payment, event.subject_id)
    if event.type == RefundRequested.type:
        await _ask_provider(session, payment)
    elif event.created_at > clock.now() - TOO_OLD:
        await tell_of(session, event, payment)


async def _ask_provider(session: AsyncSession, out: Payment) -> None:
    if out.status == PaymentStatus.PENDING and out.provider in BY_PROVIDER:
        arguments = {"payment_id": out.id}
        await enqueue(session, JOB_REFUND, arguments, entity_id=out.entity_id, key=str(out.id), queue="billing")
