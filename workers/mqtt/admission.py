"""Who is connected to the embedded broker: proved by credentials, known to the port from beginning to end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from domain.chargers.credentials import Device
from domain.chargers.models import Channel, Protocol
from domain.devices.interruptions import passes
from domain.devices.port import Port
from tenants.logging import summary
from workers.mqtt import figures
from workers.mqtt.consumer import Consumer, Message
from workers.mqtt.status import Presence

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Held:
    """A connection, and what the port calls it once it knows."""

    device: Device
    address: str
    id: UUID | None = None
    ended: bool = False


class Admissions:
    """What the embedded broker asks and tells."""

    def __init__(self, port: Port, ready: Callable[[], None]) -> None:
        self.consumer: Consumer
        """Set before anybody connects."""
        self._port = port
        self._ready = ready
        self._devices: dict[str, Device] = {}
        self._held: dict[str, Held] = {}

    async def authenticate(self, identity: str, secret: bytes, address: str) -> Device | None:
        """Who could not prove it is kept for the tenant whose charger it wanted to be."""
        device = await self._port.authenticate(identity, secret)
        if device is None:
            said = (Channel.MQTT, "connect", "WRONG_CREDENTIALS", f"from {address}", b"")
            await self._port.quarantine(None, identity, *said)
        return device

    def came(self, device: Device, address: str) -> Held:
        held = Held(device, address)
        self._devices[device.identity], self._held[device.identity] = device, held
        figures.CONNECTED.set(len(self._held))
        self.consumer.lanes.in_order(device.identity, partial(self._connect, held))
        return held

    def went(self, device: Device, token: object) -> None:
        held = self._held.get(device.identity)
        if isinstance(token, Held):
            token.ended = True
            self.consumer.lanes.in_order(device.identity, partial(self._disconnect, token))
        if held is token:
            del self._held[device.identity]
        figures.CONNECTED.set(len(self._held))

    async def wrote(self, topic: str, payload: bytes) -> None:
        """A message; returns when it is committed."""
        committed = asyncio.Event()
        await self.consumer.take(Message(topic, payload), committed.set)
        await committed.wait()

    async def refused(self, device: Device, topic: str, reason: str, detail: str, payload: bytes) -> None:
        await self._port.quarantine(
            device, device.identity, Channel.MQTT, topic.rsplit("/", 1)[-1], reason, detail, payload
        )

    def ready(self) -> None:
        self._ready()

    async def device(self, identity: str) -> Device | None:
        return self._devices.get(identity)

    async def heard(self, device: Device, presence: Presence | None) -> None:
        """What a charger says of its presence is not needed: its connection is here."""
        await self._port.seen(device)

    async def _connect(self, held: Held) -> None:
        async def connect() -> None:
            if not held.ended:
                held.id = await self._port.connected(held.device, Protocol.MQTT, held.address)

        await _until_done(connect)

    async def _disconnect(self, held: Held) -> None:
        async def disconnect() -> None:
            if held.id is not None:
                await self._port.disconnected(held.device, held.id)

        await _until_done(disconnect)
        if held.device.identity not in self._held and self._devices.get(held.device.identity) is held.device:
            del self._devices[held.device.identity]


async def _until_done(work: Callable[[], Awaitable[None]]) -> None:
    """Again while PostgreSQL is away."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return await work()
        except Exception as error:
            if not passes(error):
                log.exception("connection_not_noted")
                return
            log.warning("connection_waits", error=summary(error))
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
