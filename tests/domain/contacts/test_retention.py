"""Who only ever was a lead is erased when its entities' time is over, and nobody else is (T15)."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

import domain.tables  # noqa: F401  # completes the registries
from domain.contacts import merging
from domain.contacts.models import Contact, ContactRelation, Lifecycle
from domain.contacts.personal import DECLARED, Personal
from domain.contacts.relations import relate, set_lifecycle
from domain.events.models import Event
from domain.leads import retention
from domain.leads.models import Lead
from domain.quotes import service as quotes
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.models import Membership, UserAccount
from tenants.permissions import Role
from tests import factories
from tests.domain.leads.world import NIJKERK, World, make
from tests.quoting import lead_of, market

MOMENT = timedelta(microseconds=1)
Move = Callable[[datetime], None]


@pytest.fixture
async def own(fresh_database: Any, database: Database) -> AsyncIterator[Database]:
    """A database of its own: retention looks at everybody, from a day on which all is old."""
    made = Database(await fresh_database(), database._password)
    yield made
    await made.close()


@pytest.fixture
async def world(own: Database) -> World:
    return await make(own, lead_retention_days=90)


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> Move:
    """Moves the clock."""
    return lambda to: monkeypatch.setattr(clock, "now", lambda: to)


async def last_event(database: Database, *contact_ids: UUID) -> datetime:
    async with database.session(SYSTEM) as session:
        query = select(func.max(Event.created_at)).where(Event.contact_ids.overlap(list(contact_ids)))
        return (await session.execute(query)).scalar_one()


async def due(database: Database) -> set[UUID]:
    async with database.session(SYSTEM) as session:
        return set(await retention.due(session))


async def erased(database: Database, id: UUID) -> bool:
    async with database.session(SYSTEM) as session:
        return await retention.erase_if_due(session, id)


async def contact(database: Database, id: UUID) -> Contact:
    async with database.session(SYSTEM) as session:
        return await session.get_one(Contact, id)


async def erasures(database: Database, id: UUID) -> list[UUID]:
    """The entities in whose logs the erasure of a contact stands."""
    async with database.session(SYSTEM) as session:
        query = select(Event.entity_id).where(Event.subject_id == id, Event.type == "contact.erased")
        return sorted((await session.scalars(query)).all())


# --- time -------------------------------------------------------------------------------------------------------------


async def test_a_lead_is_erased_once_its_time_is_over_and_not_before(world: World, move: Move) -> None:
    id = (await world.lead()).contact_id
    last = await last_event(world.database, id)
    for early in (timedelta(0), timedelta(days=89), timedelta(days=90)):
        move(last + early)
        assert await due(world.database) == set()
        assert not await erased(world.database, id)
    move(last + timedelta(days=90) + MOMENT)
    assert await due(world.database) == {id}
    assert await erased(world.database, id)
    gone = await contact(world.database, id)
    assert (gone.name, gone.email) == ("Gewist contact", None)
    assert gone.erased_at is not None
    assert await erasures(world.database, id) == [world.entity.id]


async def test_nobody_is_erased_twice(world: World, move: Move) -> None:
    id = (await world.lead()).contact_id
    move(datetime.now(UTC) + timedelta(days=91))
    assert await erased(world.database, id)
    move(datetime.now(UTC) + timedelta(days=5_000))
    assert await due(world.database) == set()
    assert not await erased(world.database, id)
    assert await erasures(world.database, id) == [world.entity.id]


async def test_leads_are_kept_for_two_years_unless_the_entity_says_otherwise(own: Database, move: Move) -> None:
    world = await make(own)
    id = (await world.lead()).contact_id
    last = await last_event(own, id)
    move(last + timedelta(days=730))
    assert await due(own) == set()
    move(last + timedelta(days=730) + MOMENT)
    assert await due(own) == {id}


async def test_a_later_lead_counts(world: World, move: Move) -> None:
    id = (await world.lead()).contact_id
    last = await last_event(world.database, id)
    async with world.system() as session:
        later = last + timedelta(days=50)
        await session.execute(update(Lead).where(Lead.contact_id == id).values(created_at=later))
    move(last + timedelta(days=140))
    assert await due(world.database) == set()
    move(last + timedelta(days=140) + MOMENT)
    assert await due(world.database) == {id}


@pytest.mark.parametrize("other_days", [30, 400])
async def test_of_two_entities_the_longer_time_holds(world: World, move: Move, other_days: int) -> None:
    id = (await world.lead()).contact_id
    async with world.system() as session:
        other = await factories.business_entity(session, lead_retention_days=other_days)
        await relate(session, await session.get_one(Contact, id), other.id, source="STAFF")
    last = await last_event(world.database, id)
    move(last + timedelta(days=max(90, other_days)))
    assert await due(world.database) == set()
    move(last + timedelta(days=max(90, other_days)) + MOMENT)
    assert await due(world.database) == {id}
    assert await erased(world.database, id)
    assert await erasures(world.database, id) == sorted([world.entity.id, other.id])


async def test_of_many_only_as_many_as_asked_are_taken(world: World, move: Move) -> None:
    ids = {(await world.lead()).contact_id for _ in range(3)}
    move(datetime.now(UTC) + timedelta(days=91))
    async with world.system() as session:
        taken = await retention.due(session, 2)
    assert len(set(taken)) == 2
    assert set(taken) < ids


# --- duplicates -------------------------------------------------------------------------------------------------------


async def test_merged_duplicates_are_one_person(world: World, move: Move) -> None:
    kept, merged = [(await world.lead()).contact_id for _ in range(2)]
    async with world.system() as session:
        await merging.merge(session, world.admin, kept, merged)
    last = await last_event(world.database, kept, merged)
    move(last + timedelta(days=90))
    assert await due(world.database) == set()
    move(last + timedelta(days=90) + MOMENT)
    assert await due(world.database) == {kept}
    assert not await erased(world.database, merged)
    assert await erased(world.database, kept)
    for id in (kept, merged):
        assert (await contact(world.database, id)).name == "Gewist contact"


@pytest.mark.parametrize("quoted", [False, True])
async def test_a_quote_that_names_the_duplicate_keeps_both(own: Database, move: Move, quoted: bool) -> None:
    m = await market(own)
    async with own.session(SYSTEM) as session:
        kept = await factories.person(session, m.entity)
    await lead_of(m, contact_id=kept.id)
    if quoted:
        quote_id = await m.quote(partner=False)
        async with own.session(m.actors["staff"]) as session:
            await quotes.withdraw(session, quote_id, "Te laat")
    async with own.session(SYSTEM) as session:
        await merging.merge(session, m.actors["staff"], kept.id, m.customer.id)
        await session.execute(update(ContactRelation).values(lifecycle=Lifecycle.INACTIVE.value))
    move(datetime.now(UTC) + timedelta(days=731))
    assert await due(own) == (set() if quoted else {kept.id})


# --- who stays --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["none", "draft", "sent", "withdrawn", "ordered"])
async def test_who_was_made_an_offer_stays(own: Database, move: Move, state: str) -> None:
    """Whatever became of it: offers are kept for seven years. `none` is the proof that nothing else kept the person."""
    m = await market(own)
    await lead_of(m)
    if state == "ordered":
        await m.ordered(partner=False)
    elif state != "none":
        quote_id = await m.quote(partner=False, send=state != "draft")
        if state == "withdrawn":
            async with own.session(m.actors["staff"]) as session:
                await quotes.withdraw(session, quote_id, "Te laat")
    async with own.session(SYSTEM) as session:
        await session.execute(update(ContactRelation).values(lifecycle=Lifecycle.INACTIVE.value))
    move(datetime.now(UTC) + timedelta(days=731))
    assert await due(own) == ({m.customer.id} if state == "none" else set())
    assert await erased(own, m.customer.id) == (state == "none")


async def test_whatever_an_area_has_to_keep_keeps_the_person(
    world: World, move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As invoices will."""
    id = (await world.take(address=NIJKERK)).lead.contact_id
    move(datetime.now(UTC) + timedelta(days=91))
    with monkeypatch.context() as patch:
        patch.setitem(DECLARED, "address", Personal("address", kept="contact_id = ANY (CAST(:ids AS uuid[]))"))
        assert not await erased(world.database, id)
    assert await erased(world.database, id)


async def test_what_has_to_be_kept_of_its_logins_keeps_the_person(
    world: World, move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As signatures of agreements do."""
    (with_login, without) = [(await world.lead()).contact_id for _ in range(2)]
    async with world.system() as session:
        login = await factories.user(session)
        person = await session.get_one(Contact, with_login)
        await factories.membership(session, login, Role.CUSTOMER, world.entity, contact=person)
    move(datetime.now(UTC) + timedelta(days=91))
    with monkeypatch.context() as patch:
        patch.setitem(DECLARED, "user_account", Personal("user_account", kept="id = ANY (CAST(:users AS uuid[]))"))
        assert not await erased(world.database, with_login)
        assert await erased(world.database, without)
    assert await erased(world.database, with_login)


@pytest.mark.parametrize("lifecycle", Lifecycle)
async def test_prospects_and_customers_stay(world: World, move: Move, lifecycle: Lifecycle) -> None:
    id = (await world.lead()).contact_id
    async with world.system() as session:
        await set_lifecycle(session, id, world.entity.id, lifecycle)
    move(datetime.now(UTC) + timedelta(days=91))
    goes = lifecycle in (Lifecycle.LEAD, Lifecycle.INACTIVE)
    assert await due(world.database) == ({id} if goes else set())


async def test_who_is_no_lead_or_belongs_to_an_organization_stays(world: World, move: Move) -> None:
    colleague = (await world.lead()).contact_id
    async with world.system() as session:
        await factories.person(session, world.entity)
        values = {"parent_organization_id": world.dealer.id}
        await session.execute(update(Contact).where(Contact.id == colleague).values(values))
    gone = (await world.lead()).contact_id
    move(datetime.now(UTC) + timedelta(days=91))
    assert await due(world.database) == {gone}


async def test_who_still_logs_in_stays(world: World, move: Move) -> None:
    lead = await world.lead()
    login = await world.customer(lead)
    seen = await last_event(world.database, lead.contact_id) + timedelta(days=60)
    async with world.system() as session:
        await session.execute(update(UserAccount).where(UserAccount.id == login.user_id).values(last_login_at=seen))
    move(seen + timedelta(days=90))
    assert await due(world.database) == set()
    move(seen + timedelta(days=90) + MOMENT)
    assert await due(world.database) == {lead.contact_id}


async def test_who_works_with_us_stays(world: World, move: Move) -> None:
    lead = await world.lead()
    login = await world.customer(lead)
    async with world.system() as session:
        values = {"role": Role.OPERATIONS.value}
        await session.execute(update(Membership).where(Membership.user_id == login.user_id).values(values))
    move(datetime.now(UTC) + timedelta(days=91))
    assert await due(world.database) == set()
