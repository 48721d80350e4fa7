"""Dual prices of the linear relaxation, by entropic smoothing.

The dual of the set packing, each class-day's max over its columns made soft with a temperature t:
    sum(lambda) + sum over class-days of n t log(1 + sum over columns of exp(reduced worth / t)),
is smooth, and iterative scaling lowers it without a step size: the price of a job rises by t/3 log of how often it is
asked for, because a column holds at most three (Darroch and Ratcliff, 1972). Prices from within the optimal face keep
column generation steady where those of a vertex would throw it about. Any prices give a valid Lagrangian bound.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.pool import Pool
from domain.planning.solver.problem import Problem
from domain.planning.solver.tables import WIDTH

_STEEPEST = 4.0
_SLOW = 8.0
_LEAST = -5_000.0
"""A promise that cannot be kept would be asked for at any price."""
Array = NDArray[np.float64]


@dataclass
class Duals:
    """Prices of the jobs, and per pair of visits of each day until which the second needs the first."""

    jobs: Array
    orders: Array

    @classmethod
    def guess(cls, problem: Problem) -> "Duals":
        tables = problem.tables
        jobs = np.where(tables.held, 0.0, tables.value * 0.4)[:-1]
        return cls(jobs, np.zeros((len(problem.pairs), len(tables.world.days))))


class Smoothing:
    def __init__(self, problem: Problem):
        self.problem = problem
        tables = problem.tables
        self.held = tables.held[:-1]
        self.days = len(tables.world.days)
        self.when = np.array([each.day for each in problem.days], np.intp)
        self._before = np.array([pair.before for pair in problem.pairs], np.intp)
        self._after = np.array([pair.after for pair in problem.pairs], np.intp)
        self._most = tables.value[self._after] + np.where(tables.held[self._after], 2_000.0, 50.0)
        self._gap = np.array([min(pair.gap, self.days) for pair in problem.pairs], np.intp)

    def charges(self, duals: Duals) -> Array:
        """[job + 1, day]: what the rows of assignment and precedence charge a job on a day."""
        charges = np.zeros((len(duals.jobs) + 1, self.days))
        charges[:-1] = duals.jobs[:, None]
        later = np.cumsum(duals.orders[:, ::-1], axis=1)[:, ::-1]
        np.add.at(charges, self._after, later)
        for number, gap in enumerate(self._gap):
            charges[self._before[number], : self.days - gap] -= later[number, gap:]
        return charges

    def lowered(self, pool: Pool, duals: Duals, temperature: float, rounds: int) -> tuple[Duals, Array]:
        """Better prices of the jobs over the columns of the pool, and of the class-days."""
        step = _Step(self, pool)
        jobs, orders = duals.jobs, duals.orders
        for _ in range(rounds):
            asked = step.asked(self.charges(Duals(jobs, orders)), temperature)
            rise = np.log(np.maximum(asked.sum(1), 1e-3)).clip(-_STEEPEST, _STEEPEST)
            jobs = jobs + temperature / WIDTH * rise
            jobs = np.where(self.held, jobs.clip(_LEAST), jobs.clip(0))
            orders = self._ordered(orders + min(temperature, _SLOW) / 2 * self._disorder(asked).clip(-1, 1))
        step.asked(self.charges(Duals(jobs, orders)), temperature)
        return Duals(jobs, orders), step.highest(temperature)

    def _ordered(self, orders: Array) -> Array:
        """No more than what the second visit is worth in all: more would take long to come down again."""
        orders = orders.clip(0)
        total = orders.sum(1)
        return np.asarray(orders * (np.minimum(total, self._most) / np.maximum(total, 1e-9))[:, None])

    def _disorder(self, asked: Array) -> Array:
        """[pair, day]: how much more of the second visit is asked for until then than of the first in time."""
        after, before = np.cumsum(asked[self._after], axis=1), np.cumsum(asked[self._before], axis=1)
        for number, gap in enumerate(self._gap):
            after[number, gap:] -= before[number, : self.days - gap]
        return after


class _Step:
    """The soft choice of columns at given prices."""

    def __init__(self, smoothing: Smoothing, pool: Pool):
        order = np.argsort(pool.days, kind="stable")
        rows, days = pool.rows[order], pool.days[order]
        self.smoothing, self.worth = smoothing, pool.worth[order].astype(np.float64)
        self.begins = np.flatnonzero(np.concatenate([[True], days[1:] != days[:-1]])) if len(days) else days
        self.present = days[self.begins]
        self.lengths = np.diff(np.concatenate([self.begins, [len(days)]]))
        self.counts = smoothing.problem.counts[self.present]
        nobody = smoothing.problem.tables.size
        wide = np.where(rows >= 0, rows, nobody).astype(np.int64)
        self.cells = [wide[:, step] * smoothing.days + smoothing.when[days] for step in range(WIDTH)]
        self.size = (nobody + 1) * smoothing.days
        self.top: Array = np.zeros(len(self.begins))

    def asked(self, charges: Array, temperature: float) -> Array:
        """[job, day]: how often each job is asked for."""
        flat = charges.ravel()
        charge = flat[self.cells[0]] + flat[self.cells[1]] + flat[self.cells[2]]
        score = (self.worth - charge) / temperature
        if not len(score):
            return np.zeros((len(charges) - 1, charges.shape[1]))
        self.top = np.maximum(np.maximum.reduceat(score, self.begins), 0)
        weight = np.exp(score - np.repeat(self.top, self.lengths))
        total = np.add.reduceat(weight, self.begins) + np.exp(-self.top)
        weight *= np.repeat(self.counts / total, self.lengths)
        asked = sum((np.bincount(cells, weight, self.size) for cells in self.cells), np.zeros(self.size))
        return np.asarray(asked.reshape(charges.shape)[:-1])

    def highest(self, temperature: float) -> Array:
        """Of each class-day the best reduced worth before its own price; at least 0."""
        highest = np.zeros(len(self.smoothing.problem.days))
        highest[self.present] = self.top * temperature
        return highest


def bound(problem: Problem, duals: Duals, highest: NDArray[Any]) -> float:
    """The Lagrangian bound: `highest` is at least what the best column of each class-day is worth at these prices."""
    return float(duals.jobs.sum() + (problem.counts * np.maximum(highest, 0)).sum())
