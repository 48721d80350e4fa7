"""One API for the tests of subscriptions, and a market in which something happens."""

from collections.abc import AsyncIterator

import pytest

from tenants.engine import Database
from tenants.settings import Settings
from tests.api.live.serving import Served, served
from tests.quoting import Market, market


@pytest.fixture(scope="module")
async def api(settings: Settings) -> AsyncIterator[Served]:
    async with served(settings) as running:
        yield running


@pytest.fixture
async def m(database: Database) -> Market:
    return await market(database, agreement={})
