"""The telemetry process with its own broker or with Mosquitto, and chargers that publish to it, each as a process."""

import asyncio
import os
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from chargecars.bench.client import Refused
from chargecars.bench.installation import Installation, free_port
from chargecars.stack.child import Child
from tenants.engine import Database, role_password
from workers.mqtt.keeping import CONFIGURATION, Keeper, Listeners

Secrets = Sequence[tuple[str, str]]
_READY_SECONDS = 30.0


def mosquitto() -> str | None:
    """The program, where it is installed."""
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    return shutil.which("mosquitto", path=places)


@contextmanager
def _child(
    place: Installation, name: str, words: Sequence[str], environment: dict[str, str], port: int
) -> Iterator[int]:
    """A process that answers on a port; its id."""
    child = Child(name, words, place.settings.data_dir / "log" / f"{name}.log", environment=environment)
    try:
        child.wait_until(lambda: _answers(port), _READY_SECONDS)
        yield child.pid
    finally:
        child.stop()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@dataclass(frozen=True)
class Running:
    """Where chargers connect, and the telemetry process."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """What the telemetry process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def embedded(place: Installation) -> AsyncIterator[Running]:
    """The telemetry process that is itself the broker."""
    port = free_port()
    environment = {**place.environment, "MQTT_URL": "", "MQTT_PORT": str(port)}
    with _child(place, "telemetry", [sys.executable, "-m", "chargecars", "telemetry"], environment, port) as pid:
        yield Running(port, pid)


@asynccontextmanager
async def with_mosquitto(place: Installation, program: str) -> AsyncIterator[Running]:
    """Mosquitto with the platform's files, and the telemetry process as its client."""
    listeners = Listeners("127.0.0.1", free_port(), "127.0.0.1", free_port())
    url = f"mqtt://platform:of-this-run-alone@127.0.0.1:{listeners.platform_port}"
    settings = place.settings.model_copy(update={"mqtt_url": url})
    files = place.settings.data_dir / "mosquitto"
    database = Database(settings.database_url, role_password(settings))
    try:
        await Keeper(database, settings, files, listeners).write()
    finally:
        await database.close()
    own = free_port()
    environment = {**place.environment, "MQTT_URL": url, "TELEMETRY_PORT": str(own)}
    words = [sys.executable, "-m", "chargecars", "telemetry"]
    with (
        _child(place, "mosquitto", [program, "-c", str(files / CONFIGURATION)], environment, listeners.port),
        _child(place, "telemetry", words, environment, own) as pid,
    ):
        yield Running(listeners.port, pid)


@dataclass
class Publisher:
    """Chargers that are connected and wait for the word."""

    process: asyncio.subprocess.Process

    async def go(self) -> float:
        """Publish; when it began, by time.perf_counter."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        began = time.perf_counter()
        await self.process.stdin.drain()
        return began

    async def done(self) -> None:
        """Returns when all was sent and acknowledged. Raises: Refused where it was not."""
        assert self.process.stdout is not None
        if not (await self.process.stdout.readline()).startswith(b"done"):
            raise Refused("the chargers gave up publishing")


@asynccontextmanager
async def publisher(port: int, chargers: Secrets, **given: Any) -> AsyncIterator[Publisher]:
    """A process of chargers, connected; see publishing."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "chargecars.bench.metering.publishing",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said = {"host": "127.0.0.1", "port": port, "chargers": list(chargers), **given}
        process.stdin.write(orjson.dumps(said) + b"\n")
        if await process.stdout.readline() != b"ready\n":
            raise Refused("the chargers could not connect")
        yield Publisher(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
