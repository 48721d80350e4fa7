"""Ways out to one client, each with a bound on what may wait in it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from api.live import metrics
from api.live.codes import TOO_SLOW, Ended
from api.live.frames import Batch, frame

EXTENSION = "chargecars.wire"
"""Key of the ASGI scope's extensions under which a server offers its sockets."""
_STUCK_SECONDS = 30.0
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that may wait for one client."""

    size: int
    messages: int


class Socket(Protocol):
    """What a server offers: frames are written as they are, without a copy or a task."""

    def backlog(self) -> int:
        """Bytes that the client has not taken yet."""

    def write_frames(self, frames: bytes) -> None:
        """Send whole frames; nothing happens on a closed connection."""

    def end(self, code: int, reason: str) -> None:
        """Close with a code, and cut off a client that does not take it."""


class Outlet(Protocol):
    """Where the updates of one subscription go."""

    def send(self, batch: Batch) -> None:
        """Hand over updates; a client that is too slow is dropped."""

    async def drained(self) -> None:
        """Returns when little waits. Raises: Ended for a client that takes nothing."""


class Wire(Protocol):
    """One WebSocket."""

    def outlet(self, tail: bytes) -> Outlet:
        """Where the updates of the subscription go whose messages end in `tail`."""

    def send(self, message: bytes) -> None:
        """Send one message."""

    def end(self, code: int, reason: str) -> None:
        """Close it."""


class DirectWire:
    """A WebSocket of our own server class: frames go straight into the transport."""

    __slots__ = ("_bounds", "_socket", "_waiting", "ended")

    def __init__(self, socket: Socket, bounds: Bounds) -> None:
        self._socket = socket
        self._bounds = bounds
        self._waiting = 0
        self.ended = False

    def outlet(self, tail: bytes) -> "DirectOutlet":
        return DirectOutlet(self, tail)

    def send(self, message: bytes) -> None:
        self.write(frame(message), 1)

    def write(self, frames: bytes, messages: int) -> None:
        """Send frames, or drop the client when more waits than may."""
        if self.ended:
            return
        backlog = self._socket.backlog()
        if backlog:
            self._waiting += messages
            if backlog > self._bounds.size or self._waiting > self._bounds.messages:
                self.end(TOO_SLOW, "TOO_SLOW")
                return
        else:
            self._waiting = messages
        self._socket.write_frames(frames)

    def end(self, code: int, reason: str) -> None:
        if not self.ended:
            self.ended = True
            metrics.ENDED.labels(reason).inc()
            self._socket.end(code, reason)

    async def drained(self) -> None:
        await _until(lambda: self.ended or self._socket.backlog() <= self._bounds.size // 4)


class DirectOutlet:
    """One subscription on a `DirectWire`."""

    __slots__ = ("_tail", "_wire")

    def __init__(self, wire: DirectWire, tail: bytes) -> None:
        self._wire = wire
        self._tail = tail

    def send(self, batch: Batch) -> None:
        self._wire.write(batch.frames(self._tail), len(batch.texts))

    async def drained(self) -> None:
        await self._wire.drained()


class QueuedWire:
    """Messages that wait for a task which sends them: event streams, and WebSockets of other servers."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._changed = asyncio.Event()
        self.ended: Ended | None = None

    def outlet(self, tail: bytes) -> "QueuedOutlet":
        return QueuedOutlet(self, tail)

    def send(self, message: bytes) -> None:
        if self.ended:
            return
        self._waiting.append(message)
        self._size += len(message)
        self._changed.set()
        if self._waiting and (self._size - len(message) > self._bounds.size or self._overfull):
            self._waiting.clear()
            self.end(TOO_SLOW, "TOO_SLOW")

    @property
    def _overfull(self) -> bool:
        return len(self._waiting) > self._bounds.messages

    def end(self, code: int, reason: str) -> None:
        if self.ended is None:
            metrics.ENDED.labels(reason).inc()
            self.ended = Ended(code, reason)
            self._changed.set()

    async def taken(self, seconds: float | None = None) -> list[bytes]:
        """What waits, at least one message; nothing after so many seconds without. Raises: Ended at the end."""
        if not self._waiting and self.ended is None:
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                return []
        self._changed.clear()
        if not self._waiting and self.ended is not None:
            raise self.ended
        taken, self._size = [*self._waiting], 0
        self._waiting.clear()
        return taken

    async def drained(self) -> None:
        await _until(lambda: self.ended is not None or self._size <= self._bounds.size // 4)


class QueuedOutlet:
    """One subscription on a `QueuedWire` of a WebSocket."""

    def __init__(self, wire: QueuedWire, tail: bytes) -> None:
        self._wire = wire
        self._tail = tail

    def send(self, batch: Batch) -> None:
        for message in batch.messages(self._tail):
            self._wire.send(message)

    async def drained(self) -> None:
        await self._wire.drained()


class EventOutlet:
    """The subscription of an event stream."""

    def __init__(self, wire: QueuedWire) -> None:
        self._wire = wire

    def send(self, batch: Batch) -> None:
        self._wire.send(batch.events)

    async def drained(self) -> None:
        await self._wire.drained()


async def sending(wire: QueuedWire, send: Callable[[str], Awaitable[None]]) -> Ended:
    """Send what is queued, message by message, until the wire is ended; returns why."""
    while True:
        try:
            messages = await wire.taken()
        except Ended as ended:
            return ended
        for message in messages:
            await send(message.decode())


async def _until(done: Callable[[], bool]) -> None:
    try:
        async with asyncio.timeout(_STUCK_SECONDS):
            while not done():  # noqa: ASYNC110  # a transport tells its protocol alone when it has been emptied
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise Ended(TOO_SLOW, "TOO_SLOW") from None
