"""Moving a lead through its life (L6): by itself where nothing is in the way, else by hand."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.errors import ContactErased
from domain.errors import InvalidState
from domain.leads import status
from domain.leads.errors import PartnerRequired
from domain.leads.events import LeadDisqualified, LeadQualified, LeadReopened
from domain.leads.models import Lead, LeadStatus
from domain.rows import find
from tenants.models import BusinessEntity

MAX_REASON = 1_000
_UNDECIDED = (LeadStatus.NEW, LeadStatus.INTAKE)


async def qualify(session: AsyncSession, id: UUID) -> Lead:
    """Qualify by hand, whatever its score and intake."""
    lead = await find(session, Lead, id, lock=True)
    if lead.status not in _UNDECIDED:
        raise InvalidState(current=lead.status, wanted=LeadStatus.QUALIFIED.value, field=("id",))
    await _require_partner(session, lead)
    lead.handled_manually = True
    await _qualified(session, lead, automatic=False)
    return lead


async def qualified_by_itself(session: AsyncSession, lead: Lead, *, ready: bool) -> bool:
    """Qualify a lead that is `ready` and still new or in intake; whether it was."""
    if not ready or lead.status not in _UNDECIDED:
        return False
    await _qualified(session, lead, automatic=True)
    return True


async def disqualify(session: AsyncSession, id: UUID, reason: str) -> Lead:
    """End it, with the reason; `reopen` undoes it."""
    text = validation.text(reason, "reason", maximum=MAX_REASON)
    lead = await find(session, Lead, id, lock=True)
    status.require(lead.status, LeadStatus.DISQUALIFIED)
    lead.disqualified_from, lead.disqualified_reason, lead.handled_manually = lead.status, text, True
    await status.enter(session, lead, LeadStatus.DISQUALIFIED, LeadDisqualified(number=lead.number, reason=text))
    return lead


async def reopen(session: AsyncSession, id: UUID) -> Lead:
    """Undo a disqualification: back to the status it had."""
    lead = await find(session, Lead, id, lock=True)
    if not lead.email:
        raise ContactErased(field=("id",))
    before = LeadStatus(lead.disqualified_from or lead.status)
    status.require(lead.status, before)
    lead.disqualified_from, lead.disqualified_reason, lead.handled_manually = None, None, True
    await status.enter(session, lead, before, LeadReopened(number=lead.number, status=before.value))
    return lead


async def _qualified(session: AsyncSession, lead: Lead, *, automatic: bool) -> None:
    lead.qualified_at = datetime.now(UTC)
    payload = LeadQualified(number=lead.number, automatic=automatic)
    await status.enter(session, lead, LeadStatus.QUALIFIED, payload)


async def _require_partner(session: AsyncSession, lead: Lead) -> None:
    entity = await find(session, BusinessEntity, lead.entity_id)
    if entity.requires_partner and lead.partner_organization_id is None:
        raise PartnerRequired(field=("id",))
