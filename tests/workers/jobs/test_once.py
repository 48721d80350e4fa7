"""Each effect once: commits, rollbacks, double requests, two workers, stalled workers, a Redis that forgets."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.jobs import service as jobs
from tenants.actor import SYSTEM
from tests.workers.jobs.conftest import LEASE, Bench
from workers.jobs import job
from workers.run import Run

pytestmark = pytest.mark.usefixtures("declared")
_INSERT = text("INSERT INTO effect (number) VALUES (:number)")


async def write(session: AsyncSession, arguments: Mapping[str, Any], _run: Run) -> None:
    await session.execute(_INSERT, {"number": arguments["number"]})


async def test_a_job_runs_after_the_commit_that_asked_for_it(bench: Bench) -> None:
    job("test.write")(write)
    async with bench.workers():
        async with bench.database.session(SYSTEM) as session:
            id = await jobs.enqueue(session, "test.write", {"number": 1})
            assert await bench.owner.fetchval("SELECT count(*) FROM job") == 0
        await bench.ended(id)
    row = await bench.job(id)
    assert await bench.effects() == [1]
    assert (row["attempts"], row["failures"], row["progress"], row["lease_until"]) == (1, 0, 1.0, None)


async def test_a_rollback_asks_for_nothing(bench: Bench) -> None:
    async def ask_and_fail() -> None:
        async with bench.database.session(SYSTEM) as session:
            await jobs.enqueue(session, "test.write", {"number": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await ask_and_fail()
    assert await bench.owner.fetchval("SELECT count(*) FROM job") == 0


async def test_many_jobs_over_two_workers(bench: Bench) -> None:
    job("test.write")(write)
    ids = [await bench.ask("test.write", {"number": number}) for number in range(60)]
    async with bench.workers(2):
        await bench.ended(*ids)
    assert await bench.effects() == list(range(60))
    assert await bench.owner.fetchval("SELECT max(attempts) FROM job") == 1


async def test_jobs_of_one_key_are_one_job(bench: Bench) -> None:
    job("test.write")(write)
    ids = await asyncio.gather(*(bench.ask("test.write", {"number": n}, key="one") for n in range(4)))
    other = await bench.ask("test.write", {"number": 9}, key="two")
    async with bench.workers():
        await bench.ended(*ids[:1], other)
        assert await bench.ask("test.write", {"number": 5}, key="one") == ids[0]
    assert len(set(ids)) == 1
    assert len(await bench.effects()) == 2


async def test_a_job_waits_for_its_time(bench: Bench) -> None:
    job("test.write")(write)
    later = await bench.ask("test.write", {"number": 2}, run_at=datetime.now(UTC) + timedelta(hours=1))
    soon = await bench.ask("test.write", {"number": 1}, run_at=datetime.now(UTC) + timedelta(milliseconds=200))
    async with bench.workers():
        await bench.ended(soon)
    assert await bench.state(later) == "QUEUED"


async def test_a_stalled_attempt_commits_nothing(bench: Bench) -> None:
    """Its lease ran out, another worker did the work; then it comes to."""
    begun, stalled = asyncio.Event(), asyncio.Event()

    @job("test.stalls")
    async def stalls(session: AsyncSession, _arguments: object, run: Run) -> None:
        await session.execute(_INSERT, {"number": run.attempt})
        if run.attempt == 1:
            begun.set()
            while not stalled.is_set():  # cancelled by its own heart, it goes on all the same
                try:
                    await asyncio.wait_for(stalled.wait(), 5)
                except asyncio.CancelledError:
                    continue

    id = await bench.ask("test.stalls")
    async with bench.workers() as [first]:
        await begun.wait()
        first._heart.stop()
        async with bench.workers():
            await bench.ended(id)
        stalled.set()
    assert await bench.effects() == [2]
    row = await bench.job(id)
    assert (row["attempts"], row["interruptions"], row["failures"]) == (2, 1, 0)


async def test_work_that_keeps_the_loop_busy_is_not_taken_away(bench: Bench) -> None:
    @job("test.busy")
    async def busy(session: AsyncSession, arguments: Mapping[str, Any], run: Run) -> None:
        import time

        time.sleep(LEASE * 2)  # noqa: ASYNC251  # that is the point
        await write(session, arguments, run)

    id = await bench.ask("test.busy", {"number": 1})
    async with bench.workers(2):
        await bench.ended(id)
    assert (await bench.job(id))["attempts"] == 1


async def test_redis_may_forget_everything(bench: Bench) -> None:
    """What was handed over and not begun is handed over again."""
    job("test.write")(write)
    release = asyncio.Event()

    @job("test.blocks")
    async def blocks(*_: object) -> None:
        await release.wait()

    redis = Redis.from_url(bench.settings.redis_url)
    async with bench.workers(worker_queues="default:1"):
        blocking = await bench.ask("test.blocks")
        await bench.ended(blocking, state="RUNNING")
        ids = [await bench.ask("test.write", {"number": number}) for number in range(5)]

        async def handed_over() -> bool:
            return int(await redis.zcard("chargecars:jobs:default")) == 5

        await bench.until(handed_over)
        await redis.flushdb()
        release.set()
        await bench.ended(blocking, *ids)
    await redis.aclose()
    assert await bench.effects() == list(range(5))


async def test_a_job_of_a_queue_that_nobody_serves_waits(bench: Bench) -> None:
    job("test.write", queue="slow")(write)
    id = await bench.ask("test.write", {"number": 1}, queue="slow")
    async with bench.workers(worker_queues="default:2"):
        await asyncio.sleep(0)
        async with bench.workers(worker_queues="slow"):
            await bench.ended(id)
    assert await bench.effects() == [1]


async def test_a_job_moves_to_the_queue_it_is_declared_for(bench: Bench) -> None:
    job("test.write", queue="slow")(write)
    id = await bench.ask("test.write", {"number": 1})
    async with bench.workers():
        await bench.ended(id)
    assert (await bench.job(id))["queue"] == "slow"
    assert await bench.effects() == [1]


async def test_a_worker_that_stops_gives_back_what_it_cannot_finish(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.process._FINISHING_SECONDS", 0.1)
    begun = asyncio.Event()

    @job("test.endless")
    async def endless(session: AsyncSession, _arguments: object, run: Run) -> None:
        await session.execute(_INSERT, {"number": run.attempt})
        begun.set()
        if run.attempt == 1:
            await asyncio.Event().wait()

    id = await bench.ask("test.endless")
    async with bench.workers():
        await begun.wait()
    row = await bench.job(id)
    assert (row["state"], row["failures"], row["interruptions"]) == ("QUEUED", 0, 0)
    async with bench.workers():
        await bench.ended(id)
    assert await bench.effects() == [2]


async def test_what_is_running_outlives_redis(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """arq's connection is cut while a job runs: the job goes on, and is not done twice."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def gone(*_: object, **__: object) -> None:
        raise ConnectionError("Redis went away")

    @job("test.waits")
    async def waits(session: AsyncSession, _arguments: object, run: Run) -> None:
        begun.set()
        await go_on.wait()
        await session.execute(_INSERT, {"number": run.attempt})

    id = await bench.ask("test.waits")
    async with bench.workers() as [process]:
        await begun.wait()
        arq = process._arq["default"]
        monkeypatch.setattr(arq.pool, "zrangebyscore", gone)

        async def begun_anew() -> bool:
            return process._arq["default"] is not arq

        await bench.until(begun_anew)
        go_on.set()
        await bench.ended(id)
    assert await bench.effects() == [1]
