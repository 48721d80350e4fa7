"""Jobs, from the transaction that asks for them to their end; cron slots that were taken; jobs that failed for good."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, one_of
from tenants.rls import Rule, protect

MOST_ARGUMENT_BYTES = 65_536


class JobState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class Job(Identified, Base):
    """Work for later: outbox and state in one row. Rows are added by `enqueue_job` (domain/jobs/functions.py) only."""

    __tablename__ = "job"
    __table_args__ = (
        one_of("state", JobState),
        CheckConstraint(f"octet_length(arguments::text) <= {MOST_ARGUMENT_BYTES}", name="arguments"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        CheckConstraint("(state = 'RUNNING') = (lease_until IS NOT NULL)", name="lease"),
        Index("uq_job_name_key", "name", "key", unique=True, postgresql_where=text("key IS NOT NULL")),
        Index("ix_job_queued", "queue", "run_at", "id", postgresql_where=text("state = 'QUEUED'")),
        Index("ix_job_running", "queue", "id", postgresql_where=text("state = 'RUNNING'")),
        Index("ix_job_newest", "created_at", "id"),
        Index("ix_job_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_job_user_newest", "user_id", "created_at", "id"),
        Index("ix_job_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    )

    name: Mapped[str]
    """As declared with `@job` in workers/."""
    queue: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Ids and numbers: never a secret, and no personal data that the rows they point to do not hold."""
    key: Mapped[str | None]
    """Jobs of one name and key are one job, for as long as the row is kept."""
    actor: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """As whom it runs, see domain/jobs/actors.py."""
    user_id: Mapped[UUID | None]
    """Who asked for it."""
    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_entity.id"))
    run_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """Not before this time."""
    state: Mapped[str] = mapped_column(server_default=JobState.QUEUED.value)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """Times it was begun: whoever works must still hold the number it began with, or nothing is committed."""
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    """Attempts in which the work itself failed."""
    interruptions: Mapped[int] = mapped_column(Integer, server_default="0")
    """Attempts that ended with their worker or the database."""
    lease_until: Mapped[datetime | None]
    """Until when the worker is believed to live; it is moved on while the job runs."""
    handed_over_at: Mapped[datetime | None]
    """When it was last put into Redis."""
    progress: Mapped[float] = mapped_column(Float, server_default="0")
    progress_text: Mapped[str] = mapped_column(server_default="")
    error: Mapped[str | None]
    """The last failure, without the values of a statement."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


_INNER = ("arguments", "actor", "key", "error", "lease_until", "handed_over_at", "interruptions")
_OWN = Rule("user_id = {user}", hidden=_INNER)
_ROLE = "(SELECT current_setting('chargecars.role', true))"
_ADMINS = f"entity_id = ANY ({{entities}}) AND {_ROLE} = 'TENANT_ADMIN'"
_ASKED = "The actor itself asked for the work."
protect(
    Job,
    staff=Rule(f"user_id = {{user}} OR {_ADMINS}", hidden=_INNER),
    partner=_OWN,
    customer=_OWN,
    technician=_OWN,
    explain={
        "staff": "The actor asked for the work, or administers the business entity that it is for.",
        "partner": _ASKED,
        "customer": _ASKED,
        "technician": _ASKED,
    },
)


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
    DISCARDED = "DISCARDED"


class FailedJob(Identified, Base):
    """A job that failed in all its attempts, for an administrator to look at. One that fails anew is a row anew."""

    __tablename__ = "failed_job"
    __table_args__ = (
        one_of("state", FailedJobState),
        CheckConstraint("(state = 'OPEN') = (resolved_at IS NULL)", name="resolved"),
        Index("ix_failed_job_newest", "created_at", "id"),
        Index("ix_failed_job_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_failed_job_open", "queue", "name", postgresql_where=text("state = 'OPEN'")),
        Index("ix_failed_job_job_id", "job_id"),
    )

    job_id: Mapped[UUID | None]
    """The row of `job`; none for a failure from before jobs had rows."""
    name: Mapped[str]
    queue: Mapped[str] = mapped_column(server_default="default")
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """For people to look at: what looks like a secret or an address is hidden. The job's own row has them whole."""
    key: Mapped[str | None]
    actor: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_entity.id"))
    attempts: Mapped[int] = mapped_column(Integer)
    error: Mapped[str]
    """The last failure, without the values of a statement."""
    error_id: Mapped[str]
    """Found beside the traceback in the log."""
    state: Mapped[str] = mapped_column(server_default=FailedJobState.OPEN.value)
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[UUID | None]
    """The user who retried or discarded it."""
    reason: Mapped[str | None]
    """Why it was discarded."""


protect(
    FailedJob,
    staff=Rule(_ADMINS, hidden=("actor", "key")),
    explain={"staff": "The actor administers the business entity that the work was for."},
)
