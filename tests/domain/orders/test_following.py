"""An order is scheduled when its visits are, and in planning again when one of them loses its day."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from domain.events.models import Event
from domain.orders import service
from domain.orders.models import Order
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.quoting import Market, market
from tests.replanning import follow_visits, plan, unplan

DAY, LATER = date(2026, 7, 20), date(2026, 7, 21)


@pytest.fixture
async def m(database: Database) -> Market:
    return await market(database)


@pytest.fixture
async def team_id(database: Database) -> UUID:
    async with database.session(SYSTEM) as session:
        return (await factories.team(session)).id


async def two_visits(m: Market) -> UUID:
    return await m.ordered(m.line("station"), m.line("meter"), partner=False)


async def followed(m: Market) -> str:
    """The stage after every event so far; the second time changes nothing."""
    for _ in range(2):
        await follow_visits(m.database, m.entity.id)
    async with m.database.session(SYSTEM) as session:
        return (await session.scalars(select(Order.stage).where(Order.entity_id == m.entity.id))).one()


async def stages_told(m: Market) -> list[str]:
    async with m.database.session(SYSTEM) as session:
        query = select(Event.payload).where(Event.entity_id == m.entity.id, Event.type == "order.stage_changed")
        return [payload["stage"] for payload in await session.scalars(query.order_by(Event.created_at, Event.id))]


async def test_scheduled_once_every_visit_has_its_day(m: Market, team_id: UUID) -> None:
    order_id = await two_visits(m)
    assert await followed(m) == "RECEIVED"
    await plan(m.database, order_id, DAY, team_id)
    assert await followed(m) == "PLANNING"
    await plan(m.database, order_id, LATER, team_id, position=1)
    assert await followed(m) == "SCHEDULED"
    await plan(m.database, order_id, LATER, team_id)
    assert await followed(m) == "SCHEDULED"
    assert await stages_told(m) == ["PLANNING", "SCHEDULED"]


async def test_in_planning_again_when_a_visit_loses_its_day(m: Market, team_id: UUID) -> None:
    order_id = await m.ordered(partner=False)
    await plan(m.database, order_id, DAY, team_id)
    assert await followed(m) == "SCHEDULED"
    await unplan(m.database, order_id)
    assert await followed(m) == "PLANNING"


async def test_an_order_on_hold_stays_where_it_is_until_it_goes_on(m: Market, team_id: UUID) -> None:
    order_id = await m.ordered(partner=False)
    async with m.database.session(m.actors["staff"]) as session:
        await service.hold(session, order_id, "Wacht")
    await plan(m.database, order_id, DAY, team_id)
    assert await followed(m) == "RECEIVED"
    async with m.database.session(m.actors["staff"]) as session:
        await service.resume(session, order_id)
    assert await followed(m) == "SCHEDULED"


async def test_what_is_cancelled_follows_nothing(m: Market, team_id: UUID) -> None:
    order_id = await m.ordered(partner=False)
    await plan(m.database, order_id, DAY, team_id)
    async with m.database.session(m.actors["staff"]) as session:
        await service.cancel(session, order_id, "Verhuisd")
    assert await followed(m) == "CANCELLED"
