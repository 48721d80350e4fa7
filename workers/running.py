"""One attempt of a job: its slot, its line in the log, another attempt when it fails, an end in `failed_job`."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog
from arq import Retry, cron
from arq.cron import CronJob
from opentelemetry import trace
from structlog.contextvars import bind_contextvars, clear_contextvars

from domain.jobs import service as jobs
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.logging import summary
from workers.crontab import Scheduled

MOST_ATTEMPTS = 3
_BACK_OFF_SECONDS = 2

log = structlog.get_logger("workers.job")
_tracer = trace.get_tracer("chargecars.jobs")


def cron_job(scheduled: Scheduled) -> CronJob:
    """An entry of the crontab for arq."""

    async def run(ctx: dict[str, Any]) -> None:
        await run_scheduled(ctx, scheduled)

    fields: Any = scheduled.fields()
    return cron(run, name=scheduled.name, max_tries=MOST_ATTEMPTS, microsecond=0, **fields)


async def run_scheduled(ctx: dict[str, Any], scheduled: Scheduled) -> None:
    """Run an entry where its slot is this worker's; a later attempt keeps the slot of the first."""
    database: Database = ctx["database"]
    if ctx["job_try"] == 1 and not await _takes(database, scheduled, ctx["score"]):
        return
    await attempt(ctx, scheduled.name, lambda: scheduled.work(database, ctx["settings"]))


async def attempt(ctx: dict[str, Any], name: str, work: Callable[[], Awaitable[object]]) -> None:
    """Run `work`; after a failure arq is asked for another attempt, after the last one it is kept in `failed_job`."""
    clear_contextvars()
    bind_contextvars(job=name, job_id=ctx["job_id"], attempt=ctx["job_try"])
    started = time.perf_counter()
    try:
        with _tracer.start_as_current_span(name):
            await work()
    except Exception as error:
        await _failed(ctx, name, error)
    log.debug("job_done", duration_ms=round((time.perf_counter() - started) * 1000, 1))


async def _takes(database: Database, scheduled: Scheduled, score: int) -> bool:
    """`score` is the time for which arq planned the run, in milliseconds."""
    slot = scheduled.slot(datetime.fromtimestamp(score / 1000, UTC))
    async with database.session(SYSTEM) as session:
        return await jobs.take_slot(session, scheduled.name, slot)


async def _failed(ctx: dict[str, Any], name: str, error: Exception) -> None:
    if ctx["job_try"] < MOST_ATTEMPTS:
        log.warning("job_failed", error=summary(error))
        raise Retry(defer=_BACK_OFF_SECONDS ** ctx["job_try"]) from error
    error_id = uuid4().hex
    log.error("job_given_up", error_id=error_id, exc_info=error)
    async with ctx["database"].session(SYSTEM) as session:
        await jobs.give_up(
            session, job=name, job_id=ctx["job_id"], attempts=MOST_ATTEMPTS, error=summary(error), error_id=error_id
        )
