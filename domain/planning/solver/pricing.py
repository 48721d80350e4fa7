"""Routes of positive reduced worth for the class-days of one shape, and what those left unseen can be worth at most.

Twice the same sieve over legs. First for all class-days at once, each job with the best profit that any of them gives
it: the excess of a class-day's price over `level`, the least of them, is shared by the at most three jobs of a route,
so that a route's profits sum to at least its reduced worth plus `level`. Then for each class-day, among the legs left,
with its own profits. A leg in (i to j) is kept while the best third job that has time after it could lift the route
over the price: an upper estimate, since distance between i and k, the exact times and the whole price of extra areas
are looked at only for complete routes.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.edges import Edges, Legs, pointers
from domain.planning.solver.problem import Columns, Prices, Yard
from domain.planning.solver.tables import WIDTH, Floats

_LOW = np.float32(-1e8)
_EPSILON = 0.02
"""Rounding of the scores in float32; added to what is claimed of unseen routes."""
_CHUNK = 400_000
_PER_LEG = 12
"""Routes kept, for each leg in that was asked for."""
Index = NDArray[np.intp]
Rows = NDArray[Any]


@dataclass(frozen=True)
class Priced:
    columns: Columns
    unseen: NDArray[np.float64]
    """Of each class-day of the yard: no route that is not among `columns` has a higher reduced worth in it."""


@dataclass(frozen=True)
class Sieve:
    """Some legs in and out of the same middle jobs."""

    ins: Legs
    outs: Legs

    def middles(self) -> tuple[Index, Index]:
        every = np.arange(len(self.ins.start) - 1)
        return np.repeat(every, np.diff(self.ins.start)), np.repeat(every, np.diff(self.outs.start))


@dataclass(frozen=True)
class _Scores:
    into: Floats
    """Of each leg in, with both its jobs."""
    pair: Floats
    """The same, driven home."""
    hope: Floats
    """The same, with the best third job; at least `pair`."""
    outward: Floats
    """Of each leg out, driven home."""


class Pricer:
    def __init__(self, yard: Yard, legs: Edges):
        self.yard, self.tables, self.edges = yard, yard.tables, legs
        self._base = self.tables.value - self.tables.world.weights.outside_region * yard.outside

    def every(self) -> Sieve:
        """All legs."""
        return Sieve(self.edges.ins, self.edges.outs)

    def price(self, prices: Prices, *, most: int, above: float = 0.0, among: Sieve | None = None) -> Priced:
        """Routes of reduced worth over `above`: the best ones, from about `most` legs in per class-day."""
        days, gains = prices.days[self.yard.numbers], self._gains(prices)
        best, level = self._best_gains(gains, days)
        sieve = self._sifted(among or self.every(), best, level + above)
        found, unseen = [np.zeros((0, WIDTH), np.int64)], np.full(len(days), above)
        for number, price in enumerate(days):
            rows, left = self._of_day(sieve, gains[:, number], price + above, most)
            found.append(rows)
            unseen[number] = max(left - price, above) + _EPSILON
        return Priced(self.yard.columns(_unique(np.concatenate(found), self.tables.size)), unseen)

    def _best_gains(self, gains: Floats, days: NDArray[np.float64]) -> tuple[Floats, float]:
        level = float(days.min())
        return (gains - ((days - level) / WIDTH).astype(np.float32)).max(1), level

    def _gains(self, prices: Prices) -> Floats:
        """[job, class-day]: what a job adds to the reduced worth at best."""
        yard = self.yard
        gains = self._base[:, None] + yard.stay - prices.jobs[:, yard.when]
        return np.where(yard.allowed, gains, _LOW).astype(np.float32)[:-1]

    def _sifted(self, sieve: Sieve, gain: Floats, threshold: float) -> Sieve:
        scores = self._scores(sieve, gain)
        of_ins, of_outs = sieve.middles()
        best = np.full(self.tables.size, _LOW, np.float32)
        begins, filled = sieve.ins.start[:-1], np.diff(sieve.ins.start) > 0
        if filled.any():
            best[filled] = np.maximum.reduceat(scores.into, begins[filled])
        ins = np.flatnonzero(scores.hope > threshold)
        outs = np.flatnonzero(scores.outward + best[of_outs] > threshold)
        size = self.tables.size
        return Sieve(_some(sieve.ins, ins, of_ins, size), _some(sieve.outs, outs, of_outs, size))

    def _scores(self, sieve: Sieve, gain: Floats) -> _Scores:
        ins, outs, edges = sieve.ins, sieve.outs, self.edges
        starts = np.where(edges.first, gain - edges.lead, _LOW).astype(np.float32)
        ends = (gain - edges.home).astype(np.float32)
        counts = np.diff(ins.start)
        into = starts[ins.other] - np.float32(0.5) * ins.cost + np.repeat(gain, counts)
        pair = into - np.repeat(edges.home.astype(np.float32), counts)
        outward = ends[outs.other] - np.float32(0.5) * outs.cost
        reach = self._reach(outs, outward)
        middle = np.repeat(np.arange(self.tables.size) * reach.shape[1], counts)
        hope = into + reach.reshape(-1)[middle + ins.bucket]
        return _Scores(into, pair, np.maximum(pair, hope), outward)

    def _reach(self, outs: Legs, outward: Floats) -> Floats:
        """[middle job, bucket + 1]: the best leg out to a job up to each bucket; the first column stands for none."""
        width = self.edges.buckets + 1
        reach = np.full((self.tables.size, width), _LOW, np.float32)
        if len(outward):
            group = np.repeat(np.arange(self.tables.size) * width, np.diff(outs.start)) + outs.bucket
            begins = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
            reach.reshape(-1)[group[begins]] = np.maximum.reduceat(outward, begins)
        return np.asarray(np.maximum.accumulate(reach, axis=1), np.float32)

    def _of_day(self, sieve: Sieve, gain: Floats, threshold: float, most: int) -> tuple[Rows, float]:
        """Routes above the threshold, and the best that those left out may be."""
        scores = self._scores(sieve, gain)
        of_ins, _ = sieve.middles()
        chosen, left = _best(scores.hope, of_ins, threshold, most)
        alone = np.flatnonzero(self.edges.first & (gain - self.edges.lead - self.edges.home > threshold))
        twos = chosen[scores.pair[chosen] > threshold]
        rows = [_rows(alone), _rows(sieve.ins.other[twos], of_ins[twos])]
        triples, missed = self._triples(sieve, chosen, of_ins, scores, threshold, _PER_LEG * most)
        return np.concatenate([*rows, triples]), max(left, missed)

    def _triples(
        self, sieve: Sieve, legs: Index, middle: Index, scores: _Scores, threshold: float, most: int
    ) -> tuple[Rows, float]:
        """The `most` best routes over these legs in whose score is above the threshold and whose ends are near each
        other, and the score of the best one left out."""
        ins, outs = sieve.ins, sieve.outs
        begins = outs.start[middle[legs]]
        lengths = outs.start[middle[legs] + 1] - begins
        found, scored = [np.zeros((0, WIDTH), np.int64)], [np.zeros(0, np.float32)]
        for part in _parts(lengths):
            leg, counts = legs[part], lengths[part]
            source = np.repeat(leg, counts)
            target = np.arange(len(source)) + np.repeat(begins[part] - (np.cumsum(counts) - counts), counts)
            score = scores.into[source] + scores.outward[target]
            well = (score > threshold) & (outs.bucket[target] <= ins.bucket[source])
            source, target, score = source[well], target[well], score[well]
            one, two, three = ins.other[source], middle[source], outs.other[target]
            near = (one != three) & self.tables.near(one, three)
            found.append(_rows(one[near], two[near], three[near]))
            scored.append(score[near])
        return _highest(np.concatenate(found), np.concatenate(scored), most, threshold)


def sifted(pricers: list[Pricer], prices: Prices, above: float) -> Sieve:
    """The legs of their common edges that any of these may need: the same sieve for several shapes at once."""
    best, level = np.full(pricers[0].tables.size, _LOW, np.float32), np.inf
    for pricer in pricers:
        gain, price = pricer._best_gains(pricer._gains(prices), prices.days[pricer.yard.numbers])
        lower = min(level, price)
        best -= np.float32((level - lower) / WIDTH if np.isfinite(level) else 0.0)
        best = np.maximum(best, gain - np.float32((price - lower) / WIDTH))
        level = lower
    return pricers[0]._sifted(pricers[0].every(), best, level + above)


def _rows(*jobs: NDArray[Any]) -> Rows:
    empty = [np.full(len(jobs[0]), -1, np.int64)] * (WIDTH - len(jobs))
    return np.stack([*(each.astype(np.int64) for each in jobs), *empty], axis=1)


def _highest(rows: Rows, scores: Floats, most: int, threshold: float) -> tuple[Rows, float]:
    if len(rows) <= most:
        return rows, threshold
    order = np.argpartition(-scores, most)
    return rows[order[:most]], float(scores[order[most]])


def _unique(rows: Rows, size: int) -> Rows:
    wide = rows + 1
    base = size + 1
    _, first = np.unique((wide[:, 0] * base + wide[:, 1]) * base + wide[:, 2], return_index=True)
    return rows[first]


def _some(legs: Legs, chosen: Index, middle: Index, size: int) -> Legs:
    start = pointers(middle[chosen], size)
    return Legs(start, legs.other[chosen], legs.cost[chosen], legs.bucket[chosen])


def _best(hope: Floats, middle: Index, threshold: float, most: int) -> tuple[Index, float]:
    """The most hopeful legs in, spread over middle jobs, and the hope of the best one left out."""
    legs = np.flatnonzero(hope > threshold)
    if len(legs) <= most:
        return legs, threshold
    hopes = hope[legs]
    groups = middle[legs]
    begins = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
    taken = hopes == np.repeat(np.maximum.reduceat(hopes, begins), np.diff(np.append(begins, len(legs))))
    taken[np.argpartition(-hopes, most)[:most]] = True
    return legs[taken], float(hopes[~taken].max(initial=threshold))


def _parts(lengths: NDArray[Any]) -> list[slice]:
    """Slices whose lengths sum to about `_CHUNK` each."""
    ends = np.cumsum(lengths)
    cuts = [0, *np.searchsorted(ends, np.arange(_CHUNK, int(ends[-1]) if len(ends) else 0, _CHUNK)), len(lengths)]
    return [slice(one, other) for one, other in pairwise(cuts) if other > one]
