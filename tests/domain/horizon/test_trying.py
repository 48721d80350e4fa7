"""What-ifs in a database: asked over GraphQL, answered by a process of their own, nothing planned touched."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from domain.horizon import trying
from domain.horizon.changing import Changes, MoreJobs
from domain.horizon.measured import in_force
from domain.horizon.models import WhatIf
from domain.jobs.models import Job
from domain.planning.world import Rules
from domain.plans.loading import load_apart
from domain.teams.models import PlanningDay
from domain.travel.matrix import Travel
from tenants.actor import SYSTEM
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, codes, gid
from tests.visiting import GRONINGEN, NEAR, NIJKERK, Work, monday, planned, promised
from workers.horizon import try_out
from workers.run import Run
from workers.trying import NO_TEAMS, Task, compared

ASK = """mutation($input: WhatIfInput!) { askWhatIf(input: $input) {
  whatIf { id state changes job { state } } userErrors { code field } } }"""
FIGURES = "jobs served promises promisesKept utilization travelMinutes lateLeft ownJobs ownServed"
READ = f"""query($id: ID!) {{ whatIf(id: $id) {{ name state failure travelSource
  inForce {{ {FIGURES} }} asIs {{ {FIGURES} }} whatIf {{ {FIGURES} }} }} }}"""


@pytest.fixture
def planner(some: Work, settings: Settings) -> Asker:
    return Asker(some.database, settings, some.actor)


async def _asked(planner: Asker, **input: Any) -> Any:
    return (await planner.ask(ASK, input={"firstDay": monday().isoformat(), "days": 5} | input))["askWhatIf"]


async def _versions(some: Work) -> int:
    async with some.database.session(SYSTEM) as session:
        return int(await session.scalar(select(func.coalesce(func.sum(PlanningDay.version), 0))) or 0)


async def test_a_team_more_serves_more_and_nothing_planned_is_touched(
    some: Work, planner: Asker, settings: Settings, story_database: str
) -> None:
    team = await some.team(max_jobs=1)
    await some.visits(places=NEAR, **promised(planned(team, monday())))
    await some.visits(4, places=NEAR)
    await some.visits(3, entity=1, places=NEAR)
    before = await _versions(some)
    asked = await _asked(planner, name="Een team erbij", seconds=1, moreTeams=[{"likeTeamId": gid("Team", team)}])
    assert asked["userErrors"] == []
    assert (asked["whatIf"]["state"], asked["whatIf"]["job"]) == ("REQUESTED", {"state": "QUEUED"})
    row = await _row(some)
    there = settings.model_copy(update={"database_url": story_database})
    run = Run(uuid4(), trying.JOB, trying.QUEUE, 1, 0, SYSTEM, None, some.database, there)
    await try_out(run, {"what_if_id": str(row)})
    found = (await planner.ask(READ, id=asked["whatIf"]["id"]))["whatIf"]
    assert (found["state"], found["failure"], found["name"]) == ("FINISHED", None, "Een team erbij")
    plans = [found[plan] for plan in ("inForce", "asIs", "whatIf")]
    assert [(plan["jobs"], plan["served"], plan["promisesKept"]) for plan in plans] == [(8, 1, 1), (8, 5, 1), (8, 8, 1)]
    assert [plan["ownJobs"] for plan in plans] == [5, 5, 5]
    assert plans[2]["utilization"] < 1
    assert await _versions(some) == before


async def _row(some: Work) -> UUID:
    async with some.database.session(SYSTEM) as session:
        row = (await session.scalars(select(WhatIf))).one()
        job = (await session.scalars(select(Job).where(Job.id == row.job_id))).one()
        assert (job.queue, job.arguments) == ("planning", {"what_if_id": str(row.id)})
        return row.id


async def test_more_work_does_not_tell_where_others_have_theirs(some: Work, settings: Settings) -> None:
    await some.team()
    await some.visits(places=[NIJKERK])
    await some.visits(2, entity=1, places=[GRONINGEN])
    loaded = await load_apart(some.database, Travel(some.database), monday(), 5, seconds=1, rules=Rules())
    found = {}
    for prefix in (NIJKERK[2], GRONINGEN[2]):
        changes = Changes(more_jobs=(MoreJobs(7, postcode_prefix=prefix),))
        task = Task(settings, some.markets[0].entity.id, monday(), 5, 1, changes)
        answer = compared(task, loaded, lambda world, **_: in_force(world))
        found[prefix] = answer.figures["what_if"]["jobs"] - answer.figures["as_is"]["jobs"]
    assert found == {NIJKERK[2]: 7, GRONINGEN[2]: 0}


async def test_where_nobody_works_there_is_a_code_and_no_figures(some: Work, planner: Asker) -> None:
    asked = await _asked(planner, radiusKm=40.0, seconds=1)
    async with some.database.session(SYSTEM) as session:
        await trying.fail(session, await _row(some), NO_TEAMS)
    found = (await planner.ask(READ, id=asked["whatIf"]["id"]))["whatIf"]
    assert (found["state"], found["failure"], found["inForce"]) == ("FAILED", "NO_TEAMS_TO_PLAN", None)


async def test_every_fault_of_a_question_is_named_at_its_field(some: Work, planner: Asker) -> None:
    team = gid("Team", await some.team())
    refused = await _asked(
        planner,
        days=22,
        seconds=0,
        radiusKm=0.5,
        maxJobs=11,
        moreTeams=[{"likeTeamId": team, "count": 21}],
        hours=[{"starts": "09:00", "ends": "09:00"}],
        absences=[{"teamId": team, "firstDay": "2026-02-02", "lastDay": "2026-02-01"}],
        moreWork=[{"count": 2001, "postcodePrefix": "0"}],
    )
    assert set(map(str, codes(refused))) == set(
        map(
            str,
            [
                ("OUT_OF_RANGE", ["days"]),
                ("OUT_OF_RANGE", ["seconds"]),
                ("OUT_OF_RANGE", ["radiusKm"]),
                ("OUT_OF_RANGE", ["maxJobs"]),
                ("OUT_OF_RANGE", ["moreTeams", "0", "count"]),
                ("ENDS_BEFORE_START", ["hours", "0", "ends"]),
                ("ENDS_BEFORE_START", ["absences", "0", "lastDay"]),
                ("OUT_OF_RANGE", ["moreWork", "0", "count"]),
                ("INVALID_POSTCODE_PREFIX", ["moreWork", "0", "postcodePrefix"]),
            ],
        )
    )
    assert codes(await _asked(planner)) == [("WHAT_IF_CHANGES_NOTHING", [])]
    stranger = gid("Team", uuid4())
    assert codes(await _asked(planner, withoutTeamIds=[stranger])) == [("NOT_FOUND", ["withoutTeamIds", "0"])]
    hidden = gid("BusinessEntity", some.markets[1].entity.id)
    assert codes(await _asked(planner, radiusKm=40.0, entityId=hidden)) == [("NOT_FOUND", ["entityId"])]


async def test_who_only_reads_plans_asks_nothing(some: Work, settings: Settings) -> None:
    async with some.database.session(SYSTEM) as session:
        finance = await factories.actor_with(session, Role.FINANCE, some.markets[0].entity)
    asker = Asker(some.database, settings, finance)
    assert await asker.error(ASK, input={"radiusKm": 40.0}) == "FORBIDDEN"
    assert await asker.ask("{ whatIfs { totalCount } }") == {"whatIfs": {"totalCount": 0}}
