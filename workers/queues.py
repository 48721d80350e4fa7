"""The queues that a process serves, and arq's workers for them: arq carries ids from Redis to `Attempts`, no more."""

from datetime import UTC
from typing import Any, cast
from urllib.parse import unquote
from uuid import UUID

import msgpack  # type: ignore[import-untyped]  # ships no types
from arq import func
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.typing import WorkerCoroutine
from arq.worker import Worker

from tenants.settings import Settings
from workers.attempts import Attempts

CONCURRENCY = {
    "default": 4,
    "slow": 1,
    "planning": 1,
    "repairs": 1,
    "webhooks": 16,
    "mail": 4,
    "billing": 2,
    "documents": 2,
    "accounting": 2,
    "bulk": 2,
    "mail-in": 2,
}
"""Queues and how many of their jobs a process runs at a time, where the settings say nothing else."""

_PREFIX = "chargecars:jobs:"
_RUN = "run"
_POLL_SECONDS = 0.2
_WAITING_PER_SLOT = 8
"""Ids that wait in the process for a free slot: arq looks for more only five times a second."""
_MOST_TRIES = 1_000_000
_BEGUN_SECONDS = 10
"""How long arq keeps others from an id that it has handed to us: by then the job has begun, or was left."""


def served(settings: Settings) -> dict[str, int]:
    """The queues of this process and their concurrency, from `WORKER_QUEUES`, such as `webhooks:32,default`."""
    given = (part.strip().partition(":") for part in settings.worker_queues.split(",") if part.strip())
    chosen = {name: int(many) if many else CONCURRENCY.get(name, 1) for name, _, many in given}
    return chosen or dict(CONCURRENCY)


def redis_key(queue: str) -> str:
    """The sorted set that arq reads."""
    return _PREFIX + queue


async def connect(settings: Settings) -> ArqRedis:
    """A connection to hand jobs over on. Raises: RedisError, OSError."""
    pool = redis_settings(settings.redis_url)
    pool.conn_retries = 0
    return await create_pool(pool, job_serializer=pack, job_deserializer=unpack)


async def hand_over(redis: ArqRedis, queue: str, id: UUID, attempts: int) -> None:
    """Put a job into Redis; nothing happens where it is there already."""
    await redis.enqueue_job(_RUN, str(id), attempts, _job_id=f"{id}:{attempts}", _queue_name=redis_key(queue))


async def handed_over(redis: ArqRedis, queue: str) -> int:
    """How many jobs of a queue are in Redis."""
    return int(await redis.zcard(redis_key(queue)))


def arq_worker(settings: Settings, attempts: Attempts, queue: str, concurrency: int, **options: Any) -> Worker:
    """arq's worker for one queue. Attempts, time limits and retries are not its business but `Attempts`'."""

    async def run(_ctx: dict[str, Any], id: str, number: int) -> None:
        await attempts.begin(queue, UUID(id), number)

    worker = Worker(
        functions=[func(cast(WorkerCoroutine, run), name=_RUN, max_tries=_MOST_TRIES, timeout=_BEGUN_SECONDS)],
        queue_name=redis_key(queue),
        redis_settings=redis_settings(settings.redis_url),
        job_serializer=pack,
        job_deserializer=unpack,
        handle_signals=False,
        max_jobs=concurrency * _WAITING_PER_SLOT,
        poll_delay=_POLL_SECONDS,
        keep_result=0,
        log_results=False,
        timezone=UTC,
        **options,
    )
    worker.in_progress_timeout_s = _BEGUN_SECONDS
    return worker


def redis_settings(url: str) -> RedisSettings:
    """arq's settings for a redis, rediss or unix URL; arq leaves percent signs in it."""
    parsed = RedisSettings.from_dsn(url)
    parsed.password = unquote(parsed.password) if parsed.password else None
    parsed.unix_socket_path = unquote(parsed.unix_socket_path) if parsed.unix_socket_path else None
    return parsed


def pack(job: dict[str, Any]) -> bytes:
    """msgpack, not pickle: who can write to Redis must not run code here."""
    packed: bytes = msgpack.packb(job, default=repr)
    return packed


def unpack(job: bytes) -> dict[str, Any]:
    """The inverse of `pack`."""
    return dict(msgpack.unpackb(job, raw=False, strict_map_key=False))
