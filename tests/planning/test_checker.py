"""The checker itself: a legal plan passes, each broken rule is named, and it agrees with `timing` on single routes."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargecars.bench.planning.checker import earliest, faults, promises_kept, value
from domain.planning.timing import Rule, timed, violations, worth
from domain.planning.world import Route, Solution, TeamDay, World
from domain.visits.models import DayBlock
from tests.planning.worlds import known_world, worlds

AFTERNOON, MORNING = DayBlock.AFTERNOON, DayBlock.MORNING


def _plan(world: World, *routes: tuple[int, int, tuple[int, ...]]) -> Solution:
    """Routes as team, day and jobs, with the times and the value of the checker."""
    made = tuple(earliest(world, _day(world, team, day), jobs) for team, day, jobs in routes)
    return Solution(made, value(world, made))


def _day(world: World, team: int, day: int) -> TeamDay:
    known = {(each.team, each.day): each for each in world.team_days}
    return known.get((team, day), TeamDay(team, day, 420, 1050, 0, 0))


LEGAL = ((0, 0, (0, 1, 2)), (1, 1, (3,)))


def _rules(world: World, solution: Solution) -> set[str]:
    return {fault.rule for fault in faults(world, solution)}


def test_a_legal_plan_has_no_fault_and_its_value_is_what_the_text_says() -> None:
    world = known_world()
    plan = _plan(world, *LEGAL)
    assert faults(world, plan) == []
    assert promises_kept(world, plan.routes) == 2
    drive = [int(world.drive[legs]) for legs in ((0, 1), (1, 2), (2, 3), (3, 0), (0, 1), (1, 0))]
    kept = 20 + 10 + 20  # the first job stays, the second changes its team
    assert plan.value == 300 + 250 + 260 + 200 + kept - sum(drive) - 15 - 30  # one area more, one job outside


Broken = Callable[[World], tuple[World, Solution]]


def _job(index: int, **changes: Any) -> Broken:
    """The legal plan where one job is another."""

    def broken(world: World) -> tuple[World, Solution]:
        jobs = tuple(replace(job, **changes) if at == index else job for at, job in enumerate(world.jobs))
        changed = replace(world, jobs=jobs)
        return changed, _plan(changed, *LEGAL)

    return broken


def _days(**changes: Any) -> Broken:
    def broken(world: World) -> tuple[World, Solution]:
        changed = replace(world, team_days=tuple(replace(day, **changes) for day in world.team_days))
        return changed, _plan(changed, *LEGAL)

    return broken


def _routes(*routes: tuple[int, int, tuple[int, ...]]) -> Broken:
    return lambda world: (world, _plan(world, *routes))


def _told(change: Callable[[Route], Route], is_valued: bool = True) -> Broken:
    """The legal plan whose first route says something else of itself; what is not there has no value."""

    def broken(world: World) -> tuple[World, Solution]:
        plan = _plan(world, *LEGAL)
        routes = (change(plan.routes[0]), *plan.routes[1:])
        return world, replace(plan, routes=routes, value=value(world, routes) if is_valued else plan.value)

    return broken


def _stop(at: int, **changes: Any) -> Callable[[Route], Route]:
    def change(route: Route) -> Route:
        stops = tuple(replace(stop, **changes) if index == at else stop for index, stop in enumerate(route.stops))
        return replace(route, stops=stops)

    return change


def _earlier(route: Route) -> Route:
    """The second job begins before anybody can be there."""
    second = route.stops[1]
    moved = replace(second, arrives=second.arrives - 1, starts=second.starts - 1, ends=second.ends - 1)
    return replace(route, stops=(route.stops[0], moved, *route.stops[2:]))


def _total(**changes: Any) -> Broken:
    return lambda world: (world, replace(_plan(world, *LEGAL), **changes))


MUTATIONS: dict[str, tuple[str, Broken]] = {
    "a skill is missing": ("SKILLS", _routes((1, 0, (0,)))),
    "back too late": ("HOURS", _days(end=840)),
    "begins after the block": ("BLOCK", _days(start=800, end=1439)),
    "a job too many": ("JOBS", _days(most_jobs=2)),
    "too much work": ("WORKLOAD", _days(most_minutes=329)),
    "more than 30 km apart": ("RADIUS", _routes((0, 0, (0, 1, 4)))),
    "before the material": ("MATERIAL", _job(0, earliest=1)),
    "before the visit outside": ("PREDECESSOR", _job(0, not_before=1)),
    "unfit weather": ("WEATHER", _job(0, unfit=frozenset({0}))),
    "another team is pinned": ("PIN", _job(0, pin=(1, 0))),
    "another day is pinned": ("PIN", _job(0, pin=(0, 1))),
    "another day is promised": ("PROMISE", _job(1, promise=(1, MORNING))),
    "another block than promised": ("PROMISE", _told(_stop(1, block=AFTERNOON))),
    "nobody works": ("ABSENCE", _routes((1, 2, (4,)))),
    "abroad": ("PLACE", _job(0, place=8)),
    "the second visit on the day of the first": ("PREDECESSOR", _job(1, after=0, gap_days=1)),
    "the gap is larger": ("PREDECESSOR", _job(3, gap_days=2)),
    "the first visit is not made": ("PREDECESSOR", _routes((1, 1, (3,)))),
    "a job twice": ("TWICE", _routes((0, 0, (0,)), (0, 1, (0,)))),
    "a job twice in a route": ("TWICE", _routes((0, 0, (4, 4)))),
    "a team-day twice": ("TWICE", _routes((0, 0, (0,)), (0, 0, (1,)))),
    "faster than it drives": ("TIMES", _told(_earlier)),
    "begins before it arrives": ("TIMES", _told(_stop(0, arrives=500))),
    "less time than the job takes": ("TIMES", _told(_stop(2, ends=700))),
    "back before it can be": ("TIMES", _told(lambda route: replace(route, back=route.back - 1))),
    "drives less": ("DRIVE", _told(lambda route: replace(route, drive=route.drive - 1))),
    "a block that is over": ("BLOCK", _told(_stop(2, block=MORNING))),
    "worth more than it is": ("VALUE", _total(value=10**6)),
    "more than its bound": ("BOUND", _total(bound=10.0)),
    "a bound that is no number": ("BOUND", _total(bound=float("nan"))),
    "a bound without end": ("BOUND", _total(bound=float("inf"))),
    "a job that is not there": ("UNKNOWN", _told(_stop(0, job=99), is_valued=False)),
    "a team that is not there": ("UNKNOWN", _told(lambda route: replace(route, team=7), is_valued=False)),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_broken_rule_is_named(name: str) -> None:
    rule, broken = MUTATIONS[name]
    world, plan = broken(known_world())
    assert rule in _rules(world, plan)


def test_every_rule_of_the_planner_is_among_the_mutations() -> None:
    assert {rule.value for rule in Rule} <= {rule for rule, _ in MUTATIONS.values()}


# --- beside the planner's own reading -------------------------------------------------------------------------------

OF_ONE_ROUTE = {rule.value for rule in Rule} - {"ABSENCE", "PLACE"}


@settings(max_examples=60, deadline=None)
@given(worlds(most_jobs=4, most_days=2, most_teams=2), st.data())
def test_it_agrees_with_timing_on_the_rules_times_and_value_of_a_route(world: World, data: st.DataObject) -> None:
    if not (world.team_days and world.jobs):
        return
    day = data.draw(st.sampled_from(world.team_days))
    for jobs in _orders(data, len(world.jobs)):
        theirs, own = timed(world, day, jobs), earliest(world, day, jobs)
        assert (theirs.stops, theirs.back, theirs.drive) == (own.stops, own.back, own.drive)
        assert worth(world, theirs) == value(world, [own])
        plan = Solution((own,), value(world, (own,)))
        alone = replace(world, jobs=tuple(replace(job, after=None) for job in world.jobs))
        named = {violation.rule.value for violation in violations(world, day, jobs)}
        assert named - {"PLACE"} == _rules(alone, plan) & OF_ONE_ROUTE


def _orders(data: st.DataObject, count: int) -> list[tuple[int, ...]]:
    size = data.draw(st.integers(0, min(3, count)))
    chosen = data.draw(st.permutations(range(count)))[:size]
    return list(permutations(chosen))
