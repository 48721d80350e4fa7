"""Worker processes in this one, with jobs of their own, over a database and a Valkey that only these tests use."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest
from redis.asyncio import Redis

from domain.jobs import lifecycle
from domain.jobs import service as jobs
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from workers.jobs import JOBS, Declared
from workers.process import WorkerProcess
from workers.schedule import Clock

PATIENCE = 30.0
LEASE = 0.6
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
EFFECTS = """
CREATE TABLE effect (number integer NOT NULL, word text NOT NULL DEFAULT '');
GRANT SELECT, INSERT ON effect TO chargecars_system, chargecars_staff, chargecars_partner;
"""


class Bench:
    """A database with a table of effects, jobs that are declared for one test, and workers for both."""

    def __init__(self, settings: Settings, owner: Owner) -> None:
        self.settings = settings
        self.owner = owner
        self.database = Database(settings.database_url, role_password(settings))

    @asynccontextmanager
    async def workers(self, count: int = 1, **settings: Any) -> AsyncIterator[list[WorkerProcess]]:
        """So many worker processes, stopped in order at the end."""
        mine = self.settings.model_copy(update=settings)
        async with AsyncExitStack() as stack:
            made = [
                WorkerProcess(mine, clock=lambda database: Clock(database, ()), background={}) for _ in range(count)
            ]
            for process in made:
                process.start()
                stack.push_async_callback(process.stop)
            yield made

    async def ask(self, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> UUID:
        """Ask for a job, as the platform unless `actor` says otherwise."""
        async with self.database.session(options.pop("asking", SYSTEM)) as session:
            return await jobs.enqueue(session, name, arguments or {}, **options)

    async def job(self, id: UUID) -> "asyncpg.Record":
        row = await self.owner.fetchrow("SELECT * FROM job WHERE id = $1", id)
        assert row is not None
        return row

    async def state(self, id: UUID) -> str:
        return str((await self.job(id))["state"])

    async def effects(self) -> list[int]:
        return [row["number"] for row in await self.owner.fetch("SELECT number FROM effect ORDER BY number")]

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait for something to become true. Raises: TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while not await condition():  # noqa: ASYNC110  # other processes make it true
                await asyncio.sleep(0.02)

    async def ended(self, *ids: UUID, state: str = "DONE") -> None:
        """Wait until jobs are in a state."""

        async def all_are() -> bool:
            query = "SELECT count(*) FROM job WHERE id = ANY ($1) AND state = $2"
            return bool(await self.owner.fetchval(query, ids, state) == len(ids))

        await self.until(all_are)


@pytest.fixture
async def bench(
    fresh_database: Any, test_run: dict[str, str], worker_id: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    """Leases of half a second, and jobs that are handed over again soon."""
    number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
    redis_url, url = test_run[f"valkey{number + 32}"], await fresh_database()
    monkeypatch.setattr(lifecycle, "HAND_OVER_AGAIN", lifecycle.HAND_OVER_AGAIN / 10)
    redis = Redis.from_url(redis_url)
    await redis.flushdb()
    await redis.aclose()
    owner = await asyncpg.connect(url)
    await owner.execute(EFFECTS)
    values = {"database_url": url, "redis_url": redis_url, "job_lease_seconds": LEASE}
    made = Bench(settings.model_copy(update=values), owner)
    yield made
    await made.database.close()
    await owner.close()


@pytest.fixture
def declared() -> Iterator[dict[str, Declared]]:
    """Jobs that are declared in the test are forgotten after it."""
    before = dict(JOBS)
    yield JOBS
    JOBS.clear()
    JOBS.update(before)
