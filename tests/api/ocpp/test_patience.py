"""What a database that is away for a while does to chargers: it lets them wait, and loses nothing of theirs."""

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from api.ocpp import talk
from domain.devices.port import Port
from tenants.engine import Database
from tests.api.ocpp.stations import Platform, ask, raw, station

AUTHORIZE = '[2,"a","Authorize",{"idTag":"CARD"}]'
STOP = '[2,"s","StopTransaction",{"transactionId":1,"meterStop":5,"timestamp":"2026-01-01T00:00:00Z"}]'


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "_PATIENCE", (0.0, 0.0))


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


async def test_a_database_that_stays_away_is_an_error_of_ours(
    here: Platform, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await station(database)
    for name in ("transaction", "authorize"):
        monkeypatch.setattr(Port, name, away(99)[0])
    async with raw(here, s) as opened:
        assert (await ask(opened, STOP))[:3] == [4, "s", "InternalError"]
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
