"""How long after a charger has sent a reading its subscribers have it, or one that is newer."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from api.reading.ids import global_id
from chargecars.bench.client import Refused

QUERY = """subscription($id: ID!) {
  telemetry(chargerId: $id, connector: 1, resolution: RAW) { at sequence registerWh averagePowerW } }"""
_SENT = """
SELECT sequence, read_at FROM telemetry_reading
WHERE charger_id = $1 AND connector = 1 AND sequence >= $2 ORDER BY sequence"""


@dataclass
class Watched:
    """What came of the subscriptions to some chargers: number of the reading and when, by the clock."""

    chargers: Sequence[UUID]
    came: dict[UUID, list[tuple[int, float]]] = field(default_factory=dict)

    async def latencies(self, owner: "asyncpg.Connection[asyncpg.Record]", first: int) -> list[float]:
        """Seconds, of each reading from number `first` on: a charger says as `readAt` when it sent it."""
        found = []
        for charger_id in self.chargers:
            came = [each for each in self.came.get(charger_id, ()) if each[0] >= first]
            numbers = [number for number, _ in came]
            for number, sent in await owner.fetch(_SENT, charger_id, first):
                if (place := bisect_left(numbers, number)) < len(came):
                    found.append(came[place][1] - _clock(sent))
        return found


def _clock(at: datetime) -> float:
    return at.timestamp()


@asynccontextmanager
async def watching(port: int, host: str, token: str, chargers: Sequence[UUID]) -> AsyncIterator[Watched]:
    """Subscribed to each charger over one connection to an API process; `host` is the portal's."""
    watched = Watched(chargers)
    address, protocols = f"ws://{host}/graphql", [Subprotocol("graphql-transport-ws")]
    async with connect(address, host="127.0.0.1", port=port, subprotocols=protocols, compression=None) as socket:
        await _begin(socket, token)
        for number, charger_id in enumerate(chargers):
            payload = {"query": QUERY, "variables": {"id": global_id("Charger", charger_id)}}
            await socket.send(orjson.dumps({"id": str(number), "type": "subscribe", "payload": payload}).decode())
        hearing = asyncio.create_task(_hear(socket, watched))
        try:
            yield watched
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)


async def _begin(socket: ClientConnection, token: str) -> None:
    init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}
    await socket.send(orjson.dumps(init).decode())
    answer = orjson.loads(await socket.recv())
    if answer["type"] != "connection_ack":
        raise Refused(str(answer))


async def _hear(socket: ClientConnection, watched: Watched) -> None:
    async for text in socket:
        now, message = time.time(), orjson.loads(text)
        if message["type"] != "next" or message["payload"].get("errors"):
            raise Refused(str(message)[:500])
        point = message["payload"]["data"]["telemetry"]
        charger_id = watched.chargers[int(message["id"])]
        if point["sequence"] is not None:
            watched.came.setdefault(charger_id, []).append((point["sequence"], now))
