"""Reactions: each effect once and in order, whatever fails; an event that cannot be dealt with stops nobody."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

import domain.event_types  # noqa: F401  # completes the types
from domain.events import consumers
from domain.events.models import Event, EventConsumer
from domain.events.positions import newest
from domain.events.record import TYPES
from domain.jobs.models import CronSlot, Job
from domain.reactions import Reaction
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.domain.events.telling import entity_of, tell, told, told_secretly
from workers import reacting, reactions
from workers.jobs import JOBS, GiveUp
from workers.reacting import MOST_ATTEMPTS, PARKED, Follower

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
Effect = Callable[[AsyncSession, Event], Awaitable[None]]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reacting, "_PAUSE_SECONDS", 0.0)


class Probe:
    """A reaction whose effect is a row per event: a second one would break the key."""

    def __init__(self, database: Database, types: frozenset[str] | None = None, also: Effect | None = None) -> None:
        self.database = database
        self.name = f"probe-{uuid4().hex}"
        self.reaction = Reaction(self.name, types, self._react)
        self.tried: list[str] = []
        self._also = also

    async def _react(self, session: AsyncSession, event: Event) -> None:
        note = event.payload.get("number", event.type)
        self.tried.append(note)
        session.add(CronSlot(job=f"{self.name}:{event.id}", slot=_NOW))
        session.add(CronSlot(job=f"{self.name} did {note}", slot=_NOW))
        if self._also:
            await self._also(session, event)

    async def enlist(self) -> None:
        async with self.database.session(SYSTEM) as session:
            await consumers.enlist(session, self.name)

    async def follow(self) -> None:
        """Until it has dealt with everything."""
        follower = Follower(self.database, self.reaction)
        while await follower.step() or await self.position() < await self.last():
            pass

    async def position(self) -> int:
        async with self.database.session(SYSTEM) as session:
            return (await session.get_one(EventConsumer, self.name)).position

    async def last(self) -> int:
        async with self.database.session(SYSTEM) as session:
            return await newest(session)

    async def effects(self) -> list[str]:
        """What was done, by note, in the order in which it was committed or done within a commit."""
        async with self.database.session(SYSTEM) as session:
            query = text("SELECT job FROM cron_slot WHERE job LIKE :name ORDER BY started_at, ctid")
            rows = (await session.execute(query, {"name": f"{self.name} did %"})).scalars()
            return [row.partition(" did ")[2] for row in rows]

    async def parked(self) -> list[Job]:
        async with self.database.session(SYSTEM) as session:
            query = select(Job).where(Job.name == PARKED, Job.key.like(f"{self.name}:%"))
            return list((await session.execute(query)).scalars())


async def write(database: Database, entity_id: UUID, notes: str) -> None:
    for note in notes:
        await told(database, entity_id, note)


async def test_each_event_has_its_effect_once_and_in_order(database: Database) -> None:
    probe, entity_id = Probe(database), await entity_of(database)
    await probe.enlist()
    await write(database, entity_id, "abc")
    await probe.follow()
    await write(database, entity_id, "de")
    await probe.follow()
    assert await probe.effects() == list("abcde")


async def test_several_processes_follow_and_are_killed_meanwhile(database: Database) -> None:
    probe, entity_id = Probe(database), await entity_of(database)
    await probe.enlist()
    notes = [f"{number:03}" for number in range(60)]

    async def writes() -> None:
        for note in notes:
            await told(database, entity_id, note)

    async def follows() -> None:
        while len(await probe.effects()) < len(notes):
            await Follower(database, probe.reaction).step()

    async def is_killed() -> None:
        while len(await probe.effects()) < len(notes):
            task = asyncio.create_task(Follower(database, probe.reaction).run())
            await asyncio.wait([task], timeout=0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async with asyncio.timeout(60):
        await asyncio.gather(writes(), follows(), is_killed())
    assert sorted(await probe.effects()) == notes


async def test_it_is_woken_and_goes_on_by_itself(database: Database) -> None:
    done = asyncio.Event()

    async def tells(_session: AsyncSession, _event: Event) -> None:
        done.set()

    probe, entity_id = Probe(database, also=tells), await entity_of(database)
    await probe.enlist()
    task = asyncio.create_task(Follower(database, probe.reaction).run())
    try:
        await told(database, entity_id, "a")
        await asyncio.wait_for(done.wait(), 10)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_fails_leaves_nothing_and_is_tried_again_in_its_turn(database: Database) -> None:
    failures = iter([True, True, False])

    async def fails_twice(session: AsyncSession, event: Event) -> None:
        if event.payload["number"] == "b" and next(failures):
            await session.flush()
            raise RuntimeError("not yet")

    probe, entity_id = Probe(database, also=fails_twice), await entity_of(database)
    await probe.enlist()
    await write(database, entity_id, "abc")
    await probe.follow()
    assert await probe.effects() == list("abc")
    assert probe.tried == list("abbbc")
    assert await probe.parked() == []


async def test_a_poisonous_event_is_parked_and_stops_nobody(database: Database) -> None:
    async def chokes(session: AsyncSession, event: Event) -> None:
        if event.payload["number"] == "b":
            await session.execute(text("SELECT 1/0"))

    probe, entity_id = Probe(database, also=chokes), await entity_of(database)
    await probe.enlist()
    await write(database, entity_id, "abc")
    await probe.follow()
    assert await probe.effects() == ["a", "c"]
    assert probe.tried.count("b") == MOST_ATTEMPTS
    [parked] = await probe.parked()
    assert parked.entity_id == entity_id
    assert parked.arguments["reaction"] == probe.name


async def test_what_breaks_the_commit_is_found_and_parked(database: Database) -> None:
    """A reference that PostgreSQL checks at commit."""

    async def points_nowhere(session: AsyncSession, event: Event) -> None:
        if event.payload["number"] == "b":
            points = text(
                "UPDATE contact SET address_id = uuidv7() WHERE id = (SELECT min(id::text)::uuid FROM contact)"
            )
            await session.execute(points)

    probe, entity_id = Probe(database, also=points_nowhere), await entity_of(database)
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        await factories.person(session, entity)
    await probe.enlist()
    await write(database, entity_id, "abc")
    await probe.follow()
    assert await probe.effects() == ["a", "c"]
    assert len(await probe.parked()) == 1


async def test_a_parked_event_is_dealt_with_by_its_job(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    probe, entity_id = Probe(database), await entity_of(database)
    monkeypatch.setattr(reactions, "REACTIONS", (probe.reaction,))
    subject = await told(database, entity_id, "late")
    async with database.session(SYSTEM) as session:
        event = (await session.execute(select(Event).where(Event.subject_id == subject))).scalar_one()
        arguments = {
            "reaction": probe.name,
            "event_id": str(event.id),
            "created_at": event.created_at.isoformat(),
        }
        await JOBS[PARKED].work(session, arguments, cast(Any, SimpleNamespace()))
    assert await probe.effects() == ["late"]
    async with database.session(SYSTEM) as session:
        with pytest.raises(GiveUp):
            await JOBS[PARKED].work(session, arguments | {"reaction": "gone"}, cast(Any, SimpleNamespace()))


async def test_only_the_types_it_wants(database: Database) -> None:
    probe, entity_id = Probe(database, types=frozenset({"lead.scored"})), await entity_of(database)
    await probe.enlist()
    await told(database, entity_id, "a")
    await told_secretly(database, entity_id)
    await told(database, entity_id, "b")
    await probe.follow()
    assert await probe.effects() == ["lead.scored"]
    assert await probe.position() == await probe.last()


async def test_a_new_reaction_begins_with_what_comes(database: Database) -> None:
    probe, entity_id = Probe(database), await entity_of(database)
    await told(database, entity_id, "past")
    await probe.enlist()
    await probe.enlist()
    await told(database, entity_id, "coming")
    await probe.follow()
    assert await probe.effects() == ["coming"]


async def test_effects_that_are_events_are_reacted_to(database: Database) -> None:
    async def answers(session: AsyncSession, event: Event) -> None:
        if event.payload["number"] == "question":
            await tell(session, event.entity_id, "answer")

    probe, entity_id = Probe(database, also=answers), await entity_of(database)
    await probe.enlist()
    await told(database, entity_id, "question")
    await probe.follow()
    assert await probe.effects() == ["question", "answer"]


def test_every_reaction_has_a_name_of_its_own_and_known_types() -> None:
    names = [reaction.name for reaction in reactions.REACTIONS]
    assert len(set(names)) == len(names)
    assert all((reaction.types or frozenset()) <= set(TYPES) for reaction in reactions.REACTIONS)
