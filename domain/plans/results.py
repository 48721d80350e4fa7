"""What is kept of a solution: a row per visit, a row per team-day, and the figures of the whole. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np

from domain.planning.arrival import moment
from domain.planning.discretion import coarse
from domain.planning.timing import Rule, timed
from domain.planning.world import Route, Solution, TeamDay, World
from domain.plans.assembling import AMSTERDAM
from domain.plans.backlog import Waiting
from domain.plans.loading import Loaded
from domain.plans.models import PlanRule
from domain.plans.reasons import WhyNot, WhyThere, why_not, why_there
from domain.plans.values import worth_of
from domain.travel.estimate import road_km


@dataclass(frozen=True, slots=True)
class Results:
    """Rows by the names of their columns, but for the plan's id."""

    visits: list[dict[str, Any]]
    team_days: list[dict[str, Any]]
    figures: dict[str, Any]
    """Columns of `plan`."""
    versions: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Driven:
    """A team's day under one plan."""

    visits: int = 0
    work: int = 0
    minutes: int = 0
    km: float = 0.0
    back: int | None = None


def results(loaded: Loaded, solution: Solution) -> Results:
    """Everything that is kept of a solution of the loaded world."""
    world = loaded.world
    visits = [*_placed(loaded, solution), *_left_out(loaded, solution), *_unlocated(loaded)]
    days = _team_days(world, solution)
    return Results(visits, days, _figures(loaded, solution, visits, days), loaded.versions)


def _placed(loaded: Loaded, solution: Solution) -> Iterator[dict[str, Any]]:
    world = loaded.world
    bases = {(day.team, day.day): (day.leaves_from, day.returns_to) for day in world.team_days}
    for route in solution.routes:
        day, order = world.days[route.day], -1
        for stop, reason in zip(route.stops, why_there(world, route, bases[route.team, route.day]), strict=True):
            visit = loaded.visits[stop.job]
            order += not visit.held
            yield (
                _about(loaded, visit)
                | _there(reason)
                | {
                    "team_id": world.teams[route.team].id,
                    "day": day,
                    "block": stop.block.value,
                    "route_order": max(order, 0),
                    "starts_at": moment(day, stop.starts),
                    "ends_at": moment(day, stop.ends),
                }
            )


def _left_out(loaded: Loaded, solution: Solution) -> Iterator[dict[str, Any]]:
    world = loaded.world
    for number, reason in why_not(world, solution):
        visit = loaded.visits[number]
        yield _about(loaded, visit) | _not(world, reason)


def _unlocated(loaded: Loaded) -> Iterator[dict[str, Any]]:
    for visit in loaded.unlocated:
        yield _about(loaded, visit) | _not(loaded.world, WhyNot(((Rule.PLACE.value, 0),)))


def _about(loaded: Loaded, visit: Waiting) -> dict[str, Any]:
    since = visit.created_at.astimezone(AMSTERDAM).date()
    return dict(_EMPTY) | {
        "entity_id": visit.entity_id,
        "visit_id": visit.id,
        "value": worth_of(visit.priority, since, loaded.world.days[0]),
        "fingerprint": visit.fingerprint,
        "promised": visit.promised and not visit.held,
        "pinned": (visit.pinned or visit.fixed) and not visit.held,
        "held": visit.held,
    }


_EMPTY: Mapping[str, Any] = dict.fromkeys(
    (
        "team_id",
        "day",
        "block",
        "route_order",
        "starts_at",
        "ends_at",
        "drive_added",
        "neighbours",
        "in_region",
        "rule",
        "amount",
        "near_team_id",
        "near_day",
        "near_block",
    )
) | {"kept": "NOTHING", "blocking": []}


def _there(why: WhyThere) -> dict[str, Any]:
    return {
        "drive_added": why.drive_added,
        "neighbours": why.neighbours,
        "in_region": why.in_region,
        "kept": why.kept.value,
    }


def _not(world: World, why: WhyNot) -> dict[str, Any]:
    blocking = [(name, _told(name, much)) for name, much in why.blocking]
    rule, amount = blocking[0]
    return {
        "rule": rule,
        "amount": amount,
        "blocking": [{"rule": name, "amount": much} for name, much in blocking],
        "near_team_id": None if why.team is None else world.teams[why.team].id,
        "near_day": None if why.day is None else world.days[why.day],
        "near_block": None if why.block is None else why.block.value,
    }


def _told(rule: str, amount: int) -> int:
    """The visits that are in the way may be another entity's."""
    return coarse(Rule(rule), amount) if rule != PlanRule.VALUE else amount


def _team_days(world: World, solution: Solution) -> list[dict[str, Any]]:
    routes = {(route.team, route.day): route for route in solution.routes}
    before = _in_force(world)
    return [_team_day(world, day, routes.get((day.team, day.day)), before) for day in world.team_days]


def _team_day(
    world: World, day: TeamDay, route: Route | None, before: Mapping[tuple[int, int], list[int]]
) -> dict[str, Any]:
    now = _driven(world, day, route) if route else _Driven()
    jobs = before.get((day.team, day.day), [])
    then = _driven(world, day, timed(world, day, jobs))
    return {
        "team_id": world.teams[day.team].id,
        "day": world.days[day.day],
        "visits": now.visits,
        "work_minutes": now.work,
        "travel_minutes": now.minutes,
        "travel_km": now.km,
        "available_minutes": day.most_minutes,
        "back_at": None if now.back is None else moment(world.days[day.day], now.back),
        "visits_before": then.visits,
        "work_minutes_before": then.work,
        "travel_minutes_before": then.minutes,
        "travel_km_before": then.km,
    }


def _in_force(world: World) -> dict[tuple[int, int], list[int]]:
    """The jobs of each team's day as the plan in force has them, in order."""
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for number, job in enumerate(world.jobs):
        if job.current is not None:
            found.setdefault((job.current.team, job.current.day), []).append((job.current.order, number))
    return {key: [number for _, number in sorted(jobs)] for key, jobs in found.items()}


def _driven(world: World, day: TeamDay, route: Route) -> _Driven:
    if not route.stops:
        return _Driven()
    jobs = [world.jobs[stop.job] for stop in route.stops]
    places = [day.leaves_from, *(job.place for job in jobs), day.returns_to]
    legs = np.array([world.distance[leg] for leg in pairwise(places)], np.float64)
    km = round(float(road_km(legs).sum()), 1)
    return _Driven(len(jobs), sum(job.minutes for job in jobs), route.drive, km, route.back)


def _figures(
    loaded: Loaded, solution: Solution, visits: Sequence[Mapping[str, Any]], days: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    told = [visit for visit in visits if visit["promised"]]
    return {
        "jobs": len(visits),
        "placed": sum(visit["day"] is not None for visit in visits),
        "promised": len(told),
        "promises_kept": sum(visit["day"] is not None for visit in told),
        "value": solution.value,
        "bound": solution.bound,
        "travel_source": loaded.world.travel,
        "figures": dict(solution.figures),
        **{name: _sum(days, name) for name in ("travel_minutes", "work_minutes", "available_minutes")},
        "travel_km": round(_sum(days, "travel_km"), 1),
    }


def _sum(rows: Iterable[Mapping[str, Any]], name: str) -> Any:
    return sum(row[name] for row in rows)
