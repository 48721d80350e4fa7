"""A number that is mapped later: the order gets its quote, the quote its line; what is agreed is left to a person."""

from typing import Any

import pytest
from sqlalchemy import delete, select

from domain.catalog import service as catalog
from domain.catalog.models import Price
from domain.events.models import Event
from domain.orders import service as orders
from domain.orders.models import Order
from domain.partner_orders import completing, reactions
from domain.partner_orders.errors import LinesFixed
from domain.partner_orders.models import PartnerOrder, PartnerOrderException
from domain.quotes.models import LineItem, Quote, QuoteVersion
from tenants.actor import SYSTEM
from tenants.base import Base
from tenants.engine import Database
from tests import factories
from tests.domain.partner_orders.trade import Trade, trade

ORDERS = {"default_payer": "PARTNER", "payer_by_category": {}, "partner_signs": False, "terms": {"creates": "ORDER"}}
NEW = {"partner_sku": "GRO-NEW", "quantity": 2}


async def rows(trading: Trade, model: type[Base], *conditions: Any) -> list[Any]:
    async with trading.market.database.session(SYSTEM) as session:
        query = select(model).where(model.entity_id == trading.market.entity.id, *conditions)  # type: ignore[attr-defined]  # of each model asked for
        return list((await session.execute(query)).scalars())


async def map_number(trading: Trade, sku: str = "GRO-NEW", article: str = "cable") -> None:
    """As the dealer's branch maps it, with the reaction that follows."""
    made = trading.market
    async with made.database.session(made.actors["staff"]) as session:
        await catalog.map_partner_sku(session, made.entity.id, made.master.id, sku, made.articles[article].id)
    await follow(trading, "partner_sku.mapped")


async def follow(trading: Trade, type: str) -> None:
    async with trading.market.database.session(SYSTEM) as session:
        query = select(Event).where(Event.entity_id == trading.market.entity.id, Event.type == type)
        for event in (await session.execute(query)).scalars().all():
            await reactions.react(session, event)


@pytest.fixture
async def trading(database: Database) -> Trade:
    return await trade(database)


async def test_an_order_of_unknown_products_waits_and_gets_its_quote(trading: Trade) -> None:
    receipt = await trading.send(trading.document("W-1", NEW))
    assert (receipt.quote_number, receipt.status) == (None, "received")
    await map_number(trading)
    (quote,) = await rows(trading, Quote)
    (line,) = await rows(trading, LineItem)
    assert (quote.status, line.quantity) == ("SENT", 2)
    (item,) = await rows(trading, PartnerOrderException)
    assert item.state == "RESOLVED"
    assert item.resolution == f"{trading.market.articles['cable'].sku}, {quote.number}"
    again = await trading.send(trading.document("W-1", NEW))
    assert (again.quote_number, again.repeated) == (quote.number, True)


async def test_an_open_quote_gets_the_line_beside_what_it_holds(trading: Trade) -> None:
    await trading.send(trading.document("W-2", {"partner_sku": "GRO-STATION"}, NEW))
    await map_number(trading)
    (quote,) = await rows(trading, Quote)
    assert (quote.current_version, quote.status) == (2, "SENT")
    assert "note" not in quote.partner_metadata
    (version,) = await rows(trading, QuoteVersion, QuoteVersion.number == 2)
    lines = await rows(trading, LineItem, LineItem.quote_version_id == version.id)
    assert sorted((line.sku, int(line.quantity)) for line in lines) == sorted(
        [(trading.market.articles["station"].sku, 1), (trading.market.articles["cable"].sku, 2)]
    )


async def test_a_number_that_is_still_unknown_stays_in_the_note(trading: Trade) -> None:
    await trading.send(trading.document("W-3", {"partner_sku": "GRO-STATION"}, NEW, {"partner_sku": "GRO-OTHER"}))
    await map_number(trading)
    (quote,) = await rows(trading, Quote)
    assert quote.partner_metadata["note"] == "Nog niet gekoppeld aan een artikel: 1 × GRO-OTHER"
    states = {item.detail["partner_sku"]: item.state for item in await rows(trading, PartnerOrderException)}
    assert states == {"GRO-NEW": "RESOLVED", "GRO-OTHER": "OPEN"}


async def test_the_lines_of_an_order_are_agreed(database: Database) -> None:
    trading = await trade(database, agreement=ORDERS)
    receipt = await trading.send(trading.document("W-4", {"partner_sku": "GRO-STATION"}, NEW))
    assert receipt.order_id
    await map_number(trading)
    (item,) = await rows(trading, PartnerOrderException)
    assert item.state == "OPEN"
    async with database.session(SYSTEM) as session:
        order = await session.get_one(PartnerOrder, receipt.id)
        with pytest.raises(LinesFixed):
            await completing.complete(session, order)


async def test_an_order_that_waited_is_placed_where_that_was_agreed(database: Database) -> None:
    trading = await trade(database, agreement=ORDERS)
    assert (await trading.send(trading.document("W-5", NEW))).order_id is None
    await map_number(trading)
    (placed,) = await rows(trading, Order)
    (order,) = await rows(trading, PartnerOrder)
    assert order.order_id == placed.id


async def test_what_no_offer_can_be_made_of_is_kept_with_its_reason(trading: Trade) -> None:
    made = trading.market
    async with made.database.session(SYSTEM) as session:
        unpriced = await factories.article(session, made.entity, 1)
        await session.execute(delete(Price).where(Price.article_id == unpriced.id))
        made.articles["unpriced"] = unpriced
    receipt = await trading.send(trading.document("W-6", NEW))
    await map_number(trading, article="unpriced")
    kinds = {item.kind: item.state for item in await rows(trading, PartnerOrderException)}
    assert kinds == {"UNMAPPED_SKU": "OPEN", "NOT_SELLABLE": "OPEN"}
    assert receipt.quote_number is None


async def test_the_partner_order_follows_its_order(trading: Trade) -> None:
    made = trading.market
    await trading.send()
    (quote,) = await rows(trading, Quote)
    await made.sign("dealer", quote.id)
    (order,) = await rows(trading, PartnerOrder)
    assert order.order_id is None
    async with made.database.session(SYSTEM) as session:
        from domain.contacts.models import Contact
        from tenants.permissions import Role

        contact = await session.get_one(Contact, order.contact_id)
        made.actors["buyer"] = await factories.actor_with(session, Role.CUSTOMER, made.entity, contact=contact)
    order_id = await made.sign("buyer", quote.id)
    assert order_id
    await follow(trading, "order.received")
    assert [row.order_id for row in await rows(trading, PartnerOrder)] == [order_id]
    async with made.database.session(made.actors["staff"]) as session:
        await orders.cancel(session, order_id, "Toch niet")
    await follow(trading, "order.cancelled")
    (row,) = await rows(trading, PartnerOrder)
    assert (row.status, row.cancel_reason) == ("CANCELLED", "Toch niet")
