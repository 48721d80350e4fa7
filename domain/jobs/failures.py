"""Jobs that failed for good: kept for an administrator, who retries or discards each. In sessions of the system."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.events.record import Payload, plain, record
from domain.jobs import actors
from domain.jobs.errors import JobAlreadyResolved, JobNotRetriable
from domain.jobs.events import JobDiscarded, JobFailed, JobRetried
from domain.jobs.functions import CHANNEL
from domain.jobs.models import FailedJob, FailedJobState, Job, JobState
from domain.rows import actor_of, find
from domain.validation import text as checked_text
from tenants.logging import cleaned

DONE_KEPT = timedelta(days=7)
FAILED_KEPT = timedelta(days=90)
_NOTIFY = text("SELECT pg_notify(:channel, :queue)")
LONGEST_REASON = 1_000
AT_ONCE = 250
_SWEPT = 10_000


async def fail(session: AsyncSession, id: UUID, attempt: int, error: str, error_id: str) -> bool:
    """End the job as failed, where this attempt is still its own."""
    running = (Job.id == id) & (Job.state == JobState.RUNNING) & (Job.attempts == attempt)
    row = (await session.execute(select(Job).where(running).with_for_update())).scalar_one_or_none()
    if row is None:
        return False
    row.state, row.lease_until, row.finished_at = JobState.FAILED, None, func.clock_timestamp()
    row.failures, row.error = Job.failures + 1, error
    await _keep(session, row, row.attempts, error, error_id)
    return True


async def park(
    session: AsyncSession,
    name: str,
    arguments: Mapping[str, Any],
    *,
    queue: str,
    attempts: int,
    error: str,
    error_id: str,
    entity_id: UUID | None = None,
) -> UUID:
    """Keep work that failed elsewhere as a failed job; retrying it runs the job `name`. Returns the failed job's id."""
    row = Job(
        name=name,
        queue=queue,
        arguments=plain(dict(arguments)),
        actor=actors.written(actor_of(session)),
        entity_id=entity_id,
        state=JobState.FAILED,
        failures=attempts,
        error=error,
        finished_at=func.now(),
    )
    session.add(row)
    await session.flush()
    return await _keep(session, row, attempts, error, error_id)


async def retry(session: AsyncSession, id: UUID) -> UUID:
    """Let the job run again, as who asked for it, with all its attempts; the job's id.

    Raises: NotFound, JobAlreadyResolved, JobNotRetriable.
    """
    failed = await _open(session, id)
    again = (
        update(Job)
        .where(Job.id == failed.job_id, Job.state == JobState.FAILED)
        .values(state=JobState.QUEUED, failures=0, interruptions=0, run_at=func.now(), finished_at=None, progress=0)
        .values(handed_over_at=None, progress_text="")
        .returning(Job.id, Job.queue)
    )
    job = (await session.execute(again)).one_or_none()
    if job is None:
        raise JobNotRetriable()
    _resolve(session, failed, FailedJobState.RETRIED)
    await _tell(session, failed, JobRetried(failed.name))
    await session.execute(_NOTIFY, {"channel": CHANNEL, "queue": job.queue})
    retried: UUID = job.id
    return retried


async def retry_all(session: AsyncSession, ids: Sequence[UUID]) -> int:
    """Retry those that can be; how many."""
    done = 0
    for id in ids:
        with suppress(NotFound, JobAlreadyResolved, JobNotRetriable):
            await retry(session, id)
            done += 1
    return done


async def discard(session: AsyncSession, id: UUID, reason: str) -> None:
    """Let the job rest. Raises: NotFound, JobAlreadyResolved, the faults of a text."""
    why = checked_text(reason, "reason", maximum=LONGEST_REASON)
    failed = await _open(session, id)
    failed.reason = why
    _resolve(session, failed, FailedJobState.DISCARDED)
    await _tell(session, failed, JobDiscarded(failed.name, why))


def open_ones(name: str | None = None, queue: str | None = None) -> Select[UUID]:
    """Failed jobs that nobody has resolved, the oldest first."""
    query = select(FailedJob.id).where(FailedJob.state == FailedJobState.OPEN, FailedJob.job_id.is_not(None))
    query = query if name is None else query.where(FailedJob.name == name)
    query = query if queue is None else query.where(FailedJob.queue == queue)
    return query.order_by(FailedJob.created_at, FailedJob.id)


async def sweep(session: AsyncSession) -> int:
    """Forget jobs that were done a week ago, and failed ones after 90 days; the number of rows forgotten."""
    old = FailedJob.created_at < func.now() - FAILED_KEPT
    failed = await session.execute(delete(FailedJob).where(old).returning(FailedJob.id))
    done = (Job.state == JobState.DONE) & (Job.finished_at < func.now() - DONE_KEPT)
    forgotten = (Job.state == JobState.FAILED) & (Job.finished_at < func.now() - FAILED_KEPT)
    some = select(Job.id).where(done | forgotten).limit(_SWEPT).scalar_subquery()
    gone = await session.execute(delete(Job).where(Job.id.in_(some)).returning(Job.id))
    return len(failed.all()) + len(gone.all())


async def _keep(session: AsyncSession, job: Job, attempts: int, error: str, error_id: str) -> UUID:
    failed = FailedJob(
        job_id=job.id,
        name=job.name,
        queue=job.queue,
        arguments=cleaned(job.arguments),
        key=job.key,
        actor=job.actor,
        entity_id=job.entity_id,
        attempts=attempts,
        error=error,
        error_id=error_id,
    )
    session.add(failed)
    await session.flush()
    await _tell(session, failed, JobFailed(failed.name, error_id, attempts))
    return failed.id


async def _open(session: AsyncSession, id: UUID) -> FailedJob:
    failed = await find(session, FailedJob, id, lock=True)
    if failed.state != FailedJobState.OPEN:
        raise JobAlreadyResolved(field=("id",))
    return failed


def _resolve(session: AsyncSession, failed: FailedJob, state: FailedJobState) -> None:
    failed.state, failed.resolved_at, failed.resolved_by = state, func.now(), actor_of(session).user_id


async def _tell(session: AsyncSession, failed: FailedJob, payload: Payload) -> None:
    """In the entity's log; what belongs to the whole platform is in its own rows and in the process' log only."""
    if failed.entity_id is not None:
        await record(session, payload, entity_id=failed.entity_id, subject_id=failed.id)
    else:
        await session.flush()
