"""The backlog of a database with the days that a look ahead gives, over GraphQL: own visits, everybody's capacity."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.horizon import looking
from domain.horizon.models import Outlook, OutlookRun
from domain.planning.world import Rules
from domain.teams.models import Region
from tenants.actor import SYSTEM
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, gid
from tests.visiting import GRONINGEN, NIJKERK, Work, monday, planned

BACKLOG = """query($filter: BacklogFilter, $first: Int) {
  backlog(filter: $filter, first: $first, orderBy: {field: EARLIEST_DAY, direction: ASC}) {
    totalCount edges { node { id outlook { day rule amount run { firstDay } } } } } }"""
GROUPS = "key name visits minutes oldest firstDay medianDay lastDay undated pending entity { id }"
TOTALS = f"""{{ backlogTotals {{ {GROUPS} }} backlogByRegion {{ {GROUPS} }} backlogBySkill {{ {GROUPS} }}
  backlogByEntity {{ {GROUPS} }} backlogByWaiting {{ {GROUPS} }} }}"""


@pytest.fixture
def planner(some: Work, settings: Settings) -> Asker:
    return Asker(some.database, settings, some.actor)


async def _looked(some: Work) -> Any:
    return await looking.look(some.database, Rules(), first_day=monday())


async def _days(some: Work) -> dict[Any, Any]:
    async with some.database.session(SYSTEM) as session:
        return {row.visit_id: (row.day, row.rule) for row in await session.scalars(select(Outlook))}


async def test_days_count_what_all_entities_have(some: Work) -> None:
    """One team, one job a day: what another entity planned or waits with is taken."""
    team = await some.team(max_jobs=1)
    await some.visits(entity=1, places=[NIJKERK], **planned(team, monday()))
    [urgent] = await some.visits(entity=1, places=[NIJKERK], priority=5)
    [own] = await some.visits(places=[NIJKERK])
    assert await _looked(some) is not None
    days = await _days(some)
    assert days[urgent] == (monday() + timedelta(days=1), None)
    assert days[own] == (monday() + timedelta(days=2), None)


async def test_it_looks_again_only_where_something_has_changed(some: Work) -> None:
    await some.team()
    [visit] = await some.visits()
    assert await _looked(some) is not None
    assert await _looked(some) is None
    await some.change(visit, minutes=120)
    assert await _looked(some) is not None
    await some.team()
    assert await _looked(some) is not None
    async with some.database.session(SYSTEM) as session:
        assert await session.scalar(select(func.count()).select_from(OutlookRun)) == 3
        assert await session.scalar(select(func.count()).select_from(Outlook)) == 1


async def test_planners_see_their_own_backlog_with_its_days(some: Work, planner: Asker) -> None:
    await some.team(skills=["EV"])
    [near] = await some.visits(places=[NIJKERK], minutes=60)
    [unable] = await some.visits(places=[NIJKERK], skills=["NOBODY"])
    [nowhere] = await some.visits(places=[(48.85, 2.35, "9999")])
    await some.visits(entity=1)
    await _looked(some)
    found = (await planner.ask(BACKLOG))["backlog"]
    shown = {edge["node"]["id"]: edge["node"]["outlook"] for edge in found["edges"]}
    assert found["totalCount"] == 3
    assert shown[gid("Visit", near)]["day"] == monday().isoformat()
    assert shown[gid("Visit", near)]["run"] == {"firstDay": monday().isoformat()}
    assert shown[gid("Visit", unable)]["rule"] == "SKILLS"
    assert shown[gid("Visit", nowhere)]["rule"] == "PLACE"
    assert found["edges"][0]["node"]["id"] == gid("Visit", near)
    for filter, count in (
        ({"undated": True}, 2),
        ({"earliestUntil": monday().isoformat()}, 1),
        ({"skill": "NOBODY"}, 1),
        ({"entityId": {"eq": gid("BusinessEntity", some.markets[1].entity.id)}}, 0),
    ):
        assert (await planner.ask(BACKLOG, filter=filter))["backlog"]["totalCount"] == count


async def test_totals_count_own_visits_by_region_skill_entity_and_waiting(some: Work, planner: Asker) -> None:
    await some.team(skills=["EV", "SOLAR"])
    async with some.database.session(SYSTEM) as session:
        north = Region(code=factories.unique("N-").upper()[:20], name="North", postcode_prefixes=["97"])
        middle = Region(code=factories.unique("M-").upper()[:20], name="Middle", postcode_prefixes=["38", "3"])
        session.add_all([north, middle])
    await some.visits(2, places=[NIJKERK], minutes=60, skills=["EV", "SOLAR"])
    await some.visits(1, places=[GRONINGEN], minutes=90, skills=[])
    await some.visits(entity=1)
    await _looked(some)
    await some.visits(1, places=[GRONINGEN], minutes=30, skills=["EV"])
    found = await planner.ask(TOTALS)
    total = found["backlogTotals"]
    assert (total["visits"], total["minutes"], total["undated"], total["pending"]) == (4, 240, 0, 1)
    assert total["firstDay"] == monday().isoformat()
    regions = {group["key"]: group["visits"] for group in found["backlogByRegion"]}
    assert (regions[middle.code], regions[north.code]) == (2, 2)
    assert {group["key"]: group["visits"] for group in found["backlogBySkill"]} == {"EV": 3, "SOLAR": 2, "": 1}
    [entity] = found["backlogByEntity"]
    assert entity["entity"]["id"] == gid("BusinessEntity", some.markets[0].entity.id)
    assert {group["key"]: group["visits"] for group in found["backlogByWaiting"]} == {"0-7": 4}
