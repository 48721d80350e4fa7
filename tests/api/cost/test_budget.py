"""A budget that processes share: never more than it holds, mostly without a round trip, going on without Redis."""

import asyncio
import sys
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from api.cost import measures
from api.cost.bucket import Moved, OwnBucket, Rates, RedisBucket
from api.cost.budget import SLICES, Budget, Exhausted, budget_of
from tests.api.cost.spender import RATES, spend

SLOW = Rates(budget=1_000, per_second=1, maximum=500)
SLICE = SLOW.budget // SLICES


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(redis_url, decode_responses=True)
    yield client
    await client.aclose()


@pytest.fixture
def key() -> str:
    return f"cost:test:{uuid4()}"


class Counted(RedisBucket):
    """Counts its round trips."""

    calls = 0

    async def move(self, key: str, rates: Rates, give: int, need: int, want: int) -> Moved:
        self.calls += 1
        return await super().move(key, rates, give, need, want)


def counting(redis: Redis) -> tuple[Budget, Counted]:
    budget = Budget(redis)
    budget._shared = bucket = Counted(redis)
    return budget, bucket


@pytest.mark.parametrize("kind", ["redis", "own"])
async def test_a_bucket_gives_what_it_holds_and_says_when_it_will_hold_more(redis: Redis, key: str, kind: str) -> None:
    bucket = RedisBucket(redis) if kind == "redis" else OwnBucket()
    assert await bucket.move(key, SLOW, 0, 900, 950) == Moved(950, 50)
    refused = await bucket.move(key, SLOW, 0, 151, 151)
    assert (refused.taken, refused.available) == (0, 50)
    assert 100 < refused.wait <= 101
    assert await bucket.move(key, SLOW, 0, 40, 90) == Moved(40, 10)
    assert await bucket.move(key, SLOW, 500, 0, 0) == Moved(0, 510)
    assert (await bucket.move(key, SLOW, 10_000, 0, 0)).available == 1_000
    assert (await bucket.move(key, SLOW, 0, 1_001, 1_001)).taken == 0


@pytest.mark.parametrize("kind", ["redis", "own"])
async def test_a_bucket_refills_by_itself(redis: Redis, key: str, kind: str) -> None:
    bucket = RedisBucket(redis) if kind == "redis" else OwnBucket()
    fast = Rates(budget=1_000, per_second=20_000, maximum=1_000)
    assert (await bucket.move(key, fast, 0, 1_000, 1_000)).taken == 1_000
    async with asyncio.timeout(5):
        while (await bucket.move(key, fast, 0, 1_000, 1_000)).taken == 0:
            await redis.ping()


async def test_a_full_bucket_leaves_nothing_in_redis(redis: Redis, key: str) -> None:
    bucket = RedisBucket(redis)
    await bucket.move(key, SLOW, 0, 10, 10)
    assert 9_000 < await redis.pttl(key) <= 11_000
    await bucket.move(key, SLOW, 10, 0, 0)
    assert not await redis.exists(key)


async def test_most_requests_need_no_round_trip(redis: Redis, key: str) -> None:
    budget, bucket = counting(redis)
    for _ in range(SLICE * 4):
        budget.give(await budget.take(key, 2, SLOW), 1)
    assert bucket.calls <= 5
    await budget.close()


async def test_what_is_given_back_can_be_spent_again_by_everybody(redis: Redis, key: str) -> None:
    one, other = Budget(redis), Budget(redis)
    held = await one.take(key, 500, SLOW)
    also = await one.take(key, 400, SLOW)
    with pytest.raises(Exhausted) as refused:
        await other.take(key, 400, SLOW)
    assert 290 < refused.value.seconds <= 400
    one.give(held, 500)
    one.give(also, 399)
    assert held.left <= SLICE
    await one.close()
    assert (await other.take(key, 500, SLOW)).available >= 999 - 500
    await other.close()


async def test_what_is_idle_goes_back(redis: Redis, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cost.budget.SWEEP_SECONDS", 0.01)
    budget = Budget(redis)
    budget.give(await budget.take(key, 10, SLOW), 10)
    assert await redis.exists(key)
    async with asyncio.timeout(5):
        while await redis.exists(key) or budget._leases:
            await redis.ping()


async def test_more_than_was_requested_is_paid_for(redis: Redis, key: str) -> None:
    budget = Budget(redis)
    budget.give(await budget.take(key, 10, SLOW), -500)
    assert (await budget.take(key, 100, SLOW)).available <= 1_000 - 610 + 1
    await budget.close()


async def test_a_cancelled_request_loses_nothing_that_the_process_held(redis: Redis, key: str) -> None:
    budget = Budget(redis)
    lease = await budget.take(key, 10, SLOW)
    budget.give(lease, 10)
    before = lease.left
    taking = asyncio.create_task(budget.take(key, 300, SLOW))
    await asyncio.sleep(0)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert lease.left == before
    await budget.close()


async def test_two_instances_spend_what_the_budget_holds(redis: Redis, key: str) -> None:
    budgets = [Budget(redis), Budget(redis)]
    spent = sum(await asyncio.gather(*(spend(budget, key, seed) for seed, budget in enumerate(budgets))))
    _assert_within(spent, processes=2)
    for budget in budgets:
        await budget.close()


async def test_two_processes_spend_what_the_budget_holds(redis_url: str, key: str) -> None:
    """Told to wait while the other holds a slice and has requests under way, they may stop that much early."""
    started = [await _process(redis_url, f"{key}") for _ in range(2)]
    for process in started:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    spent = sum(int(out) for out, _ in await asyncio.gather(*(process.communicate(b"\n") for process in started)))
    _assert_within(spent, processes=2)


def _assert_within(spent: int, processes: int) -> None:
    """At one unit per second the refill does not count."""
    slice_, overlapping = RATES.budget // SLICES, 4 * processes * RATES.maximum
    assert RATES.budget - processes * slice_ - overlapping <= spent <= RATES.budget + processes * slice_ + 60


async def _process(*arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.api.cost.spender", *arguments, stdin=pipe, stdout=pipe
    )


async def test_without_redis_a_process_goes_on_with_a_budget_of_its_own(key: str) -> None:
    nobody: Redis = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.1)
    budget, before = Budget(nobody), measures.WITHOUT_REDIS._value.get()
    for _ in range(2):
        budget.give(await budget.take(key, 450, SLOW), 0)
    with pytest.raises(Exhausted):
        await budget.take(key, 450, SLOW)
    assert measures.WITHOUT_REDIS._value.get() >= before + 3
    await nobody.aclose()


async def test_a_redis_that_hangs_is_not_waited_for_twice(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr("api.cost.budget._REDIS_SECONDS", 0.05)
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    hanging: Redis = Redis(host=host, port=port)
    budget, bucket = counting(hanging)
    for _ in range(5):
        await budget.take(key, 60, SLOW)
    assert bucket.calls == 1
    await hanging.aclose()
    server.close()


async def test_a_redis_that_comes_back_is_used_again(redis: Redis, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cost.budget._PAUSE_SECONDS", 0.0)
    budget = Budget(redis)
    budget._shared = RedisBucket(Redis(host="127.0.0.1", port=1))
    await budget.take(key, 100, SLOW)
    assert not await redis.exists(key)
    budget._shared = RedisBucket(redis)
    await budget.take(key, 100, SLOW)
    assert await redis.exists(key)


async def test_a_process_keeps_one_budget_per_server(redis: Redis, redis_url: str) -> None:
    other: Redis = Redis.from_url(redis_url)
    assert budget_of(redis) is budget_of(redis) is not budget_of(other)
    closed = budget_of(redis)
    await closed.close()
    assert budget_of(redis) is not closed
    await budget_of(redis).close()
    await budget_of(other).close()
    await other.aclose()
