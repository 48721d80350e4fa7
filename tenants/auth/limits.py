"""How often a secret may be guessed. Counted before the guess is looked at, given back when it was right."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from redis.exceptions import RedisError

from tenants.auth.errors import TooManyAttempts
from tenants.auth.sealing import fingerprint

SECONDS = 900
_MOST = 10_000


@dataclass(frozen=True)
class Limit:
    """At most `most` wrong guesses in 15 minutes about `what` (an account, an address)."""

    name: str
    what: str
    most: int

    @property
    def key(self) -> str:
        return f"auth:{self.name}:{fingerprint(self.what)[:32]}"


def network(address: str) -> str:
    """What one subscriber has: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


class Attempts:
    """Counts in Redis, so that all processes count together; each counts alone while Redis is away."""

    def __init__(self, redis: Any | None) -> None:
        self._redis = redis

    async def take(self, limits: Iterable[Limit]) -> None:
        """Count one attempt; TooManyAttempts where one limit was reached before it."""
        for limit in limits:
            count, left = await self._count(limit.key)
            if count > limit.most:
                raise TooManyAttempts(retry_after=max(left, 1))

    async def give_back(self, limits: Iterable[Limit]) -> None:
        """The attempt was right and does not count."""
        for limit in limits:
            try:
                if self._redis is not None:
                    await self._redis.decr(limit.key)
            except RedisError:
                continue

    async def _count(self, key: str) -> tuple[int, int]:
        """Attempts in the present window with this one, and the seconds until it ends."""
        if self._redis is not None:
            try:
                async with self._redis.pipeline(transaction=True) as pipe:
                    count, _, left = await pipe.incr(key).expire(key, SECONDS, nx=True).ttl(key).execute()
                return int(count), int(left)
            except RedisError:
                pass
        return _count_here(key)


_HERE: dict[str, tuple[float, int]] = {}


def _count_here(key: str) -> tuple[int, int]:
    now = time.monotonic()
    ends, count = _HERE.get(key, (now + SECONDS, 0))
    if ends <= now:
        ends, count = now + SECONDS, 0
    if len(_HERE) >= _MOST:  # made-up accounts must not fill the memory
        _HERE.clear()
    _HERE[key] = (ends, count + 1)
    return count + 1, int(ends - now)
