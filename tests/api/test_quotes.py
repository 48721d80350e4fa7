"""Quotes over GraphQL: made by staff, seen by each party as its own, refused with codes and places."""

from typing import Any
from uuid import uuid4

import pytest

from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import codes, gid
from tests.quoting import Market, lead_of, market
from tests.trading import trader

CREATE = """mutation C($input: CreateQuoteInput!) { createQuote(input: $input) {
  quote { id number status pendingParties currentVersion version { id documentHash resources { visits minutes skills } }
    ... on StaffQuote { revision cost { cents } margin { cents } draft { number } partnerMetadata } }
  userErrors { code field message } } }"""
SEND = """mutation S($id: ID!, $days: Int, $revision: Int) {
  sendQuote(id: $id, validDays: $days, expectedRevision: $revision) {
  quote { status sentAt expiresAt version { documentHash head } } userErrors { code field } } }"""
REVISE = """mutation R($input: ReviseQuoteInput!) { reviseQuote(input: $input) {
  quote { status currentVersion ... on StaffQuote { draft { number reason lines { sku quantity } } } }
  userErrors { code field } } }"""
WITHDRAW = """mutation W($id: ID!, $reason: String!) { withdrawQuote(id: $id, reason: $reason) {
  quote { status closeReason } userErrors { code field } } }"""
PREVIEW = """mutation P($input: CreateQuoteInput!) { previewQuote(input: $input) {
  preview { gross { cents amount currency } margin { cents } parties { role requirement gross { cents } }
    visits { kind minutes } lines { sku payerRole unitPrice { amount } } } userErrors { code field } } }"""
ONE = """query Q($id: ID!) { quote(id: $id) {
  __typename number status pendingParties gross { cents amount } net { cents } vat { cents }
  lines { __typename sku ... on PricedLineItem { gross { cents } unitPriceIncludingVat { cents } payer { id } }
    ... on TechnicalLineItem { technicalDescription } }
  parties { role requirement state gross { cents } vatShares { rate gross { cents } } }
  version { number lines { sku } visits { kind minutes } resources { visits minutes skills outdoor } terms }
  versions { number } endCustomer { name } account { name } serviceAddress { postalCode } entity { name }
  timeline { nodes { type } totalCount } } }"""
LIST = """query L($filter: QuoteFilter, $orderBy: QuoteSort) { quotes(filter: $filter, orderBy: $orderBy) {
  totalCount nodes { id number } } }"""
DIFFERENCES = """query D($id: ID!, $earlier: Int!, $later: Int!) {
  quoteDifferences(quoteId: $id, earlier: $earlier, later: $later) {
    change sku positionBefore positionAfter values } }"""


def wanted(m: Market, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
    given = {
        "entityId": gid("BusinessEntity", m.entity.id),
        "endCustomerId": gid("Contact", m.customer.id),
        "accountId": gid("Organization", m.dealer.id),
        "serviceAddressId": gid("Address", m.address.id),
        "lines": [*lines] or [line(m, "station"), {"sku": m.articles["installation"].sku}],
    }
    return given | values


def line(m: Market, name: str, **values: Any) -> dict[str, Any]:
    return {"articleId": gid("Article", m.articles[name].id), **values}


async def test_staff_make_and_send_a_quote(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    staff = trader(m, settings, "staff")
    made = (await staff.ask(CREATE, input=wanted(m, partnerMetadata={"purchase_order": "1"})))["createQuote"]
    quote = made["quote"]
    assert made["userErrors"] == []
    assert (quote["status"], quote["pendingParties"]) == ("DRAFT", ["CUSTOMER", "PARTNER"])
    assert quote["version"]["documentHash"] is None
    assert quote["version"]["resources"] == {"visits": 1, "minutes": 150, "skills": ["EV", "NEN1010"]}
    assert (quote["cost"]["cents"], quote["margin"]["cents"]) == ("50000", "73328")
    assert quote["partnerMetadata"] == {"purchase_order": "1"}
    stale = (await staff.ask(SEND, id=quote["id"], revision=quote["revision"] + 1))["sendQuote"]
    assert codes(stale) == [("STALE_VERSION", ["expectedRevision"])]
    sent = (await staff.ask(SEND, id=quote["id"], days=7, revision=quote["revision"]))["sendQuote"]
    assert sent["quote"]["status"] == "SENT"
    assert sent["quote"]["version"]["head"]["number"] == quote["number"]
    assert len(sent["quote"]["version"]["documentHash"]) == 64
    again = (await staff.ask(SEND, id=quote["id"]))["sendQuote"]
    assert codes(again) == [("NO_DRAFT", ["id"])]


async def test_each_audience_reads_its_own_type_lines_and_total(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = gid("Quote", await m.quote())
    seen = {
        name: (await trader(m, settings, name).ask(ONE, id=quote_id))["quote"]
        for name in ("staff", "dealer", "master", "customer")
    }
    station, installation = m.articles["station"].sku, m.articles["installation"].sku
    assert {name: (quote["__typename"], quote["gross"]["cents"]) for name, quote in seen.items()} == {
        "staff": ("StaffQuote", "149227"),
        "dealer": ("PartnerQuote", "108894"),
        "master": ("PartnerQuote", "108894"),
        "customer": ("CustomerQuote", "40333"),
    }
    assert {name: [each["sku"] for each in quote["lines"]] for name, quote in seen.items()} == {
        "staff": [station, installation],
        "dealer": [station],
        "master": [station],
        "customer": [installation],
    }
    customer = seen["customer"]
    assert customer["lines"] == [
        {
            "__typename": "CustomerLineItem",
            "sku": installation,
            "gross": {"cents": "40333"},
            "unitPriceIncludingVat": {"cents": "40333"},
            "payer": {"id": gid("Contact", m.customer.id)},
        }
    ]
    assert [(party["role"], party["gross"]["cents"]) for party in customer["parties"]] == [("CUSTOMER", "40333")]
    assert customer["parties"][0]["vatShares"] == [{"rate": "21", "gross": {"cents": "40333"}}]
    assert customer["pendingParties"] == ["CUSTOMER", "PARTNER"]
    assert customer["version"]["visits"] == [{"kind": "INSTALLATION", "minutes": 150}]
    assert customer["timeline"] == {"nodes": [{"type": "quote.sent"}], "totalCount": 1}
    assert seen["dealer"]["lines"][0]["technicalDescription"] == "11 kW, three-phase"
    assert seen["dealer"]["account"] == {"name": m.dealer.name}
    assert [each["type"] for each in seen["staff"]["timeline"]["nodes"]] == ["quote.sent", "quote.created"]


@pytest.mark.parametrize("field", ["cost { cents }", "margin { cents }", "draft { number }", "channelContactIds"])
async def test_a_party_cannot_even_ask_for_what_is_ours(database: Database, settings: Settings, field: str) -> None:
    m = await market(database)
    quote_id = gid("Quote", await m.quote())
    document = f"query($id: ID!) {{ quote(id: $id) {{ number ... on StaffQuote {{ {field} }} }} }}"
    seen = (await trader(m, settings, "customer").ask(document, id=quote_id))["quote"]
    assert set(seen) == {"number"}
    on_own = f"query($id: ID!) {{ quote(id: $id) {{ ... on CustomerQuote {{ {field} }} }} }}"
    result = await trader(m, settings, "customer").execute(on_own, {"id": quote_id})
    assert "Cannot query field" in result.errors[0].message


async def test_who_is_not_concerned_finds_nothing_in_any_way(database: Database, settings: Settings) -> None:
    m, other = await market(database, agreement={}), await market(database)
    key = await m.quote(partner_order_id="PO-X")
    async with database.session(SYSTEM) as session:
        neighbour = await factories.person(session, m.entity)
        m.actors["neighbour"] = await factories.actor_with(session, Role.CUSTOMER, m.entity, contact=neighbour)
    m.actors |= {f"other {name}": who for name, who in other.actors.items()}
    staff = trader(m, settings, "staff")
    number = (await staff.ask("query($i: ID!) { quote(id: $i) { number } }", i=gid("Quote", key)))["quote"]["number"]
    for name in ("neighbour", "other staff", "other dealer", "other customer"):
        who = trader(m, settings, name)
        assert (await who.ask(ONE, id=gid("Quote", key)))["quote"] is None
        assert (await who.ask("query($n: String) { quote(number: $n) { id } }", n=number))["quote"] is None
        for filter in ({"number": {"eq": number}}, {"search": number}, {"search": "PO-X"}, {"status": {"eq": "SENT"}}):
            assert (await who.ask(LIST, filter=filter))["quotes"]["totalCount"] == 0, (name, filter)
        unseen = (await who.ask(ONE, id=gid("Quote", uuid4())))["quote"]
        assert unseen is None


async def test_lists_are_filtered_and_sorted(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    draft, sent = await m.quote(send=False), await m.quote(partner_order_id="PO-SEARCH-1")
    ordered = await m.quote(partner=False)
    await m.sign("customer", ordered)
    staff = trader(m, settings, "staff")

    async def found(**filter: Any) -> set[str]:
        answer = await staff.ask(LIST, filter=filter, orderBy={"field": "NUMBER", "direction": "ASC"})
        return {node["id"] for node in answer["quotes"]["nodes"]}

    ids = {name: gid("Quote", key) for name, key in (("draft", draft), ("sent", sent), ("ordered", ordered))}
    assert await found(status={"in": ["DRAFT"]}) == {ids["draft"]}
    assert await found(pending="PARTNER") == {ids["draft"], ids["sent"]}
    assert await found(search="po-search") == {ids["sent"]}
    assert await found(endCustomerId={"eq": gid("Contact", m.customer.id)}) == set(ids.values())
    assert await found(accountId={"eq": gid("Organization", m.dealer.id)}) == {ids["draft"], ids["sent"]}
    assert await found(withinOrganizationId=gid("Organization", m.master.id)) == {ids["draft"], ids["sent"]}
    dealer = await trader(m, settings, "dealer").ask(LIST)
    assert [node["id"] for node in dealer["quotes"]["nodes"]] == [ids["sent"]]


async def test_faults_are_named_by_code_and_place(database: Database, settings: Settings) -> None:
    m = await market(database, requires_partner=True)
    staff = trader(m, settings, "staff")

    async def refused(*lines: dict[str, Any], **values: Any) -> list[tuple[str, list[str]]]:
        payload = (await staff.ask(CREATE, input=wanted(m, *lines, **values)))["createQuote"]
        assert payload["quote"] is None
        return codes(payload)

    assert await refused(accountId=None) == [("PARTNER_ACCOUNT_REQUIRED", ["accountId"])]
    assert await refused(line(m, "cable", quantity="0")) == [("OUT_OF_RANGE", ["lines", "0", "quantity"])]
    assert await refused({"sku": "NONE"}) == [("UNKNOWN_ARTICLE", ["lines", "0", "sku"])]
    assert await refused(line(m, "station"), line(m, "survey"), line(m, "meter")) == [("TOO_MANY_VISITS", ["lines"])]
    assert await refused(partnerMetadata=[1]) == [("WRONG_TYPE", ["partnerMetadata"])]
    assert await refused(line(m, "cable", unitPriceCents="-1")) == [("OUT_OF_RANGE", ["lines", "0", "unitPriceCents"])]
    assert await staff.error(CREATE, input=wanted(m, leadId=gid("Order", uuid4()))) == "BAD_ID"


@pytest.mark.parametrize("name", ["dealer", "master_admin", "customer"])
async def test_only_staff_make_quotes(database: Database, settings: Settings, name: str) -> None:
    m = await market(database)
    assert await trader(m, settings, name).error(CREATE, input=wanted(m)) == "FORBIDDEN"


async def test_a_preview_shows_payers_visits_and_margin(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    staff = trader(m, settings, "staff")
    lead = await lead_of(m)
    preview = (await staff.ask(PREVIEW, input=wanted(m, leadId=gid("Lead", lead.id))))["previewQuote"]["preview"]
    assert preview["gross"] == {"cents": "149227", "amount": "1492.27", "currency": "EUR"}
    assert preview["margin"] == {"cents": "73328"}
    assert [(p["role"], p["requirement"]) for p in preview["parties"]] == [("CUSTOMER", "SIGN"), ("PARTNER", "SIGN")]
    assert preview["visits"] == [{"kind": "INSTALLATION", "minutes": 150}]
    assert (await staff.ask(LIST))["quotes"]["totalCount"] == 0


async def test_revising_comparing_and_withdrawing(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = gid("Quote", await m.quote())
    staff = trader(m, settings, "staff")
    new = {"quoteId": quote_id, "reason": "Two cables", "lines": [line(m, "station"), line(m, "cable", quantity="2")]}
    revised = (await staff.ask(REVISE, input=new))["reviseQuote"]["quote"]
    assert (revised["status"], revised["currentVersion"], revised["draft"]["number"]) == ("SENT", 1, 2)
    found = (await staff.ask(DIFFERENCES, id=quote_id, earlier=1, later=2))["quoteDifferences"]
    assert {(each["change"], each["sku"]) for each in found} == {
        ("ADDED", m.articles["cable"].sku),
        ("REMOVED", m.articles["installation"].sku),
    }
    assert await trader(m, settings, "dealer").error(DIFFERENCES, id=quote_id, earlier=1, later=2) == "FORBIDDEN"
    assert (await staff.ask(DIFFERENCES, id=quote_id, earlier=1, later=9))["quoteDifferences"] is None
    seen = (await trader(m, settings, "dealer").ask(ONE, id=quote_id))["quote"]
    assert [version["number"] for version in seen["versions"]] == [1]
    withdrawn = (await staff.ask(WITHDRAW, id=quote_id, reason="Wrong price"))["withdrawQuote"]
    assert withdrawn["quote"] == {"status": "WITHDRAWN", "closeReason": "Wrong price"}
    again = (await staff.ask(WITHDRAW, id=quote_id, reason="Wrong price"))["withdrawQuote"]
    assert codes(again) == [("QUOTE_CLOSED", ["id"])]


async def test_a_payer_outside_the_channel_reads_no_reference_of_the_partner(
    database: Database, settings: Settings
) -> None:
    m = await market(database)
    async with database.session(SYSTEM) as session:
        lessor = await factories.organization(session, m.entity)
        m.actors["lessor"] = await factories.actor_with(session, Role.PARTNER_USER, m.entity, organization=lessor)
    lines = (m.line("station", payer_id=lessor.id), m.line("installation"))
    key = await m.quote(*lines, partner_order_id="PO-9", partner_metadata={"a": 1})
    document = """query($id: ID!) { quote(id: $id) { account { name } endCustomer { name } lines { sku }
      ... on PartnerQuote { partnerOrderId partnerMetadata } } }"""
    seen = {
        name: (await trader(m, settings, name).ask(document, id=gid("Quote", key)))["quote"]
        for name in ("lessor", "dealer")
    }
    assert (seen["dealer"]["partnerOrderId"], seen["dealer"]["partnerMetadata"]) == ("PO-9", {"a": 1})
    assert seen["lessor"] == {
        "account": None,
        "endCustomer": None,
        "lines": [{"sku": m.articles["station"].sku}],
        "partnerOrderId": None,
        "partnerMetadata": {},
    }
