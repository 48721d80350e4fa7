"""A real broker with the files that we write: the same messages, held for us while we or PostgreSQL are away."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiomqtt
import orjson
import pytest

from domain.chargers import credentials
from domain.commands.models import CommandKind
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.parking import park
from tests.workers.mqtt.conftest import Telemetry
from tests.workers.mqtt.talking import PATIENCE, charger, reading
from tests.workers.mqtt.test_embedded import is_connected, stored
from workers.mqtt.keeping import CONFIGURATION, PASSWORDS, Keeper, Listeners

PROGRAM = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")


class Mosquitto:
    """The program over one directory; its ports are known when it has its files."""

    def __init__(self, keeper: Keeper, directory: Path, listeners: Listeners) -> None:
        self.keeper = keeper
        self.directory = directory
        self.port, self.platform_port = listeners.port, listeners.platform_port
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        command = [str(PROGRAM), "-c", str(self.directory / CONFIGURATION)]
        self._process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.platform_port)
                except OSError:
                    await asyncio.sleep(0.01)
                    continue
                writer.close()
                return

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


def free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


@pytest.fixture
async def mosquitto(database: Database, settings: Settings, tmp_path: Path) -> AsyncIterator[Callable[[], Mosquitto]]:
    """`mosquitto()` with files of its own, not started; the platform's login is platform:secret."""
    made: list[Mosquitto] = []

    def make() -> Mosquitto:
        listeners = Listeners("127.0.0.1", free_port(), "127.0.0.1", free_port())
        given = settings.model_copy(update={"mqtt_url": "mqtt://platform:secret@127.0.0.1"})
        made.append(Mosquitto(Keeper(database, given, tmp_path, listeners), tmp_path, listeners))
        return made[-1]

    yield make
    for each in made:
        await each.stop()


async def test_mosquitto_with_our_files(
    database: Database, telemetry: Telemetry, mosquitto: Callable[[], Mosquitto]
) -> None:
    p, broker = await park(database), mosquitto()
    (mine, secret), (other, others_secret) = await p.with_secret(), await p.with_secret()
    assert await broker.keeper.write()
    assert not await broker.keeper.write()
    assert secret not in (broker.directory / PASSWORDS).read_text()
    await broker.start()
    waiting = await p.command(mine, CommandKind.UNLOCK, 1)
    url = f"mqtt://platform:secret@127.0.0.1:{broker.platform_port}"
    async with telemetry(mqtt_url=url) as process, charger(broker.port, mine.identity, secret) as device:
        with pytest.raises(aiomqtt.MqttError):
            async with charger(broker.port, mine.identity, others_secret):
                pass
        await device.say("status", {"type": "online", "messageId": "o-1"})
        await device.say("metrics", {"messageId": "m-1", "readings": [reading(1), reading(2, energyWh=-1)]})
        refused = await device.acknowledged("o-1", "m-1")
        assert [left["reason"] for left in refused] == ["NEGATIVE_ENERGY"]
        heard = await device.hear("command")
        await device.say(
            "status", {"type": "result", "commandId": heard["commandId"], "accepted": True, "messageId": "x"}
        )
        await device.acknowledged("x")
        assert (await p.command_row(waiting.id)).status == "ACKNOWLEDGED"
        await is_connected(p, mine.id, True)

        will = aiomqtt.Will(f"charging/{other.identity}/status", orjson.dumps({"v": 1, "type": "offline"}), 1)
        async with charger(broker.port, other.identity, others_secret, identifier=mine.identity, will=will) as foreign:
            await foreign.say("status", {"type": "online", "messageId": "o-2"})
            await foreign.acknowledged("o-2")
            await is_connected(p, other.id, True)
            await foreign.client.subscribe(f"charging/{mine.identity}/#", 1)
            await device.say("metrics", {"messageId": "m-2", "readings": [reading(3)]})
            assert await device.acknowledged("m-2") == []
            with contextlib.suppress(aiomqtt.MqttError):  # Mosquitto 2.0 ends the connection of who writes as another
                await foreign.say("metrics", {"readings": [reading(4)]}, identity=mine.identity)
            await device.say("metrics", {"messageId": "m-3", "readings": [reading(5)]})
            await device.acknowledged("m-3")
        await is_connected(p, other.id, False)
        assert process.faults() == dict.fromkeys(process.faults(), "ok")
    assert await stored(database, mine.id) == [1, 3, 5]


async def test_what_comes_while_nobody_takes_it_is_taken_later(
    database: Database, telemetry: Telemetry, mosquitto: Callable[[], Mosquitto]
) -> None:
    p, broker = await park(database), mosquitto()
    made, secret = await p.with_secret()
    await broker.keeper.write()
    await broker.start()
    url = f"mqtt://platform:secret@127.0.0.1:{broker.platform_port}"
    async with charger(broker.port, made.identity, secret) as device:
        async with telemetry(mqtt_url=url):
            await device.say("metrics", {"messageId": "m-1", "readings": [reading(1)]})
            await device.acknowledged("m-1")
        await device.say("metrics", {"messageId": "m-2", "readings": [reading(2)]})
        async with telemetry(mqtt_url=url):
            await device.acknowledged("m-2")
            await broker.stop()
            await broker.start()
            async with charger(broker.port, made.identity, secret) as again:
                await again.insist("metrics", {"messageId": "m-3", "readings": [reading(3)]})
    assert await stored(database, made.id) == [1, 2, 3]


async def test_a_credential_that_has_ended_ends_the_connection(
    database: Database, mosquitto: Callable[[], Mosquitto]
) -> None:
    p, broker = await park(database), mosquitto()
    made, secret = await p.with_secret()
    await broker.keeper.write()
    await broker.start()
    keeping = asyncio.create_task(broker.keeper.run())
    try:
        async with charger(broker.port, made.identity, secret) as device:
            async with database.session(SYSTEM) as session:
                _, new = await credentials.rotate(session, made.id, overlap_seconds=0)
            with pytest.raises(aiomqtt.MqttError):
                async with asyncio.timeout(PATIENCE):
                    await anext(device.client.messages)
        async with charger(broker.port, made.identity, new) as device:
            await device.say("status", {"type": "heartbeat"})
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
