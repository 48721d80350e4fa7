"""Packets of one connection, read whole: bounded in size, in silence and in how many wait to be taken.

amqtt reads a packet byte by byte, of any size, and never notices that a client has gone silent.
"""

import asyncio
import time
from collections.abc import Callable

from amqtt.adapters import ReaderAdapter

CONNECT, PUBLISH = 1, 3
MOST_WAITING = 32
"""Messages of one connection that are not taken yet; then it is read no further."""


class Oversize(Exception):
    """A packet that is larger than any may be. `size` in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes")
        self.size = size


class Malformed(Exception):
    """No MQTT."""


async def read_packet(reader: asyncio.StreamReader, most: int) -> bytes:
    """The next packet with its header. Raises: Oversize, Malformed, IncompleteReadError, OSError."""
    head = bytearray(await reader.readexactly(2))
    while head[-1] & 0x80:
        if len(head) > 4:
            raise Malformed
        head += await reader.readexactly(1)
    size = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(head[1:]))
    if size > most:
        raise Oversize(size)
    return bytes(head) + (await reader.readexactly(size) if size else b"")


class PacketReader(ReaderAdapter):  # type: ignore[misc]  # amqtt declares no types
    """What amqtt reads from: packets that were read whole, the first one given."""

    def __init__(self, reader: asyncio.StreamReader, first: bytes, most: int, silence: float | None) -> None:
        self._reader = reader
        self._packet, self._at = first, 0
        self._most = most
        self._silence = silence
        """Seconds after which a client that says nothing is gone; None: never."""
        self._waiting = 0
        self._stopped = False
        self._heard_at = time.monotonic()
        self._room = asyncio.Event()
        self._room.set()
        self.on_oversize: Callable[[int], None] = lambda size: None

    @property
    def has_ended(self) -> bool:
        """Whether the charger has closed it, or has been silent for longer than it may."""
        late = self._silence is not None and self._room.is_set() and time.monotonic() - self._heard_at > self._silence
        return self._reader.at_eof() or late

    def taken(self) -> None:
        """A message of this connection is on its way to PostgreSQL."""
        self._waiting -= 1
        if self._waiting < MOST_WAITING and not self._stopped:
            self._room.set()

    def stop(self) -> None:
        """Read nothing more."""
        self._stopped = True
        self._room.clear()

    async def read(self, n: int = -1) -> bytes:
        """The next `n` bytes of a packet; fewer where the connection or the packet ends."""
        if n == 0 or (self._at >= len(self._packet) and not await self._next()):
            return b""
        end = len(self._packet) if n < 0 else self._at + n
        found = self._packet[self._at : end]
        self._at += len(found)
        return found

    def feed_eof(self) -> None:
        self._reader.feed_eof()

    async def _next(self) -> bool:
        await self._room.wait()
        try:
            async with asyncio.timeout(self._silence):
                self._packet, self._at = await read_packet(self._reader, self._most), 0
        except Oversize as error:
            self.on_oversize(error.size)
            return False
        except (Malformed, asyncio.IncompleteReadError, OSError, TimeoutError):
            return False
        self._heard_at = time.monotonic()
        if self._packet[0] >> 4 == PUBLISH:
            self._waiting += 1
            if self._waiting >= MOST_WAITING:
                self._room.clear()
        return True
