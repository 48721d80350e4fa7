"""From PostgreSQL to Redis: jobs whose time has come, and those whose worker is not there any more.

Woken by the commit that asked for a job, and each second by itself. Any number of processes do this side by side. Redis
holds no more than a worker can be expected to do in a while, and nothing that is not in PostgreSQL.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

import asyncpg
import structlog
from arq.connections import ArqRedis

from domain.jobs import lifecycle
from domain.jobs.functions import CHANNEL
from tenants.actor import SYSTEM
from tenants.audience import Audience
from tenants.engine import Database, connect_args, role_password
from tenants.settings import Settings
from workers import queues
from workers.attempts import interrupt

MOST_IN_REDIS = 500
"""Of one queue."""
_BATCH = 100
_SWEEP_SECONDS = 1.0
_WORKER_LOST = "its worker was lost"

log = structlog.get_logger(__name__)


class Dispatcher:
    """Hands over the jobs of some queues; `run` until cancelled. Raises what PostgreSQL and Redis raise."""

    def __init__(self, database: Database, settings: Settings, names: Iterable[str]) -> None:
        self._database = database
        self._settings = settings
        self._names = tuple(names)
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Listen, and sweep each second."""
        async with contextlib.AsyncExitStack() as stack:
            redis = await queues.connect(self._settings)
            stack.push_async_callback(redis.aclose, close_connection_pool=True)
            await stack.enter_async_context(self._listening())
            while True:
                await self.sweep(redis)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), _SWEEP_SECONDS)
                self._woken.clear()

    async def sweep(self, redis: ArqRedis) -> int:
        """Once through all queues; the number of jobs handed over."""
        await self.find_lost()
        return sum([await self._hand_over(redis, name) for name in self._names])

    async def find_lost(self) -> int:
        """Put back the jobs whose lease has run out; how many."""
        async with self._database.session(SYSTEM) as session:
            lost = await lifecycle.lost(session)
            for id, attempt, interruptions in lost:
                log.warning("job_lost", job_id=str(id), attempt=attempt)
                await interrupt(session, id, attempt, interruptions, _WORKER_LOST)
        return len(lost)

    async def _hand_over(self, redis: ArqRedis, queue: str) -> int:
        done = 0
        while room := min(_BATCH, MOST_IN_REDIS - await queues.handed_over(redis, queue)):
            if room < 0:
                break
            async with self._database.session(SYSTEM) as session:
                waiting = await lifecycle.due(session, queue, room)
            for job in waiting:
                await queues.hand_over(redis, queue, job.id, job.attempts)
            done += len(waiting)
            if len(waiting) < room:
                break
        return done

    @contextlib.asynccontextmanager
    async def _listening(self) -> Any:
        """A connection of its own that hears of commits."""
        args = connect_args(self._settings.database_url, Audience.SYSTEM.database_role, role_password(self._settings))
        connection = await asyncpg.connect(**args, server_settings={"application_name": "chargecars-jobs"})
        try:
            connection.add_termination_listener(lambda _: self._woken.set())
            await connection.add_listener(CHANNEL, lambda *_: self._woken.set())
            yield connection
        finally:
            connection.terminate()
