"""What people do: an article for one order, the right address, another try, taking an order back, undoing."""

from decimal import Decimal

import pytest

from domain.contacts import privacy
from domain.contacts.addresses import located
from domain.contacts.models import Address
from domain.errors import InvalidState, NotFound
from domain.geo.location import AddressFlag
from domain.orders.models import Order
from domain.partner_orders import cancelling, exceptions, resolving
from domain.partner_orders.errors import ExceptionClosed, LinesFixed, PartnerOrderCancelled
from domain.partner_orders.models import PartnerOrder, PartnerOrderException
from domain.quotes.models import LineItem, Quote
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.domain.partner_orders.test_completing import NEW, ORDERS, rows
from tests.domain.partner_orders.trade import KnownPlaces, Trade, trade

RIGHT = {"street": "Kerkweg", "house_number": "3", "postal_code": "3861AB", "city": "Nijkerk"}


@pytest.fixture
async def trading(database: Database) -> Trade:
    return await trade(database)


async def item_of(trading: Trade) -> PartnerOrderException:
    (item,) = await rows(trading, PartnerOrderException)
    assert isinstance(item, PartnerOrderException)
    return item


async def test_an_article_is_chosen_for_one_order_alone(trading: Trade) -> None:
    made = trading.market
    await trading.send(trading.document("R-1", NEW))
    item = await item_of(trading)
    async with made.database.session(SYSTEM) as session:
        await resolving.by_article(session, made.actors["staff"], item.id, made.articles["cable"].id, Decimal("1.5"))
    (line,) = await rows(trading, LineItem)
    assert line.quantity == 3
    assert (await item_of(trading)).state == "RESOLVED"
    await trading.send(trading.document("R-2", NEW))
    assert {each.state for each in await rows(trading, PartnerOrderException)} == {"RESOLVED", "OPEN"}


async def test_the_right_address_is_that_of_the_quote_and_the_given_one_stays(trading: Trade) -> None:
    made = trading.market
    await trading.send(flag=AddressFlag.HOUSE_NUMBER_UNKNOWN)
    item = await item_of(trading)
    right = await located(KnownPlaces(), RIGHT)
    async with made.database.session(SYSTEM) as session:
        await resolving.by_address(session, made.actors["staff"], item.id, right)
    (quote,) = await rows(trading, Quote)
    async with made.database.session(SYSTEM) as session:
        address = await session.get_one(Address, quote.service_address_id)
    assert (address.street, quote.current_version, quote.status) == ("Kerkweg", 2, "SENT")
    (order,) = await rows(trading, PartnerOrder)
    assert order.document["customer"]["address"]["street"] == "Dorpsstraat"
    assert (await item_of(trading)).resolution == "Kerkweg 3 3861AB Nijkerk"


async def test_the_right_address_is_that_of_an_order_too(database: Database) -> None:
    trading = await trade(database, agreement=ORDERS)
    await trading.send(flag=AddressFlag.POSTCODE_UNKNOWN)
    item = await item_of(trading)
    right = await located(KnownPlaces(), RIGHT)
    async with database.session(SYSTEM) as session:
        await resolving.by_address(session, trading.market.actors["staff"], item.id, right)
    (placed,) = await rows(trading, Order)
    async with database.session(SYSTEM) as session:
        assert (await session.get_one(Address, placed.service_address_id)).street == "Kerkweg"


async def test_items_are_closed_once_and_can_be_opened_again(trading: Trade) -> None:
    made = trading.market
    await trading.send(flag=AddressFlag.NOT_VERIFIED)
    item = await item_of(trading)
    async with made.database.session(SYSTEM) as session:
        await exceptions.dismiss(session, item.id, "Klopt")
        with pytest.raises(ExceptionClosed):
            await exceptions.resolve(session, item.id, "Nogmaals")
        await exceptions.reopen(session, item.id)
    assert (await item_of(trading)).state == "OPEN"


async def test_a_stranger_finds_no_item(trading: Trade, database: Database) -> None:
    other = await trade(database)
    await trading.send(flag=AddressFlag.NOT_VERIFIED)
    item = await item_of(trading)
    async with database.session(SYSTEM) as session:
        with pytest.raises(NotFound):
            await resolving.by_words(session, other.market.actors["staff"], item.id, "Gezien")


async def test_a_partner_takes_its_quote_back(trading: Trade) -> None:
    made = trading.market
    receipt = await trading.send(flag=AddressFlag.NOT_VERIFIED)
    async with made.database.session(SYSTEM) as session:
        await cancelling.cancel(session, made.actors["dealer"], receipt.id, "Klant ziet ervan af")
    (quote,) = await rows(trading, Quote)
    assert quote.status == "WITHDRAWN"
    assert (await item_of(trading)).state == "DISMISSED"
    again = await trading.send()
    assert (again.repeated, again.status, again.quote_number) == (True, "cancelled", quote.number)
    async with made.database.session(SYSTEM) as session:
        with pytest.raises(PartnerOrderCancelled):
            await cancelling.cancel(session, made.actors["dealer"], receipt.id, "Nogmaals")


async def test_a_partner_takes_its_order_back(database: Database) -> None:
    trading = await trade(database, agreement=ORDERS)
    receipt = await trading.send()
    async with database.session(SYSTEM) as session:
        await cancelling.cancel(session, trading.market.actors["dealer"], receipt.id, "Klant ziet ervan af")
    (placed,) = await rows(trading, Order)
    assert placed.stage == "CANCELLED"


async def test_another_try_at_what_is_agreed_is_refused(database: Database) -> None:
    trading = await trade(database, agreement=ORDERS)
    receipt = await trading.send(trading.document("R-3", {"partner_sku": "GRO-STATION"}, NEW))
    made, item = trading.market, await item_of(trading)
    async with database.session(SYSTEM) as session:
        with pytest.raises(LinesFixed):
            await resolving.by_article(session, made.actors["staff"], item.id, made.articles["cable"].id)
    assert receipt.order_id


async def test_what_is_erased_of_a_customer_is_gone_from_its_order(trading: Trade) -> None:
    made = trading.market
    receipt = await trading.send(trading.document("R-4", NEW), flag=AddressFlag.NOT_VERIFIED)
    (order,) = await rows(trading, PartnerOrder)
    async with made.database.session(SYSTEM) as session:
        await privacy.erase(session, made.actors["staff"], order.contact_id)
    (order,) = await rows(trading, PartnerOrder)
    assert (order.document, order.issues) == ({}, [])
    assert {item.detail.get("given") for item in await rows(trading, PartnerOrderException)} == {None}
    async with made.database.session(SYSTEM) as session:
        with pytest.raises(InvalidState):
            await resolving.by_trying(session, made.actors["staff"], receipt.id)
