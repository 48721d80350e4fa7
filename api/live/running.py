"""Running a subscription's statement, again while the database is away."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import asyncpg
import structlog

from api.live import metrics
from api.live.frames import Batch
from api.live.plans import Planned
from api.live.routing import Entry
from api.live.statement import CURSORS, IDS, POSITIONS, SEPARATOR, TIMES
from api.reading.execute import WAIT_SECONDS
from api.reading.jsonsql import METER
from tenants.audience import Audience
from tenants.engine import Database

log = structlog.get_logger(__name__)
T = TypeVar("T")

_AWAY = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError)
_AWAY_STATES = frozenset({"57P01", "57P02", "57P03", "53300"})
_PATIENCE_SECONDS = 60.0
_TRIES = 3
_LONGEST_PAUSE = 2.0


class Runner:
    """Runs statements on the reading lane, a part of each audience's connections at most."""

    def __init__(self, database: Database, at_once: int) -> None:
        self._database = database
        self._at_once = at_once
        self._slots: WeakKeyDictionary[Any, dict[Audience, asyncio.Semaphore]] = WeakKeyDictionary()

    async def updates(self, planned: Planned, entries: Sequence[Entry]) -> Batch:
        """The updates of events that the actor sees, in their order."""
        cursors = {entry.at.position: entry.cursor for entry in entries}
        values = {
            POSITIONS: [entry.at.position for entry in entries],
            CURSORS: [entry.cursor for entry in entries],
            IDS: [entry.at.event_id for entry in entries],
            TIMES: [entry.at.created_at for entry in entries],
        }
        rows: list[str] = await self._value(planned, values)
        split = [row.split(SEPARATOR, 1) for row in rows]
        positions = [int(position) for position, _ in split]
        return Batch(positions, [cursors[p] for p in positions], [data_of(planned, text) for _, text in split])

    async def figures(self, planned: Planned) -> bytes | None:
        """The figures as they are now; None for who has none."""
        if planned.answer is not None:
            async with self._slot(planned.actor.audience):
                found = await planned.answer()
            metrics.EXECUTIONS.labels("ok").inc()
            return found
        text: str = await self._value(planned, {})
        return None if text == "null" else data_of(planned, text)

    async def _value(self, planned: Planned, values: dict[str, Any]) -> Any:
        assert planned.plan is not None
        arguments = planned.bind(values)
        async with self._slot(planned.actor.audience):
            pool = await self._database.pool(planned.actor.audience)
            async with pool.acquire(timeout=WAIT_SECONDS) as connection:
                found = await connection.fetchval(planned.plan.sql, *arguments)
        if found is None:
            raise RuntimeError("the context was not set before it was read")
        metrics.EXECUTIONS.labels("ok").inc()
        return found

    def _slot(self, audience: Audience) -> asyncio.Semaphore:
        slots = self._slots.setdefault(asyncio.get_running_loop(), {})
        return slots.setdefault(audience, asyncio.Semaphore(self._at_once))


def data_of(planned: Planned, text: str) -> bytes:
    """The response's `data` for the JSON text of the field."""
    return b'{"%b":%b}' % (planned.key.encode(), text.replace(METER, "").encode())


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """The result of `work`, tried again for a minute while the database is away, else a few times."""
    began, attempt = time.monotonic(), 0
    while True:
        try:
            return await work()
        except Exception as error:
            metrics.EXECUTIONS.labels("error").inc()
            attempt += 1
            if attempt >= _TRIES and (not is_away(error) or time.monotonic() - began > _PATIENCE_SECONDS):
                raise
            log.warning("subscription_not_read", attempt=attempt, error=type(error).__name__)
        await asyncio.sleep(min(0.05 * 2**attempt, _LONGEST_PAUSE))


def is_away(error: BaseException) -> bool:
    """Whether the database cannot be reached, as far as one can tell."""
    cause = getattr(error, "orig", None) or error
    return isinstance(cause, _AWAY) or getattr(cause, "sqlstate", None) in _AWAY_STATES
