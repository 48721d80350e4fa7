"""One attempt of a job, as its work sees it."""

import time
from dataclasses import dataclass, field
from uuid import UUID

from domain.jobs import lifecycle
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.settings import Settings

_PROGRESS_SECONDS = 0.5


@dataclass(slots=True)
class Run:
    """`attempt` is 1 for the first time the job is begun; `failures` counts those in which its work failed."""

    id: UUID
    name: str
    queue: str
    attempt: int
    failures: int
    actor: Actor
    entity_id: UUID | None
    database: Database
    settings: Settings
    _told_at: float = field(default=0.0, repr=False)


async def progress(run: Run, done: float, total: float, text: str = "") -> None:
    """Let who asked for the job see how far it is; at most twice a second, the end always. `text` names no person."""
    now = time.monotonic()
    if now - run._told_at < _PROGRESS_SECONDS and done < total:
        return
    run._told_at = now
    async with run.database.session(SYSTEM) as session:
        await lifecycle.tell_progress(session, run.id, run.attempt, min(1.0, max(0.0, done / (total or 1))), text[:500])
