"""The broker in this process, where MQTT_URL names none: MQTT 3.1.1, for chargers only, each below its own name.

amqtt speaks the protocol. Who connects, what is written and who may read is decided here: connections come to it with
a CONNECT that was checked, and messages of chargers go to the consumer instead of to subscribers.
"""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import structlog
from amqtt.adapters import BufferReader, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connack import (
    BAD_USERNAME_PASSWORD,
    NOT_AUTHORIZED,
    SERVER_UNAVAILABLE,
    UNACCEPTABLE_PROTOCOL_VERSION,
    ConnackPacket,
)
from amqtt.mqtt.connect import ConnectPacket
from amqtt.session import ApplicationMessage, Session

from domain.chargers.credentials import Device
from tenants.logging import summary
from workers.mqtt.framed import CONNECT, Malformed, Oversize, PacketReader, read_packet
from workers.mqtt.topics import command_topic, is_identity, may_publish, may_subscribe, read_topic

MOST_PACKET_BYTES = 1_048_576
_MOST_CONNECT_BYTES = 16_384
_CONNECT_SECONDS, _ADMIT_SECONDS = 10.0, 30.0
"""For the first packet, and for looking its credentials up: after a restart everybody comes at once."""
_AUTHENTICATING = 16
_SWEEP_SECONDS, _GRACE_SECONDS = 1.0, 5.0
_LEVEL = 4
"""MQTT 3.1.1."""
_LISTENER = "default"
_USUAL = (OSError, EOFError, TimeoutError, ValueError, Malformed, Oversize, AMQTTError, MQTTError, NoDataError)
log = structlog.get_logger(__name__)
STRAY = (AMQTTError, MQTTError, NoDataError)
"""Raised in tasks that amqtt leaves behind when a connection ends; they say nothing else."""
for _name in ("amqtt", "transitions"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # they tell of each connection, state and odd packet


class Admission(Protocol):
    """Who may connect, and what is made of it."""

    async def authenticate(self, identity: str, secret: bytes, address: str) -> Device | None: ...

    def came(self, device: Device, address: str) -> object:
        """A charger has connected; the token is given back when it goes."""

    def went(self, device: Device, token: object) -> None: ...

    async def wrote(self, topic: str, payload: bytes) -> None:
        """A message; returns when it is committed, and waits while too many are under way."""

    async def refused(self, device: Device, topic: str, reason: str, detail: str, payload: bytes) -> None: ...

    def ready(self) -> None:
        """A charger reads its commands."""


@dataclass(slots=True, eq=False)
class _Connection:
    device: Device
    reader: PacketReader
    writer: asyncio.StreamWriter
    task: asyncio.Task[Any]
    ended_at: float | None = None
    """When it was first found to have ended."""


class EmbeddedBroker:
    """Listens while `listening` runs; `publish` reaches the chargers that are connected."""

    def __init__(self, place: socket.socket | tuple[str, int], most: int, admission: Admission) -> None:
        self._place = place
        """Where to listen: a socket that does, or host and port."""
        self._most = most
        self._admission = admission
        self._broker = _Broker(self)
        self._connections: dict[str, _Connection] = {}
        self._open: set[asyncio.Task[Any]] = set()
        self._begun: set[asyncio.Task[Any]] = set()
        self._held: set[_Connection] = set()
        """Also those that another of the same charger has replaced."""
        self._server: asyncio.Server | None = None
        self._authenticating = asyncio.Semaphore(_AUTHENTICATING)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Serve while the block runs; gives the port. Raises: OSError where it is taken."""
        server = self._server = await self._listen()
        await self._broker.start()
        sweeping = asyncio.create_task(self._sweep())
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            sweeping.cancel()
            server.close()
            await self._close()
            await self._broker.shutdown()

    async def publish(self, topic: str, payload: bytes) -> bool:
        """To the charger that reads the topic, until it says that it has it; False where none does.

        Raises: ConnectionError, TimeoutError.
        """
        for session, qos in (*self._broker.subscriptions.get(topic, ()),):
            _, handler = self._broker.sessions.get(session.client_id or "", (None, None))
            if handler is not None and session.client_id in self._connections:
                try:
                    await handler.mqtt_publish(topic, payload, min(qos, 1), retain=False)
                except (AMQTTError, MQTTError) as error:
                    raise ConnectionError(str(error)) from error
                return True
        return False

    def begin_publish(self, topic: str, payload: bytes) -> None:
        """The same without waiting: lost where the charger has gone, which asks again."""

        async def publish() -> None:
            with contextlib.suppress(OSError, TimeoutError):
                await self.publish(topic, payload)

        self.begin(publish())

    def readers(self) -> list[UUID]:
        """The chargers that are connected and read their commands."""
        read = self._broker.subscriptions
        return [
            connection.device.charger_id
            for identity, connection in self._connections.items()
            if read.get(command_topic(identity))
        ]

    def identity(self, charger_id: UUID) -> str | None:
        """Of a charger that is connected."""
        found = (c.device.identity for c in self._connections.values() if c.device.charger_id == charger_id)
        return next(found, None)

    def dismiss(self, charger_id: UUID) -> None:
        """End the connection of a charger: it has to prove again who it is."""
        for connection in (*self._connections.values(),):
            if connection.device.charger_id == charger_id:
                connection.writer.close()

    def stop_listening(self) -> None:
        """Let nobody else connect, and read nothing more of who is."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections.values():
            connection.reader.stop()

    async def _listen(self) -> asyncio.Server:
        if isinstance(self._place, socket.socket):
            return await asyncio.start_server(self._serve, sock=self._place)
        return await asyncio.start_server(self._serve, *self._place, backlog=1024)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._speak(reader, writer)
        except (
            OSError,
            Malformed,
            Oversize,
            AMQTTError,
            MQTTError,
            NoDataError,
            asyncio.IncompleteReadError,
            ValueError,
        ):
            pass  # it was cut off, or spoke something else
        except TimeoutError:
            pass  # it said nothing
        except Exception as error:
            log.exception("mqtt_connection_failed", error=summary(error))
        finally:
            self._open.discard(task)
            writer.close()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) > self._most:
            return
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        async with asyncio.timeout(_CONNECT_SECONDS):
            connect = await _first_packet(reader)
        async with asyncio.timeout(_ADMIT_SECONDS):
            device = await self._admitted(connect, writer)
        if device is not None:
            await self._hold(device, connect, reader, writer)

    async def _admitted(self, connect: ConnectPacket, writer: asyncio.StreamWriter) -> Device | None:
        """The charger, or None when it was told why not."""
        refusal, device = _refusal(connect), None
        if not refusal:
            try:
                async with self._authenticating:
                    secret = connect.password.encode()
                    device = await self._admission.authenticate(connect.username, secret, _address(writer))
            except Exception as error:
                log.warning("mqtt_login_not_checked", error=summary(error))
                refusal = SERVER_UNAVAILABLE
        if device is None:
            await ConnackPacket.build(0, refusal or NOT_AUTHORIZED).to_stream(StreamWriterAdapter(writer))
        return device

    async def _hold(
        self, device: Device, connect: ConnectPacket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        silence = connect.keep_alive * 1.5 or None
        connect.keep_alive = 0  # we look at silence; the broker would read on after a part of a packet
        connect.client_id = device.identity  # nobody takes over another's session
        connect.clean_session_flag = True  # nothing is kept here that a charger's acknowledgements do not keep better
        packets = PacketReader(reader, connect.to_bytes(), MOST_PACKET_BYTES, silence)
        task = asyncio.current_task()
        assert task is not None
        connection = _Connection(device, packets, writer, task)
        self._held.add(connection)
        packets.on_oversize = lambda size: self._oversize(connection, size)
        if (before := self._connections.get(device.identity)) is not None:
            before.writer.close()  # one connection per charger: the newer one
        self._connections[device.identity] = connection
        token = self._admission.came(device, _address(writer))
        try:
            await self._broker.external_connected(packets, StreamWriterAdapter(writer), _LISTENER)
        finally:
            self._held.discard(connection)
            if self._connections.get(device.identity) is connection:
                del self._connections[device.identity]
            self._admission.went(device, token)

    async def _sweep(self) -> None:
        """End what amqtt still holds of connections that have ended: it can wait for ever for a part of itself."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = time.monotonic()
            for connection in (*self._held,):
                if connection.reader.has_ended or connection.writer.is_closing():
                    connection.ended_at = connection.ended_at or now
                    if now - connection.ended_at > _GRACE_SECONDS:
                        connection.task.cancel()

    def _oversize(self, connection: _Connection, size: int) -> None:
        detail = f"a packet of {size} bytes, at most {MOST_PACKET_BYTES} are read"
        self.begin(self._admission.refused(connection.device, "", "OVERSIZE", detail, b""))

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Work that nobody waits for."""
        task = asyncio.create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def settle(self, seconds: float) -> None:
        """Wait for what was begun and nobody waits for, for some seconds at most."""
        if self._begun:
            await asyncio.wait(self._begun, timeout=seconds)

    async def wrote(self, session: Session | None, topic: str, payload: bytes) -> None:
        """A charger wrote to a topic, or its last will did; it is acknowledged when this returns."""
        identity = (session.username if session else None) or ""
        connection = self._connections.get(identity)
        try:
            if may_publish(identity, topic):
                await self._admission.wrote(topic, payload)
            elif connection is not None:
                await self.foreign(identity, topic, payload)
        finally:
            if connection is not None:
                connection.reader.taken()

    def subscribed(self) -> None:
        """A charger reads its commands from now on."""
        self._admission.ready()

    async def foreign(self, identity: str, topic: str, payload: bytes) -> None:
        """A charger wrote, or wanted to read, where it may not."""
        if (connection := self._connections.get(identity)) is not None:
            log.warning("mqtt_topic_refused", identity=identity)
            await self._admission.refused(connection.device, topic, "FOREIGN_TOPIC", topic[:100], payload)

    async def _close(self) -> None:
        for connection in (*self._connections.values(),):
            connection.writer.close()
        if self._open:
            await asyncio.wait(self._open, timeout=2)
        left = (*self._open, *self._begun)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


class _Inbox(asyncio.Queue[ApplicationMessage]):
    """Where amqtt puts a message before it acknowledges it: handed on at once, and held until it is committed."""

    def __init__(self, owner: EmbeddedBroker, session: Session) -> None:
        super().__init__()
        self._owner = owner
        self._session = session

    async def put(self, item: ApplicationMessage) -> None:
        await self._owner.wrote(self._session, item.topic, bytes(item.data))

    def put_nowait(self, item: ApplicationMessage) -> None:
        self._owner.begin(self.put(item))


class _Subscriptions(dict[str, Any]):
    """By topic. amqtt writes all of them for its log at each one, whether that is kept or not."""

    def __repr__(self) -> str:
        return f"{len(self)} subscriptions"


class _Broker(Broker):  # type: ignore[misc]  # amqtt declares no types
    """amqtt's broker without sockets of its own; what is decided elsewhere is overridden."""

    def __init__(self, owner: EmbeddedBroker) -> None:
        listener = ListenerConfig(type=ListenerType.EXTERNAL, max_connections=-1)
        super().__init__(BrokerConfig(listeners={_LISTENER: listener}, plugins={}))
        self._owner = owner
        self._subscriptions = _Subscriptions()

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        """Everybody who comes here was checked, and is called as its login is."""
        session.delivered_message_queue = _Inbox(self._owner, session)
        return session.client_id is not None and session.client_id == session.username

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        if action is Action.SUBSCRIBE and may_subscribe(session.username or "", topic):
            asyncio.get_running_loop().call_soon(self._owner.subscribed)  # it is written down when this returns
            return True
        await self._owner.foreign(session.username or "", topic, b"")
        return False

    async def _broadcast_message(
        self, session: Session | None, topic: str | None, data: bytes | bytearray | None, force_qos: int | None = None
    ) -> None:
        """Of a last will: what else is written comes by way of the inbox."""
        await self._owner.wrote(session, topic or "", bytes(data or b""))

    async def retain_message(
        self, source_session: Session | None, topic_name: str | None, data: Any, qos: int | None = None
    ) -> None:
        """Nobody subscribes to what chargers write."""

    async def _publish_retained_messages_for_subscription(self, subscription: Any, session: Session) -> None:
        """Nothing is retained; to look for it costs a connect as much as there are chargers."""

    async def _del_all_subscriptions(self, session: Session) -> None:
        """A charger has one at most."""
        topic = command_topic(session.client_id or "")
        if self._del_subscription(topic, session) and not self._subscriptions[topic]:
            del self._subscriptions[topic]


async def _first_packet(reader: asyncio.StreamReader) -> ConnectPacket:
    packet = await read_packet(reader, _MOST_CONNECT_BYTES)
    if packet[0] >> 4 != CONNECT:
        raise Malformed
    return await ConnectPacket.from_stream(BufferReader(packet))


def _refusal(connect: ConnectPacket) -> int:
    """Code of MQTT for what can be seen in the packet; 0 where it may be looked up."""
    if connect.proto_name != "MQTT" or connect.proto_level != _LEVEL:
        return int(UNACCEPTABLE_PROTOCOL_VERSION)
    if not connect.username or not connect.password or not is_identity(connect.username):
        return int(BAD_USERNAME_PASSWORD)
    if connect.will_flag and not _may_will(connect.username, connect.will_topic or ""):
        return int(NOT_AUTHORIZED)
    return 0


def _address(writer: asyncio.StreamWriter) -> str:
    return str((writer.get_extra_info("peername") or ("",))[0])


def _may_will(identity: str, topic: str) -> bool:
    return read_topic(topic) is not None and may_publish(identity, topic)
