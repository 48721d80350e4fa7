"""A team's day is pushed as `teamDay` shows it, also when what changed is another entity's."""

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

import pytest

from domain.planning.arrival import moment
from domain.visits import telling
from domain.visits.events import VisitMoved
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.api.live.serving import Served, emptied, login, served
from tests.asking import gid
from tests.visiting import NIJKERK, Work, monday, planned, work

DAY = monday()
FOLLOW = """subscription($team: ID!, $day: Date!) { teamDayUpdated(teamId: $team, day: $day) {
  stops { visitId occupied startsAt status } visits { id status } } }"""


@pytest.fixture(scope="module")
def own(settings: Settings, story_database: str) -> Settings:
    """All teams and visits of the database are this module's."""
    return settings.model_copy(update={"database_url": story_database})


@pytest.fixture(scope="module")
async def api(own: Settings) -> AsyncIterator[Served]:
    async with served(own) as running:
        yield running


@pytest.fixture(scope="module")
async def some(own: Settings) -> AsyncIterator[Work]:
    database = Database(own.database_url, role_password(own))
    yield await work(database)
    await database.close()


async def test_a_team_s_day_is_followed(api: Served, own: Settings, some: Work) -> None:
    team = await some.team()
    [visit] = await some.visits(entity=1, **planned(team, DAY), places=[NIJKERK])
    mine, theirs = [await login(some.database, own, planner) for planner in some.planners]
    asked = {"team": gid("Team", team), "day": DAY.isoformat()}
    async with api.client(mine) as one, api.client(theirs) as other:
        ids = [await client.subscribe(FOLLOW, asked) for client in (one, other)]
        (seen,) = await one.updates(ids[0], 1)
        assert [(stop["visitId"], stop["occupied"]) for stop in seen["stops"]] == [(None, True)]
        assert seen["visits"] == []
        (known,) = await other.updates(ids[1], 1)
        assert known["visits"] == [{"id": gid("Visit", visit), "status": "PLANNED"}]
        await _later(some, visit, DAY)
        (later,) = await one.updates(ids[0], 1)
        assert later["stops"][0]["startsAt"] > seen["stops"][0]["startsAt"]
        assert later["stops"][0]["visitId"] is None
        (moved,) = await other.updates(ids[1], 1)
        assert moved["visits"] == known["visits"]
        assert moved["stops"][0]["startsAt"] == later["stops"][0]["startsAt"]
    await emptied(api.live)


async def _later(some: Work, visit: UUID, day: date) -> None:
    """The visit is promised for the afternoon, and tells of it."""
    row = await some.visit(visit)
    assert row.team_id is not None
    await some.change(row.id, block="AFTERNOON", promised_at=moment(day, 0))
    async with some.database.session(SYSTEM) as session:
        about = (row.order_id, row.position, row.kind)
        happened = VisitMoved(*about, day.isoformat(), "AFTERNOON", row.team_id, day.isoformat(), "MORNING")
        await telling.tell(session, row, happened)
