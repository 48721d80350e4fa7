"""One process that chargers connect to, for the tests of OCPP."""

from collections.abc import AsyncIterator

import pytest

from tenants.engine import Database
from tenants.settings import Settings
from tests.api.ocpp.stations import Platform, platform


@pytest.fixture(scope="package")
async def here(settings: Settings, database: Database) -> AsyncIterator[Platform]:
    """Shared: each test brings chargers of its own."""
    async with platform(settings, database) as served:
        yield served
