"""Making and changing webhook endpoints, replaying, testing, and looking before anything is sent."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from api.context import Context, Info
from api.inputs import given, key_of, optional_key
from api.mutations import Payload, mutation
from api.reading import field, global_id, read_in
from api.webhook_payloads import Payloads
from api.webhooks import WebhookDelivery, WebhookEndpoint, WebhookReplay
from domain.errors import NotFound, Required
from domain.events.models import EventPosition
from domain.events.positions import Positioned, visible
from domain.webhooks import deliveries, replays, secrets, service, subscriptions
from domain.webhooks.errors import NothingToPreview
from domain.webhooks.models import WebhookEndpoint as EndpointRow
from domain.webhooks.payloads import DEFAULT_SELECTION, PayloadFailed, body_of, owner_of
from domain.webhooks.service import Here, Made
from tenants.acting import acting_as
from tenants.actor import SYSTEM, Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.permissions import Permission

_MANAGE = Permission.WEBHOOKS_MANAGE
_TYPES = "Types of events, or `subject.*`; quotes sent and signed and what happens to orders, if left out."
_SELECTION = "Fields of WebhookPayload; those of the partner document if left out."
_CONTACTS = "Who is told when deliveries fail, at most 5; you, if left out."
_FALLBACK = "Whether an update that could not be delivered is mailed to the contacts."
_POLICY = "{}; the platform's if left out."


@strawberry.input(description="A webhook endpoint to make.")
class CreateWebhookEndpointInput:
    url: str = strawberry.field(description="Where requests go: https, a public address.")
    event_types: list[str] | None = strawberry.field(default=None, description=_TYPES)
    selection: str | None = strawberry.field(default=None, description=_SELECTION)
    description: str | None = strawberry.field(default=None, description="What it is for, for people.")
    contact_emails: list[str] | None = strawberry.field(default=None, description=_CONTACTS)
    mail_fallback: bool = strawberry.field(default=True, description=_FALLBACK)
    attempts: int | None = strawberry.field(default=None, description=_POLICY.format("Attempts in all, 1 to 20"))
    retry_seconds: int | None = strawberry.field(
        default=None, description=_POLICY.format("Seconds before the second attempt, 1 to 3600")
    )
    retry_factor: float | None = strawberry.field(
        default=None, description=_POLICY.format("By how much each wait is longer, 1 to 10")
    )
    retry_longest_seconds: int | None = strawberry.field(
        default=None, description=_POLICY.format("The longest wait in seconds, at most 86400")
    )
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="The business entity; your only one if left out."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The partner it is for; a partner's own if left out, else none: it is the entity's."
    )


@strawberry.input(description="What to change of a webhook endpoint; what is left out stays.")
class UpdateWebhookEndpointInput:
    id: strawberry.ID = strawberry.field(description="The endpoint.")
    url: str | None = strawberry.field(default=strawberry.UNSET, description="Where requests go.")
    event_types: list[str] | None = strawberry.field(default=strawberry.UNSET, description=_TYPES)
    selection: str | None = strawberry.field(default=strawberry.UNSET, description=_SELECTION)
    description: str | None = strawberry.field(default=strawberry.UNSET, description="What it is for, for people.")
    contact_emails: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Who is told when deliveries fail, at most 5."
    )
    mail_fallback: bool | None = strawberry.field(default=strawberry.UNSET, description=_FALLBACK)
    attempts: int | None = strawberry.field(default=strawberry.UNSET, description="Attempts in all; null: platform's.")
    retry_seconds: int | None = strawberry.field(
        default=strawberry.UNSET, description="Seconds before the second attempt; null: the platform's."
    )
    retry_factor: float | None = strawberry.field(
        default=strawberry.UNSET, description="By how much each wait is longer; null: the platform's."
    )
    retry_longest_seconds: int | None = strawberry.field(
        default=strawberry.UNSET, description="The longest wait in seconds; null: the platform's."
    )


@strawberry.input(description="Which events to tell an endpoint again: give `after` or `since`.")
class ReplayWebhookEventsInput:
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")
    after: str | None = strawberry.field(default=None, description="Those after this cursor of the event log.")
    since: datetime | None = strawberry.field(default=None, description="Those from this time on.")
    until: datetime | None = strawberry.field(
        default=None, description="Those before this time; until now if left out."
    )
    undelivered_only: bool = strawberry.field(default=False, description="Leave out what arrived before.")


@strawberry.type(description="What createWebhookEndpoint and rotateWebhookSecret return.")
class WebhookSecretPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = strawberry.field(default=None, description="The endpoint.")
    secret: str | None = strawberry.field(
        default=None, description="The secret to check signatures with, `whsec_…`; shown this once."
    )


@strawberry.type(description="What changing a webhook endpoint returns.")
class WebhookEndpointPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = strawberry.field(default=None, description="The endpoint as it is now.")


@strawberry.type(description="What deleteWebhookEndpoint returns.")
class DeleteWebhookEndpointPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="The endpoint that is gone.")


@strawberry.type(description="What replayWebhookDelivery and sendTestWebhook return.")
class WebhookDeliveryPayload(Payload):
    webhook_delivery: WebhookDelivery | None = strawberry.field(default=None, description="The delivery, now waiting.")


@strawberry.type(description="What replayWebhookEvents and cancelWebhookReplay return.")
class WebhookReplayPayload(Payload):
    webhook_replay: WebhookReplay | None = strawberry.field(default=None, description="The replay as it is now.")


@strawberry.type(description="What an endpoint would get; nothing was sent.")
class WebhookPreview:
    event_id: strawberry.ID = strawberry.field(description="The event that it tells of.")
    event_type: str = strawberry.field(description="Its type.")
    body: str = strawberry.field(description="The JSON.")
    headers: JSON = strawberry.field(description="The headers; the signature is made when it is sent.")


EndpointId = Annotated[strawberry.ID, strawberry.argument(description="The endpoint.")]


@strawberry.type
class WebhookPreviewQueries:
    @field("What an endpoint, or a selection, would say of an event.", requires=Permission.WEBHOOKS_READ)
    async def preview_webhook(
        self,
        info: Info,
        endpoint_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The endpoint; yourself if left out.")
        ] = None,
        selection: Annotated[
            str | None, strawberry.argument(description="Fields to try; the endpoint's own if left out.")
        ] = None,
        event_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The event; the newest that it gets if left out.")
        ] = None,
    ) -> WebhookPreview:
        endpoint = await _endpoint(info.context, optional_key("WebhookEndpoint", endpoint_id, "endpointId"))
        if selection is not None:
            _payloads(info).check(selection, owner_of(endpoint.entity_id, endpoint.organization_id))
            endpoint.selection = selection
        told = await _event(info.context, endpoint, optional_key("Event", event_id, "eventId"))
        try:
            body = await body_of(_payloads(info), endpoint, told.event_id)
        except PayloadFailed as error:
            raise NotFound(field=("event_id",)) from error
        return WebhookPreview(
            event_id=strawberry.ID(global_id("Event", told.event_id)),
            event_type=told.type,
            body=body,
            headers=JSON(_headers(told)),
        )

    @field("Every type of event that an endpoint of yours can subscribe to.", requires=Permission.WEBHOOKS_READ)
    def webhook_event_types(self, info: Info) -> list[str]:
        return subscriptions.subscribable(internal=info.context.actor.audience is not Audience.PARTNER)


@strawberry.type
class WebhookMutations:
    @mutation("Makes a webhook endpoint.", requires=_MANAGE)
    async def create_webhook_endpoint(self, info: Info, input: CreateWebhookEndpointInput) -> WebhookSecretPayload:
        async with info.context.system() as session:
            made = await service.create(
                session,
                _here(info),
                info.context.actor,
                given(input, but=("entity_id", "organization_id")),
                entity_id=optional_key("BusinessEntity", input.entity_id, "entityId"),
                organization_id=optional_key("Organization", input.organization_id, "organizationId"),
            )
            return await _with_secret(info, session, made)

    @mutation("Changes a webhook endpoint.", requires=_MANAGE)
    async def update_webhook_endpoint(self, info: Info, input: UpdateWebhookEndpointInput) -> WebhookEndpointPayload:
        key, values = key_of("WebhookEndpoint", input.id), given(input, but=("id",))
        async with info.context.system() as session:
            endpoint = await service.change(session, _here(info), info.context.actor, key, values)
            return await _shown(info, session, endpoint.id)

    @mutation("Gives an endpoint a new secret; the one before signs too for a while.", requires=_MANAGE)
    async def rotate_webhook_secret(
        self,
        info: Info,
        id: EndpointId,
        previous_valid_until: Annotated[
            datetime | None, strawberry.argument(description="Until when; a day if left out, at most 30 days.")
        ] = None,
    ) -> WebhookSecretPayload:
        key = key_of("WebhookEndpoint", id)
        async with info.context.system() as session:
            made = await service.rotate(session, _here(info), info.context.actor, key, previous_valid_until)
            return await _with_secret(info, session, made)

    @mutation("Lets an endpoint get events again; what it missed is replayed on demand.", requires=_MANAGE)
    async def enable_webhook_endpoint(self, info: Info, id: EndpointId) -> WebhookEndpointPayload:
        async with info.context.system() as session:
            endpoint = await service.enable(session, info.context.actor, key_of("WebhookEndpoint", id))
            return await _shown(info, session, endpoint.id)

    @mutation("Lets an endpoint get nothing; what waits is skipped.", requires=_MANAGE)
    async def disable_webhook_endpoint(self, info: Info, id: EndpointId) -> WebhookEndpointPayload:
        async with info.context.system() as session:
            endpoint = await service.disable(session, info.context.actor, key_of("WebhookEndpoint", id))
            return await _shown(info, session, endpoint.id)

    @mutation("Deletes an endpoint and its secrets; its deliveries stay for a while.", requires=_MANAGE)
    async def delete_webhook_endpoint(self, info: Info, id: EndpointId) -> DeleteWebhookEndpointPayload:
        async with info.context.system() as session:
            await service.delete(session, info.context.actor, key_of("WebhookEndpoint", id))
        return DeleteWebhookEndpointPayload(deleted_id=id)

    @mutation("Sends a delivery again, with the same id and payload.", requires=_MANAGE)
    async def replay_webhook_delivery(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The delivery.")]
    ) -> WebhookDeliveryPayload:
        async with info.context.system() as session:
            delivery = await replays.replay_one(session, info.context.actor, key_of("WebhookDelivery", id))
            return await _delivery(info, session, delivery.id)

    @mutation("Tells an endpoint the events of a range, again or for the first time.", requires=_MANAGE)
    async def replay_webhook_events(self, info: Info, input: ReplayWebhookEventsInput) -> WebhookReplayPayload:
        key = key_of("WebhookEndpoint", input.endpoint_id, "endpointId")
        asked = replays.Range(input.after, input.since, input.until, input.undelivered_only)
        async with info.context.system() as session:
            return await _replay(info, session, await replays.start(session, info.context.actor, key, asked))

    @mutation("Stops a replay; what it has queued is sent.", requires=_MANAGE)
    async def cancel_webhook_replay(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The replay.")]
    ) -> WebhookReplayPayload:
        async with info.context.system() as session:
            return await _replay(
                info, session, await replays.cancel(session, info.context.actor, key_of("WebhookReplay", id))
            )

    @mutation("Sends an endpoint one test: the newest event that it gets, else a sample.", requires=_MANAGE)
    async def send_test_webhook(self, info: Info, endpoint_id: EndpointId) -> WebhookDeliveryPayload:
        key = key_of("WebhookEndpoint", endpoint_id, "endpointId")
        async with info.context.system() as session:
            endpoint = await service.mine(session, info.context.actor, key, field=("endpoint_id",))
            told = await deliveries.newest_for(session, endpoint)
            body = await _test_body(info, endpoint, told)
            made = await deliveries.create_test(session, endpoint, body, told)
            return await _delivery(info, session, made.id)


def _payloads(info: Info) -> Payloads:
    return Payloads(info.schema, info.context.database, info.context.settings)


def _here(info: Info) -> Here:
    return Here(info.context.settings, _payloads(info))


async def _with_secret(info: Info, session: AsyncSession, made: Made) -> WebhookSecretPayload:
    async with acting_as(session, info.context.actor):
        shown = await read_in(session, info, "webhook_endpoint", made.endpoint.id)
    return WebhookSecretPayload(webhook_endpoint=shown, secret=made.secret)


async def _shown(info: Info, session: AsyncSession, id: UUID) -> WebhookEndpointPayload:
    async with acting_as(session, info.context.actor):
        return WebhookEndpointPayload(webhook_endpoint=await read_in(session, info, "webhook_endpoint", id))


async def _delivery(info: Info, session: AsyncSession, id: UUID) -> WebhookDeliveryPayload:
    async with acting_as(session, info.context.actor):
        return WebhookDeliveryPayload(webhook_delivery=await read_in(session, info, "webhook_delivery", id))


async def _replay(info: Info, session: AsyncSession, replay: Any) -> WebhookReplayPayload:
    async with acting_as(session, info.context.actor):
        return WebhookReplayPayload(webhook_replay=await read_in(session, info, "webhook_replay", replay.id))


async def _test_body(info: Info, endpoint: EndpointRow, told: Positioned | None) -> str:
    if told is None:
        return deliveries.sample()
    try:
        return await body_of(_payloads(info), endpoint, told.event_id)
    except PayloadFailed:
        return deliveries.sample()


async def _endpoint(context: Context, id: UUID | None) -> EndpointRow:
    """The endpoint, or one that is not kept: of the caller's own organization or entity."""
    if id is None:
        return _imagined(context.actor)
    async with context.database.session(SYSTEM) as session:
        found = await service.mine(session, context.actor, id, field=("endpoint_id",))
        session.expunge(found)
        return found


def _imagined(actor: Actor) -> EndpointRow:
    if len(actor.entity_ids) != 1:
        raise Required(field=("endpoint_id",))
    return EndpointRow(
        entity_id=actor.entity_ids[0],
        organization_id=actor.organization_id,
        event_types=[subscriptions.EVERYTHING],
        selection=DEFAULT_SELECTION,
    )


async def _event(context: Context, endpoint: EndpointRow, id: UUID | None) -> Positioned:
    async with context.database.session(SYSTEM) as session:
        if id is None:
            found = await deliveries.newest_for(session, endpoint)
            if found is None:
                raise NothingToPreview()
            return found
        owner = owner_of(endpoint.entity_id, endpoint.organization_id)
        async with acting_as(session, owner):
            row = (await session.execute(visible(owner).where(EventPosition.event_id == id))).first()
    if row is None:
        raise NotFound(field=("event_id",))
    return Positioned(*row)


def _headers(told: Positioned) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": secrets.AGENT,
        "webhook-id": "msg_…",
        "webhook-timestamp": str(int(clock.now().timestamp())),
        "webhook-signature": "v1,…",
        "chargecars-event": told.type,
    }
