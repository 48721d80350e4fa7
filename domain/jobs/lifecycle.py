"""A job's way from queue to end, step by step, in sessions of the system.

Every step names the attempt that takes it: a worker whose attempt was taken over changes nothing any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.jobs.models import Job, JobState

HAND_OVER_AGAIN = timedelta(seconds=5)
"""A job that was handed over and not begun since: the worker, or Redis, may have lost it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that is due. `attempts` is the number that it has to be begun with."""

    id: UUID
    attempts: int


async def due(session: AsyncSession, queue: str, limit: int) -> Sequence[Waiting]:
    """Take up to `limit` due jobs of a queue to hand them over, the longest waiting first; none that is being taken."""
    never = Job.handed_over_at.is_(None)
    again = Job.handed_over_at < func.clock_timestamp() - HAND_OVER_AGAIN
    chosen = (
        select(Job.id)
        .where(
            Job.queue == queue, Job.state == JobState.QUEUED, Job.run_at <= func.clock_timestamp(), or_(never, again)
        )
        .order_by(Job.run_at, Job.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(Job)
        .where(Job.id.in_(chosen.scalar_subquery()))
        .values(handed_over_at=func.clock_timestamp())
        .returning(Job.id, Job.attempts)
    )
    return [Waiting(*row) for row in await session.execute(taken)]


@dataclass(frozen=True, slots=True)
class Begun:
    """What a worker needs of a job that is now its own, as attempt number `attempt`."""

    id: UUID
    name: str
    queue: str
    arguments: dict[str, Any]
    key: str | None
    actor: dict[str, Any]
    entity_id: UUID | None
    attempt: int
    failures: int
    interruptions: int


_BEGUN = (
    Job.id,
    Job.name,
    Job.queue,
    Job.arguments,
    Job.key,
    Job.actor,
    Job.entity_id,
    Job.attempts,
    Job.failures,
    Job.interruptions,
)


async def begin(session: AsyncSession, id: UUID, attempts: int, names: Sequence[str], lease: timedelta) -> Begun | None:
    """Take the job where it waits with this number of attempts and is one of `names`; None where it does not."""
    taken = (
        update(Job)
        .where(_waits(id, attempts), Job.name.in_(names), Job.run_at <= func.clock_timestamp())
        .values(
            state=JobState.RUNNING,
            attempts=Job.attempts + 1,
            lease_until=func.clock_timestamp() + lease,
            started_at=func.clock_timestamp(),
            progress=0,
            progress_text="",
        )
        .returning(*_BEGUN)
    )
    row = (await session.execute(taken)).one_or_none()
    return Begun(*row) if row else None


async def hold(session: AsyncSession, held: Sequence[tuple[UUID, int]], lease: timedelta) -> set[UUID]:
    """Move the leases of running attempts on; the ids of those that are still theirs."""
    rows = (
        update(Job)
        .where(tuple_(Job.id, Job.attempts).in_(list(held)), Job.state == JobState.RUNNING)
        .values(lease_until=func.clock_timestamp() + lease)
        .returning(Job.id)
    )
    return set((await session.execute(rows)).scalars())


async def tell_progress(session: AsyncSession, id: UUID, attempt: int, share: float, words: str) -> None:
    """`share` is of 1."""
    await session.execute(update(Job).where(_runs(id, attempt)).values(progress=share, progress_text=words))


async def conclude(session: AsyncSession, id: UUID, attempt: int) -> bool:
    """End the job as done, in the transaction of its work and as its actor; False where the attempt was taken over."""
    return bool((await session.execute(select(func.conclude_job(id, attempt)))).scalar())


async def put_back(
    session: AsyncSession,
    id: UUID,
    attempt: int,
    *,
    after: float = 0,
    failed: str | None = None,
    interrupted: bool = False,
    queue: str | None = None,
) -> bool:
    """Let an attempt end without the job ending: it is due again `after` seconds, in another queue where one is given.

    False where the attempt was taken over.
    """
    values = _queued(timedelta(seconds=after)) | ({"queue": queue} if queue else {})
    if failed is not None:
        values |= {"failures": Job.failures + 1, "error": failed}
    if interrupted:
        values |= {"interruptions": Job.interruptions + 1}
    row = update(Job).where(_runs(id, attempt)).values(**values).returning(Job.id)
    return (await session.execute(row)).first() is not None


async def lost(session: AsyncSession, limit: int = 100) -> Sequence[tuple[UUID, int, int]]:
    """Attempts whose worker is not there any more, locked: id, attempt, interruptions so far."""
    query = (
        select(Job.id, Job.attempts, Job.interruptions)
        .where(Job.state == JobState.RUNNING, Job.lease_until < func.clock_timestamp())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


def _queued(after: timedelta) -> dict[str, Any]:
    return {
        "state": JobState.QUEUED,
        "lease_until": None,
        "handed_over_at": None,
        "run_at": func.clock_timestamp() + after,
    }


def _waits(id: UUID, attempts: int) -> Any:
    return (Job.id == id) & (Job.state == JobState.QUEUED) & (Job.attempts == attempts)


def _runs(id: UUID, attempt: int) -> Any:
    return (Job.id == id) & (Job.state == JobState.RUNNING) & (Job.attempts == attempt)
