"""What is told of chargers beside the event log: Redis pub/sub, one subscription per charger for all that follow it.

A ring says only that there is something new; what it is, and who may see it, is read from PostgreSQL. A ring that is
lost costs its followers no more than the time until the next one.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.devices.newest import channel

_LOOK_SECONDS = 0.2
"""How long a charger that is followed for the first time waits for its subscription."""
_PAUSE_SECONDS = 0.5
log = structlog.get_logger(__name__)


class Follower(Protocol):
    def refresh(self) -> None:
        """There is something new."""


class Rings:
    """`follow` and `leave`; the connection to Redis is there while anybody follows."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._followers: dict[UUID, dict[Follower, None]] = {}
        self._task: asyncio.Task[None] | None = None

    def follow(self, charger_id: UUID, follower: Follower) -> None:
        """Be told of a charger."""
        self._followers.setdefault(charger_id, {})[follower] = None
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def leave(self, charger_id: UUID, follower: Follower) -> None:
        """Be told no more."""
        followers = self._followers.get(charger_id, {})
        followers.pop(follower, None)
        if not followers:
            self._followers.pop(charger_id, None)

    async def close(self) -> None:
        """Tell nobody any more."""
        self._followers.clear()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        try:
            while self._followers:
                try:
                    await self._connected()
                except (RedisError, OSError, TimeoutError) as error:
                    log.warning("rings_away", error=type(error).__name__)
                    await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._task = None

    async def _connected(self) -> None:
        redis: Redis = Redis.from_url(self._url, socket_connect_timeout=1)
        try:
            await self._listen(redis.pubsub(ignore_subscribe_messages=True))
        finally:
            with suppress(RedisError, OSError):
                await redis.aclose()

    async def _listen(self, pubsub: Any) -> None:
        subscribed: dict[bytes, UUID] = {}
        async with pubsub:
            while self._followers:
                await self._subscribe(pubsub, subscribed)
                message = await pubsub.get_message(timeout=_LOOK_SECONDS)
                if message is not None and (charger_id := subscribed.get(message["channel"])) is not None:
                    self._ring([charger_id])

    async def _subscribe(self, pubsub: Any, subscribed: dict[bytes, UUID]) -> None:
        """To whom is followed, and to nobody else."""
        wanted = {channel(charger_id).encode(): charger_id for charger_id in self._followers}
        if new := wanted.keys() - subscribed.keys():
            await pubsub.subscribe(*new)
            self._ring(wanted[name] for name in new)  # of what was told meanwhile
            subscribed |= wanted
        if old := subscribed.keys() - wanted.keys():
            await pubsub.unsubscribe(*old)
            for name in old:
                del subscribed[name]

    def _ring(self, charger_ids: Iterable[UUID]) -> None:
        for charger_id in charger_ids:
            for follower in (*self._followers.get(charger_id, ()),):
                follower.refresh()
