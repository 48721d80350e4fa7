"""Mapped webhooks: who may send, what is kept, what becomes of it, and that mending the mapping mends the messages."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from domain.partner_orders import integration, signing
from domain.partner_orders.models import IntegrationStatus
from domain.ways_in import messages
from domain.ways_in.mapping import REQUIRED
from domain.ways_in.models import InboundMessage, MappedWebhook
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import codes
from tests.domain.partner_orders.trade import KnownPlaces
from tests.ways_in import MAPPING, Scene, message, scene
from workers import ways_in

RERUN = """mutation R($id: ID!) { rerunInboundMessage(id: $id) {
  inboundMessage { state attempts orderNumber faults { code path } mappingVersion } userErrors { code field } } }"""
SET = """mutation S($id: ID!, $mapping: JSON!, $version: Int) { setWebhookMapping(id: $id, mapping: $mapping,
  version: $version) { mappedWebhook { mappingVersion versions { version } } userErrors { code field } } }"""
MESSAGES = """{ inboundMessages { nodes { id state body faults { code path messageNl } size headers } } }"""


@pytest.fixture
async def made(database: Database, settings: Settings) -> AsyncIterator[Scene]:
    async with scene(database, settings) as found:
        yield found


async def test_a_message_of_the_partners_own_making_is_an_order_once(made: Scene) -> None:
    hook = await made.webhook()
    assert hook["userErrors"] == []
    first = await made.post(hook["secret"], message("E-7"))
    again = await made.post(hook["secret"], message("E-7"))
    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.json()["partner_order_id"], first.json()["repeated"]) == ("E-7", False)
    assert (again.json()["quote_id"], again.json()["repeated"]) == (first.json()["quote_id"], True)
    [order] = await made.orders()
    assert (order.way, order.repeated, order.submitted_by) == ("WEBHOOK", 1, "Webhook Orders")
    assert order.document["customer"]["address"] == {
        "street": "Dorpsstraat",
        "house_number": "12-A",
        "postal_code": "3511AB",
    }
    kept = await made.messages()
    assert [each.state for each in kept] == ["SUBMITTED", "SUBMITTED"]
    assert order.source_id == kept[0].id
    assert orjson.loads(kept[0].body or b"") == message("E-7")
    assert order.answered_ms is not None


async def test_who_does_not_prove_itself_leaves_nothing_but_a_count(made: Scene) -> None:
    hook = await made.webhook()
    for secret in ("", "wrong", hook["secret"] + "x"):
        answer = await made.post(secret, message())
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["code"] == "WEBHOOK_UNAUTHENTICATED"
        assert hook["secret"] not in answer.text
    assert (await made.messages(), await made.orders()) == ([], [])
    found = await made.as_("dealer_admin").ask("{ mappedWebhooks { nodes { refused lastRefusedCode } } }")
    assert found["mappedWebhooks"]["nodes"] == [{"refused": 3, "lastRefusedCode": "WEBHOOK_UNAUTHENTICATED"}]
    assert (await made.post(hook["secret"], message(), slug="other")).status_code == 404
    for path in ("nobody/webhooks/orders", "%00/webhooks/orders", f"{made.dealer_id}/webhooks/%00"):
        assert (await made.http.post(f"/partners/{path}", json={})).status_code == 404


async def test_a_signature_of_theirs_and_one_of_ours(made: Scene, settings: Settings) -> None:
    theirs = {"kind": "HMAC", "header": "X-Sign", "timestamp_header": "X-Time"}
    hook = await made.webhook(slug="theirs", authentication=theirs, secret="essent-secret-of-32-characters-!")
    assert hook["secret"] is None  # it is the sender's own
    body, stamp = orjson.dumps(message("H-1")), str(int(clock.now().timestamp()))
    signed = hmac.new(b"essent-secret-of-32-characters-!", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Sign": signed, "X-Time": stamp}
    assert (await made.post("", slug="theirs", content=body, headers=headers)).status_code == 200
    assert (await made.post("", slug="theirs", content=body + b" ", headers=headers)).status_code == 401
    await made.webhook(slug="ours", authentication={"kind": "SIGNATURE"})
    m = made.trading.market
    async with m.database.session(SYSTEM) as session:
        secret = (
            await signing.rotate(session, settings, await integration.of(session, m.entity.id, m.master.id))
        ).secret
    body = orjson.dumps(message("H-2"))
    assert (await made.post("", slug="ours", content=body)).json()["errors"][0]["code"] == "SIGNATURE_REQUIRED"
    ours = signing.sign(secret, clock.now(), body)
    assert (await made.post("", slug="ours", content=body, headers=ours)).status_code == 200


async def test_what_cannot_be_read_is_kept_queued_and_read_again_once_the_mapping_is_mended(made: Scene) -> None:
    hook = await made.webhook()
    sent = message("M-1", datum="2030/12/24")
    answer = await made.post(hook["secret"], sent)
    assert answer.status_code == 202
    [issue] = answer.json()["issues"]
    assert (issue["code"], issue["path"]) == (
        "MAPPING_VALUE_UNREADABLE",
        "$.installation_preferences.preferred_date",
    )
    [exception] = await made.exceptions()
    assert (exception.kind, exception.state) == ("MAPPING_FAILED", "OPEN")
    staff = made.as_("staff")
    [kept] = (await made.as_("dealer_admin").ask(MESSAGES))["inboundMessages"]["nodes"]
    assert orjson.loads(kept["body"]) == sent
    assert "authorization" not in kept["headers"]
    shown = (await staff.ask(RERUN, id=kept["id"]))["rerunInboundMessage"]["inboundMessage"]
    assert (shown["state"], shown["attempts"], len(await made.exceptions())) == ("FAILED", 2, 1)
    mended = orjson.loads(orjson.dumps(MAPPING))
    mended["fields"]["$.installation_preferences.preferred_date"]["formats"].append("yyyy/MM/dd")
    webhook_id = hook["mappedWebhook"]["id"]
    changed = (await made.as_("dealer_admin").ask(SET, id=webhook_id, mapping=mended, version=1))["setWebhookMapping"]
    assert changed["mappedWebhook"] == {"mappingVersion": 2, "versions": [{"version": 2}, {"version": 1}]}
    stale = (await made.as_("dealer_admin").ask(SET, id=webhook_id, mapping=MAPPING, version=1))["setWebhookMapping"]
    assert codes(stale) == [("STALE_VERSION", ["version"])]
    shown = (await staff.ask(RERUN, id=kept["id"]))["rerunInboundMessage"]["inboundMessage"]
    assert shown == {"state": "SUBMITTED", "attempts": 3, "orderNumber": "M-1", "faults": [], "mappingVersion": 2}
    assert [each.state for each in await made.exceptions()] == ["RESOLVED"]
    await staff.ask(RERUN, id=kept["id"])  # a double click
    assert len(await made.orders()) == 1


async def test_what_is_no_json_and_what_the_terms_refuse_is_kept_too(database: Database, settings: Settings) -> None:
    terms = {"terms": {"required_fields": ["$.partner_references.purchase_order"]}}
    async with scene(database, settings, agreement=terms) as made:
        hook = await made.webhook()
        broken = await made.post(hook["secret"], content=b'{"order": ')
        refused = await made.post(hook["secret"], message("T-1"))
        assert [answer.status_code for answer in (broken, refused)] == [202, 202]
        assert [answer.json()["issues"][0]["code"] for answer in (broken, refused)] == [
            "MESSAGE_UNREADABLE",
            "TERMS_FIELD_REQUIRED",
        ]
        assert [each.kind for each in await made.exceptions()] == ["MAPPING_FAILED", "REFUSED"]
        assert await made.orders() == []
        [kept, _] = await made.messages()
        assert kept.body == b'{"order": '


async def test_fields_of_a_form_are_read_as_well(made: Scene) -> None:
    flat = {path: f"$.{path.rsplit('.', 1)[1]}" for path in REQUIRED}
    hook = await made.webhook(mapping={"fields": flat, "products": {"fields": {"partner_sku": "$.sku"}}})
    fields = {"partner_order_id": "F-1", "name": "Jan Jansen", "email": "jan@example.nl", "phone": "0612345678"}
    answer = await made.post(hook["secret"], data=fields | {"postal_code": "3511 AB", "sku": "GRO-STATION"})
    assert (answer.status_code, answer.json()["partner_order_id"]) == (200, "F-1")


async def test_a_message_whose_process_ended_is_read_by_another(made: Scene) -> None:
    hook = await made.webhook()
    await made.post(hook["secret"], message("L-1", regels=[{"code": {"no": "text"}}]))
    m = made.trading.market
    async with m.database.session(SYSTEM) as session:
        left = {
            "state": "RECEIVED",
            "created_at": clock.now() - messages._LEFT_BEHIND * 2,
            "body": orjson.dumps(message()),
        }
        mine = InboundMessage.entity_id == m.entity.id
        await session.execute(update(InboundMessage).where(mine).values(**left))
        found = await messages.left_behind(session)
    [kept] = await made.messages()
    assert kept.id in found
    outcome = await messages.again(m.database, KnownPlaces(), kept.id)
    assert outcome.receipt is not None
    assert [each.partner_order_id for each in await made.orders()] == ["E-1"]


async def test_a_message_that_cannot_be_dealt_with_keeps_nobody_waiting(
    made: Scene, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = await made.webhook()
    await made.post(hook["secret"], message("G-1", klant={}))
    m = made.trading.market
    async with m.database.session(SYSTEM) as session:
        left = {"state": "RECEIVED", "attempts": 0, "created_at": clock.now() - messages._LEFT_BEHIND * 2}
        await session.execute(update(InboundMessage).where(InboundMessage.entity_id == m.entity.id).values(**left))

    async def fails(*given: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(messages, "process", fails)
    for _ in range(messages._MOST_ATTEMPTS):
        await ways_in.read_left_behind(m.database, settings)
    [kept] = await made.messages()
    assert (kept.state, kept.faults[0]["code"]) == ("FAILED", "UNAVAILABLE")
    assert {each.kind: each.state for each in await made.exceptions()} == {
        "MAPPING_FAILED": "RESOLVED",
        "REFUSED": "OPEN",
    }


async def test_old_messages_are_forgotten_and_not_read_again(made: Scene) -> None:
    hook = await made.webhook()
    await made.post(hook["secret"], message("O-1", klant={}))
    m = made.trading.market
    async with m.database.session(SYSTEM) as session:
        old = clock.now() - messages.KEPT * 2
        mine = InboundMessage.entity_id == m.entity.id
        await session.execute(update(InboundMessage).where(mine).values(created_at=old))
        assert await messages.forget_old(session) >= 1
    [kept] = (await made.as_("staff").ask(MESSAGES))["inboundMessages"]["nodes"]
    assert (kept["body"], kept["faults"]) == (None, [])
    again = (await made.as_("staff").ask(RERUN, id=kept["id"]))["rerunInboundMessage"]
    assert codes(again) == [("MESSAGE_FORGOTTEN", ["id"])]


async def test_an_integration_that_is_not_live_takes_nothing(database: Database, settings: Settings) -> None:
    async with scene(database, settings, live=False) as made:
        hook = await made.webhook()
        answer = await made.post(hook["secret"], message())
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "INTEGRATION_NOT_LIVE")
        assert await made.messages() == []
        m = made.trading.market
        async with m.database.session(SYSTEM) as session:
            kept = await integration.of(session, m.entity.id, m.master.id)
            kept.status, kept.allowed_addresses = IntegrationStatus.LIVE.value, ["192.0.2.0/24"]
        assert (await made.post(hook["secret"], message())).json()["errors"][0]["code"] == "ADDRESS_NOT_ALLOWED"


async def test_a_preview_keeps_nothing_and_names_every_issue(made: Scene) -> None:
    preview = """mutation P($input: PreviewMappingInput!) { previewMapping(input: $input) {
      document values { target sources value code } issues { code field } userErrors { code field } } }"""
    sample = orjson.dumps(message("P-1", klant={"mail": "geen"})).decode()
    shown = (await made.as_("dealer_admin").ask(preview, input={"mapping": MAPPING, "sample": sample}))[
        "previewMapping"
    ]
    assert shown["document"]["partner_order_id"] == "P-1"
    assert {"target": "$.customer.email", "sources": ["$.klant.mail"], "value": "geen", "code": None} in shown["values"]
    assert sorted((each["code"], each["field"][0]) for each in shown["issues"]) == [
        ("INVALID_EMAIL", "$.customer.email"),
        ("REQUIRED", "$.customer.address.postal_code"),
        ("REQUIRED", "$.customer.name"),
        ("REQUIRED", "$.customer.phone"),
    ]
    assert (await made.messages(), await made.orders()) == ([], [])
    wrong = await made.as_("dealer_admin").ask(preview, input={"mapping": {"fields": {}}, "sample": "{}"})
    assert {error["code"] for error in wrong["previewMapping"]["userErrors"]} == {"REQUIRED"}


async def test_it_belongs_to_its_partner(made: Scene) -> None:
    hook = await made.webhook()
    await made.post(hook["secret"], message("B-1", klant={}))
    [kept] = (await made.as_("dealer_admin").ask(MESSAGES))["inboundMessages"]["nodes"]
    other = made.as_("other_admin")
    assert (await other.ask(MESSAGES))["inboundMessages"]["nodes"] == []
    assert codes((await other.ask(RERUN, id=kept["id"]))["rerunInboundMessage"]) == [("NOT_FOUND", ["id"])]
    answer = (await other.ask(SET, id=hook["mappedWebhook"]["id"], mapping=MAPPING))["setWebhookMapping"]
    assert codes(answer) == [("NOT_FOUND", ["id"])]
    assert codes(await made.webhook()) == [("ALREADY_EXISTS", ["slug"])]
    assert await made.as_("dealer").error('mutation { rerunInboundMessages(webhookId: "x") { jobId } }') == "BAD_ID"


async def test_a_secret_is_shown_once_and_rotated_with_an_overlap(made: Scene, settings: Settings) -> None:
    hook = await made.webhook()
    rotate = """mutation R($id: ID!, $until: DateTime) { rotateMappedWebhookSecret(id: $id, previousValidUntil: $until)
      { secret mappedWebhook { rotationEndsAt } userErrors { code } } }"""
    webhook_id = hook["mappedWebhook"]["id"]
    second = (await made.as_("dealer_admin").ask(rotate, id=webhook_id))["rotateMappedWebhookSecret"]["secret"]
    assert second != hook["secret"]
    for number, secret in (("S-1", hook["secret"]), ("S-2", second)):
        assert (await made.post(secret, message(number))).status_code == 200
    now = clock.now().isoformat()
    third = (await made.as_("dealer_admin").ask(rotate, id=webhook_id, until=now))["rotateMappedWebhookSecret"]
    assert third["mappedWebhook"]["rotationEndsAt"] is None
    assert (await made.post(second, message("S-3"))).status_code == 401
    async with made.trading.market.database.session(SYSTEM) as session:
        row: Any = await session.get_one(MappedWebhook, (await made.messages())[0].mapped_webhook_id)
        assert third["secret"].encode() not in row.secret
