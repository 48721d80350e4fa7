"""The relay: every committed event in the stream, once, in order, whatever dies."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from domain.events.positions import newest
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.domain.events.telling import entity_of, tell, told
from tests.workers.relaying import OtherProcess, Stream, relaying
from workers import relay
from workers.relay import AFTER_LOSS, STREAM


@pytest.fixture
async def stream(settings: Settings) -> AsyncIterator[Stream]:
    redis = Redis.from_url(settings.redis_url)
    await redis.delete(STREAM)
    yield Stream(redis)
    await redis.delete(STREAM)
    await redis.aclose()


@pytest.fixture
async def entity_id(database: Database) -> UUID:
    return await entity_of(database)


async def last(database: Database) -> int:
    async with database.session(SYSTEM) as session:
        return await newest(session)


async def positions(owner: "asyncpg.Connection[Any]", entries: list[dict[str, Any]]) -> list[int]:
    """Those that should be in the stream, from its first one on."""
    rows = await owner.fetch(
        "SELECT position FROM event_position WHERE position >= $1 ORDER BY 1", entries[0]["position"]
    )
    return [row["position"] for row in rows]


async def is_whole(owner: "asyncpg.Connection[Any]", entries: list[dict[str, Any]]) -> None:
    """Nothing is missing, doubled or out of order, and each entry names the one before."""
    found = [entry["position"] for entry in entries]
    assert found == await positions(owner, entries)
    assert [entry["previous"] for entry in entries[1:]] == found[:-1]


async def test_what_is_committed_is_published_with_whom_it_concerns(
    database: Database, settings: Settings, stream: Stream, owner: "asyncpg.Connection[Any]"
) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        partner = await factories.organization(session, entity)
    async with relaying(settings):
        subject = await told(database, entity.id, channel=[partner.id])
        entries = await stream.until(await last(database))
    await is_whole(owner, entries)
    entry = entries[-1]
    assert (entry["subject_id"], entry["entity_id"]) == (str(subject), str(entity.id))
    assert (entry["type"], entry["subject_type"], entry["keys"]) == ("lead.submitted", "Lead", [str(partner.id)])


async def test_what_is_rolled_back_is_never_published(
    database: Database, settings: Settings, stream: Stream, entity_id: UUID
) -> None:
    async with relaying(settings):
        async with database.session(SYSTEM) as session:
            lost = await tell(session, entity_id)
            await session.rollback()
        await told(database, entity_id)
        entries = await stream.until(await last(database))
    assert str(lost) not in {entry["subject_id"] for entry in entries}


async def test_one_of_several_works_and_another_takes_over(
    database: Database, settings: Settings, stream: Stream, entity_id: UUID, owner: "asyncpg.Connection[Any]"
) -> None:
    async with relaying(settings) as first, relaying(settings):
        for number in range(20):
            await told(database, entity_id)
            if number == 10:
                await stream.until(await last(database))
                first.cancel()
        entries = await stream.until(await last(database))
    await is_whole(owner, entries)
    assert len(entries) >= 20


async def test_a_relay_that_is_killed_is_replaced_and_nothing_is_lost(
    database: Database, settings: Settings, stream: Stream, entity_id: UUID, owner: "asyncpg.Connection[Any]"
) -> None:
    others = [OtherProcess() for _ in range(2)]
    try:
        first = await _one_that_works(others)
        writing = asyncio.create_task(_write(database, entity_id, 40))
        while len(await stream.entries()) < 10:
            await stream.redis.xread({STREAM: "$"}, block=10)
        first.kill()
        others.remove(first)
        await others[0].works()
        await writing
        entries = await stream.until(await last(database))
    finally:
        for other in others:
            other.kill()
    await is_whole(owner, entries)


async def _one_that_works(others: list[OtherProcess]) -> OtherProcess:
    waiting = {asyncio.create_task(other.works()): other for other in others}
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    return waiting[done.pop()]


async def _write(database: Database, entity_id: UUID, count: int) -> None:
    for _ in range(count):
        await told(database, entity_id)


async def test_one_that_stands_by_tells_how_far_the_other_is_behind(
    database: Database, settings: Settings, stream: Stream, entity_id: UUID, owner: "asyncpg.Connection[Any]"
) -> None:
    await owner.execute("SELECT pg_advisory_lock($1)", relay._ONE_AT_A_TIME)  # a holder that does nothing
    await stream.redis.xadd(STREAM, {"e": b"{}"}, id=f"{await last(database)}-0")
    await _write(database, entity_id, 3)
    async with relaying(settings), asyncio.timeout(10):
        while _told() != 3.0:
            await stream.redis.ping()
        await owner.execute("SELECT pg_advisory_unlock($1)", relay._ONE_AT_A_TIME)
        await stream.until(await last(database))
        while _told():
            await stream.redis.ping()


def _told() -> float | None:
    return REGISTRY.get_sample_value("chargecars_relay_lag_events")


async def test_two_that_both_believe_to_be_the_one_double_nothing(
    database: Database,
    settings: Settings,
    stream: Stream,
    entity_id: UUID,
    owner: "asyncpg.Connection[Any]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after a network that fell apart: the server has freed the lock and the old holder does not know."""

    async def holds(*_: Any) -> None:
        pass

    monkeypatch.setattr(relay.Relay, "_hold", holds)
    async with relaying(settings), relaying(settings):
        await asyncio.gather(*(_write(database, entity_id, 15) for _ in range(3)))
        entries = await stream.until(await last(database))
    await is_whole(owner, entries)


async def test_it_goes_on_after_postgresql_cut_it_off(
    database: Database, settings: Settings, stream: Stream, entity_id: UUID, owner: "asyncpg.Connection[Any]"
) -> None:
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'chargecars-relay' AND datname = current_database()"
    )
    async with relaying(settings), database.session(SYSTEM) as session:
        await told(database, entity_id)
        await stream.until(await last(database))
        connection = await session.connection()
        assert (await connection.exec_driver_sql(cut)).scalar() is True
        await told(database, entity_id)
        entries = await stream.until(await last(database))
    await is_whole(owner, entries)


async def test_it_goes_on_after_redis_cut_it_off_and_lost_everything(
    database: Database, settings: Settings, stream: Stream, entity_id: UUID
) -> None:
    async with relaying(settings):
        await told(database, entity_id)
        before = await stream.until(await last(database))
        await stream.redis.delete(STREAM)
        await stream.cut_off_others()
        await told(database, entity_id)
        after = await stream.until(await last(database))
    assert after[0]["previous"] == before[-1]["position"]


async def test_an_empty_stream_begins_a_little_before_the_end(
    database: Database,
    settings: Settings,
    stream: Stream,
    entity_id: UUID,
    owner: "asyncpg.Connection[Any]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay, "AFTER_LOSS", 5)
    assert AFTER_LOSS > 5
    await _write(database, entity_id, 8)
    async with relaying(settings):
        entries = await stream.until(await last(database))
    await is_whole(owner, entries)
    assert len(entries) <= 5
    assert entries[-1]["position"] - entries[0]["previous"] <= 6 + 5


async def test_the_stream_of_another_log_is_begun_anew(
    database: Database, settings: Settings, stream: Stream, entity_id: UUID
) -> None:
    await stream.redis.xadd(STREAM, {"e": orjson.dumps({"position": 0})}, id=f"{await last(database) + 10_000}-0")
    await told(database, entity_id)
    async with relaying(settings):
        async with asyncio.timeout(10):
            while await stream.redis.xlen(STREAM) == 1 and (await stream.entries())[0]["position"] == 0:
                await stream.redis.xread({STREAM: "$"}, block=10)
        entries = await stream.until(await last(database))
    assert entries[-1]["position"] == await last(database)


async def test_a_commit_is_in_redis_within_a_tenth_of_a_second(
    database: Database, settings: Settings, stream: Stream, entity_id: UUID
) -> None:
    async with relaying(settings):
        await told(database, entity_id)
        await stream.until(await last(database))
        seconds = sorted([await _seconds(database, stream, entity_id) for _ in range(40)])
    assert seconds[37] < 0.1, seconds


async def _seconds(database: Database, stream: Stream, entity_id: UUID) -> float:
    """From the commit of one event to its arrival."""
    waiting = asyncio.create_task(stream.redis.xread({STREAM: "$"}, block=5000))
    while not (await stream.redis.info("clients"))["blocked_clients"]:
        pass
    await told(database, entity_id)
    committed = time.perf_counter()
    assert await waiting
    return time.perf_counter() - committed
