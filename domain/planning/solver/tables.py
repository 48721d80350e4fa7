"""A world as arrays, and the times of many routes at once: `domain.planning.timing`, vectorized.

A route is a row of `WIDTH` job indices, -1 behind the last. The arrays of jobs have one more entry, which -1 reaches:
no work, no value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.world import Job, World
from domain.visits.models import DayBlock

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

WIDTH = 3
"""Jobs of a route at most (P3: two or three)."""
FREE, MORNING, AFTERNOON = 0, 1, 2
_PROMISED = {None: FREE, DayBlock.MORNING: MORNING, DayBlock.AFTERNOON: AFTERNOON}


@dataclass(frozen=True)
class Shape:
    """What decides, apart from the day and the team's own pins, which routes a team can drive and what they cost."""

    start: int
    end: int
    leaves_from: int
    returns_to: int
    most_jobs: int
    most_minutes: int
    skills: frozenset[str]
    areas: tuple[str, ...]
    crew: int


@dataclass(frozen=True)
class Shifts:
    """The same, in arrays: one entry per route."""

    start: Ints
    end: Ints
    leaves_from: Ints
    returns_to: Ints
    most_jobs: Ints
    most_minutes: Ints

    def of(self, routes: NDArray[Any]) -> "Shifts":
        return Shifts(
            self.start[routes], self.end[routes], self.leaves_from[routes], self.returns_to[routes],
            self.most_jobs[routes], self.most_minutes[routes],
        )  # fmt: skip


@dataclass(frozen=True)
class Traced:
    """Times of K routes; where `feasible` is false the other figures mean nothing."""

    feasible: Flags
    drive: Ints
    blocks: NDArray[np.int8]
    """[K, WIDTH]: MORNING or AFTERNOON."""


class Tables:
    """The jobs `ids` of a world, by their position in `ids`; days outside [first, last] are closed to a job."""

    def __init__(self, world: World, ids: NDArray[np.intp], first: Ints | None = None, last: Ints | None = None):
        self.world, self.ids, self.size = world, ids, len(ids)
        jobs = [world.jobs[index] for index in ids]
        self.place = _column((job.place if _is_known(world, job.place) else 0 for job in jobs), len(jobs))
        self.minutes = _column((job.minutes for job in jobs), len(jobs))
        self.value = _column((job.value for job in jobs), len(jobs))
        self.promised = _column((_PROMISED[job.promise and job.promise[1]] for job in jobs), len(jobs))
        self.area = _codes(job.pc2 for job in jobs)
        self.held = np.array([bool(job.promise or job.pin) for job in jobs] + [False])
        """Has to be placed: promised or pinned."""
        self.pin_team = _column((job.pin[0] if job.pin else -1 for job in jobs), len(jobs), -1)
        current = [job.current for job in jobs]
        self.current_day = _column((each.day if each else -1 for each in current), len(jobs), -1)
        self.current_team = _column((each.team if each else -1 for each in current), len(jobs), -1)
        self.current_block = _column((_PROMISED[each and each.block] for each in current), len(jobs), -1)
        self.fit = _fit(world, jobs, first, last)
        self.only_day = np.where(self.fit.sum(1) == 1, self.fit @ np.arange(len(world.days)), -1)
        """The only day that a job can be done on; -1 where there are several, or none."""
        self.blocks = tuple(world.rules.blocks[block] for block in (DayBlock.MORNING, DayBlock.AFTERNOON))

    def begin(self, arrives: Ints, jobs: NDArray[Any]) -> tuple[Ints, Flags, Flags]:
        """When the work of each job begins, whether that is in its afternoon, and whether it is in time."""
        (opens, noon), (reopens, closes) = self.blocks
        promised = self.promised[jobs]
        starts = np.maximum(arrives, np.where(promised == AFTERNOON, reopens, opens))
        later = (promised == AFTERNOON) | ((promised == FREE) & (starts >= noon))
        starts = np.where(later, np.maximum(starts, reopens), starts)
        return starts.astype(np.int32), later, starts < np.where(later, closes, noon)

    def able(self, shape: Shape) -> Flags:
        """Which jobs a team of this shape has the skills for."""
        return np.array([self.world.jobs[index].skills <= shape.skills for index in self.ids] + [True])

    def outside(self, shape: Shape) -> Flags:
        """Which jobs lie outside the regions of this shape."""
        if not shape.areas:
            return np.zeros(self.size + 1, bool)
        places = np.array([not area.startswith(shape.areas) for area in self.world.areas], bool)
        found = places[self.place]
        found[-1] = False
        return found

    def near(self, one: NDArray[Any], other: NDArray[Any]) -> Flags:
        """Whether two jobs may be on one team-day."""
        distance = self.world.distance[self.place[one], self.place[other]]
        close: Flags = distance <= np.float64(self.world.rules.radius_km)
        return close


def placeable(world: World) -> NDArray[np.intp]:
    """The jobs whose place is known and in the Netherlands."""
    return np.array([index for index in range(len(world.jobs)) if has_place(world, index)], np.intp)


def has_place(world: World, index: int) -> bool:
    return _is_known(world, world.jobs[index].place)


def _is_known(world: World, place: int) -> bool:
    return 0 <= place < len(world.places) and world.places[place].in_netherlands


def trace(tables: Tables, rows: NDArray[Any], shape: Shape | Shifts) -> Traced:
    """The times of the routes `rows` [K, WIDTH]; neither skills nor days are looked at."""
    drive_to, count = tables.world.drive, len(rows)
    here = np.full(count, shape.leaves_from, np.int32)
    clock = np.full(count, shape.start, np.int32)
    drive, feasible = np.zeros(count, np.int32), _compatible(tables, rows, shape)
    blocks = np.zeros((count, WIDTH), np.int8)
    for step in range(WIDTH):
        job = rows[:, step]
        real = job >= 0
        leg = np.where(real, drive_to[here, tables.place[job]], 0)
        starts, later, in_time = tables.begin(clock + leg, job)
        feasible &= in_time | ~real
        blocks[:, step] = np.where(real, np.where(later, AFTERNOON, MORNING), FREE)
        clock = np.where(real, starts + tables.minutes[job], clock)
        here, drive = np.where(real, tables.place[job], here), drive + leg
    home = np.where(rows[:, 0] >= 0, drive_to[here, shape.returns_to], 0)
    feasible &= (clock + home <= shape.end) | (rows[:, 0] < 0)
    return Traced(feasible, drive + home, blocks)


def _compatible(tables: Tables, rows: NDArray[Any], shape: Shape | Shifts) -> Flags:
    """Enough capacity, and no two jobs too far apart."""
    one, two, three = rows[:, 0], rows[:, 1], rows[:, 2]
    well = (rows >= 0).sum(1) <= shape.most_jobs
    well &= tables.minutes[rows].sum(1) <= shape.most_minutes
    well &= (two < 0) | (tables.near(one, two) & (one != two))
    well &= (three < 0) | (tables.near(one, three) & tables.near(two, three) & (one != three) & (two != three))
    return np.asarray(well, bool)


def static_worth(tables: Tables, rows: NDArray[Any], drive: Ints, outsiders: NDArray[Any]) -> Ints:
    """Values less drive, extra areas and `outsiders`, jobs outside the region; what is kept of the plan in force comes
    on top."""
    one, two, three = (tables.area[rows[:, step]] for step in range(WIDTH))
    extra = ((two >= 0) & (two != one)).astype(np.int32) + ((three >= 0) & (three != one) & (three != two))
    weights = tables.world.weights
    worth = tables.value[rows].sum(1) - drive - weights.extra_area * extra
    return np.asarray(worth - weights.outside_region * outsiders, np.int32)


def _column(values: Iterable[int], count: int, last: int = 0) -> Ints:
    column = np.full(count + 1, last, np.int32)
    column[:count] = np.fromiter(values, np.int32, count)
    return column


def _codes(names: Iterable[str]) -> Ints:
    known: dict[str, int] = {}
    codes = [known.setdefault(name, len(known)) for name in names]
    return _column(codes, len(codes), -1)


def _fit(world: World, jobs: list[Job], first: Ints | None, last: Ints | None) -> Flags:
    """[job, day]: place, material, the other visit, weather, promise and pin allow it."""
    fit = np.zeros((len(jobs) + 1, len(world.days)), bool)
    fit[-1] = True
    known = [_is_known(world, job.place) for job in jobs]
    for index, job in enumerate(jobs):
        opens = max(job.earliest, job.not_before, 0 if first is None else int(first[index]))
        fit[index, opens : None if last is None else max(int(last[index]) + 1, 0)] = True
        if not known[index]:
            fit[index] = False
        fit[index, [day for day in job.unfit if 0 <= day < len(world.days)]] = False
        for fixed in (job.promise and job.promise[0], job.pin and job.pin[1]):
            if fixed is not None:
                fit[index] &= np.arange(len(world.days)) == fixed
    return fit
