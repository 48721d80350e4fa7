"""Asking for work in the transaction that needs it; cron slots and failed jobs, in sessions of the system."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import plain
from domain.jobs import actors
from domain.jobs.models import CronSlot, Job, JobState
from domain.rows import actor_of
from tenants.actor import Actor
from tenants.audience import Audience

SLOTS_KEPT = timedelta(days=7)

_ENQUEUE = text(
    "SELECT enqueue_job(:name, :queue, :arguments, :key, :actor, CAST(:entity AS uuid), CAST(:at AS timestamptz))"
).bindparams(bindparam("arguments", type_=JSONB), bindparam("actor", type_=JSONB))


async def enqueue(
    session: AsyncSession,
    name: str,
    arguments: Mapping[str, Any],
    *,
    actor: Actor | None = None,
    entity_id: UUID | None = None,
    key: str | None = None,
    run_at: datetime | None = None,
    queue: str = "default",
) -> UUID:
    """Ask for a job that `workers/` declares under `name`; it exists when the session's transaction commits.

    It runs as `actor`, the session's own where none is given; only the platform gives another. `arguments` are ids
    and numbers, no secret and no text of a person. A second job of the same name and `key` is the first one, whatever
    became of it: the key names everything that makes the work another, tenants included. `entity_id` says whose
    administrators see the job, the actor's own entity where it has one only. Returns the job's id.
    """
    asking = actor_of(session)
    if actor not in (None, asking) and asking.audience is not Audience.SYSTEM:
        raise ValueError("only the platform asks for work as somebody else")
    values = {
        "name": name,
        "queue": queue,
        "arguments": plain(dict(arguments)),
        "key": key,
        "actor": actors.written(actor or asking),
        "entity": entity_id or _only_entity(actor or asking),
        "at": run_at,
    }
    await session.flush()
    made: UUID = (await session.execute(_ENQUEUE, values)).scalar_one()
    return made


def _only_entity(actor: Actor) -> UUID | None:
    return actor.entity_ids[0] if len(actor.entity_ids) == 1 else None


async def take_slot(session: AsyncSession, job: str, slot: datetime) -> bool:
    """Whether this run of a cron job is the caller's: of several workers that ask, one gets it."""
    row = insert(CronSlot).values(job=job, slot=slot).on_conflict_do_nothing().returning(CronSlot.job)
    return (await session.execute(row)).first() is not None


async def sweep_slots(session: AsyncSession) -> int:
    """Forget slots older than SLOTS_KEPT; the number forgotten."""
    gone = await session.execute(
        delete(CronSlot).where(CronSlot.slot < func.now() - SLOTS_KEPT).returning(CronSlot.job)
    )
    return len(gone.all())


async def waits(session: AsyncSession, name: str) -> bool:
    """Whether a job of this name is queued, in a session of the system."""
    query = select(Job.id).where(Job.name == name, Job.state == JobState.QUEUED).limit(1)
    return (await session.execute(query)).first() is not None
