"""What is done with sandboxes: made, emptied, their clock, their faults, the life of an order, the checks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.inputs import key_of, optional_key
from api.mutations import Payload, mutation
from api.reading import read_in
from api.sandbox import PartnerSandbox, SandboxRun
from api.webhook_payloads import Payloads
from domain import validation
from domain.errors import Required
from domain.rows import find
from domain.sandbox import credentials, faulting, life, making, runs, timing
from domain.sandbox.life import LifeStep
from domain.sandbox.models import SandboxRun as RunRow
from domain.signatures.keys import keyring
from domain.users.rights import entity_within
from domain.webhooks.models import Fault
from domain.webhooks.service import Here
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.permissions import Permission

_MANAGE = Permission.INTEGRATIONS_MANAGE


@strawberry.input(description="A partner's sandbox to make; where there is one, that one is returned.")
class CreateSandboxInput:
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="The business entity; your only one if left out."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The partner; your own if left out."
    )


@strawberry.input(description="A key of a sandbox.")
class CreateSandboxKeyInput:
    sandbox_id: strawberry.ID = strawberry.field(description="The sandbox.")
    name: str = strawberry.field(default="Sandbox", description="For people, 1 to 100 characters.")


@strawberry.input(description="Where messages of a sandbox go.")
class CreateSandboxWebhookInput:
    sandbox_id: strawberry.ID = strawberry.field(description="The sandbox.")
    url: str = strawberry.field(description="Where requests go: https, a public address.")
    event_types: list[str] | None = strawberry.field(
        default=None, description="Types of events, or `subject.*`; those of the partner document if left out."
    )
    selection: str | None = strawberry.field(
        default=None, description="Fields of WebhookPayload; those of the partner document if left out."
    )


@strawberry.input(description="What the clock of a sandbox is to show.")
class SetSandboxClockInput:
    sandbox_id: strawberry.ID = strawberry.field(description="The sandbox.")
    at: datetime | None = strawberry.field(
        default=None, description="This time; the real time if left out, or where it stands if `frozen`."
    )
    frozen: bool = strawberry.field(default=False, description="Whether it stands still at it.")


@strawberry.input(description="How much time is to pass in a sandbox.")
class AdvanceSandboxClockInput:
    sandbox_id: strawberry.ID = strawberry.field(description="The sandbox.")
    seconds: int = strawberry.field(description="1 second to a year.")


@strawberry.input(description="How many messages of a sandbox go wrong so.")
class SandboxFaultInput:
    fault: Fault = strawberry.field(description="How.")
    share: float = strawberry.field(description="Which part of the messages, 0 to 1.")


@strawberry.input(description="How messages of a sandbox go wrong from now on.")
class SetSandboxFaultsInput:
    sandbox_id: strawberry.ID = strawberry.field(description="The sandbox.")
    faults: list[SandboxFaultInput] = strawberry.field(description="All of them; none lets everything go well.")


@strawberry.input(description="What is to happen to an order of a sandbox.")
class AdvanceSandboxOrderInput:
    sandbox_id: strawberry.ID = strawberry.field(description="The sandbox.")
    partner_order_id: str = strawberry.field(description="The partner's number of the order.")
    step: LifeStep = strawberry.field(description="What is done to it.")


@strawberry.type(description="What changing a sandbox returns.")
class PartnerSandboxPayload(Payload):
    partner_sandbox: PartnerSandbox | None = strawberry.field(default=None, description="The sandbox as it is now.")


@strawberry.type(description="What making a key, a signing secret or an endpoint of a sandbox returns.")
class SandboxSecretPayload(Payload):
    secret: str | None = strawberry.field(default=None, description="The key or secret itself; shown this once.")
    partner_code: str | None = strawberry.field(
        default=None, description="The partner's name in paths of the sandbox: `/partners/{partner_code}/orders`."
    )


@strawberry.type(description="What advanceSandboxOrder returns.")
class SandboxOrderPayload(Payload):
    partner_order_id: str | None = strawberry.field(default=None, description="The partner's number.")
    step: LifeStep | None = strawberry.field(default=None, description="What was done.")


@strawberry.type(description="What starting and stopping a run of the checks returns.")
class SandboxRunPayload(Payload):
    sandbox_run: SandboxRun | None = strawberry.field(default=None, description="The run as it is now.")


SandboxId = Annotated[strawberry.ID, strawberry.argument(description="The sandbox.")]
RunId = Annotated[strawberry.ID, strawberry.argument(description="The run.")]


@strawberry.type
class SandboxMutations:
    @mutation("Makes a partner's sandbox.", requires=_MANAGE, idempotent=True)
    async def create_sandbox(self, info: Info, input: CreateSandboxInput) -> PartnerSandboxPayload:
        actor = info.context.actor
        organization_id = optional_key("Organization", input.organization_id, "organizationId")
        async with info.context.system() as session:
            entity_id = await entity_within(session, actor, optional_key("BusinessEntity", input.entity_id, "entityId"))
            if organization_id is None and actor.audience is Audience.PARTNER:
                organization_id = actor.organization_id
            if organization_id is None:
                raise Required(field=("organization_id",))
            made = await making.create(session, actor, entity_id, organization_id)
            return await _shown(info, session, made.id)

    @mutation(
        "Empties a sandbox: numbers of orders are free again, and catalog, prices, article map and terms are copied "
        "anew; keys, secrets and endpoints stay.",
        requires=_MANAGE,
    )
    async def reset_sandbox(self, info: Info, sandbox_id: SandboxId) -> PartnerSandboxPayload:
        async with info.context.system() as session:
            sandbox = await making.seen(session, info.context.actor, key_of("PartnerSandbox", sandbox_id, "sandboxId"))
            await making.empty(session, sandbox)
            return await _shown(info, session, sandbox.id)

    @mutation("Makes an API key that works in a sandbox alone.", requires=_MANAGE)
    async def create_sandbox_key(self, info: Info, input: CreateSandboxKeyInput) -> SandboxSecretPayload:
        actor = info.context.actor
        async with info.context.system() as session:
            sandbox = await making.seen(session, actor, key_of("PartnerSandbox", input.sandbox_id, "sandboxId"))
            made = await credentials.make_key(session, actor, sandbox, input.name)
            code = await making.code_of(session, sandbox)
            return SandboxSecretPayload(secret=made.shown_once, partner_code=code)

    @mutation("Makes a secret to sign requests to a sandbox with; those before hold for a day.", requires=_MANAGE)
    async def create_sandbox_signing_secret(self, info: Info, sandbox_id: SandboxId) -> SandboxSecretPayload:
        async with info.context.system() as session:
            sandbox = await making.seen(session, info.context.actor, key_of("PartnerSandbox", sandbox_id, "sandboxId"))
            made = await credentials.make_signing_secret(session, info.context.settings, sandbox)
            code = await making.code_of(session, sandbox)
            return SandboxSecretPayload(secret=made.secret, partner_code=code)

    @mutation("Makes an endpoint that gets the messages of a sandbox.", requires=_MANAGE)
    async def create_sandbox_webhook(self, info: Info, input: CreateSandboxWebhookInput) -> SandboxSecretPayload:
        context = info.context
        here = Here(context.settings, Payloads(info.schema, context.database, context.settings))
        given = {"url": input.url, "event_types": input.event_types, "selection": input.selection}
        async with context.system() as session:
            key = key_of("PartnerSandbox", input.sandbox_id, "sandboxId")
            sandbox = await making.seen(session, context.actor, key)
            made = await credentials.make_endpoint(session, here, context.actor, sandbox, given)
            code = await making.code_of(session, sandbox)
            return SandboxSecretPayload(secret=made.secret, partner_code=code)

    @mutation("Sets the clock of a sandbox, stops it, or puts it back to the real time.", requires=_MANAGE)
    async def set_sandbox_clock(self, info: Info, input: SetSandboxClockInput) -> PartnerSandboxPayload:
        async with info.context.system() as session:
            key = key_of("PartnerSandbox", input.sandbox_id, "sandboxId")
            sandbox = await making.seen(session, info.context.actor, key)
            await timing.set_to(session, sandbox, input.at, frozen=input.frozen)
            return await _shown(info, session, sandbox.id)

    @mutation(
        "Lets time pass in a sandbox: retries come, late messages are sent, quotes expire.",
        requires=_MANAGE,
        idempotent=True,
    )
    async def advance_sandbox_clock(self, info: Info, input: AdvanceSandboxClockInput) -> PartnerSandboxPayload:
        async with info.context.system() as session:
            key = key_of("PartnerSandbox", input.sandbox_id, "sandboxId")
            sandbox = await making.seen(session, info.context.actor, key)
            await timing.advance(session, sandbox, input.seconds)
            return await _shown(info, session, sandbox.id)

    @mutation("Decides how messages of a sandbox go wrong.", requires=_MANAGE)
    async def set_sandbox_faults(self, info: Info, input: SetSandboxFaultsInput) -> PartnerSandboxPayload:
        async with info.context.system() as session:
            key = key_of("PartnerSandbox", input.sandbox_id, "sandboxId")
            sandbox = await making.seen(session, info.context.actor, key)
            await faulting.set_shares(session, sandbox, [(each.fault, each.share) for each in input.faults])
            return await _shown(info, session, sandbox.id)

    @mutation("Lets something happen to an order of a sandbox.", requires=_MANAGE)
    async def advance_sandbox_order(self, info: Info, input: AdvanceSandboxOrderInput) -> SandboxOrderPayload:
        async with info.context.system() as session:
            key = key_of("PartnerSandbox", input.sandbox_id, "sandboxId")
            sandbox = await making.seen(session, info.context.actor, key)
            number = validation.name(input.partner_order_id, "partner_order_id", maximum=100)
            await life.step(session, sandbox, keyring(info.context.settings), number, input.step)
            return SandboxOrderPayload(partner_order_id=number, step=input.step)

    @mutation("Runs the checks that going live asks for; sandboxRun says how far it is.", requires=_MANAGE)
    async def run_sandbox_checks(self, info: Info, sandbox_id: SandboxId) -> SandboxRunPayload:
        async with info.context.system() as session:
            sandbox = await making.seen(session, info.context.actor, key_of("PartnerSandbox", sandbox_id, "sandboxId"))
            run = await runs.start(session, info.context.actor, sandbox)
            async with acting_as(session, info.context.actor):
                return SandboxRunPayload(sandbox_run=await read_in(session, info, "sandbox_run", run.id))

    @mutation("Ends a run of the checks before all was looked at.", requires=_MANAGE)
    async def stop_sandbox_run(self, info: Info, id: RunId) -> SandboxRunPayload:
        key = key_of("SandboxRun", id)
        async with info.context.system() as session:
            async with acting_as(session, info.context.actor):
                await find(session, RunRow, key)
            run = await find(session, RunRow, key, lock=True)
            await runs.stop(session, run)
            async with acting_as(session, info.context.actor):
                return SandboxRunPayload(sandbox_run=await read_in(session, info, "sandbox_run", run.id))


async def _shown(info: Info, session: AsyncSession, id: UUID) -> PartnerSandboxPayload:
    async with acting_as(session, info.context.actor):
        return PartnerSandboxPayload(partner_sandbox=await read_in(session, info, "partner_sandbox", id))
