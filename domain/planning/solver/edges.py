"""Pairs of jobs that may follow one another, for one shape: the static half of pricing.

A route i, j, k is seen from its middle j: a leg in (i to j) and a leg out (j to k). What a leg in leaves of the day
bounds how long k may take, so legs out are sorted by the length of their job. Costs count half of the price of an
extra area per leg, which is never more than the route pays.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.problem import Yard
from domain.planning.solver.tables import WIDTH, Flags, Ints, Shape, Tables

_ROWS = 512
BUCKETS = 12
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Neighbours:
    """For each job, in order, the jobs within reach by the length of their work: `other[start[j]:start[j + 1]]`."""

    start: Index
    other: Ints
    steps: Ints
    """Least minutes of each bucket of lengths."""


def neighbours(tables: Tables, jobs: Index) -> Neighbours:
    """Among `jobs`; the rest have none."""
    order = jobs[np.argsort(tables.minutes[jobs], kind="stable")]
    lists: list[Ints] = [np.zeros(0, np.int32)] * tables.size
    for base in range(0, len(jobs), _ROWS):
        rows = jobs[base : base + _ROWS]
        close = tables.near(rows[:, None], order[None]) & tables.near(order[None], rows[:, None])
        close &= rows[:, None] != order[None]
        only = tables.only_day
        close &= (only[rows, None] < 0) | (only[order] < 0) | (only[rows, None] == only[order])
        for job, flags in zip(rows, close, strict=True):
            lists[job] = order[flags].astype(np.int32)
    start = np.concatenate([[0], np.cumsum([len(each) for each in lists])]).astype(np.intp)
    lengths = np.unique(tables.minutes[jobs])
    steps = lengths[np.unique(np.linspace(0, max(len(lengths) - 1, 0), min(BUCKETS, len(lengths))).astype(int))]
    return Neighbours(start, np.concatenate(lists) if lists else np.zeros(0, np.int32), steps)


@dataclass(frozen=True)
class Legs:
    """Legs of one direction, sorted by the middle job. `cost` is twice what the leg costs."""

    start: Index
    other: Ints
    cost: NDArray[np.int16]
    bucket: NDArray[np.int8]
    """Leg in: the last bucket that k may be of, 0 if there is no time for a third. Leg out: the bucket of k, from 1."""


@dataclass(frozen=True)
class Edges:
    first: Flags
    """Can begin a route."""
    lead: Ints
    home: Ints
    ins: Legs
    outs: Legs
    buckets: int


def edges(yard: Yard, near: Neighbours) -> Edges:
    """The legs that a team of this yard has time for, between jobs that it may do on any day."""
    return legs(yard.tables, yard.shape, near, np.asarray(yard.allowed.any(1)))


def legs(tables: Tables, shape: Shape, near: Neighbours, usable: Flags) -> Edges:
    """The legs between `usable` jobs that a team of this shape has time for."""
    place, drive = tables.place[:-1], tables.world.drive
    lead, home = drive[shape.leaves_from, place], drive[place, shape.returns_to]
    every = np.arange(tables.size)
    starts, _, in_time = tables.begin((shape.start + lead).astype(np.int32), every)
    done, first = starts + tables.minutes[:-1], in_time & usable[:-1]
    middle = np.repeat(every, np.diff(near.start)).astype(np.int32)
    kept = usable[near.other] & usable[middle]
    other, middle = near.other[kept], middle[kept]
    areas = np.where(tables.area[other] != tables.area[middle], int(tables.world.weights.extra_area), 0)
    ins, least = _ins(tables, shape, (other, middle, areas), (done, first, home), near.steps)
    outs = _outs(tables, shape, (other, middle, areas), least, home, near.steps)
    return Edges(first, lead, home, ins, outs, max(len(near.steps), 1))


def _ins(tables: Tables, shape: Shape, some: Any, ends: Any, steps: Ints) -> tuple[Legs, Ints]:
    """Legs in, and when the work at each middle job can be done at the earliest."""
    (other, middle, areas), (done, first, home) = some, ends
    leg = tables.world.drive[tables.place[other], tables.place[middle]]
    starts, _, in_time = tables.begin(done[other] + leg, middle)
    ready = starts + tables.minutes[middle]
    work = tables.minutes[other] + tables.minutes[middle]
    back = _return(tables, shape, some)
    well = in_time & first[other] & (ready + np.minimum(home, back)[middle] <= shape.end)
    well &= (work <= shape.most_minutes) & (shape.most_jobs > 1)
    least = np.full(tables.size, np.iinfo(np.int32).max // 2, np.int32)
    np.minimum.at(least, middle[well], ready[well])
    other, middle, ready, work = other[well], middle[well], ready[well], work[well]
    left = np.minimum(shape.most_minutes - work, shape.end - ready - back[middle])
    bucket = np.searchsorted(steps, left, side="right") if shape.most_jobs >= WIDTH else np.zeros(len(left))
    cost = (2 * leg[well] + areas[well]).astype(np.int16)
    return Legs(pointers(middle, tables.size), other, cost, bucket.astype(np.int8)), least


def _return(tables: Tables, shape: Shape, some: Any) -> Ints:
    """For each middle job, the least drive over one more job to the end."""
    other, middle, _ = some
    way = tables.world.drive[tables.place[middle], tables.place[other]]
    way = way + tables.world.drive[tables.place[other], shape.returns_to]
    least = np.full(tables.size, np.iinfo(np.int32).max // 2, np.int32)
    np.minimum.at(least, middle, way.astype(np.int32))
    return least


def _outs(tables: Tables, shape: Shape, some: Any, least: Ints, home: Ints, steps: Ints) -> Legs:
    other, middle, areas = some
    leg = tables.world.drive[tables.place[middle], tables.place[other]]
    starts, _, in_time = tables.begin(least[middle] + leg, other)
    well = in_time & (starts + tables.minutes[other] + home[other] <= shape.end)
    other, middle = other[well], middle[well]
    bucket = np.searchsorted(steps, tables.minutes[other], side="right")
    cost = (2 * leg[well] + areas[well]).astype(np.int16)
    return Legs(pointers(middle, tables.size), other, cost, bucket.astype(np.int8))


def pointers(middle: NDArray[Any], size: int) -> Index:
    return np.concatenate([[0], np.cumsum(np.bincount(middle, minlength=size))]).astype(np.intp)
