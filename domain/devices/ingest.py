"""Readings on their way into PostgreSQL: many devices' in one transaction, each told when its own are committed.

A bounded number waits in memory; who brings more waits with them, which is what slows devices down when PostgreSQL is
slow. While it is away everything waits, and nothing is told to be stored. Readings of one charger are written in the
order in which they came, because readings that are newer than all before are several times cheaper to store.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Self
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from domain.devices.interruptions import passes
from domain.devices.newest import Newest
from domain.health import following as health
from domain.sessions import metering as sessions
from domain.telemetry.readings import Reading
from domain.telemetry.store import Stored, store
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.logging import summary
from tenants.settings import Settings
from tenants.settings import settings as current_settings

Follow = Callable[[AsyncSession, Stored], Awaitable[None]]
FOLLOWERS: tuple[Follow, ...] = (sessions.follow, health.follow)
"""What happens in the same transaction."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
log = structlog.get_logger(__name__)


class Closed(Exception):
    """The process ends; the readings were not stored."""


@dataclass(slots=True, eq=False)
class _Put:
    readings: Sequence[Reading]
    done: "asyncio.Future[Stored]"


@dataclass(slots=True, eq=False)
class _Lane:
    """What one writer has before it."""

    puts: deque[_Put] = field(default_factory=deque)
    readings: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)
    full: asyncio.Event = field(default_factory=asyncio.Event)


class Ingest:
    """`await put(readings)` returns when they are committed. Writers start with the first; `close` at the end."""

    def __init__(self, database: Database, settings: Settings | None = None, *, tell: bool = True) -> None:
        given = settings or current_settings()
        self._database = database
        self._most = given.telemetry_batch_readings
        self._seconds = given.telemetry_batch_ms / 1000
        self._most_waiting = given.telemetry_queue_readings
        self._newest = Newest(given.redis_url) if tell and given.redis_url else None
        self._lanes = [_Lane() for _ in range(given.telemetry_writers)]
        self._tasks: list[asyncio.Task[None]] = []
        self._room = asyncio.Event()
        self._waiting = 0
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def waiting(self) -> int:
        """Readings that are not committed yet."""
        return self._waiting

    async def put(self, readings: Sequence[Reading]) -> Stored:
        """Store checked readings; which of them are new or correct older values.

        Raises: Closed; IntegrityConstraintViolationError of asyncpg where there is no such charger.
        """
        if not readings:
            return Stored()
        charger_id = readings[0].charger_id
        if all(reading[0] is charger_id for reading in readings):
            return await self._put(readings)
        parts = _by_charger(readings)
        stored = await asyncio.gather(*map(self._put, parts))
        return Stored([r for s in stored for r in s.inserted], [r for s in stored for r in s.corrected])

    async def _put(self, readings: Sequence[Reading]) -> Stored:
        while self._waiting >= self._most_waiting and not self._closed:
            self._room.clear()
            await self._room.wait()
        if self._closed:
            raise Closed()
        put = _Put(readings, asyncio.get_running_loop().create_future())
        self._waiting += len(readings)
        self._hand(self._lanes[readings[0].charger_id.int % len(self._lanes)], put)
        return await put.done

    def _hand(self, lane: _Lane, put: _Put) -> None:
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._write(lane)) for lane in self._lanes]
        lane.puts.append(put)
        lane.readings += len(put.readings)
        lane.more.set()
        if lane.readings >= self._most:
            lane.full.set()

    async def close(self, seconds: float = 5.0) -> None:
        """Write what waits, for some seconds at most; the rest was never said to be stored."""
        self._closed = True
        self._room.set()
        for lane in self._lanes:
            lane.more.set()
            lane.full.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for put in chain.from_iterable(lane.puts for lane in self._lanes):
            if not put.done.done():
                put.done.set_exception(Closed())
        if self._newest is not None:
            await self._newest.close()

    # --- a writer -----------------------------------------------------------------------------------------------

    async def _write(self, lane: _Lane) -> None:
        while puts := await self._next(lane):
            try:
                await self._until_written(puts)
            finally:
                for put in puts:
                    self._waiting -= len(put.readings)
                    if not put.done.done():
                        put.done.set_exception(Closed())
                self._room.set()

    async def _next(self, lane: _Lane) -> list[_Put]:
        """The next batch; [] once closed and empty."""
        while not lane.puts:
            if self._closed:
                return []
            lane.more.clear()
            await lane.more.wait()
        if lane.readings < self._most and self._seconds and not self._closed:
            lane.full.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await lane.full.wait()
        return self._taken(lane)

    def _taken(self, lane: _Lane) -> list[_Put]:
        puts = [lane.puts.popleft()]
        count = len(puts[0].readings)
        while lane.puts and count + len(lane.puts[0].readings) <= self._most:
            puts.append(lane.puts.popleft())
            count += len(puts[-1].readings)
        lane.readings -= count
        return puts

    async def _until_written(self, puts: list[_Put]) -> None:
        """Again while PostgreSQL is away. What cannot be written is found by halving, and told to who brought it."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._written(puts)
            except Exception as error:
                if not passes(error):
                    return await self._apart(puts, error)
                log.warning("telemetry_waits", readings=sum(len(p.readings) for p in puts), error=summary(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _apart(self, puts: list[_Put], error: Exception) -> None:
        if len(puts) > 1:
            await self._until_written(puts[: len(puts) // 2])
            await self._until_written(puts[len(puts) // 2 :])
        elif not puts[0].done.done():
            puts[0].done.set_exception(error)

    async def _written(self, puts: list[_Put]) -> None:
        readings = list(chain.from_iterable(put.readings for put in puts))
        async with self._database.session(SYSTEM) as session:
            stored = await store(session, readings)
            for follow in FOLLOWERS:
                await follow(session, stored)
        whole = len(stored.inserted) == len(readings)
        for put, part in zip(puts, _whole(puts) if whole else _parts(puts, stored), strict=True):
            if not put.done.done():
                put.done.set_result(part)
            self._tell(part)

    def _tell(self, part: Stored) -> None:
        if self._newest is not None and (readings := part.inserted + part.corrected):
            self._newest.tell(readings[0].charger_id, readings)


def _by_charger(readings: Sequence[Reading]) -> list[list[Reading]]:
    parts: dict[UUID, list[Reading]] = {}
    for reading in readings:
        parts.setdefault(reading.charger_id, []).append(reading)
    return list(parts.values())


def _whole(puts: Iterable[_Put]) -> list[Stored]:
    return [Stored(list(put.readings)) for put in puts]


def _parts(puts: Iterable[_Put], stored: Stored) -> list[Stored]:
    """What each brought of what was stored; a reading that two brought belongs to both."""
    inserted, corrected = set(stored.inserted), set(stored.corrected)
    return [
        Stored([r for r in put.readings if r in inserted], [r for r in put.readings if r in corrected]) for put in puts
    ]
