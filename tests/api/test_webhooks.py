"""Webhooks as partners and staff manage them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from domain.events import positions
from domain.events.cursor import cursor_of
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, codes, gid
from tests.receiving import Receiver, receiver, says
from tests.webhooking import Scene, scene

ENDPOINT = """id url eventTypes selection contactEmails mailFallback state disabledReason rotationEndsAt
  attempts retrySeconds failedInARow organization { id } entity { id }"""
CREATE = f"""mutation($input: CreateWebhookEndpointInput!) {{ createWebhookEndpoint(input: $input) {{
  webhookEndpoint {{ {ENDPOINT} }} secret userErrors {{ code field message }} }} }}"""
UPDATE = f"""mutation($input: UpdateWebhookEndpointInput!) {{ updateWebhookEndpoint(input: $input) {{
  webhookEndpoint {{ {ENDPOINT} }} userErrors {{ code field }} }} }}"""
ROTATE = f"""mutation($id: ID!, $until: DateTime) {{ rotateWebhookSecret(id: $id, previousValidUntil: $until) {{
  webhookEndpoint {{ {ENDPOINT} }} secret userErrors {{ code field }} }} }}"""
CHANGE = f"""mutation($id: ID!) {{ %s(id: $id) {{
  webhookEndpoint {{ {ENDPOINT} }} userErrors {{ code field }} }} }}"""
DELETE = "mutation($id: ID!) { deleteWebhookEndpoint(id: $id) { deletedId userErrors { code field } } }"
TEST = """mutation($id: ID!) { sendTestWebhook(endpointId: $id) {
  webhookDelivery { id test body } userErrors { code field } } }"""
AGAIN = """mutation($id: ID!) { replayWebhookDelivery(id: $id) {
  webhookDelivery { state } userErrors { code field } } }"""
REPLAY = """mutation($input: ReplayWebhookEventsInput!) { replayWebhookEvents(input: $input) {
  webhookReplay { id state examined queued delivered pending failed } userErrors { code field } } }"""
STOP = """mutation($id: ID!) { cancelWebhookReplay(id: $id) { webhookReplay { state } userErrors { code field } } }"""
LIST = f"""query($filter: WebhookEndpointFilter) {{ webhookEndpoints(filter: $filter) {{
  totalCount nodes {{ {ENDPOINT} }} }} }}"""
DELIVERIES = """query($filter: WebhookDeliveryFilter) { webhookDeliveries(filter: $filter) { totalCount nodes {
  id messageId state eventType attemptCount lastStatus lastError body nextAttemptAt deliveredAt endpoint { url }
  attempts { number status error responseBody latencyMs requestHeaders address } } } }"""
FIGURES = """query($id: ID!) { webhookEndpoint(id: $id) {
  figures { attempts succeeded successRate medianMs p95Ms }
  activity(hours: 2) { hour succeeded failed medianMs p95Ms }
  deliveries(first: 2) { totalCount nodes { state } } } }"""
PREVIEW = """query($endpoint: ID, $selection: String, $event: ID) {
  previewWebhook(endpointId: $endpoint, selection: $selection, eventId: $event) { eventId eventType body headers } }"""


@pytest.fixture
async def s(database: Database, settings: Settings) -> AsyncIterator[Scene]:
    async with scene(database, settings) as made:
        yield made


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


def ask(s: Scene, name: str) -> Asker:
    return Asker(s.database, s.settings, s.m.actors[name])


async def refusal(asker: Asker, **variables: Any) -> str:
    """The code of a preview that is refused."""
    result = await asker.execute(PREVIEW, variables)
    assert result.errors is not None
    return str(result.errors[0].original_error.code)


async def create(s: Scene, name: str = "dealer_admin", **given: Any) -> Any:
    values = {"url": "https://hooks.example.nl/chargecars", **given}
    return (await ask(s, name).ask(CREATE, input=values))["createWebhookEndpoint"]


async def test_an_endpoint_of_a_partner(s: Scene) -> None:
    made = await create(s)
    endpoint = made["webhookEndpoint"]
    assert made["secret"].startswith("whsec_")
    assert endpoint["eventTypes"][0] == "quote.sent"
    assert endpoint["selection"].startswith("event order_id: orderNumber")
    assert endpoint["organization"] == {"id": gid("Organization", s.m.dealer.id)}
    assert (endpoint["state"], endpoint["mailFallback"], endpoint["attempts"]) == ("ENABLED", True, None)
    assert len(endpoint["contactEmails"]) == 1, "the person who made it"
    listed = (await ask(s, "dealer_admin").ask(LIST))["webhookEndpoints"]
    assert listed == {"totalCount": 1, "nodes": [endpoint]}


async def test_the_secret_is_nowhere_else(s: Scene) -> None:
    made = await create(s)
    async with s.database.session(SYSTEM) as session:
        rows = await session.execute(text("SELECT to_jsonb(w)::text FROM webhook_endpoint w"))
        assert made["secret"].removeprefix("whsec_") not in "".join(rows.scalars())
        rows = await session.execute(text("SELECT to_jsonb(e)::text FROM event e WHERE type LIKE 'webhook.%'"))
        assert made["secret"].removeprefix("whsec_") not in "".join(rows.scalars())


@pytest.mark.parametrize("name", ["dealer", "staff", "customer"])
async def test_who_may_not_manage(s: Scene, name: str) -> None:
    assert await ask(s, name).error(CREATE, input={"url": "https://hooks.example.nl/"}) == "FORBIDDEN"


async def test_who_sees_whose(s: Scene) -> None:
    """A partner its own organization's, not those above or below it; staff of the entity all."""
    own, above, ours = [await create(s, name) for name in ("dealer_admin", "master_admin", "tenant_admin")]
    ids = [made["webhookEndpoint"]["id"] for made in (own, above, ours)]
    assert ours["webhookEndpoint"]["organization"] is None

    async def seen(name: str) -> list[str]:
        return [node["id"] for node in (await ask(s, name).ask(LIST))["webhookEndpoints"]["nodes"]]

    assert await seen("dealer_admin") == [ids[0]]
    assert await seen("master_admin") == [ids[1]]
    assert sorted(await seen("staff")) == sorted(ids)
    assert sorted(await seen("tenant_admin")) == sorted(ids)
    assert await ask(s, "dealer").error(LIST) == "FORBIDDEN"
    for name, id in (("dealer_admin", ids[1]), ("master_admin", ids[0])):
        for document in (CHANGE % "disableWebhookEndpoint", ROTATE, DELETE):
            [answer] = (await ask(s, name).ask(document, id=id)).values()
            assert codes(answer) == [("NOT_FOUND", ["id"])]
        answer = (await ask(s, name).ask(TEST, id=id))["sendTestWebhook"]
        assert codes(answer) == [("NOT_FOUND", ["endpointId"])]


async def test_a_partner_makes_none_for_others(s: Scene) -> None:
    for other in (s.m.dealer, s.m.master):
        by = "master_admin" if other is s.m.dealer else "dealer_admin"
        made = await create(s, by, organizationId=gid("Organization", other.id))
        assert codes(made) == [("NOT_FOUND", ["organizationId"])]
    made = await create(s, "tenant_admin", organizationId=gid("Organization", s.m.dealer.id))
    assert made["webhookEndpoint"]["organization"] == {"id": gid("Organization", s.m.dealer.id)}


async def test_every_fault_is_named_at_once(database: Database, settings: Settings) -> None:
    async with scene(database, settings, webhook_local_targets=False) as s:
        made = await create(
            s,
            url="http://10.0.0.1/",
            eventTypes=["order.held", "order.exploded"],
            selection="orderNumber nonsense",
            contactEmails=["nobody"],
            attempts=21,
            retrySeconds=0,
        )
    assert made["webhookEndpoint"] is None
    assert made["secret"] is None
    assert sorted(codes(made)) == [
        ("INVALID_EMAIL", ["contactEmails", "0"]),
        ("OUT_OF_RANGE", ["attempts"]),
        ("OUT_OF_RANGE", ["retrySeconds"]),
        ("SELECTION_INVALID", ["selection"]),
        ("UNKNOWN_EVENT_TYPE", ["eventTypes", "1"]),
        ("WEBHOOK_URL_INVALID", ["url"]),
    ]


@pytest.mark.parametrize(
    ("selection", "where"),
    [
        ("orderNumber\n  nonsense", "regel 2, kolom 3"),
        ("orderNumber } orders { nodes { id }", "regel 1"),
        ("orderNumber } } query Other { orders { nodes { id } }", "regel 1"),
        ("...F } fragment F on WebhookPayload { orderNumber", "regel 1"),
        ("order", "regel 1"),
        ("orderNumber(", "regel 2"),
        ("{", "regel 1"),
        ("order { lines { id } } order(id: 1) { id }", "regel 1"),
        ("details(first: $x)", "regel 1"),
        ("order { " + "quote { order { " * 10 + "id" + " } }" * 10 + " }", "regel 1"),
        (" ".join(f"a{n}: orderNumber" for n in range(60)), "regel 1"),
        ("order { timeline(first: 250) { nodes { entity { brands { name } } } } }", "at most 10000"),
    ],
)
async def test_selections_that_are_refused(s: Scene, selection: str, where: str) -> None:
    made = await create(s, selection=selection)
    assert codes(made) == [("SELECTION_INVALID", ["selection"])]
    assert where in made["userErrors"][0]["message"]


async def test_changing_an_endpoint(s: Scene) -> None:
    id = (await create(s, retrySeconds=30))["webhookEndpoint"]["id"]
    partner = ask(s, "dealer_admin")

    async def change(**given: Any) -> Any:
        return (await partner.ask(UPDATE, input={"id": id, **given}))["updateWebhookEndpoint"]

    changed = (await change(url="https://other.example.nl/", eventTypes=["order.*"], retrySeconds=None))[
        "webhookEndpoint"
    ]
    assert (changed["url"], changed["eventTypes"]) == ("https://other.example.nl/", ["order.*"])
    assert changed["retrySeconds"] is None
    assert changed["contactEmails"], "what is left out stays"
    assert codes(await change(url=None)) == [("REQUIRED", ["url"])]
    assert codes(await change(mailFallback=None)) == [("REQUIRED", ["mailFallback"])]
    assert codes(await change(retrySeconds=3000, retryLongestSeconds=60)) == [("OUT_OF_RANGE", ["retrySeconds"])]


async def test_rotating_a_secret(s: Scene) -> None:
    made = await create(s)
    id, partner = made["webhookEndpoint"]["id"], ask(s, "dealer_admin")
    rotated = (await partner.ask(ROTATE, id=id))["rotateWebhookSecret"]
    until = datetime.fromisoformat(rotated["webhookEndpoint"]["rotationEndsAt"])
    assert rotated["secret"] != made["secret"]
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(days=1)
    stolen = (await partner.ask(ROTATE, id=id, until=datetime.now(UTC).isoformat()))["rotateWebhookSecret"]
    assert stolen["webhookEndpoint"]["rotationEndsAt"] is None
    late = (datetime.now(UTC) + timedelta(days=31)).isoformat()
    refused = (await partner.ask(ROTATE, id=id, until=late))["rotateWebhookSecret"]
    assert codes(refused) == [("OUT_OF_RANGE", ["previousValidUntil"])]


async def test_requests_during_a_rotation_carry_both_signatures(s: Scene, there: Receiver) -> None:
    made = await create(s, url=there.url)
    id, partner = made["webhookEndpoint"]["id"], ask(s, "dealer_admin")
    rotated = (await partner.ask(ROTATE, id=id))["rotateWebhookSecret"]
    await partner.ask(TEST, id=id)
    await s.deliverer.drain()
    [got] = there.got
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(got.body, got.headers)


async def test_disabling_enabling_deleting(s: Scene) -> None:
    id, partner = (await create(s))["webhookEndpoint"]["id"], ask(s, "dealer_admin")
    off = (await partner.ask(CHANGE % "disableWebhookEndpoint", id=id))["disableWebhookEndpoint"]["webhookEndpoint"]
    assert (off["state"], off["disabledReason"]) == ("DISABLED", "MANUAL")
    refused = (await partner.ask(TEST, id=id))["sendTestWebhook"]
    assert codes(refused) == [("WEBHOOK_ENDPOINT_DISABLED", ["endpointId"])]
    on = (await partner.ask(CHANGE % "enableWebhookEndpoint", id=id))["enableWebhookEndpoint"]["webhookEndpoint"]
    assert (on["state"], on["disabledReason"]) == ("ENABLED", None)
    assert (await partner.ask(DELETE, id=id))["deleteWebhookEndpoint"] == {"deletedId": id, "userErrors": []}
    assert (await partner.ask(LIST))["webhookEndpoints"]["totalCount"] == 0
    assert codes((await partner.ask(DELETE, id=id))["deleteWebhookEndpoint"]) == [("NOT_FOUND", ["id"])]


async def test_so_many_and_no_more(s: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.webhooks.service.MOST_ENDPOINTS", 1)
    await create(s)
    assert codes(await create(s)) == [("TOO_MANY_ENDPOINTS", [])]


async def test_deliveries_with_their_attempts(s: Scene, there: Receiver) -> None:
    there.answers = [says("500 No", b"oops")]
    await s.endpoint(there.url, event_types=["order.held", "order.resumed"], contact_emails=[])
    order_id, other = await s.m.ordered(), await s.m.ordered()
    await s.hold(order_id)
    await s.run()
    await s.hold(other)
    await s.run()

    async def found(name: str, **filter: Any) -> Any:
        return (await ask(s, name).ask(DELIVERIES, filter=filter))["webhookDeliveries"]

    for name in ("dealer_admin", "staff"):
        assert (await found(name))["totalCount"] == 2
    assert (await found("master_admin"))["totalCount"] == 0
    [failed] = (await found("dealer_admin", state={"eq": "PENDING"}))["nodes"]
    [attempt] = failed["attempts"]
    assert (attempt["number"], attempt["status"], attempt["error"]) == (1, 500, "STATUS")
    assert (attempt["responseBody"], attempt["address"]) == ("oops", "127.0.0.1")
    assert attempt["requestHeaders"]["webhook-id"] == failed["messageId"]
    assert failed["nextAttemptAt"] is not None
    [arrived] = (await found("dealer_admin", subjectId=gid("Order", other)))["nodes"]
    assert (arrived["state"], arrived["nextAttemptAt"]) == ("DELIVERED", None)
    assert (await found("dealer_admin", eventType={"eq": "order.resumed"}))["totalCount"] == 0
    assert (await found("dealer_admin", eventAt={"lt": "2020-01-01T00:00:00Z"}))["totalCount"] == 0
    assert (await found("dealer_admin", lastError={"eq": "STATUS"}))["totalCount"] == 1


async def test_figures_hour_by_hour(s: Scene, there: Receiver) -> None:
    there.answers = [says("500 No")]
    endpoint = await s.endpoint(there.url, event_types=["order.held"], contact_emails=[], attempts=1)
    for _ in range(4):
        await s.hold(await s.m.ordered())
        await s.run()
    shown = (await ask(s, "dealer_admin").ask(FIGURES, id=gid("WebhookEndpoint", endpoint.id)))["webhookEndpoint"]
    assert (shown["figures"]["attempts"], shown["figures"]["succeeded"]) == (4, 3)
    assert shown["figures"]["successRate"] == pytest.approx(0.75)
    assert shown["figures"]["p95Ms"] >= shown["figures"]["medianMs"] >= 0
    assert sum(hour["succeeded"] for hour in shown["activity"]) == 3
    assert sum(hour["failed"] for hour in shown["activity"]) == 1
    assert shown["deliveries"]["totalCount"] == 4


async def test_replaying(s: Scene, there: Receiver) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.held", "order.resumed"])
    async with s.database.session(SYSTEM) as session:
        before = cursor_of(await positions.newest(session))
    order_id = await s.m.ordered()
    await s.hold(order_id)
    await s.resume(order_id)
    await s.run()
    partner, id = ask(s, "dealer_admin"), gid("WebhookEndpoint", endpoint.id)
    [first, *_] = (await partner.ask(DELIVERIES))["webhookDeliveries"]["nodes"]
    again = (await partner.ask(AGAIN, id=first["id"]))["replayWebhookDelivery"]
    assert again == {"webhookDelivery": {"state": "PENDING"}, "userErrors": []}
    await s.deliverer.drain()
    assert len(there.got) == 3
    started = (await partner.ask(REPLAY, input={"endpointId": id, "after": before}))["replayWebhookEvents"]
    assert started["webhookReplay"]["state"] == "RUNNING"
    twice = (await partner.ask(REPLAY, input={"endpointId": id, "after": before}))["replayWebhookEvents"]
    assert codes(twice) == [("REPLAY_RUNNING", ["endpointId"])]
    await s.deliverer.drain()
    assert len(there.got) == 5
    document = "query($id: ID!) { webhookReplay(id: $id) { state examined queued delivered pending failed } }"
    done = (await partner.ask(document, id=started["webhookReplay"]["id"]))["webhookReplay"]
    assert done == {"state": "DONE", "examined": 2, "queued": 2, "delivered": 2, "pending": 0, "failed": 0}


async def test_ranges_that_are_none(s: Scene) -> None:
    endpoint = await s.endpoint("https://hooks.example.nl/")
    partner, id = ask(s, "dealer_admin"), gid("WebhookEndpoint", endpoint.id)

    async def refused(**given: Any) -> Any:
        return codes((await partner.ask(REPLAY, input={"endpointId": id, **given}))["replayWebhookEvents"])

    now = datetime.now(UTC)
    assert await refused() == [("REPLAY_RANGE_INVALID", ["since"])]
    assert await refused(after="nonsense") == [("REPLAY_RANGE_INVALID", ["after"])]
    both = {"after": cursor_of(0), "since": now.isoformat()}
    assert await refused(**both) == [("REPLAY_RANGE_INVALID", ["since"])]
    backwards = {"since": now.isoformat(), "until": (now - timedelta(days=1)).isoformat()}
    assert await refused(**backwards) == [("REPLAY_RANGE_INVALID", ["until"])]


async def test_stopping_a_replay(s: Scene) -> None:
    endpoint = await s.endpoint("https://hooks.example.nl/")
    partner, id = ask(s, "dealer_admin"), gid("WebhookEndpoint", endpoint.id)
    started = (await partner.ask(REPLAY, input={"endpointId": id, "after": cursor_of(0)}))["replayWebhookEvents"]
    replay = started["webhookReplay"]["id"]
    assert codes((await ask(s, "master_admin").ask(STOP, id=replay))["cancelWebhookReplay"]) == [("NOT_FOUND", ["id"])]
    stopped = (await partner.ask(STOP, id=replay))["cancelWebhookReplay"]
    assert stopped["webhookReplay"] == {"state": "CANCELLED"}


async def test_a_preview_sends_nothing(s: Scene, there: Receiver) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.held"])
    partner, id = ask(s, "dealer_admin"), gid("WebhookEndpoint", endpoint.id)
    assert await refusal(partner, endpoint=id) == "NOTHING_TO_PREVIEW"
    order_id = await s.m.ordered(partner_order_id="P-9")
    await s.hold(order_id)
    shown = (await partner.ask(PREVIEW, endpoint=id))["previewWebhook"]
    assert '"partner_order_id":"P-9"' in shown["body"]
    assert shown["headers"]["chargecars-event"] == "order.held" == shown["eventType"]
    assert shown["headers"]["webhook-signature"] == "v1,…", "nothing that a receiver would believe"
    tried = (await partner.ask(PREVIEW, selection="n: orderNumber", event=shown["eventId"]))["previewWebhook"]
    assert tried["body"].startswith('{"n":"')
    assert await refusal(partner, endpoint=id, selection="nonsense") == "SELECTION_INVALID"
    await s.deliverer.drain()
    assert there.got == []


async def test_a_preview_shows_what_the_owner_sees(s: Scene) -> None:
    """Staff look at a partner's endpoint with the partner's eyes; an event that is not the partner's is not there."""
    endpoint = await s.endpoint("https://hooks.example.nl/", event_types=["order.*"])
    elsewhere = await s.m.ordered(partner=False)
    await s.hold(elsewhere)
    document = "query($id: ID!) { events(filter: {subjectId: $id}) { nodes { id } } }"
    staff = ask(s, "staff")
    event = (await staff.ask(document, id=gid("Order", elsewhere)))["events"]["nodes"][0]["id"]
    given = {"endpoint": gid("WebhookEndpoint", endpoint.id), "event": event}
    assert await refusal(staff, **given) == "NOT_FOUND"
    assert await refusal(ask(s, "dealer_admin"), event=event) == "NOT_FOUND"
    await s.hold(await s.m.ordered())
    shown = (await staff.ask(PREVIEW, endpoint=given["endpoint"], selection="order { __typename }"))["previewWebhook"]
    assert shown["body"] == '{"order":{"__typename":"PartnerOrder"}}'


async def test_a_test_without_any_event_is_a_sample(s: Scene, there: Receiver) -> None:
    made = await create(s, url=there.url)
    sent = (await ask(s, "dealer_admin").ask(TEST, id=made["webhookEndpoint"]["id"]))["sendTestWebhook"]
    assert sent["webhookDelivery"]["test"] is True
    await s.deliverer.drain()
    [got] = there.got
    assert got.json["partner_order_id"] == "TEST-000000"
    assert Webhook(made["secret"]).verify(got.body, got.headers)


async def test_the_types_that_can_be_subscribed_to(s: Scene) -> None:
    partner = (await ask(s, "dealer_admin").ask("{ webhookEventTypes }"))["webhookEventTypes"]
    staff = (await ask(s, "staff").ask("{ webhookEventTypes }"))["webhookEventTypes"]
    assert "order.stage_changed" in partner
    assert "quote.created" not in partner
    assert set(partner) < set(staff)
    assert not [name for name in staff if name.startswith("webhook.")]


async def test_what_happens_to_an_endpoint_is_on_record(s: Scene) -> None:
    made = await create(s)
    id, partner = made["webhookEndpoint"]["id"], ask(s, "dealer_admin")
    await partner.ask(ROTATE, id=id)
    await partner.ask(CHANGE % "disableWebhookEndpoint", id=id)
    document = "query($id: ID) { events(filter: {subjectId: $id}) { nodes { type } } }"
    shown = (await partner.ask(document, id=id))["events"]["nodes"]
    assert [event["type"] for event in shown] == [
        "webhook.endpoint_disabled",
        "webhook.secret_rotated",
        "webhook.endpoint_created",
    ]
    assert (await ask(s, "master_admin").ask(document, id=id))["events"]["nodes"] == []


async def test_an_endpoint_of_the_platform_needs_its_entity(s: Scene) -> None:
    async with s.database.session(SYSTEM) as session:
        admin = await factories.actor_with(session, SYSTEM.role)
    platform = Asker(s.database, s.settings, admin)
    given = {"url": "https://hooks.example.nl/"}
    assert codes((await platform.ask(CREATE, input=given))["createWebhookEndpoint"]) == [("REQUIRED", ["entityId"])]
    whole = {**given, "entityId": gid("BusinessEntity", s.m.entity.id)}
    made = (await platform.ask(CREATE, input=whole))["createWebhookEndpoint"]
    assert made["webhookEndpoint"]["entity"] == {"id": whole["entityId"]}
