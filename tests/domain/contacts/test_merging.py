"""Merging duplicates keeps both histories, and can be undone."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import merging
from domain.contacts.errors import MergeImpossible, UnmergeImpossible
from domain.contacts.models import Contact, ContactMerge, ContactRelation
from domain.contacts.references import references
from domain.errors import NotFound
from domain.events.models import Event
from domain.orders.models import Order
from domain.quotes.models import LineItem, Quote, QuoteParty, QuoteVersion
from domain.signatures.models import Signature
from tenants.actor import SYSTEM, Actor
from tenants.base import Base
from tenants.engine import Database
from tenants.models import Membership
from tenants.permissions import Role
from tests import factories
from tests.quoting import Market, market


@pytest.fixture
async def sold(database: Database) -> Market:
    return await market(database)


async def merge(database: Database, by: Actor, winner: UUID, loser: UUID) -> None:
    async with database.session(SYSTEM) as session:
        await merging.merge(session, by, winner, loser)


async def unmerge(database: Database, by: Actor, loser: UUID) -> None:
    async with database.session(SYSTEM) as session:
        await merging.unmerge(session, by, loser)


async def person(made: Market, **values: Any) -> UUID:
    async with made.database.session(SYSTEM) as session:
        return (await factories.person(session, made.entity, **values)).id


async def row(database: Database, actor: Actor, model: type[Base], id: UUID) -> Any:
    async with database.session(actor) as session:
        return await session.get(model, id)


async def own(session: AsyncSession, made: Market, contact_id: UUID) -> Actor:
    contact = await session.get(Contact, contact_id)
    return await factories.actor_with(session, Role.CUSTOMER, made.entity, contact=contact)


async def fingerprint(made: Market, tables: tuple[str, ...]) -> list[Any]:
    """All rows of the entity in these tables."""
    found = []
    async with made.database.session(SYSTEM) as session:
        for table in tables:
            query = text(f'SELECT to_jsonb(t) FROM "{table}" t WHERE entity_id = :id ORDER BY t.id')
            found.append(list((await session.execute(query, {"id": made.entity.id})).scalars()))
    return found


# --- both histories ---------------------------------------------------------------------------------------------------


async def test_everything_of_the_loser_is_the_winners_and_documents_keep_their_party(sold: Market) -> None:
    database, staff, loser = sold.database, sold.actors["staff"], sold.customer.id
    order_id = await sold.ordered()
    winner = await person(sold, phone=None)
    documents = ("quote_version", "quote_party", "line_item", "quote_visit", "signature", "event")
    before = await fingerprint(sold, documents)
    await merge(database, staff, winner, loser)
    after = await fingerprint(sold, documents)
    assert before[:-1] == after[:-1]
    assert before[-1] == after[-1][:-1]
    assert after[-1][-1]["type"] == "contact.merged"
    order = await row(database, SYSTEM, Order, order_id)
    assert order.end_customer_contact_id == winner
    gone = await row(database, staff, Contact, loser)
    assert gone.merged_into_id == winner
    async with database.session(SYSTEM) as session:
        assert (
            await session.execute(select(Membership.contact_id).where(Membership.contact_id == loser))
        ).first() is None


async def test_the_winner_reads_and_signs_what_names_the_loser(sold: Market) -> None:
    database = sold.database
    quote_id = await sold.quote(partner=False)
    winner = await person(sold)
    await merge(database, sold.actors["staff"], winner, sold.customer.id)
    async with database.session(SYSTEM) as session:
        actor = await own(session, sold, winner)
    async with database.session(actor) as session:
        for model in (Quote, QuoteVersion, QuoteParty, LineItem):
            rows = (await session.execute(select(func.count()).select_from(model))).scalar_one()
            assert rows > 0, model
        parties = (await session.execute(select(QuoteParty.contact_id))).scalars().all()
        assert parties == [sold.customer.id]
        timeline = (await session.execute(select(Event.type))).scalars().all()
        assert "quote.sent" in timeline
    sold.actors["winner"] = actor
    order_id = await sold.sign("winner", quote_id)
    assert order_id is not None
    async with database.session(actor) as session:
        assert (await session.execute(select(Signature.party_contact_id))).scalars().all() == [sold.customer.id]


async def test_the_winner_keeps_what_it_has_and_takes_what_it_lacks(sold: Market) -> None:
    winner = await person(sold, email="kept@example.nl", phone=None)
    loser = await person(sold, email="lost@example.nl", phone="+31612345678", job_title="Eigenaar")
    await merge(sold.database, sold.actors["staff"], winner, loser)
    kept = await row(sold.database, SYSTEM, Contact, winner)
    assert (kept.email, kept.phone, kept.job_title) == ("kept@example.nl", "+31612345678", "Eigenaar")


async def test_relations_with_one_entity_fold_into_one(sold: Market) -> None:
    winner, loser = await person(sold), await person(sold)
    async with sold.database.session(SYSTEM) as session:
        other = await factories.business_entity(session)
        elsewhere = await factories.person(session, other)
        relation = (await session.execute(select(ContactRelation).filter_by(contact_id=loser))).scalar_one()
        relation.lifecycle, relation.service_preferences = "CUSTOMER", {"level": "PRIORITY"}
        everywhere = await factories.actor_with(session, Role.TENANT_ADMIN, [sold.entity, other])
    await merge(sold.database, everywhere, winner, loser)
    await merge(sold.database, everywhere, winner, elsewhere.id)
    async with sold.database.session(SYSTEM) as session:
        relations = (await session.execute(select(ContactRelation).filter_by(contact_id=winner))).scalars().all()
        found = {relation.entity_id: relation for relation in relations}
    assert set(found) == {sold.entity.id, other.id}
    assert found[sold.entity.id].lifecycle == "CUSTOMER"
    assert found[sold.entity.id].service_preferences == {"level": "PRIORITY"}
    assert set((await row(sold.database, SYSTEM, Contact, winner)).entity_ids) == {sold.entity.id, other.id}


async def test_a_user_of_both_is_one_of_the_winner_only(sold: Market) -> None:
    winner, loser = await person(sold), await person(sold)
    async with sold.database.session(SYSTEM) as session:
        user = await factories.user(session)
        for id in (winner, loser):
            contact = await session.get(Contact, id)
            await factories.membership(session, user, Role.CUSTOMER, sold.entity, contact=contact)
    await merge(sold.database, sold.actors["staff"], winner, loser)
    assert await memberships(sold, user.id) == {(winner, "ACTIVE"), (loser, "REVOKED")}
    await unmerge(sold.database, sold.actors["staff"], loser)
    assert await memberships(sold, user.id) == {(winner, "ACTIVE"), (loser, "ACTIVE")}


async def memberships(made: Market, user_id: UUID) -> set[tuple[UUID | None, str]]:
    async with made.database.session(SYSTEM) as session:
        rows = await session.execute(select(Membership.contact_id, Membership.status).filter_by(user_id=user_id))
        return {(row[0], row[1]) for row in rows}


async def test_a_merge_of_merges_ends_at_the_last_winner(sold: Market) -> None:
    first, second, third = await person(sold), await person(sold), await person(sold)
    await merge(sold.database, sold.actors["staff"], second, first)
    await merge(sold.database, sold.actors["staff"], third, second)
    for id in (first, second):
        assert (await row(sold.database, SYSTEM, Contact, id)).merged_into_id == third


async def test_a_duplicate_is_no_longer_found_by_search(sold: Market) -> None:
    winner, loser = await person(sold), await person(sold, name="Zeldzame Naam")
    assert await search(sold, "zeldzame naam") == [loser]
    await merge(sold.database, sold.actors["staff"], winner, loser)
    assert await search(sold, "zeldzame naam") == []


async def search(made: Market, wanted: str) -> list[UUID]:
    async with made.database.session(made.actors["staff"]) as session:
        rows = await session.execute(text("SELECT row_id FROM search_ids(:t, ARRAY['contact'], 10)"), {"t": wanted})
        return list(rows.scalars())


# --- organizations ----------------------------------------------------------------------------------------------------


async def test_partners_merge_with_their_channel(database: Database) -> None:
    sold = await market(database, agreement={})
    staff = sold.actors["staff"]
    order_id = await sold.ordered()
    async with database.session(SYSTEM) as session:
        kept = await factories.organization(session, sold.entity, partner_code=factories.unique("p"))
        below = await factories.organization(session, sold.entity, sold.dealer)
        employee = await factories.person(session, sold.entity, organization=sold.dealer)
        brought = await factories.person(session, sold.entity, partner=sold.dealer)
        actor = await factories.actor_with(session, Role.PARTNER_ADMIN, sold.entity, organization=kept)
    await merge(database, staff, kept.id, sold.dealer.id)
    for model, id in ((Order, order_id), (Contact, below.id), (Contact, employee.id), (Contact, brought.id)):
        assert await row(database, actor, model, id) is not None, (model, id)
    order = await row(database, SYSTEM, Order, order_id)
    assert order.channel_organization_ids == [sold.master.id, kept.id]
    async with database.session(actor) as session:
        lines = (await session.execute(select(LineItem.payer_contact_id))).scalars().all()
        assert sold.dealer.id in lines
        assert (await session.execute(select(func.count()).select_from(Signature))).scalar_one() == 1
    assert (await row(database, SYSTEM, Contact, below.id)).chain_organization_ids == [kept.id, below.id]
    moved_user = await memberships_of(sold, sold.actors["dealer"].user_id)
    assert moved_user == [(kept.id, [kept.id])]


async def memberships_of(made: Market, user_id: UUID | None) -> list[tuple[UUID | None, list[UUID]]]:
    async with made.database.session(SYSTEM) as session:
        columns = (Membership.organization_id, Membership.channel_organization_ids)
        rows = await session.execute(select(*columns).where(Membership.user_id == user_id))
        return [(row[0], row[1]) for row in rows]


async def test_a_merged_partner_comes_back_where_it_was(sold: Market) -> None:
    database, staff, dealer = sold.database, sold.actors["staff"], sold.dealer.id
    order_id = await sold.ordered()
    async with database.session(SYSTEM) as session:
        kept = await factories.organization(session, sold.entity)
        below = await factories.organization(session, sold.entity, sold.dealer)
    columns = ("chain_organization_ids", "channel_organization_ids", "parent_organization_id", "merged_into_id")
    before = [[getattr(await row(database, SYSTEM, Contact, id), c) for c in columns] for id in (dealer, below.id)]
    await merge(database, staff, kept.id, dealer)
    await unmerge(database, staff, dealer)
    after = [[getattr(await row(database, SYSTEM, Contact, id), c) for c in columns] for id in (dealer, below.id)]
    assert before == after
    order = await row(database, SYSTEM, Order, order_id)
    assert (order.account_contact_id, order.channel_organization_ids) == (dealer, [sold.master.id, dealer])


# --- undoing ----------------------------------------------------------------------------------------------------------


async def test_what_was_merged_goes_back_and_what_came_later_stays(sold: Market) -> None:
    database, staff, loser = sold.database, sold.actors["staff"], sold.customer.id
    order_id = await sold.ordered()
    winner = await person(sold, phone=None)
    watched = ("order", "quote", "visit", "contact_relation")
    before = await fingerprint(sold, watched)
    await merge(database, staff, winner, loser)
    assert before != await fingerprint(sold, watched)
    await unmerge(database, staff, loser)
    assert strip(before) == strip(await fingerprint(sold, watched))
    restored = await row(database, SYSTEM, Contact, loser)
    assert (restored.merged_into_id, restored.erased_at) == (None, None)
    assert (await row(database, SYSTEM, Order, order_id)).end_customer_contact_id == loser
    async with database.session(SYSTEM) as session:
        assert (
            await session.execute(select(ContactMerge.undone_at).filter_by(loser_id=loser))
        ).scalar_one() is not None


def strip(rows: list[Any]) -> list[Any]:
    return [[{k: v for k, v in each.items() if k not in ("updated_at", "version")} for each in table] for table in rows]


async def test_what_was_not_merged_or_was_merged_on_is_not_undone(sold: Market) -> None:
    first, second, third = await person(sold), await person(sold), await person(sold)
    with pytest.raises(UnmergeImpossible):
        await unmerge(sold.database, sold.actors["staff"], first)
    await merge(sold.database, sold.actors["staff"], second, first)
    await merge(sold.database, sold.actors["staff"], third, second)
    with pytest.raises(UnmergeImpossible):
        await unmerge(sold.database, sold.actors["staff"], first)
    await unmerge(sold.database, sold.actors["staff"], second)
    await unmerge(sold.database, sold.actors["staff"], first)
    assert (await row(sold.database, SYSTEM, Contact, first)).merged_into_id is None


# --- refusals and races -----------------------------------------------------------------------------------------------


async def test_opposite_merges_at_once_leave_one_winner(sold: Market) -> None:
    a, b = await person(sold), await person(sold)
    staff = sold.actors["staff"]
    outcomes = await asyncio.gather(
        merge(sold.database, staff, a, b), merge(sold.database, staff, b, a), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["MergeImpossible", "NoneType"]


async def test_the_same_merge_twice_is_one(sold: Market) -> None:
    a, b = await person(sold), await person(sold)
    staff = sold.actors["staff"]
    await asyncio.gather(merge(sold.database, staff, a, b), merge(sold.database, staff, a, b))
    async with sold.database.session(SYSTEM) as session:
        assert len((await session.execute(select(ContactMerge.id).filter_by(loser_id=b))).all()) == 1


async def test_both_have_to_be_visible(sold: Market) -> None:
    a = await person(sold)
    async with sold.database.session(SYSTEM) as session:
        hidden = (await factories.person(session, await factories.business_entity(session))).id
    for winner, loser, field in ((a, hidden, "loser_id"), (hidden, a, "winner_id")):
        with pytest.raises(NotFound) as refused:
            await merge(sold.database, sold.actors["staff"], winner, loser)
        assert refused.value.field == (field,)


async def test_what_cannot_be_one(sold: Market) -> None:
    somebody = await person(sold)
    pairs = [(somebody, somebody), (somebody, sold.dealer.id), (sold.master.id, sold.dealer.id)]
    for winner, loser in [*pairs, (sold.dealer.id, sold.master.id)]:
        with pytest.raises(MergeImpossible):
            await merge(sold.database, sold.actors["staff"], winner, loser)


_MAY_NOT_CHANGE = text("""
    SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only'
    """)


async def test_every_foreign_key_to_a_contact_is_known(database: Database) -> None:
    """The catalog and the models agree, so that no table is forgotten by a merge; what may only be added to is kept."""
    async with database.session(SYSTEM) as session:
        known = {each.name for each in await references(session) if not each.is_array}
        fixed = set(await session.scalars(_MAY_NOT_CHANGE))
    declared = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if table.name not in fixed and any(key.target_fullname == "contact.id" for key in column.foreign_keys)
    }
    assert declared <= known
    assert {"order.end_customer_contact_id", "lead.contact_id", "membership.contact_id", "address.contact_id"} <= known
