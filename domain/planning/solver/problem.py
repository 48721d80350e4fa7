"""Which columns there are: the jobs, the class-days and what a route is worth in each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.classes import ClassDay
from domain.planning.solver.tables import WIDTH, Floats, Ints, Shape, Tables, static_worth, trace

NEVER = np.float32(-1e9)
"""The worth of what is forbidden."""


@dataclass(frozen=True)
class Pair:
    """Two jobs of one quote, both in the problem, by their position in its tables."""

    before: int
    after: int
    gap: int


@dataclass(frozen=True)
class Prices:
    """Dual values: of each job on each day (what its rows of assignment and precedence charge), of each class-day."""

    jobs: NDArray[np.float64]
    """[job + 1, day]"""
    days: NDArray[np.float64]


class Yard:
    """The class-days of one shape, and what each job may do and gain there."""

    def __init__(self, tables: Tables, shape: Shape, days: Sequence[ClassDay], numbers: Sequence[int]):
        self.tables, self.shape, self.days = tables, shape, list(days)
        self.numbers = np.array(numbers, np.intp)
        """Their positions among all class-days of the problem."""
        self.outside, able = tables.outside(shape), tables.able(shape)
        when = np.array([each.day for each in days], np.intp)
        self.when = when
        members = [set(each.teams) for each in days]
        self.allowed = tables.fit[:, when] & able[:, None]
        for job in np.flatnonzero(tables.pin_team >= 0):
            self.allowed[job] &= [len(team) == 1 and int(tables.pin_team[job]) in team for team in members]
        self.stay = self._stay(members)

    def _stay(self, members: list[set[int]]) -> Floats:
        tables, weights = self.tables, self.tables.world.weights
        same_day = tables.current_day[:, None] == self.when
        own = np.zeros_like(same_day)
        for job in np.flatnonzero(same_day.any(1) & (tables.current_team >= 0)):
            own[job] = [int(tables.current_team[job]) in team for team in members]
        return np.asarray(weights.stay_day * same_day + weights.stay_team * (same_day & own), np.float32)

    def columns(self, rows: NDArray[Any]) -> "Columns":
        """The feasible ones of `rows`."""
        traced = trace(self.tables, rows, self.shape)
        rows, drive, blocks = rows[traced.feasible], traced.drive[traced.feasible], traced.blocks[traced.feasible]
        return Columns(self, rows, drive, static_worth(self.tables, rows, drive, self.outside[rows].sum(1)), blocks)


class Columns:
    """Feasible routes of a yard."""

    def __init__(self, yard: Yard, rows: NDArray[Any], drive: Ints, static: Ints, blocks: NDArray[np.int8]):
        self.yard, self.rows, self.drive, self.static, self.blocks = yard, rows, drive, static, blocks
        self._reduced: tuple[Prices, Floats] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def worth(self) -> Floats:
        """[route, class-day]: its worth, NEVER where it is forbidden. Exact: a team with work in the plan in force is a
        class of its own."""
        yard, tables = self.yard, self.yard.tables
        worth = np.repeat(self.static[:, None].astype(np.float32), len(yard.days), axis=1)
        keeps = (self.rows >= 0) & (tables.current_block[self.rows] == self.blocks)
        for step in range(WIDTH):
            job = self.rows[:, step]
            if keeps[:, step].any():
                worth += yard.stay[job] * keeps[:, step, None]
            worth[~yard.allowed[job]] = NEVER
        return worth

    def reduced(self, prices: Prices) -> Floats:
        """[route, class-day]: worth less the prices of its jobs and its class-day."""
        if self._reduced is None or self._reduced[0] is not prices:
            self._reduced = prices, self._less(prices)
        return self._reduced[1]

    def _less(self, prices: Prices) -> Floats:
        yard = self.yard
        jobs = prices.jobs[:, yard.when].astype(np.float32)
        one, two, three = (jobs[self.rows[:, step]] for step in range(WIDTH))
        return np.asarray(self.worth - one - two - three - prices.days[yard.numbers].astype(np.float32), np.float32)


class Problem:
    """Jobs, class-days and the precedences between these jobs."""

    def __init__(self, tables: Tables, days: Sequence[ClassDay], pairs: Sequence[Pair]):
        self.tables, self.days, self.pairs = tables, list(days), list(pairs)
        shapes: dict[Shape, list[int]] = {}
        for number, each in enumerate(self.days):
            shapes.setdefault(each.shape, []).append(number)
        self.yards = [
            Yard(tables, shape, [self.days[number] for number in numbers], numbers) for shape, numbers in shapes.items()
        ]
        self.counts = np.array([each.count for each in self.days], np.int32)
