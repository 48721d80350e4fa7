"""Orders of partners in GraphQL: the same function as over HTTP, the queue, and who may change an integration."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from domain.events.models import Event
from domain.geo.location import AddressFlag
from domain.partner_orders.models import IntegrationStatus
from tenants.actor import SYSTEM, Actor, Client, ClientKind
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import Asker, codes, gid
from tests.domain.partner_orders.trade import Trade, trade

SUBMIT = """
mutation ($input: SubmitPartnerOrderInput!) { submitPartnerOrder(input: $input) {
  receipt { partnerOrderId orderNumber quoteNumber status estimatedProcessingMinutes repeated }
  partnerOrder { id partnerOrderId way document issues { code path message } openExceptions repeated
    quote { number } customer { name } organization { name }
    exceptions { edges { node { id kind state field message detail partnerOrder { partnerOrderId } } } } }
  userErrors { code field message } } }
"""
QUEUE = """
query ($filter: PartnerOrderExceptionFilter) { partnerOrderExceptions(filter: $filter) {
  edges { node { id kind state resolution resolvedBy } } } }
"""
RESOLVE = """
mutation ($input: ResolvePartnerOrderExceptionInput!) { resolvePartnerOrderException(input: $input) {
  partnerOrderException { state resolution } userErrors { code field } } }
"""
UPDATE = """
mutation ($input: UpdatePartnerIntegrationInput!) { updatePartnerIntegration(input: $input) {
  partnerIntegration { id status signatureRequired allowedAddresses requestsPerMinute notifyEmails revision
    signingKeys { hint } } userErrors { code field } } }
"""
ROTATE = """
mutation ($id: ID) { rotatePartnerSigningSecret(organizationId: $id) {
  secret partnerIntegration { signingKeys { hint validUntil } } userErrors { code field } } }
"""
PAYLOAD = "query ($id: ID!) { webhookPayload(id: $id) { event orderNumber partnerOrderId status } }"
CUSTOMER = {
    "name": "Sanne de Vries",
    "email": "Sanne@Example.nl",
    "phone": "06 1234 5678",
    "address": {"postalCode": "3861AB", "houseNumber": "1", "street": "Kerkweg"},
}
Ask = Callable[..., Asker]


@pytest.fixture
async def trading(database: Database) -> Trade:
    return await trade(database)


@pytest.fixture
def asker(trading: Trade, settings: Settings) -> Ask:
    def make(who: str | Actor) -> Asker:
        actor = trading.market.actors[who] if isinstance(who, str) else who
        return Asker(trading.market.database, settings, actor)

    return make


async def submit(asking: Asker, **values: Any) -> Any:
    given = {"partnerOrderId": "G-1", "customer": CUSTOMER, "products": [{"partnerSku": "GRO-STATION"}]} | values
    return (await asking.ask(SUBMIT, input=given))["submitPartnerOrder"]


async def test_an_order_of_the_portal_is_taken_in_like_any_other(asker: Ask, trading: Trade) -> None:
    first = await submit(asker("dealer"))
    again = await submit(asker("dealer"))
    assert first["userErrors"] == []
    assert first["receipt"]["status"] == "received"
    assert again["receipt"] == first["receipt"] | {"repeated": True}
    order = first["partnerOrder"]
    assert (order["way"], order["quote"]["number"]) == ("PORTAL", first["receipt"]["quoteNumber"])
    assert order["document"]["customer"]["phone"] == "06 1234 5678"
    assert order["organization"]["name"] == trading.market.dealer.name


async def test_every_fault_is_at_its_field(asker: Ask) -> None:
    given = {"customer": {"email": "no"}, "products": [{"quantity": "0"}], "partnerOrderId": None}
    payload = await submit(asker("dealer"), **given)
    assert payload["receipt"] is None
    assert sorted(codes(payload)) == sorted(
        [
            ("REQUIRED", ["partnerOrderId"]),
            ("REQUIRED", ["customer", "name"]),
            ("INVALID_EMAIL", ["customer", "email"]),
            ("REQUIRED", ["customer", "phone"]),
            ("REQUIRED", ["customer", "address", "postalCode"]),
            ("REQUIRED", ["products", "0", "partnerSku"]),
            ("OUT_OF_RANGE", ["products", "0", "quantity"]),
        ]
    )


async def test_staff_deals_with_the_queue_and_the_partner_sees_it(asker: Ask, trading: Trade) -> None:
    made = trading.market
    products = [{"partnerSku": "GRO-STATION"}, {"partnerSku": "GRO-NEW", "quantity": "2", "description": "Kabel"}]
    order = (await submit(asker("dealer"), products=products))["partnerOrder"]
    (edge,) = [each for each in order["exceptions"]["edges"] if each["node"]["kind"] == "UNMAPPED_SKU"]
    assert edge["node"]["message"] == "Niet gekoppeld aan een artikel: 2 × GRO-NEW (Kabel)."
    given = {"id": edge["node"]["id"], "articleId": gid("Article", made.articles["cable"].id)}
    refused = await asker("dealer").error(RESOLVE, input=given)
    assert refused == "FORBIDDEN"
    both = await asker("staff").ask(RESOLVE, input=given | {"resolution": "Gebeld"})
    assert codes(both["resolvePartnerOrderException"]) == [("ONE_WAY_TO_RESOLVE", ["resolution"])]
    done = (await asker("staff").ask(RESOLVE, input=given))["resolvePartnerOrderException"]
    assert done["partnerOrderException"]["state"] == "RESOLVED"
    told = await asker("master").ask(QUEUE, filter={"kind": {"eq": "UNMAPPED_SKU"}, "state": {"eq": "RESOLVED"}})
    (seen,) = told["partnerOrderExceptions"]["edges"]
    assert seen["node"]["resolution"].startswith(made.articles["cable"].sku)


async def test_a_webhook_says_which_order_needs_attention(asker: Ask, trading: Trade) -> None:
    await trading.send(flag=AddressFlag.POSTCODE_UNKNOWN)
    async with trading.market.database.session(SYSTEM) as session:
        query = select(Event).where(Event.entity_id == trading.market.entity.id, Event.type.like("partner_order.%"))
        events = (await session.execute(query.order_by(Event.id))).scalars().all()
    told = [(await asker("master").ask(PAYLOAD, id=gid("Event", event.id)))["webhookPayload"] for event in events]
    assert {row.pop("status") for row in told} == {"needs_attention", "address_flagged", "received"}
    assert all(row == {"event": "status_update", "orderNumber": None, "partnerOrderId": "GRO-1"} for row in told)


async def test_a_partner_asks_for_signatures_and_staff_alone_does_without(asker: Ask, trading: Trade) -> None:
    made = trading.market
    admin, given = asker("master_admin"), {"organizationId": gid("Organization", made.master.id)}
    asked = {"signatureRequired": True, "allowedAddresses": ["192.0.2.7", "2001:db8::/32"]}
    changed = (await admin.ask(UPDATE, input=given | asked))["updatePartnerIntegration"]["partnerIntegration"]
    assert (changed["status"], changed["signatureRequired"]) == (IntegrationStatus.LIVE.value, True)
    assert changed["allowedAddresses"] == ["192.0.2.7/32", "2001:db8::/32"]
    weaker = await admin.ask(UPDATE, input=given | {"signatureRequired": False})
    assert codes(weaker["updatePartnerIntegration"]) == [("PERMISSION_DENIED", ["signatureRequired"])]
    faults = await admin.ask(UPDATE, input=given | {"allowedAddresses": ["here", "10.0.0.1/8"], "notifyEmails": ["x"]})
    assert sorted(codes(faults["updatePartnerIntegration"])) == [
        ("INVALID_EMAIL", ["notifyEmails", "0"]),
        ("INVALID_NETWORK", ["allowedAddresses", "0"]),
        ("INVALID_NETWORK", ["allowedAddresses", "1"]),
    ]
    stale = await admin.ask(UPDATE, input=given | {"revision": changed["revision"] - 1, "notifyEmails": []})
    assert codes(stale["updatePartnerIntegration"]) == [("STALE_VERSION", ["revision"])]


async def test_a_key_that_has_to_sign_cannot_go_around_it(asker: Ask, trading: Trade) -> None:
    made = trading.market
    given = {"organizationId": gid("Organization", made.master.id), "signatureRequired": True}
    await asker("staff").ask(UPDATE, input=given)
    key = replace(made.actors["dealer"], user_id=None, client=Client(ClientKind.API_KEY, made.master.id))
    refused = await submit(asker(key))
    assert codes(refused) == [("SIGNATURE_REQUIRED", [])]
    assert (await submit(asker("dealer")))["userErrors"] == []


async def test_a_secret_is_shown_once_to_a_person(asker: Ask, trading: Trade) -> None:
    made = trading.market
    id = gid("Organization", made.master.id)
    first = (await asker("master_admin").ask(ROTATE, id=id))["rotatePartnerSigningSecret"]
    second = (await asker("master_admin").ask(ROTATE, id=id))["rotatePartnerSigningSecret"]
    hints = [each["hint"] for each in second["partnerIntegration"]["signingKeys"]]
    assert hints == [second["secret"][-4:], first["secret"][-4:]]
    assert [each["validUntil"] is None for each in second["partnerIntegration"]["signingKeys"]] == [True, False]
    key = replace(made.actors["master_admin"], user_id=None, client=Client(ClientKind.API_KEY, made.master.id))
    by_key = (await asker(key).ask(ROTATE, id=id))["rotatePartnerSigningSecret"]
    assert codes(by_key) == [("PERSON_REQUIRED", [])]
