"""Reading a mail that was kept: what is found is written first, then submitted order by order, then told.

Each step is a transaction of its own and is done once, however often the work is begun again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.partner_terms import PartnerTerms, terms_for
from domain.contacts.addresses import Locates
from domain.errors import DomainError, DomainErrors
from domain.inbound_mail import answering, events, receiving, submitting
from domain.inbound_mail.events import tell
from domain.inbound_mail.extractors import extractor_of
from domain.inbound_mail.findings import Finding, Sent, findings, parts_of, problems_of
from domain.inbound_mail.models import EmailOrder, EmailOrderState, InboundAddress, InboundMail, InboundMailState
from domain.mail_reading.fields import Extractor, Known
from domain.mail_reading.message import MailMessage, read
from domain.mail_reading.service import known_for, templates_for
from domain.mail_reading.template import Template
from domain.partner_orders.receipt import Receipt
from domain.rows import find
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.settings import Settings


@dataclass(frozen=True, slots=True)
class Work:
    """What reading one mail needs."""

    raw: bytes
    sent: Sent
    templates: Sequence[Template]
    known: Known
    terms: PartnerTerms
    external: bool


async def work_through(
    database: Database, settings: Settings, locator: Locates, id: UUID, extractor: Extractor | None = None
) -> None:
    """Read a mail, submit what nothing is in doubt about, leave the rest to be looked at, and answer."""
    if (work := await _load(database, id)) is not None:
        await _write(database, id, *await _read(settings, work, extractor))
    receipts = await _submit_all(database, locator, id)
    async with database.session(SYSTEM) as session:
        await _finish(session, id, receipts)


async def fail(session: AsyncSession, id: UUID) -> None:
    """It could not be read, and is not tried again by itself."""
    mail = await find(session, InboundMail, id, lock=True)
    if mail.state == InboundMailState.RECEIVED:
        mail.state = InboundMailState.FAILED.value
        await session.flush()
        await tell(session, mail, events.InboundMailFailed())


async def raw_of(session: AsyncSession, id: UUID) -> bytes | None:
    """The mail as it came; None where its time was over."""
    return receiving.opened(await find(session, InboundMail, id))


async def _load(database: Database, id: UUID) -> Work | None:
    """None where it was read already, or is not to be read."""
    async with database.session(SYSTEM) as session:
        mail = await session.get(InboundMail, id)
        if mail is None or mail.state != InboundMailState.RECEIVED or await _orders(session, id):
            return None
        raw = receiving.opened(mail)
        if raw is None:
            return None
        address = await session.get_one(InboundAddress, mail.address_id)
        return Work(
            raw=raw,
            sent=Sent(mail.sha256, mail.known_sender, address.automatic),
            templates=await templates_for(session, mail.entity_id, mail.organization_id),
            known=await known_for(session, mail.entity_id, mail.organization_id),
            terms=await terms_for(session, mail.entity_id, mail.organization_id),
            external=address.external_reading,
        )


async def _read(settings: Settings, work: Work, extractor: Extractor | None) -> tuple[MailMessage, list[Finding]]:
    message = await asyncio.to_thread(read, work.raw)
    reader = extractor or extractor_of(settings, external=work.external)
    orders = await reader.extract(message, work.templates, work.known)
    return message, findings(work.sent, message, orders, work.terms)


async def _write(database: Database, id: UUID, message: MailMessage, found: list[Finding]) -> None:
    async with database.session(SYSTEM) as session:
        mail = await find(session, InboundMail, id, lock=True)
        if mail.state != InboundMailState.RECEIVED or await _orders(session, id):
            return
        mail.parts, mail.problems = parts_of(message), problems_of(message)
        of_the_mail = {name: getattr(mail, name) for name in ("entity_id", "organization_id")}
        rows = [EmailOrder(inbound_mail_id=id, **of_the_mail, **each.values()) for each in found]
        session.add_all(rows)
        await session.flush()
        for row in rows:
            if row.doubts:
                await submitting.needs_review(session, row)


async def _submit_all(database: Database, locator: Locates, id: UUID) -> dict[int, Receipt]:
    """By position; what intake refuses is to be looked at."""
    async with database.session(SYSTEM) as session:
        mail = await session.get_one(InboundMail, id)
        reading = mail.state == InboundMailState.RECEIVED
        waiting = [row for row in await _orders(session, id) if reading and _is_clear(row)]
        values = [(row.id, row.position, submitting.values_of(row)) for row in waiting]
    receipts = {}
    for order_id, position, given in values:
        try:
            ready = await submitting.ready(locator, given)
            async with database.session(SYSTEM) as session:
                row = await find(session, EmailOrder, order_id, lock=True)
                if _is_clear(row):
                    receipts[position] = await submitting.submitted(session, row, ready, submitting.BY_ITSELF)
        except (DomainError, DomainErrors) as error:
            await _refused(database, order_id, error)
    return receipts


async def _refused(database: Database, id: UUID, error: DomainError | DomainErrors) -> None:
    async with database.session(SYSTEM) as session:
        row = await find(session, EmailOrder, id, lock=True)
        if _is_clear(row):
            await submitting.refused(session, row, error)


async def _finish(session: AsyncSession, id: UUID, receipts: dict[int, Receipt]) -> None:
    mail = await find(session, InboundMail, id, lock=True)
    if mail.state != InboundMailState.RECEIVED:
        return
    orders = await _orders(session, id)
    mail.state, mail.read_at = InboundMailState.READ.value, clock.now()
    await session.flush()
    submitted = sum(1 for each in orders if each.state == EmailOrderState.SUBMITTED)
    await tell(session, mail, events.InboundMailRead(len(orders), submitted))
    await answering.after_reading(session, mail, orders, receipts)


async def _orders(session: AsyncSession, id: UUID) -> list[EmailOrder]:
    query = select(EmailOrder).where(EmailOrder.inbound_mail_id == id).order_by(EmailOrder.position)
    return list(await session.scalars(query))


def _is_clear(row: EmailOrder) -> bool:
    """Whether nothing is in doubt about it."""
    return row.state == EmailOrderState.REVIEW and not row.doubts and not row.asked
