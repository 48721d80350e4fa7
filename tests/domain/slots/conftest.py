"""Two entities' visits in a database of the module's own; each test begins without teams, visits and holds."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, update

from domain.slots.models import SlotHold
from domain.teams.models import Team
from domain.visits.models import Visit
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.visiting import Work, work


@pytest.fixture(scope="module")
async def story(story_database: str, settings: Settings) -> AsyncIterator[Work]:
    database = Database(story_database, role_password(settings))
    yield await work(database)
    await database.close()


@pytest.fixture
async def some(story: Work) -> Work:
    async with story.database.session(SYSTEM) as session:
        await session.execute(delete(SlotHold))
        await session.execute(update(Visit).values(status="CANCELLED", outcome="CANCELLED"))
        await session.execute(update(Team).values(active=False))
    story.teams.clear()
    return story
