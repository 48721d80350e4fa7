"""Kickback per lead: due as soon as the lead is qualified, taken back when it is disqualified."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_book import Book, book
from domain.agreements.commission_terms import KickbackPer
from domain.commissions.computing import Standing
from domain.commissions.following import Record, bring, locked
from domain.commissions.models import Commission, CommissionCause, CommissionKind, CommissionStatus
from domain.commissions.months import month_of
from domain.commissions.movements import Movement, write
from domain.contacts.models import Contact
from domain.leads.models import Lead, LeadStatus
from tenants.auth import clock

_LEAD = (
    Lead.id,
    Lead.entity_id,
    Lead.qualified_at,
    Lead.status,
    Lead.partner_organization_id,
    Contact.chain_organization_ids.label("chain"),
)


async def follow_leads(session: AsyncSession, entity_id: UUID, lead_ids: Sequence[UUID], *, tell: bool = True) -> int:
    """Bring the kickback of leads to where they are; the number of rows that were written or moved."""
    terms = await book(session, entity_id)
    leads = (await session.execute(_query(Lead.id.in_(lead_ids)))).all()
    return await _follow(session, leads, terms, tell=tell)


async def follow_leads_of(session: AsyncSession, entity_id: UUID, first: datetime, after: datetime, terms: Book) -> int:
    """The same for all leads of an entity that were qualified in a time; the run tells."""
    qualified = (Lead.entity_id == entity_id) & (Lead.qualified_at >= first) & (Lead.qualified_at < after)
    leads = (await session.execute(_query(qualified))).all()
    return await _follow(session, leads, terms, tell=False)


def _query(condition: Any) -> Any:
    return select(*_LEAD).join(Contact, Contact.id == Lead.partner_organization_id).where(condition)


async def _follow(session: AsyncSession, leads: Sequence[Row[Any]], terms: Book, *, tell: bool) -> int:
    movements = [one for lead in leads if (one := _movement(lead, terms)) is not None]
    made = await write(session, movements, clock.now(), tell=tell)
    records = await locked(session, Commission.lead_id.in_([lead.id for lead in leads])) if leads else []
    return len(made) + await bring(session, list(_stated(records, leads)), tell=tell)


def _stands(lead: Row[Any]) -> bool:
    return lead.qualified_at is not None and lead.status != LeadStatus.DISQUALIFIED


def _stated(records: Iterable[Record], leads: Sequence[Row[Any]]) -> Iterable[tuple[Record, Standing, CommissionCause]]:
    standing = {lead.id: _stands(lead) for lead in leads}
    for record in records:
        whole = record.first.base_cents if standing[record.first.lead_id] else 0
        yield record, Standing(whole, paid=True), CommissionCause.CANCELLED


def _movement(lead: Row[Any], terms: Book) -> Movement | None:
    """The base of a fixed amount is the amount itself: what is lost is lost whole."""
    if not _stands(lead) or not lead.chain:
        return None
    held = terms.find(lead.chain, lead.qualified_at)
    kickback = held.terms.kickback
    if kickback is None or kickback.per is not KickbackPer.LEAD or kickback.reward.amount_cents is None:
        return None
    cents = kickback.reward.amount_cents
    return Movement(
        entity_id=lead.entity_id,
        lead_id=lead.id,
        agreement_id=held.agreement_id,
        terms_id=held.id,
        beneficiary_id=lead.partner_organization_id,
        kind=CommissionKind.KICKBACK,
        level=len(lead.chain),
        base=cents,
        uncut=cents,
        amount=cents,
        currency=held.terms.currency,
        status=CommissionStatus.EARNED,
        month=month_of(lead.qualified_at),
    )
