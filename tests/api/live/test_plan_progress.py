"""How far making a plan is, is pushed: at once, as it gets further, and to planners of other entities when it ends."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from domain.plans import requests, running
from domain.plans.loading import load
from domain.plans.requests import PlanRequest
from domain.plans.results import results
from domain.plans.running import Progress
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.api.live.serving import Served, emptied, login, served
from tests.asking import gid
from tests.domain.plans.making import solved
from tests.visiting import Work, monday, work

DAY = monday() + timedelta(days=28)
FOLLOW = """subscription($id: ID!) { planProgress(id: $id) {
  state number placed jobs value bound gap elapsed seconds plan { id firstDay } } }"""


@pytest.fixture(scope="module")
def own(settings: Settings, story_database: str) -> Settings:
    """All teams and visits of the database are this module's."""
    return settings.model_copy(update={"database_url": story_database})


@pytest.fixture(scope="module")
async def api(own: Settings) -> AsyncIterator[Served]:
    async with served(own) as running_:
        yield running_


@pytest.fixture(scope="module")
async def some(own: Settings) -> AsyncIterator[Work]:
    database = Database(own.database_url, role_password(own))
    yield await work(database)
    await database.close()


async def asked(some: Work) -> UUID:
    await some.team()
    await some.visits(2)
    async with some.database.session(SYSTEM) as session:
        plan = await requests.request(session, PlanRequest(DAY, 5, 20), entity_id=some.markets[0].entity.id)
        return plan.id


async def ended(some: Work, plan_id: UUID) -> None:
    async with some.database.session(SYSTEM) as session:
        loaded = await load(session, DAY, 5)
        await running.finish(session, plan_id, results(loaded, solved(loaded, {})), 2.5)


async def test_a_plan_is_followed_while_it_is_made(api: Served, own: Settings, some: Work) -> None:
    plan_id = await asked(some)
    mine, theirs = [await login(some.database, own, planner) for planner in some.planners]
    async with api.client(mine) as one, api.client(theirs) as other:
        ids = [await client.subscribe(FOLLOW, {"id": gid("Plan", plan_id)}) for client in (one, other)]
        (seen,) = await one.updates(ids[0], 1)
        assert (seen["state"], seen["value"], seen["plan"]["id"]) == ("REQUESTED", None, gid("Plan", plan_id))
        await other.updates(ids[1], 1)
        async with some.database.session(SYSTEM) as session:
            await running.begin(session, plan_id)
        async with some.database.session(SYSTEM) as session:
            assert await running.further(session, plan_id, Progress(1.5, 900, 1000.0, 2, 2))
        while seen["value"] is None:
            (seen,) = await one.updates(ids[0], 1)
        assert (seen["state"], seen["placed"], seen["jobs"], seen["elapsed"]) == ("RUNNING", 2, 2, 1.5)
        assert seen["gap"] == pytest.approx(0.1)
        await ended(some, plan_id)
        for client, id in ((one, ids[0]), (other, ids[1])):
            told = seen
            while told["state"] != "FINISHED":
                (told,) = await client.updates(id, 1)
    await emptied(api.live)
