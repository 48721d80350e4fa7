"""Plans over GraphQL: asked for, looked at with what they change, published; shared, but for whose visits they are."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from domain.planning.utilization import utilization
from domain.plans.models import Plan, PlanState
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.asking import codes, gid
from tests.domain.plans.making import finished, later
from tests.trading import Trader
from tests.visiting import GRONINGEN, NIJKERK, Work, monday, planned, work

MONDAY = monday()
_VISIT = """
  change value promised pinned held day block routeOrder startsAt endsAt driveAdded neighbours inRegion kept
  rule amount blockers { rule amount } nearDay nearBlock team { id name } nearTeam { id } visit { id }"""
_PLAN = """
  id number state firstDay lastDay seconds seed elapsed jobs placed promised promisesKept value bound gap utilization
  travelMinutes travelKm workMinutes availableMinutes travelSource failure createdAt startedAt finishedAt publishedAt
  revertedAt stopAskedAt requestedBy { id } publishedBy { id } job { id }"""
PLAN = (
    f"query($id: ID!) {{ plan(id: $id) {{ {_PLAN} visits(first: 50) {{ nodes {{ {_VISIT} }} totalCount }} "
    "teamDays(first: 50, filter: {visits: {gte: 1}}) { nodes { day visits workMinutes travelMinutes travelKm "
    "availableMinutes backAt visitsBefore workMinutesBefore travelMinutesBefore travelKmBefore team { id } } } } }"
)
DIFF = f"""query($id: ID!) {{ planDiff(id: $id) {{ number state outdatedDays
  counts {{ added moved dropped kept leftOut }} travel {{ minutes minutesBefore km kmBefore }}
  days {{ day teamId coming leaving team {{ id }} }}
  visits(first: 50, filter: {{changes: [ADDED, MOVED, DROPPED]}}) {{ nodes {{ {_VISIT} }} }} }} }}"""
REQUEST = f"""mutation($input: RequestPlanInput!) {{ requestPlan(input: $input) {{
  plan {{ {_PLAN} }} userErrors {{ code field message }} }} }}"""


def changing(name: str) -> str:
    """The mutation of this name over a plan's id."""
    return f"mutation($id: ID!) {{ {name}(id: $id) {{ plan {{ id state }} userErrors {{ code field message }} }} }}"


@pytest.fixture(scope="module")
async def shared(story_database: str, settings: Settings) -> AsyncIterator[Work]:
    database = Database(story_database, role_password(settings))
    yield await work(database)
    await database.close()


@pytest.fixture
async def some(shared: Work) -> Work:
    await shared.clear()
    return shared


@pytest.fixture
def planner(some: Work, settings: Settings) -> Trader:
    return Trader(some.database, settings, some.planners[0])


@pytest.fixture
def other(some: Work, settings: Settings) -> Trader:
    """Of the other entity."""
    return Trader(some.database, settings, some.planners[1])


async def changed(some: Work) -> tuple[UUID, dict[str, UUID]]:
    """A plan that adds, moves, drops, keeps and leaves out one visit each, of both entities."""
    team, second = await some.team(), await some.team()
    [added] = await some.visits(places=[NIJKERK])
    [moved] = await some.visits(entity=1, **planned(team, MONDAY))
    [dropped] = await some.visits(places=[GRONINGEN], **planned(team, later(MONDAY, 1)))
    [kept] = await some.visits(entity=1, **planned(team, later(MONDAY, 2)))
    [left] = await some.visits(skills=["SOLAR"])
    routes = {(second, MONDAY): [added, moved], (team, later(MONDAY, 2)): [kept]}
    names = {"added": added, "moved": moved, "dropped": dropped, "kept": kept, "left": left}
    return await finished(some, MONDAY, routes), names | {"team": team, "second": second}


async def test_a_plan_and_what_it_changes(some: Work, planner: Trader, other: Trader) -> None:
    plan_id, ids = await changed(some)
    plan = (await planner.ask(PLAN, id=gid("Plan", plan_id)))["plan"]
    assert (plan["state"], plan["jobs"], plan["placed"]) == ("FINISHED", 5, 3)
    assert plan["gap"] == 0
    assert 0 < plan["utilization"] == utilization(plan["workMinutes"], plan["availableMinutes"])
    mine = {row["visit"]["id"]: row for row in plan["visits"]["nodes"]}
    assert mine.keys() == {gid("Visit", ids[name]) for name in ("added", "dropped", "left")}
    assert {row["change"] for row in mine.values()} == {"ADDED", "DROPPED", "LEFT_OUT"}
    left = mine[gid("Visit", ids["left"])]
    assert (left["rule"], left["blockers"]) == ("SKILLS", [{"rule": "SKILLS", "amount": 0}])
    assert len(plan["teamDays"]["nodes"]) == 2
    for asker, own in ((planner, {"ADDED", "DROPPED"}), (other, {"MOVED"})):
        diff = (await asker.ask(DIFF, id=gid("Plan", plan_id)))["planDiff"]
        assert diff["counts"] == {"added": 1, "moved": 1, "dropped": 1, "kept": 1, "leftOut": 1}
        assert {row["change"] for row in diff["visits"]["nodes"]} == own
        assert diff["outdatedDays"] == []
        days = {(row["teamId"], row["day"]): (row["coming"], row["leaving"]) for row in diff["days"]}
        first, second = gid("Team", ids["team"]), gid("Team", ids["second"])
        assert days == {
            (second, MONDAY.isoformat()): (2, 0),
            (first, MONDAY.isoformat()): (0, 1),
            (first, later(MONDAY, 1).isoformat()): (0, 1),
        }
        assert diff["travel"]["minutes"] < diff["travel"]["minutesBefore"]


async def test_publishing_stopping_and_taking_back(some: Work, planner: Trader, other: Trader) -> None:
    plan_id, ids = await changed(some)
    id = gid("Plan", plan_id)
    assert codes((await planner.ask(changing("stopPlan"), id=id))["stopPlan"]) == [("PLAN_NOT_RUNNING", ["id"])]
    assert codes((await planner.ask(changing("revertPlan"), id=id))["revertPlan"]) == [("PLAN_NOT_REVERTIBLE", ["id"])]
    published = (await other.ask(changing("publishPlan"), id=id))["publishPlan"]
    assert (published["plan"]["state"], published["userErrors"]) == ("PUBLISHED", [])
    diff = (await planner.ask(DIFF, id=id))["planDiff"]
    assert (diff["counts"]["added"], diff["counts"]["moved"], diff["outdatedDays"]) == (0, 0, [])
    await some.change(ids["kept"], minutes=100)
    day = later(MONDAY, 2).isoformat()
    assert (await planner.ask(DIFF, id=id))["planDiff"]["outdatedDays"] == [day]
    [refused] = (await planner.ask(changing("revertPlan"), id=id))["revertPlan"]["userErrors"]
    assert refused["code"] == "PLAN_OUTDATED"
    assert day in refused["message"]


async def test_asking_for_a_plan(some: Work, planner: Trader, other: Trader) -> None:
    team = await some.team()
    wanted: dict[str, Any] = {"firstDay": MONDAY.isoformat(), "days": 14, "seconds": 20}
    for given, code, field in (
        ({"firstDay": "2020-01-01"}, "OUT_OF_RANGE", ["firstDay"]),
        ({"days": 40}, "OUT_OF_RANGE", ["days"]),
        ({"seconds": 0}, "OUT_OF_RANGE", ["seconds"]),
        ({"teamIds": [gid("Team", some.markets[0].entity.id)]}, "NOT_FOUND", ["teamIds", "0"]),
        ({"days": 2, "firstDay": later(MONDAY, 5).isoformat()}, "NO_TEAMS_TO_PLAN", ["firstDay"]),
    ):
        answer = (await planner.ask(REQUEST, input=wanted | given))["requestPlan"]
        assert codes(answer) == [(code, field)], given
    twice = Trader(planner.database, planner.settings, planner.actor, key="once")
    answers = [
        (await twice.ask(REQUEST, input=wanted | {"teamIds": [gid("Team", team)]}))["requestPlan"] for _ in (1, 2)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["plan"]["state"] == "REQUESTED"
    [running] = (await other.ask(REQUEST, input=wanted))["requestPlan"]["userErrors"]
    assert running["code"] == "PLAN_RUNNING"
    stopped = (await other.ask(changing("stopPlan"), id=answers[0]["plan"]["id"]))["stopPlan"]
    assert stopped["userErrors"] == []
    listed = await planner.ask("{ plans(first: 5, filter: {state: {eq: REQUESTED}}) { nodes { id stopAskedAt } } }")
    assert [row["stopAskedAt"] is not None for row in listed["plans"]["nodes"]] == [True]


async def test_a_plan_that_failed_says_why(some: Work, planner: Trader) -> None:
    plan_id, _ = await changed(some)
    async with some.database.session(SYSTEM) as session:
        await session.execute(
            update(Plan).where(Plan.id == plan_id).values(state=PlanState.FAILED, failure="SOLVER_DIED")
        )
    plan = (await planner.ask(PLAN, id=gid("Plan", plan_id)))["plan"]
    assert (plan["state"], plan["failure"]) == ("FAILED", "SOLVER_DIED")
    answer = (await planner.ask(changing("publishPlan"), id=gid("Plan", plan_id)))["publishPlan"]
    assert codes(answer) == [("PLAN_NOT_PUBLISHABLE", ["id"])]
