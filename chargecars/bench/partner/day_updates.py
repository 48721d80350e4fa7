"""The partners' own ends of our webhooks, and having them told all that happened."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import orjson
from sqlalchemy import select

from chargecars.bench.partner.day_scene import Stage
from domain.events.models import Event, EventPosition
from domain.webhooks import deliveries
from tenants.actor import SYSTEM
from tenants.engine import Database
from workers.webhooks import Deliverer

_OK = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOLD = ("quote.sent",)


class Updates:
    """Counts updates by partner, its number and the status."""

    def __init__(self) -> None:
        self.arrived: Counter[tuple[str, str, str]] = Counter()
        self.url = ""

    @contextlib.asynccontextmanager
    async def listening(self) -> "AsyncIterator[Updates]":
        """At a port of this machine."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
            told = orjson.loads(await reader.readexactly(int(headers.get("content-length", "0"))))
            partner = head.split(" ")[1].strip("/")
            self.arrived[partner, str(told["partner_order_id"]), str(told["status"])] += 1
            writer.write(_OK)
            await writer.drain()
        writer.close()


async def tell(database: Database, stage: Stage, deliverer: Deliverer) -> None:
    """As the reaction and the worker do: a delivery per endpoint and event, in the order of the log; then all sent."""
    async with database.session(SYSTEM) as session:
        query = (
            select(Event)
            .join(EventPosition, EventPosition.event_id == Event.id)
            .where(EventPosition.entity_id == stage.entity_id, Event.type.in_(_TOLD))
            .order_by(EventPosition.position)
        )
        for event in (await session.execute(query)).scalars().all():
            await deliveries.create_for(session, event)
    await deliverer.drain()
