"""Moving a lead through its life (L6): by itself where nothing is in the way, else by hand."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.events.record import Payload, changes_of
from domain.leads import followups, status
from domain.leads.errors import PartnerRequired
from domain.leads.events import (
    LeadConverted,
    LeadDisqualified,
    LeadQualified,
    LeadQuoted,
    LeadQuotesEnded,
    LeadReopened,
    tell,
)
from domain.leads.models import Lead, LeadStatus
from domain.rows import find
from tenants.models import BusinessEntity

MAX_REASON = 1_000


async def qualify(session: AsyncSession, id: UUID) -> Lead:
    """Qualify by hand, whatever its score and intake."""
    lead = await find(session, Lead, id, lock=True)
    await _require_partner(session, lead)
    lead.handled_manually = True
    await _qualified(session, lead, automatic=False)
    return lead


async def qualified_by_itself(session: AsyncSession, lead: Lead, *, ready: bool) -> bool:
    """Qualify a lead that is `ready` and still new or in intake; whether it was."""
    if not ready or lead.status not in (LeadStatus.NEW, LeadStatus.INTAKE):
        return False
    await _qualified(session, lead, automatic=True)
    return True


async def disqualify(session: AsyncSession, id: UUID, reason: str) -> Lead:
    """End it, with the reason; `reopen` undoes it."""
    text = validation.text(reason, "reason", maximum=MAX_REASON)
    lead = await find(session, Lead, id, lock=True)
    status.require(lead.status, LeadStatus.DISQUALIFIED)
    lead.disqualified_from, lead.disqualified_reason, lead.handled_manually = lead.status, text, True
    await enter(session, lead, LeadStatus.DISQUALIFIED, LeadDisqualified(number=lead.number, reason=text))
    return lead


async def reopen(session: AsyncSession, id: UUID) -> Lead:
    """Undo a disqualification: back to the status it had."""
    lead = await find(session, Lead, id, lock=True)
    before = LeadStatus(lead.disqualified_from or lead.status)
    status.require(lead.status, before)
    lead.disqualified_from, lead.disqualified_reason, lead.handled_manually = None, None, True
    await enter(session, lead, before, LeadReopened(number=lead.number, status=before.value))
    return lead


async def mark_quoted(session: AsyncSession, id: UUID) -> Lead:
    """A quote was sent for it. Further quotes change nothing; a lead that is not qualified yet becomes so first."""
    lead = await find(session, Lead, id, lock=True, field=("lead_id",))
    if lead.status in (LeadStatus.NEW, LeadStatus.INTAKE):
        lead.handled_manually = True
        await _qualified(session, lead, automatic=False)
    if lead.status not in (LeadStatus.QUOTED, LeadStatus.CONVERTED):
        await enter(session, lead, LeadStatus.QUOTED, LeadQuoted(number=lead.number))
    return lead


async def mark_converted(session: AsyncSession, id: UUID) -> None:
    """One of its quotes became an order."""
    lead = await find(session, Lead, id, lock=True, field=("lead_id",))
    if lead.status != LeadStatus.CONVERTED:
        await enter(session, lead, LeadStatus.CONVERTED, LeadConverted(number=lead.number))


async def mark_quotes_ended(session: AsyncSession, id: UUID) -> None:
    """Its last open quote was declined, withdrawn or expired."""
    lead = await find(session, Lead, id, lock=True, field=("lead_id",))
    if lead.status == LeadStatus.QUOTED:
        await enter(session, lead, LeadStatus.QUALIFIED, LeadQuotesEnded(number=lead.number))


async def enter(session: AsyncSession, lead: Lead, wanted: LeadStatus, payload: Payload) -> None:
    """Give a locked lead its next status: what was due in the old one is cancelled, what the new one asks is due."""
    status.require(lead.status, wanted)
    lead.status = wanted.value
    changes = changes_of(lead)
    await session.flush()
    await followups.cancel(session, lead)
    await followups.schedule(session, lead)
    await tell(session, lead, payload, changes=changes)


async def _qualified(session: AsyncSession, lead: Lead, *, automatic: bool) -> None:
    lead.qualified_at = datetime.now(UTC)
    payload = LeadQualified(number=lead.number, automatic=automatic)
    await enter(session, lead, LeadStatus.QUALIFIED, payload)


async def _require_partner(session: AsyncSession, lead: Lead) -> None:
    if await _lacks_partner(session, lead):
        raise PartnerRequired(field=("id",))


async def _lacks_partner(session: AsyncSession, lead: Lead) -> bool:
    if lead.partner_organization_id is not None:
        return False
    entity = await find(session, BusinessEntity, lead.entity_id)
    return entity.requires_partner
