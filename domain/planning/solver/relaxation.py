"""Column generation: prices, bound and columns of a problem."""

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.duals import Duals, Smoothing, bound
from domain.planning.solver.edges import edges, neighbours
from domain.planning.solver.pool import Pool, promising
from domain.planning.solver.pricing import Priced, Pricer
from domain.planning.solver.problem import Prices, Problem

Stop = Callable[[], bool]
_ENOUGH = 40
"""New columns per class-day and round."""
_COLD, _CLOSE = 1.5, 1e-4
"""From this temperature on, if the bound is so near to the value over the known columns, and has come no nearer, there
is no more to be had."""


class Relaxation:
    above = 0.0
    """Reduced worth from which columns are looked for."""

    def __init__(
        self,
        problem: Problem,
        duals: Duals | None = None,
        days: NDArray[np.float64] | None = None,
        legs: int = 300,
    ):
        """`legs`: looked at per class-day when columns are sought; more may prove a bound sooner."""
        self.legs = legs
        self.problem, self.pool = problem, Pool(problem)
        self.pricers = self._pricers()
        self.smoothing = Smoothing(problem)
        self.duals = duals or Duals.guess(problem)
        self.days: NDArray[np.float64] = np.full(len(problem.days), 300.0) if days is None else days
        self.bound = float("inf")

    def _pricers(self) -> list[Pricer]:
        near = neighbours(self.problem.tables, np.arange(self.problem.tables.size))
        return [Pricer(yard, edges(yard, near)) for yard in self.problem.yards]

    def _priced(self, prices: Prices, most: int, above: float) -> Iterator[tuple[Pricer, Priced]]:
        for pricer in self.pricers:
            yield pricer, pricer.price(prices, most=most, above=above)

    @property
    def prices(self) -> Prices:
        return Prices(self.smoothing.charges(self.duals), self.days)

    def descend(self, until: float, stop: Stop, temperatures: tuple[float, ...], rounds: int = 60) -> None:
        """Lower the prices at each temperature in turn, meeting new columns after each."""
        for number, temperature in enumerate(temperatures):
            if monotonic() > until or stop():
                return
            if len(self.pool) > len(self.problem.days) or number:
                self.duals, self.days = self.smoothing.lowered(self.pool, self.duals, temperature, rounds)
            before = self.bound
            self._meet(until)
            if temperature <= _COLD and max(before - self.bound, self.bound - self._dual()) < _CLOSE * abs(self.bound):
                return

    def _dual(self) -> float:
        return bound(self.problem, self.duals, self.days)

    def _meet(self, until: float) -> None:
        """Price every class-day; where time lasts, this proves a bound."""
        prices, highest, before, above = self.prices, self.days.copy(), len(self.pool), self.above
        for pricer, priced in self._priced(prices, self.legs, above):
            if monotonic() > until:
                return
            best = np.maximum(priced.columns.reduced(prices).max(0, initial=0.0), priced.unseen)
            highest[pricer.yard.numbers] += best
            self.pool.add(*promising(priced.columns, prices, above + 0.01, _ENOUGH))
        self.bound = min(self.bound, bound(self.problem, self.duals, highest))
        self._met(highest - self.days, len(self.pool) - before)

    def _met(self, best: NDArray[np.float64], fresh: int) -> None:
        """What was best in each class-day, and how many columns were new."""

    def widen(self, below: float, most: int, until: float) -> None:
        """Meet the columns down to a reduced worth of `-below`."""
        prices = self.prices
        for _, priced in self._priced(prices, most, -below):
            if monotonic() > until:
                return
            self.pool.add(*promising(priced.columns, prices, -below, most))

    def best(self, most: int, below: float) -> NDArray[Any]:
        """The columns of highest reduced worth, at most so many, none of less than `-below`."""
        reduced = self.pool.reduced(self.prices)
        good = np.flatnonzero(reduced > -below)
        if len(good) > most:
            good = good[np.argsort(-reduced[good], kind="stable")[:most]]
        return good
