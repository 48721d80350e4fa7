"""What parties see of a quote, and its versions from draft to sent and beyond."""

import asyncio
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from domain.contacts.models import Contact, ContactRelation
from domain.errors import NotFound, Stale
from domain.events.models import Event
from domain.quotes import service
from domain.quotes.errors import (
    NoDraft,
    QuoteClosed,
)
from domain.quotes.models import LineItem, Quote, QuoteParty, QuoteVersion
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.quoting import market

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def rows(database: Database, who: Actor, model: Any, quote_id: UUID) -> list[Any]:
    """What somebody sees of the parts of a quote."""
    async with database.session(who) as session:
        found = select(model.id).where(model.quote_id == quote_id)
        return list((await session.execute(found)).scalars())


# --- what parties see ---------------------------------------------------------------------------------------------


async def test_nobody_outside_sees_a_draft_or_hears_of_it(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote(send=False)
    for name in ("dealer", "master", "customer"):
        assert not await rows(database, m.actors[name], LineItem, quote_id)
        assert not await rows(database, m.actors[name], QuoteParty, quote_id)
        async with database.session(m.actors[name]) as session:
            assert (await session.execute(select(Quote.id).where(Quote.id == quote_id))).first() is None
            assert (await session.execute(select(Event.id).where(Event.subject_id == quote_id))).first() is None
            assert (await session.execute(select(func.search_ids("Q-", ["quote"], 50)))).first() is None


async def test_each_party_sees_its_own_lines_only(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    async with database.session(m.actors["customer"]) as session:
        lines = (await session.execute(select(LineItem.sku).where(LineItem.quote_id == quote_id))).scalars().all()
        assert lines == [m.articles["installation"].sku]
        roles = (await session.execute(select(QuoteParty.role).where(QuoteParty.quote_id == quote_id))).scalars().all()
        assert roles == ["CUSTOMER"]
        total = select(func.sum(LineItem.gross_cents), func.count()).where(LineItem.entity_id == m.entity.id)
        assert (await session.execute(total)).one() == (403_33, 1)
    for name in ("dealer", "master"):
        async with database.session(m.actors[name]) as session:
            lines = (await session.execute(select(LineItem.sku).where(LineItem.quote_id == quote_id))).scalars().all()
            assert lines == [m.articles["station"].sku]
    async with database.session(m.actors["staff"]) as session:
        lines = (await session.execute(select(LineItem.sku).where(LineItem.quote_id == quote_id))).scalars().all()
        assert len(lines) == 2


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("customer", "unit_cost_cents"),
        ("dealer", "unit_cost_cents"),
        ("customer", "technical_description"),
        ("customer", "install_minutes"),
    ],
)
async def test_postgresql_refuses_columns_that_are_not_granted(database: Database, name: str, column: str) -> None:
    m = await market(database)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.session(m.actors[name]) as session:
            await session.execute(text(f"SELECT {column} FROM line_item"))


async def test_a_partner_beside_and_a_customer_beside_see_nothing(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    async with database.session(SYSTEM) as session:
        sister = await factories.organization(session, m.entity, m.master)
        neighbour = await factories.person(session, m.entity)
        outsiders = [
            await factories.actor_with(session, Role.PARTNER_ADMIN, m.entity, organization=sister),
            await factories.actor_with(session, Role.CUSTOMER, m.entity, contact=neighbour),
        ]
    for outsider in outsiders:
        for model in (LineItem, QuoteParty, QuoteVersion):
            assert not await rows(database, outsider, model, quote_id)


async def test_sending_makes_the_customer_a_prospect_that_the_partner_sees(database: Database) -> None:
    m = await market(database, agreement={})
    draft = await m.quote(send=False)
    async with database.session(m.actors["dealer"]) as session:
        assert (await session.execute(select(Contact.id).where(Contact.id == m.customer.id))).first() is None
    async with database.session(m.actors["staff"]) as session:
        await service.send(session, draft)
    async with database.session(m.actors["dealer"]) as session:
        assert (await session.execute(select(Contact.id).where(Contact.id == m.customer.id))).first() is not None
        relation = select(ContactRelation.lifecycle).where(ContactRelation.contact_id == m.customer.id)
        assert (await session.execute(relation)).scalar_one() == "PROSPECT"


async def test_older_documents_follow_a_customer_that_was_merged(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    async with database.session(SYSTEM) as session:
        kept = await factories.person(session, m.entity)
        await session.execute(update(Contact).where(Contact.id == m.customer.id).values(merged_into_id=kept.id))
        m.actors["customer"] = await factories.actor_with(session, Role.CUSTOMER, m.entity, contact=kept)
    await m.sign("dealer", quote_id)
    assert await m.sign("customer", quote_id) is not None


# --- versions -----------------------------------------------------------------------------------------------------


async def test_a_draft_is_replaced_and_a_sent_version_is_followed_by_another(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote(send=False)
    await m.revised(quote_id, m.line("cable"))
    async with database.session(m.actors["staff"]) as session:
        kept = select(QuoteVersion.number, QuoteVersion.sent_at).where(QuoteVersion.quote_id == quote_id)
        assert [row.number for row in await session.execute(kept)] == [1]
    first = await m.hash_of(quote_id)
    await m.revised(quote_id, send=False)
    await m.revised(quote_id, m.line("survey"))
    async with database.session(m.actors["staff"]) as session:
        query = select(QuoteVersion).where(QuoteVersion.quote_id == quote_id).order_by(QuoteVersion.number)
        one, two = (await session.execute(query)).scalars().all()
        assert (one.superseded_at, two.superseded_at) == (two.sent_at, None)
        assert (two.reason, two.head and two.head["supersedes"]) == ("Two stations", first.hex())
        assert (await session.get_one(Quote, quote_id)).current_version == 2


async def test_parties_see_a_new_version_only_when_it_is_sent(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    seen = await rows(database, m.actors["dealer"], LineItem, quote_id)
    await m.revised(quote_id, send=False)
    assert await rows(database, m.actors["dealer"], LineItem, quote_id) == seen
    async with database.session(m.actors["dealer"]) as session:
        query = select(Quote.status, Quote.current_version).where(Quote.id == quote_id)
        assert (await session.execute(query)).one() == ("SENT", 1)
    async with database.session(m.actors["staff"]) as session:
        await service.send(session, quote_id)
    assert len(await rows(database, m.actors["dealer"], LineItem, quote_id)) == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE line_item SET gross_cents = gross_cents + 1, vat_cents = vat_cents + 1 WHERE quote_id = $1",
        "UPDATE line_item SET sent_at = NULL WHERE quote_id = $1",
        "DELETE FROM line_item WHERE quote_id = $1",
        "UPDATE quote_party SET gross_cents = 0, net_cents = 0, vat_cents = 0 WHERE quote_id = $1",
        "UPDATE quote_version SET terms = 'other' WHERE quote_id = $1",
        "UPDATE quote_version SET head = '{}' WHERE quote_id = $1",
        "UPDATE quote_visit SET minutes = 1 FROM quote_version v WHERE v.id = quote_version_id AND v.quote_id = $1",
    ],
)
async def test_the_database_refuses_to_change_what_was_sent(database: Database, owner: Owner, change: str) -> None:
    m = await market(database)
    quote_id = await m.quote()
    with pytest.raises(asyncpg.PostgresError, match="was sent and never changes"):
        await owner.execute(change, quote_id)


async def test_the_draft_is_sent_once(database: Database) -> None:
    m = await market(database)
    quote_id = await m.quote()
    with pytest.raises(NoDraft):
        async with database.session(m.actors["staff"]) as session:
            await service.send(session, quote_id)


async def test_what_somebody_else_changed_meanwhile_is_not_sent(database: Database) -> None:
    m = await market(database)
    quote_id = await m.quote(send=False)
    async with database.session(m.actors["staff"]) as session:
        seen = (await session.get_one(Quote, quote_id)).version
    await m.revised(quote_id, m.line("cable"), send=False)
    with pytest.raises(Stale):
        async with database.session(m.actors["staff"]) as session:
            await service.send(session, quote_id, expected_revision=seen)


async def test_an_ordered_quote_is_not_revised_nor_withdrawn(database: Database) -> None:
    m = await market(database)
    quote_id = await m.quote(partner=False)
    await m.sign("customer", quote_id)
    with pytest.raises(QuoteClosed):
        await m.revised(quote_id)
    with pytest.raises(QuoteClosed):
        async with database.session(m.actors["staff"]) as session:
            await service.withdraw(session, quote_id, "Too late")


async def test_a_withdrawn_quote_is_offered_again_by_revising_it(database: Database) -> None:
    m = await market(database)
    quote_id = await m.quote(partner=False)
    async with database.session(m.actors["staff"]) as session:
        await service.withdraw(session, quote_id, "Price error")
    async with database.session(m.actors["customer"]) as session:
        query = select(Quote.status, Quote.close_reason).where(Quote.id == quote_id)
        assert (await session.execute(query)).one() == ("WITHDRAWN", "Price error")
    await m.revised(quote_id)
    async with database.session(m.actors["customer"]) as session:
        query = select(Quote.status, Quote.close_reason, Quote.closed_at).where(Quote.id == quote_id)
        assert (await session.execute(query)).one() == ("SENT", None, None)


async def test_expired_quotes_are_marked_once(database: Database, owner: Owner) -> None:
    m = await market(database)
    quote_id = await m.quote(partner=False)
    await owner.execute("UPDATE quote SET expires_at = now() - interval '1 second' WHERE id = $1", quote_id)

    async def sweep() -> list[UUID]:
        async with database.session(SYSTEM) as session:
            return await service.expire_due(session)

    swept = [id for found in await asyncio.gather(sweep(), sweep()) for id in found]
    assert swept.count(quote_id) == 1
    async with database.session(m.actors["customer"]) as session:
        assert (await session.execute(select(Quote.status).where(Quote.id == quote_id))).scalar() == "EXPIRED"
        told = select(Event.id).where(Event.subject_id == quote_id, Event.type == "quote.expired")
        assert len((await session.execute(told)).all()) == 1


async def test_staff_of_another_entity_cannot_touch_a_quote(database: Database) -> None:
    m, other = await market(database), await market(database)
    quote_id = await m.quote()
    with pytest.raises(NotFound):
        async with database.session(other.actors["staff"]) as session:
            await service.withdraw(session, quote_id, "Not mine")
