"""What another tree or other terms would have brought, over past orders, with nothing written."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.agreements.commission_terms import Terms
from domain.agreements.parsing import parse
from domain.commissions.errors import SpanTooLong, TreeCircle
from domain.commissions.simulating import Change, Simulated, moved, simulate
from domain.errors import NotFound, OutOfRange
from tenants.auth import clock
from tenants.engine import Database
from tests.commissioning import Channel, channel

FIVE, THREE, TWO = 61_66, 37_00, 24_67


@pytest.fixture
async def c(database: Database) -> Channel:
    return await channel(database)


async def simulated(c: Channel, change: Change, days: int = 3) -> Simulated:
    today = clock.now().date()
    async with c.database.session(c.finance) as session:
        return await simulate(session, c.entity_id, today - timedelta(days=1), today + timedelta(days=days), change)


def by_name(c: Channel, found: Simulated) -> dict[str, tuple[int, int]]:
    names = {contact.id: name for name, contact in c.partners.items()}
    return {names[one.beneficiary_id]: (one.before, one.after) for one in found.differences}


async def test_a_changed_tree(c: Channel) -> None:
    await c.ordered("dealer")
    await c.ordered("direct")
    before = await c.rows()
    found = await simulated(c, Change(moves={c.id("dealer"): None, c.id("direct"): c.id("regional")}))
    assert by_name(c, found) == {
        "direct": (FIVE, TWO),
        "dealer": (TWO, FIVE),
        "master": (FIVE, FIVE),
        "regional": (THREE, THREE),
    }
    assert found.orders == 2
    assert [row.id for row in await c.rows()] == [row.id for row in before]


async def test_changed_terms_with_caps(c: Channel) -> None:
    for _ in range(2):
        await c.ordered("direct")
    for given, after in (
        ({"levels": ["10"]}, 2 * 123_33),
        ({"levels": ["10"], "caps": {"month_cents": 200_00}}, 200_00),
        ({"levels": ["10"], "caps": {"month_cents": 200_00, "year_cents": 150_00}}, 150_00),
        ({"levels": ["10"], "caps": {"order_cents": 70_00}}, 2 * 70_00),
        ({"levels": []}, 0),
    ):
        for whose in (c.id("direct"), None):
            found = await simulated(c, Change(terms={whose: parse(given)}))
            assert by_name(c, found) == {"direct": (2 * FIVE, after)}


async def test_what_cannot_be_simulated_is_refused(c: Channel) -> None:
    circle = Change(moves={c.id("master"): c.id("dealer")})
    with pytest.raises(TreeCircle) as refused:
        await simulated(c, circle)
    assert refused.value.field == ("moves", 0, "parent_id")
    with pytest.raises(NotFound):
        await simulated(c, Change(moves={c.market.customer.id: None}))
    with pytest.raises(NotFound):
        await simulated(c, Change(terms={c.market.customer.id: Terms()}))
    with pytest.raises(OutOfRange):
        await simulated(c, Change(), days=-5)
    with pytest.raises(SpanTooLong):
        await simulated(c, Change(), days=800)


A, B, C, D = (UUID(int=number) for number in range(1, 5))
CHAINS = {A: (A,), B: (A, B), C: (A, B, C), D: (D,)}


def test_who_moves_takes_what_is_below_along() -> None:
    assert moved(CHAINS[C], {B: D}, CHAINS) == (D, B, C)
    assert moved(CHAINS[C], {C: None}, CHAINS) == (C,)
    assert moved(CHAINS[C], {B: D, D: A}, CHAINS) == (A, D, B, C)
    assert moved(CHAINS[C], {D: A}, CHAINS) == CHAINS[C]
    with pytest.raises(TreeCircle):
        moved(CHAINS[B], {B: C}, CHAINS)
