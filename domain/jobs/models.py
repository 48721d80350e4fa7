"""Cron slots that were taken, and jobs that failed for good."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, func
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, one_of
from tenants.rls import protect


class CronSlot(Base):
    """One run of one cron job: whoever inserts the row does the work."""

    __tablename__ = "cron_slot"

    job: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    """The time for which the run is due, in UTC."""
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())


protect(CronSlot)


class FailedJobState(StrEnum):
    OPEN = "OPEN"
    RETRIED = "RETRIED"
    DISMISSED = "DISMISSED"


class FailedJob(Identified, Base):
    """A job that failed in all its attempts, for an administrator to look at."""

    __tablename__ = "failed_job"
    __table_args__ = (one_of("state", FailedJobState), Index("ix_failed_job_newest", "created_at", "id"))

    job: Mapped[str]
    job_id: Mapped[str]
    attempts: Mapped[int] = mapped_column(Integer)
    error: Mapped[str]
    """The last failure, without the values of a statement."""
    error_id: Mapped[str]
    """Found beside the traceback in the log."""
    state: Mapped[str] = mapped_column(server_default=FailedJobState.OPEN.value)


protect(FailedJob)
