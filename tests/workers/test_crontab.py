"""The schedule: slots, one run per slot over all workers, retries, failed jobs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from arq import Retry
from arq.connections import ArqRedis, create_pool
from hypothesis import given
from hypothesis import strategies as st

from domain.jobs import service as jobs
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from workers.crontab import CRONTAB, Scheduled
from workers.main import QUEUE, pack, redis_settings, unpack, worker_of
from workers.running import MOST_ATTEMPTS, run_scheduled

SLOT = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)


class Work:
    """A scheduled job that counts its runs and fails the first few."""

    def __init__(self, failures: int = 0) -> None:
        self.runs = 0
        self._failures = failures
        self.scheduled = Scheduled(f"job_{uuid4().hex}", timedelta(minutes=5), self)

    async def __call__(self, _database: Database, _settings: Settings) -> None:
        self.runs += 1
        if self.runs <= self._failures:
            raise RuntimeError("no luck with jan@example.nl")


@pytest.fixture
def context(database: Database, settings: Settings) -> dict[str, Any]:
    """What arq gives to the first attempt of a run planned for SLOT."""
    score = int(SLOT.timestamp() * 1000)
    return {"database": database, "settings": settings, "job_id": uuid4().hex, "job_try": 1, "score": score}


@given(st.integers(0, 366 * 86_400 - 1), st.sampled_from([5, 30, 60, 300, 3600, 7200, 86400]))
def test_a_moment_is_in_one_slot(second: int, seconds: int) -> None:
    scheduled = Scheduled("x", timedelta(seconds=seconds), CRONTAB[0].work)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    slot = scheduled.slot(moment)
    assert slot <= moment < slot + scheduled.every
    assert (slot.hour * 3600 + slot.minute * 60 + slot.second) % seconds == 0
    assert scheduled.slot(slot) == slot


@pytest.mark.parametrize("seconds", [0.5, 7, 90, 5400, 172800])
def test_a_period_divides_a_minute_an_hour_or_a_day(seconds: float) -> None:
    with pytest.raises(ValueError, match="does not divide"):
        Scheduled("x", timedelta(seconds=seconds), CRONTAB[0].work)


async def test_a_slot_is_run_once_by_however_many_workers(context: dict[str, Any]) -> None:
    work = Work()
    await asyncio.gather(*(run_scheduled({**context, "job_id": str(n)}, work.scheduled) for n in range(4)))
    assert work.runs == 1
    await run_scheduled({**context, "score": context["score"] + 300_000}, work.scheduled)
    assert work.runs == 2


async def test_a_failed_run_is_tried_again_in_its_slot(context: dict[str, Any]) -> None:
    work = Work(failures=1)
    with pytest.raises(Retry):
        await run_scheduled(context, work.scheduled)
    await run_scheduled({**context, "job_try": 2}, work.scheduled)
    assert work.runs == 2


async def test_the_last_failure_is_kept_without_personal_data(
    context: dict[str, Any], owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    work = Work(failures=MOST_ATTEMPTS)
    await run_scheduled({**context, "job_try": MOST_ATTEMPTS}, work.scheduled)
    row = await owner.fetchrow("SELECT * FROM failed_job WHERE job = $1", work.scheduled.name)
    assert row is not None
    assert (row["attempts"], row["state"], row["job_id"]) == (MOST_ATTEMPTS, "OPEN", context["job_id"])
    assert row["error"].startswith("RuntimeError: no luck with")
    assert "jan@example.nl" not in row["error"]


async def test_every_entry_of_the_crontab_runs(context: dict[str, Any]) -> None:
    for scheduled in CRONTAB:
        await run_scheduled({**context, "job_try": 2}, scheduled)
    assert len({scheduled.name for scheduled in CRONTAB}) == len(CRONTAB)


async def test_old_slots_are_forgotten(database: Database, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    name = uuid4().hex
    async with database.session(SYSTEM) as session:
        await jobs.take_slot(session, name, datetime.now(UTC))
        await jobs.take_slot(session, name, datetime.now(UTC) - timedelta(days=8))
        await jobs.sweep_slots(session)
    assert await owner.fetchval("SELECT count(*) FROM cron_slot WHERE job = $1", name) == 1


# --- arq ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[ArqRedis]:
    pool = await create_pool(
        redis_settings(redis_url), job_serializer=pack, job_deserializer=unpack, default_queue_name=QUEUE
    )
    yield pool
    await pool.aclose()


async def test_the_worker_runs_what_is_due(queue: ArqRedis, database: Database, settings: Settings) -> None:
    work = Work()
    await queue.enqueue_job(work.scheduled.name, _job_id=uuid4().hex)
    worker = worker_of(settings, database, (work.scheduled,), burst=True, handle_signals=False)
    async with asyncio.timeout(20):
        await worker.async_run()
    await worker.close()
    assert work.runs == 1


def test_jobs_are_msgpack() -> None:
    job = {"t": None, "f": "x", "a": (1, "two"), "k": {"three": None}, "et": 1}
    assert unpack(pack(job)) == {**job, "a": [1, "two"]}
    assert b"RuntimeError" in pack({"r": RuntimeError("x")})


def test_redis_urls_with_percent_signs() -> None:
    parsed = redis_settings("unix://:a%2Fb@/tmp/with%20space/valkey.sock?db=3")
    assert (parsed.password, parsed.unix_socket_path, parsed.database) == ("a/b", "/tmp/with space/valkey.sock", 3)
