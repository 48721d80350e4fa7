"""Every state change of every area writes an event; tests/flows holds their stories to the same."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import CheckConstraint, Table, text

import domain.tables  # noqa: F401  # completes the tables
from domain.orders import service as orders
from domain.orders.models import OrderStage
from tenants.actor import SYSTEM
from tenants.base import Base
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests import factories, told
from tests.quoting import market
from tests.told import UNTOLD, WATCHED

_STATE = re.compile(r"^(status|state|stage|outcome|lifecycle|kind_of_state) IN \(")


@pytest.fixture
async def watched(settings: Settings, story_database: str) -> AsyncIterator[tuple[Database, asyncpg.Connection]]:
    database = Database(story_database, role_password(settings))
    owner = await asyncpg.connect(story_database)
    yield database, owner
    await owner.close()
    await database.close()


def has_a_state(table: Table) -> bool:
    """A column that is held to a list of states, or a time at which something happened to the row."""
    checks = (str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint))
    times = (c for c in table.columns if c.nullable and c.name.endswith("_at"))
    return any(_STATE.match(check) for check in checks) or next(times, None) is not None


def test_every_table_with_a_state_is_told_of_or_says_why_not() -> None:
    with_states = {name for name, table in Base.metadata.tables.items() if has_a_state(table)}
    assert with_states - set(WATCHED) - set(UNTOLD) == set()
    assert set(WATCHED) & set(UNTOLD) == set()
    assert (set(WATCHED) | set(UNTOLD)) - set(Base.metadata.tables) == set()


async def test_the_life_of_an_order_is_told(watched: tuple[Database, asyncpg.Connection]) -> None:
    database, owner = watched
    m = await market(database, agreement={})
    await told.watch(owner)
    order_id = await m.ordered()
    async with database.session(m.actors["staff"]) as session:
        await orders.hold(session, order_id, "Wacht op klant")
        await orders.resume(session, order_id)
    async with database.session(m.actors["staff"]) as session:
        for stage in (OrderStage.PLANNING, OrderStage.SCHEDULED, OrderStage.IN_PROGRESS, OrderStage.COMPLETED):
            await orders.move(session, order_id, stage)
    assert await told.untold(owner) == []
    seen = await told.seen(owner)
    assert {("quote", None), ("quote.status", "SENT"), ("quote.status", "ORDERED"), ("signature", None)} <= seen
    assert {("order", None), ("order.stage", "COMPLETED"), ("visit", None), ("order_milestone", None)} <= seen


async def test_a_silent_change_is_noticed(watched: tuple[Database, asyncpg.Connection]) -> None:
    database, owner = watched
    await told.watch(owner)
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        made = await factories.organization(session, entity)
    async with database.session(SYSTEM) as session:
        await session.execute(text("UPDATE contact SET erased_at = created_at WHERE id = :id"), {"id": made.id})
    silent = {what for what, _, _ in await told.untold(owner)}
    assert {"business_entity", "contact.erased_at"} <= silent
    assert "contact" not in silent
