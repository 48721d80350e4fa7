"""Failures: further attempts, the end in failed_job, time limits, work that kills its worker, a database gone."""

import asyncio
from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from domain.jobs import lifecycle
from tenants.actor import SYSTEM
from tests.workers.jobs.conftest import Bench
from workers.attempts import MOST_INTERRUPTIONS
from workers.dispatcher import Dispatcher
from workers.jobs import GiveUp, Later, doubling, job
from workers.run import Run, progress

pytestmark = pytest.mark.usefixtures("declared")
_INSERT = text("INSERT INTO effect (number) VALUES (:number)")


def at_once(_failures: int) -> float:
    return 0.0


async def failed_jobs(bench: Bench) -> list[dict[str, Any]]:
    return [dict(row) for row in await bench.owner.fetch("SELECT * FROM failed_job ORDER BY id")]


async def test_a_failed_attempt_is_undone_and_tried_again(bench: Bench) -> None:
    @job("test.second_time", back_off=at_once)
    async def second_time(session: AsyncSession, _arguments: object, run: Run) -> None:
        await session.execute(_INSERT, {"number": run.attempt})
        if run.failures == 0:
            raise RuntimeError("not yet")

    id = await bench.ask("test.second_time")
    async with bench.workers():
        await bench.ended(id)
    row = await bench.job(id)
    assert await bench.effects() == [2]
    assert (row["attempts"], row["failures"], row["error"]) == (2, 1, None)
    assert await failed_jobs(bench) == []


async def test_the_last_failure_is_kept_without_personal_data(bench: Bench) -> None:
    @job("test.fails", attempts=2, back_off=at_once)
    async def fails(session: AsyncSession, _arguments: object, _run: Run) -> None:
        await session.execute(_INSERT, {"number": 1})
        raise RuntimeError("no luck with jan@example.nl")

    with capture_logs() as logs:
        id = await bench.ask("test.fails", {"order": 7}, key="once")
        async with bench.workers():
            await bench.ended(id, state="FAILED")
    [row] = await failed_jobs(bench)
    assert (row["job_id"], row["name"], row["queue"], row["key"]) == (id, "test.fails", "default", "once")
    assert (row["attempts"], row["state"], row["arguments"]) == (2, "OPEN", '{"order": 7}')
    assert row["error"].startswith("RuntimeError: no luck with")
    assert "jan@example.nl" not in row["error"] + str((await bench.job(id))["error"])
    assert [line["error_id"] for line in logs if line["event"] == "job_given_up"] == [row["error_id"]]
    assert await bench.effects() == []


async def test_the_platform_hears_of_a_failure_that_belongs_to_an_entity(bench: Bench) -> None:
    from tests import factories

    @job("test.fails", attempts=1)
    async def fails(*_: object) -> None:
        raise RuntimeError

    async with bench.database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
    id = await bench.ask("test.fails", entity_id=entity.id)
    async with bench.workers():
        await bench.ended(id, state="FAILED")
    [row] = await failed_jobs(bench)
    event = await bench.owner.fetchrow("SELECT * FROM event WHERE type = 'job.failed'")
    assert event is not None
    assert (event["subject_id"], event["entity_id"], event["internal"]) == (row["id"], entity.id, True)


async def test_work_that_can_never_succeed_is_not_tried_again(bench: Bench) -> None:
    @job("test.gives_up", attempts=9, back_off=at_once)
    async def gives_up(*_: object) -> None:
        raise GiveUp("what it is for is gone")

    id = await bench.ask("test.gives_up")
    async with bench.workers():
        await bench.ended(id, state="FAILED")
    assert [row["attempts"] for row in await failed_jobs(bench)] == [1]


async def test_later_is_no_failure(bench: Bench) -> None:
    @job("test.later", attempts=1)
    async def later(session: AsyncSession, _arguments: object, run: Run) -> None:
        await session.execute(_INSERT, {"number": run.attempt})
        if run.attempt < 3:
            raise Later(0.01)

    id = await bench.ask("test.later")
    async with bench.workers():
        await bench.ended(id)
    assert await bench.effects() == [3]
    assert (await bench.job(id))["failures"] == 0


async def test_a_time_limit_ends_the_statement(bench: Bench) -> None:
    @job("test.sleeps", attempts=1, timeout=0.3)
    async def sleeps(session: AsyncSession, _arguments: object, _run: Run) -> None:
        await session.execute(text("SELECT pg_sleep(60)"))

    id = await bench.ask("test.sleeps")
    async with bench.workers():
        await bench.ended(id, state="FAILED")

        async def over() -> bool:
            query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active'"
            return bool(await bench.owner.fetchval(f"{query} AND pid <> pg_backend_pid()") == 0)

        await bench.until(over)
    assert (await failed_jobs(bench))[0]["error"] == "TimeoutError: it took longer than 0.3 s"


async def test_a_long_job_may_take_longer_than_a_request(bench: Bench) -> None:
    """The limits of requests on statements and on idle transactions are not those of a job."""
    values = {}

    @job("test.long", timeout=900)
    async def long(session: AsyncSession, _arguments: object, _run: Run) -> None:
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            values[name] = (await session.execute(text(f"SHOW {name}"))).scalar()

    id = await bench.ask("test.long")
    async with bench.workers():
        await bench.ended(id)
    assert set(values.values()) == {"910s"}


async def test_a_connection_that_is_cut_is_no_failure_of_the_work(bench: Bench) -> None:
    @job("test.cut", attempts=1)
    async def cut(session: AsyncSession, arguments: Mapping[str, Any], run: Run) -> None:
        if run.attempt == 1:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        await session.execute(_INSERT, {"number": run.attempt})

    id = await bench.ask("test.cut")
    async with bench.workers():
        await bench.ended(id)
    row = await bench.job(id)
    assert await bench.effects() == [2]
    assert (row["failures"], row["interruptions"]) == (0, 1)


async def test_a_job_that_takes_its_workers_with_it_is_given_up(bench: Bench) -> None:
    id = await bench.ask("test.poison")
    dispatcher = Dispatcher(bench.database, bench.settings, ["default"])
    for attempt in range(MOST_INTERRUPTIONS):
        assert await bench.state(id) == "QUEUED"
        await bench.owner.execute("UPDATE job SET run_at = now() - interval '1 hour'")
        async with bench.database.session(SYSTEM) as session:
            assert await lifecycle.begin(session, id, attempt, ["test.poison"], -lifecycle.HAND_OVER_AGAIN)
        assert await dispatcher.find_lost() == 1
    assert await bench.state(id) == "FAILED"
    [row] = await failed_jobs(bench)
    assert row["error"] == f"interrupted {MOST_INTERRUPTIONS} times; the last time: its worker was lost"


async def test_progress_is_seen_while_the_job_runs(bench: Bench) -> None:
    told, go_on = asyncio.Event(), asyncio.Event()

    @job("test.far")
    async def far(_session: AsyncSession, _arguments: object, run: Run) -> None:
        await progress(run, 1, 4, "one of four")
        await progress(run, 2, 4, "too soon to be told")
        told.set()
        await go_on.wait()

    id = await bench.ask("test.far")
    async with bench.workers():
        await told.wait()
        row = await bench.job(id)
        go_on.set()
        await bench.ended(id)
    assert (row["state"], row["progress"], row["progress_text"]) == ("RUNNING", 0.25, "one of four")


async def test_outside_work_holds_no_transaction(bench: Bench) -> None:
    """It is begun, and nothing of it is open while it talks to others; what it writes it commits itself."""
    busy = []
    observer = await asyncpg.connect(bench.settings.database_url)

    @job("test.outside", outside=True)
    async def outside(run: Run, arguments: Mapping[str, Any]) -> None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        busy.append(await observer.fetchval(query))
        async with run.database.session(SYSTEM) as session:
            await session.execute(_INSERT, {"number": arguments["number"]})

    id = await bench.ask("test.outside", {"number": 3})
    async with bench.workers():
        await bench.ended(id)
    await observer.close()
    assert (busy, await bench.effects()) == ([0], [3])


def test_pauses_double_up_to_ten_minutes() -> None:
    assert [round(doubling(n) / 2**n) for n in (1, 2, 5)] == [1, 1, 1]
    assert 540 <= doubling(1000) <= 660


def test_a_name_is_declared_once() -> None:
    job("test.twice")(at_once)  # type: ignore[type-var]  # never run
    with pytest.raises(ValueError, match="declared twice"):
        job("test.twice")(at_once)  # type: ignore[type-var]  # never run
