"""One record per person across entities, relations that only grow, and acting as somebody within one transaction."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from domain.contacts import matching, relations, service, tree
from domain.contacts.addresses import AddressDetails
from domain.contacts.details import parse
from domain.contacts.models import Address, Contact, ContactRelation, ContactType, Lifecycle
from domain.errors import NotFound
from domain.events.models import Event
from domain.rows import actor_of, find
from tenants.acting import acting_as
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.quoting import Market, market

HOME = AddressDetails("3861AA", "1", street="Dorpsstraat", city="Nijkerk", original={"postal_code": "3861 aa"})


@pytest.fixture
async def sold(database: Database) -> Market:
    return await market(database)


def somebody() -> dict[str, str]:
    given = {"name": factories.unique("Jo "), "email": f"{factories.unique()}@example.nl", "phone": "0201234567"}
    return parse(ContactType.PERSON, given, new=True)


# --- one record -------------------------------------------------------------------------------------------------------


async def test_a_portal_links_across_entities_and_keeps_what_is_known(sold: Market) -> None:
    values = somebody()
    async with sold.database.session(SYSTEM) as session:
        other = await factories.business_entity(session)
        first = await matching.find_or_create(session, values, entity_id=sold.entity.id, source="PORTAL", address=HOME)
        changed = {**values, "name": "Iemand anders"}
        again = await matching.find_or_create(session, changed, entity_id=other.id, source="PORTAL", address=HOME)
        assert (first.created, again.created) == (True, False)
        assert again.contact.id == first.contact.id
        assert again.contact.name == values["name"]
        assert again.contact.entity_ids == [sold.entity.id, other.id]
        assert again.address is not None
        assert again.contact.address_id == first.address.id != again.address.id  # type: ignore[union-attr]  # it was given
        kinds = (await session.execute(select(Event.type).where(Event.subject_id == first.contact.id))).scalars().all()
    assert sorted(kinds) == ["contact.created", "contact.related"]


async def test_for_a_partner_only_what_the_partner_sees_is_known(sold: Market) -> None:
    values = somebody()
    async with sold.database.session(SYSTEM) as session:
        ours = await matching.find_or_create(session, values, entity_id=sold.entity.id, source="PORTAL")
        for partner, created in ((sold.dealer, True), (sold.dealer, False), (sold.master, False)):
            given = {"entity_id": sold.entity.id, "source": "PARTNER_API", "partner_id": partner.id}
            theirs = await matching.find_or_create(session, values, **given)
            assert theirs.created is created
            assert theirs.contact.id != ours.contact.id
        assert theirs.contact.channel_organization_ids == [sold.master.id, sold.dealer.id]
        relation = (await session.execute(select(ContactRelation).filter_by(contact_id=theirs.contact.id))).scalar_one()
        assert relation.partner_organization_id == sold.dealer.id
        assert relation.channel_organization_ids == [sold.master.id, sold.dealer.id]


async def test_merged_and_erased_records_are_not_found(sold: Market) -> None:
    values = somebody()
    async with sold.database.session(SYSTEM) as session:
        first = await matching.find_or_create(session, values, entity_id=sold.entity.id, source="PORTAL")
        first.contact.merged_into_id = sold.customer.id
        second = await matching.find_or_create(session, values, entity_id=sold.entity.id, source="PORTAL")
        assert second.created is True
        await session.rollback()


async def test_a_move_keeps_whom_the_old_chain_brought(sold: Market) -> None:
    async with sold.database.session(SYSTEM) as session:
        other = await factories.organization(session, sold.entity)
        brought = await factories.person(session, sold.entity, partner=sold.dealer)
        employee = await factories.person(session, sold.entity, organization=sold.dealer, partner=sold.master)
        await tree.move(session, sold.actors["staff"], sold.dealer.id, other.id)
        await tree.refresh_all_channels(session)
        for person, channel in (
            (brought, [sold.master.id, sold.dealer.id]),
            (employee, [other.id, sold.dealer.id, sold.master.id]),
        ):
            await session.refresh(person)
            assert person.channel_organization_ids == channel


# --- relations --------------------------------------------------------------------------------------------------------


async def lifecycle(made: Market) -> str:
    async with made.database.session(SYSTEM) as session:
        query = select(ContactRelation.lifecycle).filter_by(contact_id=made.customer.id, entity_id=made.entity.id)
        return (await session.execute(query)).scalar_one()


async def test_a_lifecycle_advances_and_never_falls_back(sold: Market) -> None:
    steps = [
        (Lifecycle.PROSPECT, "PROSPECT"),
        (Lifecycle.LEAD, "PROSPECT"),
        (Lifecycle.CUSTOMER, "CUSTOMER"),
        (Lifecycle.PROSPECT, "CUSTOMER"),
    ]
    for wanted, expected in steps:
        async with sold.database.session(sold.actors["staff"]) as session:
            await relations.advance(session, sold.customer.id, sold.entity.id, wanted)
        assert await lifecycle(sold) == expected
    async with sold.database.session(sold.actors["staff"]) as session:
        await relations.set_lifecycle(session, sold.customer.id, sold.entity.id, Lifecycle.INACTIVE)
        await relations.advance(session, sold.customer.id, sold.entity.id, Lifecycle.LEAD)
    assert await lifecycle(sold) == "LEAD"


async def test_a_customer_and_a_partner_advance_what_they_see(sold: Market) -> None:
    async with sold.database.session(sold.actors["customer"]) as session:
        await relations.advance(session, sold.customer.id, sold.entity.id, Lifecycle.CUSTOMER)
    assert await lifecycle(sold) == "CUSTOMER"
    async with sold.database.session(sold.actors["dealer"]) as session:
        with pytest.raises(NotFound):
            await relations.advance(session, sold.customer.id, sold.entity.id, Lifecycle.CUSTOMER)


# --- organizations and persons ----------------------------------------------------------------------------------------


async def test_a_partner_admin_works_in_its_own_session(sold: Market) -> None:
    values = parse(ContactType.ORGANIZATION, {"name": "Nieuw"}, new=True)
    async with sold.database.session(SYSTEM) as session:
        admin = await factories.actor_with(session, Role.PARTNER_ADMIN, sold.entity, organization=sold.dealer)
    async with sold.database.session(admin) as session:
        made = await service.create_organization(session, values, entity_id=sold.entity.id, address=HOME)
        assert made.chain_organization_ids == [sold.master.id, sold.dealer.id, made.id]
        person = await service.create_person(session, somebody(), entity_id=sold.entity.id, address=HOME)
        changed = await service.update(session, person.id, ContactType.PERSON, {"job_title": "Chef"}, address=HOME)
        assert changed.version == 2
        addresses = (await session.execute(select(Address.id).filter_by(contact_id=person.id))).scalars().all()
        assert len(addresses) == 2


# --- acting as somebody -----------------------------------------------------------------------------------------------


async def test_in_the_block_rows_are_the_actors_and_after_it_the_platforms(sold: Market) -> None:
    async with sold.database.session(SYSTEM) as session:
        hidden = await factories.person(session, await factories.business_entity(session))
        async with acting_as(session, sold.actors["staff"]):
            assert actor_of(session) is sold.actors["staff"]
            assert (await session.execute(text("SELECT current_user"))).scalar_one() == "chargecars_staff"
            assert await find(session, Contact, sold.customer.id) is not None
            with pytest.raises(NotFound):
                await find(session, Contact, hidden.id)
        assert actor_of(session) is SYSTEM
        assert (await session.execute(text("SELECT current_user"))).scalar_one() == "chargecars_system"
        assert await find(session, Contact, hidden.id) is not None


async def test_a_refusal_in_the_block_gives_the_platform_its_rights_back(sold: Market) -> None:
    async with sold.database.session(SYSTEM) as session:
        with pytest.raises(NotFound):
            async with acting_as(session, sold.actors["dealer"]):
                await find(session, Contact, sold.customer.id)
        assert await find(session, Contact, sold.customer.id) is not None


async def test_the_next_transaction_of_the_connection_is_the_platforms(sold: Market) -> None:
    with pytest.raises(DBAPIError):
        async with sold.database.session(SYSTEM) as session, acting_as(session, sold.actors["dealer"]):
            await session.execute(text("DELETE FROM contact"))
    for _ in range(8):
        async with sold.database.session(SYSTEM) as session:
            assert (await session.execute(text("SELECT current_user"))).scalar_one() == "chargecars_system"


async def test_only_the_platform_acts_as_somebody_else(sold: Market) -> None:
    async with sold.database.session(sold.actors["staff"]) as session:
        with pytest.raises(ValueError, match="system actor"):
            async with acting_as(session, SYSTEM):
                pass
        with pytest.raises(DBAPIError):
            await session.execute(text("SET LOCAL ROLE chargecars_system"))
        await session.rollback()
