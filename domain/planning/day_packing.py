"""The best disjoint columns of a day: exactly where they are few, else by steps, and then by neighbourhoods, first
around the jobs that have no place.

A neighbourhood is some team-days with what they do and what is near and has no place; what surrounds it is kept, so
the answer only ever gets better. SCIP (in OR-Tools) decides these set packings several times faster than CP-SAT.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np

from domain.planning.day_columns import Bools, Columns, Floats, Ints

_AT_ONCE = 4_000
"""Columns up to which a day is decided in one piece."""
_TEAM_DAYS = (6, 9, 13)
"""Of a neighbourhood; more where fewer have nothing better."""
_NEAR_KM = 45.0
_SECONDS_EACH = 0.6


@dataclass(slots=True)
class Packing:
    """Columns over `jobs` jobs; a promise outweighs everything that is not one."""

    columns: Columns
    jobs: int
    gain: Ints = field(init=False)
    rows: Ints = field(init=False)
    """[n, 4]: the rows of each column: its jobs and its team-day, filled up with a row that is never tight."""

    def __post_init__(self) -> None:
        columns = self.columns
        most = int(np.abs(columns.worth).max(initial=0)) * (len(np.unique(columns.team_day)) + 1) + 1
        self.gain = columns.worth + most * columns.promises
        days = self.jobs + 1 + columns.team_day
        self.rows = np.column_stack([np.where(columns.jobs < 0, self.jobs, columns.jobs), days])

    def total(self, chosen: Sequence[int]) -> int:
        return int(self.gain[list(chosen)].sum())

    def best(self, known: Sequence[int], apart: Floats, ends: float) -> tuple[list[int], bool]:
        """The best columns that were found until `ends` (time.monotonic), never worse than `known`; whether proven.

        `apart` [job, job]: kilometres, only between the jobs of the day.
        """
        every = np.flatnonzero(self.gain > 0)
        if len(every) <= _AT_ONCE:
            return decide(self, every, known, ends - time.monotonic())
        search = Search(self, known, apart)
        search.climb(ends)
        for size in _TEAM_DAYS:
            search.improve(size, ends)
        return search.chosen, False


class Search:
    """An assignment that gets better: first by single steps, then by neighbourhoods that are decided together."""

    def __init__(self, packing: Packing, known: Sequence[int], apart: Floats) -> None:
        self._packing, self._apart = packing, apart
        self._columns, self._gain = packing.columns, packing.gain
        self._jobs = np.unique(self._columns.jobs[self._columns.jobs >= 0])
        self._promised = self._promises()
        self._random = Random(len(self._gain))  # noqa: S311  # the same day gives the same answer
        self._keys, self._order = _keys(self._columns, self._jobs)
        self.held: dict[int, int] = {int(self._columns.team_day[index]): int(index) for index in known}
        """Team-day → column."""

    @property
    def chosen(self) -> list[int]:
        return sorted(self.held.values())

    def climb(self, ends: float) -> None:
        """The best single step as long as there is one: a team-day does other jobs, which leave theirs."""
        barred = np.zeros(len(self._gain), np.bool_)
        while time.monotonic() < ends:
            delta = np.where(barred, 0, self._deltas())
            best = int(delta.argmax())
            if delta[best] <= 0:
                return
            barred[best] = not self._take(best)

    def _deltas(self) -> Ints:
        """What each column would add; exact where its jobs come from different team-days."""
        columns = self._columns
        at, loss = np.full(self._packing.jobs + 1, -1), np.zeros(self._packing.jobs + 1, np.int64)
        now = np.zeros(int(columns.team_day.max()) + 1, np.int64)
        for day, index in self.held.items():
            now[day] = self._gain[index]
            for job in columns.at(index).jobs:
                at[job], loss[job] = day, self._gain[index] - self._without(index, job)[1]
        elsewhere = at[columns.jobs] != columns.team_day[:, None]
        deltas: Ints = self._gain - now[columns.team_day] - (loss[columns.jobs] * elsewhere).sum(axis=1)
        return deltas

    def _without(self, index: int, job: int) -> tuple[int | None, int]:
        """The column with this job left out, and its gain; nothing where it has none."""
        left = tuple(sorted(each for each in self._columns.at(index).jobs if each != job))
        found = self._find(int(self._columns.team_day[index]), left) if left else None
        return (None, 0) if found is None else (found, int(self._gain[found]))

    def _find(self, team_day: int, jobs: tuple[int, ...]) -> int | None:
        key = _key(np.array([team_day]), np.array([[-1] * (3 - len(jobs)) + list(jobs)]), self._jobs)[0]
        at = int(np.searchsorted(self._keys, key))
        return int(self._order[at]) if at < len(self._keys) and self._keys[at] == key else None

    def _take(self, index: int) -> bool:
        """Do it; False, and nothing is changed, where it is no gain after all."""
        held = dict(self.held)
        mine = int(self._columns.team_day[index])
        held[mine] = index
        for job in self._columns.at(index).jobs:
            for day, other in list(held.items()):
                if day != mine and job in self._columns.jobs[other]:
                    left, _ = self._without(other, job)
                    held.pop(day)
                    held |= {} if left is None else {day: left}
        better = self._packing.total(list(held.values())) > self._packing.total(self.chosen)
        self.held = held if better else self.held
        return better

    def improve(self, size: int, ends: float) -> None:
        """Around every job without a place, promises first, and around every team-day, as far as the time goes."""
        for seed in self._seeds():
            if (left := ends - time.monotonic()) <= 0:
                return
            self._around(seed, size, min(left, _SECONDS_EACH))

    def _promises(self) -> frozenset[int]:
        alone = (self._columns.jobs[:, 1] < 0) & (self._columns.promises > 0)
        return frozenset(int(job) for job in self._columns.jobs[alone, 0])

    def _seeds(self) -> Iterator[int]:
        placed = self._placed()
        without = [int(job) for job in self._jobs if not placed[job]]
        yield from sorted(without, key=lambda job: (job not in self._promised, job))
        firsts = [int(self._columns.jobs[index, 0]) for index in self.chosen]
        yield from self._random.sample(firsts, len(firsts))

    def _placed(self) -> Bools:
        placed = np.zeros(self._packing.jobs + 1, np.bool_)
        placed[self._columns.jobs[self.chosen]] = True
        return placed

    def _around(self, seed: int, size: int, seconds: float) -> None:
        days = self._near(seed, size)
        inside = [self.held[day] for day in days if day in self.held]
        free = np.append(self._apart[seed] <= _NEAR_KM, True) & ~self._placed()
        free[self._columns.jobs[inside]] = True
        free[-1] = True
        among = np.isin(self._columns.team_day, list(days)) & free[self._columns.jobs].all(axis=1) & (self._gain > 0)
        found, _ = decide(self._packing, np.flatnonzero(among), inside, seconds)
        kept = {day: index for day, index in self.held.items() if day not in days}
        self.held = kept | {int(self._columns.team_day[index]): index for index in found}

    def _near(self, seed: int, size: int) -> set[int]:
        """Team-days of which a stop is near, and a few that have none."""
        apart = np.append(self._apart[seed], np.inf)
        distance = {day: float(apart[self._columns.jobs[index]].min()) for day, index in self.held.items()}
        could = np.unique(self._columns.team_day[(self._columns.jobs == seed).any(axis=1)])
        idle = [int(day) for day in could if int(day) not in self.held]
        near = sorted(distance, key=lambda day: (distance[day], day))
        return {*idle[: size // 3], *near[: size - len(idle[: size // 3])]}


def _keys(columns: Columns, jobs: Ints) -> tuple[Ints, Ints]:
    """Sorted keys of all columns, and the column of each."""
    keys = _key(columns.team_day, np.sort(columns.jobs, axis=1), jobs)
    order = np.argsort(keys, kind="stable")
    return keys[order], order


def _key(team_day: Ints, inner: Ints, jobs: Ints) -> Ints:
    local = np.where(inner < 0, 0, np.searchsorted(jobs, inner) + 1)
    size = len(jobs) + 1
    key: Ints = ((team_day * size + local[:, 0]) * size + local[:, 1]) * size + local[:, 2]
    return key


def decide(packing: Packing, among: Ints, known: Sequence[int], seconds: float) -> tuple[list[int], bool]:
    """SCIP over some columns: never worse than the known ones, and whether nothing among them is better."""
    if seconds <= 0 or not len(among):
        return list(known), not len(among)
    mathopt = _mathopt()
    kept = np.union1d(among, np.array(known, np.int64))
    model = mathopt.Model()
    chosen = [model.add_binary_variable() for _ in kept]
    _at_most_one(model, packing.rows[kept], packing.jobs, chosen)
    for variable, gain in zip(chosen, packing.gain[kept], strict=True):
        model.objective.set_linear_coefficient(variable, float(gain))
    model.objective.is_maximize = True
    limits = mathopt.SolveParameters(time_limit=timedelta(seconds=seconds), threads=1)
    said = mathopt.solve(model, mathopt.SolverType.GSCIP, params=limits)
    return _read(packing, said, mathopt, kept, chosen, known)


def _read(
    packing: Packing, said: Any, mathopt: Any, kept: Ints, chosen: Sequence[Any], known: Sequence[int]
) -> tuple[list[int], bool]:
    if not said.has_primal_feasible_solution():
        return list(known), False
    values = said.variable_values(chosen)
    found = [int(index) for index, value in zip(kept, values, strict=True) if value > 0.5]
    proven = said.termination.reason is mathopt.TerminationReason.OPTIMAL
    return max((list(known), found), key=packing.total), proven


def _mathopt() -> Any:
    """OR-Tools is loaded where a day is repaired, and nowhere else."""
    from ortools.math_opt.python import mathopt  # type: ignore[import-untyped]  # it has no stubs

    return mathopt


def _at_most_one(model: Any, rows: Ints, never: int, chosen: Sequence[Any]) -> None:
    order = np.argsort(rows.ravel(), kind="stable")
    row, column = rows.ravel()[order], order // rows.shape[1]
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(row)], strict=True):
        if row[start] != never and end - start > 1:
            constraint = model.add_linear_constraint(ub=1.0)
            for index in column[start:end]:
                constraint.set_coefficient(chosen[index], 1.0)
