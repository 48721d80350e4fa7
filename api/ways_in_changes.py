"""Making and changing mapped webhooks and forms; trying a mapping; reading messages again."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from api.context import Info
from api.errors import UserError
from api.inputs import given, key_of, optional_key
from api.locating import locator_of
from api.mutations import Payload, mutation
from api.reading import global_id, read_in
from api.ways_in import InboundMessage, MappedWebhook, OrderForm
from domain.errors import DomainError, DomainErrors, Required
from domain.jobs.service import enqueue
from domain.partner_orders.document import json_path, parse
from domain.rows import find
from domain.ways_in import forms, mapping, messages, webhooks
from domain.ways_in.expressions import text_of
from domain.ways_in.models import FormAccess
from domain.ways_in.models import InboundMessage as MessageRow
from domain.ways_in.models import MappedWebhook as WebhookRow
from tenants.acting import acting_as
from tenants.models import Brand
from tenants.permissions import Permission

_MANAGE = Permission.INTEGRATIONS_MANAGE
_RESOLVE = Permission.PARTNER_ORDERS_SUBMIT
_LONGEST_SAMPLE = messages.MOST_BYTES
_PROOF = (
    'How its sender proves who it is: {"kind": "SIGNATURE"}, {"kind": "HMAC", "header", "algorithm", "encoding", '
    '"prefix", "timestamp_header", "signs"}, {"kind": "BASIC", "user"} or {"kind": "BEARER", "header"}.'
)
_SECRET = "The sender's own secret, 16 to 256 characters; one is made and shown once if left out."  # noqa: S105  # words
_MAPPING = (
    'Fields of the document to expressions: {"fields": {"$.partner_order_id": "$.ref", …}, "products": [{"each": '
    '"$.lines[*]", "fields": {"partner_sku": "@.code", "quantity": "@.qty"}}]}. See the guide.'
)
_FIELDS = 'What is asked: [{"path": "$.customer.name", "label": {"nl", "en"}, "required"}]; the usual if left out.'
_PRODUCTS = 'What can be chosen: [{"partner_sku", "label": {"nl", "en"}, "most", "chosen"}].'


@strawberry.input(description="A mapped webhook to make.")
class CreateMappedWebhookInput:
    slug: str = strawberry.field(description="Last part of its address: small letters, digits, hyphens.")
    name: str = strawberry.field(description="What it is for, for people.")
    authentication: JSON = strawberry.field(description=_PROOF)
    mapping: JSON = strawberry.field(description=_MAPPING)
    secret: str | None = strawberry.field(default=None, description=_SECRET)
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="The business entity; your only one if left out."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The partner; a partner's own if left out."
    )


@strawberry.input(description="What to change of a mapped webhook; what is left out stays.")
class UpdateMappedWebhookInput:
    id: strawberry.ID = strawberry.field(description="The webhook.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="What it is for, for people.")
    active: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it takes messages.")
    authentication: JSON | None = strawberry.field(default=strawberry.UNSET, description=_PROOF)
    secret: str | None = strawberry.field(default=strawberry.UNSET, description=_SECRET)


@strawberry.input(description="A mapping and what to try it on: a sample, or a message that came.")
class PreviewMappingInput:
    mapping: JSON | None = strawberry.field(default=None, description=f"{_MAPPING} The webhook's own if left out.")
    webhook_id: strawberry.ID | None = strawberry.field(default=None, description="The webhook whose mapping to try.")
    sample: str | None = strawberry.field(default=None, description="A message as its sender would send it.")
    content_type: str = strawberry.field(default="application/json", description="Media type of the sample.")
    message_id: strawberry.ID | None = strawberry.field(default=None, description="A message that came.")


@strawberry.input(description="A form to make.")
class CreateOrderFormInput:
    brand_id: strawberry.ID = strawberry.field(description="The brand under whose host it is.")
    slug: str = strawberry.field(description="Last part of its address: small letters, digits, hyphens.")
    title_nl: str = strawberry.field(description="Heading, in Dutch.")
    title_en: str = strawberry.field(description="Heading, in English.")
    products: JSON = strawberry.field(description=_PRODUCTS)
    fields: JSON | None = strawberry.field(default=strawberry.UNSET, description=_FIELDS)
    intro_nl: str = strawberry.field(default="", description="Text above the fields, in Dutch.")
    intro_en: str = strawberry.field(default="", description="Text above the fields, in English.")
    access: FormAccess = strawberry.field(default=FormAccess.OPEN_WITH_TOKEN, description="Who may fill it in.")
    notify_emails: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Who gets the confirmation, at most 5; the partner's own if left out."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The partner; a partner's own if left out."
    )


@strawberry.input(description="What to change of a form; what is left out stays.")
class UpdateOrderFormInput:
    id: strawberry.ID = strawberry.field(description="The form.")
    slug: str | None = strawberry.field(default=strawberry.UNSET, description="Last part of its address.")
    title_nl: str | None = strawberry.field(default=strawberry.UNSET, description="Heading, in Dutch.")
    title_en: str | None = strawberry.field(default=strawberry.UNSET, description="Heading, in English.")
    intro_nl: str | None = strawberry.field(default=strawberry.UNSET, description="Text above the fields, in Dutch.")
    intro_en: str | None = strawberry.field(default=strawberry.UNSET, description="Text above, in English.")
    fields: JSON | None = strawberry.field(default=strawberry.UNSET, description=_FIELDS)
    products: JSON | None = strawberry.field(default=strawberry.UNSET, description=_PRODUCTS)
    active: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it is open.")
    access: FormAccess | None = strawberry.field(default=strawberry.UNSET, description="Who may fill it in.")
    notify_emails: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Who gets the confirmation, at most 5."
    )


@strawberry.type(description="What making a mapped webhook and giving it another secret return.")
class MappedWebhookSecretPayload(Payload):
    mapped_webhook: MappedWebhook | None = strawberry.field(default=None, description="The webhook as it is now.")
    secret: str | None = strawberry.field(
        default=None, description="The secret that was made for its sender; shown this once."
    )


@strawberry.type(description="What changing a mapping returns.")
class MappedWebhookPayload(Payload):
    mapped_webhook: MappedWebhook | None = strawberry.field(default=None, description="The webhook as it is now.")


@strawberry.type(description="Where a value of the document came from.")
class MappedValue:
    target: str = strawberry.field(description="JSON path in the document.")
    sources: list[str] = strawberry.field(description="The paths in the message that were read.")
    value: str | None = strawberry.field(description="What was found.")
    code: str | None = strawberry.field(description="Why it could not be had.")


@strawberry.type(description="What previewMapping returns; nothing was kept or sent.")
class PreviewMappingPayload(Payload):
    document: JSON | None = strawberry.field(default=None, description="The document that the message would be.")
    values: list[MappedValue] | None = strawberry.field(default=None, description="Where each value came from.")
    issues: list[UserError] | None = strawberry.field(
        default=None, description="Why the document would not be an order; `field` is a path in it."
    )


@strawberry.type(description="What rerunInboundMessage and dismissInboundMessage return.")
class InboundMessagePayload(Payload):
    inbound_message: InboundMessage | None = strawberry.field(default=None, description="The message as it is now.")


@strawberry.type(description="What rerunInboundMessages returns.")
class RerunInboundMessagesPayload(Payload):
    job_id: strawberry.ID | None = strawberry.field(default=None, description="The job that reads them: `job(id)`.")


@strawberry.type(description="What making a form, changing it and giving it another address return.")
class OrderFormPayload(Payload):
    order_form: OrderForm | None = strawberry.field(default=None, description="The form as it is now.")
    secret_url: str | None = strawberry.field(
        default=None, description="Its address with the secret, where it has a new one; shown this once."
    )


WebhookId = Annotated[strawberry.ID, strawberry.argument(description="The webhook.")]
MessageId = Annotated[strawberry.ID, strawberry.argument(description="The message.")]
FormId = Annotated[strawberry.ID, strawberry.argument(description="The form.")]


@strawberry.type
class MappedWebhookMutations:
    @mutation("Makes an address for orders in a form of the partner's own.", requires=_MANAGE)
    async def create_mapped_webhook(self, info: Info, input: CreateMappedWebhookInput) -> MappedWebhookSecretPayload:
        entity_id = optional_key("BusinessEntity", input.entity_id, "entityId")
        organization_id = optional_key("Organization", input.organization_id, "organizationId")
        values = given(input, but=("entity_id", "organization_id"))
        async with info.context.system() as session:
            made = await webhooks.create(
                session,
                info.context.settings,
                info.context.actor,
                values,
                entity_id=entity_id,
                organization_id=organization_id,
            )
            return await _with_secret(info, session, made)

    @mutation("Changes a mapped webhook; a proof of another kind has another secret.", requires=_MANAGE)
    async def update_mapped_webhook(self, info: Info, input: UpdateMappedWebhookInput) -> MappedWebhookSecretPayload:
        key, values = key_of("MappedWebhook", input.id), given(input, but=("id",))
        async with info.context.system() as session:
            made = await webhooks.change(session, info.context.settings, info.context.actor, key, values)
            return await _with_secret(info, session, made)

    @mutation("Gives the sender another secret; the one before holds for a while.", requires=_MANAGE)
    async def rotate_mapped_webhook_secret(
        self,
        info: Info,
        id: WebhookId,
        secret: Annotated[str | None, strawberry.argument(description=_SECRET)] = None,
        previous_valid_until: Annotated[
            datetime | None, strawberry.argument(description="Until when; a day if left out, at most 30 days.")
        ] = None,
    ) -> MappedWebhookSecretPayload:
        key = key_of("MappedWebhook", id)
        async with info.context.system() as session:
            context = info.context
            made = await webhooks.rotate(session, context.settings, context.actor, key, secret, previous_valid_until)
            return await _with_secret(info, session, made)

    @mutation("Messages are read by this mapping from now on; the one before is kept.", requires=_MANAGE)
    async def set_webhook_mapping(
        self,
        info: Info,
        id: WebhookId,
        mapping: Annotated[JSON, strawberry.argument(description=_MAPPING)],
        version: Annotated[
            int | None, strawberry.argument(description="The version it was made from: refused where there is a newer.")
        ] = None,
    ) -> MappedWebhookPayload:
        key = key_of("MappedWebhook", id)
        async with info.context.system() as session:
            hook = await webhooks.set_mapping(session, info.context.actor, key, mapping, version)
            return await _webhook(info, session, hook)

    @mutation("Goes back to an earlier mapping, as a new version.", requires=_MANAGE)
    async def restore_webhook_mapping(
        self,
        info: Info,
        id: WebhookId,
        version: Annotated[int, strawberry.argument(description="The version to go back to.")],
    ) -> MappedWebhookPayload:
        key = key_of("MappedWebhook", id)
        async with info.context.system() as session:
            hook = await webhooks.restore(session, info.context.actor, key, version)
            return await _webhook(info, session, hook)

    @mutation("Tries a mapping on a sample or on a message that came; keeps and sends nothing.", requires=_MANAGE)
    async def preview_mapping(self, info: Info, input: PreviewMappingInput) -> PreviewMappingPayload:
        tried, content_type, body = await _tried(info, input)
        applied = mapping.apply(mapping.checked(tried), messages.decoded(content_type, body))
        issues: list[DomainError] = list(applied.faults)
        try:
            parse(applied.document)
        except (DomainError, DomainErrors) as refused:
            known = {each.field for each in issues}
            issues += [each for each in refused.errors if each.field not in known]
        language = info.context.language
        return PreviewMappingPayload(
            document=JSON(applied.document),
            values=[
                MappedValue(target=t.target, sources=list(t.sources), value=_written(t.value), code=t.code)
                for t in applied.trace
            ],
            issues=[
                UserError(code=each.code, field=[json_path(each.field)], message=each.message(language))
                for each in issues
            ],
        )


@strawberry.type
class InboundMessageMutations:
    @mutation("Reads a message again, by the mapping as it is now, and submits the order.", requires=_RESOLVE)
    async def rerun_inbound_message(self, info: Info, id: MessageId) -> InboundMessagePayload:
        key = key_of("InboundMessage", id)
        async with info.context.database.session(info.context.actor) as session:
            await find(session, MessageRow, key)
        await messages.again(info.context.database, locator_of(info.context), key)
        async with info.context.write() as session:
            return InboundMessagePayload(inbound_message=await read_in(session, info, "inbound_message", key))

    @mutation("Reads all messages of a webhook that failed again, as a job.", requires=_RESOLVE)
    async def rerun_inbound_messages(self, info: Info, webhook_id: WebhookId) -> RerunInboundMessagesPayload:
        key = key_of("MappedWebhook", webhook_id, "webhookId")
        async with info.context.write() as session:
            await find(session, WebhookRow, key, field=("webhook_id",))
            job = await enqueue(session, "ways_in.rerun", {"webhook_id": key})
        return RerunInboundMessagesPayload(job_id=strawberry.ID(global_id("Job", job)))

    @mutation("A message needs no order; reading it again undoes this.", requires=_RESOLVE)
    async def dismiss_inbound_message(
        self,
        info: Info,
        id: MessageId,
        reason: Annotated[str, strawberry.argument(description="Why, for people.")],
    ) -> InboundMessagePayload:
        key = key_of("InboundMessage", id)
        async with info.context.system() as session:
            await messages.dismiss(session, info.context.actor, key, reason)
            async with acting_as(session, info.context.actor):
                shown = await read_in(session, info, "inbound_message", key)
            return InboundMessagePayload(inbound_message=shown)


@strawberry.type
class OrderFormMutations:
    @mutation("Makes a form for a partner's orders under a brand's host.", requires=_MANAGE)
    async def create_order_form(self, info: Info, input: CreateOrderFormInput) -> OrderFormPayload:
        brand_id = key_of("Brand", input.brand_id, "brandId")
        organization_id = optional_key("Organization", input.organization_id, "organizationId")
        values = given(input, but=("brand_id", "organization_id"))
        async with info.context.system() as session:
            made = await forms.create(
                session, info.context.actor, values, brand_id=brand_id, organization_id=organization_id
            )
            return await _form(info, session, made)

    @mutation("Changes a form; who may fill it in changed, it has another address.", requires=_MANAGE)
    async def update_order_form(self, info: Info, input: UpdateOrderFormInput) -> OrderFormPayload:
        key, values = key_of("OrderForm", input.id), given(input, but=("id",))
        async with info.context.system() as session:
            return await _form(info, session, await forms.change(session, info.context.actor, key, values))

    @mutation("Gives a form another address; the one before is void at once.", requires=_MANAGE)
    async def replace_order_form_link(self, info: Info, id: FormId) -> OrderFormPayload:
        async with info.context.system() as session:
            made = await forms.replace_link(session, info.context.actor, key_of("OrderForm", id))
            return await _form(info, session, made)

    @mutation("A link of an hour with which you fill a form in as yourself.", requires=_RESOLVE)
    async def create_order_form_link(self, info: Info, id: FormId) -> OrderFormPayload:
        async with info.context.system() as session:
            context = info.context
            form, link = await forms.login_link(session, context.settings, context.actor, key_of("OrderForm", id))
            return await _form(info, session, forms.Made(form, link))


async def _with_secret(info: Info, session: AsyncSession, made: webhooks.Made) -> MappedWebhookSecretPayload:
    async with acting_as(session, info.context.actor):
        shown = await read_in(session, info, "mapped_webhook", made.webhook.id)
    return MappedWebhookSecretPayload(mapped_webhook=shown, secret=made.secret)


async def _webhook(info: Info, session: AsyncSession, hook: WebhookRow) -> MappedWebhookPayload:
    async with acting_as(session, info.context.actor):
        return MappedWebhookPayload(mapped_webhook=await read_in(session, info, "mapped_webhook", hook.id))


async def _form(info: Info, session: AsyncSession, made: forms.Made) -> OrderFormPayload:
    host = (await session.get_one(Brand, made.form.brand_id)).host
    url = f"https://{host}/forms/{made.form.slug}?t={made.token}" if made.token else None
    async with acting_as(session, info.context.actor):
        shown = await read_in(session, info, "order_form", made.form.id)
    return OrderFormPayload(order_form=shown, secret_url=url)


async def _tried(info: Info, input: PreviewMappingInput) -> tuple[Any, str, bytes]:
    """The mapping, and the message to try it on."""
    webhook_id = optional_key("MappedWebhook", input.webhook_id, "webhookId")
    message_id = optional_key("InboundMessage", input.message_id, "messageId")
    async with info.context.database.session(info.context.actor) as session:
        message = await find(session, MessageRow, message_id, field=("message_id",)) if message_id else None
        hook_id = webhook_id or (message.mapped_webhook_id if message else None)
        hook = await find(session, WebhookRow, hook_id, field=("webhook_id",)) if hook_id else None
    tried = input.mapping if input.mapping is not None else hook.mapping if hook else None
    if message is not None and message.body is not None:
        return tried, message.content_type, message.body
    if input.sample is None:
        raise Required(field=("sample",))
    return tried, input.content_type.lower(), input.sample.encode()[:_LONGEST_SAMPLE]


def _written(value: Any) -> str | None:
    return None if value is None else text_of(value)
