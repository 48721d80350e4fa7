"""The schedule: slots, one job per slot over all workers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.jobs import service as jobs
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from workers.crontab import CRONTAB, Scheduled
from workers.jobs import JOBS
from workers.schedule import Clock, name_of

SLOT = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)


async def nothing(_database: Database, _settings: Settings) -> None:
    pass


@pytest.fixture
async def empty(fresh_database: Any, database: Database) -> AsyncIterator[Database]:
    made = Database(await fresh_database(), database._password)
    yield made
    await made.close()


@given(st.integers(0, 366 * 86_400 - 1), st.sampled_from([5, 30, 60, 300, 3600, 7200, 86400]))
def test_a_moment_is_in_one_slot(second: int, seconds: int) -> None:
    scheduled = Scheduled("x", timedelta(seconds=seconds), nothing)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    slot = scheduled.slot(moment)
    assert slot <= moment < slot + scheduled.every
    assert (slot.hour * 3600 + slot.minute * 60 + slot.second) % seconds == 0
    assert scheduled.slot(slot) == slot


@pytest.mark.parametrize("seconds", [0.5, 7, 90, 5400, 172800])
def test_a_period_divides_a_minute_an_hour_or_a_day(seconds: float) -> None:
    with pytest.raises(ValueError, match="does not divide"):
        Scheduled("x", timedelta(seconds=seconds), nothing)


async def test_a_slot_is_one_job_for_however_many_workers(empty: Database) -> None:
    scheduled = Scheduled("job", timedelta(minutes=5), nothing)
    clocks = [Clock(empty, (scheduled,)) for _ in range(4)]
    assert sum(await asyncio.gather(*(clock.tick(SLOT) for clock in clocks))) == 1
    assert sum([await clock.tick(SLOT + timedelta(minutes=4)) for clock in clocks]) == 0
    async with empty.session(SYSTEM) as session:
        assert await jobs.waits(session, name_of(scheduled))


async def test_slots_do_not_pile_up_while_nobody_works(empty: Database) -> None:
    clock = Clock(empty, (Scheduled("job", timedelta(minutes=5), nothing),))
    assert [await clock.tick(SLOT + timedelta(minutes=5 * number)) for number in range(3)] == [1, 1, 1]
    owner = await asyncpg.connect(empty.url)
    assert await owner.fetchval("SELECT count(*) FROM job") == 1
    assert await owner.fetchval("SELECT count(*) FROM cron_slot") == 3
    await owner.close()


async def test_every_entry_of_the_crontab_is_a_job_that_runs(empty: Database, settings: Settings) -> None:
    assert len({scheduled.name for scheduled in CRONTAB}) == len(CRONTAB)
    for scheduled in CRONTAB:
        assert JOBS[name_of(scheduled)].outside
        await scheduled.work(empty, settings)


async def test_old_slots_are_forgotten(database: Database, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    name = uuid4().hex
    async with database.session(SYSTEM) as session:
        await jobs.take_slot(session, name, datetime.now(UTC))
        await jobs.take_slot(session, name, datetime.now(UTC) - timedelta(days=8))
        await jobs.sweep_slots(session)
    assert await owner.fetchval("SELECT count(*) FROM cron_slot WHERE job = $1", name) == 1
