"""The world of the tenancy proof, asked through both lanes."""

import pytest

from tests.lanes import Lanes
from tests.tenancy.conftest import World, world

__all__ = ["world"]


@pytest.fixture(scope="session")
def lanes(world: World) -> Lanes:
    """Both lanes over the world's schema and rows."""
    return Lanes.of(world.schema, world.database, world.settings)
