"""Wholesale: a partner that buys for itself orders the same again, under the version that it signed."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select

from domain.errors import NotFound
from domain.orders import placement
from domain.orders.errors import NotOrdered, NotWholesale, OrderExists
from domain.orders.models import Order
from domain.quotes.errors import PartnerOrderTaken, QuoteExpired
from domain.rows import granted_columns
from domain.signatures.errors import NotAParty
from tenants.engine import Database
from tests.quoting import Market, market


async def orders(m: Market, name: str, quote_id: UUID) -> list[Order]:
    """The orders of a quote that somebody sees."""
    async with m.database.session(m.actors[name]) as session:
        query = select(Order).where(Order.quote_id == quote_id).options(*granted_columns(session, Order))
        return list((await session.execute(query.order_by(Order.sequence))).scalars())


async def wholesale(m: Market, *, signed: bool = True) -> UUID:
    """A quote on which the dealer buys for itself."""
    quote_id = await m.quote(m.line("cable"), end_customer_id=m.dealer.id, service_address_id=None)
    if signed:
        await m.sign("dealer", quote_id)
    return quote_id


async def repeat(m: Market, name: str, quote_id: UUID, **values: Any) -> UUID:
    async with m.database.session(m.actors[name]) as session:
        return await placement.repeat(session, quote_id, **values)


@pytest.mark.parametrize("name", ["staff", "dealer"])
async def test_a_wholesale_quote_is_ordered_again(database: Database, name: str) -> None:
    m = await market(database)
    quote_id = await wholesale(m, signed=False)
    with pytest.raises(NotOrdered):
        await repeat(m, name, quote_id)
    await m.sign("dealer", quote_id)
    await repeat(m, name, quote_id, partner_order_id=" AGAIN-1 ")
    assert [(o.sequence, o.partner_order_id) for o in await orders(m, "dealer", quote_id)] == [
        (1, None),
        (2, "AGAIN-1"),
    ]


async def test_orders_made_again_at_the_same_moment_follow_each_other(database: Database) -> None:
    m = await market(database)
    quote_id = await wholesale(m)
    await asyncio.gather(*(repeat(m, name, quote_id) for name in ("staff", "dealer", "dealer")))
    made = await orders(m, "staff", quote_id)
    assert [order.sequence for order in made] == [1, 2, 3, 4]
    assert len({order.number for order in made}) == 4


async def test_an_order_id_of_the_partner_is_used_once(database: Database) -> None:
    m = await market(database)
    quote_id = await wholesale(m)
    await repeat(m, "dealer", quote_id, partner_order_id="PO-1")
    with pytest.raises(OrderExists):
        await repeat(m, "dealer", quote_id, partner_order_id="PO-1")
    await m.quote(m.line("cable"), end_customer_id=m.dealer.id, service_address_id=None, partner_order_id="PO-2")
    with pytest.raises(PartnerOrderTaken):
        await repeat(m, "dealer", quote_id, partner_order_id="PO-2")
    assert len(await orders(m, "dealer", quote_id)) == 2


async def test_only_what_one_partner_buys_for_itself_is_ordered_again(database: Database) -> None:
    m = await market(database, agreement={})
    dual, alone = await m.quote(), await m.quote(m.line("cable"), partner=False)
    await m.sign("dealer", dual)
    await m.sign("customer", dual)
    await m.sign("customer", alone)
    for quote_id in (dual, alone):
        with pytest.raises(NotWholesale):
            await repeat(m, "staff", quote_id)


async def test_one_above_sees_the_quote_but_does_not_order_for_the_one_below(database: Database) -> None:
    m = await market(database)
    quote_id = await wholesale(m)
    for name in ("master", "master_admin"):
        with pytest.raises(NotAParty):
            await repeat(m, name, quote_id)


async def test_the_prices_hold_until_the_version_ends(
    database: Database, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    m = await market(database)
    quote_id = await wholesale(m)
    await owner.execute("UPDATE quote SET expires_at = now() - interval '1 second' WHERE id = $1", quote_id)
    for name in ("staff", "dealer"):
        with pytest.raises(QuoteExpired):
            await repeat(m, name, quote_id)
    assert len(await orders(m, "dealer", quote_id)) == 1


async def test_who_does_not_see_a_quote_cannot_order_it_again(database: Database) -> None:
    m, other = await market(database), await market(database)
    quote_id = await wholesale(m)
    for name in ("staff", "dealer"):
        with pytest.raises(NotFound):
            await repeat(other, name, quote_id)
