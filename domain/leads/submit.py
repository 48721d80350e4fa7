"""Taking in a lead (L1–L4): who may, whether it came a moment ago, who it is, where it goes, what it scores.

Everything happens in a session of the system actor, because a lead may go to an entity that its submitter knows nothing
of; what the submitter may do is checked as the submitter.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import addresses, matching, relations, tree
from domain.contacts.addresses import AddressDetails
from domain.contacts.matching import Found
from domain.contacts.models import Address, Contact
from domain.errors import NotFound, PermissionDenied, RateLimited
from domain.events.record import record
from domain.leads import followups, intake, routing
from domain.leads.assessment import active_questionnaire
from domain.leads.errors import PartnerNotOfTheEntity
from domain.leads.events import LeadRouted, LeadSubmitted, tell
from domain.leads.models import Lead, LeadSource
from domain.leads.questions import questions_of
from domain.leads.routing import Route, Submitted
from domain.leads.rules import active_rules
from domain.leads.submission import Submission
from domain.numbering.service import next_number
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.models import Brand, BrandCobranding, BusinessEntity
from tenants.permissions import Permission

SAME_WITHIN = timedelta(minutes=5)
"""A second submission in this time that says the same is the first one again: a double click, a retry."""
PORTAL_LEADS_PER_DAY = 5
"""Per e-mail address and entity, from visitors: our mail goes to an address that anybody can type."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Where:
    """Where a lead is submitted: at an entity, through the portal of a brand, for a partner.

    A partner's people name one of their organizations, staff any partner of the entity; a visitor of a co-branded
    portal brings the slug of it, `portal_partner`.
    """

    entity_id: UUID
    brand_host: str | None = None
    organization_id: UUID | None = None
    portal_partner: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """The lead, and whether it was there already."""

    lead: Lead
    repeated: bool


@dataclass(frozen=True, slots=True)
class Incoming:
    """A lead that its submitter may submit, before it is one."""

    by: Actor
    where: Where
    given: Submission
    address: AddressDetails | None
    partner: Contact | None

    @property
    def source(self) -> LeadSource:
        """A key or client of a partner has no user."""
        match self.by.audience:
            case Audience.PARTNER:
                return LeadSource.PARTNER_PORTAL if self.by.user_id else LeadSource.PARTNER_API
            case Audience.CUSTOMER:
                return LeadSource.PORTAL
            case _:
                return LeadSource.STAFF

    @property
    def partner_id(self) -> UUID | None:
        return self.partner.id if self.partner else None

    @property
    def chain(self) -> list[UUID]:
        """The partner and its ancestors, from the root down."""
        return list(self.partner.chain_organization_ids) if self.partner else []

    def facts(self, entity: BusinessEntity) -> Submitted:
        """What routing rules may know of it."""
        return Submitted(
            entity_code=entity.code,
            source=self.source,
            brand_host=self.where.brand_host,
            product_category=self.given.interests.product_category,
            product_wish=self.given.interests.product_wish,
            postal_code=self.address.postal_code if self.address else None,
            has_partner=self.partner is not None,
            partner_model=self.partner.partner_model if self.partner else None,
            is_business=self.given.company_name is not None,
            home_owner=self.given.interests.home_owner,
        )


async def submit(
    session: AsyncSession, by: Actor, where: Where, given: Submission, address: AddressDetails | None = None
) -> Taken:
    """Take in a lead that was checked (submission.checked) and located (contacts.addresses.located)."""
    lead = Incoming(by, where, given, address, await _partner(session, by, where))
    await _one_at_a_time(session, where, given)
    if known := await _same(session, lead):
        return Taken(known, repeated=True)
    if lead.source is LeadSource.PORTAL:
        await _refuse_flood(session, where, given)
    entity = await session.get_one(BusinessEntity, where.entity_id)
    route = routing.route(lead.facts(entity), await active_rules(session), entity.id)
    made = await _insert(session, lead, route)
    await _tell(session, made, route)
    if address is not None:
        await intake.tell_flag(session, made, address)
    await _start(session, made)
    return Taken(made, repeated=False)


# --- who may ------------------------------------------------------------------------------------------------------


async def _partner(session: AsyncSession, by: Actor, where: Where) -> Contact | None:
    """The partner that the lead comes through; raises where the submitter may not submit here or not for it."""
    if not by.may(Permission.LEADS_SUBMIT):
        raise PermissionDenied()
    await tree.lock(session)
    async with acting_as(session, by):
        await find(session, BusinessEntity, where.entity_id, field=("entity_id",))
    if by.audience is Audience.CUSTOMER:
        return await _portal_partner(session, where)
    organization_id = where.organization_id or by.organization_id
    if organization_id is None:
        return None
    async with acting_as(session, by):
        partner = await tree.organization(session, organization_id, field=("organization_id",))
    if by.audience is Audience.PARTNER and by.organization_id not in partner.chain_organization_ids:
        raise NotFound(field=("organization_id",))
    require_partner_of(partner, where.entity_id)
    return partner


def require_partner_of(organization: Contact, entity_id: UUID) -> None:
    """Raise unless an organization is a partner of an entity."""
    if organization.partner_model is None or entity_id not in organization.entity_ids:
        raise PartnerNotOfTheEntity(field=("organization_id",))


async def _portal_partner(session: AsyncSession, where: Where) -> Contact | None:
    if where.organization_id is not None:
        raise PermissionDenied(field=("organization_id",))
    if where.portal_partner is None:
        return None
    query = (
        select(Contact)
        .join(BrandCobranding, BrandCobranding.organization_id == Contact.id)
        .join(Brand, Brand.id == BrandCobranding.brand_id)
        .where(BrandCobranding.slug == where.portal_partner, Brand.host == where.brand_host)
        .where(Brand.entity_id == where.entity_id)
    )
    if (partner := (await session.execute(query)).scalar_one_or_none()) is None:
        raise NotFound(field=("portal_partner",))
    return partner


# --- whether it came before ---------------------------------------------------------------------------------------


async def _one_at_a_time(session: AsyncSession, where: Where, given: Submission) -> None:
    """The second click waits here for the first one's commit."""
    key = func.hashtextextended(f"lead {where.entity_id} {given.email}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def _same(session: AsyncSession, lead: Incoming) -> Lead | None:
    """The lead that this one repeats: same submitter, entity, e-mail, source and partner, and no other address."""
    query = (
        select(Lead, Address)
        .outerjoin(Address, Address.id == Lead.address_id)
        .where(Lead.email == lead.given.email, Lead.source == lead.source.value)
        .where(Lead.submitted_entity_id == lead.where.entity_id)
        .where(Lead.submitted_by_user_id.is_not_distinct_from(lead.by.user_id))
        .where(Lead.partner_organization_id.is_not_distinct_from(lead.partner_id))
        .where(Lead.created_at > func.now() - SAME_WITHIN)
        .order_by(Lead.created_at)
    )
    found = (await session.execute(query)).all()
    return next((row[0] for row in found if _no_other_place(row[1], lead.address)), None)


def _no_other_place(known: Address | None, given: AddressDetails | None) -> bool:
    if known is None or given is None:
        return True
    names = ("postal_code", "house_number", "house_number_addition", "country")
    return all(getattr(known, name) == getattr(given, name) for name in names)


async def _refuse_flood(session: AsyncSession, where: Where, given: Submission) -> None:
    query = select(func.count()).where(
        Lead.email == given.email,
        Lead.submitted_entity_id == where.entity_id,
        Lead.source == LeadSource.PORTAL.value,
        Lead.created_at > func.now() - _DAY,
    )
    if (await session.execute(query)).scalar_one() >= PORTAL_LEADS_PER_DAY:
        raise RateLimited(seconds=int(_DAY.total_seconds()))


# --- where it goes, who it is -------------------------------------------------------------------------------------


async def _insert(session: AsyncSession, lead: Incoming, route: Route) -> Lead:
    found = await _contact(session, lead, route.entity_id)
    given = lead.given
    made = Lead(
        entity_id=route.entity_id,
        number=await next_number(session, route.entity_id, "lead", infix="L"),
        contact_id=found.contact.id,
        submitted_entity_id=lead.where.entity_id,
        submitted_by_user_id=lead.by.user_id,
        name=given.name,
        email=given.email,
        phone=given.phone,
        company_name=given.company_name,
        language=given.language or lead.by.language,
        partner_organization_id=lead.partner_id,
        channel_organization_ids=lead.chain,
        source=lead.source.value,
        address_id=found.address.id if found.address else None,
        interests=given.interests.stored,
        routing_explanation=route.explanation,
    )
    session.add(made)
    await session.flush()
    await session.refresh(made)
    return made


async def _contact(session: AsyncSession, lead: Incoming, entity_id: UUID) -> Found:
    """The customer's own record where a customer submits for itself, else whoever it is by what was given."""
    given, address, source = lead.given, lead.address, lead.source.value
    own = await session.get(Contact, lead.by.contact_id, with_for_update=True) if lead.by.contact_id else None
    if own is not None and own.email == given.email and own.erased_at is None and own.merged_into_id is None:
        await relations.relate(session, own, entity_id, source=source, partner_id=lead.partner_id, chain=lead.chain)
        return Found(own, False, await addresses.add(session, own.id, address) if address else None)
    values = {"name": given.name, "email": given.email, "language": given.language or lead.by.language}
    values |= {"phone": given.phone} if given.phone else {}
    return await matching.find_or_create(
        session, values, entity_id=entity_id, source=source, partner_id=lead.partner_id, address=address
    )


# --- what follows -------------------------------------------------------------------------------------------------


async def _tell(session: AsyncSession, lead: Lead, route: Route) -> None:
    await tell(session, lead, LeadSubmitted(number=lead.number, source=lead.source))
    if lead.entity_id != lead.submitted_entity_id:
        routed = LeadRouted(lead.number, lead.entity_id, route.rule.name if route.rule else None)
        await record(session, routed, entity_id=lead.submitted_entity_id, subject_id=lead.id)


async def _start(session: AsyncSession, lead: Lead) -> None:
    """Follow-up, the questions that are answered already, the score, and qualification where nothing is in the way."""
    await followups.schedule(session, lead)
    if asked := await active_questionnaire(session, lead.entity_id):
        lead.questionnaire_id = asked.id
        intake.prefill(lead, questions_of(asked.questions))
    await intake.reassess(session, lead)
