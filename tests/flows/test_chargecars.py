"""ChargeCars with Groendus as partner: one quote, two parties, each of which sees and signs its own lines."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from tests.flows.company import ADDRESS, INSTALLATION, STATION, Company, Customer
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
from tests.flows.steps import Client, Platform, code_in, new_address, this_year

ANSWERS = {
    "home_owner": True,
    "car_power": "ELECTRIC",
    "mounting": "POLE",
    "meter_box_distance": 12.5,
    "grid_phases": "3",
}
OF_THE_PARTNER = ("899.95", "188.99", "1088.94")
OF_THE_CUSTOMER = ("333.33", "70.00", "403.33")
OF_BOTH = ("1233.28", "258.99", "1492.27")


@dataclass
class Channel:
    """ChargeCars, Groendus with two dealers, a partner and a business entity beside them."""

    chargecars: Company
    groendus: str
    noord: str
    groendus_admin: Client
    noord_user: Client
    zuid_user: Client
    essent_user: Client
    outsider: Client
    """Staff of another business entity."""


@pytest.fixture(scope="module")
async def channel(platform: Platform) -> Channel:
    company = await Company.found(platform, "CC", "ChargeCars", requiresPartner=True)
    await company.sells_charging_stations()
    groendus = await company.partner("Groendus", partnerCode="groendus")
    noord, zuid = [await company.partner(f"Groendus {where}", groendus) for where in ("Noord", "Zuid")]
    terms = {"payerByCategory": [{"category": "CHARGING_STATION", "payer": "PARTNER"}]}
    terms |= {"entityId": company.id, "organizationId": groendus}
    await company.admin.mutate("saveAgreement", "agreement { id }", input=terms)
    return Channel(
        company,
        groendus,
        noord,
        await company.person_of(groendus, "PARTNER_ADMIN"),
        await company.person_of(noord),
        await company.person_of(zuid),
        await company.person_of(await company.partner("Essent")),
        (await Company.found(platform, "LT", "LaderThuis")).staff,
    )


@pytest.fixture
async def customer(channel: Channel) -> Customer:
    return await channel.chargecars.customer()


@pytest.fixture
async def quote(channel: Channel, customer: Customer) -> str:
    return await channel.chargecars.offer(endCustomerId=customer.contact, accountId=channel.noord)


async def sees_nothing(client: Client, quote: str, number: str, order: Any = None) -> None:
    """Not by id, by number, in lists, by search, or as a node."""
    assert await client.query("quote", "id", id=quote) is None
    assert await client.query("quote", "id", number=number) is None
    assert await client.all("quotes", "id", filter={"number": {"eq": number}}) == []
    assert await client.query("search", "id", text=number) == []
    for id in (quote, *([order["id"]] if order else [])):
        assert await client.query("node", "id", id=id) is None
        assert await client.all("events", "id", filter={"subjectId": id}) == []
    if order:
        assert await client.query("order", "id", id=order["id"]) is None
        assert await client.query("order", "id", number=order["number"]) is None
        assert await client.all("orders", "id", filter={"number": {"eq": order["number"]}}) == []
        assert await client.query("search", "id", text=order["number"]) == []


# --- the way it should go -----------------------------------------------------------------------------------------


async def test_from_a_partners_lead_to_an_order(channel: Channel) -> None:
    cc, noord, email = channel.chargecars, channel.noord_user, new_address("femke")
    wish = {"name": "Femke Visser", "email": email, "phone": "0687654321", "address": ADDRESS}
    wish["interests"] = {"productCategory": "CHARGING_STATION"}
    taken = await noord.mutate("submitLead", "receipt { number } lead { id status }", input=wish)
    lead = taken["lead"]["id"]
    assert taken["receipt"]["number"].startswith(f"CC-L-{this_year()}-")
    assert (await channel.groendus_admin.query("lead", "__typename", id=lead))["__typename"] == "PartnerLead"
    assert await channel.zuid_user.query("lead", "id", id=lead) is None
    assert await channel.outsider.query("lead", "id", id=lead) is None

    answered = await noord.mutate("answerIntake", "lead { status }", input={"leadId": lead, "answers": ANSWERS})
    assert answered["lead"]["status"] == "INTAKE"
    early = {"entityId": cc.id, "lines": [STATION, INSTALLATION], "leadId": lead}
    assert await cc.staff.refusal("createQuote", input=early) == "LEAD_NOT_QUALIFIED leadId"
    assert await noord.error("mutation", "qualifyLead", "lead { id }", id=lead) == "FORBIDDEN"
    assert (await cc.staff.mutate("qualifyLead", "lead { status }", id=lead))["lead"]["status"] == "QUALIFIED"
    quote = await cc.draft(leadId=lead)
    staff_view = await look_at(cc.staff, quote)
    assert [line["payerRole"] for line in staff_view["lines"]] == ["PARTNER", "CUSTOMER"]
    assert amounts(staff_view) == OF_BOTH
    femke = await cc.visitor().log_in_by_mail(email)
    for party in (noord, channel.groendus_admin, femke):
        assert await party.query("quote", "id", id=quote) is None
    await cc.staff.mutate("sendQuote", "quote { id }", id=quote)

    await each_party_sees_its_own(channel, femke, quote)

    first = await sign(noord, quote)
    assert (first["quote"]["status"], first["order"]) == ("PARTIALLY_SIGNED", None)
    waiting = await look_at(femke, quote)
    assert (waiting["pendingParties"], waiting["version"]["signatures"]) == (["CUSTOMER"], [])
    await femke.mutate("requestSigningCode", "expiresInMinutes", quoteId=quote)
    last = await sign(femke, quote, code=code_in(await cc.platform.mail_to(email)))
    assert last["signature"]["identityProof"] == "MAILED_CODE"
    assert last["quote"]["status"] == "ORDERED"
    assert last["order"]["number"] == f"CC-{this_year()}-00001"
    await each_audience_sees_the_order(channel, femke, last["order"])
    for nobody in (channel.zuid_user, channel.essent_user, (await cc.customer("Een ander")).client, channel.outsider):
        await sees_nothing(nobody, quote, staff_view["number"], last["order"])
    assert (await cc.staff.query("lead", "status", id=lead))["status"] == "CONVERTED"


async def each_party_sees_its_own(channel: Channel, femke: Client, quote: str) -> None:
    for partner in (channel.noord_user, channel.groendus_admin):
        theirs = await look_at(partner, quote)
        assert theirs["__typename"] == "PartnerQuote"
        assert skus(theirs) == ["ALF-EVE-S-11KW"]
        assert theirs["lines"][0]["technicalDescription"] == "11 kW, driefasig"
        assert amounts(theirs) == OF_THE_PARTNER
        assert [party["role"] for party in theirs["parties"]] == ["PARTNER"]
    hers = await look_at(femke, quote)
    assert hers["__typename"] == "CustomerQuote"
    assert skus(hers) == ["INST-BASIC-1P"]
    assert "technicalDescription" not in hers["lines"][0]
    assert amounts(hers) == OF_THE_CUSTOMER
    assert [party["role"] for party in hers["parties"]] == ["CUSTOMER"]
    assert await hash_of(femke, quote) == await hash_of(channel.noord_user, quote)


async def each_audience_sees_the_order(channel: Channel, femke: Client, order: Any) -> None:
    seen = [
        (channel.chargecars.staff, "StaffOrder", OF_BOTH, 2),
        (channel.noord_user, "PartnerOrder", OF_THE_PARTNER, 1),
        (channel.groendus_admin, "PartnerOrder", OF_THE_PARTNER, 1),
        (femke, "CustomerOrder", OF_THE_CUSTOMER, 1),
    ]
    for client, typename, total, signatures in seen:
        found = await client.query("order", ORDER, number=order["number"])
        assert (found["__typename"], amounts(found)) == (typename, total)
        assert len(found["signatures"]) == len(found["lines"]) == signatures
    chain = await channel.chargecars.staff.query(
        "order", "... on StaffOrder { channelContactIds cost { amount } }", id=order["id"]
    )
    assert chain == {"channelContactIds": [channel.groendus, channel.noord], "cost": {"amount": "700.00"}}
    own = await channel.noord_user.query("order", "... on PartnerOrder { channelContactIds }", id=order["id"])
    assert own["channelContactIds"] == [channel.noord]


async def test_each_line_is_proved_without_the_other(channel: Channel, customer: Customer, quote: str) -> None:
    document_hash = await hash_of(customer.client, quote)
    for party in (customer.client, channel.noord_user):
        [line] = (await party.query("quote", "lines { id sku }", id=quote))["lines"]
        proof = await party.query("lineProof", "line documentHash path size", lineId=line["id"])
        assert (proof["documentHash"], proof["size"], len(proof["path"])) == (document_hash, 2, 1)
        assert proof["line"]["sku"] == line["sku"]
        other = customer.client if party is channel.noord_user else channel.noord_user
        assert await other.query("lineProof", "line", lineId=line["id"]) is None


async def test_a_consumer_without_a_partner_is_helped_by_laderthuis(channel: Channel) -> None:
    wish = {"name": "Daan Smit", "email": new_address("daan"), "address": ADDRESS}
    clicks = await asyncio.gather(
        *(channel.chargecars.visitor().mutate("submitLead", "receipt { number }", input=wish) for _ in range(2))
    )
    [number] = {click["receipt"]["number"] for click in clicks}
    assert number.startswith(f"LT-L-{this_year()}-")
    why = "... on StaffLead { routing { ruleName reasonEn } submittedEntity { code } }"
    taken = await channel.outsider.query("lead", why, number=number)
    assert taken["routing"]["ruleName"] == "Consument zonder partner bij ChargeCars"
    for somebody in (channel.chargecars.staff, channel.groendus_admin):
        assert await somebody.query("lead", "id", number=number) is None


# --- wrong turns --------------------------------------------------------------------------------------------------


async def test_an_order_without_a_partner_is_not_made_here(channel: Channel, customer: Customer) -> None:
    given = {"entityId": channel.chargecars.id, "endCustomerId": customer.contact, "lines": [STATION]}
    assert await channel.chargecars.staff.refusal("createQuote", input=given) == "PARTNER_ACCOUNT_REQUIRED accountId"


async def test_the_offer_expires_after_one_signature(channel: Channel, customer: Customer, quote: str) -> None:
    await sign(channel.noord_user, quote)
    document_hash = await hash_of(customer.client, quote)
    await channel.chargecars.platform.expire(quote)
    assert await refused_to_sign(customer.client, quote, document_hash) == "QUOTE_EXPIRED quoteId"
    assert await customer.client.all("orders", "id") == []
    await revise(channel.chargecars.staff, quote, STATION, INSTALLATION)
    assert (await look_at(customer.client, quote))["pendingParties"] == ["CUSTOMER", "PARTNER"]


async def test_one_party_declines_and_it_ends_for_both(channel: Channel, customer: Customer, quote: str) -> None:
    await sign(channel.noord_user, quote)
    await decline(customer.client, quote, "Wij gaan verhuizen naar Utrecht")
    theirs = await look_at(channel.noord_user, quote)
    assert (theirs["status"], theirs["pendingParties"]) == ("DECLINED", [])
    told = await channel.noord_user.query("quote", "closeReason timeline { nodes { payload } }", id=quote)
    assert "Utrecht" not in str(told)
    ours = await channel.chargecars.staff.query("quote", "version { signatures { kind reason } }", id=quote)
    assert {"kind": "DECLINED", "reason": "Wij gaan verhuizen naar Utrecht"} in ours["version"]["signatures"]
    document_hash = await hash_of(channel.noord_user, quote)
    assert await refused_to_sign(channel.noord_user, quote, document_hash) == "ALREADY_SIGNED quoteId"
    assert await customer.client.all("orders", "id") == []


async def test_a_revision_makes_the_first_signature_void(channel: Channel, customer: Customer, quote: str) -> None:
    signed = (await sign(channel.noord_user, quote))["signature"]["documentHash"]
    await revise(channel.chargecars.staff, quote, STATION | {"quantity": "2"}, INSTALLATION)
    assert await refused_to_sign(customer.client, quote, signed) == "VERSION_CHANGED documentHash"
    assert await refused_to_sign(channel.noord_user, quote, signed) == "VERSION_CHANGED documentHash"
    assert (await sign(customer.client, quote))["order"] is None
    assert await customer.client.all("orders", "id") == []
    order = (await sign(channel.noord_user, quote))["order"]
    assert amounts(order) == ("1799.90", "377.98", "2177.88")
    history = await channel.noord_user.query("quote", "versions { number signatures { kind } }", id=quote)
    assert [(v["number"], len(v["signatures"])) for v in history["versions"]] == [(2, 1), (1, 1)]


async def test_a_draft_in_preparation_shows_to_nobody_and_stops_nobody(
    channel: Channel, customer: Customer, quote: str
) -> None:
    given = {"quoteId": quote, "reason": "Dubbel", "lines": [STATION | {"quantity": "2"}, INSTALLATION]}
    await channel.chargecars.staff.mutate(
        "reviseQuote", "quote { ... on StaffQuote { draft { number } } }", input=given
    )
    assert (await look_at(channel.noord_user, quote))["currentVersion"] == 1
    assert len((await channel.noord_user.query("quote", "versions { id }", id=quote))["versions"]) == 1
    await sign(channel.noord_user, quote)
    assert (await sign(customer.client, quote))["order"] is not None


async def test_nobody_signs_for_another(channel: Channel, customer: Customer, quote: str) -> None:
    document_hash = await hash_of(customer.client, quote)
    given = {"quoteId": quote, "documentHash": document_hash}
    for stranger in (
        channel.zuid_user,
        channel.essent_user,
        (await channel.chargecars.customer("Een ander")).client,
    ):
        assert await refused_to_sign(stranger, quote, document_hash) == "NOT_FOUND quoteId"
        assert await stranger.refusal("declineQuote", input={"quoteId": quote, "reason": "x"}) == "NOT_FOUND quoteId"
    for ours in (channel.chargecars.staff, channel.chargecars.admin, channel.outsider):
        assert await ours.error("mutation", "signQuote", "quote { id }", input=given) == "FORBIDDEN"
    assert await refused_to_sign(channel.groendus_admin, quote, document_hash) == "NOT_A_PARTY quoteId"
    [party] = (await look_at(channel.noord_user, quote))["parties"]
    master_user = await channel.chargecars.person_of(channel.groendus)
    assert await refused_to_sign(master_user, quote, document_hash, partyId=party["id"]) == "NOT_A_PARTY partyId"
    assert await refused_to_sign(customer.client, quote, document_hash, partyId=party["id"]) == "NOT_A_PARTY partyId"
    signed = await sign(channel.groendus_admin, quote, partyId=party["id"])
    assert signed["quote"]["pendingParties"] == ["CUSTOMER"]


async def test_an_api_key_of_the_partner_cannot_sign(channel: Channel, quote: str) -> None:
    given = {"name": "Portaal", "scopes": ["quotes:read"], "organizationId": channel.noord}
    made = await channel.groendus_admin.mutate("createApiKey", "secret", input=given)
    program = channel.chargecars.visitor().use(made["secret"])
    assert skus(await look_at(program, quote)) == ["ALF-EVE-S-11KW"]
    wanted = {"quoteId": quote, "documentHash": await hash_of(program, quote)}
    assert await program.error("mutation", "signQuote", "quote { id }", input=wanted) == "FORBIDDEN"
    signing = given | {"scopes": ["quotes:sign"]}
    assert await channel.groendus_admin.refusal("createApiKey", input=signing) == "SCOPE_NOT_GRANTABLE scopes"


async def test_signing_twice_changes_nothing(channel: Channel, customer: Customer, quote: str) -> None:
    document_hash = (await sign(channel.noord_user, quote))["signature"]["documentHash"]
    colleague = await channel.chargecars.person_of(channel.noord)
    for again in (channel.noord_user, colleague):
        assert await refused_to_sign(again, quote, document_hash) == "ALREADY_SIGNED quoteId"
    assert (await sign(customer.client, quote))["order"] is not None
    assert await refused_to_sign(customer.client, quote, document_hash) == "ALREADY_SIGNED quoteId"
    assert len(await customer.client.all("orders", "id")) == 1


async def test_both_sign_at_the_same_moment(channel: Channel, customer: Customer) -> None:
    for _ in range(3):
        quote = await channel.chargecars.offer(endCustomerId=customer.contact, accountId=channel.noord)
        given = {"quoteId": quote, "documentHash": await hash_of(customer.client, quote)}
        both = await asyncio.gather(
            *(party.mutate("signQuote", SIGNED, input=given) for party in (channel.noord_user, customer.client))
        )
        orders = [answer["order"] for answer in both]
        assert orders.count(None) == 1
        statuses = sorted(answer["quote"]["status"] for answer in both)
        assert statuses == ["ORDERED", "PARTIALLY_SIGNED"]
        assert len(await customer.client.all("orders", "id", filter={"quoteId": {"eq": quote}})) == 1


async def test_one_key_orders_once(channel: Channel, customer: Customer, quote: str) -> None:
    await sign(channel.noord_user, quote)
    given = {"quoteId": quote, "documentHash": await hash_of(customer.client, quote)}
    clicks = await asyncio.gather(
        *(customer.client.mutate("signQuote", SIGNED, key="double-click", input=given) for _ in range(3))
    )
    assert clicks[0]["order"]["number"]
    assert clicks == [clicks[0]] * 3
    assert len(await customer.client.all("orders", "id")) == 1
    other = {"quoteId": quote, "documentHash": "0" * 64}
    assert await customer.client.refusal("signQuote", key="double-click", input=other) == "IDEMPOTENCY_KEY_REUSED"
    mine = await channel.noord_user.answer("signQuote", "order { id }", key="double-click", input=given)
    assert [error["code"] for error in mine["userErrors"]] == ["ALREADY_SIGNED"]


async def test_without_a_key_nothing_is_signed(customer: Customer, quote: str) -> None:
    text = """mutation S($input: SignQuoteInput!) { signQuote(input: $input) { quote { id } userErrors { code } } }"""
    given = {"quoteId": quote, "documentHash": await hash_of(customer.client, quote)}
    answer = await customer.client.http.post("/graphql", json={"query": text, "variables": {"input": given}})
    assert answer.json()["data"]["signQuote"] == {"quote": None, "userErrors": [{"code": "IDEMPOTENCY_KEY_REQUIRED"}]}


# --- after the order ----------------------------------------------------------------------------------------------


async def test_what_each_audience_may_do_with_an_order(channel: Channel, customer: Customer, quote: str) -> None:
    cc = channel.chargecars
    await sign(channel.noord_user, quote)
    order = (await sign(customer.client, quote))["order"]["id"]
    planner, finance = await cc.colleague("PLANNER"), await cc.colleague("FINANCE")
    for somebody in (channel.noord_user, customer.client, finance):
        assert await somebody.error("mutation", "holdOrder", "order { id }", id=order, reason="x") == "FORBIDDEN"
        assert await somebody.error("mutation", "resumeOrder", "order { id }", id=order) == "FORBIDDEN"
    for stranger in (channel.zuid_user, channel.essent_user, channel.outsider):
        assert await stranger.refusal("cancelOrder", id=order, reason="Weg ermee") == "NOT_FOUND id"
    assert await channel.outsider.refusal("holdOrder", id=order, reason="x") == "NOT_FOUND id"
    await planner.mutate("holdOrder", "order { id }", id=order, reason="Wacht op netbeheerder")
    for party in (channel.noord_user, channel.groendus_admin, customer.client):
        held = await party.query("order", "onHold holdReason timeline { nodes { type } }", id=order)
        assert (held["onHold"], held["holdReason"]) == (True, "Wacht op netbeheerder")
        assert held["timeline"]["nodes"][0] == {"type": "order.held"}
    await planner.mutate("resumeOrder", "order { id }", id=order)
    assert await planner.error("mutation", "cancelOrder", "order { id }", id=order, reason="x") == "FORBIDDEN"
    cancelled = await channel.groendus_admin.mutate(
        "cancelOrder", "order { stage visits { status } milestones { stage } }", id=order, reason="Klant is verhuisd"
    )
    assert cancelled["order"] == {
        "stage": "CANCELLED",
        "visits": [{"status": "CANCELLED"}],
        "milestones": [{"stage": "RECEIVED"}, {"stage": "CANCELLED"}],
    }
    assert (await customer.client.query("order", "cancelReason", id=order))["cancelReason"] == "Klant is verhuisd"


async def test_an_internal_note_stays_with_staff(channel: Channel, customer: Customer, quote: str) -> None:
    await sign(channel.noord_user, quote)
    order = (await sign(customer.client, quote))["order"]["id"]
    staff = channel.chargecars.staff
    await staff.mutate("noteOrder", "order { id }", id=order, note="Marge is krap", internal=True)
    await staff.mutate("noteOrder", "order { id }", id=order, note="Monteur belt vooraf", internal=False)
    for party, words in ((staff, True), (channel.noord_user, False), (customer.client, False)):
        told = str(await party.query("order", "timeline { nodes { payload } }", id=order))
        assert "Monteur belt vooraf" in told
        assert ("Marge is krap" in told) is words


async def test_an_admin_is_told_why_somebody_sees_a_quote(channel: Channel, quote: str) -> None:
    cc = channel.chargecars
    members = await cc.admin.all("memberships", "id organization { name }", filter={"role": {"eq": "PARTNER_USER"}})
    by_name = {member["organization"]["name"]: member["id"] for member in members}
    for name, visible in (("Groendus Noord", True), ("Groendus Zuid", False)):
        told = await cc.admin.query("explainAccess", "visible reason", id=quote, membershipId=by_name[name])
        assert told["visible"] is visible
        assert told["reason"]
    given = {"id": quote, "membershipId": by_name["Groendus Noord"]}
    assert await channel.noord_user.error("query", "explainAccess", "visible", **given) == "FORBIDDEN"
