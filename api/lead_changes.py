"""What can be done with leads: submitting, answering, qualifying, ending, reopening, giving a partner."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from api.context import Context, Info
from api.inputs import key_of, optional_key
from api.leads import Lead
from api.locating import locator_of
from api.mutations import Payload, mutation
from api.reading import read_in
from domain import validation
from domain.catalog.models import ArticleCategory
from domain.contacts.addresses import AddressDetails, located
from domain.errors import RateLimited, Required, WrongType
from domain.leads import intake, partners, qualification
from domain.leads.models import LeadStatus
from domain.leads.scoring import CarPower
from domain.leads.submission import Interests, Submission, checked
from domain.leads.submit import Where, submit
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.permissions import Permission
from tenants.rate import take

VISITORS_LEADS = 30
"""Leads per hour that one internet address may submit without a login."""
_HOUR = 3600

_NO_LEAD = "The lead, as far as you may see it."


@strawberry.input(description="An address as it is given; what cannot be verified is kept and flagged.")
class LeadAddressInput:
    postal_code: str = strawberry.field(description="Postcode, in the Netherlands such as 1234 AB.")
    house_number: str = strawberry.field(description="House number, with or without its addition.")
    house_number_addition: str | None = strawberry.field(default=None, description="Addition to the number.")
    street: str | None = strawberry.field(default=None, description="Street; completed from the register if left out.")
    city: str | None = strawberry.field(default=None, description="Place; completed from the register if left out.")
    country: str | None = strawberry.field(default=None, description="ISO 3166-1 code; NL if left out.")


@strawberry.input(description="What somebody wants and has; all of it optional.")
class LeadInterestsInput:
    product_category: ArticleCategory | None = strawberry.field(default=None, description="Kind of product.")
    product_wish: str | None = strawberry.field(default=None, description="In own words, at most 300 characters.")
    home_owner: bool | None = strawberry.field(default=None, description="Whether the home is owned.")
    car: str | None = strawberry.field(default=None, description="The car, at most 120 characters.")
    car_power: CarPower | None = strawberry.field(default=None, description="What drives the car.")
    notes: str | None = strawberry.field(default=None, description="Anything else, at most 4000 characters.")


@strawberry.input(description="A lead. Only name and e-mail address are required.")
class SubmitLeadInput:
    name: str = strawberry.field(description="Name of the person, at most 120 characters.")
    email: str = strawberry.field(description="E-mail address.")
    phone: str | None = strawberry.field(default=None, description="Telephone number; national ones are Dutch.")
    company_name: str | None = strawberry.field(default=None, description="The company; null for a consumer.")
    language: str | None = strawberry.field(default=None, description="`nl` or `en`; your own if left out.")
    address: LeadAddressInput | None = strawberry.field(default=None, description="What it is about.")
    interests: LeadInterestsInput | None = strawberry.field(default=None, description="What is wanted.")
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where it is submitted; the portal's business entity if left out."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="Partners: your organization or one below it. Staff: the partner it comes through."
    )
    portal_partner: str | None = strawberry.field(
        default=None, description="Visitors of a co-branded portal: the partner's slug in its address."
    )


@strawberry.type(description="Proof that a lead was taken in.")
class LeadReceipt:
    number: str = strawberry.field(description="Number to refer to.")
    status: LeadStatus = strawberry.field(description="Where it is in its life.")
    submitted_at: datetime = strawberry.field(description="When it was submitted.")


@strawberry.type(description="What submitLead returns.")
class SubmitLeadPayload(Payload):
    receipt: LeadReceipt | None = strawberry.field(default=None, description="Proof of the submission.")
    lead: Lead | None = strawberry.field(
        default=None, description="The lead; null before login, and where it went to an entity that you do not see."
    )


@strawberry.input(description="Answers to the intake of a lead.")
class AnswerIntakeInput:
    lead_id: strawberry.ID = strawberry.field(description="The lead.")
    answers: JSON | None = strawberry.field(
        default=None, description="Object of answers by key of the question; null takes an answer back."
    )
    complete: bool = strawberry.field(default=False, description="Whether this completes the intake.")
    phone: str | None = strawberry.field(default=None, description="A telephone number, if there is a new one.")
    address: LeadAddressInput | None = strawberry.field(default=None, description="An address, if there is a new one.")


@strawberry.type(description="What answerIntake returns.")
class AnswerIntakePayload(Payload):
    lead: Lead | None = strawberry.field(default=None, description=_NO_LEAD)


@strawberry.type(description="What qualifyLead returns.")
class QualifyLeadPayload(Payload):
    lead: Lead | None = strawberry.field(default=None, description=_NO_LEAD)


@strawberry.type(description="What disqualifyLead returns.")
class DisqualifyLeadPayload(Payload):
    lead: Lead | None = strawberry.field(default=None, description=_NO_LEAD)


@strawberry.type(description="What reopenLead returns.")
class ReopenLeadPayload(Payload):
    lead: Lead | None = strawberry.field(default=None, description=_NO_LEAD)


@strawberry.type(description="What assignLeadPartner returns.")
class AssignLeadPartnerPayload(Payload):
    lead: Lead | None = strawberry.field(default=None, description=_NO_LEAD)


LeadId = Annotated[strawberry.ID, strawberry.argument(description="The lead.")]
Reason = Annotated[str, strawberry.argument(description="Why, at most 1000 characters.")]
PartnerId = Annotated[strawberry.ID, strawberry.argument(description="The partner that takes it on.")]


async def _submit_lead(info: Info, input: SubmitLeadInput) -> SubmitLeadPayload:
    context = info.context
    where, given = _where(context, input), checked(_submission(input))
    await _refuse_flood(context)
    address = await _located(context, input.address)
    async with context.system() as session:
        lead = (await submit(session, context.actor, where, given, address)).lead
        receipt = LeadReceipt(number=lead.number, status=LeadStatus(lead.status), submitted_at=lead.created_at)
        seen = await _as_seen(session, info, lead.id) if context.actor.signed_in else None
        return SubmitLeadPayload(receipt=receipt, lead=seen)


async def _answer_intake(info: Info, input: AnswerIntakeInput) -> AnswerIntakePayload:
    context, lead_id = info.context, key_of("Lead", input.lead_id, "leadId")
    answers, phone = _answers(input.answers), validation.optional(validation.phone, input.phone, "phone")
    address = await _located(context, input.address)
    async with context.system() as session:
        lead = await intake.answer(
            session, context.actor, lead_id, answers, complete=input.complete, phone=phone, address=address
        )
        return AnswerIntakePayload(lead=await _as_seen(session, info, lead.id))


async def _qualify_lead(info: Info, id: LeadId) -> QualifyLeadPayload:
    async with info.context.write() as session:
        lead = await qualification.qualify(session, key_of("Lead", id))
        return QualifyLeadPayload(lead=await read_in(session, info, "lead", lead.id))


async def _disqualify_lead(info: Info, id: LeadId, reason: Reason) -> DisqualifyLeadPayload:
    async with info.context.write() as session:
        lead = await qualification.disqualify(session, key_of("Lead", id), reason)
        return DisqualifyLeadPayload(lead=await read_in(session, info, "lead", lead.id))


async def _reopen_lead(info: Info, id: LeadId) -> ReopenLeadPayload:
    async with info.context.write() as session:
        lead = await qualification.reopen(session, key_of("Lead", id))
        return ReopenLeadPayload(lead=await read_in(session, info, "lead", lead.id))


async def _assign_lead_partner(info: Info, id: LeadId, organization_id: PartnerId) -> AssignLeadPartnerPayload:
    context, lead_id = info.context, key_of("Lead", id)
    partner_id = key_of("Organization", organization_id, "organizationId")
    async with context.system() as session:
        lead = await partners.assign_partner(session, context.actor, lead_id, partner_id)
        return AssignLeadPartnerPayload(lead=await _as_seen(session, info, lead.id))


def _where(context: Context, input: SubmitLeadInput) -> Where:
    """The entity that is given, else the portal's where the actor belongs to it, else the actor's only one."""
    actor, brand = context.actor, context.brand
    entity_id = optional_key("BusinessEntity", input.entity_id, "entityId")
    if entity_id is None and brand and (brand.entity_id in actor.entity_ids or actor.audience is Audience.SYSTEM):
        entity_id = brand.entity_id
    if entity_id is None and len(actor.entity_ids) == 1:
        entity_id = actor.entity_ids[0]
    if entity_id is None:
        raise Required(field=("entity_id",))
    host = brand.host if brand and brand.entity_id == entity_id else None
    organization_id = optional_key("Organization", input.organization_id, "organizationId")
    return Where(entity_id, host, organization_id, input.portal_partner)


def _submission(input: SubmitLeadInput) -> Submission:
    interests = Interests(**asdict(input.interests)) if input.interests else Interests()
    address = asdict(input.address) if input.address else None
    return Submission(input.name, input.email, input.phone, input.company_name, input.language, address, interests)


def _answers(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise WrongType(field=("answers",), expected={"nl": "een object", "en": "an object"})
    return given


async def _located(context: Context, address: LeadAddressInput | None) -> AddressDetails | None:
    """Asks the geocoder, so it comes before the transaction."""
    return await located(locator_of(context), asdict(address), at=("address",)) if address else None


async def _refuse_flood(context: Context) -> None:
    if context.actor.signed_in:
        return
    taken = await take(context.redis, f"lead:{context.request.ip_address}", VISITORS_LEADS, _HOUR)
    if not taken.allowed:
        raise RateLimited(seconds=taken.retry_after)


async def _as_seen(session: AsyncSession, info: Info, id: UUID) -> Any:
    """The payload's lead as the actor sees it, null where it does not."""
    async with acting_as(session, info.context.actor):
        return await read_in(session, info, "lead", id)


@strawberry.type
class LeadMutations:
    submit_lead = mutation(
        "Submits a lead: checks and locates it, finds whose it is, scores it and routes it to the right business "
        "entity. The same lead again within five minutes is the first one.",
        requires=Permission.LEADS_SUBMIT,
    )(_submit_lead)
    answer_intake = mutation(
        "Answers questions of a lead's intake, some or all; what is new changes the score, and a complete intake may "
        "qualify the lead at once.",
        requires=Permission.INTAKE_ANSWER,
    )(_answer_intake)
    qualify_lead = mutation("Finds a lead ready for a quote, whatever its score.", requires=Permission.LEADS_WRITE)(
        _qualify_lead
    )
    disqualify_lead = mutation("Ends a lead; reopenLead undoes it.", requires=Permission.LEADS_WRITE)(_disqualify_lead)
    reopen_lead = mutation("Returns an ended lead to the status it had.", requires=Permission.LEADS_WRITE)(_reopen_lead)
    assign_lead_partner = mutation(
        "Gives a lead without a partner one, which sees the lead and its customer from then on.",
        requires=Permission.LEADS_WRITE,
    )(_assign_lead_partner)
