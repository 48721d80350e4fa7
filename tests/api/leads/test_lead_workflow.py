"""Admins edit how leads are handled, without SQL by hand, and see how well it works."""

from typing import Any

import pytest

from tenants.engine import Database
from tests.api.leads.asker import Ask, codes, gid
from tests.domain.leads.world import NIJKERK, World, make

QUESTIONNAIRE = """
mutation Q($input: UpsertQuestionnaireInput!) { upsertQuestionnaire(input: $input) {
  questionnaire { title version active entity { name } questions { key type label labelEn required minimum maximum
    decimals maxLength options { value label labelEn } showIf { key operator values } } }
  userErrors { code field } } }
"""
OPTIONS = [{"value": "wall", "label": "Muur", "labelEn": "Wall"}, {"value": "pole", "label": "Paal"}]
QUESTIONS = [
    {"key": "mount", "type": "CHOICE", "label": "Waar?", "required": True, "options": OPTIONS},
    {
        "key": "height",
        "type": "NUMBER",
        "label": "Hoe hoog?",
        "minimum": "1",
        "maximum": "3",
        "decimals": 1,
        "showIf": {"key": "mount", "operator": "IS", "values": ["wall", "pole"]},
    },
]


async def test_a_questionnaire_is_saved_as_a_new_version_and_read_back(world: World, as_: Ask) -> None:
    entity = gid("BusinessEntity", world.entity.id)
    staff, given = as_(world.admin), {"entityId": entity, "title": "Intake", "questions": QUESTIONS}
    first, second = [(await staff.ask(QUESTIONNAIRE, input=given))["upsertQuestionnaire"] for _ in range(2)]
    assert [each["questionnaire"]["version"] for each in (first, second)] == [1, 2]
    mount, height = second["questionnaire"]["questions"]
    assert mount["options"] == [OPTIONS[0], OPTIONS[1] | {"labelEn": ""}]
    assert (mount["required"], mount["showIf"], mount["type"]) == (True, None, "CHOICE")
    assert height["showIf"] == QUESTIONS[1]["showIf"]
    assert (height["minimum"], height["maximum"], height["decimals"], height["options"]) == ("1", "3", 1, [])
    document = "query Q($id: ID!) { questionnaire(entityId: $id) { version questions { key } } }"
    lead = await world.lead(world.dealer_user)
    for actor in (world.admin, world.dealer_user, await world.customer(lead)):
        read = await as_(actor).ask(document, id=entity)
        assert read == {"questionnaire": {"version": 2, "questions": [{"key": "mount"}, {"key": "height"}]}}


async def test_faults_of_a_questionnaire_have_their_paths(world: World, as_: Ask) -> None:
    faulty = [{"key": "a", "type": "TEXT", "label": "A", "showIf": {"key": "b", "operator": "ANSWERED"}}]
    given = {"entityId": gid("BusinessEntity", world.entity.id), "title": "", "questions": faulty}
    answer = await as_(world.admin).ask(QUESTIONNAIRE, input=given)
    assert codes(answer["upsertQuestionnaire"]) == [
        ("REQUIRED", ["title"]),
        ("REFERS_FORWARD", ["questions", "0", "showIf", "key"]),
    ]


RULE = """
mutation R($input: UpsertRoutingRuleInput!) { upsertRoutingRule(input: $input) {
  routingRule { id name position active conditions { field operator values } entity { name } }
  userErrors { code field } } }
"""


def rule(world: World, **given: Any) -> dict[str, Any]:
    conditions = [
        {"field": "ENTITY", "operator": "IS", "values": [world.entity.code]},
        {"field": "POSTCODE", "operator": "STARTS_WITH", "values": ["38", "39"]},
    ]
    base = {"entityId": gid("BusinessEntity", world.entity.id), "position": 7, "name": "Veluwe"}
    return base | {"conditions": conditions} | given


async def test_rules_are_edited_tried_out_and_removed(world: World, as_: Ask, database: Database) -> None:
    staff, other = as_(world.admin), await make(database)
    made = (await staff.ask(RULE, input=rule(world)))["upsertRoutingRule"]["routingRule"]
    assert made["conditions"] == rule(world)["conditions"]
    changed = await staff.ask(RULE, input=rule(world, id=made["id"], position=3))
    assert changed["upsertRoutingRule"]["routingRule"]["position"] == 3
    document = """query T($input: ExplainRoutingInput!) {
      explainRouting(input: $input) { entityId entityName byRule steps { name applies failedField } }
      routingRules { name } }"""
    entity = gid("BusinessEntity", world.entity.id)
    tried = [
        await staff.ask(document, input={"entityId": entity, "postalCode": postal_code})
        for postal_code in ("3861AB", "1000AA", None)
    ]
    assert [each["explainRouting"]["byRule"] for each in tried] == [True, False, False]
    assert tried[0]["explainRouting"]["steps"] == [{"name": "Veluwe", "applies": True, "failedField": None}]
    assert tried[1]["explainRouting"]["steps"][0]["failedField"] == "POSTCODE"
    assert tried[0]["explainRouting"]["entityId"] == entity
    assert tried[0]["routingRules"] == [{"name": "Veluwe"}]
    remove = "mutation D($id: ID!) { deleteRoutingRule(id: $id) { deletedId userErrors { code field } } }"
    foreign = (await as_(other.admin).ask(remove, id=made["id"]))["deleteRoutingRule"]
    assert codes(foreign) == [("NOT_FOUND", ["id"])]
    assert (await staff.ask(remove, id=made["id"]))["deleteRoutingRule"]["deletedId"] == made["id"]
    assert (await staff.ask("{ routingRules { name } }"))["routingRules"] == []


async def test_of_other_entities_rules_only_the_outcome_is_told(
    world: World,
    as_: Ask,
    database: Database,
) -> None:
    other = await make(database)
    given = rule(world, entityId=gid("BusinessEntity", other.entity.id), name="Secret plan")
    assert (await as_(other.admin).ask(RULE, input=given))["upsertRoutingRule"]["userErrors"] == []
    document = """query T($input: ExplainRoutingInput!) {
      explainRouting(input: $input) { entityName byRule steps { name } } }"""
    asked = {"entityId": gid("BusinessEntity", world.entity.id), "postalCode": "3861AB"}
    told = (await as_(world.admin).ask(document, input=asked))["explainRouting"]
    assert told == {"entityName": other.entity.name, "byRule": True, "steps": []}


async def test_follow_up_steps_are_edited(world: World, as_: Ask) -> None:
    save = """mutation S($input: UpsertFollowUpStepInput!) { upsertFollowUpStep(input: $input) {
      followUpStep { id leadStatus position afterHours channel subject subjectEn template }
      userErrors { code field } } }"""
    given = {
        "entityId": gid("BusinessEntity", world.entity.id),
        "leadStatus": "NEW",
        "position": 1,
        "afterHours": 24,
        "channel": "TASK",
        "subject": "Bel {name}",
        "template": "Over {number}",
    }
    staff = as_(world.admin)
    made = (await staff.ask(save, input=given))["upsertFollowUpStep"]["followUpStep"]
    assert (made["channel"], made["subjectEn"], made["afterHours"]) == ("TASK", "", 24)
    taken = await staff.ask(save, input=given)
    assert codes(taken["upsertFollowUpStep"]) == [("ALREADY_EXISTS", ["position"])]
    wrong = await staff.ask(save, input=given | {"id": made["id"], "subject": "{secret}"})
    assert codes(wrong["upsertFollowUpStep"]) == [("UNKNOWN_PLACEHOLDER", ["subject"])]
    listed = "{ followUpSteps(filter: {leadStatus: {eq: NEW}}) { id } }"
    assert (await staff.ask(listed))["followUpSteps"] == [{"id": made["id"]}]
    lead = await world.lead()
    document = """query L($id: ID!) { lead(id: $id) { ... on StaffLead {
      followUps { dueAt doneAt cancelledAt outcome step { subject } } } } }"""
    [due] = (await staff.ask(document, id=gid("Lead", lead.id)))["lead"]["followUps"]
    assert due["step"] == {"subject": "Bel {name}"}
    assert (due["doneAt"], due["cancelledAt"], due["outcome"]) == (None, None, None)
    remove = "mutation D($id: ID!) { deleteFollowUpStep(id: $id) { deletedId userErrors { code } } }"
    await staff.ask(remove, id=made["id"])
    assert (await staff.ask(listed))["followUpSteps"] == []


async def test_scoring_is_a_setting(world: World, as_: Ask) -> None:
    save = """mutation S($input: UpdateLeadSettingsInput!) { updateLeadSettings(input: $input) {
      leadSettings { qualifyAt weights { factor points } } userErrors { code field } } }"""
    staff, entity = as_(world.admin), gid("BusinessEntity", world.entity.id)
    weights = [{"factor": "GEOGRAPHY", "points": 60}, {"factor": "CAR", "points": 40}]
    saved = await staff.ask(save, input={"entityId": entity, "qualifyAt": 80, "weights": weights})
    read = await staff.ask(
        "query Q($id: ID!) { leadSettings(entityId: $id) { qualifyAt weights { factor points } } }", id=entity
    )
    assert saved["updateLeadSettings"]["leadSettings"] == read["leadSettings"]
    assert [each for each in read["leadSettings"]["weights"] if each["points"]] == weights
    wrong = await staff.ask(save, input={"entityId": entity, "qualifyAt": 80, "weights": weights[:1]})
    assert codes(wrong["updateLeadSettings"]) == [("WEIGHTS_DO_NOT_ADD_UP", ["weights"])]


@pytest.mark.parametrize("root", ["routingRules { id }", "followUpSteps { id }"])
async def test_partners_and_customers_do_not_see_how_leads_are_handled(
    world: World,
    as_: Ask,
    root: str,
) -> None:
    lead = await world.lead(world.dealer_user)
    for actor in (world.dealer_user, await world.customer(lead)):
        assert await as_(actor).error(f"{{ {root} }}") == "FORBIDDEN"


# --- statistics ---------------------------------------------------------------------------------------------------

STATISTICS = """
query S($entityId: ID, $since: DateTime, $organizationId: ID) {
  leadStatistics(entityId: $entityId, since: $since, organizationId: $organizationId) {
    leads open decided automatic automationShare qualified converted disqualified conversion averageScore
    partnerOrganization { name } }
  leadStatisticsByPartner(entityId: $entityId) { partnerOrganization { name } leads conversion automationShare }
}
"""


async def test_the_share_handled_without_a_person_is_reported(world: World, as_: Ask) -> None:
    staff = as_(world.admin)
    automatic = [await world.lead(world.dealer_user, address=NIJKERK, phone="0612345678") for _ in range(2)]
    by_hand, waiting = await world.lead(world.dealer_user), await world.lead()
    document = "mutation Q($id: ID!) { qualifyLead(id: $id) { userErrors { code } } }"
    await staff.ask(document, id=gid("Lead", by_hand.id))
    assert {lead.status for lead in automatic} == {"QUALIFIED"}
    figures = await staff.ask(STATISTICS, entityId=gid("BusinessEntity", world.entity.id))
    whole = figures["leadStatistics"]
    assert (whole["leads"], whole["open"], whole["decided"], whole["automatic"]) == (4, 1, 3, 2)
    assert whole["automationShare"] == pytest.approx(2 / 3)
    assert (whole["qualified"], whole["converted"], whole["conversion"]) == (3, 0, 0)
    assert whole["averageScore"] == pytest.approx(sum(lead.score for lead in [*automatic, by_hand, waiting]) / 4)
    assert whole["partnerOrganization"] is None
    assert figures["leadStatisticsByPartner"] == [
        {
            "partnerOrganization": {"name": world.dealer.name},
            "leads": 3,
            "conversion": 0,
            "automationShare": pytest.approx(2 / 3),
        }
    ]
    later = await staff.ask(STATISTICS, since="2999-01-01T00:00:00Z")
    assert (later["leadStatistics"]["leads"], later["leadStatistics"]["automationShare"]) == (0, None)
    above = await staff.ask(STATISTICS, organizationId=gid("Organization", world.partner.id))
    assert above["leadStatistics"]["leads"] == 3


async def test_figures_count_only_what_the_actor_sees(world: World, as_: Ask) -> None:
    lead = await world.lead(world.dealer_user)
    await world.lead()
    partner = await as_(world.dealer_user).ask(STATISTICS)
    assert partner["leadStatistics"]["leads"] == 1
    customer = await as_(await world.customer(lead)).ask(STATISTICS)
    assert customer == {"leadStatistics": None, "leadStatisticsByPartner": []}
