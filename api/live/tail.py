"""The doorbell: Redis tells that the log has grown; PostgreSQL is looked at anyway, less often.

The stream is only listened to, never believed: what is new, and in which order, PostgreSQL says. So nothing depends on
the stream's being complete, in order, or there.
"""

import asyncio
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.live import metrics

log = structlog.get_logger(__name__)

STREAM = "chargecars:events"
_BLOCK_MS = 1000
"""How long PostgreSQL is not looked at while nobody rings."""
_WITHOUT_SECONDS = 0.5
"""How long not, while Redis is away."""
_MOST = 1000


class Doorbell:
    """One connection that waits for entries of the stream."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url, socket_timeout=_BLOCK_MS / 1000 * 3, socket_connect_timeout=1)
        self._last: Any = "$"
        self._works = True

    async def rung(self) -> None:
        """Returns when the log may have grown."""
        try:
            found: Any = await self._redis.xread({STREAM: self._last}, count=_MOST, block=_BLOCK_MS)
        except (RedisError, OSError, TimeoutError) as error:
            self._tell(works=False, error=type(error).__name__)
            await asyncio.sleep(_WITHOUT_SECONDS)
            return
        self._tell(works=True)
        for _stream, entries in found:
            self._last = entries[-1][0]

    async def close(self) -> None:
        await self._redis.aclose()

    def _tell(self, *, works: bool, **facts: str) -> None:
        metrics.DOORBELL.set(works)
        if works != self._works:
            self._works = works
            self._last = "$"  # a stream that was made anew may have smaller ids
            log.info("doorbell_works" if works else "doorbell_away", **facts)
