"""What follows from events by itself: providers are asked for refunds, links of what is settled are closed."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.jobs.service import enqueue
from domain.payments.carrying_out import JOB_REFUND
from domain.payments.events import RefundRequested
from domain.payments.links_closing import close_settled
from domain.payments.models import Payment, PaymentStatus
from domain.payments.refunding import BY_PROVIDER
from domain.rows import find

_SETTLED = frozenset({"invoice.paid", "invoice.credited", "invoice.written_off"})
EVENTS = _SETTLED | {RefundRequested.type}


async def react(session: AsyncSession, event: Event) -> None:
    """In a session of the system; again: nothing more."""
    if event.type in _SETTLED:
        await close_settled(session, [event.subject_id])
        return
    out = await find(session, Payment, event.subject_id)
    if out.status == PaymentStatus.PENDING and out.provider in BY_PROVIDER:
        arguments = {"payment_id": out.id}
        await enqueue(session, JOB_REFUND, arguments, entity_id=out.entity_id, key=str(out.id), queue="billing")
