"""Some team-days of a plan and some jobs, solved anew while the rest of the plan stays as it is."""

from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.board import Board
from domain.planning.solver.choice import Choice
from domain.planning.solver.classes import class_days, occupied, pinned
from domain.planning.solver.duals import Duals
from domain.planning.solver.problem import Pair, Problem
from domain.planning.solver.relaxation import Relaxation, Stop
from domain.planning.solver.tables import WIDTH, Tables

Routes = list[tuple[int, list[int]]]
"""Position of a team-day, its jobs in order."""


class Part:
    def __init__(self, board: Board, team_days: NDArray[Any], jobs: Iterable[int]):
        """`jobs`: those that may be placed, of which none is on another team-day; those now placed here join them."""
        self.board, self.team_days = board, team_days
        rows = board.rows[team_days]
        ids = np.array(sorted({*jobs, *rows[rows >= 0].tolist()}), np.intp)
        self.ids, first, last, self.due = self._windows(ids)
        self.tables = Tables(board.world, self.ids, first, last)
        self.bonus = self._promise()
        self.is_best = False
        """Whether the last choice was the best of all columns of the reduced worth that was asked for."""
        self.days = class_days(board.world, team_days.tolist(), apart=pinned(board.world) | occupied(board.world))
        self.problem = Problem(self.tables, self.days, self._pairs())
        self.relaxation: Relaxation | None = None

    def _windows(self, ids: NDArray[np.intp]) -> tuple[NDArray[np.intp], Any, Any, NDArray[np.intp]]:
        """Jobs that can be placed, first and last days by what stays outside, positions of those that must be."""
        board, inside = self.board, set(ids.tolist())
        kept: list[tuple[int, int, int, bool]] = []
        for job in ids.tolist():
            first, last = board.window(job, inside)
            placed = board.at[job] >= 0
            if first < len(board.world.days) and board.tables.fit[job].any():
                needed = any(other not in inside for other in board.followers(job))
                kept.append((job, first, last, bool(placed and (board.is_hard(job) or needed))))
        known = {job for job, *_ in kept}  # who needs a visit that nobody can make is not made either
        kept = [row for row in kept if board.world.jobs[row[0]].after not in inside - known]
        columns = np.array(kept, np.int64).reshape(-1, 4)
        opens, closes = columns[:, 1].astype(np.int32), columns[:, 2].astype(np.int32)
        return columns[:, 0].astype(np.intp), opens, closes, np.flatnonzero(columns[:, 3])

    def _promise(self) -> NDArray[np.int32]:
        """What placing each job is worth beyond the goal, which is added to its value.

        While all promises and pins are kept, they are simply due. If some are not, each is worth a bonus instead, so
        that as many as possible are kept.
        """
        tables = self.tables
        placed = np.append(self.board.at[self.ids] >= 0, False)
        bonus = np.zeros(tables.size + 1, np.int32)
        if (tables.held & ~placed).any():
            extra = 3_000 + 3 * int(tables.value.max(initial=0))
            bonus[:] = np.where(tables.promised > 0, 4 * extra, np.where(tables.held, extra, 0))
            self.due = self.due[~tables.held[self.due]]
        tables.value += bonus
        tables.held[:] = False
        tables.held[self.due] = True
        return bonus

    def excess(self) -> int:
        """What the bound of this part counts beyond the goal for the promises and pins that the plan keeps now."""
        placed = self.board.at[self.ids] >= 0
        return int(self.bonus[:-1][placed].sum())

    def _pairs(self) -> list[Pair]:
        at = {int(job): position for position, job in enumerate(self.ids)}
        jobs = self.board.world.jobs
        return [
            Pair(at[before], position, jobs[job].gap_days)
            for job, position in at.items()
            if (before := jobs[job].after) is not None and before in at
        ]

    def keep_now(self, relaxation: Relaxation) -> set[int]:
        """The routes of the board, as columns of the pool."""
        at = {int(job): position for position, job in enumerate(self.ids)}
        number = {member: number for number, day in enumerate(self.days) for member in day.members}
        busy = [int(day) for day in self.team_days if self.board.rows[day, 0] >= 0]
        rows = np.full((len(busy), WIDTH), -1, np.int32)
        for row, day in zip(rows, busy, strict=True):
            jobs = [at[job] for job in self.board.jobs_of(day)]
            row[: len(jobs)] = jobs
        days = np.array([number[day] for day in busy], np.int32)
        relaxation.pool.add(rows, days, self.board.worth[busy] + self.bonus[rows].sum(1))
        return set(relaxation.pool.find(rows, days).tolist())

    def relax(
        self,
        until: float,
        stop: Stop,
        temperatures: tuple[float, ...],
        duals: Duals | None = None,
        days: NDArray[np.float64] | None = None,
        legs: int = 300,
    ) -> Relaxation:
        """Prices and columns, from these prices of jobs and class-days where they are known."""
        self.relaxation = Relaxation(self.problem, duals, days, legs)
        self.keep_now(self.relaxation)
        self.relaxation.descend(until, stop, temperatures)
        return self.relaxation

    def choose(
        self, until: float, seed: int, *, most: int, below: float, found: Callable[[Routes], bool] | None = None
    ) -> Routes | None:
        """The best routes over columns of small reduced worth; None if nothing better was found in time."""
        relaxation = self.relaxation
        assert relaxation is not None
        relaxation.widen(below, max(100, 4 * most // len(self.days)), until)
        now = self.keep_now(relaxation)
        columns = np.union1d(relaxation.best(most, below), np.array(sorted(now), np.intp))
        choice = Choice(relaxation.pool, columns, self.due)
        told = (lambda columns: found(self.routes(columns))) if found else None
        chosen = choice.best(now, until - monotonic(), seed, told)
        self.is_best = choice.is_best and len(columns) < most
        return None if chosen is None else self.routes(chosen)

    def routes(self, columns: Iterable[int]) -> Routes:
        """The columns given to teams: a team keeps its route where it can; teams without one get none."""
        assert self.relaxation is not None
        pool = self.relaxation.pool
        by_day: dict[int, list[list[int]]] = {number: [] for number in range(len(self.days))}
        for column in columns:
            by_day[int(pool.days[column])].append([int(self.ids[job]) for job in pool.rows[column] if job >= 0])
        routes: Routes = []
        for number, day in enumerate(self.days):
            routes += _given(self.board, day.members, by_day[number])
        return routes


def _given(board: Board, members: tuple[int, ...], routes: list[list[int]]) -> Routes:
    free, given = list(members), []
    for route in routes:
        same = [member for member in free if board.jobs_of(member) == route]
        if same:
            free.remove(same[0])
            given.append((same[0], route))
    rest = [route for route in routes if all(route is not done for _, done in given)]
    given += [(free.pop(0), route) for route in rest]
    return [*given, *((member, []) for member in free)]
