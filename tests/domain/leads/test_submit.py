"""Taking in a lead: who may, double clicks, whose record it becomes, where it goes."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Address, Contact, ContactRelation
from domain.errors import DomainError, DomainErrors, NotFound, PermissionDenied, RateLimited
from domain.events.models import Event
from domain.leads import rules
from domain.leads.errors import PartnerNotOfTheEntity
from domain.leads.models import Lead
from domain.leads.routing import Condition, RoutingField, RoutingOperator
from domain.leads.submission import Submission, checked
from domain.leads.submit import PORTAL_LEADS_PER_DAY, Where
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import BrandCobranding
from tenants.permissions import Role
from tests import factories
from tests.domain.leads.world import ELSEWHERE, KEEN, NIJKERK, UNKNOWN, World, make


@pytest.fixture
async def world(database: Database) -> World:
    return await make(database)


async def events(session: AsyncSession, lead: Lead) -> list[Event]:
    query = select(Event).where(Event.subject_id == lead.id).order_by(Event.created_at)
    return list(await session.scalars(query))


async def visible_to(world: World, actor: Any, model: type[Any], id: Any) -> bool:
    async with world.database.session(actor) as session:
        return (await session.execute(select(model.id).where(model.id == id))).first() is not None


async def test_a_visitor_submits_a_lead(world: World) -> None:
    await world.ask()
    lead = await world.lead(phone="06 12345678", address=NIJKERK, interests=KEEN, language="en")
    assert (lead.status, lead.source, lead.entity_id) == ("NEW", "PORTAL", world.entity.id)
    assert lead.number.startswith(f"{world.entity.code}-L-")
    assert (lead.phone, lead.language, lead.submitted_by_user_id) == ("+31612345678", "en", None)
    assert lead.score == sum(part["points"] for part in lead.score_explanation) > 50
    async with world.system() as session:
        contact = await session.get_one(Contact, lead.contact_id)
        address = await session.get_one(Address, lead.address_id)
        told = [event.type for event in await events(session, lead)]
    assert (contact.email, contact.entity_ids) == (lead.email, [world.entity.id])
    assert (address.postal_code, address.contact_id) == ("3861AB", contact.id)
    assert told == ["lead.submitted", "lead.scored"]


async def test_the_score_is_told_to_the_channel_and_never_to_the_customer(world: World) -> None:
    lead = await world.lead(world.dealer_user)
    async with world.system() as session:
        told = {event.type: event for event in await events(session, lead)}
    assert told["lead.submitted"].contact_ids == [lead.contact_id]
    assert set(told["lead.scored"].channel_organization_ids) == {world.partner.id, world.dealer.id}
    assert told["lead.scored"].contact_ids == []
    assert all("email" not in event.payload and "name" not in event.payload for event in told.values())


def test_all_faults_of_a_submission_come_at_once() -> None:
    faulty = Submission(
        " ",
        "nobody",
        phone="12",
        company_name="see http://spam.example",
        language="fr",
        address={"postal_code": "12", "house_number": "x"},
        interests=replace(KEEN, notes="x" * 4001, car="x" * 121),
    )
    with pytest.raises(DomainErrors) as caught:
        checked(faulty)
    assert [(error.code, error.field) for error in caught.value.errors] == [
        ("REQUIRED", ("name",)),
        ("INVALID_EMAIL", ("email",)),
        ("INVALID_PHONE", ("phone",)),
        ("NOT_A_NAME", ("company_name",)),
        ("NOT_A_CHOICE", ("language",)),
        ("INVALID_POSTCODE", ("address", "postal_code")),
        ("INVALID_HOUSE_NUMBER", ("address", "house_number")),
        ("TOO_LONG", ("interests", "car")),
        ("TOO_LONG", ("interests", "notes")),
    ]


# --- the same lead again ------------------------------------------------------------------------------------------


async def test_a_double_click_is_one_lead_also_when_both_arrive_at_once(world: World) -> None:
    said = {"email": "double@example.nl", "address": NIJKERK}
    taken = await asyncio.gather(*(world.take(**said) for _ in range(4)))
    assert len({each.lead.id for each in taken}) == 1
    assert sorted(each.repeated for each in taken) == [False, True, True, True]


async def test_it_is_another_lead_by_another_way_at_another_place_or_later(world: World) -> None:
    first = await world.lead(email="again@example.nl", address=NIJKERK)
    by_dealer = await world.lead(world.dealer_user, email="again@example.nl", address=NIJKERK)
    elsewhere = await world.lead(email="again@example.nl", address=ELSEWHERE)
    async with world.system() as session:
        old = update(Lead).where(Lead.id.in_([first.id, elsewhere.id]))
        await session.execute(old.values(created_at=func.now() - timedelta(minutes=6)))
    later = await world.lead(email="again@example.nl", address=NIJKERK)
    assert len({first.id, by_dealer.id, elsewhere.id, later.id}) == 4


async def test_a_partner_never_gets_the_lead_of_another(world: World) -> None:
    async with world.system() as session:
        other = await factories.organization(session, world.entity)
        stranger = await factories.actor_with(session, Role.PARTNER_USER, world.entity, organization=other)
    one = await world.lead(world.dealer_user, email="shared@example.nl", phone="0612345678")
    two = await world.take(stranger, email="shared@example.nl", phone="0612345678")
    assert not two.repeated
    assert two.lead.contact_id != one.contact_id
    assert not await visible_to(world, stranger, Lead, one.id)
    assert not await visible_to(world, stranger, Contact, one.contact_id)
    assert await visible_to(world, stranger, Contact, two.lead.contact_id)


async def test_an_address_cannot_be_flooded_with_our_mail(world: World) -> None:
    for house in range(PORTAL_LEADS_PER_DAY):
        await world.lead(email="victim@example.nl", address=replace(NIJKERK, house_number=str(house + 1)))
    with pytest.raises(RateLimited):
        await world.lead(email="victim@example.nl", address=ELSEWHERE)
    await world.lead(world.dealer_user, email="victim@example.nl", address=ELSEWHERE)


# --- who may ------------------------------------------------------------------------------------------------------


async def test_a_partner_submits_for_itself_and_those_below_it_only(world: World) -> None:
    async with world.system() as session:
        master = await factories.actor_with(session, Role.PARTNER_ADMIN, world.entity, organization=world.partner)
        beside = await factories.organization(session, world.entity, world.partner)
    own = await world.lead(master)
    below = await world.lead(master, where=Where(world.entity.id, organization_id=world.dealer.id))
    assert (own.partner_organization_id, own.source) == (world.partner.id, "PARTNER_PORTAL")
    assert below.channel_organization_ids == [world.partner.id, world.dealer.id]
    for foreign in (world.partner, beside):
        with pytest.raises(NotFound) as caught:
            await world.lead(world.dealer_user, where=Where(world.entity.id, organization_id=foreign.id))
        assert caught.value.field == ("organization_id",)


async def test_nobody_submits_to_an_entity_that_is_not_theirs(world: World, database: Database) -> None:
    other = await make(database)
    for actor in (world.admin, world.dealer_user, world.visitor):
        with pytest.raises(NotFound) as caught:
            await world.lead(actor, where=Where(other.entity.id))
        assert caught.value.field == ("entity_id",)


async def test_who_lacks_the_permission_is_refused(world: World) -> None:
    with pytest.raises(PermissionDenied):
        await world.lead(replace(world.admin, permissions=frozenset()))


async def test_staff_name_a_partner_of_the_entity(world: World) -> None:
    lead = await world.lead(world.admin, where=Where(world.entity.id, organization_id=world.dealer.id))
    assert (lead.source, lead.partner_organization_id) == ("STAFF", world.dealer.id)
    assert await visible_to(world, world.dealer_user, Lead, lead.id)
    async with world.system() as session:
        customer = await factories.organization(session, world.entity, partner_model=None)
    with pytest.raises(PartnerNotOfTheEntity):
        await world.lead(world.admin, where=Where(world.entity.id, organization_id=customer.id))


async def test_a_key_of_a_partner_is_told_apart_from_its_people(world: World) -> None:
    key = replace(world.dealer_user, user_id=None)
    assert (await world.lead(key)).source == "PARTNER_API"


async def test_a_visitor_of_a_cobranded_portal_comes_through_the_partner(world: World) -> None:
    async with world.system() as session:
        session.add(
            BrandCobranding(
                entity_id=world.entity.id,
                brand_id=world.brand.id,
                organization_id=world.dealer.id,
                slug="dealer",
                name="Dealer",
            )
        )
    lead = await world.lead(where=Where(world.entity.id, world.brand.host, portal_partner="dealer"))
    assert (lead.partner_organization_id, lead.source) == (world.dealer.id, "PORTAL")
    for where, field in (
        (Where(world.entity.id, world.brand.host, portal_partner="nobody"), "portal_partner"),
        (Where(world.entity.id, "elsewhere.localhost", portal_partner="dealer"), "portal_partner"),
        (Where(world.entity.id, world.brand.host, organization_id=world.dealer.id), "organization_id"),
    ):
        with pytest.raises(DomainError) as caught:
            await world.lead(where=where)
        assert caught.value.field == (field,)


async def test_a_customer_submits_for_itself_or_for_somebody_else(world: World) -> None:
    async with world.system() as session:
        me = await factories.person(session, world.entity)
        customer = await factories.actor_with(session, Role.CUSTOMER, world.entity, contact=me)
    own = await world.lead(customer, email=me.email, address=NIJKERK)
    other = await world.lead(customer)
    assert (own.contact_id, own.submitted_by_user_id) == (me.id, customer.user_id)
    assert other.contact_id != me.id
    assert await visible_to(world, customer, Lead, own.id)
    assert not await visible_to(world, customer, Lead, other.id)


# --- whose record, and where to -----------------------------------------------------------------------------------


async def test_a_known_customer_keeps_one_record_whose_values_nobody_overwrites(world: World) -> None:
    async with world.system() as session:
        known = await factories.person(session, world.entity, name="Echte Naam", phone="+31612345678")
    lead = await world.lead(email=known.email, phone="0612345678", name="Andere Naam", address=NIJKERK)
    now = await world.now(lead)
    async with world.system() as session:
        kept = await session.get_one(Contact, known.id)
    assert (lead.contact_id, kept.name, now.name) == (known.id, "Echte Naam", "Andere Naam")


async def test_an_address_that_cannot_be_verified_is_kept_flagged_and_told_to_the_partner(world: World) -> None:
    lead = await world.lead(world.dealer_user, address=UNKNOWN)
    async with world.system() as session:
        address = await session.get_one(Address, lead.address_id)
        [told] = [event for event in await events(session, lead) if event.type == "lead.address_flagged"]
    assert (address.flagged, address.flag_reason, address.postal_code) == (True, "POSTCODE_UNKNOWN", "3861AB")
    assert told.payload["reason"] == "POSTCODE_UNKNOWN"
    assert world.dealer.id in told.channel_organization_ids


async def test_a_rule_sends_a_lead_to_another_entity_where_its_submitter_does_not_see_it(database: Database) -> None:
    here, there = await make(database), await make(database)
    to_there = rules.GivenRule(
        there.entity.id,
        0,
        "Consumers",
        [
            Condition(RoutingField.ENTITY, RoutingOperator.IS, (here.entity.code,)),
            Condition(RoutingField.CUSTOMER_TYPE, RoutingOperator.IS, ("CONSUMER",)),
        ],
    )
    async with database.session(there.admin) as session:
        rule = await rules.save_rule(session, to_there)
    sent = await here.lead(email="sent@example.nl")
    stayed = await here.lead(company_name="Bakkerij Jansen")
    assert (sent.entity_id, sent.submitted_entity_id) == (there.entity.id, here.entity.id)
    assert sent.number.startswith(f"{there.entity.code}-L-")
    assert sent.routing_explanation["rule_id"] == str(rule.id)
    assert (stayed.entity_id, stayed.routing_explanation["rule_id"]) == (here.entity.id, None)
    assert await visible_to(here, there.admin, Lead, sent.id)
    assert not await visible_to(here, here.admin, Lead, sent.id)
    assert (await here.take(email="sent@example.nl")).repeated
    async with here.system() as session:
        routed = [event for event in await events(session, sent) if event.type == "lead.routed"]
        relations = select(ContactRelation.entity_id).where(ContactRelation.contact_id == sent.contact_id)
        assert list(await session.scalars(relations)) == [there.entity.id]
    assert [(event.entity_id, event.internal) for event in routed] == [(here.entity.id, True)]


async def test_numbers_have_no_gap(world: World) -> None:
    leads = [await world.lead() for _ in range(2)]
    with pytest.raises(NotFound):
        await world.lead(where=Where(world.entity.id, world.brand.host, portal_partner="nobody"))
    leads.append(await world.lead())
    assert [int(lead.number.rsplit("-", 1)[1]) for lead in leads] == [1, 2, 3]


async def test_the_system_may_submit_anywhere(world: World) -> None:
    assert (await world.lead(SYSTEM)).source == "STAFF"
