"""Leads over GraphQL: what each audience may do with them, and what it sees of them."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from api.app import create_app
from api.lead_changes import VISITORS_LEADS
from domain.leads import defaults, rules
from domain.leads.models import FollowUpStep
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.api.leads.asker import ADDRESS, KEEN, SCHEMA, SUBMIT, Ask, Asker, codes, gid
from tests.domain.leads.world import COMPLETE, World, make

# --- submitting ---------------------------------------------------------------------------------------------------


async def test_a_visitor_gets_a_receipt_and_nothing_else(world: World, as_: Ask) -> None:
    answer = await as_(world.visitor).submit(address=ADDRESS, interests=KEEN)
    assert answer["userErrors"] == []
    assert answer["receipt"]["number"].startswith(f"{world.entity.code}-L-")
    assert answer["lead"] is None


async def test_a_visitor_cannot_read_leads(world: World, as_: Ask) -> None:
    lead = await world.lead()
    assert await as_(world.visitor).error("{ leads { totalCount } }") == "UNAUTHENTICATED"
    assert await as_(world.visitor).error(
        "mutation A($input: AnswerIntakeInput!) { answerIntake(input: $input) { userErrors { code } } }",
        input={"leadId": gid("Lead", lead.id), "answers": {}},
    ) == "UNAUTHENTICATED"  # fmt: skip


async def test_a_partner_gets_its_lead_back(world: World, as_: Ask) -> None:
    answer = await as_(world.dealer_user).submit(
        phone="06-12345678", address=ADDRESS, interests=KEEN | {"notes": " Graag\r\nsnel "}, language="en"
    )
    lead = answer["lead"]
    assert (lead["__typename"], lead["source"], lead["language"]) == ("PartnerLead", "PARTNER_PORTAL", "en")
    assert lead["interests"] == {"productCategory": "CHARGING_STATION", "homeOwner": True, "notes": "Graag\nsnel"}
    assert lead["contact"] == {"name": "Jan Jansen"}
    assert lead["address"]["postalCode"].replace(" ", "") == "3861AB"
    assert lead["partnerOrganization"] == {"name": world.dealer.name}
    assert answer["receipt"]["number"] == lead["number"]


async def test_all_faults_come_at_once_in_the_words_of_the_schema(world: World, as_: Ask) -> None:
    answer = await as_(world.visitor).submit(
        name=" ", email="nobody", phone="1", address={"postalCode": "0", "houseNumber": "0"}
    )
    assert codes(answer) == [
        ("REQUIRED", ["name"]),
        ("INVALID_EMAIL", ["email"]),
        ("INVALID_PHONE", ["phone"]),
        ("INVALID_POSTCODE", ["address", "postalCode"]),
        ("INVALID_HOUSE_NUMBER", ["address", "houseNumber"]),
    ]
    assert answer["receipt"] is None


async def test_the_same_lead_again_answers_with_the_first(world: World, as_: Ask) -> None:
    said = {"email": "twice@example.nl", "address": ADDRESS}
    first, second = [await as_(world.visitor).submit(**said) for _ in range(2)]
    assert first["receipt"] == second["receipt"]


async def test_where_a_lead_may_be_submitted(world: World, as_: Ask, database: Database) -> None:
    other = await make(database)
    elsewhere = await as_(world.dealer_user).submit(entityId=gid("BusinessEntity", other.entity.id))
    beside = await as_(world.dealer_user).submit(organizationId=gid("Organization", world.partner.id))
    visitor = await as_(world.visitor).submit(organizationId=gid("Organization", world.dealer.id))
    assert codes(elsewhere) == [("NOT_FOUND", ["entityId"])]
    assert codes(beside) == [("NOT_FOUND", ["organizationId"])]
    assert codes(visitor) == [("PERMISSION_DENIED", ["organizationId"])]


async def test_one_address_cannot_submit_without_end(world: World, settings: Settings, redis_url: str) -> None:
    redis = Redis.from_url(redis_url, decode_responses=True)
    visitor = Asker(world, settings, world.visitor, uuid4().hex, redis)
    answers = [codes(await visitor.submit(email="twice@example.nl")) for _ in range(VISITORS_LEADS + 1)]
    await redis.aclose()
    assert answers == [[]] * VISITORS_LEADS + [[("RATE_LIMITED", [])]]


# --- what is seen -------------------------------------------------------------------------------------------------

ONE = """
query One($id: ID!) { lead(id: $id) { __typename number status answers version timeline { nodes { type } }
  ... on StaffLead { score scoreExplanation { factor points max reason reasonEn } routing { ruleId ruleName reason }
    disqualifiedReason handledManually followUps { dueAt } submittedEntity { name } }
  ... on PartnerLead { score scoreExplanation { factor points } disqualifiedReason }
} }
"""


async def test_each_audience_reads_its_own_lead_type(world: World, as_: Ask) -> None:
    lead = await world.lead(world.dealer_user)
    customer = await world.customer(lead)
    id = gid("Lead", lead.id)
    staff, partner, own, system = [
        (await as_(actor).ask(ONE, id=id))["lead"] for actor in (world.admin, world.dealer_user, customer, SYSTEM)
    ]
    assert [each["__typename"] for each in (staff, partner, own, system)] == [
        "StaffLead",
        "PartnerLead",
        "CustomerLead",
        "StaffLead",
    ]
    assert staff["score"] == sum(part["points"] for part in staff["scoreExplanation"]) == partner["score"] > 0
    assert [part["factor"] for part in staff["scoreExplanation"]][:2] == ["GEOGRAPHY", "PARTNER"]
    assert staff["routing"] == {"ruleId": None, "ruleName": None, "reason": "Geen regel was van toepassing."}
    assert staff["submittedEntity"] == {"name": world.entity.name}
    assert {event["type"] for event in own["timeline"]["nodes"]} == {"lead.submitted"}
    assert {event["type"] for event in partner["timeline"]["nodes"]} == {"lead.submitted", "lead.scored"}


@pytest.mark.parametrize("field", ["score", "scoreExplanation { points }", "routing { reason }", "disqualifiedReason"])
async def test_the_type_of_customers_has_no_score(world: World, as_: Ask, field: str) -> None:
    lead = await world.lead()
    customer = await world.customer(lead)
    document = f"query Q($id: ID!) {{ lead(id: $id) {{ ... on CustomerLead {{ {field} }} }} }}"
    assert (await as_(customer).error(document, id=gid("Lead", lead.id))).startswith("Cannot query field")


async def test_what_is_not_ones_own_does_not_exist(world: World, as_: Ask, database: Database) -> None:
    lead, other = await world.lead(), await make(database)
    stranger = await other.customer(await other.lead())
    document = """query Q($id: ID!, $number: String!) {
      byId: lead(id: $id) { id } byNumber: lead(number: $number) { id }
      leads(filter: {number: {eq: $number}}) { totalCount } found: leads(filter: {search: $number}) { totalCount } }"""
    for actor in (other.admin, other.dealer_user, stranger, world.dealer_user):
        seen = await as_(actor).ask(document, id=gid("Lead", lead.id), number=lead.number)
        assert seen == {"byId": None, "byNumber": None, "leads": {"totalCount": 0}, "found": {"totalCount": 0}}


async def test_leads_are_filtered_sorted_and_searched(world: World, as_: Ask) -> None:
    through = await world.lead(world.dealer_user, name="Willemijn Zoekmaar")
    direct = await world.lead(address=None, company_name="Bakkerij Vinding")
    staff = as_(world.admin)
    document = """query Q($filter: LeadFilter, $orderBy: LeadSort) {
      leads(filter: $filter, orderBy: $orderBy) { totalCount nodes { number } } }"""

    async def found(orderBy: Any = None, **filter: Any) -> list[str]:
        listed = (await staff.ask(document, filter=filter, orderBy=orderBy))["leads"]
        assert listed["totalCount"] == len(listed["nodes"])
        return [node["number"] for node in listed["nodes"]]

    both = [direct.number, through.number]
    by_score = [lead.number for lead in sorted([direct, through], key=lambda lead: (lead.score, lead.id))]
    assert await found() == both
    assert await found({"field": "SCORE", "direction": "ASC"}) == by_score
    assert await found(search="willemijn zoek") == [through.number]
    assert await found(search="vinding") == [direct.number]
    assert await found(partnerOrganizationId={"eq": gid("Organization", world.dealer.id)}) == [through.number]
    assert await found(withinOrganizationId=gid("Organization", world.partner.id)) == [through.number]
    assert await found(partnerOrganizationId={"eq": gid("Organization", world.partner.id)}) == []
    assert await found(status={"in": ["NEW"]}, score={"gte": 0, "lte": 100}) == both
    assert await found(status={"eq": "CONVERTED"}) == []
    assert await found(entityId={"eq": gid("BusinessEntity", world.entity.id)}) == both
    assert await found(createdAt={"lt": direct.created_at.isoformat()}) == [through.number]


@pytest.mark.parametrize(
    "arguments", ["filter: {score: {gte: 1}}", "filter: {score: {isNull: false}}", "orderBy: {field: SCORE}"]
)
async def test_a_customer_asks_nothing_about_scores(world: World, as_: Ask, arguments: str) -> None:
    lead = await world.lead()
    document = f"{{ leads({arguments}) {{ totalCount edges {{ node {{ id }} }} }} }}"
    assert await as_(await world.customer(lead)).error(document) == "NOT_READABLE"
    assert (await as_(world.admin).ask(document))["leads"]["totalCount"] >= 1


async def test_a_customer_lists_its_own_leads(world: World, as_: Ask) -> None:
    own = await world.lead()
    await world.lead()
    document = "{ leads { totalCount nodes { __typename number name interests { notes } } } }"
    assert (await as_(await world.customer(own)).ask(document))["leads"] == {
        "totalCount": 1,
        "nodes": [{"__typename": "CustomerLead", "number": own.number, "name": own.name, "interests": {"notes": None}}],
    }


async def test_what_an_audience_has_no_part_in_is_no_node(world: World, as_: Ask) -> None:
    async with world.system() as session:
        await defaults.install(session, await session.get_one(BusinessEntity, world.entity.id))
        given = defaults.BY_CODE["LT"].rules[0]
        rule = await rules.save_rule(session, replace(given, entity_id=world.entity.id, active=False))
        step = await session.scalar(select(FollowUpStep.id).where(FollowUpStep.entity_id == world.entity.id))
        technician = await factories.actor_with(session, Role.TECHNICIAN, world.entity)
    lead = await world.lead(world.dealer_user)
    customer = await world.customer(lead)
    document = "query N($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"
    keys = {"Lead": lead.id, "RoutingRule": rule.id, "FollowUpStep": step, "Questionnaire": lead.questionnaire_id}
    ids = [gid(kind, key) for kind, key in keys.items()]
    seen = {
        actor.role: [node and node["__typename"] for node in (await as_(actor).ask(document, ids=ids))["nodes"]]
        for actor in (world.admin, world.dealer_user, customer, technician)
    }
    assert seen == {
        Role.TENANT_ADMIN: ["StaffLead", "RoutingRule", "FollowUpStep", "Questionnaire"],
        Role.PARTNER_USER: ["PartnerLead", None, "FollowUpStep", "Questionnaire"],
        Role.CUSTOMER: ["CustomerLead", None, None, "Questionnaire"],
        Role.TECHNICIAN: [None, None, None, None],
    }


async def test_a_partners_list_holds_its_channel(world: World, as_: Ask) -> None:
    async with world.system() as session:
        master = await factories.actor_with(session, Role.PARTNER_USER, world.entity, organization=world.partner)
    below, own = await world.lead(world.dealer_user), await world.lead(master)
    await world.lead()
    document = "{ leads { totalCount nodes { number } } }"
    assert (await as_(master).ask(document))["leads"]["nodes"] == [{"number": own.number}, {"number": below.number}]
    assert (await as_(world.dealer_user).ask(document))["leads"] == {
        "totalCount": 1,
        "nodes": [{"number": below.number}],
    }


# --- answering, qualifying ----------------------------------------------------------------------------------------

ANSWER = """
mutation Answer($input: AnswerIntakeInput!) { answerIntake(input: $input) {
  lead { __typename status answers intakeCompletedAt phone address { postalCode } questionnaire { version } }
  userErrors { code field } } }
"""


async def test_a_customer_completes_its_intake_and_is_qualified_at_once(world: World, as_: Ask) -> None:
    await world.ask()
    lead = await world.lead()
    customer = as_(await world.customer(lead))
    id = gid("Lead", lead.id)
    part = await customer.ask(ANSWER, input={"leadId": id, "answers": {"home_owner": True}})
    assert part["answerIntake"]["lead"]["status"] == "INTAKE"
    wrong = await customer.ask(ANSWER, input={"leadId": id, "answers": {"mounting": "ROOF"}, "complete": True})
    assert ("NOT_A_CHOICE", ["answers", "mounting"]) in codes(wrong["answerIntake"])
    whole = {"leadId": id, "answers": COMPLETE, "complete": True, "phone": "0612345678", "address": ADDRESS}
    done = (await customer.ask(ANSWER, input=whole))["answerIntake"]["lead"]
    assert (done["__typename"], done["status"], done["answers"]) == ("CustomerLead", "QUALIFIED", COMPLETE)
    assert (done["phone"], done["questionnaire"]) == ("+31612345678", {"version": 1})
    assert done["intakeCompletedAt"] is not None


async def test_only_who_sees_a_lead_answers_for_it(world: World, as_: Ask, database: Database) -> None:
    await world.ask()
    lead, other = await world.lead(), await make(database)
    id = gid("Lead", lead.id)
    for actor in (other.admin, other.dealer_user, world.dealer_user, await other.customer(await other.lead())):
        answer = await as_(actor).ask(ANSWER, input={"leadId": id, "answers": {"home_owner": True}})
        assert codes(answer["answerIntake"]) == [("NOT_FOUND", ["leadId"])]
    assert (await world.now(lead)).answers == {}


@pytest.mark.parametrize(("answers", "code"), [(["home_owner"], "WRONG_TYPE"), ("yes", "WRONG_TYPE")])
async def test_answers_are_an_object(world: World, as_: Ask, answers: Any, code: str) -> None:
    lead = await world.lead()
    answer = await as_(world.admin).ask(ANSWER, input={"leadId": gid("Lead", lead.id), "answers": answers})
    assert codes(answer["answerIntake"]) == [(code, ["answers"])]


async def test_staff_qualify_disqualify_reopen_and_assign(world: World, as_: Ask) -> None:
    lead, staff = await world.lead(), as_(world.admin)
    id, dealer = gid("Lead", lead.id), gid("Organization", world.dealer.id)
    document = """mutation All($id: ID!, $dealer: ID!) {
      assignLeadPartner(id: $id, organizationId: $dealer) { lead { partnerOrganization { name } } userErrors { code } }
      qualifyLead(id: $id) { lead { status } userErrors { code } }
      disqualifyLead(id: $id, reason: "Te ver") { lead { status ... on StaffLead { disqualifiedReason } } }
      reopenLead(id: $id) { lead { status ... on StaffLead { disqualifiedReason handledManually } } }
      again: qualifyLead(id: $id) { userErrors { code field } }
    }"""
    done = await staff.ask(document, id=id, dealer=dealer)
    assert done["assignLeadPartner"]["lead"] == {"partnerOrganization": {"name": world.dealer.name}}
    assert done["qualifyLead"]["lead"] == {"status": "QUALIFIED"}
    assert done["disqualifyLead"]["lead"] == {"status": "DISQUALIFIED", "disqualifiedReason": "Te ver"}
    assert done["reopenLead"]["lead"] == {"status": "QUALIFIED", "disqualifiedReason": None, "handledManually": True}
    assert codes(done["again"]) == [("INVALID_STATE", ["id"])]
    assert (await as_(world.dealer_user).ask(ONE, id=id))["lead"]["status"] == "QUALIFIED"


@pytest.mark.parametrize(
    "call", ["qualifyLead(id: $id)", 'disqualifyLead(id: $id, reason: "x")', "reopenLead(id: $id)"]
)
async def test_partners_and_customers_do_not_decide(world: World, as_: Ask, call: str) -> None:
    lead = await world.lead(world.dealer_user)
    document = f"mutation M($id: ID!) {{ {call} {{ userErrors {{ code }} }} }}"
    for actor in (world.dealer_user, await world.customer(lead)):
        assert await as_(actor).error(document, id=gid("Lead", lead.id)) == "FORBIDDEN"


# --- over HTTP ----------------------------------------------------------------------------------------------------


async def test_a_visitor_submits_over_http_and_a_retry_gets_the_stored_answer(world: World, settings: Settings) -> None:
    app = create_app(settings, SCHEMA)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{world.brand.host}")
    body = {"query": SUBMIT, "variables": {"input": {"name": "Jan", "email": "http@example.nl", "address": ADDRESS}}}
    async with app.router.lifespan_context(app), http:
        keyed = {"Idempotency-Key": uuid4().hex}
        first, second = [(await http.post("/graphql", json=body, headers=keyed)).json() for _ in range(2)]
        body["variables"]["input"]["name"] = "Piet"  # type: ignore[index]  # a nested literal
        other = (await http.post("/graphql", json=body, headers=keyed)).json()
    assert first["data"]["submitLead"]["receipt"]["number"].startswith(f"{world.entity.code}-L-")
    assert second["data"] == first["data"]
    assert codes(other["data"]["submitLead"]) == [("IDEMPOTENCY_KEY_REUSED", [])]
