"""Connections go from hand to hand, whoever asks for them and whatever becomes of their work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from tenants.engine import ReadConnection, connect_args
from tenants.ready_pool import ReadyPool
from tenants.settings import Settings

SECONDS = 30.0


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[ReadyPool]:
    made = await ReadyPool.open(2, **connect_args(settings.database_url), connection_class=ReadConnection)
    yield made
    async with asyncio.timeout(SECONDS):
        await made.close()


def asking(statement: str = "SELECT 1") -> Callable[[Any], Any]:
    return lambda connection: connection.fetchval(statement)


async def test_many_share_few(pool: ReadyPool) -> None:
    found = await asyncio.gather(*(pool.run(asking(f"SELECT {n}"), SECONDS) for n in range(50)))
    assert found == list(range(50))
    assert (pool.get_size(), pool.get_idle_size()) == (2, 2)


async def test_those_who_acquire_and_those_who_run_wait_for_each_other(pool: ReadyPool) -> None:
    async def acquired(n: int) -> Any:
        async with pool.acquire(timeout=SECONDS) as connection:
            return await connection.fetchval(f"SELECT {n}")

    works = [pool.run(asking(f"SELECT {n}"), SECONDS) if n % 2 else acquired(n) for n in range(80)]
    async with asyncio.timeout(SECONDS):
        assert await asyncio.gather(*works) == list(range(80))


async def test_who_runs_gets_what_was_acquired_when_it_comes_back(pool: ReadyPool) -> None:
    one, other = await pool.acquire(), await pool.acquire()
    waiting = [asyncio.ensure_future(pool.run(asking(), SECONDS)) for _ in range(5)]
    await asyncio.sleep(0)
    await pool.release(one)
    async with asyncio.timeout(SECONDS):
        assert await asyncio.gather(*waiting) == [1] * 5
    await pool.release(other)


async def test_a_failure_leaves_the_connection_usable(pool: ReadyPool) -> None:
    for _ in range(3):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await pool.run(asking("SELECT 1 / 0"), SECONDS)
    assert await asyncio.gather(*(pool.run(asking(), SECONDS) for _ in range(4))) == [1] * 4


async def test_who_stops_between_parse_and_bind_leaves_no_transaction_open(pool: ReadyPool, settings: Settings) -> None:
    async def stop(connection: Any) -> None:
        await connection.prepare("SELECT 1 FROM pg_class")
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await pool.run(stop, SECONDS)
    observer = await asyncpg.connect(settings.database_url)
    parsed = "SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL AND query = 'SELECT 1 FROM pg_class'"
    assert await observer.fetchval(parsed) == 0
    await observer.close()


async def test_who_is_cancelled_ends_its_statement_and_others_go_on(pool: ReadyPool, settings: Settings) -> None:
    sleeping = [asyncio.ensure_future(pool.run(asking("SELECT pg_sleep(60)"), SECONDS)) for _ in range(2)]
    waiting = [asyncio.ensure_future(pool.run(asking(), SECONDS)) for _ in range(3)]
    observer = await asyncpg.connect(settings.database_url)
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(60)'"
    async with asyncio.timeout(SECONDS):
        while await observer.fetchval(running) != 2:
            continue
        waiting.pop(0).cancel()
        for task in sleeping:
            task.cancel()
        assert await asyncio.gather(*waiting) == [1, 1]
        while await observer.fetchval(running):
            continue
    await observer.close()


async def test_who_waits_too_long_is_told(pool: ReadyPool) -> None:
    taken = [await pool.acquire(), await pool.acquire()]
    with pytest.raises(TimeoutError):
        await pool.run(asking(), 0.01)
    for connection in taken:
        await pool.release(connection)
    assert await pool.run(asking(), SECONDS) == 1


async def test_a_connection_that_the_server_closed_is_replaced(pool: ReadyPool, settings: Settings) -> None:
    ended = await pool.run(asking("SELECT pg_backend_pid()"), SECONDS)
    owner = await asyncpg.connect(settings.database_url)
    await owner.execute("SELECT pg_terminate_backend($1)", ended)
    await owner.close()
    for _ in range(3):  # the first may still find the old one, and fails
        try:
            fresh = await pool.run(asking("SELECT pg_backend_pid()"), SECONDS)
            break
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            continue
    assert fresh != ended


async def test_idle_connections_go_back_to_asyncpg(pool: ReadyPool) -> None:
    await pool.run(asking(), SECONDS)
    pool._tidy()
    assert pool._ready
    pool._tidy()
    await asyncio.gather(*pool._behind)
    assert not pool._ready
    assert pool.get_idle_size() == 1
    assert await pool.run(asking(), SECONDS) == 1
