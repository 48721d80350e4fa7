"""Forgetting mail whose time is over: what it said, as it came and as it was read. That there was one stays."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.partner_terms import SHORTEST_RETENTION, terms_for
from domain.inbound_mail.models import EmailOrder, EmailOrderState, InboundMail, InboundMailState
from tenants.auth import clock

IGNORED_KEPT = timedelta(days=30)
"""Reports and automatic answers are deleted after it."""


async def forget(session: AsyncSession, kept_days: int) -> int:
    """Erase what is older than the installation's time or the partner's shorter one; the number of mails.

    What waits to be looked at is kept, twice as long at most.
    """
    forgotten = await _delete_ignored(session)
    for entity_id, organization_id in await _partners(session):
        terms = await terms_for(session, entity_id, organization_id)
        days = min(kept_days, terms.retention_days or kept_days)
        forgotten += await _erase(session, entity_id, organization_id, days)
    return forgotten


async def _delete_ignored(session: AsyncSession) -> int:
    old = InboundMail.created_at < clock.now() - IGNORED_KEPT
    unread = ~exists().where(EmailOrder.inbound_mail_id == InboundMail.id)
    gone = delete(InboundMail).where(InboundMail.state == InboundMailState.IGNORED, old, unread)
    return len((await session.execute(gone.returning(InboundMail.id))).all())


async def _partners(session: AsyncSession) -> Sequence[tuple[UUID, UUID]]:
    oldest = clock.now() - timedelta(days=min(SHORTEST_RETENTION, 7))
    query = select(InboundMail.entity_id, InboundMail.organization_id).distinct()
    query = query.where(InboundMail.raw.is_not(None), InboundMail.created_at < oldest)
    return [(entity_id, organization_id) for entity_id, organization_id in await session.execute(query)]


async def _erase(session: AsyncSession, entity_id: UUID, organization_id: UUID, days: int) -> int:
    waits = exists().where(
        EmailOrder.inbound_mail_id == InboundMail.id, EmailOrder.state == EmailOrderState.REVIEW.value
    )
    age = clock.now() - timedelta(days=days)
    due = (InboundMail.created_at < age) & (~waits | (InboundMail.created_at < age - timedelta(days=days)))
    erased = {"raw": None, "parts": None, "subject": "", "sender": "", "sender_name": "", "envelope_sender": ""}
    old = update(InboundMail).where(
        InboundMail.entity_id == entity_id, InboundMail.organization_id == organization_id, due
    )
    old = old.where(InboundMail.raw.is_not(None)).values(**erased, message_id="")
    ids = [row.id for row in await session.execute(old.returning(InboundMail.id))]
    read = update(EmailOrder).where(EmailOrder.inbound_mail_id.in_(ids))
    await session.execute(
        read.values(fields={}, corrected={}, faults=[], reason="").execution_options(synchronize_session=False)
    )
    return len(ids)
