"""The chargers that are connected to this process, one socket each."""

import asyncio
import os
import socket
from collections.abc import Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from starlette.websockets import WebSocket

from api.live.server import LiveProtocol
from api.live.wire import EXTENSION
from api.ocpp import metrics, times
from api.ocpp.calls import Calls
from api.ocpp.conversation import Conversation, send
from api.ocpp.pace import Paces
from api.ocpp.talk import Talk
from api.ocpp.versions import Version
from domain.chargers.credentials import Device
from domain.chargers.models import Channel, Protocol
from domain.commands.models import DeviceCommand
from domain.devices.dispatch import Dispatcher
from domain.devices.ingest import Ingest
from domain.devices.port import Port
from tenants.engine import Database
from tenants.settings import Settings

log = structlog.get_logger(__name__)

_NORMAL, _POLICY, _FAILED = 1000, 1008, 1006
_CODES = range(1000, 1016)
"""What a client says beside these is its own."""
_CLOSING_SECONDS = 3.0
_TOGETHER_SECONDS = 0.1
_AGAIN_SECONDS = 1.0
_FAILURES_PER_SECOND, _FAILURES_AT_ONCE, _MOST_ADDRESSES = 10, 200, 1_000
_MOST_ARRIVING = 256
_HANDSHAKES = 16
"""At a time: after a restart the whole fleet comes back at once, and other requests need the database too."""


def _forget_handshake(websocket: WebSocket) -> None:
    """Where the server is ours, it lets go of what idle connections need not cost."""
    server = (websocket.scope.get("extensions") or {}).get(EXTENSION)
    if isinstance(server, LiveProtocol):
        server.forget_handshake()


@dataclass(frozen=True, slots=True)
class Admitted:
    """A charger that has proved who it is, and whose connection is written down."""

    device: Device
    version: Version
    connection_id: UUID


class Central:
    """Begins with the first charger. `close` when the process stops."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.process = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(3).hex()}"
        self.ingest = Ingest(database, settings)
        self.port = Port(database, self.ingest, self.process)
        self._handshakes = asyncio.Semaphore(_HANDSHAKES)
        self.strangers = Paces(_FAILURES_PER_SECOND, _FAILURES_AT_ONCE, _MOST_ADDRESSES)
        """Addresses from which somebody could not prove who he is."""
        self.arriving = 0
        """Chargers whose handshake goes on."""
        self._conversations: dict[UUID, Conversation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._dispatcher = Dispatcher(database, self.process, self._connected, self._send, self._dismiss)
        self._loop = asyncio.get_running_loop()
        self._waking: asyncio.TimerHandle | None = None
        self._dispatching = asyncio.create_task(self._dispatch())

    async def _dispatch(self) -> None:
        """Whatever happens to a command, the others go on."""
        while True:
            try:
                await self._dispatcher.run()
            except Exception:
                log.exception("dispatcher_failed")
                await asyncio.sleep(_AGAIN_SECONDS)

    @property
    def full(self) -> bool:
        """Whether no more are taken: for good, or while more come at once than can be served before they tire."""
        return self.arriving >= _MOST_ARRIVING or len(self._conversations) >= self.settings.ocpp_connections

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Begin a task that is kept until it is done, also when its connection has ended."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def authenticate(self, identity: str, secret: bytes) -> Device | None:
        """The charger that proves to be `identity`."""
        async with self._handshakes:
            return await self.port.authenticate(identity, secret)

    async def connected(self, device: Device, version: Version, address: str) -> Admitted:
        """Its connection takes the place of the one that it had, in whatever process."""
        async with self._handshakes:
            return Admitted(device, version, await self.port.connected(device, Protocol(version), address))

    async def quarantine(self, identity: str, reason: str, detail: str) -> None:
        """Of a charger that was not let in."""
        await self.port.quarantine(None, identity, Channel.OCPP, "connect", reason, detail, b"")

    async def converse(self, websocket: WebSocket, admitted: Admitted) -> None:
        """Speak with a charger until it goes."""
        device, code = admitted.device, _FAILED
        try:
            await websocket.accept(admitted.version.subprotocol)
            _forget_handshake(websocket)
            with metrics.SOCKETS.labels(admitted.version.value).track_inprogress():
                code = await self._speak(websocket, admitted)
        finally:
            metrics.ENDED.labels(str(code) if code in _CODES else "other").inc()
            log.info("charger_left", charger=device.identity, code=code)
            self.spawn(self._left(admitted))

    async def _speak(self, websocket: WebSocket, admitted: Admitted) -> int:
        charger_id = admitted.device.charger_id
        conversation = self._conversation(websocket, admitted)
        older = self._conversations.pop(charger_id, None)
        self._conversations[charger_id] = conversation
        if older is not None:
            self.spawn(older.end(_NORMAL, "a newer connection took its place"))
        self._wake()
        try:
            return await conversation.run()
        finally:
            if self._conversations.get(charger_id) is conversation:
                del self._conversations[charger_id]

    def _conversation(self, websocket: WebSocket, admitted: Admitted) -> Conversation:
        async def sending(text: str) -> None:
            await send(websocket, text)

        talk = Talk(admitted.device, self.port, Calls(admitted.version, sending), times.now())
        bounds = self.settings.ocpp_message_bytes, self.settings.ocpp_messages_per_second
        return Conversation(websocket, talk, self.spawn, *bounds)

    def _wake(self) -> None:
        """Commands may wait for it. Of a fleet that comes back at once, chargers are asked for together."""
        if self._waking is None or self._waking.when() < self._loop.time():
            self._waking = self._loop.call_later(_TOGETHER_SECONDS, self._dispatcher.wake)

    async def _left(self, admitted: Admitted) -> None:
        try:
            async with self._handshakes:
                await self.port.disconnected(admitted.device, admitted.connection_id)
        except Exception as error:
            log.warning("not_told_disconnected", charger=admitted.device.identity, error=type(error).__name__)

    # --- what the dispatcher asks ---------------------------------------------------------------------------------

    def _connected(self) -> Collection[UUID]:
        return self._conversations.keys()

    async def _send(self, command: DeviceCommand) -> None:
        conversation = self._conversations.get(command.charger_id)
        if conversation is None:
            raise ConnectionError("the charger is not connected to this process")
        await conversation.desk.carry_out(command)

    async def _dismiss(self, charger_id: UUID) -> None:
        if (conversation := self._conversations.get(charger_id)) is not None:
            await conversation.end(_POLICY, "connect anew")

    async def close(self) -> None:
        """Stop; what is being written down has a moment to be."""
        self._dispatching.cancel()
        if self._waking is not None:
            self._waking.cancel()
        await self.ingest.close(_CLOSING_SECONDS)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSING_SECONDS)
        for task in [*self._tasks]:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self.port.close()
