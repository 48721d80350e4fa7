"""A story's platform: the application over a database of its own, shared by the tests of a module."""

from collections.abc import AsyncIterator

import pytest

from tenants.settings import Settings
from tests.flows.steps import Platform, running


@pytest.fixture(scope="module")
async def platform(settings: Settings, story_database: str) -> AsyncIterator[Platform]:
    """Nobody but the platform administrator, and no portal but the platform's own."""
    async with running(settings.model_copy(update={"database_url": story_database})) as made:
        yield made
