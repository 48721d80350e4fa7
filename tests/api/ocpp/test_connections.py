"""Who comes in, who is shown out, and what comes of nonsense."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.ocpp.versions import Version
from domain.chargers import registry
from domain.chargers.models import Charger
from domain.rows import find
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.ocpp.stations import (
    PATIENCE,
    Platform,
    Station,
    ask,
    basic,
    platform,
    plugged,
    quarantined,
    raw,
    station,
    until,
)


async def status_of(platform: Platform, station: Station, **options: Any) -> int:
    """The HTTP status with which a handshake ends."""
    try:
        async with raw(platform, station, **options):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def is_connected(database: Database, station: Station) -> bool:
    async with database.session(SYSTEM) as session:
        return (await find(session, Charger, station.yard.charger.id)).connected


async def test_a_charger_proves_who_it_is_before_the_upgrade(here: Platform, database: Database) -> None:
    mine, other = await station(database), await station(database)

    async def by(headers: dict[str, str]) -> int:
        return await status_of(here, mine, additional_headers=headers)

    assert await by(basic(mine.identity, mine.secret.upper().encode())) == 101
    assert await by(basic(mine.identity, bytes.fromhex(mine.secret))) == 101
    assert await by({}) == 401
    assert await by({"Authorization": f"Bearer {mine.secret}"}) == 401
    assert await by(basic(mine.identity, b"wrong")) == 401
    assert await by(basic(mine.identity, other.secret.encode())) == 401
    assert await by(basic(other.identity, other.secret.encode())) == 401
    kept = await quarantined(database, mine)
    assert sorted(each.reason for each in kept) == ["OTHER_IDENTITY", "WRONG_CREDENTIALS"]
    assert {each.entity_id for each in kept} == {mine.yard.entity.id}


@pytest.mark.parametrize("identity", ["", "ab", "x" * 49, "CP%201", "CP'--", "a%2Fb"])
async def test_no_identity_is_no_charger(here: Platform, database: Database, identity: str) -> None:
    mine = await station(database)
    mine.yard.charger.identity = identity
    assert await status_of(here, mine) == 404


async def test_security_profile_2_wants_tls(settings: Settings, database: Database) -> None:
    mine = await station(database)
    async with platform(settings, database, ocpp_security_profile=2) as strict:
        assert await status_of(strict, mine) == 403


async def test_a_full_process_sends_chargers_away_for_a_while(settings: Settings, database: Database) -> None:
    first, second = await station(database), await station(database)
    async with platform(settings, database, ocpp_connections=1) as small, plugged(small, first):
        assert await status_of(small, second) == 503


async def test_without_a_common_version_the_connection_is_closed_at_once(here: Platform, database: Database) -> None:
    mine = await station(database)
    for offered in (None, ["ocpp1.5"]):
        async with raw(here, mine, subprotocols=offered) as opened:
            assert opened.subprotocol is None
            with pytest.raises(ConnectionClosed):
                await opened.recv()
            assert opened.close_code == 1002
    async with raw(here, mine, subprotocols=["ocpp9", "ocpp2.0.1", "ocpp1.6"]) as opened:
        assert opened.subprotocol == "ocpp2.0.1"


async def test_a_new_connection_takes_the_place_of_the_old_one(here: Platform, database: Database) -> None:
    mine = await station(database)
    async with raw(here, mine) as old, raw(here, mine) as new:
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(old.recv(), PATIENCE)
        assert old.close_code == 1000
        assert (await ask(new, '[2,"1","Heartbeat",{}]'))[0] == 3
        assert await is_connected(database, mine)

    async def gone() -> bool:
        return not await is_connected(database, mine)

    await until(gone)


NONSENSE = [
    ("what?", "-1", "FormationViolation", "RpcFrameworkError"),
    ("[2]", "-1", "FormationViolation", "RpcFrameworkError"),
    ('[9,"a","Heartbeat",{}]', "a", "NotSupported", "MessageTypeNotSupported"),
    ('[2,"b","Dance",{}]', "b", "NotSupported", "NotSupported"),
    ('[2,"c","GetLog",{}]', "c", "OccurenceConstraintViolation", "OccurenceConstraintViolation"),
    ('[2,"d","Heartbeat",{"x":1}]', "d", "FormationViolation", "FormatViolation"),
    ('[2,"e","Authorize",{"idTag":1,"idToken":1}]', "e", None, None),
    ('[2,"f","MeterValues",{"big":"' + "x" * 300_000 + '"}]', "f", "FormationViolation", "FormatViolation"),
    ('[2,"g","Authorize",{"idTag":"a\\u0000"}]', "g", "FormationViolation", "FormatViolation"),
]


@pytest.mark.parametrize("version", [*Version])
async def test_nonsense_is_answered_and_kept_and_ends_nothing(
    here: Platform, database: Database, version: Version
) -> None:
    mine = await station(database, version)
    async with raw(here, mine) as opened:
        for text, id, of_16, of_201 in NONSENSE:
            kind, answered, code, *_ = await ask(opened, text)
            assert (kind, answered) == (4, id)
            assert code == (of_16 if version is Version.OCPP16 else of_201) or of_16 is None, text[:60]
        await opened.send('[3,"nobody asked",{}]')
        await opened.send('[4,"nobody asked",7]')
        assert (await ask(opened, '[2,"z","Heartbeat",{}]'))[:2] == [3, "z"]

    async def kept() -> bool:
        reasons = {each.reason for each in await quarantined(database, mine)}
        return {"MALFORMED", "UNKNOWN_ACTION", "SCHEMA_VIOLATION"} <= reasons

    await until(kept)


async def test_a_message_beyond_all_bounds_ends_the_connection(here: Platform, database: Database) -> None:
    mine = await station(database)
    async with raw(here, mine) as opened:
        await opened.send("x" * 500_000)
        with pytest.raises(ConnectionClosed):
            await opened.recv()
        assert opened.close_code == 1009

    async def kept() -> bool:
        return "TOO_LARGE" in {each.reason for each in await quarantined(database, mine)}

    await until(kept)


async def test_a_charger_that_says_nothing_but_nonsense_is_shown_out(here: Platform, database: Database) -> None:
    mine = await station(database)
    async with raw(here, mine) as opened:
        for _ in range(150):
            await opened.send("what?")
        await asyncio.wait_for(_drained(opened), PATIENCE)
        assert opened.close_code == 1008
    kept = await quarantined(database, mine)
    assert len(kept) < 5


async def _drained(opened: ClientConnection) -> None:
    """Read until the platform closes."""
    with suppress(ConnectionClosed):
        async for _ in opened:
            pass


async def test_a_flood_is_read_slowly(settings: Settings, database: Database) -> None:
    mine = await station(database)
    async with platform(settings, database, ocpp_messages_per_second=20) as served, raw(served, mine) as opened:
        for number in range(203):
            await opened.send(f'[2,"{number}","Heartbeat",{{}}]')
        answers = [await asyncio.wait_for(opened.recv(), PATIENCE) for _ in range(203)]
        assert len(answers) == 203
    assert "RATE_LIMITED" in {each.reason for each in await quarantined(database, mine)}


async def test_a_retired_charger_is_shown_out(here: Platform, database: Database) -> None:
    mine = await station(database)
    async with raw(here, mine) as opened:
        assert (await ask(opened, '[2,"1","Heartbeat",{}]'))[0] == 3
        async with database.session(SYSTEM) as session:
            await registry.retire(session, mine.yard.charger.id, reason="sold")
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(opened.recv(), PATIENCE)
    assert await status_of(here, mine) == 401
