"""The webhook tester: any event as a sample, request and answer to look at, and help with signatures."""

from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.enums import described
from api.inputs import key_of
from api.mutations import Payload, mutation
from api.reading import field, read_in
from api.webhook_payloads import Payloads
from api.webhooks import WebhookDelivery
from domain.events.positions import Positioned
from domain.webhooks import deliveries, service, testing
from domain.webhooks.models import WebhookEndpoint
from domain.webhooks.payloads import PayloadFailed, body_of
from domain.webhooks.testing import Received, SignatureProblem
from tenants.acting import acting_as
from tenants.actor import SYSTEM
from tenants.permissions import Permission

described(
    SignatureProblem,
    "Why a signature does not fit.",
    TIMESTAMP_MALFORMED="`webhook-timestamp` is not a number of seconds.",
    TOO_OLD="The time is more than five minutes ago.",
    FROM_THE_FUTURE="The time is more than five minutes ahead.",
    SIGNATURE_MALFORMED="`webhook-signature` is not `v1,` and base64.",
    UNKNOWN_ID="No message with this `webhook-id` was sent to the endpoint.",
    BODY_REWRITTEN="It is the same JSON written otherwise: check the bytes that came, before they are parsed.",
    BODY_CHANGED="Another body was sent with this id.",
    NOT_SIGNED_BY_US="The id and the body fit, the signature does not: another secret, or another time.",
)


@strawberry.type(description="What testWebhook returns.")
class TestWebhookPayload(Payload):
    webhook_delivery: WebhookDelivery | None = strawberry.field(
        default=None, description="The test: `attempts` has the request and the answer as soon as it was sent."
    )
    real: bool = strawberry.field(
        default=False, description="Whether it tells of an event that happened; else it is made up."
    )


@strawberry.type(description="Whether a message is genuine.")
class WebhookSignatureVerdict:
    genuine: bool = strawberry.field(description="Whether it is ours, and its time near.")
    problems: list[SignatureProblem] = strawberry.field(description="What speaks against it.")


@strawberry.input(description="A message as it was received.")
class ReceivedWebhookInput:
    webhook_id: str = strawberry.field(description="The header `webhook-id`.")
    webhook_timestamp: str = strawberry.field(description="The header `webhook-timestamp`.")
    webhook_signature: str = strawberry.field(description="The header `webhook-signature`.")
    body: str = strawberry.field(description="The body, byte by byte.")


EndpointId = Annotated[strawberry.ID, strawberry.argument(description="The endpoint.")]


@strawberry.type
class WebhookTestQueries:
    @field("Why a message's signature does not fit, for whoever writes the check.", requires=Permission.WEBHOOKS_MANAGE)
    async def check_webhook_signature(
        self,
        info: Info,
        endpoint_id: EndpointId,
        received: Annotated[ReceivedWebhookInput, strawberry.argument(description="What came.")],
    ) -> WebhookSignatureVerdict:
        context, key = info.context, key_of("WebhookEndpoint", endpoint_id, "endpointId")
        given = Received(received.webhook_id, received.webhook_timestamp, received.webhook_signature, received.body)
        async with context.database.session(SYSTEM) as session:
            found = await testing.check_signature(session, context.settings, context.actor, key, given)
        return WebhookSignatureVerdict(genuine=found.genuine, problems=found.problems)


@strawberry.type
class WebhookTestMutations:
    @mutation(
        "Sends an endpoint an event of a type as a test: the newest that you see, else one made up.",
        requires=Permission.WEBHOOKS_MANAGE,
    )
    async def test_webhook(
        self,
        info: Info,
        endpoint_id: EndpointId,
        event_type: Annotated[str, strawberry.argument(description="One of `webhookEventTypes`.")],
    ) -> TestWebhookPayload:
        key = key_of("WebhookEndpoint", endpoint_id, "endpointId")
        async with info.context.system() as session:
            endpoint = await service.mine(session, info.context.actor, key, field=("endpoint_id",))
            testing.check_type(endpoint, event_type)
            told = await testing.newest_of(session, endpoint, event_type)
            body, real = await _body(info, endpoint, event_type, told)
            made = await deliveries.create_test(session, endpoint, body, told)
            made.event_type = event_type
            return await _shown(info, session, made.id, real)


async def _body(info: Info, endpoint: WebhookEndpoint, type: str, told: Positioned | None) -> tuple[str, bool]:
    payloads = Payloads(info.schema, info.context.database, info.context.settings)
    if told is not None:
        try:
            return await body_of(payloads, endpoint, told.event_id), True
        except PayloadFailed:
            pass
    return testing.sample_of(type), False


async def _shown(info: Info, session: AsyncSession, id: UUID, real: bool) -> TestWebhookPayload:
    async with acting_as(session, info.context.actor):
        shown = await read_in(session, info, "webhook_delivery", id)
    return TestWebhookPayload(webhook_delivery=shown, real=real)
