"""Answering the intake, the score that follows, and qualification by itself or by hand."""

from typing import Any

import pytest
from sqlalchemy import select

from domain.errors import DomainError, DomainErrors, InvalidState, NotFound, Required
from domain.events.models import Event
from domain.leads import intake, partners, qualification, settings, status
from domain.leads.errors import NoQuestionnaire, PartnerNotOfTheEntity, PartnerRequired
from domain.leads.events import LeadQuoted
from domain.leads.intake import save_questionnaire
from domain.leads.models import Lead, LeadStatus, Questionnaire
from domain.leads.questions import Question, QuestionType
from domain.leads.scoring import ScoreFactor
from domain.rows import find
from tenants.actor import Actor
from tenants.engine import Database
from tests import factories
from tests.domain.leads.world import AT_HOME, COMPLETE, KEEN, NIJKERK, UNKNOWN, World, make


@pytest.fixture
async def world(database: Database) -> World:
    made = await make(database)
    await made.ask()
    return made


async def answer(world: World, lead: Lead, answers: dict[str, Any], by: Actor | None = None, **more: Any) -> Lead:
    """By the customer itself unless told otherwise."""
    by = by or await world.customer(lead)
    async with world.system() as session:
        return await intake.answer(session, by, lead.id, answers, **({"complete": False} | more))


async def told(world: World, lead: Lead) -> list[str]:
    async with world.system() as session:
        query = select(Event.type).where(Event.subject_id == lead.id).order_by(Event.created_at)
        return list(await session.scalars(query))


# --- answers ------------------------------------------------------------------------------------------------------


async def test_what_was_said_at_submission_is_not_asked_again(world: World) -> None:
    lead = await world.lead(interests=KEEN)
    assert lead.answers == AT_HOME
    assert (lead.status, lead.intake_completed_at) == ("NEW", None)


async def test_answers_are_saved_in_parts_and_the_score_rises_with_them(world: World) -> None:
    lead = await world.lead()
    part = await answer(world, lead, {"home_owner": True})
    assert (part.status, part.answers, part.intake_completed_at) == ("INTAKE", {"home_owner": True}, None)
    more = await answer(world, lead, {"car_power": "ELECTRIC"})
    assert more.answers == AT_HOME
    assert lead.score < part.score < more.score
    assert more.score == sum(part["points"] for part in more.score_explanation)
    happened = ["lead.submitted", "lead.scored", "lead.answered", "lead.intake_started", "lead.scored"]
    assert await told(world, lead) == [*happened, "lead.answered", "lead.scored"]


async def test_completing_says_all_that_is_missing_with_its_path_and_saves_nothing(world: World) -> None:
    lead = await world.lead()
    with pytest.raises(DomainErrors) as caught:
        await answer(world, lead, {"home_owner": False, "mounting": "ROOF"}, complete=True)
    assert {(error.code, error.field) for error in caught.value.errors} == {
        ("NOT_A_CHOICE", ("answers", "mounting")),
        ("REQUIRED", ("answers", "owner_permission")),
        ("REQUIRED", ("answers", "car_power")),
        ("REQUIRED", ("answers", "meter_box_distance")),
        ("REQUIRED", ("answers", "grid_phases")),
    }
    assert (await world.now(lead)).answers == {}


async def test_answers_keep_the_version_they_were_given_to(world: World) -> None:
    started, fresh = await world.lead(), await world.lead()
    await answer(world, started, {"home_owner": True})
    async with world.database.session(world.admin) as session:
        new = await save_questionnaire(session, world.entity.id, "Kort", [Question("why", QuestionType.TEXT, "Why?")])
    assert new.version == 2
    assert (await answer(world, started, {"solar_panels": True})).questionnaire_id != new.id
    assert (await answer(world, fresh, {"why": "Because"})).questionnaire_id == new.id
    async with world.system() as session:
        query = select(Questionnaire.version).where(Questionnaire.entity_id == world.entity.id, Questionnaire.active)
        assert (await session.scalars(query)).all() == [2]


async def test_without_a_questionnaire_there_is_nothing_to_answer(database: Database) -> None:
    bare = await make(database)
    lead = await bare.lead()
    with pytest.raises(NoQuestionnaire):
        await answer(bare, lead, {"home_owner": True})
    assert (await answer(bare, lead, {}, phone="0612345678")).phone == "+31612345678"


# --- qualification by itself --------------------------------------------------------------------------------------


async def test_a_complete_intake_at_a_known_address_qualifies_without_a_person(world: World) -> None:
    lead = await world.lead(interests=KEEN)
    done = await answer(world, lead, COMPLETE, complete=True, phone="0612345678", address=NIJKERK)
    assert (done.status, done.handled_manually) == ("QUALIFIED", False)
    assert done.qualified_at is not None
    assert done.intake_completed_at is not None
    assert (await told(world, lead))[-1] == "lead.qualified"


async def test_a_complete_submission_is_qualified_at_once(world: World) -> None:
    async with world.database.session(world.admin) as session:
        await save_questionnaire(
            session, world.entity.id, "Kort", [Question("home_owner", QuestionType.BOOLEAN, "Own?", required=True)]
        )
    assert (await world.lead(interests=KEEN, address=NIJKERK)).status == "QUALIFIED"


@pytest.mark.parametrize(
    "hindrance",
    [{"address": UNKNOWN}, {"address": None}, {"complete": False}, {"answers": {**COMPLETE, "car_power": "NONE"}}],
)
async def test_one_thing_amiss_leaves_the_lead_to_a_person(world: World, hindrance: dict[str, Any]) -> None:
    async with world.database.session(world.admin) as session:
        await settings.save_lead_settings(session, world.entity.id, 70, None)
    lead = await world.lead()
    given = {"answers": COMPLETE, "complete": True, "address": NIJKERK} | hindrance
    done = await answer(world, lead, given.pop("answers"), phone="0612345678", **given)
    assert done.status == "INTAKE"


async def test_an_entity_sets_its_threshold_and_weights(world: World) -> None:
    only_geography = {ScoreFactor.GEOGRAPHY: 100}
    async with world.database.session(world.admin) as session:
        await settings.save_lead_settings(session, world.entity.id, 0, only_geography)
    lead = await world.lead(address=NIJKERK)
    assert lead.score == 100
    assert [part["max"] for part in lead.score_explanation] == [100, 0, 0, 0, 0, 0, 0]
    for qualify_at, weights in (
        (101, None),
        (50, {ScoreFactor.CAR: 99}),
        (50, {ScoreFactor.CAR: 120, ScoreFactor.INTAKE: -20}),
    ):
        with pytest.raises((DomainError, DomainErrors)):
            async with world.database.session(world.admin) as session:
                await settings.save_lead_settings(session, world.entity.id, qualify_at, weights)


async def test_a_qualified_lead_can_be_corrected_but_stays_complete(world: World) -> None:
    lead = await world.lead(interests=KEEN, address=NIJKERK)
    await answer(world, lead, COMPLETE, complete=True)
    corrected = await answer(world, lead, {"meter_box_distance": 12.5})
    assert (corrected.status, corrected.answers["meter_box_distance"]) == ("QUALIFIED", 12.5)
    with pytest.raises(Required) as caught:
        await answer(world, lead, {"meter_box_distance": None})
    assert caught.value.field == ("answers", "meter_box_distance")


async def test_staff_answering_is_a_manual_step_and_the_customer_answering_is_not(world: World) -> None:
    one, two = await world.lead(), await world.lead()
    assert not (await answer(world, one, {"home_owner": True})).handled_manually
    assert (await answer(world, two, {"home_owner": True}, by=world.admin)).handled_manually


# --- by hand ------------------------------------------------------------------------------------------------------


async def test_staff_qualify_disqualify_and_undo(world: World) -> None:
    lead = await world.lead(world.dealer_user)
    async with world.database.session(world.admin) as session:
        qualified = await qualification.qualify(session, lead.id)
    assert (qualified.status, qualified.handled_manually) == ("QUALIFIED", True)
    async with world.database.session(world.admin) as session:
        ended = await qualification.disqualify(session, lead.id, " Te duur ")
    assert (ended.status, ended.disqualified_reason) == ("DISQUALIFIED", "Te duur")
    async with world.database.session(world.admin) as session:
        back = await qualification.reopen(session, lead.id)
    assert (back.status, back.disqualified_reason, back.disqualified_from) == ("QUALIFIED", None, None)
    assert (await told(world, lead))[-3:] == ["lead.qualified", "lead.disqualified", "lead.reopened"]


async def test_what_does_not_follow_is_refused(world: World) -> None:
    lead = await world.lead()
    async with world.database.session(world.admin) as session:
        await qualification.qualify(session, lead.id)
    for work in (qualification.qualify, qualification.reopen):
        with pytest.raises(InvalidState):
            async with world.database.session(world.admin) as session:
                await work(session, lead.id)
    async with world.database.session(world.admin) as session:
        await qualification.disqualify(session, lead.id, "Geen interesse")
    with pytest.raises(InvalidState):
        async with world.database.session(world.admin) as session:
            await qualification.disqualify(session, lead.id, "Geen interesse")
    with pytest.raises(InvalidState):
        await answer(world, lead, {"home_owner": True})
    with pytest.raises(InvalidState):
        async with world.database.session(world.admin) as session:
            await qualification.qualify(session, lead.id)


async def test_staff_of_another_entity_find_nothing(world: World, database: Database) -> None:
    lead, other = await world.lead(), await make(database)
    with pytest.raises(NotFound):
        async with database.session(other.admin) as session:
            await qualification.qualify(session, lead.id)


async def test_the_reason_is_for_the_partner_and_not_for_the_customer(world: World) -> None:
    lead = await world.lead(world.dealer_user)
    async with world.database.session(world.admin) as session:
        await qualification.disqualify(session, lead.id, "Onbetrouwbaar")
    customer = await world.customer(lead)
    seen: dict[str, list[str]] = {}
    for name, actor in (("partner", world.dealer_user), ("customer", customer)):
        async with world.database.session(actor) as session:
            seen[name] = list(await session.scalars(select(Event.type).where(Event.subject_id == lead.id)))
    assert "lead.disqualified" in seen["partner"]
    assert "lead.submitted" in seen["customer"]
    assert "lead.disqualified" not in seen["customer"]
    async with world.database.session(customer) as session:
        own = await find(session, Lead, lead.id)
        assert own.status == "DISQUALIFIED"
        with pytest.raises(Exception, match="raiseload"):
            _ = own.disqualified_reason


# --- partners -----------------------------------------------------------------------------------------------------


async def test_where_orders_need_a_partner_a_lead_waits_for_one(database: Database) -> None:
    world = await make(database, requires_partner=True)
    lead = await world.lead(interests=KEEN, address=NIJKERK, phone="0612345678")
    assert lead.status == "NEW"
    with pytest.raises(PartnerRequired):
        async with database.session(world.admin) as session:
            await qualification.qualify(session, lead.id)
    async with world.system() as session:
        given = await partners.assign_partner(session, world.admin, lead.id, world.dealer.id)
    assert (given.status, given.partner_organization_id) == ("QUALIFIED", world.dealer.id)
    assert given.handled_manually
    async with database.session(world.dealer_user) as session:
        assert (await find(session, Lead, lead.id)).channel_organization_ids == [world.partner.id, world.dealer.id]
    with pytest.raises(partners.HasPartner):
        async with world.system() as session:
            await partners.assign_partner(session, world.admin, lead.id, world.partner.id)


async def test_only_a_partner_of_the_entity_is_given_a_lead(world: World, database: Database) -> None:
    lead, other = await world.lead(), await make(database)
    with pytest.raises(NotFound):
        async with world.system() as session:
            await partners.assign_partner(session, world.admin, lead.id, other.partner.id)
    with pytest.raises(NotFound):
        async with world.system() as session:
            await partners.assign_partner(session, other.admin, lead.id, other.partner.id)
    async with world.system() as session:
        customer = await factories.organization(session, world.entity, partner_model=None)
    with pytest.raises(PartnerNotOfTheEntity):
        async with world.system() as session:
            await partners.assign_partner(session, world.admin, lead.id, customer.id)


async def test_the_customer_may_move_its_lead_on_by_signing(world: World) -> None:
    """Orders are made in the session of whoever signs last."""
    lead = await world.lead(world.dealer_user)
    async with world.database.session(world.admin) as session:
        await qualification.qualify(session, lead.id)
    customer = await world.customer(lead)
    async with world.database.session(customer) as session:
        own = await find(session, Lead, lead.id, lock=True)
        await status.enter(session, own, LeadStatus.QUOTED, LeadQuoted(own.number))
    assert (await world.now(lead)).status == "QUOTED"
