"""Plans whose solution the test says."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from domain.planning.timing import timed, worth
from domain.planning.world import Route, Solution, TeamDay, World
from domain.plans import requests, running
from domain.plans.loading import Loaded, load
from domain.plans.models import Plan
from domain.plans.requests import PlanRequest
from domain.plans.results import results
from tenants.actor import SYSTEM
from tests.visiting import Work

Routes = Mapping[tuple[UUID, date], Sequence[UUID]]


def solved(loaded: Loaded, routes: Routes) -> Solution:
    """These visits on these days of these teams, in this order."""
    made = [_route(loaded, team, day, visits) for (team, day), visits in routes.items()]
    value = sum(worth(loaded.world, route) for route in made)
    return Solution(tuple(made), value, float(value))


def _route(loaded: Loaded, team: UUID, day: date, visits: Sequence[UUID]) -> Route:
    jobs = [loaded.job_of(visit) for visit in visits]
    assert None not in jobs
    return timed(loaded.world, day_of(loaded.world, team, day), [job for job in jobs if job is not None])


def day_of(world: World, team: UUID, day: date) -> TeamDay:
    return next(d for d in world.team_days if world.teams[d.team].id == team and world.days[d.day] == day)


async def asked(some: Work, first: date, days: int = 5) -> UUID:
    async with some.database.session(SYSTEM) as session:
        plan = await requests.request(session, PlanRequest(first, days), entity_id=some.markets[0].entity.id)
        return plan.id


async def finished(some: Work, first: date, routes: Routes, days: int = 5) -> UUID:
    """A plan that is made."""
    plan_id = await asked(some, first, days)
    async with some.database.session(SYSTEM) as session:
        await running.begin(session, plan_id)
        loaded = await load(session, first, days)
        await running.finish(session, plan_id, results(loaded, solved(loaded, routes)), 1.0)
    return plan_id


async def plan(some: Work, plan_id: UUID) -> Plan:
    async with some.database.session(SYSTEM) as session:
        found = await session.get(Plan, plan_id)
        assert found is not None
        return found


def later(day: date, days: int) -> date:
    return day + timedelta(days=days)
