"""The demo at scale 1, loaded once for all these tests into a database of their own."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import asyncpg
import pytest

from chargecars.demo import Loaded, load
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.chargecars.demo.rows import Connection


def last_wednesday() -> date:
    """A working day in the middle of a week, at most six days ago: visits are under way on it."""
    today = date.today()  # noqa: DTZ011  # any day will do
    return today - timedelta(days=(today.weekday() - 2) % 7)


@pytest.fixture(scope="session")
async def demo_url(test_run: dict[str, str], worker_database: str, worker_id: str) -> AsyncIterator[str]:
    """URL of a migrated database without a row."""
    name = f"demo_{worker_id}"
    superuser = await asyncpg.connect(test_run["super"])
    await superuser.execute(f'CREATE DATABASE "{name}" TEMPLATE chargecars OWNER chargecars_owner STRATEGY FILE_COPY')
    yield test_run["owner"].replace("/chargecars?", f"/{name}?")
    await superuser.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await superuser.close()


@pytest.fixture(scope="session")
async def loaded(demo_url: str, settings: Settings) -> Loaded:
    return await load(demo_url, today=last_wednesday())


@pytest.fixture(scope="session")
async def demo(demo_url: str, settings: Settings, loaded: Loaded) -> AsyncIterator[Database]:
    """The audience roles' connections to the demo."""
    made = Database(demo_url, role_password(settings))
    yield made
    await made.close()


@pytest.fixture
async def rows(demo_url: str, loaded: Loaded) -> AsyncIterator[Connection]:
    """The demo's tables as their owner sees them."""
    connection = await asyncpg.connect(demo_url)
    yield connection
    await connection.close()
