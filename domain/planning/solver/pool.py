"""The columns that a run has met: a route in a class-day, once each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.problem import Columns, Prices, Problem
from domain.planning.solver.tables import WIDTH, Floats


class Pool:
    def __init__(self, problem: Problem):
        self.problem = problem
        self.rows = np.zeros((0, WIDTH), np.int32)
        self.days = np.zeros(0, np.int32)
        """Class-day of each column."""
        self.worth = np.zeros(0, np.float32)
        self._keys: NDArray[np.int64] = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, rows: NDArray[Any], days: NDArray[Any], worth: NDArray[Any]) -> NDArray[np.intp]:
        """Those that are new; their positions."""
        keys = self._key(rows, days)
        _, first = np.unique(keys, return_index=True)
        fresh = first[~np.isin(keys[first], self._keys)]
        before = len(self)
        self.rows = np.concatenate([self.rows, rows[fresh].astype(np.int32)])
        self.days = np.concatenate([self.days, days[fresh].astype(np.int32)])
        self.worth = np.concatenate([self.worth, worth[fresh].astype(np.float32)])
        self._keys = np.concatenate([self._keys, keys[fresh]])
        return np.arange(before, len(self))

    def find(self, rows: NDArray[Any], days: NDArray[Any]) -> NDArray[np.intp]:
        """Positions of columns that are in the pool."""
        order = np.argsort(self._keys)
        return order[np.searchsorted(self._keys, self._key(rows, days), sorter=order)]

    def _key(self, rows: NDArray[Any], days: NDArray[Any]) -> NDArray[np.int64]:
        base = np.int64(self.problem.tables.size + 2)
        wide = rows.astype(np.int64) + 1
        key: NDArray[np.int64] = ((wide[:, 0] * base + wide[:, 1]) * base + wide[:, 2]) * len(self.problem.days) + days
        return key

    def reduced(self, prices: Prices) -> Floats:
        when = np.array([each.day for each in self.problem.days], np.intp)[self.days]
        charge = prices.jobs[self.rows, when[:, None]].sum(1) + prices.days[self.days]
        return np.asarray(self.worth - charge, np.float32)


def promising(columns: Columns, prices: Prices, above: float, most: int) -> tuple[Any, Any, Any]:
    """Of each class-day the `most` columns of highest reduced worth over `above`: rows, class-days, worths."""
    rows, days, worths = [columns.rows[:0]], [np.zeros(0, np.intp)], [np.zeros(0, np.float32)]
    reduced = columns.reduced(prices)
    for number, day in enumerate(columns.yard.numbers):
        score = reduced[:, number]
        good = np.flatnonzero(score > above)
        if len(good) > most:
            good = good[np.argpartition(-score[good], most)[:most]]
        rows.append(columns.rows[good])
        days.append(np.full(len(good), day))
        worths.append(columns.worth[good, number])
    return np.concatenate(rows), np.concatenate(days), np.concatenate(worths)
