"""Organizations and the channel tree over GraphQL, as each audience sees and changes them."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from domain.contacts.models import Contact
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, codes, gid

CREATE = """mutation C($input: CreateOrganizationInput!) { createOrganization(input: $input) {
  organization { id name kvkNumber partnerModel version parent { id } address { postalCode flagged exactness }
    relations { lifecycle source entity { code } } timeline { nodes { type } } }
  userErrors { code field } } }"""
UPDATE = """mutation U($input: UpdateOrganizationInput!) { updateOrganization(input: $input) {
  organization { id name website partnerCode version address { street } } userErrors { code field } } }"""
MOVE = """mutation M($id: ID!, $parentId: ID, $validFrom: DateTime) {
  moveOrganization(id: $id, parentId: $parentId, validFrom: $validFrom) {
  organization { id parent { id } places { parent { id } validFrom validUntil } } userErrors { code field } } }"""
TREE = """query T($rootId: ID, $asOf: DateTime, $depth: Int) {
  organizationTree(rootId: $rootId, asOf: $asOf, depth: $depth) {
  depth parentId path organization { id name } } }"""
LIST = """query L($filter: OrganizationFilter, $lifecycle: Lifecycle, $entityId: ID) {
  organizations(filter: $filter, lifecycle: $lifecycle, entityId: $entityId, first: 100) {
  totalCount nodes { id name } } }"""


@dataclass
class Channel:
    """An entity with master → dealer → agent, and another partner."""

    database: Database
    settings: Settings
    entity: BusinessEntity
    master: Contact
    dealer: Contact
    agent: Contact
    other: Contact
    admin: Actor
    actors: dict[str, Actor]

    def as_(self, actor: Actor) -> Asker:
        return Asker(self.database, self.settings, actor)


@pytest.fixture
async def channel(database: Database, settings: Settings) -> Channel:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        master = await factories.organization(session, entity, name=factories.unique("Master "))
        dealer = await factories.organization(session, entity, master, name=factories.unique("Dealer "))
        agent = await factories.organization(session, entity, dealer, name=factories.unique("Agent "))
        other = await factories.organization(session, entity, name=factories.unique("Other "))
        admin = await factories.actor_with(session, Role.TENANT_ADMIN, entity)
        actors = {
            name: await factories.actor_with(session, Role.PARTNER_ADMIN, entity, organization=organization)
            for name, organization in (("master", master), ("dealer", dealer), ("other", other))
        }
    return Channel(database, settings, entity, master, dealer, agent, other, admin, actors)


def org(contact: Contact) -> str:
    return gid("Organization", contact.id)


# --- reading ----------------------------------------------------------------------------------------------------------


async def listed(asker: Asker, **variables: Any) -> set[str]:
    found = (await asker.ask(LIST, **variables))["organizations"]
    assert found["totalCount"] == len(found["nodes"])
    return {node["id"] for node in found["nodes"]}


async def test_each_sees_its_own_part(channel: Channel) -> None:
    everything = {org(each) for each in (channel.master, channel.dealer, channel.agent, channel.other)}
    assert await listed(channel.as_(channel.admin)) == everything
    assert await listed(channel.as_(channel.actors["master"])) == everything - {org(channel.other)}
    assert await listed(channel.as_(channel.actors["dealer"])) == {org(channel.dealer), org(channel.agent)}
    assert await listed(channel.as_(channel.actors["other"])) == {org(channel.other)}


async def test_filters(channel: Channel) -> None:
    staff = channel.as_(channel.admin)
    below_master = {org(channel.dealer), org(channel.agent)}
    assert await listed(staff, filter={"parentId": {"eq": org(channel.master)}}) == {org(channel.dealer)}
    assert await listed(staff, filter={"parentId": {"isNull": True}}) == {org(channel.master), org(channel.other)}
    assert await listed(staff, filter={"withinId": org(channel.master)}) == below_master | {org(channel.master)}
    assert await listed(staff, filter={"search": channel.agent.name[:12]}) >= {org(channel.agent)}
    assert await listed(staff, filter={"partnerModel": {"eq": "AUTOMOTIVE"}}) == set()
    assert await listed(staff, filter={"createdAt": {"lt": "2020-01-01T00:00:00Z"}}) == set()
    assert await listed(staff, lifecycle="CUSTOMER") == set()
    assert len(await listed(staff, lifecycle="LEAD", entityId=gid("BusinessEntity", channel.entity.id))) == 4


async def test_everything_about_an_organization(channel: Channel) -> None:
    async with channel.database.session(SYSTEM) as session:
        employee = await factories.person(session, channel.entity, organization=channel.dealer)
    document = """query O($id: ID!) { organization(id: $id) { name parent { name }
      contact { contactType organization { id } }
      children { totalCount nodes { name } } contacts { nodes { name } } touchpoints { kind count }
      addresses { id } places { validFrom validUntil parent { name } }
      relations { __typename lifecycle ... on StaffContactRelation { satisfaction } }
      timeline { totalCount nodes { type } } } }"""
    shown = (await channel.as_(channel.admin).ask(document, id=org(channel.dealer)))["organization"]
    assert shown["parent"] == {"name": channel.master.name}
    assert shown["contact"] == {"contactType": "ORGANIZATION", "organization": {"id": org(channel.dealer)}}
    assert [node["name"] for node in shown["children"]["nodes"]] == [channel.agent.name]
    assert [node["name"] for node in shown["contacts"]["nodes"]] == [employee.name]
    assert shown["places"][0]["validUntil"] is None
    assert shown["relations"][0]["__typename"] == "StaffContactRelation"
    assert {node["type"] for node in shown["timeline"]["nodes"]} == {"organization.created", "contact.created"}
    seen = (await channel.as_(channel.actors["dealer"]).ask(document, id=org(channel.dealer)))["organization"]
    assert seen["parent"] is None
    assert seen["places"] == []
    assert seen["relations"][0]["__typename"] == "PartnerContactRelation"
    assert (await channel.as_(channel.actors["other"]).ask(document, id=org(channel.dealer)))["organization"] is None


async def test_a_person_is_no_organization(channel: Channel) -> None:
    async with channel.database.session(SYSTEM) as session:
        person = await factories.person(session, channel.entity)
    document = "query O($id: ID!) { organization(id: $id) { id } node(id: $id) { id } }"
    assert await channel.as_(channel.admin).ask(document, id=gid("Organization", person.id)) == {
        "organization": None,
        "node": None,
    }


async def tree(asker: Asker, **variables: Any) -> list[tuple[str, int]]:
    nodes = (await asker.ask(TREE, **variables))["organizationTree"]
    assert all(len(node["path"]) == node["depth"] + 1 for node in nodes)
    return [(node["organization"]["name"], node["depth"]) for node in nodes]


async def test_the_tree_of_each(channel: Channel) -> None:
    master, dealer, agent, other = (c.name for c in (channel.master, channel.dealer, channel.agent, channel.other))
    assert await tree(channel.as_(channel.admin)) == [(master, 0), (dealer, 1), (agent, 2), (other, 0)]
    assert await tree(channel.as_(channel.admin), depth=1) == [(master, 0), (dealer, 1), (other, 0)]
    assert await tree(channel.as_(channel.actors["dealer"])) == [(dealer, 0), (agent, 1)]
    assert await tree(channel.as_(channel.actors["dealer"]), rootId=org(channel.master)) == []
    assert await tree(channel.as_(channel.admin), asOf="2020-01-01T00:00:00Z") == []


# --- making -----------------------------------------------------------------------------------------------------------


async def create(asker: Asker, **given: Any) -> Any:
    return (await asker.ask(CREATE, input=given))["createOrganization"]


async def test_staff_create_an_organization(channel: Channel) -> None:
    made = await create(
        channel.as_(channel.admin),
        name="  Laad & Co ",
        kvkNumber="12345678",
        vatNumber="NL123456782B01",
        iban="NL91 ABNA 0417 1643 00",
        partnerModel="AUTOMOTIVE",
        parentId=org(channel.master),
        address={"postalCode": "3861 ab", "houseNumber": "12a"},
    )
    assert made["userErrors"] == []
    shown = made["organization"]
    assert (shown["name"], shown["kvkNumber"], shown["partnerModel"]) == ("Laad & Co", "12345678", "AUTOMOTIVE")
    assert shown["parent"] == {"id": org(channel.master)}
    assert shown["address"]["postalCode"] == "3861AB"
    assert shown["relations"] == [{"lifecycle": "LEAD", "source": "STAFF", "entity": {"code": channel.entity.code}}]
    assert shown["timeline"]["nodes"] == [{"type": "organization.created"}]


async def test_all_faults_at_once(channel: Channel) -> None:
    refused = await create(
        channel.as_(channel.admin), name=" ", kvkNumber="1", vatNumber="x", iban="y", website="javascript:alert(1)"
    )
    assert {field[0] for _, field in codes(refused)} == {"name", "kvkNumber", "vatNumber", "iban", "website"}
    refused = await create(channel.as_(channel.admin), name="X", address={"postalCode": "1", "houseNumber": "0"})
    assert {tuple(field) for _, field in codes(refused)} == {("address", "postalCode"), ("address", "houseNumber")}


async def test_a_partner_creates_below_itself_only(channel: Channel) -> None:
    dealer = channel.as_(channel.actors["dealer"])
    made = await create(dealer, name="Nieuwe agent")
    assert made["organization"]["partnerModel"] == "ENERGY"
    assert (await tree(dealer))[-1] == ("Nieuwe agent", 1)
    assert codes(await create(dealer, name="X", parentId=org(channel.master))) == [("NOT_FOUND", ["parentId"])]
    refused = await create(dealer, name="X", partnerCode="x", paymentTermsDays=1)
    assert set(map(str, codes(refused))) == {
        "('SET_BY_STAFF', ['partnerCode'])",
        "('SET_BY_STAFF', ['paymentTermsDays'])",
    }


async def test_a_partner_code_is_one_organizations_across_entities(channel: Channel) -> None:
    async with channel.database.session(SYSTEM) as session:
        elsewhere = await factories.business_entity(session)
        code = factories.unique("p")
        await factories.organization(session, elsewhere, partner_code=code)
    refused = await create(channel.as_(channel.admin), name="X", partnerCode=code.upper())
    assert codes(refused) == [("ALREADY_EXISTS", ["partnerCode"])]


async def test_who_may_not(channel: Channel) -> None:
    async with channel.database.session(SYSTEM) as session:
        user = await factories.actor_with(session, Role.PARTNER_USER, channel.entity, organization=channel.dealer)
        planner = await factories.actor_with(session, Role.PLANNER, channel.entity)
    for actor in (user, planner):
        assert await channel.as_(actor).error(CREATE, input={"name": "X"}) == "FORBIDDEN"
    move = {"id": org(channel.agent), "parentId": org(channel.dealer)}
    assert await channel.as_(channel.actors["master"]).error(MOVE, **move) == "FORBIDDEN"


# --- changing ---------------------------------------------------------------------------------------------------------


async def change(asker: Asker, **given: Any) -> Any:
    return (await asker.ask(UPDATE, input=given))["updateOrganization"]


async def test_what_is_left_out_stays_and_null_empties(channel: Channel) -> None:
    staff, id = channel.as_(channel.admin), org(channel.dealer)
    given = {
        "website": "https://dealer.example",
        "address": {"postalCode": "3861AB", "houseNumber": "1", "street": "Laan"},
    }
    first = (await change(staff, id=id, **given))["organization"]
    assert (first["website"], first["address"]["street"]) == ("https://dealer.example", "Laan")
    second = (await change(staff, id=id, name="Anders"))["organization"]
    assert (second["name"], second["website"], second["address"]) == ("Anders", first["website"], first["address"])
    third = (await change(staff, id=id, website=None, address=None))["organization"]
    assert (third["website"], third["address"]) == (None, None)
    assert codes(await change(staff, id=id, name=None)) == [("REQUIRED", ["name"])]


async def test_two_who_change_the_same_version(channel: Channel) -> None:
    staff, id = channel.as_(channel.admin), org(channel.dealer)
    version = (await change(staff, id=id, name="Een"))["organization"]["version"]
    answers = await asyncio.gather(*(change(staff, id=id, name=name, version=version) for name in ("Twee", "Drie")))
    assert sorted(map(str, map(codes, answers))) == ["[('STALE_VERSION', ['version'])]", "[]"]


async def test_a_partner_does_not_set_what_is_ours(channel: Channel) -> None:
    dealer, id = channel.as_(channel.actors["dealer"]), org(channel.dealer)
    assert codes(await change(dealer, id=id, paymentTermsDays=90)) == [("SET_BY_STAFF", ["paymentTermsDays"])]
    assert (await change(dealer, id=id, name="Zelf gekozen", partnerModel="ENERGY"))["organization"][
        "name"
    ] == "Zelf gekozen"
    assert codes(await change(dealer, id=org(channel.master), name="X")) == [("NOT_FOUND", ["id"])]
    assert codes(await change(dealer, id=org(channel.other), name="X")) == [("NOT_FOUND", ["id"])]


# --- moving -----------------------------------------------------------------------------------------------------------


async def test_a_move_and_the_tree_before_it(channel: Channel) -> None:
    staff = channel.as_(channel.admin)
    old = datetime.now(UTC) - timedelta(days=30)
    async with channel.database.session(SYSTEM) as session:
        ids = [channel.other.id, channel.master.id]
        await session.execute(update(Contact).where(Contact.id.in_(ids)).values(created_at=old))
    since = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    moved = (await staff.ask(MOVE, id=org(channel.other), parentId=org(channel.master), validFrom=since))[
        "moveOrganization"
    ]
    assert moved["organization"]["parent"] == {"id": org(channel.master)}
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert (channel.other.name, 1) in await tree(staff, asOf=yesterday)
    assert await tree(staff, asOf=(datetime.now(UTC) - timedelta(days=3)).isoformat()) == [
        (channel.master.name, 0),
        (channel.other.name, 0),
    ]
    up = (await staff.ask(MOVE, id=org(channel.other), parentId=None))["moveOrganization"]["organization"]
    assert up["parent"] is None
    assert up["places"][0]["validUntil"] is not None


async def test_moves_that_are_refused(channel: Channel) -> None:
    staff = channel.as_(channel.admin)

    async def refusal(**variables: Any) -> list[tuple[str, list[str]]]:
        return codes((await staff.ask(MOVE, **variables))["moveOrganization"])

    below = {"id": org(channel.master), "parentId": org(channel.agent)}
    assert await refusal(**below) == [("ORGANIZATION_CYCLE", ["parentId"])]
    assert await refusal(id=org(channel.master)) == [("REQUIRED", ["parentId"])]
    early = {"id": org(channel.agent), "parentId": org(channel.other), "validFrom": "2020-01-01T00:00:00Z"}
    assert await refusal(**early) == [("MOVE_TOO_EARLY", ["validFrom"])]
    async with channel.database.session(SYSTEM) as session:
        hidden = await factories.organization(session, await factories.business_entity(session))
    assert await refusal(id=org(channel.agent), parentId=org(hidden)) == [("NOT_FOUND", ["parentId"])]
    assert await refusal(id=org(hidden), parentId=None) == [("NOT_FOUND", ["id"])]
