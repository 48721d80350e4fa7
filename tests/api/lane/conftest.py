"""The world of the tenancy proof and a small shop, asked through both lanes."""

import pytest

from tests.api.reading.conftest import shop, shop_rows, shop_url
from tests.lanes import Lanes
from tests.tenancy.conftest import World, world

__all__ = ["shop", "shop_rows", "shop_url", "world"]


@pytest.fixture(scope="session")
def lanes(world: World) -> Lanes:
    """Both lanes over the world's schema and rows."""
    return Lanes.of(world.schema, world.database, world.settings)
