"""What a quote does to the lead it came from. An actor who does not see the lead changes nothing; `catch_up` does."""

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.leads import events, status
from domain.leads.models import Lead, LeadStatus
from domain.quotes.models import Quote, QuoteStatus
from domain.rows import granted_columns

_ALIVE = (QuoteStatus.DRAFT, QuoteStatus.SENT, QuoteStatus.PARTIALLY_SIGNED, QuoteStatus.ORDERED)


async def quoted(session: AsyncSession, lead: Lead) -> None:
    """A qualified lead has a quote."""
    if lead.status == LeadStatus.QUALIFIED:
        await status.enter(session, lead, LeadStatus.QUOTED, events.LeadQuoted(lead.number))


async def quote_sent(session: AsyncSession, quote: Quote) -> None:
    """Also when a quote that had ended is offered again."""
    if lead := await _lead(session, quote):
        await quoted(session, lead)


async def quote_ended(session: AsyncSession, quote: Quote) -> None:
    """A lead all of whose quotes ended without an order is qualified as before."""
    lead = await _lead(session, quote)
    if lead is None or lead.status != LeadStatus.QUOTED:
        return
    await session.flush()
    alive = select(exists().where(Quote.lead_id == lead.id, Quote.status.in_(_ALIVE)))
    if not (await session.execute(alive)).scalar():
        await status.enter(session, lead, LeadStatus.QUALIFIED, events.LeadQuotesEnded(lead.number))


async def ordered(session: AsyncSession, quote: Quote) -> None:
    """The lead became an order."""
    lead = await _lead(session, quote)
    if lead and lead.status == LeadStatus.QUOTED:
        await status.enter(session, lead, LeadStatus.CONVERTED, events.LeadConverted(lead.number))


async def catch_up(session: AsyncSession, most: int = 200) -> int:
    """Convert leads whose order was made by somebody who does not see them. For the system."""
    query = (
        select(Lead)
        .join(Quote, Quote.lead_id == Lead.id)
        .where(Quote.status == QuoteStatus.ORDERED, Lead.status == LeadStatus.QUOTED)
        .limit(most)
        .with_for_update(of=Lead, skip_locked=True)
    )
    missed = list((await session.execute(query)).scalars().unique())
    for lead in missed:
        await status.enter(session, lead, LeadStatus.CONVERTED, events.LeadConverted(lead.number))
    return len(missed)


async def _lead(session: AsyncSession, quote: Quote) -> Lead | None:
    if quote.lead_id is None:
        return None
    query = select(Lead).where(Lead.id == quote.lead_id).options(*granted_columns(session, Lead))
    return (await session.execute(query.with_for_update())).scalar_one_or_none()
