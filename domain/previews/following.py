"""What would follow from what a transaction has done: reactions to its events and the jobs it asks for, in it.

Each piece of work runs in a savepoint, as the platform or as whoever a job would run as. What fails is undone and told
as a gap: the change itself stands, and the platform would try again later. Webhooks are not written: an event has its
position when it is committed. Jobs that talk to others (mail, documents, providers) are told and not done.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import DomainError, DomainErrors
from domain.events.models import Event
from domain.jobs import actors
from domain.jobs.models import Job
from domain.previews import recording
from domain.previews.models import PreviewedChange
from domain.reactions import FORESEEN, REACTIONS, WEBHOOKS
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.auth import clock
from tenants.logging import summary

MOST = 500
"""Events and jobs that are followed; a preview of more says that it is not complete."""
LONGEST_SECONDS = 5.0
"""After which nothing more is followed: a preview holds the locks of what it does, such as that on invoice numbers."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Gap:
    """Work that would be done and is not foreseen: `reaction notifications`, `job documents.render`."""

    work: str
    reason: str
    """LATER: at a time of its own; OUTSIDE: it talks to others; FAILED: with `detail`; TOO_MANY."""
    run_at: datetime | None = None
    detail: str = ""


@dataclass(slots=True)
class Following:
    """What was done in a transaction, and what came of it."""

    events: list[Event] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    _seen: set[UUID] = field(default_factory=set)
    _began: float = field(default_factory=time.monotonic)

    async def follow(self, session: AsyncSession) -> None:
        """Until nothing new happens. A session of the system in the transaction of the preview."""
        while found := await self._new(session):
            for change in found:
                if len(self._seen) >= MOST or self.late:
                    self.gaps.append(Gap("", "TOO_MANY"))
                    return
                self._seen.add(change.id)
                await self._follow(session, change)

    @property
    def late(self) -> bool:
        """Whether the preview has held its locks for long enough."""
        return time.monotonic() - self._began > LONGEST_SECONDS

    async def _new(self, session: AsyncSession) -> list[PreviewedChange]:
        """Events and jobs that were not looked at yet, in the order in which they came."""
        noted = await recording.noted(session)
        return [c for c in noted if c.action == "INSERT" and c.table_name in _FOLLOWED and c.id not in self._seen]

    async def _follow(self, session: AsyncSession, change: PreviewedChange) -> None:
        if change.table_name == Job.__tablename__:
            job = await session.get_one(Job, UUID(change.row_key["id"]))
            session.expunge(job)
            await self._work(session, job)
            return
        event = await session.get_one(Event, _key_of_event(change))
        session.expunge(event)  # a savepoint that is rolled back would expire it
        self.events.append(event)
        for reaction in REACTIONS:
            wanted = reaction.types is None or event.type in reaction.types
            if wanted and reaction is not WEBHOOKS:
                react = reaction.react
                await self._try(session, f"reaction {reaction.name}", lambda r=react: r(session, event))  # type: ignore[misc]  # bound now

    async def _work(self, session: AsyncSession, job: Job) -> None:
        work = FORESEEN.get(job.name)
        if work is None:
            self.gaps.append(Gap(f"job {job.name}", "OUTSIDE"))
        elif job.run_at > clock.now():
            self.gaps.append(Gap(f"job {job.name}", "LATER", job.run_at))
        else:
            await self._try(session, f"job {job.name}", lambda: self._as_its_actor(session, job))

    async def _as_its_actor(self, session: AsyncSession, job: Job) -> None:
        actor, work, arguments = actors.read(job.actor), FORESEEN[job.name], job.arguments
        if actor.audience is Audience.SYSTEM:
            await work(session, arguments)
            return
        async with acting_as(session, actor):
            await work(session, arguments)

    async def _try(self, session: AsyncSession, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """In a savepoint that holds what is checked at COMMIT too."""
        platform = session.info["actor"]
        try:
            async with session.begin_nested():
                await work()
                await recording.settle(session)
        except Exception as error:  # as where events are followed: what fails is tried again later
            session.info["actor"] = platform
            _log.info("preview_gap", work=name, error=summary(error))
            self.gaps.append(Gap(name, "FAILED", detail=_said(error)))


_FOLLOWED = frozenset({Event.__tablename__, Job.__tablename__})


def _key_of_event(change: PreviewedChange) -> tuple[UUID, datetime]:
    return UUID(change.row_key["id"]), datetime.fromisoformat(change.row_key["created_at"])


def _said(error: Exception) -> str:
    """The code of a refusal; of a failure only that it is one."""
    if isinstance(error, DomainErrors):
        return ", ".join(each.code for each in error.errors)
    return error.code if isinstance(error, DomainError) else "INTERNAL"
