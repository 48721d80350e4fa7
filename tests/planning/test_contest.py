"""The benchmark is fair: what peers answer becomes legal by leaving out and reordering only, late answers are known."""

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargecars.bench.planning.checker import faults, promises_kept
from chargecars.bench.planning.contest import Contest
from chargecars.bench.planning.instances import instance
from chargecars.bench.planning.peers import peers_of
from chargecars.bench.planning.processes import apart
from chargecars.bench.planning.repairing import repaired
from domain.planning.world import World
from tests.planning.worlds import known_world, worlds


@settings(max_examples=60, deadline=None)
@given(worlds(), st.data())
def test_whatever_a_peer_answers_becomes_legal_and_nothing_is_added(world: World, data: st.DataObject) -> None:
    jobs = st.lists(st.integers(0, max(0, len(world.jobs) - 1)), max_size=4) if world.jobs else st.just([])
    given_routes = {at: data.draw(jobs) for at in range(len(world.team_days))}
    plan = repaired(world, given_routes)
    assert faults(world, plan) == []
    position = {(day.team, day.day): at for at, day in enumerate(world.team_days)}
    for route in plan.routes:
        assert {stop.job for stop in route.stops} <= set(given_routes[position[route.team, route.day]])


def test_a_legal_plan_is_left_as_it_is_and_promises_go_before_value() -> None:
    world = known_world()
    assert [[stop.job for stop in route.stops] for route in repaired(world, {0: [0, 1, 2]}).routes] == [[0, 1, 2]]
    rich = replace(world, jobs=(*world.jobs[:4], replace(world.jobs[4], value=10_000)))
    kept = repaired(rich, {0: [2, 4]})
    assert promises_kept(rich, kept.routes) == 1
    assert [stop.job for route in kept.routes for stop in route.stops] == [2]


def test_a_peer_answers_from_a_process_of_its_own() -> None:
    world = instance(1, seed=3)
    with peers_of(world) as peers:
        plan = peers.plans("greedy", [0.3])[0.3]
    assert not isinstance(plan, str)
    assert faults(world, plan.solution) == []
    assert promises_kept(world, plan.solution.routes) > 100


def test_work_apart_is_done_by_another_process_and_fails_as_it_would_here() -> None:
    assert apart(os.getpid).result != os.getpid()
    with pytest.raises(ValueError, match="invalid literal"):
        apart(int, "no number")


def test_the_least_bound_of_all_runs_counts() -> None:
    world = known_world()
    plan = repaired(world, {0: [0, 1, 2]})
    plans = {1.0: replace(plan, bound=None), 2.0: replace(plan, bound=950.0), 3.0: replace(plan, bound=940.0)}
    assert Contest(1, 0, world, plans=plans).bound == 940.0
    assert Contest(1, 0, world, plans={1.0: plan}).bound is None
    assert Contest(1, 0, world, plans={1.0: plan}, proven=960.0).bound == 960.0
