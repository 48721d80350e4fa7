"""In the middle of a running quote two records turn out to be one, and a dealer changes hands: who sees what then."""

from dataclasses import dataclass

import pytest

from tests.flows.company import INSTALLATION, STATION, Company, Customer
from tests.flows.signing import amounts, hash_of, look_at, refused_to_sign, revise, sign, skus
from tests.flows.steps import Client, Platform

OF_THE_PARTNER = ("899.95", "188.99", "1088.94")
OF_THE_CUSTOMER = ("333.33", "70.00", "403.33")


@pytest.fixture(scope="module")
async def chargecars(platform: Platform) -> Company:
    company = await Company.found(platform, "CC", "ChargeCars", requiresPartner=True)
    await company.sells_charging_stations()
    return company


@dataclass
class Channel:
    """Two master partners, a dealer below the first, and their people."""

    first: str
    second: str
    dealer: str
    first_admin: Client
    second_admin: Client
    dealer_user: Client


@pytest.fixture
async def channel(chargecars: Company) -> Channel:
    first, second = await chargecars.partner("Eerste"), await chargecars.partner("Tweede")
    dealer = await chargecars.partner("Handelaar", first)
    for master in (first, second):
        stations = {"category": "CHARGING_STATION", "payer": "PARTNER"}
        terms = {"entityId": chargecars.id, "organizationId": master, "payerByCategory": [stations]}
        await chargecars.admin.mutate("saveAgreement", "agreement { id }", input=terms)
    return Channel(
        first,
        second,
        dealer,
        await chargecars.person_of(first, "PARTNER_ADMIN"),
        await chargecars.person_of(second, "PARTNER_ADMIN"),
        await chargecars.person_of(dealer),
    )


@pytest.fixture
async def customer(chargecars: Company) -> Customer:
    return await chargecars.customer("Anna Prins")


@pytest.fixture
async def quote(chargecars: Company, channel: Channel, customer: Customer) -> str:
    return await chargecars.offer(endCustomerId=customer.contact, accountId=channel.dealer)


async def merge(company: Company, winner: str, loser: str) -> None:
    await company.admin.mutate("mergeContacts", "contact { id }", winnerId=winner, loserId=loser)
    company.platform.five_seconds_later()


# --- one person in two records ------------------------------------------------------------------------------------


async def test_the_customer_signs_under_the_record_that_was_kept(
    chargecars: Company, channel: Channel, customer: Customer, quote: str
) -> None:
    known_as = await chargecars.customer("A. Prins")
    await merge(chargecars, known_as.contact, customer.contact)
    for browser in (customer.client, known_as.client):
        seen = await look_at(browser, quote)
        assert (amounts(seen), skus(seen)) == (OF_THE_CUSTOMER, ["INST-BASIC-1P"])
    record = await chargecars.staff.query("contact", "mergedInto { id name }", id=customer.contact)
    assert record == {"mergedInto": {"id": known_as.contact, "name": "A. Prins"}}
    await sign(channel.dealer_user, quote)
    signed = await sign(known_as.client, quote)
    order = signed["order"]
    assert amounts(order) == OF_THE_CUSTOMER
    assert (await chargecars.staff.query("order", "endCustomer { id }", id=order["id"]))["endCustomer"] == {
        "id": known_as.contact
    }
    for browser in (customer.client, known_as.client):
        assert [found["number"] for found in await browser.all("orders", "number")] == [order["number"]]
    history = await chargecars.staff.query("contact", "timeline(first: 50) { nodes { type } }", id=known_as.contact)
    types = {event["type"] for event in history["timeline"]["nodes"]}
    assert {"quote.sent", "quote.signed", "order.received"} <= types


async def test_a_stranger_stays_one(chargecars: Company, customer: Customer, quote: str) -> None:
    kept, stranger = await chargecars.customer("A. Prins"), await chargecars.customer("Iemand Anders")
    await merge(chargecars, kept.contact, customer.contact)
    assert await stranger.client.query("quote", "id", id=quote) is None
    assert await refused_to_sign(stranger.client, quote, await hash_of(kept.client, quote)) == "NOT_FOUND quoteId"


async def test_a_merge_that_was_a_mistake_is_undone(
    chargecars: Company, channel: Channel, customer: Customer, quote: str
) -> None:
    other = await chargecars.customer("Anna de Prins")
    await merge(chargecars, other.contact, customer.contact)
    assert (await look_at(other.client, quote))["status"] == "SENT"
    await chargecars.admin.mutate("unmergeContacts", "contact { id }", id=customer.contact)
    chargecars.platform.five_seconds_later()
    assert await other.client.query("quote", "id", id=quote) is None
    document_hash = await hash_of(customer.client, quote)
    assert await refused_to_sign(other.client, quote, document_hash) == "NOT_FOUND quoteId"
    await sign(channel.dealer_user, quote)
    order = (await sign(customer.client, quote))["order"]
    assert await other.client.query("order", "id", id=order["id"]) is None


async def test_merging_is_not_for_everybody(chargecars: Company, channel: Channel, customer: Customer) -> None:
    other = await chargecars.customer("Iemand")
    given = {"winnerId": other.contact, "loserId": customer.contact}
    for somebody in (channel.first_admin, channel.dealer_user, customer.client):
        assert await somebody.error("mutation", "mergeContacts", "contact { id }", **given) == "FORBIDDEN"
    outsider = (await Company.found(chargecars.platform, "LT", "LaderThuis")).admin
    assert (await outsider.refusal("mergeContacts", **given)).startswith("NOT_FOUND")
    mixed = {"winnerId": channel.dealer, "loserId": customer.contact}
    assert await chargecars.admin.refusal("mergeContacts", **mixed) == "MERGE_IMPOSSIBLE loserId"


# --- one organization in two records ------------------------------------------------------------------------------


async def test_a_dealer_that_was_recorded_twice_signs_as_one(
    chargecars: Company, channel: Channel, customer: Customer, quote: str
) -> None:
    twin = await chargecars.partner("Handelaar B.V.", channel.first)
    twin_user = await chargecars.person_of(twin)
    assert await twin_user.query("quote", "id", id=quote) is None
    await merge(chargecars, twin, channel.dealer)
    for colleague in (twin_user, channel.dealer_user):
        seen = await look_at(colleague, quote)
        assert (amounts(seen), seen["pendingParties"]) == (OF_THE_PARTNER, ["CUSTOMER", "PARTNER"])
    signed = await sign(twin_user, quote)
    assert signed["quote"]["pendingParties"] == ["CUSTOMER"]
    order = (await sign(customer.client, quote))["order"]
    ours = await chargecars.staff.query(
        "order", "... on StaffOrder { channelContactIds } ... on CommercialOrder { account { id } }", id=order["id"]
    )
    assert ours == {"channelContactIds": [channel.first, twin], "account": {"id": twin}}
    for colleague in (twin_user, channel.dealer_user, channel.first_admin):
        assert amounts(await colleague.query("order", SUMS, id=order["id"])) == OF_THE_PARTNER
    assert await channel.second_admin.query("order", "id", id=order["id"]) is None


SUMS = "... on CommercialOrder { net { amount } vat { amount } gross { amount } }"


# --- a dealer that changes hands ----------------------------------------------------------------------------------


async def move(company: Company, dealer: str, parent: str) -> None:
    await company.admin.mutate("moveOrganization", "organization { id }", id=dealer, parentId=parent)
    company.platform.five_seconds_later()


async def test_a_running_quote_stays_with_those_it_was_made_with(
    chargecars: Company, channel: Channel, customer: Customer, quote: str
) -> None:
    await move(chargecars, channel.dealer, channel.second)
    assert amounts(await look_at(channel.first_admin, quote)) == OF_THE_PARTNER
    assert amounts(await look_at(channel.dealer_user, quote)) == OF_THE_PARTNER
    assert await channel.second_admin.query("quote", "id", id=quote) is None
    document_hash = await hash_of(channel.dealer_user, quote)
    [party] = (await look_at(channel.dealer_user, quote))["parties"]
    for admin, code in ((channel.first_admin, "NOT_A_PARTY partyId"), (channel.second_admin, "NOT_FOUND quoteId")):
        assert await refused_to_sign(admin, quote, document_hash, partyId=party["id"]) == code
    await sign(customer.client, quote)
    order = (await sign(channel.dealer_user, quote))["order"]
    chain = await chargecars.staff.query("order", "... on StaffOrder { channelContactIds }", id=order["id"])
    assert chain["channelContactIds"] == [channel.second, channel.dealer]
    assert amounts(await channel.second_admin.query("order", SUMS, id=order["id"])) == OF_THE_PARTNER
    assert await channel.first_admin.query("order", "id", id=order["id"]) is None
    assert (await channel.first_admin.query("quote", "status orders { id }", id=quote)) == {
        "status": "ORDERED",
        "orders": [],
    }


async def test_what_is_offered_after_the_move_goes_the_new_way(
    chargecars: Company, channel: Channel, customer: Customer, quote: str
) -> None:
    await move(chargecars, channel.dealer, channel.second)
    later = await chargecars.offer(endCustomerId=customer.contact, accountId=channel.dealer)
    assert amounts(await look_at(channel.second_admin, later)) == OF_THE_PARTNER
    assert await channel.first_admin.query("quote", "id", id=later) is None
    await revise(chargecars.staff, quote, STATION, INSTALLATION)
    assert amounts(await look_at(channel.second_admin, quote)) == OF_THE_PARTNER
    before = await channel.first_admin.query("quote", "lines { sku } parties { role } versions { number }", id=quote)
    assert before == {"lines": [], "parties": [], "versions": [{"number": 2}, {"number": 1}]}


async def test_people_of_the_dealer_move_along(chargecars: Company, channel: Channel) -> None:
    colleague = (await channel.dealer_user.query("viewer", "user { id }"))["user"]["id"]
    assert await channel.first_admin.query("user", "id", id=colleague) is not None
    assert await channel.second_admin.query("user", "id", id=colleague) is None
    await move(chargecars, channel.dealer, channel.second)
    assert await channel.first_admin.query("user", "id", id=colleague) is None
    assert await channel.second_admin.query("user", "id", id=colleague) is not None
    assert await channel.first_admin.query("organization", "id", id=channel.dealer) is None
    assert await channel.second_admin.query("organization", "name", id=channel.dealer) == {"name": "Handelaar"}
