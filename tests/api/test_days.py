"""A team's day over GraphQL: what each may see of it and do on it. The database is of the module's own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import select

from api.context import Context, RequestFacts
from api.lane import Lane
from domain.days.models import TeamPosition, TeamTrack
from domain.events.models import Event
from domain.planning.arrival import AMSTERDAM, moment
from tenants.actor import SYSTEM, Actor
from tenants.auth import clock
from tenants.engine import Database, role_password
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, Asker, codes, gid
from tests.both_lanes import in_both
from tests.visiting import AMERSFOORT, NIJKERK, Work, monday, planned, promised, work

DAY = monday()
NEXT = DAY + timedelta(days=1)

TEAM_DAY = """query($team: ID!, $day: Date!) { teamDay(teamId: $team, day: $day) {
  team { name } driveMinutes driveMetres utilization works: worksFrom seen { at }
  stops { visitId occupied status place { latitude } startsAt driveMetres } visits { id status }
  warnings { rule amount visitId } } }"""
ROUTE = """query($team: ID!, $day: Date!) { route(teamId: $team, day: $day) {
  legs { fromVisitId toVisitId driveMinutes driveMetres } driveMinutes geoJson } }"""
MOVE = """mutation($id: ID!, $team: ID, $day: Date, $preview: Boolean, $release: Boolean) {
  moveVisit(id: $id, teamId: $team, day: $day, preview: $preview, release: $release) {
    moved allowed releasesPromise visit { day planning { routeOrder } }
    days { driveMinutesAdded broken { rule } before { stops { visitId } } after { stops { visitId occupied } } }
    userErrors { code field message } } }"""
REPORT = """mutation($id: ID!, $at: DateTime!, $client: UUID!) {
  %s(id: $id, at: $at, clientId: $client) { visit { status enRouteAt } userErrors { code field message } } }"""
COMPLETE = """mutation($id: ID!, $at: DateTime!, $client: UUID!, $outcome: VisitOutcome!, $left: Int) {
  completeVisit(id: $id, at: $at, clientId: $client, outcome: $outcome, minutesLeft: $left) {
    visit { status outcome } followUp { id status minutes followUpOf { id } } userErrors { code field } } }"""
DISPATCH = """mutation($team: ID!, $day: Date!) { dispatch(teamId: $team, day: $day) {
  changed withdrawn visits { id arrivalFrom arrivalUntil } userErrors { code field } } }"""
POSITION = """mutation($positions: [TeamPositionInput!]!, $team: ID) {
  updateTeamPosition(positions: $positions, teamId: $team) { kept ignored userErrors { code field } } }"""


@dataclass
class Days:
    """Work of two entities, and who asks about it."""

    work: Work
    settings: Settings

    def by(self, actor: Actor) -> Asker:
        return Asker(self.work.database, self.settings, actor)

    @property
    def planner(self) -> Asker:
        return self.by(self.work.planners[0])

    @property
    def other(self) -> Asker:
        """A planner of the other entity."""
        return self.by(self.work.planners[1])

    async def technician(self, team: UUID) -> Asker:
        async with self.work.database.session(SYSTEM) as session:
            entity = self.work.markets[0].entity
            return self.by(await factories.actor_with(session, Role.TECHNICIAN, entity, team_id=team))

    async def customer(self) -> Asker:
        sold = self.work.markets[0]
        return self.by(sold.actors["customer"])


@pytest.fixture(scope="module")
async def shared(story_database: str, settings: Settings) -> AsyncIterator[Work]:
    database = Database(story_database, role_password(settings))
    yield await work(database)
    await database.close()


@pytest.fixture
async def days(shared: Work, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Days:
    await shared.clear()
    at(monkeypatch, 0)
    return Days(shared, settings)


def at(patch: pytest.MonkeyPatch, minutes: int) -> datetime:
    """The clock of the API, on the day."""
    now = moment(DAY, minutes)
    patch.setattr(clock, "now", lambda: now)
    return now


async def test_who_sees_what_of_a_team_s_day(days: Days) -> None:
    team = await days.work.team()
    [mine] = await days.work.visits(**planned(team, DAY), places=[NIJKERK])
    [theirs] = await days.work.visits(entity=1, **planned(team, DAY, at=640, order=1), places=[AMERSFOORT])
    asked = {"team": gid("Team", team), "day": DAY.isoformat()}
    seen = (await days.planner.ask(TEAM_DAY, **asked))["teamDay"]
    assert [stop["visitId"] for stop in seen["stops"]] == [gid("Visit", mine), None]
    assert [stop["occupied"] for stop in seen["stops"]] == [False, True]
    assert seen["stops"][1]["place"] is None
    assert seen["driveMetres"] is None
    assert [visit["id"] for visit in seen["visits"]] == [gid("Visit", mine)]
    technician = await days.technician(team)
    whole = (await technician.ask(TEAM_DAY, **asked))["teamDay"]
    assert [stop["visitId"] for stop in whole["stops"]] == [gid("Visit", mine), gid("Visit", theirs)]
    assert len(whole["visits"]) == 2
    other_team = await days.work.team()
    assert (await technician.ask(TEAM_DAY, **(asked | {"team": gid("Team", other_team)})))["teamDay"] is None
    assert (await technician.ask(TEAM_DAY, **(asked | {"team": gid("Team", uuid4())})))["teamDay"] is None
    assert await (await days.customer()).error(TEAM_DAY, **asked) == "FORBIDDEN"
    assert await days.planner.error(TEAM_DAY, **(asked | {"day": "9999-12-31"})) == "BAD_INPUT"


async def test_the_route_has_legs_and_is_drawn(days: Days) -> None:
    team = await days.work.team()
    [first] = await days.work.visits(**planned(team, DAY), places=[NIJKERK])
    [second] = await days.work.visits(**planned(team, DAY, at=640, order=1), places=[AMERSFOORT])
    read = (await days.planner.ask(ROUTE, team=gid("Team", team), day=DAY.isoformat()))["route"]
    one, other = gid("Visit", first), gid("Visit", second)
    legs = [(leg["fromVisitId"], leg["toVisitId"]) for leg in read["legs"]]
    assert legs == [(None, one), (one, other), (other, None)]
    assert sum(leg["driveMinutes"] for leg in read["legs"]) == read["driveMinutes"]
    assert all(leg["driveMetres"] is not None for leg in read["legs"])
    kinds = [feature["properties"]["kind"] for feature in read["geoJson"]["features"]]
    assert kinds == ["base", "stop", "stop", "route"]
    assert read["geoJson"]["features"][1]["geometry"]["coordinates"] == [NIJKERK[1], NIJKERK[0]]


async def test_a_day_in_the_field(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    team = await days.work.team()
    [visit] = await days.work.visits(entity=1, **planned(team, DAY), places=[AMERSFOORT])
    technician, id_ = await days.technician(team), gid("Visit", visit)
    told = (await days.planner.ask(DISPATCH, team=gid("Team", team), day=DAY.isoformat()))["dispatch"]
    assert (told["changed"], told["withdrawn"], told["visits"], told["userErrors"]) == (1, 0, [], [])
    at(monkeypatch, 490)
    client = str(uuid4())
    said = {"id": id_, "at": moment(DAY, 485).isoformat(), "client": client}
    for _ in range(2):
        answer = (await technician.ask(REPORT % "startTravel", **said))["startTravel"]
        assert answer["visit"]["status"] == "EN_ROUTE"
    where = [{"at": moment(DAY, 486).isoformat(), "latitude": 52.2, "longitude": 5.4, "heading": 90}]
    kept = (await technician.ask(POSITION, positions=where))["updateTeamPosition"]
    assert (kept["kept"], kept["ignored"]) == (1, 0)
    asked = {"team": gid("Team", team), "day": DAY.isoformat()}
    assert (await technician.ask(TEAM_DAY, **asked))["teamDay"]["seen"] is not None
    assert (await days.planner.ask(TEAM_DAY, **asked))["teamDay"]["seen"] is None, "at another entity's customer"
    assert (await days.other.ask("{ teamPositions { latitude team { id } } }"))["teamPositions"] != []
    assert (await days.planner.ask("{ teamPositions { latitude } }"))["teamPositions"] == []
    at(monkeypatch, 700)
    done = {"id": id_, "at": moment(DAY, 690).isoformat(), "client": str(uuid4()), "outcome": "PARTIAL", "left": 30}
    over = (await technician.ask(COMPLETE, **done))["completeVisit"]
    assert over["visit"] == {"status": "DONE", "outcome": "PARTIAL"}
    assert over["followUp"] is None, "it is no team's yet"
    again = (await days.other.ask(COMPLETE, **(done | {"outcome": "COMPLETED", "left": None})))["completeVisit"]
    assert codes(again) == [("REPORT_ID_REUSED", ["clientId"])]
    late = (await technician.ask(REPORT % "arriveVisit", **(said | {"client": str(uuid4())})))["arriveVisit"]
    assert late["visit"]["status"] == "DONE"


async def test_reports_of_what_is_not_one_s_own(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    team, other = await days.work.team(), await days.work.team()
    [visit] = await days.work.visits(**planned(team, DAY))
    stranger, own = await days.technician(other), await days.technician(team)
    at(monkeypatch, 490)
    said = {"id": gid("Visit", visit), "at": moment(DAY, 485).isoformat(), "client": str(uuid4())}
    hidden = (await stranger.ask(REPORT % "startTravel", **said))["startTravel"]
    absent = (await stranger.ask(REPORT % "startTravel", **(said | {"id": gid("Visit", uuid4())})))["startTravel"]
    assert hidden == absent
    assert codes(hidden) == [("NOT_FOUND", ["id"])]
    await days.planner.ask(DISPATCH, team=gid("Team", team), day=DAY.isoformat())
    await days.work.change(visit, team_id=other)
    taken = (await own.ask(REPORT % "startTravel", **said))["startTravel"]
    assert codes(taken) == [("VISIT_REASSIGNED", ["id"])]
    async with days.work.database.session(SYSTEM) as session:
        kept = select(Event.payload).where(Event.subject_id == visit, Event.type == "visit.report_refused")
        assert (await session.execute(kept)).scalar_one()["reason"] == "VISIT_REASSIGNED"
    future = said | {"at": moment(DAY, 600).isoformat(), "client": str(uuid4())}
    assert codes((await stranger.ask(REPORT % "startTravel", **future))["startTravel"]) == [("TIME_IN_FUTURE", ["at"])]


async def test_dragging_a_visit(days: Days) -> None:
    one, other = await days.work.team(), await days.work.team()
    [visit] = await days.work.visits(**promised(planned(one, DAY)))
    await days.work.visits(entity=1, **planned(other, NEXT), places=[AMERSFOORT])
    wish = {"id": gid("Visit", visit), "team": gid("Team", other), "day": NEXT.isoformat()}
    seen = (await days.planner.ask(MOVE, **wish, preview=True))["moveVisit"]
    assert (seen["moved"], seen["allowed"], seen["releasesPromise"]) == (False, False, True)
    assert [each["rule"] for each in seen["days"][1]["broken"]] == ["PROMISE"]
    consented = (await days.planner.ask(MOVE, **wish, preview=True, release=True))["moveVisit"]
    assert consented["allowed"]
    assert sorted(stop["occupied"] for stop in seen["days"][1]["after"]["stops"]) == [False, True]
    assert seen["visit"]["day"] == DAY.isoformat()
    refused = (await days.planner.ask(MOVE, **wish))["moveVisit"]
    assert codes(refused) == [("VISIT_IS_PROMISED", ["release"])]
    moved = (await days.planner.ask(MOVE, **wish, release=True))["moveVisit"]
    assert moved["userErrors"] == []
    assert moved["visit"]["day"] == NEXT.isoformat()
    undo = """mutation($id: ID!) { undoMove(id: $id) { visit { day promisedAt } userErrors { code } } }"""
    back = (await days.planner.ask(undo, id=wish["id"]))["undoMove"]
    assert back["visit"]["day"] == DAY.isoformat()
    assert back["visit"]["promisedAt"] is not None
    strangers = (await days.other.ask(MOVE, **wish))["moveVisit"]
    assert codes(strangers) == [("NOT_FOUND", ["id"])]
    half = (await days.planner.ask(MOVE, id=wish["id"], team=wish["team"]))["moveVisit"]
    assert codes(half) == [("REQUIRED", ["day"])]


async def test_pinning(days: Days) -> None:
    team = await days.work.team()
    [visit, waits] = await days.work.visits(2)
    await days.work.change(visit, **planned(team, DAY))
    pin = """mutation($id: ID!, $pinned: Boolean!) { pinVisit(id: $id, pinned: $pinned) {
      visit { planning { pinned } } userErrors { code field } } }"""
    for pinned in (True, True, False):
        answer = (await days.planner.ask(pin, id=gid("Visit", visit), pinned=pinned))["pinVisit"]
        assert answer["visit"]["planning"]["pinned"] is pinned
    nowhere = (await days.planner.ask(pin, id=gid("Visit", waits), pinned=True))["pinVisit"]
    assert codes(nowhere) == [("VISIT_HAS_NO_TEAM", ["id"])]


async def test_capacity_of_weeks_and_the_map(days: Days) -> None:
    one, other = await days.work.team(), await days.work.team(max_minutes=240)
    await days.work.visits(**planned(one, DAY), places=[NIJKERK])
    await days.work.visits(entity=1, **planned(other, NEXT, minutes=90), places=[AMERSFOORT])
    await days.work.visits(places=[AMERSFOORT])
    asked = """query($first: Date!) { capacity(first: $first, days: 14, by: WEEK) { teams { id } periods {
      first last total { teamDays jobsPossible jobs minutesAvailable minutesPlanned utilization }
      byTeam { teamId load { minutesPlanned } } } } }"""
    read = (await days.planner.ask(asked, first=DAY.isoformat()))["capacity"]
    assert [period["total"] for period in read["periods"]] == [
        {
            "teamDays": 10, "jobsPossible": 30, "jobs": 2, "minutesAvailable": 3600, "minutesPlanned": 180,
            "utilization": 0.05,
        },
        {
            "teamDays": 10, "jobsPossible": 30, "jobs": 0, "minutesAvailable": 3600, "minutesPlanned": 0,
            "utilization": 0.0,
        },
    ]  # fmt: skip
    assert {team["id"] for team in read["teams"]} == {gid("Team", one), gid("Team", other)}
    too_long = asked.replace("days: 14, by: WEEK", "days: 93, by: DAY")
    assert await days.planner.error(too_long, first=DAY.isoformat()) == "BAD_INPUT"
    heat = """query($first: Date!) { visitHeatMap(first: $first, days: 7) { pc2 backlog planned plannedMinutes
      latitude } }"""
    assert (await days.planner.ask(heat, first=DAY.isoformat()))["visitHeatMap"] == [
        {"pc2": "38", "backlog": 1, "planned": 1, "plannedMinutes": 90, "latitude": 52.227}
    ]
    drawn = (await days.planner.ask("query($day: Date!) { planningMap(day: $day) }", day=DAY.isoformat()))[
        "planningMap"
    ]
    kinds = [feature["properties"]["kind"] for feature in drawn["features"]]
    assert kinds.count("visit") == 1
    assert kinds.count("base") == 2


async def test_both_lanes_say_the_same_of_positions_and_areas(days: Days) -> None:
    team = await days.work.team()
    await days.work.visits(**planned(team, DAY), places=[NIJKERK])
    async with days.work.database.session(SYSTEM) as session:
        place = {"latitude": 52.1, "longitude": 5.3, "entity_ids": []}
        session.add(TeamPosition(team_id=team, at=moment(DAY, 500), heading=10, **place))
        session.add_all([TeamTrack(team_id=team, at=moment(DAY, minutes), **place) for minutes in (500, 510)])
    document = """query($team: ID!, $day: Date!) {
      teamPositions { at receivedAt latitude longitude accuracyMetres heading team { id } }
      teamTrack(teamId: $team, day: $day) { at latitude longitude }
      visitHeatMap(first: $day, days: 3) { pc2 backlog backlogMinutes planned plannedMinutes } }"""
    asker = days.planner

    def new_context() -> Context:
        return Context(asker.actor, asker.database, asker.settings, RequestFacts(uuid4().hex))

    asked = {"team": gid("Team", team), "day": DAY.isoformat()}
    one, other = await in_both(Lane(SCHEMA), SCHEMA, new_context, document, asked)
    assert one.reason is None
    assert one.data is not None
    assert other.data is not None
    assert orjson.loads(one.data) == orjson.loads(other.data)
    read = orjson.loads(one.data)
    assert [len(read[name]) for name in ("teamTrack", "visitHeatMap")] == [2, 1]
    assert gid("Team", team) in [position["team"]["id"] for position in read["teamPositions"]]


def test_the_day_of_these_tests_is_one_on_which_teams_work() -> None:
    assert datetime.now(AMSTERDAM).date() < DAY
