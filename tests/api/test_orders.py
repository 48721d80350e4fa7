"""Orders over GraphQL, as each audience sees, finds and changes them."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from domain.orders.models import Order
from domain.teams.models import Team
from domain.visits.models import Visit
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import codes, gid
from tests.quoting import Market, market
from tests.trading import trader

ONE = """query O($id: ID!) { order(id: $id) {
  __typename number stage progress onHold estimatedProcessingMinutes sequence
  lines { __typename sku ... on PricedLineItem { gross { cents } } ... on TechnicalLineItem { installMinutes } }
  visits { kind status minutes order { number } } milestones { stage }
  endCustomer { name } serviceAddress { postalCode } entity { name } timeline { nodes { type } }
  ... on CommercialOrder { gross { cents } net { cents } account { name } paymentTermsDays
    quote { number status gross { cents } } version { number documentHash } parties { role }
    signatures { kind signerName } } } }"""
LIST = """query L($filter: OrderFilter, $orderBy: OrderSort) { orders(filter: $filter, orderBy: $orderBy) {
  totalCount nodes { id ... on CommercialOrder { gross { cents } } } } }"""
CHANGE = """mutation M($id: ID!, $reason: String!) { %s(id: $id, reason: $reason) {
  order { stage onHold holdReason cancelReason visits { status } } userErrors { code field } } }"""
RESUME = """mutation M($id: ID!) { resumeOrder(id: $id) { order { onHold } userErrors { code field } } }"""


async def seen(m: Market, settings: Settings, name: str, order_id: UUID) -> Any:
    return (await trader(m, settings, name).ask(ONE, id=gid("Order", order_id)))["order"]


async def change(m: Market, settings: Settings, name: str, what: str, order_id: UUID) -> Any:
    asked = trader(m, settings, name).ask(CHANGE % what, id=gid("Order", order_id), reason="Because")
    return (await asked)[what]


async def with_team(m: Market, order_id: UUID) -> None:
    """Give the visits of an order to a team, whose technician is an actor then."""
    async with m.database.session(SYSTEM) as session:
        team = Team(name=factories.unique("Team "), base_city="Nijkerk")
        session.add(team)
        await session.flush()
        await session.execute(update(Visit).where(Visit.order_id == order_id).values(team_id=team.id))
        await session.execute(update(Order).where(Order.id == order_id).values(team_ids=[team.id]))
        m.actors["technician"] = await factories.actor_with(session, Role.TECHNICIAN, m.entity, team_id=team.id)


async def test_each_audience_reads_its_own_type(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    order_id = await m.ordered()
    await with_team(m, order_id)
    orders = {name: await seen(m, settings, name, order_id) for name in ("staff", "dealer", "customer", "technician")}
    station, installation = m.articles["station"].sku, m.articles["installation"].sku
    assert {name: order["__typename"] for name, order in orders.items()} == {
        "staff": "StaffOrder",
        "dealer": "PartnerOrder",
        "customer": "CustomerOrder",
        "technician": "TechnicianOrder",
    }
    assert {name: orders[name]["gross"]["cents"] for name in ("staff", "dealer", "customer")} == {
        "staff": "149227",
        "dealer": "108894",
        "customer": "40333",
    }
    assert {name: [line["sku"] for line in order["lines"]] for name, order in orders.items()} == {
        "staff": [station, installation],
        "dealer": [station],
        "customer": [installation],
        "technician": [station, installation],
    }
    assert orders["technician"]["lines"][0] == {
        "__typename": "TechnicianLineItem",
        "sku": station,
        "installMinutes": 90,
    }
    for order in orders.values():
        assert (order["stage"], order["progress"], order["milestones"]) == ("RECEIVED", 10, [{"stage": "RECEIVED"}])
        assert [(visit["kind"], visit["minutes"]) for visit in order["visits"]] == [("INSTALLATION", 150)]
        assert order["endCustomer"] == {"name": m.customer.name}
    customer = orders["customer"]
    assert customer["quote"] == {
        "number": customer["quote"]["number"],
        "status": "ORDERED",
        "gross": {"cents": "40333"},
    }
    assert [each["kind"] for each in customer["signatures"]] == ["SIGNED"]
    assert len(orders["staff"]["signatures"]) == 2
    assert customer["parties"] == [{"role": "CUSTOMER"}]


async def test_the_channel_is_shown_from_the_reader_down(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    order_id = await m.ordered(partner_metadata={"purchase_order": "7"})
    document = """query($id: ID!) { order(id: $id) { number
      ... on StaffOrder { channelContactIds partnerMetadata cost { cents } }
      ... on PartnerOrder { channelContactIds partnerMetadata } } }"""
    master, dealer = gid("Organization", m.master.id), gid("Organization", m.dealer.id)
    for name, channel in (("staff", [master, dealer]), ("master", [master, dealer]), ("dealer", [dealer])):
        order = (await trader(m, settings, name).ask(document, id=gid("Order", order_id)))["order"]
        assert order["channelContactIds"] == channel
        assert order["partnerMetadata"] == {"purchase_order": "7"}
    order = (await trader(m, settings, "customer").ask(document, id=gid("Order", order_id)))["order"]
    assert set(order) == {"number"}


async def test_orders_of_others_are_found_in_no_way(database: Database, settings: Settings) -> None:
    m, other = await market(database, agreement={}), await market(database)
    order_id = await m.ordered(partner_order_id="PO-FIND")
    number = (await seen(m, settings, "staff", order_id))["number"]
    for name in ("staff", "dealer", "customer"):
        who = trader(other, settings, name)
        assert (await who.ask(ONE, id=gid("Order", order_id)))["order"] is None
        assert (await who.ask("query($n: String) { order(number: $n) { id } }", n=number))["order"] is None
        for filter in ({"number": {"eq": number}}, {"search": number}, {"partnerOrderId": {"eq": "PO-FIND"}}, None):
            assert (await who.ask(LIST, filter=filter))["orders"]["totalCount"] == 0
        refused = await change(other, settings, name, "cancelOrder", order_id)
        assert codes(refused) == [("NOT_FOUND", ["id"])]


async def test_lists_are_filtered_per_audience(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    through, direct = await m.ordered(partner_order_id="PO-1"), await m.ordered(partner=False)
    await change(m, settings, "staff", "holdOrder", direct)

    async def found(name: str, **filter: Any) -> list[str]:
        listed = (await trader(m, settings, name).ask(LIST, filter=filter))["orders"]
        assert listed["totalCount"] == len(listed["nodes"])
        return [node["id"] for node in listed["nodes"]]

    first, second = gid("Order", through), gid("Order", direct)
    assert await found("staff") == [second, first]
    assert await found("staff", onHold=True) == [second]
    assert await found("staff", partnerOrderId={"eq": "PO-1"}) == [first]
    assert await found("staff", accountId={"eq": gid("Organization", m.dealer.id)}) == [first]
    assert await found("staff", withinOrganizationId=gid("Organization", m.master.id)) == [first]
    assert await found("staff", search=m.customer.name) == [second, first]
    assert await found("master") == [first]
    assert await found("customer", stage={"eq": "RECEIVED"}) == [second, first]
    assert await found("dealer", createdAt={"lt": "2020-01-01T00:00:00Z"}) == []


async def test_cancelling_and_reopening(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    order_id = await m.ordered()
    cancelled = await change(m, settings, "customer", "cancelOrder", order_id)
    assert cancelled["order"] == {
        "stage": "CANCELLED",
        "onHold": False,
        "holdReason": None,
        "cancelReason": "Because",
        "visits": [{"status": "CANCELLED"}],
    }
    assert codes(await change(m, settings, "dealer", "cancelOrder", order_id)) == [("INVALID_STATE", ["id"])]
    reopened = await change(m, settings, "staff", "reopenOrder", order_id)
    assert (reopened["order"]["stage"], reopened["order"]["visits"]) == ("RECEIVED", [{"status": "REQUIRED"}])


async def test_holding_and_resuming(database: Database, settings: Settings) -> None:
    m = await market(database)
    order_id = await m.ordered(partner=False)
    held = await change(m, settings, "staff", "holdOrder", order_id)
    assert (held["order"]["onHold"], held["order"]["holdReason"]) == (True, "Because")
    assert codes(await change(m, settings, "staff", "holdOrder", order_id)) == [("ORDER_ON_HOLD", ["id"])]
    staff = trader(m, settings, "staff")
    resumed = (await staff.ask(RESUME, id=gid("Order", order_id)))["resumeOrder"]
    assert resumed["order"] == {"onHold": False}
    again = (await staff.ask(RESUME, id=gid("Order", order_id)))["resumeOrder"]
    assert codes(again) == [("NOT_ON_HOLD", ["id"])]


@pytest.mark.parametrize("what", ["holdOrder", "reopenOrder"])
@pytest.mark.parametrize("name", ["customer", "dealer"])
async def test_only_staff_hold_and_reopen(database: Database, settings: Settings, name: str, what: str) -> None:
    m = await market(database, agreement={})
    order_id = await m.ordered()
    error = await trader(m, settings, name).error(CHANGE % what, id=gid("Order", order_id), reason="Because")
    assert error == "FORBIDDEN"


async def test_the_same_is_ordered_again_once_per_key(database: Database, settings: Settings) -> None:
    m = await market(database)
    quote_id = await m.quote(m.line("cable"), end_customer_id=m.dealer.id, service_address_id=None)
    await m.sign("dealer", quote_id)
    repeat = """mutation R($id: ID!) { repeatOrder(quoteId: $id) {
      order { number sequence } userErrors { code field } } }"""
    staff = trader(m, settings, "staff", key="twice")
    first = (await staff.ask(repeat, id=gid("Quote", quote_id)))["repeatOrder"]
    assert (await staff.ask(repeat, id=gid("Quote", quote_id)))["repeatOrder"] == first
    assert first["order"]["sequence"] == 2
    assert (await staff.ask(LIST))["orders"]["totalCount"] == 2


async def test_a_technician_sees_visits_of_the_team_only(database: Database, settings: Settings) -> None:
    m = await market(database)
    own, other = await m.ordered(partner=False), await m.ordered(partner=False)
    await with_team(m, own)
    technician = trader(m, settings, "technician")
    assert [node["id"] for node in (await technician.ask(LIST))["orders"]["nodes"]] == [gid("Order", own)]
    assert (await technician.ask(ONE, id=gid("Order", other)))["order"] is None
    visits = "{ visits { totalCount nodes { status team { name } order { number } } } }"
    listed = (await technician.ask(visits))["visits"]
    assert listed["totalCount"] == 1
    assert listed["nodes"][0]["team"]["name"].startswith("Team ")
    dealer = (await trader(m, settings, "dealer").ask(visits))["visits"]
    assert dealer["totalCount"] == 0
