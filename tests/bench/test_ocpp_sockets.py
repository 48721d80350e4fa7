"""The light chargers with which sockets are measured speak the protocol."""

import os

import pytest

from chargecars.bench import ocpp_sockets
from chargecars.bench.ocpp_sockets import calls, hold_sockets, open_sockets
from chargecars.stack import StackError
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.ocpp.stations import platform, station


async def test_light_chargers_connect_talk_and_are_refused(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocpp_sockets, "_SETTLE_SECONDS", 0)
    chargers = [await station(database) for _ in range(3)]
    secrets = [(each.identity, each.secret) for each in chargers]
    async with platform(settings, database) as served:
        port = int(served.address.rpartition(":")[2])
        async with hold_sockets(port, os.getpid(), secrets) as held:
            assert len(held.sockets) == 3
            assert await calls(held.sockets, 0.05, lambda charger, number: ("Heartbeat", {})) > 0
            vendor = {"vendorId": "x" * 200}
            assert await held.sockets[0].call("DataTransfer", vendor) == {"status": "UnknownVendorId"}
            with pytest.raises(StackError, match="NotSupported"):
                await held.sockets[0].call("Dance", {})
        with pytest.raises(StackError, match="401"):
            await open_sockets(port, [(chargers[0].identity, "wrong")])
