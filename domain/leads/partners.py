"""Giving a lead the partner that it lacks."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import relations, tree
from domain.contacts.models import Contact
from domain.errors import Conflict, InvalidState
from domain.events.record import changes_of
from domain.leads import intake
from domain.leads.events import LeadPartnerAssigned, tell
from domain.leads.models import Lead, LeadStatus
from domain.leads.submit import require_partner_of
from domain.leads.visible import require_visible
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor

_BEFORE_A_QUOTE = (LeadStatus.NEW, LeadStatus.INTAKE, LeadStatus.QUALIFIED)


class HasPartner(Conflict):
    code = "HAS_PARTNER"
    nl = "Deze lead komt al van een partner."
    en = "This lead came from a partner already."


async def assign_partner(session: AsyncSession, by: Actor, id: UUID, organization_id: UUID) -> Lead:
    """A partner takes the lead on, and sees it and its contact from now on. A system session, on behalf of `by`."""
    await tree.lock(session)
    await require_visible(session, by, id)
    async with acting_as(session, by):
        partner = await tree.organization(session, organization_id, field=("organization_id",))
    lead = await find(session, Lead, id, lock=True)
    if lead.partner_organization_id is not None:
        raise HasPartner(field=("id",))
    if lead.status not in _BEFORE_A_QUOTE:
        raise InvalidState(current=lead.status, wanted="assignLeadPartner", field=("id",))
    require_partner_of(partner, lead.entity_id)
    await _join(session, lead, partner)
    await intake.reassess(session, lead)
    return lead


async def _join(session: AsyncSession, lead: Lead, partner: Contact) -> None:
    chain = list(partner.chain_organization_ids)
    lead.partner_organization_id, lead.channel_organization_ids, lead.handled_manually = partner.id, chain, True
    contact = await session.get_one(Contact, lead.contact_id, with_for_update=True)
    source = lead.source
    await relations.relate(session, contact, lead.entity_id, source=source, partner_id=partner.id, chain=chain)
    await tell(session, lead, LeadPartnerAssigned(organization_id=partner.id), changes=changes_of(lead))
