"""ZaptecShop: an installer buys for itself; account, end customer and signer are one organization. It orders again."""

import asyncio
from dataclasses import dataclass

import pytest

from tests.flows.company import Company
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
)
from tests.flows.steps import Client, Platform, this_year

TEN = {"sku": "ZAP-GO-2", "quantity": "10"}
CABLE = {"sku": "ZAP-CABLE-7"}
TEN_AT_WHOLESALE = ("4990.00", "1047.90", "6037.90")


@dataclass
class Shop:
    """ZaptecShop, an installer with a buyer and an administrator, a competitor beside it."""

    zaptecshop: Company
    installer: str
    buyer: Client
    boss: Client
    competitor: Client

    async def offer(self, **more: str) -> str:
        """Ten stations for the installer itself."""
        given = {"endCustomerId": self.installer, "accountId": self.installer} | more
        return await self.zaptecshop.offer(TEN, **given)


@pytest.fixture(scope="module")
async def shop(platform: Platform) -> Shop:
    company = await Company.found(platform, "ZS", "ZaptecShop")
    station = await company.sells("Zaptec Go 2", "ZAP-GO-2", "CHARGING_STATION", 559_00, serialRequired=True)
    await company.sells("Laadkabel 7 m", "ZAP-CABLE-7", "CABLE_ACCESSORY", 89_95)
    installer = await company.partner("Elektro De Boer", partnerModel="B2B_CONTRACTOR")
    listing = {"entityId": company.id, "name": "De Boer", "partnerOrganizationId": installer}
    prices = await company.admin.mutate("savePriceList", "priceList { id }", input=listing)
    price = {"priceListId": prices["priceList"]["id"], "articleId": station, "unitPriceCents": "49900"}
    await company.admin.mutate("setPrice", "price { id }", input=price)
    return Shop(
        company,
        installer,
        await company.person_of(installer),
        await company.person_of(installer, "PARTNER_ADMIN"),
        await company.person_of(await company.partner("Elektro Anders", partnerModel="B2B_CONTRACTOR")),
    )


# --- the way it should go -----------------------------------------------------------------------------------------


async def test_an_installer_buys_at_its_own_prices(shop: Shop) -> None:
    seen = await shop.buyer.query("article", "prices { unitPrice { amount } }", id=shop.zaptecshop.articles["ZAP-GO-2"])
    assert {price["unitPrice"]["amount"] for price in seen["prices"]} == {"499.00", "559.00"}
    others = await shop.competitor.query("article", "prices { id }", id=shop.zaptecshop.articles["ZAP-GO-2"])
    assert len(others["prices"]) == 1
    quote = await shop.offer(partnerOrderId="INK-2026-0042")
    offered = await look_at(shop.buyer, quote)
    assert amounts(offered) == TEN_AT_WHOLESALE
    assert [(party["role"], party["requirement"]) for party in offered["parties"]] == [("PARTNER", "SIGN")]
    assert offered["pendingParties"] == ["PARTNER"]
    signed = await sign(shop.buyer, quote)
    order = signed["order"]
    assert order["number"] == f"ZS-{this_year()}-00001"
    assert (order["__typename"], order["sequence"], amounts(order)) == ("PartnerOrder", 1, TEN_AT_WHOLESALE)
    who = "... on PartnerOrder { partnerOrderId } ... on CommercialOrder { account { name } }"
    mine = await shop.boss.query("order", f"{who} endCustomer {{ name }} visits {{ id }}", id=order["id"])
    assert mine == {
        "partnerOrderId": "INK-2026-0042",
        "account": {"name": "Elektro De Boer"},
        "endCustomer": {"name": "Elektro De Boer"},
        "visits": [],
    }
    assert await shop.competitor.query("order", "id", id=order["id"]) is None
    assert await shop.competitor.query("order", "id", number=order["number"]) is None
    taken = {"entityId": shop.zaptecshop.id, "lines": [TEN], "partnerOrderId": "INK-2026-0042"}
    taken |= {"endCustomerId": shop.installer, "accountId": shop.installer}
    assert await shop.zaptecshop.staff.refusal("createQuote", input=taken) == "PARTNER_ORDER_TAKEN partnerOrderId"


async def test_the_same_is_ordered_again(shop: Shop) -> None:
    quote = await shop.offer()
    assert await shop.buyer.refusal("repeatOrder", quoteId=quote) == "NOT_ORDERED quoteId"
    first = (await sign(shop.buyer, quote))["order"]
    again = await shop.buyer.mutate(
        "repeatOrder", f"order {{ {ORDER} }}", key="again-1", quoteId=quote, partnerOrderId="INK-2"
    )
    assert again["order"]["sequence"] == 2
    assert again["order"]["number"] != first["number"]
    assert amounts(again["order"]) == amounts(first) == TEN_AT_WHOLESALE
    same = await shop.buyer.mutate(
        "repeatOrder", f"order {{ {ORDER} }}", key="again-1", quoteId=quote, partnerOrderId="INK-2"
    )
    assert same == again
    assert await shop.buyer.refusal("repeatOrder", key="again-1", quoteId=quote) == "IDEMPOTENCY_KEY_REUSED"
    ours = await shop.zaptecshop.staff.mutate("repeatOrder", "order { sequence }", quoteId=quote)
    assert ours["order"]["sequence"] == 3
    happened = await shop.buyer.query("order", "timeline { nodes { type actorName } }", id=again["order"]["id"])
    assert [event["type"] for event in happened["timeline"]["nodes"]] == ["order.received"]
    assert await shop.competitor.refusal("repeatOrder", quoteId=quote) == "NOT_FOUND quoteId"
    assert await shop.zaptecshop.visitor().error("mutation", "repeatOrder", "order { id }", quoteId=quote) == (
        "UNAUTHENTICATED"
    )
    await shop.zaptecshop.platform.expire(quote)
    assert await shop.buyer.refusal("repeatOrder", quoteId=quote) == "QUOTE_EXPIRED quoteId"


async def test_a_program_of_the_installer_orders_again_within_its_scopes(shop: Shop) -> None:
    quote = await shop.offer()
    await sign(shop.buyer, quote)
    reading, ordering = [
        shop.zaptecshop.visitor().use(
            (await shop.boss.mutate("createApiKey", "secret", input={"name": "ERP", "scopes": list(scopes)}))["secret"]
        )
        for scopes in (("orders:read", "quotes:read"), ("orders:read", "orders:repeat"))
    ]
    assert await reading.error("mutation", "repeatOrder", "order { id }", quoteId=quote) == "FORBIDDEN"
    made = await ordering.mutate("repeatOrder", "order { id sequence timeline { nodes { actorName } } }", quoteId=quote)
    assert made["order"]["sequence"] == 2
    assert made["order"]["timeline"]["nodes"] == [{"actorName": "ERP"}]
    assert await ordering.error("query", "quote", "id", id=quote) == "FORBIDDEN"


async def test_what_a_consumer_signed_is_not_ordered_again(shop: Shop) -> None:
    customer = await shop.zaptecshop.customer()
    quote = await shop.zaptecshop.offer(CABLE, endCustomerId=customer.contact)
    await sign(customer.client, quote)
    assert await shop.zaptecshop.staff.refusal("repeatOrder", quoteId=quote) == "NOT_WHOLESALE quoteId"
    assert await customer.client.error("mutation", "repeatOrder", "order { id }", quoteId=quote) == "FORBIDDEN"


# --- wrong turns --------------------------------------------------------------------------------------------------


async def test_the_offer_expires_and_is_made_again(shop: Shop) -> None:
    quote = await shop.offer()
    document_hash = await hash_of(shop.buyer, quote)
    await shop.zaptecshop.platform.expire(quote)
    assert await refused_to_sign(shop.buyer, quote, document_hash) == "QUOTE_EXPIRED quoteId"
    await revise(shop.zaptecshop.staff, quote, TEN)
    assert await refused_to_sign(shop.buyer, quote, document_hash) == "VERSION_CHANGED documentHash"
    assert (await sign(shop.buyer, quote))["order"] is not None


async def test_the_installer_declines(shop: Shop) -> None:
    quote = await shop.offer()
    declined = await decline(shop.buyer, quote, "Elders goedkoper")
    assert declined["quote"]["status"] == "DECLINED"
    assert await refused_to_sign(shop.boss, quote, await hash_of(shop.boss, quote)) == "QUOTE_CLOSED quoteId"
    assert await shop.buyer.refusal("repeatOrder", quoteId=quote) == "NOT_ORDERED quoteId"


async def test_nobody_else_signs(shop: Shop) -> None:
    quote = await shop.offer()
    document_hash = await hash_of(shop.buyer, quote)
    assert await refused_to_sign(shop.competitor, quote, document_hash) == "NOT_FOUND quoteId"
    customer = await shop.zaptecshop.customer()
    assert await refused_to_sign(customer.client, quote, document_hash) == "NOT_FOUND quoteId"
    given = {"quoteId": quote, "documentHash": document_hash}
    assert await shop.zaptecshop.staff.error("mutation", "signQuote", "order { id }", input=given) == "FORBIDDEN"


async def test_two_colleagues_sign_at_the_same_moment(shop: Shop) -> None:
    quote = await shop.offer()
    given = {"quoteId": quote, "documentHash": await hash_of(shop.buyer, quote)}
    both = await asyncio.gather(
        *(colleague.answer("signQuote", SIGNED, input=given) for colleague in (shop.buyer, shop.boss))
    )
    assert [error["code"] for answer in both for error in answer["userErrors"]] == ["ALREADY_SIGNED"]
    assert len([answer for answer in both if answer["order"]]) == 1
    assert len(await shop.buyer.all("orders", "id", filter={"quoteId": {"eq": quote}})) == 1


async def test_orders_made_again_at_the_same_moment_are_counted(shop: Shop) -> None:
    quote = await shop.offer()
    await sign(shop.buyer, quote)
    made = await asyncio.gather(
        *(somebody.mutate("repeatOrder", "order { sequence number }", quoteId=quote) for somebody in _three(shop))
    )
    assert sorted(answer["order"]["sequence"] for answer in made) == [2, 3, 4]
    assert len({answer["order"]["number"] for answer in made}) == 3


def _three(shop: Shop) -> tuple[Client, Client, Client]:
    return shop.buyer, shop.boss, shop.zaptecshop.staff


async def test_numbers_have_no_gap(shop: Shop) -> None:
    before = await _last_number(shop)
    quote = await shop.offer()
    await refused_to_sign(shop.buyer, quote, "0" * 64)
    await sign(shop.buyer, quote)
    assert await _last_number(shop) == before + 1


async def _last_number(shop: Shop) -> int:
    order = {"field": "NUMBER", "direction": "DESC"}
    found = await shop.zaptecshop.staff.query("orders", "nodes { number }", first=1, orderBy=order)
    return int(found["nodes"][0]["number"].rpartition("-")[2]) if found["nodes"] else 0


# --- after the order ----------------------------------------------------------------------------------------------


async def test_the_installer_cancels_one_of_its_orders(shop: Shop) -> None:
    quote = await shop.offer()
    first = (await sign(shop.buyer, quote))["order"]["id"]
    second = (await shop.buyer.mutate("repeatOrder", "order { id }", quoteId=quote))["order"]["id"]
    assert await shop.competitor.refusal("cancelOrder", id=second, reason="x") == "NOT_FOUND id"
    await shop.buyer.mutate("cancelOrder", "order { stage }", id=second, reason="Te veel")
    stages = [await shop.boss.query("order", "stage", id=order) for order in (first, second)]
    assert [order["stage"] for order in stages] == ["RECEIVED", "CANCELLED"]
