"""A process that spends from a budget until it is exhausted: `python -m tests.api.cost.spender URL KEY`."""

import asyncio
import random
import sys

from redis.asyncio import Redis

from api.cost.bucket import Rates
from api.cost.budget import Budget, Exhausted

RATES = Rates(budget=20_000, per_second=1, maximum=1_000)


async def spend(budget: Budget, key: str, seed: int) -> int:
    """What was spent before somebody was told to wait; requests overlap, and most give something back."""
    chosen, spent, over = random.Random(seed), 0, False

    async def worker() -> None:
        nonlocal spent, over
        while not over:
            requested = chosen.randint(1, RATES.maximum)
            try:
                lease = await budget.take(key, requested, RATES)
            except Exhausted:
                over = True
                return
            actual = chosen.randint(requested // 2, requested)
            await asyncio.sleep(0)
            spent += actual
            budget.give(lease, requested - actual)

    await asyncio.gather(*(worker() for _ in range(4)))
    return spent


async def main(url: str, key: str) -> None:
    client: Redis = Redis.from_url(url, decode_responses=True)
    budget = Budget(client)
    _say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    spent = await spend(budget, key, seed=len(sys.argv[2]))
    await budget.close()
    await client.aclose()
    _say(str(spent))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
