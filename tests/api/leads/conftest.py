"""The world of leads, and asking in it."""

import pytest

from tenants.actor import Actor
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.leads.asker import Ask, Asker
from tests.domain.leads.world import World, make


@pytest.fixture
async def world(database: Database) -> World:
    return await make(database)


@pytest.fixture
def as_(world: World, settings: Settings) -> Ask:
    def asking(actor: Actor) -> Asker:
        return Asker(world, settings, actor)

    return asking
