"""A story's platform: the application over a database of its own, shared by the tests of a module.

At the end of each module every change of a state in it must have been told by an event.
"""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tenants.settings import Settings
from tests import told
from tests.flows.steps import Platform, running


@pytest.fixture(scope="module")
async def platform(settings: Settings, story_database: str) -> AsyncIterator[Platform]:
    """Nobody but the platform administrator, and no portal but the platform's own."""
    async with running(settings.model_copy(update={"database_url": story_database})) as made:
        owner = await asyncpg.connect(story_database)
        await told.watch(owner)
        yield made
        silent = await told.untold(owner)
        await owner.close()
        assert not silent, "\n".join(map(str, silent))
