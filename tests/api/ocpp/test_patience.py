"""What a database that is away for a while does to chargers: it lets them wait, and loses nothing of theirs."""

import asyncio
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.ocpp import talk
from domain.devices.port import Port
from tenants.engine import Database
from tests.api.ocpp.stations import PATIENCE, Platform, ask, raw, station

AUTHORIZE = '[2,"a","Authorize",{"idTag":"CARD"}]'
STOP = '[2,"s","StopTransaction",{"transactionId":1,"meterStop":5,"timestamp":"2026-01-01T00:00:00Z"}]'


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "_FIRST_PAUSE", 0.0)


def away(times: int, instead: Any = None) -> Any:
    """A function of the port while the database is away, and the times it was called."""
    called: list[int] = []

    async def fails(*given: Any) -> Any:
        called.append(1)
        if len(called) <= times:
            raise ConnectionRefusedError("the database is away")
        return await instead(*given)

    return fails, called


async def test_a_transaction_waits_for_the_database(
    here: Platform, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await station(database)
    fails, called = away(2, Port.transaction)
    monkeypatch.setattr(Port, "transaction", fails)
    async with raw(here, s) as opened:
        assert (await ask(opened, STOP))[:2] == [3, "s"]
    assert len(called) == 3


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("status", '[2,"a","StatusNotification",{"connectorId":1,"errorCode":"GroundFailure","status":"Faulted"}]'),
        ("alert", '[2,"a","FirmwareStatusNotification",{"status":"InstallationFailed"}]'),
    ],
)
async def test_what_a_charger_says_once_waits_too(
    here: Platform, database: Database, monkeypatch: pytest.MonkeyPatch, function: str, said: str
) -> None:
    s = await station(database)
    fails, called = away(2, getattr(Port, function))
    monkeypatch.setattr(Port, function, fails)
    async with raw(here, s) as opened:
        assert await ask(opened, said) == [3, "a", {}]
    assert len(called) == 3


async def test_a_charger_keeps_what_cannot_be_stored_since_it_has_no_connection(
    here: Platform, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await station(database)
    monkeypatch.setattr(talk, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(Port, "transaction", away(10**6)[0])
    async with raw(here, s) as opened:
        await opened.send(STOP)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(opened.recv(), PATIENCE)
        assert opened.close_code == 1013


async def test_what_a_charger_asks_for_is_an_error_meanwhile(
    here: Platform, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await station(database)
    monkeypatch.setattr(Port, "authorize", away(99)[0])
    async with raw(here, s) as opened:
        assert (await ask(opened, AUTHORIZE))[:3] == [4, "a", "InternalError"]
        assert (await ask(opened, '[2,"h","Heartbeat",{}]'))[:2] == [3, "h"]


async def test_nobody_comes_in_while_nobody_can_be_recognized(
    here: Platform, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await station(database)
    monkeypatch.setattr(Port, "authenticate", away(99)[0])
    with pytest.raises(InvalidStatus) as refused:
        async with raw(here, s):
            pass
    assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (503, "10")
