"""A budget that refills continuously (GCRA), in Redis by its own clock, or in this process where Redis is away."""

import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Protocol

from redis.asyncio import Redis

_MOST_KEYS = 50_000

_MOVE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local give, need, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local budget, unit = tonumber(ARGV[4]), 1000000 / tonumber(ARGV[5])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
full_at = math.max(full_at - give * unit, now)
local free = math.floor((now + budget * unit - full_at) / unit + 0.000001)
local taken, wait = 0, 0
if need > free then
  wait = math.ceil((need - free) * unit)
elseif want > free then
  taken = need
else
  taken = want
end
full_at = full_at + taken * unit
if full_at > now then
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1000)
else
  redis.call('DEL', KEYS[1])
end
return {taken, free - taken, wait}
"""
"""The key holds when the bucket will be full again, in microseconds; `want` is taken where it is there, else `need`."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The figures of a budget in units of cost."""

    budget: int
    per_second: int
    maximum: int
    """Of one request."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a bucket gave: `wait` seconds until it could where it gave nothing."""

    taken: int
    available: int
    wait: float = 0.0


class Bucket(Protocol):
    """Where budgets are kept."""

    async def move(self, key: str, rates: Rates, give: int, need: int, want: int) -> Moved:
        """Put `give` back, then take `want`, or else `need`, or nothing."""
        ...


class RedisBucket:
    """The budgets of all processes; their clock is the server's."""

    def __init__(self, redis: Redis) -> None:
        self._script: Any = redis.register_script(_MOVE)

    async def move(self, key: str, rates: Rates, give: int, need: int, want: int) -> Moved:
        """As Bucket. Raises: RedisError, OSError"""
        figures = [give, need, want, rates.budget, rates.per_second]
        taken, available, wait = await self._script(keys=[key], args=figures)
        return Moved(int(taken), int(available), int(wait) / 1_000_000)


class OwnBucket:
    """The budgets of this process alone."""

    def __init__(self) -> None:
        self._full_at: OrderedDict[str, float] = OrderedDict()

    async def move(self, key: str, rates: Rates, give: int, need: int, want: int) -> Moved:
        """As Bucket."""
        now, unit = time.monotonic(), 1 / rates.per_second
        full_at = max(max(self._full_at.get(key, 0.0), now) - give * unit, now)
        free = math.floor((now + rates.budget * unit - full_at) / unit + 0.000001)
        taken = 0 if need > free else need if want > free else want
        self._keep(key, full_at + taken * unit)
        return Moved(taken, free - taken, max(need - free, 0) * unit)

    def _keep(self, key: str, full_at: float) -> None:
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        while len(self._full_at) > _MOST_KEYS:
            self._full_at.popitem(last=False)
