"""Contacts over GraphQL: one record across entities, nothing told to whom it does not concern."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from domain.contacts.models import Contact, ContactRelation
from domain.contacts.relations import relate
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, codes, gid
from tests.quoting import market

CREATE = """mutation C($input: CreateContactInput!) { createContact(input: $input) {
  contact { id name email phone version organization { id } address { postalCode houseNumber houseNumberAddition
    latitude exactness flagged flagReason original } relations { source entity { code } partner { id } } }
  known userErrors { code field message } } }"""
UPDATE = """mutation U($input: UpdateContactInput!) { updateContact(input: $input) {
  contact { id name firstName email version address { id } addresses { id } } userErrors { code field } } }"""
MERGE = """mutation M($winner: ID!, $loser: ID!) { mergeContacts(winnerId: $winner, loserId: $loser) {
  contact { id email relations { entity { code } } timeline { nodes { type } } } userErrors { code field } } }"""
UNMERGE = (
    "mutation U($id: ID!) { unmergeContacts(id: $id) { contact { id mergedInto { id } } userErrors { code field } } }"
)
LIST = """query L($filter: ContactFilter, $lifecycle: Lifecycle, $entityId: ID, $orderBy: ContactSort) {
  contacts(filter: $filter, lifecycle: $lifecycle, entityId: $entityId, orderBy: $orderBy, first: 100) {
    totalCount nodes { id name } } }"""
DUPLICATES = """query D($id: ID) { duplicateContacts(contactId: $id) { score reasons first { id } second { id } } }"""
PREFERENCES = """mutation P($input: ContactPreferencesInput!) { setContactPreferences(input: $input) {
  contact { relations { communicationPreferences schedulingPreferences } } userErrors { code field } } }"""
LIFECYCLE = """mutation L($id: ID!, $lifecycle: Lifecycle!) { setLifecycle(contactId: $id, lifecycle: $lifecycle) {
  contact { relations { lifecycle } timeline { nodes { type payload } } } userErrors { code field } } }"""
EXPORT = "mutation E($id: ID!) { exportPersonalData(contactId: $id) { data userErrors { code field } } }"
ERASE = """mutation E($id: ID!) { eraseContact(contactId: $id) {
  contact { name email erasedAt } userErrors { code field } } }"""


@dataclass
class Town:
    """Two entities with staff; in the first, a dealer below a master and a rival."""

    database: Database
    settings: Settings
    entity: BusinessEntity
    second: BusinessEntity
    master: Contact
    dealer: Contact
    rival: Contact
    actors: dict[str, Actor] = field(default_factory=dict)

    def as_(self, name: str) -> Asker:
        return Asker(self.database, self.settings, self.actors[name])


@pytest.fixture
async def town(database: Database, settings: Settings) -> Town:
    async with database.session(SYSTEM) as session:
        entity, second = await factories.business_entity(session), await factories.business_entity(session)
        master = await factories.organization(session, entity)
        dealer = await factories.organization(session, entity, master)
        rival = await factories.organization(session, entity)
        made = Town(database, settings, entity, second, master, dealer, rival)
        for name, role, of in (
            ("staff", Role.OPERATIONS, entity),
            ("admin", Role.TENANT_ADMIN, entity),
            ("second", Role.TENANT_ADMIN, second),
            ("both", Role.OPERATIONS, [entity, second]),
            ("platform", Role.PLATFORM_ADMIN, []),
        ):
            made.actors[name] = await factories.actor_with(session, role, of)
        for name, organization in (("master", master), ("dealer", dealer), ("rival", rival)):
            actor = await factories.actor_with(session, Role.PARTNER_USER, entity, organization=organization)
            made.actors[name] = actor
    return made


def person(**given: Any) -> dict[str, Any]:
    return {"name": factories.unique("Persoon "), "email": f"{uuid4().hex}@example.nl", "phone": "0201234567"} | given


async def create(asker: Asker, **given: Any) -> Any:
    return (await asker.ask(CREATE, input=given))["createContact"]


async def visible(asker: Asker, **variables: Any) -> set[str]:
    found = (await asker.ask(LIST, **variables))["contacts"]
    assert found["totalCount"] == len(found["nodes"])
    return {node["id"] for node in found["nodes"]}


# --- making -----------------------------------------------------------------------------------------------------------


async def test_a_person_with_everything(town: Town) -> None:
    address = {"postalCode": "3861 ab", "houseNumber": "12a", "city": "Nijkerk"}
    made = await create(
        town.as_("staff"),
        firstName="Jan",
        lastName="de Vries",
        email="JAN@Example.nl",
        phone="020 123 4567",
        address=address,
    )
    assert made["userErrors"] == []
    shown = made["contact"]
    assert (shown["name"], shown["email"], shown["phone"]) == ("Jan de Vries", "jan@example.nl", "+31201234567")
    where = shown["address"]
    assert (where["postalCode"], where["houseNumber"], where["houseNumberAddition"]) == ("3861AB", "12", "A")
    assert where["exactness"] in ("PC4", "PC2")
    assert where["latitude"] is not None
    assert where["original"] == {"postal_code": "3861 ab", "house_number": "12a", "city": "Nijkerk"}
    assert shown["relations"] == [{"source": "STAFF", "entity": {"code": town.entity.code}, "partner": None}]


async def test_all_faults_at_once_in_the_callers_language(town: Town) -> None:
    refused = await create(town.as_("staff"), email="x", phone="1", language="fr", name="\u202eevil")
    assert {field[0] for _, field in codes(refused)} == {"email", "phone", "language", "name"}
    assert codes(await create(town.as_("staff"), email="a@example.nl")) == [("REQUIRED", ["name"])]
    assert codes(await create(town.as_("both"), name="X")) == [("REQUIRED", ["entityId"])]
    other = gid("BusinessEntity", town.second.id)
    assert codes(await create(town.as_("staff"), name="X", entityId=other)) == [("NOT_FOUND", ["entityId"])]


async def test_staff_of_another_entity_find_the_same_person(town: Town) -> None:
    given = person()
    first = await create(town.as_("staff"), **given)
    again = await create(town.as_("second"), **given)
    assert (first["known"], again["known"]) == (False, True)
    assert again["contact"]["id"] == first["contact"]["id"]
    assert [r["entity"]["code"] for r in again["contact"]["relations"]] == [town.second.code]
    document = "query C($id: ID!) { contact(id: $id) { relations { entity { code } } } }"
    both = await town.as_("both").ask(document, id=first["contact"]["id"])
    assert {r["entity"]["code"] for r in both["contact"]["relations"]} == {town.entity.code, town.second.code}


async def test_an_equal_address_alone_is_not_enough(town: Town) -> None:
    given = person()
    first = await create(town.as_("staff"), **given)
    other = await create(town.as_("staff"), **given | {"phone": "0612345678"})
    assert other["known"] is False
    address = {"postalCode": "3861AB", "houseNumber": "1"}
    at_home = await create(town.as_("staff"), **person(phone=None, email=given["email"], name="Jo", address=address))
    assert at_home["known"] is False
    same = await create(town.as_("staff"), **person(phone=None, email=given["email"], name="jo", address=address))
    assert same["known"] is True
    assert len({first["contact"]["id"], other["contact"]["id"], at_home["contact"]["id"]}) == 3


async def test_the_same_person_twice_at_once_is_one(town: Town) -> None:
    given = person()
    answers = await asyncio.gather(*(create(town.as_("staff"), **given) for _ in range(4)))
    assert len({answer["contact"]["id"] for answer in answers}) == 1
    assert sorted(answer["known"] for answer in answers) == [False, True, True, True]


async def test_a_partner_never_learns_that_somebody_is_known(town: Town) -> None:
    given = person(address={"postalCode": "3861AB", "houseNumber": "1"})
    known = (await create(town.as_("staff"), **given))["contact"]
    rivals = await create(town.as_("rival"), **given)
    dealers = await create(town.as_("dealer"), **given)
    unknown = person(phone="0687654321", address={"postalCode": "3861AC", "houseNumber": "1"})
    fresh = await create(town.as_("dealer"), **unknown)
    for answer in (rivals, dealers, fresh):
        assert (answer["known"], answer["userErrors"]) == (False, [])
        assert answer["contact"]["version"] == fresh["contact"]["version"]
    assert len({known["id"], rivals["contact"]["id"], dealers["contact"]["id"]}) == 3
    assert await visible(town.as_("dealer"), filter={"email": {"eq": given["email"]}}) == {dealers["contact"]["id"]}
    pairs = (await town.as_("staff").ask(DUPLICATES, id=known["id"]))["duplicateContacts"]
    assert {pair["second"]["id"] for pair in pairs} == {rivals["contact"]["id"], dealers["contact"]["id"]}
    assert all(set(pair["reasons"]) == {"EMAIL", "PHONE", "NAME_AND_POSTCODE"} for pair in pairs)


async def test_a_partner_finds_whom_it_sees_and_its_chain_sees_whom_it_brings(town: Town) -> None:
    given = person()
    brought = await create(town.as_("dealer"), **given)
    assert brought["contact"]["relations"][0]["partner"] == {"id": gid("Organization", town.dealer.id)}
    again = await create(town.as_("master"), **given)
    assert (again["known"], again["contact"]["id"]) == (True, brought["contact"]["id"])
    id = brought["contact"]["id"]
    for name, sees in (("dealer", True), ("master", True), ("rival", False), ("staff", True), ("second", False)):
        assert (id in await visible(town.as_(name))) is sees, name


async def test_a_partners_own_people(town: Town) -> None:
    dealer = gid("Organization", town.dealer.id)
    made = await create(town.as_("dealer"), **person(organizationId=dealer))
    assert made["contact"]["organization"] == {"id": dealer}
    elsewhere = gid("Organization", town.rival.id)
    assert codes(await create(town.as_("dealer"), **person(organizationId=elsewhere))) == [
        ("NOT_FOUND", ["organizationId"])
    ]


# --- changing ---------------------------------------------------------------------------------------------------------


async def change(asker: Asker, **given: Any) -> Any:
    return (await asker.ask(UPDATE, input=given))["updateContact"]


async def test_what_is_left_out_stays(town: Town) -> None:
    made = (await create(town.as_("staff"), firstName="Jan", lastName="Jansen", email="jan@example.nl"))["contact"]
    changed = (await change(town.as_("staff"), id=made["id"], firstName="Piet"))["contact"]
    assert (changed["name"], changed["firstName"], changed["email"]) == ("Piet Jansen", "Piet", "jan@example.nl")
    moved = await change(town.as_("staff"), id=made["id"], address={"postalCode": "1011AA", "houseNumber": "1"})
    moved = await change(town.as_("staff"), id=made["id"], address={"postalCode": "1011AB", "houseNumber": "2"})
    assert len(moved["contact"]["addresses"]) == 2
    assert moved["contact"]["address"] == moved["contact"]["addresses"][0]
    stale = await change(town.as_("staff"), id=made["id"], email=None, version=made["version"])
    assert codes(stale) == [("STALE_VERSION", ["version"])]


async def test_a_partner_cannot_redirect_the_codes_of_a_customer(town: Town) -> None:
    brought = (await create(town.as_("dealer"), **person()))["contact"]
    assert codes(await change(town.as_("dealer"), id=brought["id"], email="beter@example.nl")) == []
    await town.as_("staff").ask(LIFECYCLE, id=brought["id"], lifecycle="PROSPECT")
    refused = await change(town.as_("dealer"), id=brought["id"], email="boef@example.nl")
    assert codes(refused) == [("CONTACT_CONFIRMED", ["email"])]
    assert codes(await change(town.as_("dealer"), id=brought["id"], firstName="Wel")) == []
    assert codes(await change(town.as_("rival"), id=brought["id"], firstName="Niet")) == [("NOT_FOUND", ["id"])]


async def test_the_audit_trail_is_for_staff(town: Town) -> None:
    brought = (await create(town.as_("dealer"), **person(email="voor@example.nl")))["contact"]
    await change(town.as_("dealer"), id=brought["id"], email="na@example.nl")
    document = (
        "query C($id: ID!) { contact(id: $id) { timeline { nodes { type payload ... on StaffEvent { changes } } } } }"
    )
    seen = await town.as_("dealer").ask(document, id=brought["id"])
    assert "example.nl" not in json.dumps(seen)
    staff = (await town.as_("staff").ask(document, id=brought["id"]))["contact"]["timeline"]["nodes"]
    [change_] = [node["changes"] for node in staff if node["type"] == "contact.updated"]
    assert change_ == {"email": ["voor@example.nl", "na@example.nl"]}


# --- lists ------------------------------------------------------------------------------------------------------------


async def test_filters_and_order(town: Town) -> None:
    word = factories.unique("zoek")
    first = (await create(town.as_("dealer"), **person(name=f"B {word}")))["contact"]["id"]
    second = (await create(town.as_("staff"), **person(name=f"A {word}")))["contact"]["id"]
    staff = town.as_("staff")
    assert await visible(staff, filter={"search": word}) == {first, second}
    assert await visible(town.as_("rival"), filter={"search": word}) == set()
    assert await visible(staff, filter={"search": word, "contactType": {"eq": "ORGANIZATION"}}) == set()
    dealer = gid("Contact", town.dealer.id)
    assert dealer in await visible(staff, filter={"partnerModel": {"eq": "ENERGY"}})
    await staff.ask(LIFECYCLE, id=first, lifecycle="CUSTOMER")
    entity = gid("BusinessEntity", town.entity.id)
    assert await visible(staff, lifecycle="CUSTOMER", entityId=entity) == {first}
    assert await visible(staff, lifecycle="CUSTOMER", entityId=gid("BusinessEntity", town.second.id)) == set()
    by_name = {"field": "NAME", "direction": "ASC"}
    named = (await staff.ask(LIST, filter={"search": word}, orderBy=by_name))["contacts"]["nodes"]
    assert [node["id"] for node in named] == [second, first]
    assert await visible(town.as_("dealer"), filter={"search": word}, orderBy=by_name) == {first}


async def test_a_technician_and_a_customer_see_little(town: Town) -> None:
    made = (await create(town.as_("staff"), **person()))["contact"]["id"]
    async with town.database.session(SYSTEM) as session:
        contact = (await session.execute(select(Contact).order_by(Contact.id.desc()).limit(1))).scalar_one()
        actor = await factories.actor_with(session, Role.CUSTOMER, town.entity, contact=contact)
        technician = await factories.actor_with(session, Role.TECHNICIAN, town.entity)
    document = """query C($id: ID!) { contact(id: $id) { id touchpoints { kind } organization { id }
      relations { __typename } } contacts { nodes { id } } }"""
    own = await Asker(town.database, town.settings, actor).ask(document, id=made)
    assert own["contacts"]["nodes"] == [{"id": made}]
    assert own["contact"]["relations"] == [{"__typename": "OwnContactRelation"}]
    nothing = await Asker(town.database, town.settings, technician).ask(document, id=made)
    assert nothing == {"contact": None, "contacts": {"nodes": []}}


# --- merging ----------------------------------------------------------------------------------------------------------


async def test_duplicates_are_found_merged_and_parted(town: Town) -> None:
    given = person()
    first = (await create(town.as_("staff"), **given))["contact"]["id"]
    second = (await create(town.as_("rival"), **given))["contact"]["id"]
    [pair] = (await town.as_("staff").ask(DUPLICATES, id=second))["duplicateContacts"]
    assert (pair["first"]["id"], pair["second"]["id"], pair["score"]) == (first, second, 90)
    merged = (await town.as_("staff").ask(MERGE, winner=first, loser=second))["mergeContacts"]
    assert merged["userErrors"] == []
    types = [node["type"] for node in merged["contact"]["timeline"]["nodes"]]
    assert types[0] == "contact.merged"
    assert types.count("contact.created") == 2
    assert second not in await visible(town.as_("staff"))
    gone = await town.as_("staff").ask("query C($id: ID!) { contact(id: $id) { mergedInto { id } } }", id=second)
    assert gone == {"contact": {"mergedInto": {"id": first}}}
    assert first in await visible(town.as_("rival"))
    assert (await town.as_("staff").ask(DUPLICATES, id=first))["duplicateContacts"] == []
    parted = (await town.as_("staff").ask(UNMERGE, id=second))["unmergeContacts"]
    assert parted["contact"] == {"id": second, "mergedInto": None}
    assert {first, second} <= await visible(town.as_("staff"))
    assert first not in await visible(town.as_("rival"))


async def test_the_answer_to_a_merge_shows_no_more_than_the_merger_sees(town: Town) -> None:
    first = (await create(town.as_("staff"), **person()))["contact"]["id"]
    second = (await create(town.as_("staff"), **person()))["contact"]["id"]
    async with town.database.session(SYSTEM) as session:
        contact = (await session.execute(select(Contact).order_by(Contact.id.desc()).limit(1))).scalar_one()
        await relate(session, contact, town.second.id, source="STAFF")
    merged = (await town.as_("staff").ask(MERGE, winner=first, loser=second))["mergeContacts"]
    assert [r["entity"]["code"] for r in merged["contact"]["relations"]] == [town.entity.code]


async def test_who_may_not_merge(town: Town) -> None:
    mine = (await create(town.as_("staff"), **person()))["contact"]["id"]
    theirs = (await create(town.as_("second"), **person()))["contact"]["id"]
    assert await town.as_("dealer").error(MERGE, winner=mine, loser=mine) == "FORBIDDEN"
    assert await town.as_("dealer").error(DUPLICATES) == "FORBIDDEN"
    refused = (await town.as_("staff").ask(MERGE, winner=mine, loser=theirs))["mergeContacts"]
    assert codes(refused) == [("NOT_FOUND", ["loserId"])]
    assert await town.as_("staff").error(MERGE, winner=gid("Lead", UUID(int=1)), loser=mine) == "BAD_ID"


# --- lifecycle, preferences, privacy ----------------------------------------------------------------------------------


async def test_lifecycle_is_the_staffs_to_say(town: Town) -> None:
    made = (await create(town.as_("dealer"), **person()))["contact"]["id"]
    assert await town.as_("dealer").error(LIFECYCLE, id=made, lifecycle="CUSTOMER") == "FORBIDDEN"
    said = (await town.as_("staff").ask(LIFECYCLE, id=made, lifecycle="PROSPECT"))["setLifecycle"]
    assert said["contact"]["relations"] == [{"lifecycle": "PROSPECT"}]
    assert said["contact"]["timeline"]["nodes"][0]["payload"] == {"before": "LEAD", "after": "PROSPECT"}
    again = (await town.as_("staff").ask(LIFECYCLE, id=made, lifecycle="PROSPECT"))["setLifecycle"]
    assert again["contact"]["timeline"]["nodes"] == said["contact"]["timeline"]["nodes"]
    assert codes((await town.as_("second").ask(LIFECYCLE, id=made, lifecycle="LEAD"))["setLifecycle"]) == [
        ("NOT_FOUND", ["id"])
    ]


async def test_preferences_of_ones_own_and_of_others(town: Town) -> None:
    made = (await create(town.as_("dealer"), **person()))["contact"]["id"]
    async with town.database.session(SYSTEM) as session:
        contact = (await session.execute(select(Contact).order_by(Contact.id.desc()).limit(1))).scalar_one()
        somebody = await factories.person(session, town.entity)
        customer = await factories.actor_with(session, Role.CUSTOMER, town.entity, contact=contact)
        stranger = await factories.actor_with(session, Role.CUSTOMER, town.entity, contact=somebody)
        technician = await factories.actor_with(session, Role.TECHNICIAN, town.entity)
    given = {"contactId": made, "communication": {"channel": "SMS", "marketing": False}}

    async def prefer(actor: Actor, **more: Any) -> Any:
        asker = Asker(town.database, town.settings, actor)
        return (await asker.ask(PREFERENCES, input=given | more))["setContactPreferences"]

    own = await prefer(customer)
    assert own["contact"]["relations"][0]["communicationPreferences"] == {"channel": "SMS", "marketing": False}
    by_partner = await prefer(town.actors["dealer"], scheduling={"weekdays": ["FRIDAY", "MONDAY"]})
    assert by_partner["contact"]["relations"][0]["schedulingPreferences"] == {"weekdays": ["MONDAY", "FRIDAY"]}
    for actor in (stranger, technician):
        assert codes(await prefer(actor)) == [("PERMISSION_DENIED", [])]
    assert codes(await prefer(town.actors["dealer"], service={"level": "PRIORITY"})) == [
        ("PERMISSION_DENIED", ["preferences", "service"])
    ]
    bad = await prefer(customer, communication={"channel": "PIGEON", "colour": "red"}, scheduling={"blocks": "MORNING"})
    assert {tuple(field) for _, field in codes(bad)} == {
        ("preferences", "communication", "channel"),
        ("preferences", "communication", "colour"),
        ("preferences", "scheduling", "blocks"),
    }
    assert codes(await prefer(customer, communication=["SMS"])) == [("WRONG_TYPE", ["preferences", "communication"])]


async def test_a_copy_and_erasure_are_the_admins(town: Town) -> None:
    given = person()
    made = (await create(town.as_("staff"), **given))["contact"]["id"]
    for name in ("staff", "dealer"):
        assert await town.as_(name).error(EXPORT, id=made) == "FORBIDDEN"
        assert await town.as_(name).error(ERASE, id=made) == "FORBIDDEN"
    copy = (await town.as_("admin").ask(EXPORT, id=made))["exportPersonalData"]["data"]
    assert copy["tables"]["contact"][0]["email"] == given["email"]
    erased = (await town.as_("admin").ask(ERASE, id=made))["eraseContact"]
    assert (erased["contact"]["name"], erased["contact"]["email"]) == ("Gewist contact", None)
    assert made not in await visible(town.as_("staff"))
    assert codes(await change(town.as_("staff"), id=made, firstName="X")) == [("CONTACT_ERASED", ["id"])]
    assert codes((await town.as_("second").ask(ERASE, id=made))["eraseContact"]) == [("NOT_FOUND", ["id"])]


async def test_touchpoints_count_what_the_reader_sees(town: Town) -> None:
    sold = await market(town.database)
    await sold.ordered(partner=False)
    document = "query C($id: ID!) { contact(id: $id) { touchpoints { kind count entityId firstAt lastAt } } }"
    asker = Asker(town.database, town.settings, sold.actors["staff"])
    shown = (await asker.ask(document, id=gid("Contact", sold.customer.id)))["contact"]["touchpoints"]
    assert {(each["kind"], each["count"]) for each in shown} >= {("QUOTE", 1), ("ORDER", 1)}
    assert {each["entityId"] for each in shown} == {gid("BusinessEntity", sold.entity.id)}


async def test_a_relation_per_entity_is_one_row(town: Town) -> None:
    given = person()
    made = (await create(town.as_("staff"), **given))["contact"]["id"]
    await asyncio.gather(*(create(town.as_("second"), **given) for _ in range(3)))
    async with town.database.session(SYSTEM) as session:
        contact = (await session.execute(select(Contact.id).where(Contact.email == given["email"]))).scalar_one()
        rows = select(func.count()).select_from(ContactRelation).where(ContactRelation.contact_id == contact)
        assert (await session.execute(rows)).scalar_one() == 2
    assert made == gid("Contact", contact)
