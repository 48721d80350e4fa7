"""An entity with books, and packages that listen."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from tenants.engine import Database
from tenants.settings import Settings
from tests.domain.accounting.books import Books, books
from tests.domain.accounting.servers import MoneybirdServer, SnelstartServer, listening


@pytest.fixture
async def mine(database: Database, settings: Settings) -> Books:
    return await books(database, settings)


@pytest.fixture
async def moneybird(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MoneybirdServer]:
    async with listening(MoneybirdServer()) as server:
        monkeypatch.setattr(settings, "moneybird_url", f"{server.url}/")
        assert isinstance(server, MoneybirdServer)
        yield server


@pytest.fixture
async def snelstart(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SnelstartServer]:
    async with listening(SnelstartServer()) as server:
        monkeypatch.setattr(settings, "snelstart_url", f"{server.url}/v2")
        monkeypatch.setattr(settings, "snelstart_auth_url", f"{server.url}/b2b/token")
        monkeypatch.setattr(settings, "snelstart_subscription_key", SecretStr("a subscription"))
        assert isinstance(server, SnelstartServer)
        yield server
