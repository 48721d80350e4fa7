"""Two parties sign one document, each seeing its own lines; the last signature makes the order."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from domain.contacts import merging, tree
from domain.contacts.models import Contact, ContactRelation
from domain.events.models import Event
from domain.numbering.models import Counter
from domain.orders import placement
from domain.orders.models import Order, OrderMilestone
from domain.quotes.models import Quote, QuoteParty, QuoteStatus, QuoteVersion
from domain.rows import granted_columns
from domain.signatures.errors import AlreadySigned, NotAParty
from domain.visits.models import Visit
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.quoting import EVIDENCE, KEYS, Market, market


async def orders(m: Market, name: str, quote_id: UUID) -> list[Order]:
    """The orders of a quote that somebody sees, without the columns that only some may read."""
    async with m.database.session(m.actors[name]) as session:
        query = select(Order).where(Order.quote_id == quote_id).options(*granted_columns(session, Order))
        return list((await session.execute(query.order_by(Order.sequence))).scalars())


async def test_two_signatures_make_one_order(database: Database) -> None:
    m = await market(database, agreement={"payment_terms_days": 45})
    quote_id = await m.quote(partner_order_id="PO-1", partner_metadata={"purchase_order": "X1"})
    assert await m.sign("dealer", quote_id) is None
    order_id = await m.sign("customer", quote_id)
    (order,) = await orders(m, "staff", quote_id)
    assert order.id == order_id
    assert order.number.startswith(f"{m.entity.code}-20")
    assert (order.account_contact_id, order.end_customer_contact_id) == (m.dealer.id, m.customer.id)
    assert order.account_chain_ids == [m.master.id, m.dealer.id]
    assert (order.partner_order_id, order.partner_metadata) == ("PO-1", {"purchase_order": "X1"})
    assert (order.stage, order.progress, order.payment_terms_days) == ("RECEIVED", 10, 45)
    assert (order.estimated_processing_minutes, order.service_address_id) == (5, m.address.id)
    async with database.session(m.actors["staff"]) as session:
        quote = await session.get_one(Quote, quote_id)
        assert (quote.status, quote.pending_parties) == (QuoteStatus.ORDERED, [])
        visits = select(Visit.kind, Visit.minutes, Visit.status).where(Visit.order_id == order_id)
        assert [tuple(visit) for visit in await session.execute(visits)] == [("INSTALLATION", 150, "REQUIRED")]
        milestones = select(OrderMilestone.stage).where(OrderMilestone.order_id == order_id)
        assert (await session.execute(milestones)).scalars().all() == ["RECEIVED"]
        relation = select(ContactRelation.lifecycle).where(ContactRelation.contact_id == m.customer.id)
        assert (await session.execute(relation)).scalar_one() == "CUSTOMER"


@pytest.mark.parametrize("last", ["dealer", "customer"])
async def test_everybody_concerned_sees_the_order_whoever_signed_last(database: Database, last: str) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    await m.sign("customer" if last == "dealer" else "dealer", quote_id)
    await m.sign(last, quote_id)
    for name in ("staff", "master", "dealer", "customer"):
        assert len(await orders(m, name, quote_id)) == 1
        async with database.session(m.actors[name]) as session:
            told = select(Event.type).where(Event.type == "order.received")
            assert len((await session.execute(told)).all()) == 1
            assert len((await session.execute(select(Visit.id))).all()) == 1


async def test_both_sign_at_the_same_moment_and_one_order_exists(database: Database) -> None:
    m = await market(database, agreement={})
    for _ in range(4):
        quote_id = await m.quote()
        made = await asyncio.gather(m.sign("dealer", quote_id), m.sign("customer", quote_id))
        assert len([order_id for order_id in made if order_id]) == 1
        assert len(await orders(m, "staff", quote_id)) == 1


async def test_one_party_signs_twice_at_the_same_moment_and_one_signature_counts(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    made = await asyncio.gather(*(m.sign("dealer", quote_id) for _ in range(3)), return_exceptions=True)
    assert made.count(None) == 1
    assert all(isinstance(each, AlreadySigned) for each in made if each is not None)
    assert await orders(m, "staff", quote_id) == []


async def test_many_quotes_are_signed_at_once_without_a_gap_in_the_numbers(database: Database) -> None:
    m = await market(database)
    quotes = [await m.quote(partner=False) for _ in range(6)]
    assert all(await asyncio.gather(*(m.sign("customer", quote_id) for quote_id in quotes)))
    async with database.session(m.actors["staff"]) as session:
        numbers = (await session.execute(select(Order.number).where(Order.entity_id == m.entity.id))).scalars().all()
        last = select(Counter.last).where(Counter.entity_id == m.entity.id, Counter.kind == "order")
        assert (await session.execute(last)).scalar_one() == 6
    assert sorted(int(number[-5:]) for number in numbers) == [1, 2, 3, 4, 5, 6]


async def test_a_signature_that_fails_gives_its_number_back(database: Database) -> None:
    m = await market(database)
    failing, working = await m.quote(partner=False), await m.quote(partner=False)
    hashed = await m.hash_of(failing)

    async def sign_and_fail() -> None:
        async with database.session(m.actors["customer"]) as session:
            await placement.sign_quote(session, failing, hashed, EVIDENCE, KEYS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await sign_and_fail()
    await m.sign("customer", working)
    (order,) = await orders(m, "staff", working)
    assert order.number.endswith("-00001")


# --- the channel --------------------------------------------------------------------------------------------------


async def test_the_channel_is_the_tree_at_order_time(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    async with database.session(m.actors["master"]) as session:
        party_id = (await session.execute(select(QuoteParty.id).where(QuoteParty.quote_id == quote_id))).scalar_one()
    async with database.session(SYSTEM) as session:
        new_master = await factories.organization(session, m.entity)
        mover = await factories.actor_with(session, Role.TENANT_ADMIN, m.entity)
        m.actors["new_master"] = await factories.actor_with(
            session, Role.PARTNER_ADMIN, m.entity, organization=new_master
        )
    async with database.session(SYSTEM) as session:
        await tree.move(session, mover, m.dealer.id, new_master.id)
    with pytest.raises(NotAParty):
        await m.sign("master_admin", quote_id, party_id=party_id)
    await m.sign("dealer", quote_id)
    await m.sign("customer", quote_id)
    assert await orders(m, "master", quote_id) == []
    (order,) = await orders(m, "new_master", quote_id)
    assert order.account_chain_ids == [new_master.id, m.dealer.id]
    assert len(await orders(m, "dealer", quote_id)) == 1


async def test_documents_of_merged_parties_are_signed_by_who_took_their_place(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    async with database.session(SYSTEM) as session:
        dealer = await factories.organization(session, m.entity, m.master)
        customer = await factories.person(session, m.entity)
        merger = await factories.actor_with(session, Role.TENANT_ADMIN, m.entity)
    async with database.session(SYSTEM) as session:
        await merging.merge(session, merger, dealer.id, m.dealer.id)
        await merging.merge(session, merger, customer.id, m.customer.id)
        m.actors["dealer"] = await factories.actor_with(session, Role.PARTNER_USER, m.entity, organization=dealer)
        m.actors["customer"] = await factories.actor_with(session, Role.CUSTOMER, m.entity, contact=customer)
    await m.sign("dealer", quote_id)
    await m.sign("customer", quote_id)
    for name in ("dealer", "customer", "master", "staff"):
        (order,) = await orders(m, name, quote_id)
        assert (order.account_contact_id, order.end_customer_contact_id) == (dealer.id, customer.id)
        assert order.account_chain_ids == [m.master.id, dealer.id]
        async with database.session(m.actors[name]) as session:
            visits = select(Visit.end_customer_contact_id).where(Visit.order_id == order.id)
            assert (await session.execute(visits)).scalars().all() == [customer.id]


async def lessor_quote(m: Market) -> UUID:
    async with m.database.session(SYSTEM) as session:
        lessor = await factories.organization(session, m.entity)
        m.actors["lessor"] = await factories.actor_with(session, Role.PARTNER_USER, m.entity, organization=lessor)
    return await m.quote(m.line("station", payer_id=lessor.id), m.line("installation"))


@pytest.mark.parametrize("sequence", [("lessor", "dealer", "customer"), ("customer", "dealer", "lessor")])
async def test_a_payer_outside_the_channel_signs_its_lines_too(database: Database, sequence: tuple[str, ...]) -> None:
    m = await market(database)
    quote_id = await lessor_quote(m)
    made = [await m.sign(name, quote_id) for name in sequence]
    assert [bool(order_id) for order_id in made] == [False, False, True]
    (order,) = await orders(m, "lessor", quote_id)
    assert order.account_chain_ids == [m.master.id, m.dealer.id]
    async with database.session(m.actors["lessor"]) as session:
        assert (await session.execute(select(Contact.id).where(Contact.id == m.customer.id))).first() is None


# --- the database's own refusal -----------------------------------------------------------------------------------


async def forged_order(m: Market, name: str, quote_id: UUID, **values: Any) -> None:
    async with m.database.session(m.actors[name]) as session:
        query = select(QuoteVersion.id).where(QuoteVersion.quote_id == quote_id).order_by(QuoteVersion.number)
        version_id = (await session.execute(query)).scalars().first()
        forged = insert(Order).inline()
        given = {
            "entity_id": m.entity.id,
            "number": factories.unique("FORGED-"),
            "quote_id": quote_id,
            "quote_version_id": version_id,
            "end_customer_contact_id": m.customer.id,
            "channel_organization_ids": [m.dealer.id],
        }
        await session.execute(forged.values(**(given | values)))


@pytest.mark.parametrize("name", ["customer", "dealer", "staff"])
async def test_no_role_makes_an_order_that_was_not_agreed_to(database: Database, name: str) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    await m.sign("dealer", quote_id)
    async with database.session(m.actors["customer"]) as session:
        await session.execute(update(QuoteParty).values(state="SIGNED"))
        await session.execute(update(Quote).where(Quote.id == quote_id).values(pending_parties=[]))
    with pytest.raises(DBAPIError, match="was not agreed to by all its parties"):
        await forged_order(m, name, quote_id)


async def test_an_order_of_a_version_that_is_not_in_force_is_refused(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    await m.sign("dealer", quote_id)
    await m.revised(quote_id)
    await m.sign("dealer", quote_id)
    await m.sign("customer", quote_id)
    with pytest.raises(DBAPIError, match="was not agreed to"):
        await forged_order(m, "staff", quote_id, sequence=2)


async def test_a_forger_cannot_choose_who_sees_an_order(database: Database) -> None:
    m, other = await market(database, agreement={}), await market(database)
    quote_id = await m.quote()
    await m.sign("dealer", quote_id)
    await m.sign("customer", quote_id)
    await forged_order(m, "staff", quote_id, sequence=2, channel_organization_ids=[other.dealer.id])
    (_, second) = await orders(m, "staff", quote_id)
    assert set(second.channel_organization_ids) == {m.master.id, m.dealer.id}


async def test_a_customer_reads_neither_metadata_nor_what_the_partner_pays(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote(partner_metadata={"purchase_order": "SECRET"})
    await m.sign("dealer", quote_id)
    await m.sign("customer", quote_id)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.session(m.actors["customer"]) as session:
            await session.execute(text('SELECT partner_metadata FROM "order"'))
    async with database.session(m.actors["customer"]) as session:
        total = select(func.sum(QuoteParty.gross_cents)).where(QuoteParty.quote_id == quote_id)
        assert (await session.execute(total)).scalar_one() == 403_33
