"""Reactions: what the platform does when something has happened, each effect once and in the order of the log.

    Reaction("timeline", None, write_down)                          # to every event
    Reaction("welcome", frozenset({"contact.created"}), welcome)

`react(session, event)` writes rows, in a session of the system, in the transaction that moves the reaction's position
on: both are committed or neither. It talks to nobody outside; for that it enqueues a job. An event that fails is tried
again after a pause, in order; after MOST_ATTEMPTS it becomes a job of its own (which ends among the failed jobs, to be
retried or discarded) and the reaction goes on. All are listed in domain/reactions.py.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events import consumers
from domain.events.consumers import Standing
from domain.events.positions import Positioned, after, newest
from domain.jobs.service import enqueue
from domain.reactions import Reaction
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.logging import summary
from tenants.sandboxes import sandbox_ids
from workers.relay import WOKEN

MOST_ATTEMPTS = 4
PARKED = "events.react"
"""The job of an event that a reaction could not deal with in its turn."""
_BATCH = 100
_SWEEP_SECONDS = 1.0
_PAUSE_SECONDS = 1.0

REACTED = Counter("chargecars_reactions", "Events that reactions dealt with, by outcome.", ("reaction", "outcome"))
BEHIND = Gauge("chargecars_reaction_lag_events", "Positions between the newest and the reaction's.", ("reaction",))

log = structlog.get_logger(__name__)


class EventFailed(Exception):
    """The reaction to one event failed; those before it are dealt with."""

    def __init__(self, place: Positioned, error: Exception) -> None:
        super().__init__(str(error))
        self.place = place
        self.error = error


class Follower:
    """One reaction in this process. Any number of processes follow; the lock on the consumer's row is one's."""

    def __init__(self, database: Database, reaction: Reaction) -> None:
        self._database = database
        self._reaction = reaction
        self._name = reaction.name
        self._careful = False
        """One event at a time, after a batch whose commit failed."""

    async def run(self) -> None:
        """Until cancelled. Raises what PostgreSQL raises."""
        woken = asyncio.Event()
        WOKEN.add(woken)
        try:
            async with self._database.session(SYSTEM) as session:
                await consumers.enlist(session, self._name)
            while True:
                woken.clear()
                while await self.step():
                    pass
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), _SWEEP_SECONDS)
        finally:
            WOKEN.discard(woken)

    async def step(self) -> bool:
        """Deal with the next events; whether there may be more. Raises what PostgreSQL raises."""
        places: list[Positioned] = []
        try:
            async with self._database.session(SYSTEM) as session:
                standing = await consumers.take(session, self._name)
                if standing is None:
                    return False
                more = await self._batch(session, standing, places)
            self._careful = False
        except SQLAlchemyError as error:
            if not places or _connection_lost(error):
                raise
            return await self._commit_failed(places, error)
        return more

    async def _batch(self, session: AsyncSession, standing: Standing, places: list[Positioned]) -> bool:
        """`places` is filled with what the transaction is about."""
        limit = 1 if self._careful or standing.attempts else _BATCH
        last = await newest(session)
        places += await after(session, standing.position, limit, types=self._reaction.types)
        BEHIND.labels(self._name).set(max(0, last - standing.position))
        failed = await self._react(session, places)
        if failed is not None:
            await self._put_off(session, standing, places, failed)
            return True
        full = len(places) == limit
        done = places[-1].position if full else max(last, *(place.position for place in places[-1:]), standing.position)
        if done > standing.position or standing.attempts:
            await consumers.advance(session, self._name, done)
        return full

    async def _react(self, session: AsyncSession, places: Sequence[Positioned]) -> EventFailed | None:
        """React to one event after the other, each in a savepoint, up to the first that fails."""
        apart = await sandbox_ids(session) if places and not self._reaction.in_sandboxes else frozenset()
        for place, event in zip(places, await consumers.events_of(session, places), strict=True):
            if event.entity_id in apart:
                continue
            try:
                async with session.begin_nested():
                    await self._reaction.react(session, event)
                    await session.flush()
            except Exception as error:
                if _connection_lost(error):
                    raise
                return EventFailed(place, error)
            REACTED.labels(self._name, "done").inc()
        return None

    async def _put_off(
        self, session: AsyncSession, standing: Standing, places: Sequence[Positioned], failed: EventFailed
    ) -> None:
        """Keep what went well before, and try again later, or let a job do it."""
        before = [place.position for place in places if place.position < failed.place.position]
        position = max([standing.position, *before])
        attempts = (0 if before else standing.attempts) + 1
        REACTED.labels(self._name, "failed").inc()
        facts = {"reaction": self._name, "type": failed.place.type, "event_id": str(failed.place.event_id)}
        if attempts < MOST_ATTEMPTS:
            log.warning("reaction_failed", **facts, attempt=attempts, error=summary(failed.error))
            pause = timedelta(seconds=_PAUSE_SECONDS * 2 ** (attempts - 1))
            await consumers.put_off(session, self._name, position, attempts, pause)
        else:
            log.error("reaction_parked", **facts, exc_info=failed.error)
            await park(session, self._name, failed.place)
            await consumers.advance(session, self._name, failed.place.position)

    async def _commit_failed(self, places: Sequence[Positioned], error: Exception) -> bool:
        """Nothing of the batch happened. Then one at a time, until it is known which event it is."""
        if not self._careful and len(places) > 1:
            self._careful = True
            return True
        async with self._database.session(SYSTEM) as session:
            if standing := await consumers.take(session, self._name):
                await self._put_off(session, standing, places[:1], EventFailed(places[0], error))
        return True


async def park(session: AsyncSession, reaction: str, place: Positioned) -> None:
    """Let a job of its own react to an event."""
    arguments = {"reaction": reaction, "event_id": place.event_id, "created_at": place.created_at}
    key = f"{reaction}:{place.event_id}"
    await enqueue(session, PARKED, arguments, key=key, entity_id=place.entity_id)


def _connection_lost(error: Exception) -> bool:
    """Whether it says nothing about the event."""
    return isinstance(error, OSError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
