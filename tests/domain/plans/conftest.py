"""A database of the module's own: whoever plans sees all visits and teams that there are. Each test begins without."""

from collections.abc import AsyncIterator

import pytest

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
    return shared
