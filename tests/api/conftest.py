"""A database of the shop's own on the run's server, with its rows and roles."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import create_async_engine

from tenants.engine import sqlalchemy_url
from tests.api.reading.shop_api import PASSWORD, PREFIX, Pools, Rows, ShopApi
from tests.api.reading.shop_models import ROLES, Line, Link, Order, Person, Remark, Shop, ShopBase, statements


@pytest.fixture(scope="session")
async def shop_url(test_run: dict[str, str], worker_id: str) -> AsyncIterator[str]:
    """The owner's URL of a new database with the shop's tables and policies."""
    name = f"shop_{worker_id}"
    connection = await asyncpg.connect(test_run["super"])
    await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {name}")
    for role in ROLES:
        await _create_role(connection, f"{PREFIX}{role}")
    head, _, query = test_run["super"].partition("?")
    url = f"{head.rpartition('/')[0]}/{name}?{query}"
    yield url
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def _create_role(connection: "asyncpg.Connection[asyncpg.Record]", role: str) -> None:
    try:
        await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return  # another worker was here first


@pytest.fixture(scope="session")
async def shop_rows(shop_url: str) -> Rows:
    """Tables filled."""
    rows = Rows()
    links = [
        {"row_id": o["id"], "organization_id": o["organization_id"], "created_at": o["created_at"]}
        for o in rows.orders
        if o["organization_id"]
    ]
    engine = create_async_engine(sqlalchemy_url(shop_url))
    async with engine.begin() as connection:
        await connection.run_sync(ShopBase.metadata.create_all)
        filled = ((Shop, rows.shops), (Person, rows.people), (Order, rows.orders), (Line, rows.lines), (Link, links))
        for model, values in (*filled, (Remark, rows.remarks)):
            await connection.execute(insert(model), values)
        for statement in statements(PREFIX):
            await connection.execute(text(statement.replace(":", r"\:")))
    await engine.dispose()
    return rows


@pytest.fixture(scope="session")
async def shop(shop_url: str, shop_rows: Rows) -> AsyncIterator[ShopApi]:
    """The shop's API."""
    pools = Pools(shop_url)
    yield ShopApi(pools, shop_rows)
    await pools.close()
