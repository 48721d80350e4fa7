"""Attempts of jobs in this process: begun, held, ended. Whatever Redis does, what has begun here is finished here."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog
from opentelemetry import trace
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError
from structlog.contextvars import bound_contextvars

from domain.jobs import actors, failures, lifecycle
from domain.jobs.lifecycle import Begun
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.logging import summary
from tenants.settings import Settings
from workers.heart import Heart
from workers.jobs import JOBS, Declared, GiveUp, Later
from workers.metrics import JOB_SECONDS, JOBS_ENDED
from workers.run import Run

MOST_INTERRUPTIONS = 8
"""A job that takes its worker with it this often is given up."""
_GRACE_SECONDS = 10.0
_PATIENCE_SECONDS = 5.0
_TIMEOUTS = text(
    "SELECT set_config('statement_timeout', :ms, true), set_config('idle_in_transaction_session_timeout', :ms, true)"
)

log = structlog.get_logger("workers.job")
_tracer = trace.get_tracer("chargecars.jobs")


class Lost(Exception):
    """Another worker has the job; what this one did is undone."""


class AccessLost(GiveUp):
    """Who asked for the job may no longer act."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended, for the log and the metrics."""

    outcome: str
    error: BaseException | None = None


class Attempts:
    """Runs the jobs that it is handed, each in a task of its own that outlives the Redis connection."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        heart: Heart,
        concurrency: Mapping[str, int],
        declared: Mapping[str, Declared] = JOBS,
    ) -> None:
        self._database = database
        self._settings = settings
        self._heart = heart
        self._declared = declared
        self._slots = {queue: asyncio.Semaphore(many) for queue, many in concurrency.items()}
        self._finishing = False
        self._lease = timedelta(seconds=settings.job_lease_seconds)
        self._tasks: dict[tuple[UUID, int], asyncio.Task[None]] = {}

    async def begin(self, queue: str, id: UUID, attempts: int) -> None:
        """Begin the job where it still waits with this number of attempts, as soon as there is room; not to its end.

        Where there is none for some seconds the job is left to whoever comes first.
        """
        slot = self._slots[queue]
        try:
            await asyncio.wait_for(slot.acquire(), _PATIENCE_SECONDS)
        except TimeoutError:
            return
        if self._finishing or (id, attempts) in self._tasks:
            slot.release()
            return
        task = asyncio.create_task(self._attempt(id, attempts))
        self._tasks[id, attempts] = task
        task.add_done_callback(lambda _: self._free(slot, id, attempts))

    def _free(self, slot: asyncio.Semaphore, id: UUID, attempts: int) -> None:
        self._tasks.pop((id, attempts), None)
        slot.release()

    def lose(self, id: UUID, attempt: int) -> None:
        """End an attempt that another worker has taken over."""
        if task := self._tasks.get((id, attempt - 1)):
            task.cancel()

    async def finish(self, seconds: float) -> None:
        """Wait for what runs, then give back what has not ended. Nothing is begun any more."""
        self._finishing = True
        running = set(self._tasks.values())
        if running:
            _, late = await asyncio.wait(running, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _attempt(self, id: UUID, attempts: int) -> None:
        try:
            begun = await self._begin(id, attempts)
        except (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("job_not_begun", job_id=str(id), error=summary(error))
            return
        if begun is not None:
            with bound_contextvars(job=begun.name, job_id=str(id), attempt=begun.attempt):
                await self._measured(begun, self._declared[begun.name])

    async def _begin(self, id: UUID, attempts: int) -> Begun | None:
        async with self._database.session(SYSTEM) as session:
            begun = await lifecycle.begin(session, id, attempts, list(self._declared), self._lease)
            if begun is not None and begun.queue != (queue := self._declared[begun.name].queue):
                await lifecycle.put_back(session, id, begun.attempt, queue=queue)
                return None
            return begun

    async def _measured(self, begun: Begun, declared: Declared) -> None:
        started = time.perf_counter()
        ending = await self._ended(begun, declared)
        seconds = time.perf_counter() - started
        JOBS_ENDED.labels(begun.queue, begun.name, ending.outcome).inc()
        JOB_SECONDS.labels(begun.queue).observe(seconds)
        log.debug("job_ended", outcome=ending.outcome, duration_ms=round(seconds * 1000, 1))
        if isinstance(ending.error, asyncio.CancelledError):
            raise ending.error

    async def _ended(self, begun: Begun, declared: Declared) -> Ending:
        """Run it and write down how it ended; where that cannot be written, the lease runs out."""
        ending = await self._work(begun, declared)
        with suppress(SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.shield(self._settle(begun, declared, ending))
        return ending

    async def _work(self, begun: Begun, declared: Declared) -> Ending:
        self._heart.take(begun.id, begun.attempt, declared.timeout + _GRACE_SECONDS)
        try:
            with _tracer.start_as_current_span(begun.name):
                async with asyncio.timeout(declared.timeout) as limit:
                    await self._carry_out(begun, declared)
            return Ending("done")
        except Lost as error:
            return Ending("lost", error)
        except Later as error:
            return Ending("later", error)
        except asyncio.CancelledError as error:
            return Ending("cancelled", error)
        except Exception as error:
            if limit.expired():
                return Ending("failed", TimeoutError(f"it took longer than {declared.timeout:g} s"))
            return Ending("interrupted" if is_interruption(error) else "failed", error)
        finally:
            self._heart.drop(begun.id, begun.attempt)

    async def _carry_out(self, begun: Begun, declared: Declared) -> None:
        run = await self._run_of(begun)
        if declared.outside:
            await declared.work(run, begun.arguments)
            async with self._database.session(SYSTEM) as session:
                await lifecycle.conclude(session, begun.id, begun.attempt)
            return
        async with self._database.session(run.actor) as session:
            await session.execute(_TIMEOUTS, {"ms": str(int((declared.timeout + _GRACE_SECONDS) * 1000))})
            await declared.work(session, begun.arguments, run)
            await session.flush()
            if not await lifecycle.conclude(session, begun.id, begun.attempt):
                raise Lost()

    async def _run_of(self, begun: Begun) -> Run:
        async with self._database.session(SYSTEM) as session:
            actor = await actors.standing(session, actors.read(begun.actor))
        if actor is None:
            raise AccessLost("who asked for the job may no longer act")
        return Run(
            begun.id,
            begun.name,
            begun.queue,
            begun.attempt,
            begun.failures,
            actor,
            begun.entity_id,
            self._database,
            self._settings,
        )

    async def _settle(self, begun: Begun, declared: Declared, ending: Ending) -> None:
        async with self._database.session(SYSTEM) as session:
            match ending:
                case Ending("later", Later() as later):
                    await lifecycle.put_back(session, begun.id, begun.attempt, after=later.seconds)
                case Ending("cancelled"):
                    await lifecycle.put_back(session, begun.id, begun.attempt)
                case Ending("interrupted", Exception() as error):
                    await interrupt(session, begun.id, begun.attempt, begun.interruptions, summary(error))
                case Ending("failed", Exception() as error):
                    await self._failed(session, begun, declared, error)
                case _:
                    pass

    async def _failed(self, session: Any, begun: Begun, declared: Declared, error: Exception) -> None:
        failed = begun.failures + 1
        if failed < declared.attempts and not isinstance(error, GiveUp):
            log.warning("job_failed", error=summary(error))
            after = declared.back_off(failed)
            await lifecycle.put_back(session, begun.id, begun.attempt, after=after, failed=summary(error))
            return
        error_id = uuid4().hex
        log.error("job_given_up", error_id=error_id, exc_info=error)
        await failures.fail(session, begun.id, begun.attempt, summary(error), error_id)


async def interrupt(session: Any, id: UUID, attempt: int, interruptions: int, why: str) -> None:
    """An attempt ended without its work having failed: again at once, later each further time, in the end given up."""
    if interruptions + 1 < MOST_INTERRUPTIONS:
        after = 2.0**interruptions - 1
        await lifecycle.put_back(session, id, attempt, after=after, interrupted=True)
        return
    error_id = uuid4().hex
    log.error("job_given_up", job_id=str(id), error_id=error_id, error=why)
    await failures.fail(session, id, attempt, f"interrupted {MOST_INTERRUPTIONS} times; the last time: {why}", error_id)


def is_interruption(error: BaseException) -> bool:
    """Whether the database went away, or asks to try again: 08 connection, 57P operator, 40 rollback (SQLSTATE)."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, InterfaceError) or _passes(error.orig)
    return _passes(error)


def _passes(error: Any) -> bool:
    if isinstance(error, asyncpg.InterfaceError):
        return True
    state = getattr(error, "sqlstate", None) or ""
    return str(state).startswith(("08", "57P", "40"))
