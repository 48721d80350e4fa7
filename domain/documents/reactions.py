"""Asking for the documents of an invoice: when it was issued, or when somebody misses them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents.errors import DocumentsThere
from domain.documents.sending import is_kept
from domain.events.models import Event
from domain.invoices.events import InvoiceIssued
from domain.invoices.models import Invoice
from domain.jobs.models import Job, JobState
from domain.jobs.service import enqueue
from domain.rows import find
from tenants.auth import clock

RENDER = "documents.render"
QUEUE = "documents"
TYPES = frozenset({InvoiceIssued.type})


async def react(session: AsyncSession, event: Event) -> None:
    """Ask for the documents of an invoice, once."""
    arguments = {"invoice_id": event.subject_id}
    await enqueue(session, RENDER, arguments, key=str(event.subject_id), entity_id=event.entity_id, queue=QUEUE)


async def ask(session: AsyncSession, invoice_id: UUID) -> UUID:
    """Ask for documents that are missing, once a minute at most; they are kept and not mailed. Returns the job's id.

    Raises: NotFound, DocumentsThere. Staff and system sessions.
    """
    invoice = await find(session, Invoice, invoice_id)
    if await is_kept(session, invoice_id):
        raise DocumentsThere(number=invoice.number, field=("id",))
    key = f"{invoice_id}:{clock.now():%Y%m%d%H%M}"
    arguments = {"invoice_id": invoice_id, "mail": False}
    return await enqueue(session, RENDER, arguments, key=key, entity_id=invoice.entity_id, queue=QUEUE)


async def will_be_mailed(session: AsyncSession, invoice_id: UUID) -> bool:
    """Whether the job that makes the documents and mails them is still to end; a session of the system sees it."""
    query = select(Job.id).where(Job.name == RENDER, Job.key == str(invoice_id))
    query = query.where(Job.state.in_((JobState.QUEUED, JobState.RUNNING)))
    return (await session.execute(query)).first() is not None
