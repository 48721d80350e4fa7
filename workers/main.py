"""The worker process: `run()` works until SIGTERM, then finishes what it has begun."""

import asyncio
import contextlib
import signal
from datetime import UTC
from typing import Any
from urllib.parse import unquote

import msgpack  # type: ignore[import-untyped]  # ships no types
import structlog
from arq.connections import RedisSettings
from arq.worker import Worker
from redis.exceptions import RedisError

from migrations.startup import check_or_exit
from tenants import logging, tracing
from tenants.engine import Database, role_password
from tenants.secrets import with_secrets
from tenants.settings import Settings
from tenants.settings import settings as environment
from workers.crontab import CRONTAB, Scheduled
from workers.running import MOST_ATTEMPTS, cron_job

QUEUE = "chargecars:jobs"
_FINISHING_SECONDS = 8
_RECONNECT_SECONDS = 2
_JOB_SECONDS = 300

log = structlog.get_logger(__name__)


def run() -> None:
    """Run the worker of this environment."""
    settings = with_secrets(environment())
    logging.configure(settings)
    check_or_exit(settings)
    asyncio.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Work until a signal; a Redis that went away is waited for."""
    database = Database(settings.database_url, role_password(settings), settings.database_pool_size)
    provider = tracing.configure(settings, "chargecars-worker")
    stopping = asyncio.Event()
    try:
        while not stopping.is_set():
            await _work(settings, database, stopping)
    finally:
        await database.close()
        if provider:
            await asyncio.to_thread(provider.shutdown)


def worker_of(
    settings: Settings, database: Database, crontab: tuple[Scheduled, ...] = CRONTAB, **options: Any
) -> Worker:
    """arq's worker with our schedule, context and serializer."""
    return Worker(
        queue_name=QUEUE,
        cron_jobs=[cron_job(scheduled) for scheduled in crontab],
        redis_settings=redis_settings(settings.redis_url),
        ctx={"settings": settings, "database": database},
        job_serializer=pack,
        job_deserializer=unpack,
        job_completion_wait=_FINISHING_SECONDS,
        job_timeout=_JOB_SECONDS,
        max_tries=MOST_ATTEMPTS,
        keep_result=0,
        log_results=False,
        timezone=UTC,
        **options,
    )


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


async def _work(settings: Settings, database: Database, stopping: asyncio.Event) -> None:
    """Until a signal, or until Redis goes away and a pause is over."""
    worker = worker_of(settings, database)
    log.info("worker_started", scheduled=[scheduled.name for scheduled in CRONTAB])
    try:
        await worker.async_run()
    except asyncio.CancelledError:
        stopping.set()
    except (RedisError, OSError) as error:
        log.warning("redis_lost", error=type(error).__name__)
        await _pause(stopping)
    finally:
        with contextlib.suppress(RedisError, OSError, asyncio.CancelledError):
            await worker.close()


async def _pause(stopping: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), _RECONNECT_SECONDS)
