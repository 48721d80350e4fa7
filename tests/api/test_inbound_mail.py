"""Orders by mail over GraphQL and HTTP: addresses, what is asked and where it stands, review; mail that is posted."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.app import create_app
from api.context import Context, RequestFacts
from domain.events.models import Event
from domain.users import api_keys
from domain.users.api_keys import Wanted
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, Asker, codes, gid
from tests.domain.inbound_mail.post import ORDER, SENDER, Post, mail_of, post

PHONE = "$.customer.phone"
NO_PHONE = ORDER.format(number="ALV-1").replace("Telefoon: 06-12345678\n", "")
CREATE = """mutation C($input: CreateInboundAddressInput!) { createInboundAddress(input: $input) {
  inboundAddress { id email allowedSenders automatic language active } userErrors { code field } } }"""
UPDATE = """mutation U($input: UpdateInboundAddressInput!) { updateInboundAddress(input: $input) {
  inboundAddress { active allowedSenders language } userErrors { code field } } }"""
ROTATE = """mutation R($id: ID!) { rotateInboundAddress(id: $id) {
  inboundAddress { id email closesAt } userErrors { code } } }"""
WAITING = """{ emailOrders(filter: {state: {eq: REVIEW}}) { nodes { id position reference doubts missing asked version
  fields { path value readValue confidence asked corrected part start end text method }
  mail { subject sender knownSender parts { index kind text } address { id } } } } }"""
COUNTED = """{ same: emailOrders(filter: {doubt: MISSING_FIELD}) { totalCount }
  other: emailOrders(filter: {doubt: BY_HAND}) { totalCount } }"""
REVIEW = """mutation R($input: ReviewEmailOrderInput!) { reviewEmailOrder(input: $input) {
  emailOrder { state version partnerOrder { partnerOrderId } fields { path corrected value confidence } }
  userErrors { code field } } }"""
REJECT = """mutation R($input: RejectEmailOrderInput!) { rejectEmailOrder(input: $input) {
  emailOrder { state reason } userErrors { code field } } }"""
REOPEN = "mutation R($id: ID!) { reopenEmailOrder(id: $id) { emailOrder { state } userErrors { code } } }"


class Once(Asker):
    """Whose requests carry an Idempotency-Key."""

    async def execute(self, document: str, variables: Mapping[str, Any]) -> Any:
        facts = RequestFacts(uuid4().hex, ip_address=uuid4().hex, idempotency_key=uuid4().hex)
        context = Context(self.actor, self.database, self.settings, facts)
        return await SCHEMA.execute(document, variable_values=dict(variables), context_value=context)


class Desk:
    def __init__(self, mailing: Post, http: httpx.AsyncClient) -> None:
        self.post = mailing
        self.http = http

    def as_(self, name: str) -> Once:
        made = self.post.trade.market
        return Once(made.database, self.post.settings, made.actors[name])

    async def key(self, organization_id: UUID | None, scope: str = "partner-orders:submit") -> dict[str, str]:
        made = self.post.trade.market
        async with made.database.session(SYSTEM) as session:
            wanted = Wanted("Key", (scope,), made.entity.id, organization_id)
            shown = (await api_keys.create(session, SYSTEM, wanted)).shown_once
        return {"Authorization": f"Bearer {shown}", "Content-Type": "message/rfc822"}


@pytest.fixture
async def desk(database: Database, settings: Settings) -> AsyncIterator[Desk]:
    mailing = await post(database, settings)
    made = mailing.trade.market
    async with database.session(SYSTEM) as session:
        admin = await factories.actor_with(session, Role.PARTNER_ADMIN, made.entity, organization=made.dealer)
        made.actors["dealer_admin"] = admin
    app = create_app(settings, SCHEMA)
    app.state.database = database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
        yield Desk(mailing, http)
    await app.state.redis.aclose()


async def test_a_partner_makes_changes_and_replaces_its_address(desk: Desk) -> None:
    asker, given = desk.as_("dealer_admin"), {"allowedSenders": ["Orders@Alva.example", "@alva.example"]}
    made = (await asker.ask(CREATE, input=given))["createInboundAddress"]["inboundAddress"]
    assert made["email"].endswith(f"@{desk.post.settings.mail_domain}")
    assert made["allowedSenders"] == ["@alva.example", "orders@alva.example"]
    refused = await asker.ask(UPDATE, input={"id": made["id"], "allowedSenders": ["@gmail.com", "x"], "language": "fr"})
    assert sorted(codes(refused["updateInboundAddress"])) == [
        ("NOT_A_CHOICE", ["language"]),
        ("NOT_A_SENDER", ["allowedSenders", "1"]),
        ("PUBLIC_MAIL_DOMAIN", ["allowedSenders", "0"]),
    ]
    other = (await asker.ask(ROTATE, id=made["id"]))["rotateInboundAddress"]["inboundAddress"]
    assert (other["email"] == made["email"], other["closesAt"]) == (False, None)
    query = "query Q($id: ID!) { inboundAddress(id: $id) { closesAt allowedSenders } }"
    closing = (await asker.ask(query, id=made["id"]))["inboundAddress"]
    assert closing["closesAt"] is not None


async def test_only_doubtful_fields_are_asked_with_their_places_and_a_review_submits(desk: Desk) -> None:
    kept = await desk.post.send(mail_of(NO_PHONE))
    await desk.post.read(kept.id)
    (order,) = (await desk.as_("staff").ask(WAITING))["emailOrders"]["nodes"]
    assert (order["reference"], order["asked"], order["doubts"]) == ("ALV-1", [PHONE], ["MISSING_FIELD"])
    found = await desk.as_("staff").ask(COUNTED)
    assert (found["same"]["totalCount"], found["other"]["totalCount"]) == (1, 0)
    by_path = {field["path"]: field for field in order["fields"]}
    assert order["fields"][0] == by_path[PHONE]
    assert (by_path[PHONE]["asked"], by_path[PHONE]["value"], by_path[PHONE]["start"]) == (True, None, None)
    email = by_path["$.customer.email"]
    text = order["mail"]["parts"][email["part"]]["text"]
    assert text[email["start"] : email["end"]] == email["text"] == "sanne@example.nl"
    given = {"id": order["id"], "version": order["version"], "fields": [{"path": "$.x", "value": "1"}]}
    wrong = (await desk.as_("staff").ask(REVIEW, input=given))["reviewEmailOrder"]
    assert codes(wrong) == [("NOT_A_FIELD", ["fields", "0", "path"])]
    given["fields"] = [{"path": PHONE, "value": "06 12345678"}]
    done = (await desk.as_("staff").ask(REVIEW, input=given))["reviewEmailOrder"]
    assert done["userErrors"] == []
    assert (done["emailOrder"]["state"], done["emailOrder"]["partnerOrder"]["partnerOrderId"]) == ("SUBMITTED", "ALV-1")
    assert {field["path"]: field["corrected"] for field in done["emailOrder"]["fields"]}[PHONE] is True


async def test_rejecting_is_undone_and_partners_look_only(desk: Desk) -> None:
    kept = await desk.post.send(mail_of("Hallo\n"))
    (order,) = await desk.post.read(kept.id)
    given = {"id": gid("EmailOrder", order.id), "reason": "Geen bestelling", "tellPartner": False}
    assert await desk.as_("dealer_admin").error(REJECT, input=given) == "FORBIDDEN"
    assert len((await desk.as_("dealer_admin").ask(WAITING))["emailOrders"]["nodes"]) == 1
    done = (await desk.as_("staff").ask(REJECT, input=given))["rejectEmailOrder"]["emailOrder"]
    assert done == {"state": "REJECTED", "reason": "Geen bestelling"}
    again = (await desk.as_("staff").ask(REOPEN, id=given["id"]))["reopenEmailOrder"]
    assert again["emailOrder"] == {"state": "REVIEW"}


async def test_a_partner_posts_mail_with_its_key_and_is_known_by_it(desk: Desk) -> None:
    dealer, raw = desk.post.trade.market.dealer, mail_of(NO_PHONE, sender="else@where.example")
    key, path = await desk.key(dealer.id), f"/partners/{dealer.id}/mail"
    first = await desk.http.post(path, content=raw, headers=key, params={"recipient": desk.post.recipient})
    again = await desk.http.post(path, content=raw, headers=key, params={"recipient": desk.post.recipient})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() | {"repeated": False}
    query = "query Q($id: ID!) { inboundMail(id: $id) { way knownSender state repeated } }"
    mail = (await desk.as_("dealer_admin").ask(query, id=first.json()["id"]))["inboundMail"]
    assert mail == {"way": "HTTP", "knownSender": True, "state": "RECEIVED", "repeated": 1}


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"recipient": "x@orders.localhost"}, 404, "NO_SUCH_MAIL_ADDRESS"),
        ({"type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"key": {}}, 401, "UNAUTHENTICATED"),
        ({"raw": b"x" * 10_485_761}, 413, "BODY_TOO_LARGE"),
        ({"path": "/inbound-mail"}, 403, "FORBIDDEN"),
    ],
)
async def test_mail_that_is_posted_in_vain(desk: Desk, changed: dict[str, Any], status: int, code: str) -> None:
    dealer = desk.post.trade.market.dealer
    headers = {**(await desk.key(dealer.id)), **({"Content-Type": changed["type"]} if "type" in changed else {})}
    if "key" in changed:
        headers.pop("Authorization")
    answer = await desk.http.post(
        changed.get("path", f"/partners/{dealer.id}/mail"),
        content=changed.get("raw", mail_of("x")),
        headers=headers,
        params={"recipient": changed.get("recipient", desk.post.recipient)},
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


async def test_a_mail_service_posts_for_all_partners_and_staff_read_what_came(desk: Desk) -> None:
    raw, key = mail_of(NO_PHONE), await desk.key(None)
    given = {"recipient": desk.post.recipient, "sender": SENDER}
    posted = await desk.http.post("/inbound-mail", content=raw, headers=key, params=given)
    assert posted.status_code == 201
    path = f"/inbound-mail/{posted.json()['id']}"
    assert (await desk.http.get(path, headers=key)).status_code == 403
    staff = await desk.key(None, "partner-orders:resolve")
    read = await desk.http.get(path, headers=staff)
    assert (read.content, read.headers["content-type"]) == (raw, "application/octet-stream")
    assert read.headers["content-disposition"].startswith("attachment")
    (event,) = await desk.post.rows(Event, Event.type == "inbound_mail.downloaded")
    assert event.internal
    absent = await desk.http.get(f"/inbound-mail/{gid('InboundMail', UUID(int=1))}", headers=staff)
    assert (absent.status_code, absent.json()["errors"][0]["code"]) == (404, "NOT_FOUND")
    (mail,) = (await desk.as_("staff").ask("{ inboundMails { nodes { id knownSender sender } } }"))["inboundMails"][
        "nodes"
    ]
    assert mail == {"id": posted.json()["id"], "knownSender": True, "sender": SENDER}
