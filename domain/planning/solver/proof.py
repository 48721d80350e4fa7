"""A proven bound for a plan too large for one problem.

The same column generation over the whole world, but without legs of its own for each shape, which would be too much
memory: all shapes that leave from and return to the same places share the legs of their hull, a shape that starts as
early, ends as late and holds as much as any of them. It allows more than each, so what is sieved from it is enough.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.board import Board
from domain.planning.solver.duals import Duals
from domain.planning.solver.edges import Edges, legs, neighbours
from domain.planning.solver.part import Part
from domain.planning.solver.pricing import Priced, Pricer, sifted
from domain.planning.solver.problem import Prices, Problem, Yard
from domain.planning.solver.relaxation import Relaxation
from domain.planning.solver.run import Run
from domain.planning.solver.tables import Shape, placeable

_TEMPERATURES = (20.0, 15.0, 11.0, 8.0, 6.0, 4.5, 3.5, 2.8, 2.2, 1.8, 1.5, 1.2, 1.0, 1.0, 1.0)
_LEGS, _MANY = 100, 15
_SIMILAR = 60.0
"""Minutes by which the prices of class-days may differ that are sieved together."""


def hull(shapes: list[Shape]) -> Shape:
    """A shape that allows what any of them allows; its skills and regions are nobody's."""
    return replace(
        shapes[0],
        start=min(shape.start for shape in shapes),
        end=max(shape.end for shape in shapes),
        most_jobs=max(shape.most_jobs for shape in shapes),
        most_minutes=max(shape.most_minutes for shape in shapes),
    )


def shared_pricers(problem: Problem) -> list[Pricer]:
    """Of each yard, with legs that are shared between those of one base."""
    tables = problem.tables
    near = neighbours(tables, np.arange(tables.size))
    bases: dict[tuple[int, int], list[Yard]] = defaultdict(list)
    for yard in problem.yards:
        bases[yard.shape.leaves_from, yard.shape.returns_to].append(yard)
    pricers = []
    for yards in bases.values():
        usable = np.logical_or.reduce([yard.allowed.any(1) for yard in yards])
        common: Edges = legs(tables, hull([yard.shape for yard in yards]), near, usable)
        pricers += [Pricer(yard, common) for yard in yards]
    return pricers


class SharedRelaxation(Relaxation):
    """Column generation over legs in common; while much is to be found, only what is worth most is looked for."""

    above = 300.0

    def _met(self, best: NDArray[np.float64], fresh: int) -> None:
        many = fresh > _MANY * len(self.problem.days)
        self.above = 0.4 * float(np.median(best)) if many else 0.0

    def _pricers(self) -> list[Pricer]:
        return shared_pricers(self.problem)

    def _priced(self, prices: Prices, most: int, above: float) -> Iterator[tuple[Pricer, Priced]]:
        for together in self._clusters(prices):
            among = sifted(together, prices, above)
            for pricer in together:
                yield pricer, pricer.price(prices, most=most, above=above, among=among)

    def _clusters(self, prices: Prices) -> list[list[Pricer]]:
        """Yards of the same legs and regions whose least prices are alike."""
        clusters: dict[tuple[int, tuple[str, ...], int], list[Pricer]] = defaultdict(list)
        for pricer in self.pricers:
            level = int(prices.days[pricer.yard.numbers].min() // _SIMILAR)
            clusters[id(pricer.edges), pricer.yard.shape.areas, level].append(pricer)
        return list(clusters.values())


class Proof(Thread):
    """A bound sought beside the search, in a thread: NumPy leaves the interpreter to others while it counts."""

    def __init__(self, run: Run, jobs: NDArray[np.float64], days: NDArray[np.float64]):
        """From these prices of jobs and team-days."""
        super().__init__(daemon=True)
        self.run_of, self.jobs, self.days = run, jobs, days
        self.board = Board(run.world)
        self.board.show(run.board.rows)

    def run(self) -> None:
        run, board = self.run_of, self.board
        part = Part(board, np.arange(len(board.rows)), placeable(run.world).tolist())
        orders = np.zeros((len(part.problem.pairs), len(run.world.days)))
        days = np.array([self.days[list(day.members)].mean() for day in part.days])
        relaxation = SharedRelaxation(part.problem, Duals(self.jobs[part.ids], orders), days, legs=_LEGS)
        part.keep_now(relaxation)
        for temperature in _TEMPERATURES:
            relaxation.descend(run.until, run.is_over, (temperature,), 40)
            if np.isfinite(relaxation.bound):
                run.bound = relaxation.bound - part.excess()
            if run.is_over():
                return
