"""The doorbell: the relay's stream in Redis tells what is new in the log.

The stream is believed where it connects: an entry names the position before its own. Where it does not, because an
entry is missing or Redis was lost, PostgreSQL is read instead; and it is looked at anyway, less often. So nothing
depends on the stream's being complete, in order, or there.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.live import metrics
from domain.events.addressed import Addressed
from domain.events.positions import Positioned

log = structlog.get_logger(__name__)

STREAM = "chargecars:events"
_BLOCK_MS = 1000
"""How long PostgreSQL is not looked at while nobody rings."""
_WITHOUT_SECONDS = 0.5
"""How long not, while Redis is away."""
_MOST = 500


@dataclass(frozen=True, slots=True)
class Rung:
    """An entry of the stream: an event, and the position before its own."""

    event: Addressed
    previous: int


class Doorbell:
    """One connection that waits for entries of the stream."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url, socket_timeout=_BLOCK_MS / 1000 * 3, socket_connect_timeout=1)
        self._last: Any = "$"
        self._works = True

    async def rung(self) -> Sequence[Rung]:
        """What is new, when there is something; nothing where PostgreSQL has to be asked."""
        try:
            found: Any = await self._redis.xread({STREAM: self._last}, count=_MOST, block=_BLOCK_MS)
        except (RedisError, OSError, TimeoutError) as error:
            self._tell(works=False, error=type(error).__name__)
            await asyncio.sleep(_WITHOUT_SECONDS)
            return ()
        self._tell(works=True)
        entries = [entry for _stream, entries in found for entry in entries]
        if entries:
            self._last = entries[-1][0]
        return _read([fields for _id, fields in entries])

    async def close(self) -> None:
        await self._redis.aclose()

    def _tell(self, *, works: bool, **facts: str) -> None:
        metrics.DOORBELL.set(works)
        if works != self._works:
            self._works = works
            self._last = "$"  # a stream that was made anew may have smaller ids
            log.info("doorbell_works" if works else "doorbell_away", **facts)


def connected(rung: Sequence[Rung], position: int) -> Sequence[Addressed] | None:
    """The events after a position, where each entry follows the one before; None where something is missing."""
    events: list[Addressed] = []
    for entry in rung:
        if entry.event.at.position <= position:
            continue
        if entry.previous != position:
            return None
        position = entry.event.at.position
        events.append(entry.event)
    return events


def _read(entries: Sequence[Mapping[Any, Any]]) -> Sequence[Rung]:
    try:
        return [_entry(orjson.loads(fields[b"e"])) for fields in entries]
    except (KeyError, ValueError, TypeError) as error:
        log.warning("stream_not_understood", error=type(error).__name__)
        return ()


def _entry(given: dict[str, Any]) -> Rung:
    at = Positioned(
        given["position"],
        UUID(given["event_id"]),
        datetime.fromisoformat(given["created_at"]),
        UUID(given["entity_id"]),
        given["type"],
        given["subject_type"],
        UUID(given["subject_id"]),
    )
    return Rung(Addressed(at, frozenset(map(UUID, given["keys"]))), given["previous"])
