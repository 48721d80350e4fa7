"""The world of these tests."""

import pytest

from tenants.engine import Database
from tests.domain.onboarding import world
from tests.domain.onboarding.world import World


@pytest.fixture
async def a_world(database: Database) -> World:
    return await world.make(database)
