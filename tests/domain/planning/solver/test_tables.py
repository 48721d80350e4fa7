"""The arrays say of any route what `domain.planning.timing` says of it."""

from itertools import permutations

import numpy as np
from hypothesis import given, settings

from domain.planning.solver.board import Board
from domain.planning.solver.classes import class_days, occupied, pinned
from domain.planning.solver.problem import Problem
from domain.planning.solver.tables import Tables, has_place, placeable
from domain.planning.timing import timed, violations, worth
from domain.planning.world import World
from tests.planning.worlds import worlds


def orders(count: int) -> np.ndarray:
    """Every order of up to three of so many jobs."""
    rows = [row for size in (1, 2, 3) for row in permutations(range(count), size)]
    return np.array([(*row, *[-1] * (3 - len(row))) for row in rows], np.int64).reshape(-1, 3)


def problem(world: World) -> Problem:
    days = class_days(world, range(len(world.team_days)), apart=pinned(world) | occupied(world))
    return Problem(Tables(world, placeable(world)), days, [])


def legal(world: World, row: list[int]) -> dict[int, int]:
    """The worth of a route by the team-days that may drive it."""
    found = {}
    for number, day in enumerate(world.team_days):
        if all(has_place(world, job) for job in row) and not violations(world, day, row):
            found[number] = worth(world, timed(world, day, row))
    return found


@settings(max_examples=40, deadline=None)
@given(worlds(most_jobs=5, most_days=2))
def test_columns_are_the_legal_routes_with_their_worth(world: World) -> None:
    given_problem = problem(world)
    ids, rows = given_problem.tables.ids, orders(given_problem.tables.size)
    found: dict[tuple[int, tuple[int, ...]], float] = {}
    for yard in given_problem.yards:
        columns = yard.columns(rows)
        for row, worths in zip(columns.rows, columns.worth, strict=True):
            jobs = tuple(int(ids[job]) for job in row if job >= 0)
            for day, value in zip(yard.days, worths, strict=True):
                found |= {(member, jobs): float(value) for member in day.members if value > -1e6}
    expected = {
        (at, tuple(jobs)): value
        for row in rows
        for jobs in [[int(ids[job]) for job in row if job >= 0]]
        for at, value in legal(world, jobs).items()
    }
    assert found == expected


@settings(max_examples=40, deadline=None)
@given(worlds(most_jobs=5, most_days=2))
def test_insertions_are_the_legal_routes_with_their_gain(world: World) -> None:
    board = Board(world)
    for job in range(len(world.jobs)):
        where, rows, gains = board.insertions(job, np.flatnonzero(board.open_to(job)))
        for at, row, gain in zip(where.tolist(), rows.tolist(), gains.tolist(), strict=True):
            route = [each for each in row if each >= 0]
            assert legal(world, route).get(at) == gain + board.worth[at]
        if len(gains):
            board.put(int(where[0]), [each for each in rows[0].tolist() if each >= 0])
