"""One telemetry process: a broker, its own or another's, the consumer, and the commands, until it is told to stop."""

import asyncio
import socket
from datetime import UTC, datetime
from uuid import uuid4

import structlog

from domain.commands.models import DeviceCommand
from domain.devices.dispatch import Dispatcher
from domain.devices.ingest import Ingest
from domain.devices.port import Port
from tenants.engine import Database, role_password
from tenants.settings import Settings
from workers.mqtt import writing
from workers.mqtt.brokers import Broker, Embedded, Remote
from workers.mqtt.consumer import Consumer
from workers.mqtt.topics import command_topic
from workers.supervise import Supervised

OVER_BROKER = "mqtt"
"""In whose name connections to a broker are held, which no process holds."""
_POOL = 8
_FINISHING_SECONDS = 3.0
log = structlog.get_logger(__name__)


class TelemetryProcess:
    """`start`, then `stop`: what has come is committed, as far as it takes no longer than some seconds."""

    def __init__(self, settings: Settings, listening: socket.socket | None = None) -> None:
        self.settings = settings
        size = max(_POOL, settings.database_pool_size)
        self.database = Database(settings.database_url, role_password(settings), size, settings.statement_timeout_ms)
        self._name = OVER_BROKER if settings.mqtt_url else f"telemetry-{socket.gethostname()}-{uuid4().hex[:12]}"
        self._ingest = Ingest(self.database, settings)
        self.port = Port(self.database, self._ingest, self._name)
        self._broker: Broker = (
            Remote(self.port, self.database, settings, self._wake)
            if settings.mqtt_url
            else Embedded(self.port, settings, self._wake, listening)
        )
        self._dispatcher = Dispatcher(
            self.database, self._name, self._broker.connected, self._send, self._broker.dismiss
        )
        self._supervised: list[Supervised] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def consumer(self) -> Consumer:
        return self._broker.consumer

    @property
    def listens_on(self) -> int:
        """Port of the embedded broker; 0 where another is used."""
        return self._broker.listens_on

    async def start(self) -> None:
        """Begin everything. Raises: OSError where the embedded broker's port is taken."""
        await self._broker.open()
        for name, work in (*self._broker.tasks(), ("dispatcher", self._dispatcher.run)):
            supervised = Supervised(name, work)
            self._supervised.append(supervised)
            self._tasks.append(asyncio.create_task(supervised.run(), name=name))
        log.info("telemetry_started", broker=self.settings.mqtt_url.rpartition("@")[2] or self.listens_on)

    async def stop(self) -> None:
        """Take nothing new, commit what has come, say that chargers are gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._broker.close(_FINISHING_SECONDS)
        await self._ingest.close(_FINISHING_SECONDS)
        await self.port.close()
        await self.database.close()

    def faults(self) -> dict[str, str]:
        """Tasks and what is wrong with them, `ok` where nothing is."""
        return {task.name: task.fault or "ok" for task in self._supervised} | {"broker": self._broker.fault()}

    def _wake(self) -> None:
        """A charger has come that commands may wait for."""
        self._dispatcher.wake()

    async def _send(self, command: DeviceCommand) -> None:
        topic = command_topic(await self._broker.identity(command.charger_id))
        payload = writing.command(command.id, command.kind, command.connector, command.parameters, command.deadline_at)
        left = (command.deadline_at - datetime.now(UTC)).total_seconds()
        await self._broker.send(topic, payload, left)
