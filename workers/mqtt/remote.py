"""A broker that MQTT_URL names: MQTT 5, a shared subscription, and an acknowledgement for what is committed only.

The session stays when the connection ends: what the broker holds for us comes again, and so does what was under way.
"""

import asyncio
import contextlib
import random
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import aiomqtt
import structlog
from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from workers.mqtt import figures
from workers.mqtt.consumer import Done, Message
from workers.mqtt.topics import FROM_DEVICES

GROUP = "telemetry"
PORTS = {"mqtt": 1883, "mqtts": 8883}
_SESSION_SECONDS = 7 * 86_400
"""How long a broker keeps what comes while none of ours is there."""
_MOST_PACKET = 1_100_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_KEEPALIVE_SECONDS = 20
Take = Callable[[Message, Done], Awaitable[None]]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Of a broker, from `mqtt://user:password@host:port` or `mqtts://…`."""

    host: str
    port: int
    user: str
    password: str
    tls: bool

    @classmethod
    def read(cls, url: str) -> "Address":
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        port = parts.port or PORTS[parts.scheme]
        return cls(parts.hostname or "localhost", port, user, password, parts.scheme == "mqtts")


class RemoteBroker:
    """`run` until cancelled. `number` tells processes apart: each has a session of its own at the broker."""

    def __init__(self, url: str, number: int, most: int, take: Take) -> None:
        self._address = Address.read(url)
        self._identifier = f"chargecars-{GROUP}-{number}"
        self._most = most
        self._take = take
        self._client: _Client | None = None
        self._paused = False

    @property
    def connected(self) -> bool:
        return self._client is not None

    async def run(self) -> None:
        """Connect, take what comes, and connect again for as long as it takes."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with _Client(self._address, self._identifier, self._most, self._taken) as client:
                    await self._subscribe(client)
                    self._client, pause = client, _FIRST_PAUSE
                    figures.BROKER.set(1)
                    log.info("mqtt_connected", broker=f"{self._address.host}:{self._address.port}")
                    await client.until_disconnected()
            except aiomqtt.MqttError as error:
                log.warning("mqtt_away", broker=f"{self._address.host}:{self._address.port}", error=str(error))
            finally:
                self._client = None
                figures.BROKER.set(0)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # so that not all come at once
            pause = min(pause * 2, _LONGEST_PAUSE)

    def publish(self, topic: str, payload: bytes) -> None:
        """Send without waiting; lost where the broker is away."""
        if self._client is not None:
            self._client.begin_publish(topic, payload)

    def pause(self) -> None:
        """Take nothing more; what comes is not acknowledged, and comes again to who is there then."""
        self._paused = True

    async def send(self, topic: str, payload: bytes, seconds: float) -> None:
        """Return when the broker has it, which drops it after so many seconds. Raises: ConnectionError."""
        if self._client is None:
            raise ConnectionError("the broker cannot be reached")
        expiry = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho leaves it untyped
        expiry.MessageExpiryInterval = max(1, int(seconds))
        try:
            await self._client.publish(topic, payload, 1, properties=expiry)
        except aiomqtt.MqttError as error:
            raise ConnectionError(str(error)) from error

    async def _taken(self, message: Message, done: Done) -> None:
        if not self._paused:
            await self._take(message, done)

    async def _subscribe(self, client: "_Client") -> None:
        for topic in FROM_DEVICES:
            granted = await client.subscribe(f"$share/{GROUP}/{topic}", 1)
            if any(getattr(code, "value", code) >= 128 for code in granted):
                raise aiomqtt.MqttError(f"the broker refuses {topic}")


class _Client(aiomqtt.Client):
    """aiomqtt's client that hands messages on itself, and acknowledges them when it is told to, in their order."""

    def __init__(self, address: Address, identifier: str, most: int, take: Take) -> None:
        super().__init__(
            address.host,
            address.port,
            username=address.user or None,
            password=address.password or None,
            identifier=identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            keepalive=_KEEPALIVE_SECONDS,
            properties=_session(most),
            max_inflight_messages=most,
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
            tls_params=aiomqtt.TLSParameters() if address.tls else None,
        )
        self._client.manual_ack_set(True)
        self.pending_calls_threshold = most
        self._take = take
        self._acknowledgements = Acknowledgements(self._client.ack)
        self._taking: set[asyncio.Future[None]] = set()

    async def until_disconnected(self) -> None:
        """Raises: MqttError when the connection ends."""
        async for _ in self.messages:  # none is put there
            pass

    def begin_publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, 1)

    def _on_message(self, client: Any, userdata: Any, message: MQTTMessage) -> None:
        done = self._acknowledgements.expect(message.mid, message.qos)
        task = asyncio.ensure_future(self._take(Message(message.topic, bytes(message.payload)), done))
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)


class Acknowledgements:
    """Given in the order in which the messages came, as MQTT asks (4.6.0-2)."""

    def __init__(self, give: Callable[[int, int], object]) -> None:
        self._give = give
        self._waiting: deque[_Expected] = deque()

    def expect(self, mid: int, qos: int) -> Done:
        """A message has come; call what this returns when it is committed."""
        expected = _Expected(mid, qos)
        self._waiting.append(expected)

        def done() -> None:
            expected.done = True
            while self._waiting and self._waiting[0].done:
                self._acknowledge(self._waiting.popleft())

        return done

    def _acknowledge(self, expected: "_Expected") -> None:
        if expected.qos:
            with contextlib.suppress(OSError, ValueError):  # the connection has ended: it comes again
                self._give(expected.mid, expected.qos)


@dataclass(slots=True, eq=False)
class _Expected:
    mid: int
    qos: int
    done: bool = False


def _session(most: int) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
    properties.SessionExpiryInterval = _SESSION_SECONDS
    properties.ReceiveMaximum = most
    properties.MaximumPacketSize = _MOST_PACKET
    return properties
