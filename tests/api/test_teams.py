"""Teams, regions and their calendar over GraphQL: who keeps them, and what each may see."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from domain.events.models import Event
from domain.visits.models import Visit
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, codes, gid
from tests.quoting import market

TEAM = """mutation($input: UpsertTeamInput!) { upsertTeam(input: $input) {
  team { id name baseCity basePostcode baseLatitude crew maxJobs maxMinutes skills active vehicle
    hours { weekday starts ends } members { name since until user { id } } regions { code } }
  userErrors { code field } } }"""
REGION = """mutation($input: UpsertRegionInput!) { upsertRegion(input: $input) {
  region { id code name postcodePrefixes teams { name } } userErrors { code field } } }"""
REMOVE_REGION = "mutation($id: ID!) { removeRegion(id: $id) { removedId userErrors { code field message } } }"
ABSENCE = """mutation($input: SetAbsenceInput!) { setAbsence(input: $input) {
  absence { id firstDay lastDay starts ends reason note team { id } } userErrors { code field } } }"""
HOLIDAY = """mutation($day: Date!, $name: String, $working: Boolean! = false) {
  setHoliday(day: $day, name: $name, working: $working) {
    holiday { day name working changed } userErrors { code field } } }"""


@pytest.fixture
async def planner(database: Database, settings: Settings) -> Asker:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        return Asker(database, settings, await factories.actor_with(session, Role.PLANNER, entity))


async def _save(planner: Asker, document: str, /, **input: Any) -> Any:
    [payload] = (await planner.ask(document, input=input)).values()
    return payload


async def _region(planner: Asker, *prefixes: str) -> Any:
    made = await _save(planner, REGION, code=factories.unique("r-"), name="Gebied", postcodePrefixes=list(prefixes))
    return made["region"]


async def _team(planner: Asker, **input: Any) -> Any:
    given = {"name": factories.unique("Team "), "basePostcode": "3861 ab"} | input
    return (await _save(planner, TEAM, **given))["team"]


async def test_a_team_is_made_whole_and_changed_in_part(planner: Asker, database: Database) -> None:
    region = await _region(planner, "38", "39")
    async with database.session(SYSTEM) as session:
        colleague = await factories.user(session)
        await factories.membership(session, colleague, Role.PLANNER, await _entity(session, planner))
    hours = [
        {"weekday": "TUESDAY", "starts": "09:00", "ends": "16:30"},
        {"weekday": "MONDAY", "starts": "07:30", "ends": "17:00"},
    ]
    members = [
        {"name": " Piet  Bakker ", "since": "2031-01-01", "until": "2031-06-30"},
        {"userId": gid("User", colleague.id), "since": "2030-01-01"},
    ]
    team = await _team(
        planner, hours=hours, members=members, regionIds=[region["id"]], skills=["meter box"], vehicle="Bus 3"
    )
    assert (team["baseCity"], team["basePostcode"], team["crew"], team["maxJobs"]) == ("3861AB", "3861AB", 2, 3)
    assert team["baseLatitude"] == pytest.approx(52.227)
    assert [day["weekday"] for day in team["hours"]] == ["MONDAY", "TUESDAY"]
    assert team["hours"][1]["starts"] == "09:00:00"
    assert [(m["name"], m["since"], m["until"]) for m in team["members"]] == [
        (colleague.name, "2030-01-01", None),
        ("Piet Bakker", "2031-01-01", "2031-06-30"),
    ]
    assert team["regions"] == [{"code": region["code"]}]
    changed = (await _save(planner, TEAM, id=team["id"], maxJobs=2, active=False, members=[]))["team"]
    assert changed == team | {"maxJobs": 2, "active": False, "members": []}
    assert await _told(planner, database) == ["region.added", "team.added", "team.changed"]


async def test_saving_what_is_so_already_tells_nothing(planner: Asker, database: Database) -> None:
    team = await _team(planner, hours=[{"weekday": "MONDAY", "starts": "08:00", "ends": "17:00"}])
    again = {
        "id": team["id"],
        "name": team["name"],
        "hours": [{"weekday": "MONDAY", "starts": "08:00", "ends": "17:00"}],
    }
    assert (await _save(planner, TEAM, **again))["team"] == team
    assert await _told(planner, database) == ["team.added"]


BAD_TEAMS = [
    ({"name": ""}, "REQUIRED", ["name"]),
    ({"basePostcode": "38611"}, "INVALID_POSTCODE", ["basePostcode"]),
    ({"baseLatitude": 52.1}, "REQUIRED", ["baseLongitude"]),
    ({"baseLatitude": 48.8, "baseLongitude": 2.3}, "OUT_OF_RANGE", ["baseLatitude"]),
    ({"maxJobs": 0}, "OUT_OF_RANGE", ["maxJobs"]),
    ({"skills": ["a", "a"]}, "DUPLICATE_VALUE", ["skills", "1"]),
    (
        {"hours": [{"weekday": "MONDAY", "starts": "08:00", "ends": "08:00"}]},
        "ENDS_BEFORE_START",
        ["hours", "0", "ends"],
    ),
    (
        {"hours": [{"weekday": "MONDAY", "starts": "08:00:30", "ends": "09:00"}]},
        "INVALID_TIME",
        ["hours", "0", "starts"],
    ),
    (
        {"hours": [{"weekday": "MONDAY", "starts": "08:00", "ends": "09:00"}] * 2},
        "DUPLICATE_VALUE",
        ["hours", "1", "weekday"],
    ),
    ({"members": [{"since": "2031-01-01"}]}, "REQUIRED", ["members", "0", "name"]),
    (
        {"members": [{"name": "P", "since": "2031-02-01", "until": "2031-01-01"}]},
        "ENDS_BEFORE_START",
        ["members", "0", "until"],
    ),
    ({"members": [{"userId": gid("User", uuid4()), "since": "2031-02-01"}]}, "NOT_FOUND", ["members", "0", "userId"]),
    ({"regionIds": [gid("Region", uuid4())]}, "NOT_FOUND", ["regionIds", "0"]),
]


@pytest.mark.parametrize(("input", "code", "field"), BAD_TEAMS, ids=[f"{c}-{'.'.join(f)}" for _, c, f in BAD_TEAMS])
async def test_a_fault_of_a_team_is_named_at_its_field(
    planner: Asker, input: dict[str, Any], code: str, field: list[str]
) -> None:
    given = {"name": factories.unique("Team "), "basePostcode": "3861AB"} | input
    assert codes(await _save(planner, TEAM, **given)) == [(code, field)]


async def test_names_and_codes_are_given_once(planner: Asker) -> None:
    team, region = await _team(planner), await _region(planner, "1")
    assert codes(await _save(planner, TEAM, name=team["name"], basePostcode="3861AB")) == [("ALREADY_EXISTS", ["name"])]
    twice = await _save(planner, REGION, code=region["code"].lower(), name="x", postcodePrefixes=["2"])
    assert codes(twice) == [("ALREADY_EXISTS", ["code"])]
    wrong = await _save(planner, REGION, code="x y", name="x", postcodePrefixes=["2"])
    assert codes(wrong) == [("INVALID_REGION_CODE", ["code"])]
    for prefixes, code, at in (
        (["12345"], "INVALID_POSTCODE_PREFIX", ["postcodePrefixes", "0"]),
        ([], "REQUIRED", ["postcodePrefixes"]),
    ):
        refused = await _save(planner, REGION, id=region["id"], postcodePrefixes=prefixes)
        assert codes(refused) == [(code, at)]


async def test_the_last_region_of_a_team_is_not_removed(planner: Asker) -> None:
    one, other = await _region(planner, "10"), await _region(planner, "11")
    team = await _team(planner, regionIds=[one["id"], other["id"]])
    gone = (await planner.ask(REMOVE_REGION, id=one["id"]))["removeRegion"]
    assert gone == {"removedId": one["id"], "userErrors": []}
    refused = (await planner.ask(REMOVE_REGION, id=other["id"]))["removeRegion"]
    assert codes(refused) == [("LAST_REGION", ["id"])]
    assert team["name"] in refused["userErrors"][0]["message"]


async def test_regions_are_found_by_postcode_and_teams_by_what_they_can(planner: Asker) -> None:
    near, far = await _region(planner, "3861", "37"), await _region(planner, "97")
    team = await _team(planner, regionIds=[near["id"]], skills=["meter box", "trench"])
    asked = """query($postcode: String!, $skills: [String!]!, $region: ID!) {
      regions(filter: {postcode: $postcode}, first: 250) { nodes { id } }
      teams(filter: {skills: $skills, regionId: $region, active: true}) { totalCount nodes { id } } }"""
    found = await planner.ask(asked, postcode="3861AB", skills=["trench"], region=near["id"])
    ids = {node["id"] for node in found["regions"]["nodes"]}
    assert near["id"] in ids
    assert far["id"] not in ids
    assert found["teams"] == {"totalCount": 1, "nodes": [{"id": team["id"]}]}


async def test_an_absence_is_set_changed_found_and_taken_back(planner: Asker, database: Database) -> None:
    team = await _team(planner)
    input = {"teamId": team["id"], "firstDay": "2031-05-01", "reason": "TRAINING", "note": "Cursus"}
    absence = (await _save(planner, ABSENCE, **input))["absence"]
    assert (absence["firstDay"], absence["lastDay"], absence["starts"]) == ("2031-05-01", "2031-05-01", None)
    later = {"id": absence["id"], "lastDay": "2031-05-02", "starts": "12:00", "ends": "17:00"}
    changed = (await _save(planner, ABSENCE, **(input | later)))["absence"]
    assert (changed["lastDay"], changed["starts"], changed["ends"]) == ("2031-05-02", "12:00:00", "17:00:00")
    listed = (
        """query($team: ID!, $from: Date!) { absences(filter: {teamId: {eq: $team}, fromDay: $from}) { totalCount } }"""
    )
    counts = [
        (await planner.ask(listed, team=team["id"], **{"from": day}))["absences"]["totalCount"]
        for day in ("2031-05-02", "2031-05-03")
    ]
    assert counts == [1, 0]
    remove = "mutation($id: ID!) { removeAbsence(id: $id) { removedId userErrors { code field } } }"
    assert (await planner.ask(remove, id=absence["id"]))["removeAbsence"]["removedId"] == absence["id"]
    assert codes((await planner.ask(remove, id=absence["id"]))["removeAbsence"]) == [("NOT_FOUND", ["id"])]
    assert (await _told(planner, database))[1:] == ["absence.set", "absence.set", "absence.removed"]


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"lastDay": "2031-04-30"}, "ENDS_BEFORE_START", ["lastDay"]),
        ({"lastDay": "2032-05-02"}, "OUT_OF_RANGE", ["lastDay"]),
        ({"firstDay": "9999-12-31"}, "OUT_OF_RANGE", ["firstDay"]),
        ({"starts": "08:00"}, "REQUIRED", ["ends"]),
        ({"starts": "08:00", "ends": "07:00"}, "ENDS_BEFORE_START", ["ends"]),
        ({"teamId": gid("Team", uuid4())}, "NOT_FOUND", ["teamId"]),
    ],
)
async def test_a_fault_of_an_absence_is_named_at_its_field(
    planner: Asker, input: dict[str, Any], code: str, field: list[str]
) -> None:
    team = await _team(planner)
    given = {"teamId": team["id"], "firstDay": "2031-05-01", "reason": "ILL"} | input
    assert codes(await _save(planner, ABSENCE, **given)) == [(code, field)]


async def test_holidays_are_the_calendars_until_a_planner_says_otherwise(planner: Asker) -> None:
    asked = '{ holidays(firstDay: "2033-05-01", lastDay: "2033-05-30") { day name working changed } }'
    ascension = {"day": "2033-05-26", "name": "Hemelvaartsdag", "working": False, "changed": False}
    assert (await planner.ask(asked))["holidays"] == [ascension]
    bridge = (await planner.ask(HOLIDAY, day="2033-05-27", name="Brugdag"))["setHoliday"]["holiday"]
    works = (await planner.ask(HOLIDAY, day="2033-05-26", working=True))["setHoliday"]["holiday"]
    assert works == ascension | {"working": True, "changed": True}
    assert (await planner.ask(asked))["holidays"] == [works, bridge]
    restore = "mutation($day: Date!) { restoreHoliday(day: $day) { holiday { changed } userErrors { code field } } }"
    assert (await planner.ask(restore, day="2033-05-27"))["restoreHoliday"] == {"holiday": None, "userErrors": []}
    assert (await planner.ask(restore, day="2033-05-26"))["restoreHoliday"]["holiday"] == {"changed": False}
    assert codes((await planner.ask(restore, day="2033-05-26"))["restoreHoliday"]) == [("NOT_FOUND", ["day"])]
    assert codes((await planner.ask(HOLIDAY, day="2033-05-28"))["setHoliday"]) == [("REQUIRED", ["name"])]


async def test_what_planners_know_of_a_visit_is_not_shown_to_customers(database: Database, settings: Settings) -> None:
    sold = await market(database, agreement={})
    order_id = await sold.ordered()
    async with database.session(SYSTEM) as session:
        planner = await factories.actor_with(session, Role.PLANNER, sold.entity)
        visit_id = gid("Visit", await session.scalar(select(Visit.id).where(Visit.order_id == order_id)))
    asker = Asker(database, settings, planner)
    material = """mutation($id: ID!) { setMaterialDate(visitId: $id, day: "2031-03-03") {
      visit { planning { materialOn } } userErrors { code } } }"""
    priority = """mutation($id: ID!, $p: Int!) { setVisitPriority(visitId: $id, priority: $p) {
      visit { planning { priority pinned routeOrder } } userErrors { code field } } }"""
    assert (await asker.ask(material, id=visit_id))["setMaterialDate"]["visit"] == {
        "planning": {"materialOn": "2031-03-03"}
    }
    expected = {"planning": {"priority": 7, "pinned": False, "routeOrder": None}}
    assert (await asker.ask(priority, id=visit_id, p=7))["setVisitPriority"]["visit"] == expected
    assert codes((await asker.ask(priority, id=visit_id, p=10))["setVisitPriority"]) == [("OUT_OF_RANGE", ["priority"])]
    asked = "query($id: ID!) { visit(id: $id) { outdoor arrivalFrom planning { materialOn } } }"
    for name in ("customer", "dealer"):
        seen = (await Asker(database, settings, sold.actors[name]).ask(asked, id=visit_id))["visit"]
        assert seen == {"outdoor": False, "arrivalFrom": None, "planning": None}
        assert await Asker(database, settings, sold.actors[name]).error("{ teams { totalCount } }") == "FORBIDDEN"


async def test_a_visit_that_is_called_off_cannot_be_planned_any_more(database: Database, settings: Settings) -> None:
    sold = await market(database, agreement={})
    order_id = await sold.ordered()
    async with database.session(SYSTEM) as session:
        planner = await factories.actor_with(session, Role.PLANNER, sold.entity)
        visit = await session.scalar(select(Visit).where(Visit.order_id == order_id))
        assert visit is not None
        visit.status, visit.outcome = "CANCELLED", "CANCELLED"
    document = "mutation($id: ID!) { setVisitPriority(visitId: $id, priority: 1) { userErrors { code field } } }"
    refused = (await Asker(database, settings, planner).ask(document, id=gid("Visit", visit.id)))["setVisitPriority"]
    assert codes(refused) == [("NOT_PLANNABLE", ["id"])]


async def _told(planner: Asker, database: Database) -> list[str]:
    """Types of the events that the planner's entity was told, in order."""
    async with database.session(planner.actor) as session:
        types = select(Event.type).where(Event.actor_user_id == planner.actor.user_id)
        return list(await session.scalars(types.order_by(Event.created_at, Event.id)))


async def _entity(session: Any, planner: Asker) -> Any:
    return await session.get_one(factories.BusinessEntity, planner.actor.entity_ids[0])
