"""Cron slots and failed jobs, in sessions of the system."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.jobs.models import CronSlot, FailedJob

SLOTS_KEPT = timedelta(days=7)


async def take_slot(session: AsyncSession, job: str, slot: datetime) -> bool:
    """Whether this run of a cron job is the caller's: of several workers that ask, one gets it."""
    row = insert(CronSlot).values(job=job, slot=slot).on_conflict_do_nothing().returning(CronSlot.job)
    return (await session.execute(row)).first() is not None


async def give_up(session: AsyncSession, *, job: str, job_id: str, attempts: int, error: str, error_id: str) -> None:
    """Keep a job that failed for good."""
    session.add(FailedJob(job=job, job_id=job_id, attempts=attempts, error=error, error_id=error_id))
    await session.flush()


async def sweep_slots(session: AsyncSession) -> int:
    """Forget slots older than SLOTS_KEPT; the number forgotten."""
    gone = await session.execute(
        delete(CronSlot).where(CronSlot.slot < func.now() - SLOTS_KEPT).returning(CronSlot.job)
    )
    return len(gone.all())
