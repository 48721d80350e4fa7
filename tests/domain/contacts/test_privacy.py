"""A copy of everything, and erasure that leaves nothing behind but what the law keeps (T15)."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

import domain.tables  # noqa: F401  # completes the registries
from domain.contacts import merging, privacy
from domain.contacts.details import parse
from domain.contacts.errors import HasOpenOrders, HeldElsewhere, NotAPerson
from domain.contacts.models import Address, Contact, ContactType
from domain.contacts.personal import DECLARED
from domain.contacts.relations import relate
from domain.contacts.service import update
from domain.errors import NotFound
from domain.orders import service as orders
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.models import UserAccount
from tenants.permissions import Role
from tests import factories
from tests.quoting import Market, market

NO_PERSONAL_DATA = {
    "address",  # blanked by privacy itself
    "agreement",
    "api_key",
    "brand_cobranding",
    "oauth_client",
    "organization_parent",
    "partner_sku",
    "price_list",
    "trusted_document",
}
"""Tables that point to organizations only, or are handled apart."""


@pytest.fixture
async def sold(database: Database) -> Market:
    return await market(database)


async def erase(database: Database, by: Actor, id: UUID) -> None:
    async with database.session(SYSTEM) as session:
        await privacy.erase(session, by, id)


async def everything(database: Database) -> dict[str, str]:
    """All rows of all tables as text."""
    async with database.session(SYSTEM) as session:
        names = (
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition "
            "AND has_table_privilege(oid, 'SELECT')"
        )
        found = {}
        for table in (await session.execute(text(names))).scalars():
            rows = (await session.execute(text(f'SELECT to_jsonb(t)::text FROM "{table}" t'))).scalars()
            found[table] = "\n".join(rows)
    return found


async def known_person(made: Market) -> tuple[UUID, str]:
    """A person whose every detail holds one word that occurs nowhere else."""
    word = factories.unique("zoek")
    async with made.database.session(SYSTEM) as session:
        contact = await factories.person(session, made.entity, name=f"{word} naam", email=f"{word}@example.nl")
        login = await factories.user(session, email=f"{word}@login.example.nl", name=f"{word} naam")
        await factories.membership(session, login, Role.CUSTOMER, made.entity, contact=contact)
        given = {"name": f"{word} anders", "email": f"{word}2@example.nl"}
        await update(session, contact.id, ContactType.PERSON, parse(ContactType.PERSON, given, new=False))
        address = await factories.address(session, contact)
        address.street, address.original = f"{word}straat", {"street": f"{word}straat"}
        contact.address_id = address.id
    return contact.id, word


# --- erasure ----------------------------------------------------------------------------------------------------------


async def test_nothing_is_left_of_an_erased_person(sold: Market) -> None:
    id, word = await known_person(sold)
    duplicate, other_word = await known_person(sold)
    async with sold.database.session(SYSTEM) as session:
        await merging.merge(session, sold.actors["staff"], id, duplicate)
    held = {table for table, rows in (await everything(sold.database)).items() if word in rows or other_word in rows}
    assert {"contact", "address", "event", "search_row", "user_account", "contact_merge"} <= held
    await erase(sold.database, sold.actors["staff"], id)
    for table, rows in (await everything(sold.database)).items():
        assert word not in rows, table
        assert other_word not in rows, table


async def test_documents_stay_and_what_is_around_them_goes(sold: Market) -> None:
    database, customer = sold.database, sold.customer.id
    order_id = await sold.ordered(partner=False)
    with pytest.raises(HasOpenOrders):
        await erase(database, sold.actors["staff"], customer)
    async with database.session(sold.actors["staff"]) as session:
        await orders.cancel(session, order_id, "Op verzoek")
    name = sold.customer.name
    await erase(database, sold.actors["staff"], customer)
    left = {table for table, rows in (await everything(database)).items() if name in rows}
    assert left <= {"signature", "line_item", "quote_version"}
    async with database.session(SYSTEM) as session:
        event = await session.execute(
            text("SELECT payload FROM event WHERE subject_id = :id AND type = 'contact.erased'"), {"id": customer}
        )
        kept = event.scalar_one()["kept"]
        address = await session.get(Address, sold.address.id)
    assert kept["order"] == kept["quote"] == 1
    assert kept["line_item"] > 0
    assert address is not None
    assert (address.street, address.original) == ("Dorpsstraat", {})


async def test_a_pending_quote_is_open_business_too(sold: Market) -> None:
    await sold.quote(partner=False)
    with pytest.raises(HasOpenOrders):
        await erase(sold.database, sold.actors["staff"], sold.customer.id)


async def test_the_login_of_somebody_who_is_more_than_a_customer_stays(sold: Market) -> None:
    id, _ = await known_person(sold)
    async with sold.database.session(SYSTEM) as session:
        contact = await session.get(Contact, id)
        colleague = await factories.user(session)
        await factories.membership(session, colleague, Role.CUSTOMER, sold.entity, contact=contact)
        await factories.membership(session, colleague, Role.OPERATIONS, sold.entity)
    await erase(sold.database, sold.actors["staff"], id)
    async with sold.database.session(SYSTEM) as session:
        kept = await session.get(UserAccount, colleague.id)
        assert kept is not None
        assert (kept.status, kept.email) == ("ACTIVE", colleague.email)


async def test_who_may_erase_whom(sold: Market) -> None:
    database, staff = sold.database, sold.actors["staff"]
    async with database.session(SYSTEM) as session:
        other = await factories.business_entity(session)
        hidden = await factories.person(session, other)
        shared = await factories.person(session, other)
        await relate(session, shared, sold.entity.id, source="STAFF")
    for id, refusal in ((hidden.id, NotFound), (shared.id, HeldElsewhere), (sold.dealer.id, NotAPerson)):
        with pytest.raises(refusal):
            await erase(database, staff, id)
    await erase(database, SYSTEM, shared.id)
    await erase(database, SYSTEM, shared.id)
    async with database.session(SYSTEM) as session:
        events = (
            select(text("count(*)"))
            .select_from(text("event"))
            .where(text("subject_id = :id AND type = 'contact.erased'"))
        )
        assert (await session.execute(events, {"id": shared.id})).scalar_one() == 2


async def test_every_table_that_points_to_a_contact_says_what_it_holds(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        rows = await session.execute(
            text("SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE confrelid = 'contact'::regclass")
        )
        tables = {name.strip('"') for name in rows.scalars()}
    assert tables - set(DECLARED) - NO_PERSONAL_DATA - {"contact_merge"} == set()


# --- copy -------------------------------------------------------------------------------------------------------------


async def copy(database: Database, by: Actor, id: UUID) -> dict[str, Any]:
    async with database.session(by) as session:
        return await privacy.export(session, id)


async def test_the_copy_holds_everything_and_no_secret(sold: Market) -> None:
    id, word = await known_person(sold)
    async with sold.database.session(SYSTEM) as session:
        account = (await session.execute(select(UserAccount).where(UserAccount.email.startswith(word)))).scalar_one()
        account.password_hash = "argon2-of-nobody"
    data = await copy(sold.database, sold.actors["staff"], id)
    tables = data["tables"]
    assert tables["contact"][0]["email"] == f"{word}2@example.nl"
    assert tables["address"][0]["street"] == f"{word}straat"
    assert tables["user_account"][0]["email"].startswith(word)
    assert {"contact.created", "contact.updated"} <= {event["type"] for event in tables["event"]}
    assert "argon2" not in json.dumps(data)


async def test_the_copy_has_the_business_done(sold: Market) -> None:
    await sold.ordered(partner=False)
    data = await copy(sold.database, sold.actors["staff"], sold.customer.id)
    for table in ("order", "quote", "line_item", "signature", "quote_party"):
        assert data["tables"][table], table
    assert "unit_cost_cents" not in json.dumps(data)


async def test_the_copy_is_of_the_actors_entities_only(sold: Market) -> None:
    await sold.ordered(partner=False)
    async with sold.database.session(SYSTEM) as session:
        other = await factories.business_entity(session)
        contact = await session.get(Contact, sold.customer.id)
        assert contact is not None
        await relate(session, contact, other.id, source="STAFF")
        admin = await factories.actor_with(session, Role.TENANT_ADMIN, other)
    data = await copy(sold.database, admin, sold.customer.id)
    assert data["tables"]["contact"]
    assert data["tables"]["order"] == data["tables"]["signature"] == []
    assert [row["entity_id"] for row in data["tables"]["contact_relation"]] == [str(other.id)]
