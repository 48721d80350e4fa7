"""The port that MQTT and OCPP call: what it keeps, what it refuses by itself, and whom it lets go."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from domain.chargers import connections
from domain.chargers.models import Channel, ChargerState, ConnectorStatus, Protocol, QuarantinedMessage
from domain.chargers.reports import Boot, ConnectorReport
from domain.commands.delivery import CommandAnswer
from domain.commands.models import CommandKind, CommandStatus
from domain.devices import port as ports
from domain.devices.ingest import Ingest
from domain.devices.port import OTHER_CHARGER, Port, RefusedReading
from domain.telemetry.readings import Reading, Refusal
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.parking import Park, device, process, shared


@pytest.fixture
async def port(database: Database) -> AsyncIterator[Port]:
    async with Ingest(database, tell=False) as ingest:
        made = Port(database, ingest, process())
        yield made
        await made.close()


async def reasons(p: Park, identity: str) -> list[str]:
    async with p.database.session(SYSTEM) as session:
        query = select(QuarantinedMessage.reason).where(QuarantinedMessage.identity == identity)
        return list((await session.execute(query)).scalars())


async def test_from_the_login_to_the_end_of_the_connection(port: Port) -> None:
    p = await shared(port.database)
    charger, secret = await p.with_secret()
    assert await port.authenticate(charger.identity, b"0" * 40) is None
    known = await port.authenticate(charger.identity, secret.encode())
    assert known == device(charger)
    first = await port.connected(known, Protocol.OCPP16, "192.0.2.7")
    second = await port.connected(known, Protocol.OCPP16, "192.0.2.7")
    await port.disconnected(known, first)
    assert await port.seen(known)
    assert (await p.row(charger.id)).connected
    await port.disconnected(known, second)
    assert not await port.seen(known)
    assert not (await p.row(charger.id)).connected


async def test_who_was_lost_is_asked_to_connect_anew(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    p = await shared(port.database)
    charger = await p.charger()
    monkeypatch.setattr(ports, "NOTED_SECONDS", 0.0)
    id = await port.connected(device(charger), Protocol.OCPP201, "")
    assert await port.seen(device(charger))
    async with port.database.session(SYSTEM) as session:
        await connections.disconnect(session, charger.id, id)
    assert not await port.seen(device(charger))
    async with port.database.session(SYSTEM) as session:
        await connections.connect(session, device(charger), Protocol.MQTT, "", "another process")
    assert await port.seen(device(charger))


async def test_being_heard_of_does_not_fail_without_the_database(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    p = await shared(port.database)
    charger = await p.charger()
    monkeypatch.setattr(ports, "NOTED_SECONDS", 0.0)
    await port.connected(device(charger), Protocol.OCPP16, "")
    nowhere = Port(Database("postgresql:///x?host=/nowhere", "none"), port._ingest, port.process)
    nowhere._open = port._open
    assert await nowhere.seen(device(charger))
    assert nowhere._heard == {charger.id}


async def test_other_hardware_than_was_registered_is_let_in_and_noted(port: Port) -> None:
    p = await shared(port.database)
    charger = await p.charger()
    answer = await port.boot(device(charger), Boot("Alfen", "Eve Double", "OTHER", "1.0"))
    assert answer.accepted
    assert (await p.row(charger.id)).state == ChargerState.IN_SERVICE
    assert await reasons(p, charger.identity) == ["OTHER_HARDWARE"]


async def test_impossible_readings_are_refused_one_by_one(port: Port) -> None:
    p = await shared(port.database)
    charger, other = await p.charger(), await p.charger()
    now = datetime.now(UTC)
    given = [
        Reading(charger.id, 1, now, energy_wh=1000),
        Reading(charger.id, 1, now, sequence=1, energy_wh=-5),
        Reading(other.id, 1, now, energy_wh=1000),
        Reading(charger.id, 1, now + timedelta(hours=1), energy_wh=1000),
    ]
    assert await port.readings(device(charger), given) == [
        RefusedReading(1, Refusal.NEGATIVE_ENERGY),
        RefusedReading(2, OTHER_CHARGER),
        RefusedReading(3, Refusal.FUTURE_CLOCK),
    ]
    assert await port.readings(device(charger), given[:1]) == []


async def test_reports_of_connectors(port: Port) -> None:
    p = await shared(port.database)
    charger, now = await p.charger(), datetime.now(UTC)
    assert await port.status(device(charger), ConnectorReport(1, ConnectorStatus.CHARGING, None, now)) is None
    refused = await port.status(device(charger), ConnectorReport(99, ConnectorStatus.CHARGING, None, now))
    assert refused == "UNKNOWN_CONNECTOR"


async def test_an_answer_is_taken_from_who_was_asked(port: Port) -> None:
    p = await shared(port.database)
    charger, other = await p.charger(), await p.charger()
    command = await p.command(charger, CommandKind.RESET)
    assert not await port.answered(device(other), command.id, CommandAnswer(True))
    assert await port.answered(device(charger), command.id, CommandAnswer(True))
    assert (await p.command_row(command.id)).status == CommandStatus.ACKNOWLEDGED


async def test_a_refusal_is_kept_for_the_charger_that_is_named(port: Port) -> None:
    p = await shared(port.database)
    charger = await p.charger()
    await port.quarantine(None, charger.identity, Channel.OCPP, "connect", "WRONG_CREDENTIALS", "", b"")
    await port.quarantine(device(charger), charger.identity, Channel.MQTT, "metrics", "NOT_JSON", "", b"\x00\xff")
    assert sorted(await reasons(p, charger.identity)) == ["NOT_JSON", "WRONG_CREDENTIALS"]
    async with port.database.session(p.actors["staff"]) as session:
        mine = QuarantinedMessage.identity == charger.identity
        seen = (await session.execute(select(QuarantinedMessage.id).where(mine))).all()
    assert len(seen) == 2
