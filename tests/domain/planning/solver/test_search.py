"""Plans found part by part: legal, better, and with the order of visits that a part cannot see."""

from dataclasses import replace

import numpy as np
import pytest

from chargecars.bench.planning.checker import faults, promises_kept
from chargecars.bench.planning.instances import instance
from domain.planning.solver import Progress, greedy, solve
from domain.planning.solver.around import Surroundings, Task
from domain.planning.solver.board import Board
from domain.planning.solver.crew import Order, answer
from domain.planning.solver.greedy import fill, start
from domain.planning.solver.part import Part
from domain.planning.solver.run import Run
from domain.planning.solver.search import Guess, Search
from domain.planning.world import Solution, World


@pytest.fixture(scope="module")
def today() -> World:
    return instance(1, seed=5)


@pytest.mark.parametrize("workers", [1, 2])
def test_parts_make_a_better_plan_that_keeps_every_promise(today: World, workers: int) -> None:
    values: list[int] = []
    run = Run(today, 60.0, 1, lambda progress: values.append(progress.value) or progress.value <= values[0])
    first = run.value
    Search(run, workers).improve(run.until)
    plan = run.solution()
    assert faults(today, plan) == []
    assert promises_kept(today, plan.routes) == 150
    assert plan.value > first


def test_a_part_keeps_the_order_of_visits_that_are_outside_it(today: World) -> None:
    board = start(today)
    fill(board)
    pairs = [(job.after, index) for index, job in enumerate(today.jobs) if job.after is not None]
    placed = [(one, two) for one, two in pairs if board.at[one] >= 0 and board.at[two] >= 0]
    assert placed
    around = Surroundings(board, 0)
    for before, after in placed[:4]:
        for inside, outside in ((before, after), (after, before)):
            days = np.setdiff1d(np.arange(len(board.rows)), board.at[outside])
            free = around._open_jobs(np.zeros(0, np.intp))
            _solved(board, days[np.argsort(days != board.at[inside], kind="stable")][:25], free[:40])
            assert faults(today, board.solution()) == []
            assert board.at[before] >= 0 or board.at[after] < 0


def _solved(board: Board, days: np.ndarray, jobs: np.ndarray) -> None:
    guess = Guess.of(Run(board.world, 0.0, 0, None))
    order = Order(Task(days, jobs), board.rows.copy(), guess.jobs, guess.days, (9.0, 5.0), 1e18, 0, 1000, 40.0)
    found = answer(board, order)
    assert found is not None
    before = board.worth.sum()
    board.apply(found.routes)
    assert board.worth.sum() >= before


def test_tasks_of_two_workers_share_nothing(today: World) -> None:
    board = start(today)
    fill(board)
    around, worth = Surroundings(board, 3), np.ones(len(today.jobs))
    for one in (around.task(30, 100, worth, []), around.scattered(30, 100, worth, [])):
        assert one is not None
        other = around.task(30, 100, worth, [one])
        assert other is not None
        theirs = [set(each.team_days.tolist()) for each in (one, other)]
        jobs = [{*each.jobs.tolist(), *board.rows[each.team_days].ravel().tolist()} - {-1} for each in (one, other)]
        assert not theirs[0] & theirs[1]
        assert not jobs[0] & jobs[1]
        assert not {other for job in jobs[0] for other in board.partners(job)} & jobs[1]


def test_the_same_seed_makes_the_same_plan(today: World) -> None:
    jobs = tuple(replace(job, after=None, pin=None, promise=None, current=None) for job in today.jobs[:30])
    small = replace(today, jobs=jobs, team_days=tuple(each for each in today.team_days if each.day < 2))
    one, two = (solve(small, seconds=60, seed=4) for _ in range(2))
    assert one.routes == two.routes
    assert one.bound is not None
    assert 0.97 * one.bound <= one.value <= one.bound


def test_urgent_work_moves_little_of_the_plan_in_force(today: World) -> None:
    plan = greedy(today)
    assert moved(today, plan) < len(plan.routes) / 3


def moved(world: World, plan: Solution) -> int:
    now = {stop.job: (route.team, route.day) for route in plan.routes for stop in route.stops}
    planned = {index: job.current for index, job in enumerate(world.jobs) if job.current}
    return sum(now.get(index) != (each.team, each.day) for index, each in planned.items())


@pytest.mark.parametrize("bare", ["jobs", "teams", "days"])
def test_worlds_without_something_have_empty_plans(today: World, bare: str) -> None:
    world = replace(today, team_days=()) if bare != "jobs" else replace(today, jobs=())
    world = replace(world, days=()) if bare == "days" else world
    world = replace(world, teams=()) if bare == "teams" else world
    for plan in (greedy(world), solve(world, seconds=1)):
        assert (plan.routes, plan.value) == ((), 0)
        assert len(plan.figures["broken"]) == sum(job.promise is not None for job in world.jobs)


def test_a_pin_to_a_team_that_is_absent_is_told(today: World) -> None:
    index = next(index for index, job in enumerate(today.jobs) if job.promise is None and job.current is None)
    absent = {(team, day) for team in range(7) for day in range(15)} - {(d.team, d.day) for d in today.team_days}
    pinned = replace(today.jobs[index], pin=next(iter(sorted(absent))), after=None)
    world = replace(today, jobs=(*today.jobs[:index], pinned, *today.jobs[index + 1 :]))
    plan = greedy(world)
    assert index in plan.figures["unpinned"]
    assert faults(world, plan) == []


def test_progress_can_stop_a_large_run(today: World) -> None:
    seen: list[Progress] = []
    run = Run(today, 60.0, 1, lambda progress: seen.append(progress) or len(seen) < 3)
    Search(run, 1).improve(run.until)
    assert len(seen) <= 3
    assert faults(today, run.solution()) == []


def test_a_promise_that_only_another_order_of_all_can_keep_is_kept() -> None:
    world = instance(1, seed=6)
    promised = [index for index, job in enumerate(world.jobs) if job.promise]
    world = replace(world, jobs=tuple(replace(job, current=None) for job in world.jobs))
    plan = solve(world, seconds=4)
    assert faults(world, plan) == []
    assert len(plan.figures["broken"]) <= len(promised) // 20


def test_a_part_counts_promises_that_cannot_all_be_kept(today: World) -> None:
    board = start(today)
    part = Part(board, np.arange(len(board.rows)), [])
    assert part.excess() == 0
    index = next(index for index, job in enumerate(today.jobs) if job.promise)
    board.remove(index)
    part = Part(board, np.arange(len(board.rows)), [index])
    assert part.excess() > 3_000
