"""Whatever the problem: plans of `greedy`, `solve` and `repair_day` break no rule, and a bound is one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import permutations, product

import pytest
from hypothesis import HealthCheck, given, settings

from chargecars.bench.planning.assignment import Assignment
from chargecars.bench.planning.checker import earliest, faults, moves, promises_kept, route_faults, value
from chargecars.bench.planning.instances import instance, urgent
from domain.planning.repair import repair_day
from domain.planning.solver import Progress, greedy, solve
from domain.planning.world import Route, Solution, World
from tests.planning.worlds import known_world, worlds

SECONDS = 0.5
"""Enough for a small problem."""


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_a_greedy_plan_is_legal(world: World) -> None:
    assert faults(world, greedy(world)) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_a_plan_is_legal_and_keeps_what_a_greedy_one_keeps(world: World) -> None:
    plan = solve(world, seconds=SECONDS, workers=1)
    assert faults(world, plan) == []
    first = greedy(world)
    assert _rank(world, plan) >= _rank(world, first)


def _rank(world: World, plan: Solution) -> tuple[int, int]:
    """Promises and pins kept, then value."""
    placed = {stop.job for route in plan.routes for stop in route.stops}
    return sum(bool(world.jobs[job].promise or world.jobs[job].pin) for job in placed), plan.value


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(most_jobs=4, most_days=2, most_teams=2))
def test_no_plan_is_better_than_a_bound(world: World) -> None:
    plan = solve(world, seconds=SECONDS, workers=1)
    assert faults(world, plan) == []
    best = _best(world)
    assert _rank(world, plan) <= best
    assert plan.bound is None or plan.bound >= best[1] - 1e-6


def test_who_waits_for_a_visit_that_nobody_can_make_is_left_out() -> None:
    world = known_world()
    never = frozenset(range(len(world.days)))
    plan = solve(replace(world, jobs=(replace(world.jobs[0], unfit=never), *world.jobs[1:])), seconds=SECONDS)
    placed = {stop.job for route in plan.routes for stop in route.stops}
    assert world.jobs[3].after == 0
    assert placed == {1, 2, 4}


def _best(world: World) -> tuple[int, int]:
    """Of the best of all plans there are."""

    @cache
    def of_team_day(position: int, jobs: tuple[int, ...]) -> Route | None:
        return _route(world, position, jobs)

    best = (0, 0)
    choices = range(-1, len(world.team_days))
    for chosen in product(choices, repeat=len(world.jobs)):
        used = {at: tuple(job for job, to in enumerate(chosen) if to == at) for at in set(chosen) - {-1}}
        routes = [of_team_day(at, jobs) for at, jobs in used.items()]
        legal = tuple(route for route in routes if route)
        plan = Solution(legal, value(world, legal))
        if len(legal) == len(routes) and not faults(world, plan):
            best = max(best, _rank(world, plan))
    return best


def _route(world: World, position: int, jobs: tuple[int, ...]) -> Route | None:
    """The legal order that is worth the most."""
    day = world.team_days[position]
    tried = (earliest(world, day, order) for order in permutations(jobs))
    legal = [route for route in tried if not route_faults(world, day, route)]
    return max(legal, key=lambda route: value(world, [route]), default=None)


@settings(max_examples=25, deadline=None)
@given(worlds(most_days=2))
def test_a_repaired_day_is_legal_and_keeps_no_fewer_promises_than_doing_nothing(world: World) -> None:
    alone = replace(world, jobs=tuple(replace(job, after=None) for job in world.jobs))
    for day in range(len(world.days)):
        plan = repair_day(alone, day, seconds=SECONDS)
        assert faults(alone, plan) == []
        assert promises_kept(alone, plan.routes) == plan.figures["kept"] >= plan.figures["kept_before"]
        assert plan.figures["kept_before"] >= _kept_by_doing_nothing(alone, day)


def _kept_by_doing_nothing(world: World, day: int) -> int:
    """Promises that each team still keeps with what it has, in the order it has, leaving nothing out."""
    kept = 0
    for each in world.team_days:
        held = [(job.current.order, at) for at, job in enumerate(world.jobs) if _is_with(job.current, each.team, day)]
        route = earliest(world, each, [at for _, at in sorted(held)])
        if each.day == day and not route_faults(world, each, route):
            kept += promises_kept(world, [route])
    return kept


def _is_with(current: object, team: int, day: int) -> bool:
    return (getattr(current, "team", None), getattr(current, "day", None)) == (team, day)


# --- the instances of the benchmark ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def today() -> World:
    return instance(1, seed=7)


def _in_force(world: World) -> Iterator[Route]:
    held: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for index, job in enumerate(world.jobs):
        if job.current:
            held.setdefault((job.current.team, job.current.day), []).append((job.current.order, index))
    for day in world.team_days:
        if (day.team, day.day) in held:
            yield earliest(world, day, [index for _, index in sorted(held[day.team, day.day])])


def test_all_promises_of_an_instance_can_be_kept_together(today: World) -> None:
    routes = tuple(_in_force(today))
    assert faults(today, Solution(routes, value(today, routes))) == []
    assert promises_kept(today, routes) == sum(job.promise is not None for job in today.jobs) == 150
    assert moves(today, routes) == 0


def test_an_instance_is_as_large_as_the_business_and_the_same_every_time(today: World) -> None:
    again = instance(1, seed=7)
    assert (again.jobs, again.teams, again.team_days) == (today.jobs, today.teams, today.team_days)
    assert (len(today.teams), len(today.days), len(today.jobs)) == (7, 15, 600)
    assert 0.08 <= sum(job.after is not None for job in today.jobs) / 600 <= 0.16
    assert all(60 <= job.minutes <= 240 for job in today.jobs)
    assert instance(1, seed=8).jobs != today.jobs
    assert len(urgent(today).jobs) == 630


def test_a_plan_of_an_instance_is_legal_and_keeps_every_promise(today: World) -> None:
    plan = solve(today, seconds=2)
    assert faults(today, plan) == []
    assert promises_kept(today, plan.routes) == 150
    assert plan.value >= greedy(today).value


def test_all_promises_are_kept_without_a_plan_in_force_too(today: World) -> None:
    blank = replace(today, jobs=tuple(replace(job, current=None) for job in today.jobs))
    plan = greedy(blank)
    assert faults(blank, plan) == []
    assert promises_kept(blank, plan.routes) == 150


def test_a_plan_that_is_stopped_is_legal(today: World) -> None:
    seen: list[Progress] = []

    def stop(progress: Progress) -> bool:
        seen.append(progress)
        return False

    plan = solve(today, seconds=30, on_progress=stop)
    assert faults(today, plan) == []
    assert len(seen) <= 2


def test_a_simple_assignment_never_breaks_the_order_of_two_visits(today: World) -> None:
    assignment = Assignment(replace(today, jobs=tuple(replace(job, current=None) for job in today.jobs)))
    days: Sequence[int] = range(len(today.days))
    second = next(index for index, job in enumerate(today.jobs) if job.after is not None)
    assert not assignment.place(second, days)
