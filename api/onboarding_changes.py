"""What can be done with onboardings: apply, confirm, decide, go live, end and reopen; tasks; what categories ask."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from api.context import Context, Info
from api.inputs import key_of, optional_key
from api.lead_changes import LeadAddressInput
from api.locating import locator_of
from api.mutations import Payload, mutation
from api.onboarding import (
    OnboardingCategoryDefinition,
    OnboardingStep,
    PartnerOnboarding,
    PartnerTask,
    category_of,
)
from api.reading import read_in
from domain.contacts.addresses import AddressDetails, located
from domain.errors import Faults, RateLimited, Required
from domain.onboarding import applying, categories, criteria, deciding, flow, tasks
from domain.onboarding.applying import Application, Where
from domain.onboarding.models import StepState, WayIn
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.permissions import Permission
from tenants.rate import take

VISITORS_APPLICATIONS = 10
"""Per hour that one internet address may make without a login."""
_HOUR = 3600
_STEP_SECONDS = 0.5
"""Visitors' answers leave at whole steps: their time tells nothing of what is known."""
_APPLY, _MANAGE = Permission.PARTNERSHIP_APPLY, Permission.PARTNERS_MANAGE
_GO = Permission.INTEGRATIONS_MANAGE
OnboardingId = Annotated[strawberry.ID, strawberry.argument(description="The onboarding.")]
TaskId = Annotated[strawberry.ID, strawberry.argument(description="The task.")]
Reason = Annotated[str, strawberry.argument(description="Why, at most 1000 characters.")]
EntityId = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]
CategoryCode = Annotated[str, strawberry.argument(description="Such as ENERGY: capitals, digits, underscores.")]


@strawberry.input(description="An application to become a partner.")
class PartnershipInput:
    category: str = strawberry.field(description="LEAD_TRANSFER, AUTOMOTIVE, ENERGY, B2B_CONTRACTOR or another.")
    way_in: WayIn = strawberry.field(description="How orders will be sent.")
    company_name: str = strawberry.field(description="Name of the company, at most 120 characters.")
    contact_name: str = strawberry.field(description="Whom it is arranged with.")
    email: str = strawberry.field(description="That person's address; a mail to it proves it.")
    phone: str | None = strawberry.field(default=None, description="Telephone number; national ones are Dutch.")
    job_title: str | None = strawberry.field(default=None, description="What that person does.")
    legal_name: str | None = strawberry.field(default=None, description="The company's name in the register.")
    kvk_number: str | None = strawberry.field(default=None, description="Chamber of commerce number, eight digits.")
    vat_number: str | None = strawberry.field(default=None, description="VAT number, such as NL123456782B01.")
    website: str | None = strawberry.field(default=None, description="Web site with https://.")
    orders_per_month: int | None = strawberry.field(default=None, description="How many orders are expected.")
    language: str | None = strawberry.field(default=None, description="`nl` or `en`; your own if left out.")
    message: str = strawberry.field(default="", description="Anything else, at most 2000 characters.")
    address: LeadAddressInput | None = strawberry.field(default=None, description="Where it is established.")
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="With which business entity; the portal's, or your only one, if left out."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="Staff and partners: an organization that is known already."
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="Staff and partners: below whom it is to stand; a partner's own if left out."
    )


@strawberry.type(description="What applyForPartnership returns.")
class ApplyForPartnershipPayload(Payload):
    received: bool = strawberry.field(default=False, description="Whether it arrived; a visitor gets a mail.")
    onboarding: PartnerOnboarding | None = strawberry.field(
        default=None, description="The application; null for visitors, who prove their address by the mail first."
    )


@strawberry.type(description="What confirmPartnership returns.")
class ConfirmPartnershipPayload(Payload):
    number: str | None = strawberry.field(default=None, description="Number to refer to.")


@strawberry.type(description="What a change of an onboarding returns.")
class PartnerOnboardingPayload(Payload):
    onboarding: PartnerOnboarding | None = strawberry.field(default=None, description="The onboarding as it is now.")


@strawberry.type(description="What settleOnboardingStep returns.")
class SettleOnboardingStepPayload(Payload):
    step: OnboardingStep | None = strawberry.field(default=None, description="The step as it is now.")


@strawberry.type(description="What a change of a task returns.")
class PartnerTaskPayload(Payload):
    task: PartnerTask | None = strawberry.field(default=None, description="The task as it is now.")


@strawberry.type(description="What a change of a category returns.")
class OnboardingCategoryPayload(Payload):
    category: OnboardingCategoryDefinition | None = strawberry.field(
        default=None, description="What the category asks now."
    )


def _pace(actor: Actor) -> float:
    return 0 if actor.signed_in else _STEP_SECONDS


@strawberry.type
class OnboardingMutations:
    @mutation(
        "Applies for a partnership. A visitor gets the same answer whatever is known, and a mail whose link proves the "
        "address; partners apply for one below them, staff for whoever asks.",
        requires=_APPLY,
        pace=_pace,
    )
    async def apply_for_partnership(self, info: Info, input: PartnershipInput) -> ApplyForPartnershipPayload:
        context = info.context
        where, application = _where(context, input), _application(input)
        values = applying.checked(application, context.language)
        await _refuse_flood(context)
        address = await _located(context, input.address)
        async with context.system() as session:
            made = await applying.apply(session, context.actor, where, input.category, values, address)
            if made is None or not context.actor.signed_in:
                return ApplyForPartnershipPayload(received=True)
            await flow.look_up(session, made)
            await flow.proceed(session, made.id)
            shown = await _as_seen(session, info, "onboarding", made.id)
            return ApplyForPartnershipPayload(received=True, onboarding=shown)

    @mutation(
        "Proves the e-mail address of an application with the token of the mail's link; the checks begin.",
        requires=_APPLY,
        pace=_pace,
    )
    async def confirm_partnership(
        self,
        info: Info,
        token: Annotated[str, strawberry.argument(description="What stands behind # in the link.")],
    ) -> ConfirmPartnershipPayload:
        await _refuse_flood(info.context)
        entity_id = _entity(info.context, None)
        async with info.context.system() as session:
            row = await applying.confirm(session, entity_id, token[:200])
            await flow.look_up(session, row)
            await flow.proceed(session, row.id)
            return ConfirmPartnershipPayload(number=row.number)

    @mutation(
        "Accepts an application: record, place in the channel, contact and invitation are made. With a reason also "
        "where something of its first stage does not hold.",
        requires=_MANAGE,
    )
    async def accept_partnership(
        self,
        info: Info,
        id: OnboardingId,
        reason: Annotated[
            str | None, strawberry.argument(description="Why, where something does not hold; at most 1000 characters.")
        ] = None,
    ) -> PartnerOnboardingPayload:
        async with info.context.system() as session:
            row = await deciding.accept(session, info.context.actor, key_of("PartnerOnboarding", id), reason)
            return await _onboarding(session, info, row.id)

    @mutation("Decides against an application; reopenPartnership undoes it.", requires=_MANAGE)
    async def reject_partnership(self, info: Info, id: OnboardingId, reason: Reason) -> PartnerOnboardingPayload:
        async with info.context.system() as session:
            row = await deciding.reject(session, info.context.actor, key_of("PartnerOnboarding", id), reason)
            return await _onboarding(session, info, row.id)

    @mutation("Gives an application up; reopenPartnership undoes it.", requires=_GO)
    async def withdraw_partnership(self, info: Info, id: OnboardingId, reason: Reason) -> PartnerOnboardingPayload:
        async with info.context.system() as session:
            row = await deciding.withdraw(session, info.context.actor, key_of("PartnerOnboarding", id), reason)
            return await _onboarding(session, info, row.id)

    @mutation(
        "Goes on with an application where it was closed; partners reopen what was withdrawn, staff also what was "
        "rejected.",
        requires=_GO,
    )
    async def reopen_partnership(self, info: Info, id: OnboardingId) -> PartnerOnboardingPayload:
        async with info.context.system() as session:
            row = await deciding.reopen(session, info.context.actor, key_of("PartnerOnboarding", id))
            return await _onboarding(session, info, row.id)

    @mutation(
        "Goes live: every step is looked at once more, then orders are real. GATE_CLOSED names what is open.",
        requires=_GO,
        idempotent=True,
    )
    async def go_live(self, info: Info, id: OnboardingId) -> PartnerOnboardingPayload:
        async with info.context.system() as session:
            row = await deciding.go_live(session, info.context.actor, key_of("PartnerOnboarding", id))
            return await _onboarding(session, info, row.id)

    @mutation(
        "Settles a step by judgement: DONE or FAILED where a person may, WAIVED to go without it, WAITING to open it "
        "again.",
        requires=_MANAGE,
    )
    async def settle_onboarding_step(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The step.")],
        state: Annotated[StepState, strawberry.argument(description="What it is from now on.")],
        reason: Reason,
    ) -> SettleOnboardingStepPayload:
        async with info.context.system() as session:
            key = key_of("OnboardingStep", id)
            step = await deciding.settle_step(session, info.context.actor, key, state, reason)
            return SettleOnboardingStepPayload(step=await _as_seen(session, info, "step", step.id))

    @mutation(
        "Says that a task was done; tasks of steps and documents close by themselves.",
        requires=Permission.PARTNERS_READ,
    )
    async def complete_partner_task(
        self,
        info: Info,
        id: TaskId,
        note: Annotated[str, strawberry.argument(description="What was done; staff only, at most 2000.")] = "",
    ) -> PartnerTaskPayload:
        async with info.context.system() as session:
            row = await tasks.complete(session, info.context.actor, key_of("PartnerTask", id), note)
            return PartnerTaskPayload(task=await _as_seen(session, info, "task", row.id))

    @mutation("Opens a task again that was done.", requires=Permission.PARTNERS_READ)
    async def reopen_partner_task(self, info: Info, id: TaskId) -> PartnerTaskPayload:
        async with info.context.system() as session:
            row = await tasks.reopen(session, info.context.actor, key_of("PartnerTask", id))
            return PartnerTaskPayload(task=await _as_seen(session, info, "task", row.id))

    @mutation("Gives a task to a colleague, or to nobody, and moves its day.", requires=_MANAGE)
    async def assign_partner_task(
        self,
        info: Info,
        id: TaskId,
        user_id: Annotated[strawberry.ID | None, strawberry.argument(description="Who; null for nobody.")] = None,
        due_on: Annotated[date | None, strawberry.argument(description="By when; as it was if left out.")] = None,
    ) -> PartnerTaskPayload:
        key, user = key_of("PartnerTask", id), optional_key("User", user_id, "userId")
        async with info.context.system() as session:
            row = await tasks.assign(session, info.context.actor, key, user, due_on)
            return PartnerTaskPayload(task=await _as_seen(session, info, "task", row.id))

    @mutation(
        "Says what an entity asks of a category of partners; what is under way goes on as it began.",
        requires=Permission.WORKFLOW_CONFIGURE,
    )
    async def save_onboarding_category(
        self,
        info: Info,
        entity_id: EntityId,
        code: CategoryCode,
        definition: Annotated[JSON, strawberry.argument(description="As onboardingCategories gives it.")],
    ) -> OnboardingCategoryPayload:
        key = key_of("BusinessEntity", entity_id, "entityId")
        with Faults() as faults, faults.at("definition"):
            parsed = criteria.parse(definition)
        async with info.context.system() as session:
            row = await categories.save(session, info.context.actor, key, code, parsed)
            return OnboardingCategoryPayload(category=category_of(row.code, parsed))

    @mutation("Asks what the platform asks again.", requires=Permission.WORKFLOW_CONFIGURE)
    async def revert_onboarding_category(
        self, info: Info, entity_id: EntityId, code: CategoryCode
    ) -> OnboardingCategoryPayload:
        key = key_of("BusinessEntity", entity_id, "entityId")
        async with info.context.system() as session:
            await categories.revert(session, info.context.actor, key, code)
            return OnboardingCategoryPayload(category=category_of(code, criteria.DEFAULTS[code]))


def _application(input: PartnershipInput) -> Application:
    names = Application.__dataclass_fields__
    return Application(**{name: getattr(input, name) for name in names})


def _where(context: Context, input: PartnershipInput) -> Where:
    entity_id = _entity(context, input.entity_id)
    brand = context.brand
    host = brand.host if brand and brand.entity_id == entity_id else ""
    organization_id = optional_key("Organization", input.organization_id, "organizationId")
    return Where(entity_id, host, organization_id, optional_key("Organization", input.parent_id, "parentId"))


def _entity(context: Context, given: str | None) -> UUID:
    """The entity that is given, else the portal's where the actor belongs to it, else the actor's only one."""
    actor, brand = context.actor, context.brand
    entity_id = optional_key("BusinessEntity", given, "entityId")
    if entity_id is None and brand and brand.entity_id in actor.entity_ids:
        entity_id = brand.entity_id
    if entity_id is None and len(actor.entity_ids) == 1:
        entity_id = actor.entity_ids[0]
    if entity_id is None:
        raise Required(field=("entity_id",))
    return entity_id


async def _located(context: Context, address: LeadAddressInput | None) -> AddressDetails | None:
    """Asks the geocoder, so it comes before the transaction."""
    return await located(locator_of(context), asdict(address), at=("address",)) if address else None


async def _refuse_flood(context: Context) -> None:
    if context.actor.signed_in:
        return
    taken = await take(context.redis, f"partnership:{context.request.ip_address}", VISITORS_APPLICATIONS, _HOUR)
    if not taken.allowed:
        raise RateLimited(seconds=taken.retry_after)


async def _onboarding(session: AsyncSession, info: Info, id: UUID) -> PartnerOnboardingPayload:
    return PartnerOnboardingPayload(onboarding=await _as_seen(session, info, "onboarding", id))


async def _as_seen(session: AsyncSession, info: Info, name: str, id: UUID) -> Any:
    async with acting_as(session, info.context.actor):
        return await read_in(session, info, name, id)
