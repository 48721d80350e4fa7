"""The webhook tester: any event as a sample, the request and the answer, and why a signature does not fit."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.webhooks import secrets
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import Asker, codes, gid
from tests.receiving import receiver
from tests.webhooking import Scene, scene

TEST = """mutation($id: ID!, $type: String!) { testWebhook(endpointId: $id, eventType: $type) {
  real webhookDelivery { id eventType test body } userErrors { code field } } }"""
DELIVERY = """query($id: ID!) { webhookDelivery(id: $id) { state messageId
  attempts { status requestHeaders responseBody } } }"""
CHECK = """query($id: ID!, $received: ReceivedWebhookInput!) {
  checkWebhookSignature(endpointId: $id, received: $received) { genuine problems } }"""


@pytest.fixture
async def s(database: Database, settings: Settings) -> AsyncIterator[Scene]:
    async with scene(database, settings) as made:
        yield made


def ask(s: Scene, name: str = "dealer_admin") -> Asker:
    return Asker(s.database, s.settings, s.m.actors[name])


async def test_any_event_is_sent_as_a_sample_and_shows_request_and_answer(s: Scene) -> None:
    async with receiver() as there:
        endpoint = await s.endpoint(there.url, event_types=["order.held"])
        id = gid("WebhookEndpoint", endpoint.id)
        tested = (await ask(s).ask(TEST, id=id, type="quote.signed"))["testWebhook"]
        assert (tested["real"], tested["userErrors"]) == (False, [])
        made = tested["webhookDelivery"]
        assert (made["eventType"], made["test"]) == ("quote.signed", True)
        assert json.loads(made["body"])["status"] == "customer_approved"
        await s.deliverer.drain()
        shown = (await ask(s).ask(DELIVERY, id=made["id"]))["webhookDelivery"]
        [attempt] = shown["attempts"]
        assert (shown["state"], attempt["status"]) == ("DELIVERED", 204)
        assert attempt["requestHeaders"]["chargecars-event"] == "quote.signed"
        received = there.got[-1]
        given = {
            "webhookId": received.headers["webhook-id"],
            "webhookTimestamp": received.headers["webhook-timestamp"],
            "webhookSignature": received.headers["webhook-signature"],
            "body": received.body,
        }
        assert await verdict(s, id, given) == (True, [])
        rewritten = json.dumps(json.loads(given["body"]), indent=2)
        assert await verdict(s, id, given | {"body": rewritten}) == (False, ["BODY_REWRITTEN"])
        changed = given["body"].replace("customer_approved", "completed")
        assert await verdict(s, id, given | {"body": changed}) == (False, ["BODY_CHANGED"])
        assert await verdict(s, id, given | {"webhookId": "msg_1"}) == (False, ["UNKNOWN_ID"])
        other = given | {"webhookSignature": "v1," + "A" * 43 + "="}
        assert await verdict(s, id, other) == (False, ["NOT_SIGNED_BY_US"])
        malformed = given | {"webhookSignature": "sha256=1", "webhookTimestamp": "yesterday"}
        assert set((await verdict(s, id, malformed))[1]) >= {"SIGNATURE_MALFORMED", "TIMESTAMP_MALFORMED"}


async def test_an_event_that_happened_is_told_as_it_was(s: Scene) -> None:
    order_id = await s.m.ordered()
    assert order_id
    endpoint = await s.endpoint("https://hooks.example.nl/", event_types=["order.held"])
    tested = (await ask(s).ask(TEST, id=gid("WebhookEndpoint", endpoint.id), type="order.received"))["testWebhook"]
    assert tested["real"] is True
    assert json.loads(tested["webhookDelivery"]["body"])["order_id"] is not None


async def test_a_time_that_is_off_is_said_though_the_signature_fits(s: Scene) -> None:
    endpoint = await s.endpoint("https://hooks.example.nl/")
    for late, problem in ((timedelta(minutes=6), "TOO_OLD"), (-timedelta(minutes=6), "FROM_THE_FUTURE")):
        headers = secrets.signatures("msg_1", "{}", [s.secrets[endpoint.id]], datetime.now(UTC) - late)
        given = {
            "webhookId": "msg_1",
            "webhookTimestamp": headers["webhook-timestamp"],
            "webhookSignature": headers["webhook-signature"],
            "body": "{}",
        }
        assert await verdict(s, gid("WebhookEndpoint", endpoint.id), given) == (False, [problem])


async def test_others_test_nothing_and_no_type_is_made_up(s: Scene) -> None:
    endpoint = await s.endpoint("https://hooks.example.nl/")
    id = gid("WebhookEndpoint", endpoint.id)
    refused = (await ask(s, "master_admin").ask(TEST, id=id, type="order.held"))["testWebhook"]
    assert codes(refused) == [("NOT_FOUND", ["endpointId"])]
    for type in ("order.exploded", "webhook.endpoint_created"):
        refused = (await ask(s).ask(TEST, id=id, type=type))["testWebhook"]
        assert codes(refused) == [("UNKNOWN_EVENT_TYPE", ["eventType"])]


async def verdict(s: Scene, id: str, given: dict[str, Any]) -> tuple[bool, list[str]]:
    found = (await ask(s).ask(CHECK, id=id, received=given))["checkWebhookSignature"]
    return found["genuine"], found["problems"]
