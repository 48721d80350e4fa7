"""Spending from a budget that all processes share, mostly without asking Redis.

A process takes a slice (one twentieth of the budget) beyond what it needs and spends from it. What requests give back
stays in the process up to one slice; the rest, and a slice that was not touched for a second, goes back. So within any
`t` seconds at most budget + t × rate + processes × slice are spent under one key, requests that are being answered
counted in full. A process that dies loses its slice to nobody for longer than the bucket takes to refill.

Where Redis does not answer, each process goes on with a budget of its own: reads go on, at most processes × budget.
"""

import asyncio
import time
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.cost import measures
from api.cost.bucket import Bucket, Moved, OwnBucket, Rates, RedisBucket

SLICES = 20
SWEEP_SECONDS = 1.0
_REDIS_SECONDS = 0.5
_PAUSE_SECONDS = 5.0
"""How long Redis is not asked again after it did not answer."""

log = structlog.get_logger(__name__)


_BUDGETS: "dict[int, Budget]" = {}


def budget_of(redis: Redis | None) -> "Budget":
    """The budgets that this process keeps with a server."""
    if (found := _BUDGETS.get(id(redis))) is None:
        found = _BUDGETS[id(redis)] = Budget(redis)  # holds the client, so that its id stays its own
    return found


class Exhausted(Exception):
    """The budget does not hold what is asked for; it may after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(slots=True)
class Lease:
    """What a process holds of one budget."""

    key: str
    rates: Rates
    left: int = 0
    owed: int = 0
    """To be given back; not spent any more."""
    open: int = 0
    """Requests that will give back."""
    elsewhere: int = 0
    """What the bucket held when it was last asked."""
    asked_at: float = 0.0
    touched: bool = True

    @property
    def slice(self) -> int:
        return max(self.rates.budget // SLICES, 1)

    @property
    def available(self) -> int:
        """What the budget holds, as far as this process knows."""
        refilled = (time.monotonic() - self.asked_at) * self.rates.per_second
        return min(self.left + self.owed + self.elsewhere + int(refilled), self.rates.budget)

    def keep(self, amount: int) -> None:
        """Hold an amount, what exceeds a slice only until it is given back."""
        self.left += amount
        if (beyond := self.left - self.slice) > 0:
            self.left -= beyond
            self.owed += beyond


@dataclass(slots=True)
class Budget:
    """The budgets of one process."""

    redis: Redis | None
    _leases: dict[str, Lease] = field(default_factory=dict)
    _own: OwnBucket = field(default_factory=OwnBucket)
    _shared: Bucket | None = None
    _paused_until: float = 0.0
    _sweeping: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self._shared = RedisBucket(self.redis) if self.redis else None

    async def take(self, key: str, amount: int, rates: Rates) -> Lease:
        """Spend an amount. Raises: Exhausted"""
        lease = self._lease(key, rates)
        if lease.left < amount:
            await self._fetch(lease, amount)
        lease.left -= amount
        lease.open += 1
        lease.touched = True
        return lease

    def give(self, lease: Lease, amount: int) -> None:
        """End what `take` began: `amount` was not spent, or, below zero, was spent beyond it."""
        lease.open -= 1
        lease.keep(amount)

    async def close(self) -> None:
        """Give everything back."""
        if self._sweeping:
            self._sweeping.cancel()
        for lease in [*self._leases.values()]:
            await self._return(lease, everything=True)
        if _BUDGETS.get(id(self.redis)) is self:
            del _BUDGETS[id(self.redis)]

    def _lease(self, key: str, rates: Rates) -> Lease:
        lease = self._leases.get(key)
        if lease is None or lease.rates is not rates:
            lease = self._leases[key] = Lease(key, rates)
            self._sweep_later()
        return lease

    async def _fetch(self, lease: Lease, amount: int) -> None:
        """Take what is missing and a slice, if both are there; meanwhile nobody else spends what is there."""
        here, give, lease.left, lease.owed = lease.left, lease.owed, 0, 0
        need, moved = amount - here, None
        try:
            moved = await self._move(lease.key, lease.rates, give, need, need + lease.slice)
        finally:
            if moved is None:
                lease.left, lease.owed = lease.left + here, lease.owed + give
        lease.elsewhere, lease.asked_at = moved.available, time.monotonic()
        if moved.taken == 0:
            lease.keep(here)
            raise Exhausted(moved.wait)
        lease.keep(moved.taken - need)
        lease.left += amount

    async def _move(self, key: str, rates: Rates, give: int, need: int, want: int) -> Moved:
        if self._shared and time.monotonic() >= self._paused_until:
            try:
                async with asyncio.timeout(_REDIS_SECONDS):
                    return await self._shared.move(key, rates, give, need, want)
            except (RedisError, OSError) as error:
                self._paused_until = time.monotonic() + _PAUSE_SECONDS
                log.error("cost_budget_without_redis", error=type(error).__name__)
        if self._shared:
            measures.WITHOUT_REDIS.inc()
        return await self._own.move(key, rates, give, need, want)

    # --- giving back ------------------------------------------------------------------------------------------------

    def _sweep_later(self) -> None:
        sweeping, loop = self._sweeping, asyncio.get_running_loop()
        if sweeping is None or sweeping.done() or sweeping.get_loop() is not loop:
            self._sweeping = loop.create_task(self._sweep(), name="cost-budget")

    async def _sweep(self) -> None:
        """While anything is held: what was not needed for a second goes back."""
        while self._leases:
            await asyncio.sleep(SWEEP_SECONDS)
            for lease in [*self._leases.values()]:
                await self._return(lease, everything=not lease.touched)
                lease.touched = False

    async def _return(self, lease: Lease, *, everything: bool) -> None:
        amount, lease.owed = lease.owed, 0
        if everything:
            amount, lease.left = amount + lease.left, 0
        if amount:
            moved = await self._move(lease.key, lease.rates, amount, 0, 0)
            lease.elsewhere, lease.asked_at = moved.available, time.monotonic()
        if everything and not (lease.left or lease.owed or lease.open or lease.touched):
            self._leases.pop(lease.key, None)
