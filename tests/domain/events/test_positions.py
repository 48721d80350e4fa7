"""Positions: no reader skips an event, however long other transactions run."""

import asyncio
import random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import select, text

from domain.contacts import merging
from domain.contacts.models import Contact
from domain.events.models import Event, EventPosition
from domain.events.positions import Positioned, after, newest, refill_statements
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.domain.events.telling import entity_of, tell, told, told_secretly, waits_for_a_lock

Owner = asyncpg.Connection  # type: ignore[type-arg]  # the stubs want a parameter that is not there at run time


async def notes(database: Database, entity_id: UUID, position: int = 0) -> list[str]:
    """The notes of an entity's events, by position."""
    async with database.session(SYSTEM) as session:
        key = (Event.id == EventPosition.event_id) & (Event.created_at == EventPosition.created_at)
        query = select(Event.payload["number"].astext).join(EventPosition, key)
        query = query.where(Event.entity_id == entity_id, EventPosition.position > position)
        return list((await session.execute(query.order_by(EventPosition.position))).scalars())


async def read(database: Database, actor: Actor, position: int = 0, **what: Any) -> list[Positioned]:
    async with database.session(actor) as session:
        return await after(session, position, 100, **what)


# --- the order of commits ---------------------------------------------------------------------------------------------


async def test_a_slow_transaction_comes_after_the_fast_ones_that_began_later(database: Database) -> None:
    entity_id = await entity_of(database)
    async with database.session(SYSTEM) as slow:
        await tell(slow, entity_id, "slow")
        await told(database, entity_id, "fast")
        seen = await read(database, SYSTEM)
        assert await notes(database, entity_id) == ["fast"]
    assert await notes(database, entity_id) == ["fast", "slow"]
    assert await notes(database, entity_id, seen[-1].position if len(seen) < 100 else 0) in (["slow"], ["fast", "slow"])


async def test_events_of_one_transaction_keep_their_order(database: Database) -> None:
    entity_id = await entity_of(database)
    async with database.session(SYSTEM) as session:
        for note in "abcdefg":
            await tell(session, entity_id, note)
    assert await notes(database, entity_id) == list("abcdefg")


async def test_a_position_is_given_only_when_those_before_it_are_visible(database: Database, owner: Owner) -> None:
    """The first has its position and has not committed: the second waits, and no reader sees a later one."""
    entity_id = await entity_of(database)
    async with database.session(SYSTEM) as first:
        await tell(first, entity_id, "first")
        await first.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        second = asyncio.create_task(told(database, entity_id, "second"))
        await waits_for_a_lock(owner)
        assert await notes(database, entity_id) == []
    await second
    assert await notes(database, entity_id) == ["first", "second"]


async def test_what_is_rolled_back_leaves_nothing_that_blocks(database: Database) -> None:
    entity_id = await entity_of(database)
    async with database.session(SYSTEM) as session:
        await tell(session, entity_id, "lost")
        await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await session.rollback()
    async with database.session(SYSTEM) as session:
        await tell(session, entity_id, "kept")
        async with session.begin_nested() as savepoint:
            await tell(session, entity_id, "lost too")
            await savepoint.rollback()
    await told(database, entity_id, "next")
    assert await notes(database, entity_id) == ["kept", "next"]


async def test_readers_beside_many_writers_see_each_event_once_and_in_order(database: Database) -> None:
    entities = [await entity_of(database) for _ in range(3)]
    staff = factories.actor(Role.OPERATIONS, *entities)
    writing = asyncio.gather(*(_write(database, random.Random(n), entities) for n in range(3)))
    reading = [asyncio.create_task(_follow(database, staff, writing)) for _ in range(2)]
    await writing
    expected = await read(database, staff)
    assert len(expected) == 3 * 6 * 2
    for reader in reading:
        assert await reader == expected


async def _write(database: Database, chance: random.Random, entities: list[UUID]) -> None:
    for _ in range(6):
        async with database.session(SYSTEM) as session:
            for entity_id in chance.sample(entities, 2):
                await tell(session, entity_id)
                for _ in range(chance.randrange(4)):
                    await session.execute(text("SELECT 1"))


async def _follow(database: Database, actor: Actor, writing: "asyncio.Future[Any]") -> list[Positioned]:
    seen: list[Positioned] = []
    while True:
        last_round = writing.done()
        async with database.session(actor) as session:
            seen += await after(session, seen[-1].position if seen else 0, 5)
        if last_round and len(seen) >= 36:
            return seen


async def test_commits_are_told_of(database: Database, owner: Owner) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    await owner.add_listener("chargecars_events", lambda *message: heard.put_nowait(message[3]))
    entity_id = await entity_of(database)
    async with database.session(SYSTEM) as session:
        await tell(session, entity_id)
        await tell(session, entity_id)
    await owner.execute("SELECT 1")
    assert await asyncio.wait_for(heard.get(), 5) == ""
    assert heard.empty()


# --- who sees which ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def told_about(database: Database) -> tuple[dict[str, Actor], dict[str, UUID]]:
    """Readers, and subjects of events by whom they concern."""
    async with database.session(SYSTEM) as session:
        here, there = [await factories.business_entity(session) for _ in range(2)]
        partner, other = [await factories.organization(session, here) for _ in range(2)]
        customer = await factories.person(session, here)
        actors = {
            "staff": await factories.actor_with(session, Role.OPERATIONS, here),
            "both": await factories.actor_with(session, Role.OPERATIONS, [here, there]),
            "partner": await factories.actor_with(session, Role.PARTNER_ADMIN, here, organization=partner),
            "other": await factories.actor_with(session, Role.PARTNER_ADMIN, here, organization=other),
            "customer": await factories.actor_with(session, Role.CUSTOMER, here, contact=customer),
            "nobody": await factories.actor_with(session, Role.PARTNER_ADMIN, there, organization=partner),
        }
    subjects = {
        "channel": await told(database, here.id, channel=[partner.id]),
        "contact": await told(database, here.id, contact_ids=[customer.id]),
        "elsewhere": await told(database, there.id),
        "nobody": await told(database, here.id),
    }
    return actors, subjects


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        ("staff", ["channel", "contact", "nobody"]),
        ("both", ["channel", "contact", "elsewhere", "nobody"]),
        ("partner", ["channel"]),
        ("other", []),
        ("customer", ["contact"]),
        ("nobody", []),
    ],
)
async def test_positions_are_seen_as_their_events_are(
    database: Database, told_about: tuple[dict[str, Actor], dict[str, UUID]], name: str, sees: list[str]
) -> None:
    actors, subjects = told_about
    found = [row for row in await read(database, actors[name]) if row.subject_id in subjects.values()]
    assert [row.subject_id for row in found] == [subjects[subject] for subject in sees]
    async with database.session(actors[name]) as session:
        assert await newest(session) == (found[-1].position if found else await newest(session))
        visible = set((await session.execute(select(EventPosition.event_id))).scalars())
        assert visible >= {row.event_id for row in found}
        assert visible <= set((await session.execute(select(Event.id))).scalars())


async def test_what_is_internal_is_on_no_partys_list(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        partner = await factories.organization(session, entity)
        reader = await factories.actor_with(session, Role.PARTNER_ADMIN, entity, organization=partner)
    before = (await read(database, reader))[-1].position
    async with database.session(SYSTEM) as session:
        await session.execute(
            text(
                "INSERT INTO event (entity_id, type, subject_type, subject_id, actor_role, internal, "
                "channel_organization_ids) VALUES (:entity, 'x.y', 'Lead', :id, 'STAFF', true, ARRAY[:org]::uuid[])"
            ),
            {"entity": entity.id, "id": uuid4(), "org": partner.id},
        )
    assert await read(database, reader, before) == []


async def test_positions_are_narrowed_by_type_and_subject(database: Database) -> None:
    entity_id = await entity_of(database)
    reader = factories.actor(Role.OPERATIONS, entity_id)
    subject = await told(database, entity_id)
    await told(database, entity_id)
    await told_secretly(database, entity_id)
    assert len(await read(database, reader)) == 3
    assert [row.subject_id for row in await read(database, reader, subject_id=subject)] == [subject]
    assert [row.type for row in await read(database, reader, types={"lead.scored"})] == ["lead.scored"]


async def test_who_was_merged_brings_its_list_along(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        winner, loser = [await factories.person(session, entity) for _ in range(2)]
        staff = await factories.actor_with(session, Role.OPERATIONS, entity)
        reader = await factories.actor_with(session, Role.CUSTOMER, entity, contact=winner)
    early = await told(database, entity.id, contact_ids=[loser.id])
    async with database.session(SYSTEM) as session:
        await merging.merge(session, staff, winner.id, loser.id)
        assert (await session.get_one(Contact, loser.id)).merged_into_id == winner.id
    late = await told(database, entity.id, contact_ids=[loser.id])
    subjects = [row.subject_id for row in await read(database, reader)]
    assert [id for id in subjects if id in (early, late)] == [early, late]


async def test_a_refill_says_what_the_trigger_said(fresh_database: Any, settings: Any) -> None:
    from tenants.engine import role_password

    url = await fresh_database()
    database = Database(url, role_password(settings))
    owner = await asyncpg.connect(url)
    try:
        async with database.session(SYSTEM) as session:
            entity = await factories.business_entity(session)
            await factories.organization(session, entity)
        for note in "abc":
            await told(database, entity.id, note)
        queries = (
            "SELECT event_id, row_number() OVER (ORDER BY position) FROM event_position ORDER BY position",
            "SELECT key, p.event_id FROM position_row JOIN event_position p USING (position) ORDER BY 1, p.position",
        )
        before = [await owner.fetch(query) for query in queries]
        for statement in refill_statements():
            await owner.execute(statement)
        assert [await owner.fetch(query) for query in queries] == before
        assert before[1]
        await told(database, entity.id, "d")
        assert (await notes(database, entity.id))[-4:] == ["a", "b", "c", "d"]
    finally:
        await owner.close()
        await database.close()


async def test_nobody_writes_a_position(database: Database) -> None:
    entity_id = await entity_of(database)
    for actor in (SYSTEM, factories.actor(Role.OPERATIONS, entity_id)):
        for statement in ("DELETE FROM event_position", "UPDATE event_position SET type = ''"):
            with pytest.raises(Exception, match="permission denied"):
                async with database.session(actor) as session:
                    await session.execute(text(statement))
