"""LaderThuis: a consumer finds the portal, asks, answers, gets a quote, signs it, and there is an order."""

import asyncio

import pytest

from tests.flows.company import ADDRESS, CONSENT, INSTALLATION, STATION, Company, Customer
from tests.flows.signing import (
    ORDER,
    SIGNED,
    amounts,
    decline,
    hash_of,
    look_at,
    refused_to_sign,
    revise,
    sign,
    skus,
)
from tests.flows.steps import Platform, code_in, new_address, this_year

INTERESTS = {"productCategory": "CHARGING_STATION", "homeOwner": True, "carPower": "ELECTRIC", "car": "Kia EV6"}
ANSWERS = {"mounting": "WALL", "meter_box_distance": 3, "grid_phases": "3"}
WHOLE = ("1233.28", "258.99", "1492.27")
"""A station and its installation: net, VAT, gross."""


@pytest.fixture(scope="module")
async def laderthuis(platform: Platform) -> Company:
    company = await Company.found(platform, "LT", "LaderThuis")
    await company.sells_charging_stations()
    return company


@pytest.fixture
async def customer(laderthuis: Company) -> Customer:
    return await laderthuis.customer()


@pytest.fixture
async def quote(laderthuis: Company, customer: Customer) -> str:
    return await laderthuis.offer(endCustomerId=customer.contact)


# --- the way it should go -----------------------------------------------------------------------------------------


async def test_from_a_visitor_to_an_order(laderthuis: Company) -> None:
    email = new_address("sanne")
    wish = {"name": "Sanne Bakker", "email": email, "phone": "0612345678", "address": ADDRESS, "interests": INTERESTS}
    taken = await laderthuis.visitor().mutate("submitLead", "receipt { number status } lead { id }", input=wish)
    number = taken["receipt"]["number"]
    assert number.startswith(f"LT-L-{this_year()}-")
    assert taken["lead"] is None

    sanne = await laderthuis.visitor().log_in_by_mail(email)
    [lead] = await sanne.all("leads", "__typename id number status questionnaire { questions { key required } }")
    assert (lead["__typename"], lead["number"], lead["status"]) == ("CustomerLead", number, "NEW")
    asked = {question["key"] for question in lead["questionnaire"]["questions"] if question["required"]}
    given = {"leadId": lead["id"], "answers": ANSWERS, "complete": True}
    wrong = {"leadId": lead["id"], "answers": {"mounting": "ROOF"}}
    assert await sanne.refusal("answerIntake", input=wrong) == "NOT_A_CHOICE answers mounting"
    answered = await sanne.mutate("answerIntake", "lead { status answers }", input=given)
    assert set(answered["lead"]["answers"]) <= asked
    assert answered["lead"]["status"] == "QUALIFIED"

    draft = await laderthuis.draft(leadId=lead["id"])
    assert await sanne.query("quote", "id", id=draft) is None
    assert await sanne.all("quotes", "id") == []
    preview = {"entityId": laderthuis.id, "leadId": lead["id"], "lines": [STATION, INSTALLATION]}
    shown = await laderthuis.staff.mutate("previewQuote", "preview { gross { amount } visits { kind } }", input=preview)
    assert shown["preview"] == {"gross": {"amount": WHOLE[2]}, "visits": [{"kind": "INSTALLATION"}]}
    await laderthuis.staff.mutate("sendQuote", "quote { id }", id=draft)

    seen = await look_at(sanne, draft)
    assert (seen["__typename"], seen["status"], seen["pendingParties"]) == ("CustomerQuote", "SENT", ["CUSTOMER"])
    assert skus(seen) == ["ALF-EVE-S-11KW", "INST-BASIC-1P"]
    assert amounts(seen) == WHOLE
    assert {line["__typename"] for line in seen["lines"]} == {"CustomerLineItem"}

    signed = await sign(sanne, draft)
    assert signed["quote"]["status"] == "ORDERED"
    assert signed["signature"]["identityProof"] == "LOGIN"
    order = signed["order"]
    assert order["number"] == f"LT-{this_year()}-00001"
    assert (order["__typename"], order["stage"], order["progress"]) == ("CustomerOrder", "RECEIVED", 10)
    assert amounts(order) == WHOLE

    assert await sanne.all("orders", "number") == [{"number": order["number"]}]
    ours = await laderthuis.staff.query(
        "order", "__typename number ... on StaffOrder { cost { amount } }", number=order["number"]
    )
    assert ours == {"__typename": "StaffOrder", "number": order["number"], "cost": {"amount": "700.00"}}
    assert (await laderthuis.staff.query("lead", "status", id=lead["id"]))["status"] == "CONVERTED"
    happened = await sanne.query("order", "timeline(first: 10) { nodes { type actorName } }", id=order["id"])
    assert [event["type"] for event in happened["timeline"]["nodes"]] == ["order.received"]


async def test_each_sees_the_order_as_it_should_and_others_nothing(
    laderthuis: Company, customer: Customer, quote: str
) -> None:
    order = (await sign(customer.client, quote))["order"]
    finance, planner, technician_free = [await laderthuis.colleague(role) for role in ("FINANCE", "PLANNER", "FINANCE")]
    for colleague in (finance, planner, technician_free):
        assert (await colleague.query("order", "number", id=order["id"]))["number"] == order["number"]
    for stranger in ((await laderthuis.customer("Iemand Anders")).client, laderthuis.visitor()):
        if stranger.refresh_token:
            for way in ({"id": order["id"]}, {"number": order["number"]}):
                assert await stranger.query("order", "id", **way) is None
            assert await stranger.all("orders", "id", filter={"number": {"eq": order["number"]}}) == []
            assert await stranger.query("node", "id", id=order["id"]) is None
            assert await stranger.query("search", "id", text=order["number"]) == []
        else:
            assert await stranger.error("query", "order", "id", id=order["id"]) == "UNAUTHENTICATED"


# --- wrong turns --------------------------------------------------------------------------------------------------


async def test_the_offer_expires_before_it_is_signed(laderthuis: Company, customer: Customer, quote: str) -> None:
    document_hash = await hash_of(customer.client, quote)
    await laderthuis.platform.expire(quote)
    assert await refused_to_sign(customer.client, quote, document_hash) == "QUOTE_EXPIRED quoteId"
    assert await customer.client.all("orders", "id") == []
    await revise(laderthuis.staff, quote, STATION, INSTALLATION, reason="Opnieuw aangeboden")
    assert (await sign(customer.client, quote))["order"]["stage"] == "RECEIVED"


async def test_the_customer_declines_and_is_won_back(laderthuis: Company, customer: Customer, quote: str) -> None:
    declined = await decline(customer.client, quote, "Te duur")
    assert (declined["quote"]["status"], declined["quote"]["pendingParties"]) == ("DECLINED", [])
    assert await refused_to_sign(customer.client, quote, declined["quote"]["version"]["documentHash"]) == (
        "QUOTE_CLOSED quoteId"
    )
    assert (
        await customer.client.refusal("declineQuote", input={"quoteId": quote, "reason": "x"}) == "QUOTE_CLOSED quoteId"
    )
    await revise(laderthuis.staff, quote, STATION | {"discountPercent": "10"}, INSTALLATION, reason="Korting")
    cheaper = await look_at(customer.client, quote)
    assert (cheaper["status"], amounts(cheaper)) == ("SENT", ("1143.29", "240.09", "1383.38"))
    assert (await sign(customer.client, quote))["order"]["gross"]["amount"] == "1383.38"


async def test_the_offer_is_revised_while_the_customer_looks(
    laderthuis: Company, customer: Customer, quote: str
) -> None:
    looked_at = await hash_of(customer.client, quote)
    await revise(laderthuis.staff, quote, STATION)
    assert await refused_to_sign(customer.client, quote, looked_at) == "VERSION_CHANGED documentHash"
    assert await refused_to_sign(customer.client, quote, "0" * 64) == "UNKNOWN_DOCUMENT documentHash"
    assert await refused_to_sign(customer.client, quote, "nonsense") == "UNKNOWN_DOCUMENT documentHash"
    signed = await sign(customer.client, quote)
    assert skus(signed["order"]) == ["ALF-EVE-S-11KW"]


async def test_signing_twice_makes_one_order(customer: Customer, quote: str) -> None:
    signed = await sign(customer.client, quote)
    document_hash = signed["signature"]["documentHash"]
    assert await refused_to_sign(customer.client, quote, document_hash) == "ALREADY_SIGNED quoteId"
    assert await customer.client.refusal("declineQuote", input={"quoteId": quote, "reason": "Toch niet"}) == (
        "ALREADY_SIGNED quoteId"
    )
    assert len(await customer.client.all("orders", "id")) == 1


async def test_nobody_else_signs(laderthuis: Company, customer: Customer, quote: str) -> None:
    document_hash = await hash_of(customer.client, quote)
    given = {"quoteId": quote, "documentHash": document_hash}
    other = await laderthuis.customer("Iemand Anders")
    assert await refused_to_sign(other.client, quote, document_hash) == "NOT_FOUND quoteId"
    assert await laderthuis.staff.error("mutation", "signQuote", "quote { id }", input=given) == "FORBIDDEN"
    assert await laderthuis.admin.error("mutation", "signQuote", "quote { id }", input=given) == "FORBIDDEN"
    assert await laderthuis.visitor().error("mutation", "signQuote", "quote { id }", input=given) == "UNAUTHENTICATED"
    assert (await look_at(customer.client, quote))["status"] == "SENT"


async def test_two_clicks_at_the_same_moment_make_one_order(
    laderthuis: Company, customer: Customer, quote: str
) -> None:
    given = {"quoteId": quote, "documentHash": await hash_of(customer.client, quote)}
    at_home = await laderthuis.visitor().log_in_by_mail(customer.email)
    both = await asyncio.gather(
        *(browser.answer("signQuote", SIGNED, input=given) for browser in (customer.client, at_home))
    )
    assert sorted(error["code"] for answer in both for error in answer["userErrors"]) == ["ALREADY_SIGNED"]
    [order] = [answer["order"]["number"] for answer in both if answer["order"]]
    assert await customer.client.all("orders", "number") == [{"number": order}]


async def test_ordering_twice_with_one_key_is_ordering_once(customer: Customer, quote: str) -> None:
    first = await sign(customer.client, quote, key="this-click")
    given = {"quoteId": quote, "documentHash": first["signature"]["documentHash"]}
    again = await customer.client.mutate("signQuote", SIGNED, key="this-click", input=given)
    assert again == first
    assert len(await customer.client.all("orders", "id")) == 1


async def test_a_mailed_code_proves_who_signs(laderthuis: Company, customer: Customer, quote: str) -> None:
    await customer.client.mutate("requestSigningCode", "expiresInMinutes", quoteId=quote)
    code = code_in(await laderthuis.platform.mail_to(customer.email))
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    document_hash = await hash_of(customer.client, quote)
    assert await refused_to_sign(customer.client, quote, document_hash, code=wrong) == "SIGNING_CODE_INVALID code"
    signed = await sign(customer.client, quote, code=code)
    assert signed["signature"]["identityProof"] == "MAILED_CODE"
    assert signed["order"] is not None


# --- after the order ----------------------------------------------------------------------------------------------


async def test_holding_resuming_and_cancelling(laderthuis: Company, customer: Customer, quote: str) -> None:
    order = (await sign(customer.client, quote))["order"]["id"]
    klaas, staff = customer.client, laderthuis.staff
    for refused in ("holdOrder", "resumeOrder"):
        given = {"id": order} | ({"reason": "Vakantie"} if refused == "holdOrder" else {})
        assert await klaas.error("mutation", refused, "order { id }", **given) == "FORBIDDEN"
    held = await staff.mutate("holdOrder", f"order {{ {ORDER} }}", id=order, reason="Wacht op levering")
    assert (held["order"]["onHold"], held["order"]["holdReason"]) == (True, "Wacht op levering")
    assert await staff.refusal("holdOrder", id=order, reason="Nog eens") == "ORDER_ON_HOLD id"
    assert (await klaas.query("order", "holdReason", id=order))["holdReason"] == "Wacht op levering"
    assert not (await staff.mutate("resumeOrder", "order { onHold }", id=order))["order"]["onHold"]
    assert await staff.refusal("resumeOrder", id=order) == "NOT_ON_HOLD id"
    cancelled = await klaas.mutate("cancelOrder", f"order {{ {ORDER} }}", id=order, reason="Verhuisd")
    assert (cancelled["order"]["stage"], cancelled["order"]["cancelReason"]) == ("CANCELLED", "Verhuisd")
    assert await klaas.refusal("cancelOrder", id=order, reason="Nog eens") == "INVALID_STATE id"
    other = await laderthuis.customer("Iemand Anders")
    assert await other.client.refusal("cancelOrder", id=order, reason="x") == "NOT_FOUND id"
    assert (await staff.mutate("reopenOrder", "order { stage }", id=order, reason="Vergissing"))["order"] == {
        "stage": "RECEIVED"
    }


async def test_the_signed_document_is_verified_by_anybody(laderthuis: Company, customer: Customer, quote: str) -> None:
    document_hash = (await sign(customer.client, quote))["signature"]["documentHash"]
    known = await laderthuis.visitor().query(
        "verifyDocument", "known entityName sealsVerify signatures { kind sealVerifies }", hash=document_hash
    )
    assert known == {
        "known": True,
        "entityName": "LaderThuis",
        "sealsVerify": True,
        "signatures": [{"kind": "SIGNED", "sealVerifies": True}],
    }
    unknown = await laderthuis.visitor().query("verifyDocument", "known entityName", hash="0" * 64)
    assert unknown == {"known": False, "entityName": None}
    signed = await customer.client.query("quote", "version { consentText signatures { consentText } }", id=quote)
    assert signed["version"] == {"consentText": CONSENT, "signatures": [{"consentText": CONSENT}]}
