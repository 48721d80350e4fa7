"""A receiver of webhooks that remembers what it was told, and is not always well."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator

_OK = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_ILL = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Receiver:
    """Counts requests by `webhook-id`; its own effect of one happens once, as a receiver's has to."""

    def __init__(self, seed: int) -> None:
        self.arrived: Counter[str] = Counter()
        self.effects: dict[str, int] = {}
        self._chance = random.Random(seed)  # noqa: S311  # no secret

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Gives the port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
            await reader.readexactly(int(headers.get("content-length", "0")))
            mood = self._chance.random()
            if mood >= 0.03:
                self._take(headers["webhook-id"])
            if mood >= 0.06:
                writer.write(_OK)
            elif mood < 0.03:
                writer.write(_ILL)
            await writer.drain()
        writer.close()

    def _take(self, id: str) -> None:
        self.arrived[id] += 1
        self.effects.setdefault(id, self.arrived[id])
