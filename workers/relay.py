"""The relay: committed events go to Redis in the order of their positions, each once.

The stream's ids are the positions, and Redis refuses an id that is not greater than the last: whatever dies at whatever
moment, and however many relays believe to be the one, nothing is doubled or out of order. Each entry names the position
before its own, so that whoever reads sees what is missing and takes it from PostgreSQL, which keeps everything.

An entry has one field, `e`: JSON with position, previous, event_id, entity_id, type, subject_type, subject_id,
created_at, and keys: the organizations, contacts and teams on whose list the event is.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import orjson
import structlog
from prometheus_client import Counter, Gauge, Histogram
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from domain.events.positions import CHANNEL
from tenants.audience import Audience
from tenants.engine import Database, connect_args, role_password
from tenants.settings import Settings
from workers.background import BACKGROUND

STREAM = "chargecars:events"
MOST_KEPT = 100_000
"""Entries that stay in the stream, about."""
AFTER_LOSS = 1_000
"""How many positions an empty stream begins with, for readers that were away while Redis lost it."""
_ONE_AT_A_TIME = 0x7265_6C61_79  # an arbitrary constant: the advisory lock of the working relay
_BATCH = 500
_SWEEP_SECONDS = 1.0
_QUERY_SECONDS = 10.0

PUBLISHED = Counter("chargecars_relay_events", "Events that this process published.")
WORKS = Gauge("chargecars_relay_works", "Whether this process holds the relay.")
BEHIND = Gauge("chargecars_relay_lag_events", "Events that are committed and not published, as the relay last saw.")
LATE = Gauge("chargecars_relay_lag_seconds", "Age of the oldest event that was not published, as the relay last saw.")
SECONDS = Histogram(
    "chargecars_relay_seconds",
    "From the writing of an event to its publication, transaction included.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)

WOKEN: set[asyncio.Event] = set()
"""Set when the log has grown, in the process whose relay works."""

log = structlog.get_logger(__name__)

_NEXT = """
SELECT p.position, p.event_id, p.entity_id, p.type, p.subject_type, p.subject_id, p.created_at,
  ARRAY(SELECT r.key FROM position_row r WHERE r.position = p.position) AS keys,
  extract(epoch FROM clock_timestamp() - p.created_at)::float8 AS age
FROM event_position p WHERE p.position > $1 ORDER BY p.position LIMIT $2
"""
_NEWEST = "SELECT coalesce(max(position), 0) FROM event_position"
_BEFORE = "SELECT coalesce(max(position), 0) FROM event_position WHERE position <= $1"
_WAITING = """
SELECT count(*) AS count, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age
FROM (SELECT created_at FROM event_position WHERE position > $1 ORDER BY position LIMIT 10000) p
"""

_ADD = """
for i = 2, #ARGV, 2 do
  local added = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[i], 'e', ARGV[i + 1])
  if type(added) == 'table' and added.err and not string.find(added.err, 'equal or smaller') then return added end
end
return redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1]
"""
"""In order, and no further than the first entry that Redis does not take; what is there already is passed over."""


class Relay:
    """`run` until cancelled; stands by while another one works. Raises what PostgreSQL and Redis raise."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._woken = asyncio.Event()
        self._last = 0

    async def run(self) -> None:
        """Wait for the lock, then listen, and sweep each second."""
        async with self._connected() as connection, self._redis() as redis:
            await self._hold(connection, redis)
            WORKS.set(1)
            log.info("relay_works")
            try:
                await connection.add_listener(CHANNEL, lambda *_: self._ring())
                self._last = await self._begin(connection, redis)
                while True:
                    await self._publish(connection, redis)
                    await self._wait()
            finally:
                WORKS.set(0)

    async def _hold(self, connection: "asyncpg.Connection[Any]", redis: "Redis") -> None:
        """Asked for again and again: a statement that waits would keep PostgreSQL from cleaning up behind it."""
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _ONE_AT_A_TIME):
            await self._watch(connection, redis)
            await self._wait()

    async def _watch(self, connection: "asyncpg.Connection[Any]", redis: "Redis") -> None:
        """Tell how far the one that works is behind, also where it hangs."""
        for count, age in await connection.fetch(_WAITING, await last_published(redis) or 0):
            BEHIND.set(count)
            LATE.set(age)

    async def _begin(self, connection: "asyncpg.Connection[Any]", redis: "Redis") -> int:
        """The position after which to publish."""
        newest = await connection.fetchval(_NEWEST)
        last = await last_published(redis)
        if last is not None and last > newest:
            log.warning("relay_stream_of_another_log", last=last, newest=newest)
            await redis.delete(STREAM)
            last = None
        return last if last is not None else int(await connection.fetchval(_BEFORE, max(0, newest - AFTER_LOSS)))

    async def _publish(self, connection: "asyncpg.Connection[Any]", redis: "Redis") -> None:
        """Everything that is committed."""
        add = redis.register_script(_ADD)
        while rows := await connection.fetch(_NEXT, self._last, _BATCH):
            entries = list(_entries(rows, self._last))
            await add(keys=[STREAM], args=[MOST_KEPT, *entries])
            self._last = rows[-1]["position"]
            self._measure(rows)
            for event in WOKEN:
                event.set()
            if len(rows) < _BATCH:
                break
        BEHIND.set(0)
        LATE.set(0)

    def _measure(self, rows: Sequence[asyncpg.Record]) -> None:
        PUBLISHED.inc(len(rows))
        BEHIND.set(len(rows))
        LATE.set(rows[0]["age"])
        for row in rows:
            SECONDS.observe(row["age"])

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), _SWEEP_SECONDS)
        self._woken.clear()

    def _ring(self) -> None:
        self._woken.set()

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """A connection of its own, as the system; a server that lost it notices within seconds."""
        connection = await asyncpg.connect(
            **connect_args(self._settings.database_url, Audience.SYSTEM.database_role, role_password(self._settings)),
            timeout=_QUERY_SECONDS,
            command_timeout=_QUERY_SECONDS,
            server_settings={
                "application_name": "chargecars-relay",
                "chargecars.audience": Audience.SYSTEM.value,
                "tcp_keepalives_idle": "5",
                "tcp_keepalives_interval": "2",
                "tcp_keepalives_count": "3",
            },
        )
        try:
            connection.add_termination_listener(lambda _: self._ring())
            yield connection
        finally:
            connection.terminate()

    @contextlib.asynccontextmanager
    async def _redis(self) -> AsyncIterator["Redis"]:
        redis: Redis = Redis.from_url(
            self._settings.redis_url, socket_timeout=_QUERY_SECONDS, socket_connect_timeout=_QUERY_SECONDS
        )
        try:
            yield redis
        finally:
            await redis.aclose()


async def last_published(redis: "Redis") -> int | None:
    """The last position of the stream; None where there is no stream."""
    try:
        found: Any = await redis.xinfo_stream(STREAM)
    except ResponseError:
        return None
    return int(bytes(found["last-generated-id"]).partition(b"-")[0])


def _entries(rows: Sequence[asyncpg.Record], previous: int) -> "list[str | bytes]":
    """Ids and values by turns."""
    arguments: list[str | bytes] = []
    for row in rows:
        entry = {name: row[name] for name in row.keys() if name != "age"}  # noqa: SIM118  # a Record iterates values
        arguments += [f"{row['position']}-0", orjson.dumps({"previous": previous} | entry, default=str)]
        previous = row["position"]
    return arguments


async def relay(_database: Database, settings: Settings) -> None:
    """The task of a worker process."""
    await Relay(settings).run()


BACKGROUND["relay"] = relay
