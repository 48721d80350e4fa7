"""What is done with orders of partners: sending one, dealing with what waits, taking one back, the integration."""

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Context, Info
from api.inputs import given, key_of, optional_key
from api.lead_changes import LeadAddressInput
from api.locating import locator_of
from api.mutations import Payload, mutation
from api.partner_orders import PartnerIntegration, PartnerOrderException, SubmittedPartnerOrder
from api.reading import read_in
from domain.contacts.addresses import AddressDetails, located
from domain.contacts.models import Contact as ContactRow
from domain.errors import Required
from domain.partner_orders import cancelling, changing, exceptions, integration, resolving
from domain.partner_orders.document import parse
from domain.partner_orders.errors import OneWayToResolve
from domain.partner_orders.models import PartnerIntegration as IntegrationRow
from domain.partner_orders.models import PartnerOrder as OrderRow
from domain.partner_orders.models import Way
from domain.partner_orders.receipt import Receipt
from domain.partner_orders.submit import prepare, submit
from tenants.acting import acting_as
from tenants.permissions import Permission

_SUBMIT, _RESOLVE = Permission.PARTNER_ORDERS_SUBMIT, Permission.PARTNER_ORDERS_RESOLVE
_MANAGE = Permission.INTEGRATIONS_MANAGE


@strawberry.input(description="Where the work is done, as it is given; what cannot be verified is kept and flagged.")
class PartnerOrderAddressInput:
    postal_code: str | None = strawberry.field(default=None, description="Postcode; required.")
    street: str | None = strawberry.field(default=None, description="Street.")
    house_number: str | None = strawberry.field(default=None, description="House number, with its addition.")
    city: str | None = strawberry.field(default=None, description="Place.")


@strawberry.input(description="Who gets the work done.")
class PartnerOrderCustomerInput:
    name: str | None = strawberry.field(default=None, description="Full name; required.")
    email: str | None = strawberry.field(default=None, description="E-mail address; required.")
    phone: str | None = strawberry.field(default=None, description="Telephone number; required.")
    address: PartnerOrderAddressInput | None = strawberry.field(default=None, description="The address; required.")


@strawberry.input(description="One wanted product.")
class PartnerOrderProductInput:
    partner_sku: str | None = strawberry.field(default=None, description="The partner's article number.")
    quantity: Decimal | None = strawberry.field(default=None, description="How many; 1 if left out.")
    description: str | None = strawberry.field(default=None, description="In words.")


@strawberry.input(description="What the customer would like of the installation.")
class PartnerOrderPreferencesInput:
    preferred_date: date | None = strawberry.field(default=None, description="Preferred day.")
    notes: str | None = strawberry.field(default=None, description="Anything else.")


@strawberry.input(description="The partner's own references.")
class PartnerOrderReferencesInput:
    dealer_group_id: str | None = strawberry.field(default=None, description="Dealer group.")
    purchase_order: str | None = strawberry.field(default=None, description="Number of the purchase order.")
    customer_account: str | None = strawberry.field(default=None, description="The customer's account.")


@strawberry.input(description="An order of a partner: the document of `POST /partners/{partner_id}/orders`.")
class SubmitPartnerOrderInput:
    partner_order_id: str | None = strawberry.field(
        default=None, description="The partner's own number; required. A known one returns its first order."
    )
    customer: PartnerOrderCustomerInput | None = strawberry.field(default=None, description="The customer; required.")
    products: list[PartnerOrderProductInput] = strawberry.field(default_factory=list, description="What is wanted.")
    installation_preferences: PartnerOrderPreferencesInput | None = strawberry.field(
        default=None, description="Wishes."
    )
    partner_references: PartnerOrderReferencesInput | None = strawberry.field(
        default=None, description="The partner's own references."
    )
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="To whom; your only business entity if left out."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="Partners: your organization or one below it. Staff: the partner it is of."
    )


@strawberry.type(description="That an order was taken in, and what it became.")
class PartnerOrderReceipt:
    partner_order_id: str = strawberry.field(description="The partner's own number.")
    order_number: str | None = strawberry.field(description="Number of the order; null while it is a quote or waits.")
    quote_number: str | None = strawberry.field(description="Number of the quote; null while none can be made.")
    status: str = strawberry.field(description="`received`.")
    estimated_processing_minutes: int = strawberry.field(description="How long processing takes.")
    repeated: bool = strawberry.field(description="Whether the number was known: then this is the first order.")


@strawberry.type(description="What submitPartnerOrder returns.")
class SubmitPartnerOrderPayload(Payload):
    receipt: PartnerOrderReceipt | None = strawberry.field(default=None, description="What the partner is answered.")
    partner_order: SubmittedPartnerOrder | None = strawberry.field(default=None, description="The order.")


@strawberry.input(description="How an item of the queue was dealt with: exactly one of these.")
class ResolvePartnerOrderExceptionInput:
    id: strawberry.ID = strawberry.field(description="The item.")
    resolution: str | None = strawberry.field(default=None, description="In words, at most 1000 characters.")
    article_id: strawberry.ID | None = strawberry.field(
        default=None, description="An unknown product of this one order stands for this article."
    )
    quantity: Decimal | None = strawberry.field(
        default=None, description="How many of the article one of the product is; 1 if left out."
    )
    address: LeadAddressInput | None = strawberry.field(
        default=None, description="The right address: the quote is offered anew at it, an order is moved."
    )


@strawberry.type(description="What dealing with an item of the queue returns.")
class PartnerOrderExceptionPayload(Payload):
    partner_order_exception: PartnerOrderException | None = strawberry.field(
        default=None, description="The item as it is now."
    )


@strawberry.type(description="What retryPartnerOrder and cancelPartnerOrder return.")
class PartnerOrderPayload(Payload):
    partner_order: SubmittedPartnerOrder | None = strawberry.field(default=None, description="The order as it is now.")


@strawberry.input(description="What to change of an integration; what is left out stays.")
class UpdatePartnerIntegrationInput:
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose; a partner's own if left out."
    )
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="With which business entity; your only one if left out."
    )
    revision: int | None = strawberry.field(default=None, description="The revision that you changed, if it matters.")
    signature_required: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether requests have to be signed; only staff does without again."
    )
    allowed_addresses: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Networks in CIDR notation; empty: from anywhere. At most 50."
    )
    requests_per_minute: int | None = strawberry.field(
        default=strawberry.UNSET, description="Of one key, 1 to 60000; for staff."
    )
    notify_emails: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Who is told of orders that need attention, at most 10."
    )


@strawberry.type(description="What changing an integration returns.")
class PartnerIntegrationPayload(Payload):
    partner_integration: PartnerIntegration | None = strawberry.field(
        default=None, description="The integration as it is now."
    )


@strawberry.type(description="What rotatePartnerSigningSecret returns.")
class PartnerSigningSecretPayload(Payload):
    partner_integration: PartnerIntegration | None = strawberry.field(default=None, description="The integration.")
    secret: str | None = strawberry.field(
        default=None, description="The secret to sign requests with, `ccsig_…`; shown this once."
    )


OrderId = Annotated[strawberry.ID, strawberry.argument(description="The order of the partner.")]
ItemId = Annotated[strawberry.ID, strawberry.argument(description="The item.")]
IntegrationId = Annotated[strawberry.ID, strawberry.argument(description="The integration.")]
Reason = Annotated[str, strawberry.argument(description="Why, at most 1000 characters; the partner reads it.")]


@strawberry.type
class PartnerOrderMutations:
    @mutation("Sends an order of a partner; a number that is known returns its first order.", requires=_SUBMIT)
    async def submit_partner_order(self, info: Info, input: SubmitPartnerOrderInput) -> SubmitPartnerOrderPayload:
        context = info.context
        entity_id, organization_id = _for_whom(context, input)
        document = parse(_document(input))
        place = await prepare(locator_of(context), document)
        async with context.system() as session:
            await _require_unsigned(info, session, entity_id, organization_id)
            receipt = await submit(
                session,
                entity_id=entity_id,
                organization_id=organization_id,
                document=document,
                located=place,
                way=Way.PORTAL if context.actor.user_id else Way.API,
                by=context.actor,
            )
            async with acting_as(session, context.actor):
                shown = await read_in(session, info, "partner_order", receipt.id)
            return SubmitPartnerOrderPayload(receipt=_receipt(receipt), partner_order=shown)

    @mutation("Deals with an item of the queue; reopenPartnerOrderException undoes it.", requires=_RESOLVE)
    async def resolve_partner_order_exception(
        self, info: Info, input: ResolvePartnerOrderExceptionInput
    ) -> PartnerOrderExceptionPayload:
        _one_way(input)
        address = await _located(info.context, input.address)
        key, actor = key_of("PartnerOrderException", input.id), info.context.actor
        async with info.context.system() as session:
            if address is not None:
                await resolving.by_address(session, actor, key, address)
            elif input.article_id:
                article = key_of("Article", input.article_id, "articleId")
                await resolving.by_article(session, actor, key, article, input.quantity or Decimal(1))
            else:
                await resolving.by_words(session, actor, key, input.resolution or "")
            return await _item(info, session, key)

    @mutation(
        "Takes an item off the queue, because nothing has to be done; reopenPartnerOrderException undoes it.",
        requires=_RESOLVE,
    )
    async def dismiss_partner_order_exception(
        self, info: Info, id: ItemId, reason: Reason
    ) -> PartnerOrderExceptionPayload:
        key = key_of("PartnerOrderException", id)
        async with info.context.system() as session:
            await resolving.seen(session, info.context.actor, key)
            await exceptions.dismiss(session, key, reason)
            return await _item(info, session, key)

    @mutation("Puts an item on the queue again; what was made of it meanwhile stays.", requires=_RESOLVE)
    async def reopen_partner_order_exception(self, info: Info, id: ItemId) -> PartnerOrderExceptionPayload:
        key = key_of("PartnerOrderException", id)
        async with info.context.system() as session:
            await resolving.seen(session, info.context.actor, key)
            await exceptions.reopen(session, key)
            return await _item(info, session, key)

    @mutation(
        "Tries again to offer what an order asks for: numbers that are mapped by now, prices that are there by now.",
        requires=_RESOLVE,
    )
    async def retry_partner_order(self, info: Info, id: OrderId) -> PartnerOrderPayload:
        async with info.context.system() as session:
            order = await resolving.by_trying(session, info.context.actor, key_of("PartnerOrder", id))
            return await _order(info, session, order.id)

    @mutation(
        "Takes an order back: the quote that was made of it is withdrawn, or the order cancelled as was agreed.",
        requires=_SUBMIT,
    )
    async def cancel_partner_order(self, info: Info, id: OrderId, reason: Reason) -> PartnerOrderPayload:
        key = key_of("PartnerOrder", id)
        async with info.context.system() as session:
            if known := await session.get(OrderRow, key):
                await _require_unsigned(info, session, known.entity_id, known.organization_id)
            order = await cancelling.cancel(session, info.context.actor, key, reason)
            return await _order(info, session, order.id)

    @mutation("Changes how a partner's systems work with a business entity. By a person.", requires=_MANAGE)
    async def update_partner_integration(
        self, info: Info, input: UpdatePartnerIntegrationInput
    ) -> PartnerIntegrationPayload:
        values = given(input, but=("organization_id", "entity_id", "revision"))
        async with info.context.system() as session:
            row = await _mine(info, session, input.organization_id, input.entity_id)
            await changing.change(session, info.context.actor, row, values, input.revision)
            return PartnerIntegrationPayload(partner_integration=await _integration(info, session, row.id))

    @mutation(
        "Gives a partner a new secret to sign its requests with; those before hold for a while. By a person.",
        requires=_MANAGE,
    )
    async def rotate_partner_signing_secret(
        self,
        info: Info,
        organization_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Whose; a partner's own if left out.")
        ] = None,
        entity_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The business entity; your only one if left out.")
        ] = None,
        previous_valid_until: Annotated[
            datetime | None, strawberry.argument(description="Until when; a day if left out, at most 30 days.")
        ] = None,
    ) -> PartnerSigningSecretPayload:
        async with info.context.system() as session:
            row = await _mine(info, session, organization_id, entity_id)
            made = await changing.rotate_secret(session, info.context.settings, row, previous_valid_until)
            shown = await _integration(info, session, row.id)
            return PartnerSigningSecretPayload(partner_integration=shown, secret=made.secret)

    @mutation("Lets a partner's orders be taken, for the first time or again. For staff.", requires=_MANAGE)
    async def activate_partner_integration(self, info: Info, id: IntegrationId) -> PartnerIntegrationPayload:
        async with info.context.system() as session:
            row = await changing.ours(session, info.context.actor, key_of("PartnerIntegration", id))
            await changing.go_live(session, row)
            return PartnerIntegrationPayload(partner_integration=await _integration(info, session, row.id))

    @mutation("Takes no orders of a partner until it is activated again. For staff.", requires=_MANAGE)
    async def suspend_partner_integration(
        self, info: Info, id: IntegrationId, reason: Reason
    ) -> PartnerIntegrationPayload:
        async with info.context.system() as session:
            row = await changing.ours(session, info.context.actor, key_of("PartnerIntegration", id))
            await changing.suspend(session, row, reason)
            return PartnerIntegrationPayload(partner_integration=await _integration(info, session, row.id))


# --- from GraphQL to the domain -----------------------------------------------------------------------------------


def _for_whom(context: Context, input: SubmitPartnerOrderInput) -> tuple[UUID, UUID]:
    actor = context.actor
    only = actor.entity_ids[0] if len(actor.entity_ids) == 1 else None
    entity_id = optional_key("BusinessEntity", input.entity_id, "entityId") or only
    organization_id = optional_key("Organization", input.organization_id, "organizationId") or actor.organization_id
    if entity_id is None:
        raise Required(field=("entity_id",))
    if organization_id is None:
        raise Required(field=("organization_id",))
    return entity_id, organization_id


def _document(input: SubmitPartnerOrderInput) -> dict[str, Any]:
    """The document as its JSON would be; what was left out is not there."""
    said: dict[str, Any] = _said(asdict(input))
    return {name: value for name, value in said.items() if name not in ("entity_id", "organization_id")}


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _said(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_said(each) for each in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value


def _one_way(input: ResolvePartnerOrderExceptionInput) -> None:
    if sum(way is not None for way in (input.resolution, input.article_id, input.address)) != 1:
        raise OneWayToResolve(field=("resolution",))


async def _located(context: Context, address: LeadAddressInput | None) -> AddressDetails | None:
    """Asks the geocoder, so it comes before the transaction."""
    return await located(locator_of(context), asdict(address), at=("address",)) if address else None


def _receipt(made: Receipt) -> PartnerOrderReceipt:
    return PartnerOrderReceipt(
        partner_order_id=made.partner_order_id,
        order_number=made.order_id,
        quote_number=made.quote_number,
        status=made.status,
        estimated_processing_minutes=made.estimated_processing_minutes,
        repeated=made.repeated,
    )


async def _require_unsigned(info: Info, session: AsyncSession, entity_id: UUID, organization_id: UUID) -> None:
    context = info.context
    async with acting_as(session, context.actor):
        seen = await session.get(ContactRow, organization_id)
        chain = list(seen.chain_organization_ids) if seen else []
    if seen is not None and entity_id in context.actor.entity_ids:
        address = context.request.ip_address
        await integration.require_unsigned(session, context.actor, address, entity_id, chain or [organization_id])


async def _mine(
    info: Info, session: AsyncSession, organization_id: strawberry.ID | None, entity_id: strawberry.ID | None
) -> IntegrationRow:
    organization = optional_key("Organization", organization_id, "organizationId")
    entity = optional_key("BusinessEntity", entity_id, "entityId")
    return await changing.mine(session, info.context.actor, organization, entity)


async def _item(info: Info, session: AsyncSession, id: UUID) -> PartnerOrderExceptionPayload:
    async with acting_as(session, info.context.actor):
        shown = await read_in(session, info, "partner_order_exception", id)
    return PartnerOrderExceptionPayload(partner_order_exception=shown)


async def _order(info: Info, session: AsyncSession, id: UUID) -> PartnerOrderPayload:
    async with acting_as(session, info.context.actor):
        return PartnerOrderPayload(partner_order=await read_in(session, info, "partner_order", id))


async def _integration(info: Info, session: AsyncSession, id: UUID) -> Any:
    async with acting_as(session, info.context.actor):
        return await read_in(session, info, "partner_integration", id)
