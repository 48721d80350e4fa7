"""Who is connected, what is told of it, and what a storm of connections does not do."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from domain.chargers import connections, statuses
from domain.chargers.models import Charger, ChargerState, Connector, ConnectorStatus, DeviceConnection, Protocol
from domain.chargers.reports import Boot, ConnectorReport
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.parking import Park, device, shared

AT_ONCE = timedelta(0)
OCPP, MQTT = Protocol.OCPP16, Protocol.MQTT


async def tell(p: Park, held: timedelta = AT_ONCE) -> None:
    async with p.database.session(SYSTEM) as session:
        await connections.tell(session, held=held)


async def test_a_connection_is_told_when_it_has_held(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    async with database.session(SYSTEM) as session:
        await connections.connect(session, device(charger), OCPP, "192.0.2.7", "here")
    assert (await p.row(charger.id)).connected
    await tell(p, connections.HOLDS)
    assert "charger.connected" not in await p.told(charger.id)
    await tell(p)
    await tell(p)
    assert (await p.told(charger.id)).count("charger.connected") == 1


async def test_who_reconnects_in_a_loop_is_no_storm_of_events(database: Database) -> None:
    p = await shared(database)
    chargers = [await p.charger() for _ in range(3)]
    for _ in range(5):
        for charger in chargers:
            async with database.session(SYSTEM) as session:
                id, _ = await connections.connect(session, device(charger), MQTT, "", "here")
                await connections.disconnect(session, charger.id, id)
    await tell(p)
    for charger in chargers:
        assert not {"charger.connected", "charger.disconnected"} & set(await p.told(charger.id))
        assert not (await p.row(charger.id)).connected
        async with database.session(SYSTEM) as session:
            assert (await session.get_one(DeviceConnection, charger.id)).connections == 5


async def test_a_newer_connection_is_not_ended_by_the_older_one(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    async with database.session(SYSTEM) as session:
        old, took_over = await connections.connect(session, device(charger), OCPP, "", "one")
        new, again = await connections.connect(session, device(charger), OCPP, "", "other")
        assert (took_over, again) == (False, True)
        assert await connections.hold(session, "one", [charger.id]) == {charger.id}
        assert await connections.hold(session, "other", [charger.id]) == set()
        assert not await connections.disconnect(session, charger.id, old)
    assert (await p.row(charger.id)).connected
    async with database.session(SYSTEM) as session:
        assert await connections.disconnect(session, charger.id, new)
    assert not (await p.row(charger.id)).connected


async def test_a_connection_ends_with_its_process(database: Database) -> None:
    p = await shared(database)
    dead, alive, heard = [await p.charger() for _ in range(3)]
    long_ago = datetime.now(UTC) - 2 * connections.LOST
    async with database.session(SYSTEM) as session:
        for charger, protocol in ((dead, OCPP), (alive, OCPP), (heard, MQTT)):
            await connections.connect(session, device(charger), protocol, "", "here")
        mine = DeviceConnection.charger_id.in_([dead.id, alive.id, heard.id])
        await session.execute(update(DeviceConnection).where(mine).values(seen_at=long_ago))
        await connections.hold(session, "here", [alive.id])
        assert await connections.heard(session, [heard.id, dead.id]) == {heard.id, dead.id}
        await connections.end_lost(session)
        assert await connections.heard(session, [heard.id, dead.id]) == {heard.id}
    assert [(await p.row(c.id)).connected for c in (dead, alive, heard)] == [False, True, True]


async def test_a_boot_puts_it_in_service_and_fills_in_what_is_not_known(database: Database) -> None:
    p = await shared(database)
    known, bare = await p.charger(serial_number="A-1"), await p.charger(serial_number=None, model="")
    said = Boot("ALFEN", "NG910", "B-2", "6.5.1", "PowerUp")
    async with database.session(SYSTEM) as session:
        row, differs = await statuses.boot(session, known.id, said)
        assert (row.state, row.firmware_version) == (ChargerState.IN_SERVICE, "6.5.1")
        assert (row.serial_number, differs) == ("A-1", ["model", "serial_number"])
        row, differs = await statuses.boot(session, bare.id, said)
        assert (row.serial_number, row.model, differs) == ("B-2", "NG910", [])
    assert (await p.told(known.id))[-1] == "charger.booted"


async def test_who_starts_in_a_loop_is_no_storm_of_events(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    async with database.session(SYSTEM) as session:
        for _ in range(30):
            await statuses.boot(session, charger.id, Boot("ALFEN", firmware_version="1"))
        await statuses.boot(session, charger.id, Boot("ALFEN", firmware_version="2"))
    assert (await p.told(charger.id)).count("charger.booted") in (2, 3), "its first start, its new firmware"
    ago = datetime.now(UTC) - timedelta(seconds=31)
    async with database.session(SYSTEM) as session:
        (await session.get_one(Charger, charger.id)).booted_at = ago
    async with database.session(SYSTEM) as session:
        await statuses.boot(session, charger.id, Boot("ALFEN"))
    assert (await p.told(charger.id)).count("charger.booted") in (3, 4)


async def report(p: Park, charger: Charger, number: int, status: ConnectorStatus, ago: float = 0) -> bool:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    async with p.database.session(SYSTEM) as session:
        return await statuses.report(session, charger.id, ConnectorReport(number, status, "NoError", at))


async def statuses_of(p: Park, charger: Charger) -> dict[int, str]:
    async with p.database.session(p.actors["owner"]) as session:
        query = select(Connector.number, Connector.status).where(Connector.charger_id == charger.id)
        return {number: status for number, status in await session.execute(query)}


async def test_a_late_report_does_not_undo_a_newer_one_and_new_connectors_are_found(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    assert await report(p, charger, 1, ConnectorStatus.CHARGING, ago=5)
    assert not await report(p, charger, 1, ConnectorStatus.AVAILABLE, ago=60)
    assert await report(p, charger, 3, ConnectorStatus.AVAILABLE)
    assert await report(p, charger, 0, ConnectorStatus.FAULTED)
    assert await statuses_of(p, charger) == {1: "CHARGING", 2: "UNAVAILABLE", 3: "AVAILABLE"}
    assert (await p.row(charger.id)).status == ConnectorStatus.FAULTED


async def test_a_contact_that_bounces_is_told_twice(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    for _ in range(5):
        await report(p, charger, 1, ConnectorStatus.CHARGING)
        await report(p, charger, 1, ConnectorStatus.SUSPENDED_EV)
    assert (await p.told(charger.id)).count("charger.status_changed") == 1
    async with database.session(SYSTEM) as session:
        mine = Connector.charger_id == charger.id
        past = datetime.now(UTC) - 2 * statuses.TOLD_APART
        await session.execute(update(Connector).where(mine, Connector.told_at.is_not(None)).values(told_at=past))
        await statuses.tell(session)
    assert (await p.told(charger.id)).count("charger.status_changed") == 2


def test_reports_that_cannot_be() -> None:
    now = datetime.now(UTC)
    assert statuses.refusal(ConnectorReport(1, ConnectorStatus.AVAILABLE, None, now)) is None
    assert statuses.refusal(ConnectorReport(21, ConnectorStatus.AVAILABLE, None, now)) == "UNKNOWN_CONNECTOR"
    assert statuses.refusal(ConnectorReport(-1, ConnectorStatus.AVAILABLE, None, now)) == "UNKNOWN_CONNECTOR"
    ahead = now + timedelta(hours=1)
    assert statuses.refusal(ConnectorReport(1, ConnectorStatus.AVAILABLE, None, ahead)) == "FUTURE_CLOCK"
