"""Teams and visits of two entities in a database of the module's own; each test begins without any."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from domain.travel.matrix import Travel
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.visiting import Work, work

_NOTHING = ("visit_move", "visit_report", "dispatched_stop", "team_track", "team_position")


@pytest.fixture(scope="module")
async def shared(story_database: str, settings: Settings) -> AsyncIterator[Work]:
    database = Database(story_database, role_password(settings))
    yield await work(database)
    await database.close()


@pytest.fixture
async def some(shared: Work) -> Work:
    async with shared.database.session(SYSTEM) as session:
        for table in _NOTHING:
            await session.execute(text(f"DELETE FROM {table}"))  # our own tables
    await shared.clear()
    return shared


@pytest.fixture
def travel(some: Work) -> Travel:
    return Travel(some.database)
