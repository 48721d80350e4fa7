"""The broker of the embedded stack: who may connect and write what, and what becomes of it."""

import asyncio
from uuid import UUID

import aiomqtt
import orjson
import pytest
from sqlalchemy import select

from domain.chargers.models import Charger, Connector, DeviceConnection, QuarantinedMessage
from domain.commands.models import CommandKind
from domain.telemetry.models import TelemetryReading
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.parking import Park, park
from tests.workers.mqtt.conftest import Telemetry
from tests.workers.mqtt.talking import PATIENCE, charger, reading


async def stored(database: Database, charger_id: UUID) -> list[int]:
    async with database.session(SYSTEM) as session:
        query = select(TelemetryReading.sequence).where(TelemetryReading.charger_id == charger_id)
        return sorted((await session.execute(query)).scalars())


async def quarantined(database: Database, identity: str) -> dict[str, QuarantinedMessage]:
    async with database.session(SYSTEM) as session:
        query = select(QuarantinedMessage).where(QuarantinedMessage.identity == identity)
        return {row.reason: row for row in (await session.execute(query)).scalars()}


async def is_connected(p: Park, charger_id: UUID, expected: bool) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await p.row(charger_id)).connected is not expected:  # noqa: ASYNC110  # a row tells nobody
            await asyncio.sleep(0.01)


async def test_what_is_acknowledged_is_stored_and_what_cannot_be_is_told(
    database: Database, telemetry: Telemetry
) -> None:
    p = await park(database)
    made, secret = await p.with_secret()
    async with telemetry() as process, charger(process.listens_on, made.identity, secret) as device:
        readings = [reading(1), reading(2, energyWh=-5), reading(3, powerW="much"), reading(4)]
        await device.say("metrics", {"messageId": "m-1", "readings": readings})
        refused = await device.acknowledged("m-1")
        assert sorted((left["reading"], left["reason"]) for left in refused) == [
            (1, "NEGATIVE_ENERGY"),
            (2, "BAD_FIELD"),
        ]
        assert await stored(database, made.id) == [1, 4]
        for text in (b"{", b"x" * 300_000, orjson.dumps({"v": 2}), orjson.dumps({"v": 1, "type": "dance"})):
            await device.say("status", text)
        await device.say("status", {"messageId": "s-1", "type": "connector", "connector": 1})
        assert await device.acknowledged("s-1") == [{"messageId": "s-1", "reason": "MISSING_FIELD"}]
        await device.say("metrics", {"messageId": "m-2", "readings": [reading(5), readings[0]]})
        assert await device.acknowledged("m-2") == []
        assert await stored(database, made.id) == [1, 4, 5]
        await device.say("alert", {"messageId": "a-1", "code": "OVER_TEMPERATURE", "severity": "CRITICAL"})
        await device.acknowledged("a-1")
    found = await quarantined(database, made.identity)
    reasons = {
        "NEGATIVE_ENERGY",
        "BAD_FIELD",
        "MALFORMED",
        "OVERSIZE",
        "WRONG_VERSION",
        "UNKNOWN_TYPE",
        "MISSING_FIELD",
    }
    assert set(found) == reasons
    assert {row.charger_id for row in found.values()} == {made.id}
    assert found["BAD_FIELD"].detail.startswith("readings[2] powerW")


async def test_a_charger_is_known_from_boot_to_the_end_of_its_connection(
    database: Database, telemetry: Telemetry
) -> None:
    p = await park(database)
    made, secret = await p.with_secret()
    async with telemetry() as process:
        async with charger(process.listens_on, made.identity, secret) as device:
            boot = {"type": "boot", "messageId": "b-1", "vendor": "Alfen", "firmwareVersion": "7.1"}
            await device.say("status", boot)
            assert (await device.hear("boot"))["accepted"] is True
            at = reading(0)["at"]
            report = {"type": "connector", "connector": 2, "status": "CHARGING", "at": at, "messageId": "c-1"}
            await device.say("status", report)
            await device.acknowledged("b-1", "c-1")
            await is_connected(p, made.id, True)
        await is_connected(p, made.id, False)
    async with database.session(SYSTEM) as session:
        found = await session.get_one(Charger, made.id)
        assert (found.protocol, found.firmware_version, found.state) == ("MQTT", "7.1", "IN_SERVICE")
        query = select(Connector.status).where(Connector.charger_id == made.id, Connector.number == 2)
        assert (await session.execute(query)).scalar_one() == "CHARGING"
        assert (await session.get_one(DeviceConnection, made.id)).address == "127.0.0.1"


async def test_a_command_reaches_its_charger_and_is_answered(database: Database, telemetry: Telemetry) -> None:
    p = await park(database)
    made, secret = await p.with_secret()
    waiting = await p.command(made, CommandKind.SET_POWER, 1, parameters={"powerW": 7400})
    async with telemetry() as process, charger(process.listens_on, made.identity, secret) as device:
        heard = await device.hear("command")
        assert (heard["commandId"], heard["kind"], heard["parameters"]) == (
            str(waiting.id),
            "SET_POWER",
            {"powerW": 7400},
        )
        result = {"type": "result", "commandId": heard["commandId"], "accepted": True, "messageId": "x-1"}
        await device.say("status", result)
        await device.acknowledged("x-1")
        assert (await p.command_row(waiting.id)).status == "ACKNOWLEDGED"


async def test_nobody_connects_writes_or_reads_as_another(database: Database, telemetry: Telemetry) -> None:
    p = await park(database)
    (mine, secret), (other, others_secret) = await p.with_secret(), await p.with_secret()
    async with telemetry() as process, charger(process.listens_on, other.identity, others_secret) as victim:
        for user, password in (
            (mine.identity, others_secret),
            (mine.identity, ""),
            ("CP-nobody", secret),
            ("a/b", secret),
        ):
            with pytest.raises(aiomqtt.MqttError):
                async with charger(process.listens_on, user, password):
                    pass
        will = aiomqtt.Will(f"charging/{other.identity}/status", b"{}", 1)
        with pytest.raises(aiomqtt.MqttError):
            async with charger(process.listens_on, mine.identity, secret, will=will):
                pass
        async with charger(process.listens_on, mine.identity, secret, identifier=other.identity) as device:
            await device.say("metrics", {"readings": [reading(1)]}, identity=other.identity)
            for topic in ("#", f"charging/{other.identity}/command"):
                (code,) = await device.client.subscribe(topic, 1)
                assert getattr(code, "value", code) == 128
            await victim.say("metrics", {"messageId": "m", "readings": [reading(2)]})
            await victim.acknowledged("m")
    assert await stored(database, other.id) == [2]
    refused = await quarantined(database, mine.identity)
    assert refused["FOREIGN_TOPIC"].charger_id == mine.id
    wrong = refused["WRONG_CREDENTIALS"]
    assert (wrong.entity_id, wrong.action, wrong.detail) == (mine.entity_id, "connect", "from 127.0.0.1")


async def test_what_is_larger_than_any_packet_ends_its_connection_alone(
    database: Database, telemetry: Telemetry
) -> None:
    p = await park(database)
    made, secret = await p.with_secret()
    async with telemetry() as process:
        with pytest.raises(aiomqtt.MqttError):
            async with charger(process.listens_on, made.identity, secret) as device:
                await device.client.publish(f"charging/{made.identity}/metrics", b"x" * 1_100_000, 1, timeout=0.2)
        async with charger(process.listens_on, made.identity, secret) as device:
            await device.say("metrics", {"messageId": "m", "readings": [reading(1)]})
            await device.acknowledged("m")
    assert (await quarantined(database, made.identity))["OVERSIZE"].detail.startswith("a packet of 1100")


async def test_noise_leaves_nothing_behind(database: Database, telemetry: Telemetry) -> None:
    p = await park(database)
    made, secret = await p.with_secret()
    user = made.identity.encode()
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01x" + b"".join(
        len(part).to_bytes(2, "big") + part for part in (user, secret.encode())
    )
    connect = bytes([0x10, len(body)]) + body
    topic = f"charging/{made.identity}/status".encode()
    publish = len(topic).to_bytes(2, "big") + topic + b"\x00\x05{"
    packets = [b"GET / HTTP/1.1\r\n\r\n", b"\x10\xff\xff\xff\xff\x7f", connect[:9], b"\x32\x02ab", b"\x00\x00", connect]
    packets += [
        connect + rest for rest in (b"\x00\x00", b"\x32\x01a", b"\x36\x00", b"\x82\x03abc", b"\x62\x02\x00\x07")
    ]
    packets += [connect + bytes([kind, len(publish)]) + publish for kind in (0x32, 0x34, 0x36)]
    async with telemetry() as process:
        for packet in packets:
            reader, writer = await asyncio.open_connection("127.0.0.1", process.listens_on)
            writer.write(packet)
            writer.write_eof()
            async with asyncio.timeout(PATIENCE):
                await reader.read()
            writer.close()
        async with charger(process.listens_on, made.identity, secret) as device:
            await device.say("metrics", {"messageId": "m", "readings": [reading(1)]})
            await device.acknowledged("m")
        await is_connected(p, made.id, False)
