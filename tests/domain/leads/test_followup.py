"""Follow-up steps become due with a status, are cancelled when it is left, and are edited as data."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from domain.errors import AlreadyExists, DomainErrors, NotFound
from domain.leads import defaults, qualification, rules, steps, templates
from domain.leads.models import (
    FollowUpChannel,
    FollowUpStep,
    Lead,
    LeadFollowUp,
    LeadSource,
    LeadStatus,
    Questionnaire,
    RoutingRule,
)
from domain.leads.routing import Submitted, route
from tenants.engine import Database
from tests.domain.leads.world import World, make


@pytest.fixture
async def world(database: Database) -> World:
    return await make(database)


def step(world: World, status: LeadStatus = LeadStatus.NEW, position: int = 1, hours: int = 0) -> steps.GivenStep:
    return steps.GivenStep(
        world.entity.id, status, position, hours, FollowUpChannel.EMAIL, "Over {number}", "Dag {name}"
    )


async def save(world: World, given: steps.GivenStep) -> FollowUpStep:
    async with world.database.session(world.admin) as session:
        return await steps.save_step(session, given)


async def follow_ups(world: World, lead: Lead) -> list[LeadFollowUp]:
    async with world.system() as session:
        query = select(LeadFollowUp).where(LeadFollowUp.lead_id == lead.id).order_by(LeadFollowUp.due_at)
        return list(await session.scalars(query))


async def test_a_status_makes_its_steps_due_and_leaving_it_cancels_them(world: World) -> None:
    for given in (step(world), step(world, position=2, hours=48), step(world, LeadStatus.QUALIFIED)):
        await save(world, given)
    lead = await world.lead()
    due = await follow_ups(world, lead)
    assert [(each.due_at - lead.created_at).total_seconds() for each in due] == [0, 48 * 3600]
    async with world.database.session(world.admin) as session:
        await qualification.qualify(session, lead.id)
    after = await follow_ups(world, lead)
    assert [each.cancelled_at is not None for each in after].count(True) == 2
    assert len(after) == 3


async def test_reopening_makes_due_again_what_was_not_done(world: World) -> None:
    made = await save(world, step(world, hours=1))
    lead = await world.lead()
    async with world.database.session(world.admin) as session:
        await qualification.disqualify(session, lead.id, "Vergissing")
    async with world.database.session(world.admin) as session:
        await qualification.reopen(session, lead.id)
    [again] = await follow_ups(world, lead)
    assert (again.step_id, again.cancelled_at) == (made.id, None)


async def test_a_deleted_step_comes_no_more_and_its_place_is_free(world: World) -> None:
    made = await save(world, step(world, hours=1))
    before = await world.lead()
    with pytest.raises(AlreadyExists) as caught:
        await save(world, step(world))
    assert caught.value.field == ("position",)
    async with world.database.session(world.admin) as session:
        await steps.delete_step(session, made.id)
    await save(world, step(world, hours=2))
    assert [each.cancelled_at is None for each in await follow_ups(world, before)] == [False]
    assert [each.step_id != made.id for each in await follow_ups(world, await world.lead())] == [True]


async def test_all_faults_of_a_step_come_at_once(world: World) -> None:
    faulty = replace(
        step(world), position=0, after_hours=8761, subject="{name.__class__}", template="{", template_en="{name!r}"
    )
    with pytest.raises(DomainErrors) as caught:
        await save(world, faulty)
    assert [(error.code, error.field) for error in caught.value.errors] == [
        ("OUT_OF_RANGE", ("position",)),
        ("OUT_OF_RANGE", ("after_hours",)),
        ("UNKNOWN_PLACEHOLDER", ("subject",)),
        ("UNPAIRED_BRACE", ("template",)),
        ("UNKNOWN_PLACEHOLDER", ("template_en",)),
    ]


def test_a_value_is_never_a_template() -> None:
    values = dict.fromkeys(templates.PLACEHOLDERS, "{number}")
    assert templates.filled("{{Dag}} {name}!", values) == "{Dag} {number}!"


async def test_rules_and_steps_of_others_do_not_exist(world: World, database: Database) -> None:
    other = await make(database)
    made = await save(world, step(world))
    given = rules.GivenRule(world.entity.id, 5, "Ours", defaults.BY_CODE["LT"].rules[0].conditions)
    async with database.session(world.admin) as session:
        rule = await rules.save_rule(session, given)
    async with database.session(other.admin) as session:
        for work in (
            lambda: steps.save_step(session, replace(step(world), position=9)),
            lambda: steps.save_step(session, step(other), made.id),
            lambda: steps.delete_step(session, made.id),
            lambda: rules.save_rule(session, given),
            lambda: rules.save_rule(session, replace(given, entity_id=other.entity.id), rule.id),
            lambda: rules.delete_rule(session, rule.id),
        ):
            with pytest.raises(NotFound):
                await work()


async def test_a_changed_rule_is_one_rule_and_a_deleted_one_is_none(world: World) -> None:
    given = rules.GivenRule(world.entity.id, 5, "Ours", defaults.BY_CODE["LT"].rules[0].conditions)
    async with world.database.session(world.admin) as session:
        made = await rules.save_rule(session, given)
    async with world.database.session(world.admin) as session:
        await rules.save_rule(session, replace(given, active=False), made.id)
        assert await rules.active_rules(session) == []
        await rules.save_rule(session, given, made.id)
        [rule] = await rules.active_rules(session)
        assert (rule.id, rule.conditions) == (made.id, given.conditions)
        await rules.delete_rule(session, made.id)
        assert await rules.active_rules(session) == []


# --- the defaults -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*defaults.BY_CODE, None])
async def test_defaults_are_valid_and_installed_once(world: World, code: str | None) -> None:
    chosen = defaults.BY_CODE.get(code or "", defaults.ANY)
    async with world.system() as session:
        entity = await session.get_one(type(world.entity), world.entity.id)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(defaults.BY_CODE, entity.code, chosen)
            for _ in range(2):
                await defaults.install(session, entity)
        expected = {Questionnaire: 1, RoutingRule: len(chosen.rules), FollowUpStep: len(chosen.steps)}
        for model, count in expected.items():
            found = await session.scalars(select(model.id).where(model.entity_id == entity.id))
            assert len(found.all()) == count


def shipped() -> list[rules.Rule]:
    """The rules of all five; an entity's key is the place of its code."""
    given = [(at, rule) for at, code in enumerate(defaults.BY_CODE) for rule in defaults.BY_CODE[code].rules]
    return [
        rules.Rule(UUID(int=rule.position), UUID(int=at), rule.position, rule.name, tuple(rule.conditions))
        for at, rule in given
    ]


@pytest.mark.parametrize(
    ("submitted", "code"),
    [
        (Submitted("CC", LeadSource.PORTAL), "LT"),
        (Submitted("CC", LeadSource.PORTAL, has_partner=True), "CC"),
        (Submitted("CC", LeadSource.PORTAL, is_business=True), "CC"),
        (Submitted("CC", LeadSource.PORTAL, product_category="METER_BOX_MODULE"), "MT"),
        (Submitted("LT", LeadSource.PORTAL, product_category="METER_BOX_MODULE"), "MT"),
        (Submitted("LT", LeadSource.PORTAL, product_category="CHARGING_STATION"), "LT"),
        (Submitted("ZS", LeadSource.PORTAL), "LT"),
        (Submitted("ZS", LeadSource.PORTAL, is_business=True), "ZS"),
        (Submitted("CC", LeadSource.PORTAL, is_business=True, product_wish="50x Zaptec Pro"), "ZS"),
        (Submitted("LT", LeadSource.PORTAL, is_business=True, product_wish="Ratio io6"), "RS"),
        (Submitted("MT", LeadSource.PORTAL), "MT"),
    ],
)
def test_the_shipped_rules_send_each_lead_to_its_brand(submitted: Submitted, code: str) -> None:
    codes = list(defaults.BY_CODE)
    found = route(submitted, shipped(), UUID(int=codes.index(submitted.entity_code)))
    assert codes[found.entity_id.int] == code
