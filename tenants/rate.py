"""How often something may be done: a sliding window per key in Redis, the same for every process."""

from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

_TAKE = """
local now = redis.call('TIME')
local seconds = tonumber(ARGV[2])
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local window = math.floor(at / seconds)
local current = KEYS[1] .. ':' .. window
local before = tonumber(redis.call('GET', KEYS[1] .. ':' .. (window - 1)) or '0')
local used = tonumber(redis.call('GET', current) or '0')
local weighed = used + before * (1 - (at % seconds) / seconds)
local limit = tonumber(ARGV[1])
if weighed + 1 > limit then
  return math.max(1, math.ceil(seconds - at % seconds))
end
redis.call('INCR', current)
redis.call('EXPIRE', current, seconds * 2)
return 0
"""
"""The count of the running window plus the part of the previous one that still counts; 0, or seconds to wait."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether one more was allowed, and if not after how many seconds it may be."""

    allowed: bool
    retry_after: int = 0


class LimiterDown(Exception):
    """Redis does not answer, and what was asked for must not happen uncounted."""


async def take(redis: Redis | None, key: str, limit: int, seconds: int, *, closed: bool = False) -> Taken:
    """Count one use of `key`, of which `limit` are allowed per `seconds`; a refused one does not count.

    Where Redis does not answer the use is allowed, or with `closed` (logins, codes) LimiterDown is raised.
    """
    try:
        if redis is None:
            raise ConnectionError("no Redis is configured")
        wait = int(await redis.eval(_TAKE, 1, f"rate:{key}", str(limit), str(seconds)))  # type: ignore[misc]  # awaitable in redis.asyncio, typed as either
    except (RedisError, OSError) as error:
        log.error("rate_limiter_down", closed=closed, error=type(error).__name__)
        if closed:
            raise LimiterDown() from error
        return Taken(True)
    return Taken(wait == 0, wait)


_WINDOW = """
local now = redis.call('TIME')
local seconds = tonumber(ARGV[2])
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local window = math.floor(at / seconds)
local current = KEYS[1] .. ':' .. window
local before = tonumber(redis.call('GET', KEYS[1] .. ':' .. (window - 1)) or '0')
local used = tonumber(redis.call('GET', current) or '0')
local weighed = used + before * (1 - (at % seconds) / seconds)
local limit = tonumber(ARGV[1])
local left = math.max(1, math.ceil(seconds - at % seconds))
if weighed + 1 > limit then
  return {0, 0, left}
end
redis.call('INCR', current)
redis.call('EXPIRE', current, seconds * 2)
return {1, math.floor(limit - weighed - 1), left}
"""
"""As above, and how many more are allowed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether one more was allowed of `limit` per `seconds`, how many are left, and when the window ends."""

    allowed: bool
    limit: int
    remaining: int
    reset: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """draft-ietf-httpapi-ratelimit-headers-07, and Retry-After where refused."""
        told = {
            "RateLimit-Policy": f"{self.limit};w={self.seconds}",
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }
        return told if self.allowed else told | {"Retry-After": str(self.reset)}


async def turn(redis: Redis | None, key: str, limit: int, seconds: int) -> Turn:
    """Like `take`, for clients that are told how much they have left; allowed where Redis does not answer."""
    try:
        if redis is None:
            raise ConnectionError("no Redis is configured")
        allowed, left, reset = await redis.eval(_WINDOW, 1, f"rate:{key}", str(limit), str(seconds))  # type: ignore[misc]  # awaitable in redis.asyncio, typed as either
    except (RedisError, OSError) as error:
        log.error("rate_limiter_down", closed=False, error=type(error).__name__)
        return Turn(True, limit, limit, seconds, seconds)
    return Turn(bool(allowed), limit, int(left), int(reset), seconds)
