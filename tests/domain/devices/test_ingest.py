"""Readings are said to be stored when they are, whatever happens to PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.devices import ingest as ingesting
from domain.devices.ingest import Closed, Ingest
from domain.devices.newest import channel
from domain.telemetry.readings import Reading
from domain.telemetry.store import Stored
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.domain.telemetry.measuring import charger, run_of

_AT = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)


@pytest.fixture
async def ingest(database: Database, settings: Settings) -> AsyncIterator[Ingest]:
    async with Ingest(database, settings.model_copy(update={"telemetry_batch_ms": 0})) as made:
        yield made


async def chargers(database: Database, count: int) -> list[UUID]:
    async with database.session(SYSTEM) as session:
        return [await charger(session) for _ in range(count)]


async def count(database: Database, ids: Sequence[UUID]) -> int:
    query = text("SELECT count(*) FROM telemetry_reading WHERE charger_id = ANY (CAST(:ids AS uuid[]))")
    async with database.session(SYSTEM) as session:
        return int((await session.execute(query, {"ids": list(ids)})).scalar_one())


async def test_many_devices_are_written_together_and_each_is_told_of_its_own(
    database: Database, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions = []

    async def follow(_session: AsyncSession, stored: Stored) -> None:
        transactions.append(stored)

    monkeypatch.setattr(ingesting, "FOLLOWERS", (follow,))
    ids = await chargers(database, 30)
    runs = [run_of(id, _AT, 20) for id in ids]
    answers = await asyncio.gather(*map(ingest.put, runs))
    assert [answer.inserted for answer in answers] == runs
    assert await count(database, ids) == 600
    assert len(transactions) < 10
    again, corrected = await asyncio.gather(
        ingest.put(runs[0]), ingest.put([runs[1][3]._replace(revision=1, power_w=1), *runs[1][:2]])
    )
    assert (again, corrected.inserted) == (Stored(), [])
    assert [reading.power_w for reading in corrected.corrected] == [1]
    assert ingest.waiting == 0


async def test_one_that_cannot_be_stored_keeps_none_of_the_others(database: Database, ingest: Ingest) -> None:
    ids = await chargers(database, 5)
    runs = [run_of(id, _AT, 3) for id in (*ids[:3], uuid4(), *ids[3:])]
    answers = await asyncio.gather(*map(ingest.put, runs), return_exceptions=True)
    assert isinstance(answers[3], asyncpg.ForeignKeyViolationError)
    assert await count(database, ids) == 15


async def test_what_is_put_while_postgresql_hangs_up_is_stored_once_it_answers(
    database: Database, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends the connection before the commit, twice; then it lets it through."""
    ended = 0

    async def end(session: AsyncSession, _stored: Stored) -> None:
        nonlocal ended
        if ended < 2:
            ended += 1
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(ingesting, "FOLLOWERS", (end,))
    [id] = await chargers(database, 1)
    run = run_of(id, _AT, 40)
    assert (await ingest.put(run)).inserted == run
    assert (ended, await count(database, [id])) == (2, 40)


async def test_who_brings_more_than_there_is_room_for_waits(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = asyncio.Event()
    go_on = asyncio.Event()

    async def wait(_session: AsyncSession, _stored: Stored) -> None:
        seen.set()
        await go_on.wait()

    monkeypatch.setattr(ingesting, "FOLLOWERS", (wait,))
    small = settings.model_copy(
        update={"telemetry_queue_readings": 10, "telemetry_batch_readings": 5, "telemetry_writers": 1}
    )
    [id] = await chargers(database, 1)
    run = run_of(id, _AT, 40)
    async with Ingest(database, small, tell=False) as ingest:
        puts = [asyncio.create_task(ingest.put(run[i : i + 5])) for i in range(0, 40, 5)]
        await seen.wait()
        assert ingest.waiting == 10
        go_on.set()
        await asyncio.gather(*puts)
    assert await count(database, [id]) == 40


async def test_closing_writes_what_waits_and_takes_no_more(database: Database, settings: Settings) -> None:
    [id] = await chargers(database, 1)
    run = run_of(id, _AT, 10)
    slow = settings.model_copy(update={"telemetry_batch_ms": 5_000})
    ingest = Ingest(database, slow, tell=False)
    puts = [asyncio.create_task(ingest.put([reading])) for reading in run]
    await asyncio.sleep(0)
    assert ingest.waiting == 10
    await ingest.close()
    assert [put.result().inserted for put in puts] == [[reading] for reading in run]
    with pytest.raises(Closed):
        await ingest.put(run)


async def test_who_looks_is_told_after_the_commit(database: Database, ingest: Ingest, settings: Settings) -> None:
    ids = await chargers(database, 20)
    runs = [run_of(id, _AT, 2) for id in ids]
    redis = Redis.from_url(settings.redis_url)
    async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(channel(ids[7]))
        await pubsub.get_message(timeout=5)
        await asyncio.gather(*map(ingest.put, runs))
        heard: Any = None
        while heard is None:
            heard = await pubsub.get_message(timeout=5)
    await redis.aclose()
    told = json.loads(heard["data"])["readings"]
    assert [reading["energyWh"] for reading in told] == [reading.energy_wh for reading in runs[7]]
    assert told[0].keys() == {
        *("connector", "readAt", "sequence", "revision", "energyWh", "powerW", "voltageMv", "currentMa"),
        *("temperatureDc", "socPercent"),
    }


async def test_readings_of_several_chargers_may_come_together(database: Database, ingest: Ingest) -> None:
    ids = await chargers(database, 3)
    mixed: list[Reading] = [r for runs in zip(*(run_of(id, _AT, 4) for id in ids), strict=True) for r in runs]
    assert sorted((await ingest.put(mixed)).inserted) == sorted(mixed)
    assert await ingest.put([]) == Stored()
