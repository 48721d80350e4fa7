"""The two kinds of broker that a telemetry process works with."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol, TypeAlias
from uuid import UUID

from sqlalchemy import select

from domain.chargers.models import Charger
from domain.devices.port import Port
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from workers.mqtt.admission import Admissions
from workers.mqtt.consumer import Consumer
from workers.mqtt.embedded import EmbeddedBroker
from workers.mqtt.presence import Presences
from workers.mqtt.remote import RemoteBroker
from workers.supervise import Supervised

_SAYING_SECONDS = 0.5
"""Within which chargers take their last acknowledgements; what they miss they send again."""
Tasks: TypeAlias = list[tuple[str, Callable[[], Awaitable[None]]]]


class Broker(Protocol):
    consumer: Consumer
    listens_on: int
    """Port of the embedded broker; 0 where another is used."""

    async def open(self) -> None:
        """Begin. Raises: OSError."""

    async def close(self, seconds: float) -> None:
        """End, when what has come is committed."""

    def tasks(self) -> Tasks:
        """What runs as long as the process."""

    def connected(self) -> Collection[UUID]:
        """Chargers that a command can be sent to."""

    async def identity(self, charger_id: UUID) -> str:
        """Raises: ConnectionError where it has gone."""

    async def send(self, topic: str, payload: bytes, seconds: float) -> None:
        """A command that is good for so many seconds. Raises: ConnectionError, TimeoutError."""

    async def dismiss(self, charger_id: UUID) -> None: ...

    def fault(self) -> str:
        """What is wrong; `ok` where nothing is."""


class Embedded:
    """In this process, which holds the chargers' connections."""

    def __init__(
        self, port: Port, settings: Settings, ready: Callable[[], None], listening: socket.socket | None = None
    ) -> None:
        self.listens_on = 0
        admissions = Admissions(port, ready)
        place = listening or (settings.mqtt_host, settings.mqtt_port)
        self._broker = EmbeddedBroker(place, settings.mqtt_connections, admissions)
        self.consumer = Consumer(port, admissions, self._broker.begin_publish, settings.mqtt_messages_at_once)
        admissions.consumer = self.consumer
        self._stack = contextlib.AsyncExitStack()

    async def open(self) -> None:
        self.listens_on = await self._stack.enter_async_context(self._broker.listening())

    async def close(self, seconds: float) -> None:
        self._broker.stop_listening()
        await self.consumer.finish(seconds)
        await self._broker.settle(_SAYING_SECONDS)
        await self._stack.aclose()
        await self.consumer.finish(seconds)  # of connections that have ended by this
        self.listens_on = 0

    def tasks(self) -> Tasks:
        return []

    def connected(self) -> Collection[UUID]:
        return self._broker.readers()

    async def identity(self, charger_id: UUID) -> str:
        if (found := self._broker.identity(charger_id)) is None:
            raise ConnectionError("the charger has gone")
        return found

    async def send(self, topic: str, payload: bytes, seconds: float) -> None:
        if not await self._broker.publish(topic, payload):
            raise ConnectionError("the charger has gone")

    async def dismiss(self, charger_id: UUID) -> None:
        self._broker.dismiss(charger_id)

    def fault(self) -> str:
        return "ok" if self.listens_on else "does not listen"


class Remote:
    """Elsewhere: it holds the connections, and any of our processes takes what comes."""

    listens_on = 0

    def __init__(self, port: Port, database: Database, settings: Settings, ready: Callable[[], None]) -> None:
        self._database = database
        self._presences = Presences(database, port, ready)
        self._broker = RemoteBroker(
            settings.mqtt_url,
            settings.telemetry_process,
            settings.mqtt_messages_at_once,
            lambda message, done: self.consumer.take(message, done),
        )
        self.consumer = Consumer(port, self._presences, self._broker.publish, settings.mqtt_messages_at_once)
        self._running: asyncio.Task[None] | None = None
        self._looking_up = asyncio.Lock()

    async def open(self) -> None:
        self._running = asyncio.create_task(Supervised("broker", self._broker.run).run(), name="broker")

    async def close(self, seconds: float) -> None:
        self._broker.pause()
        await self.consumer.finish(seconds)
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def tasks(self) -> Tasks:
        return [("presence", self._presences.run)]

    def connected(self) -> Collection[UUID]:
        return self._presences.connected if self._broker.connected else ()

    async def identity(self, charger_id: UUID) -> str:
        """One after the other, so that commands of a charger are written in the order in which they were claimed."""
        async with self._looking_up, self._database.session(SYSTEM) as session:
            query = select(Charger.identity).where(Charger.id == charger_id)
            return (await session.execute(query)).scalar_one()

    async def send(self, topic: str, payload: bytes, seconds: float) -> None:
        await self._broker.send(topic, payload, seconds)

    async def dismiss(self, charger_id: UUID) -> None:
        await self._presences.dismiss(charger_id)

    def fault(self) -> str:
        return "ok" if self._broker.connected else "cannot be reached"
