"""Teams and visits of two entities in a database of the module's own; each test begins without any."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.visiting import Work, work


@pytest.fixture(scope="module")
async def shared(story_database: str, settings: Settings) -> AsyncIterator[Work]:
    database = Database(story_database, role_password(settings))
    yield await work(database)
    await database.close()


@pytest.fixture
async def some(shared: Work) -> Work:
    await shared.clear()
    async with shared.database.session(SYSTEM) as session:
        for table in ("outlook", "outlook_run", "what_if"):
            await session.execute(text(f"DELETE FROM {table}"))  # our own tables
    return shared
