"""One portal per module of tests."""

from collections.abc import AsyncIterator

import pytest

from tenants.engine import Database
from tenants.settings import Settings
from tests.protocol.portal import Portal, portal


@pytest.fixture(scope="module")
async def ours(settings: Settings, database: Database) -> AsyncIterator[Portal]:
    """A portal in an environment that is not a developer's."""
    async with portal(settings, database) as made:
        yield made
