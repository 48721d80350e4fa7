"""What of a preview is money: invoices, postings and commission as the actor may read them, documents to be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.commissions.models import Commission
from domain.documents.letters import letter_of
from domain.documents.models import DocumentKind
from domain.documents.reactions import RENDER
from domain.documents.sending import address_of, sender_or_none
from domain.invoices.models import Invoice
from domain.jobs.models import Job
from domain.ledger.models import JournalEntry, JournalLine, LedgerAccount
from domain.notifications.models import Channel
from domain.previews.messages import Message
from domain.previews.models import PreviewedChange
from domain.previews.rows import readable
from domain.rows import granted_columns
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.base import Base
from tenants.permissions import Permission

MOST = 250
"""Invoices, postings and rows of commission that are told of."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One amount on one account."""

    entry: JournalEntry
    line: JournalLine
    account: LedgerAccount


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that would be made."""

    invoice_id: UUID
    kind: DocumentKind
    file_name: str


@dataclass(frozen=True, slots=True)
class Billing:
    """At most MOST of each."""

    invoices: Sequence[Invoice]
    legs: Sequence[Leg]
    commissions: Sequence[Commission]
    papers: Sequence[Paper]
    letters: Sequence[Message]


async def told(session: AsyncSession, actor: Actor, noted: Sequence[PreviewedChange]) -> Billing:
    """A session of the system; everything is found in the actor's own role."""
    entries, commission = _made(noted, JournalEntry), _made(noted, Commission)
    asked = await _rendered(session, _made(noted, Job))
    async with acting_as(session, actor):
        invoices = await _invoices(session, actor, _made(noted, Invoice))
        legs = await _legs(session, actor, entries)
        commissions = await _commissions(session, actor, commission)
        printed = await _invoices(session, actor, list(asked))
    papers = [paper for invoice in printed for paper in _papers(invoice)]
    letters = [letter for invoice in printed if asked[invoice.id] for letter in await _letters(session, invoice)]
    return Billing(invoices, legs, commissions, papers, letters)


def _made(noted: Sequence[PreviewedChange], model: type[Base]) -> list[UUID]:
    table = model.__tablename__
    return [UUID(c.row_key["id"]) for c in noted if c.table_name == table and c.action == "INSERT"]


async def _invoices(session: AsyncSession, actor: Actor, ids: Sequence[UUID]) -> list[Invoice]:
    if not ids or not actor.may(Permission.INVOICES_READ) or not readable("invoice", actor.audience):
        return []
    query = select(Invoice).where(Invoice.id.in_(ids)).options(*granted_columns(session, Invoice))
    return list(await session.scalars(query.order_by(Invoice.id).limit(MOST)))


async def _legs(session: AsyncSession, actor: Actor, ids: Sequence[UUID]) -> list[Leg]:
    if not ids or not actor.may(Permission.LEDGER_READ) or not readable("journal_line", actor.audience):
        return []
    query = (
        select(JournalEntry, JournalLine, LedgerAccount)
        .join(JournalLine, JournalLine.entry_id == JournalEntry.id)
        .join(LedgerAccount, LedgerAccount.id == JournalLine.account_id)
        .where(JournalEntry.id.in_(ids))
        .order_by(JournalEntry.id, JournalLine.position)
    )
    return [Leg(*row) for row in await session.execute(query.limit(MOST))]


async def _commissions(session: AsyncSession, actor: Actor, ids: Sequence[UUID]) -> list[Commission]:
    if not ids or not actor.may(Permission.COMMISSIONS_READ) or not readable("commission", actor.audience):
        return []
    query = select(Commission).where(Commission.id.in_(ids)).options(*granted_columns(session, Commission))
    return list(await session.scalars(query.order_by(Commission.id).limit(MOST)))


async def _rendered(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, bool]:
    """The invoices whose documents would be made, and whether those would be mailed."""
    if not ids:
        return {}
    jobs = await session.scalars(select(Job).where(Job.id.in_(ids), Job.name == RENDER))
    return {UUID(job.arguments["invoice_id"]): job.arguments.get("mail", True) for job in jobs}


def _papers(invoice: Invoice) -> list[Paper]:
    kinds = ((DocumentKind.PDF, "pdf"), (DocumentKind.UBL, "xml"))
    return [Paper(invoice.id, kind, f"{invoice.number}.{extension}") for kind, extension in kinds]


async def _letters(session: AsyncSession, invoice: Invoice) -> list[Message]:
    """The mail with which the documents would go."""
    address = await address_of(session, invoice)
    sender = await sender_or_none(session, invoice.entity_id)
    if address is None or sender is None:
        return []
    letter = letter_of(invoice, *sender)
    return [
        Message(
            channel=Channel.EMAIL,
            kind=None,
            recipient=address,
            contact_id=invoice.payer_contact_id,
            user_id=None,
            subject=letter.subject,
            text=letter.text,
            state="QUEUED",
            reason=None,
            not_before=invoice.created_at,
        )
    ]
