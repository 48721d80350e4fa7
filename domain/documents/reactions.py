"""What is done when an invoice was issued."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.invoices.events import InvoiceIssued
from domain.jobs.service import enqueue

RENDER = "documents.render"
QUEUE = "documents"
TYPES = frozenset({InvoiceIssued.type})


async def react(session: AsyncSession, event: Event) -> None:
    """Ask for the documents of an invoice, once."""
    arguments = {"invoice_id": event.subject_id}
    await enqueue(session, RENDER, arguments, key=str(event.subject_id), entity_id=event.entity_id, queue=QUEUE)
