"""Large neighbourhood search: a plan too large for one problem, improved part by part."""

from dataclasses import dataclass
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.around import Surroundings
from domain.planning.solver.crew import Answer, Crew, Order
from domain.planning.solver.proof import Proof
from domain.planning.solver.run import Run

_COLD, _WARM = (20.0, 13.0, 9.0, 6.0), (7.0, 5.0, 3.5)
_FULL = (20.0, 13.0, 9.0, 6.0, 4.0, 3.0)
_PROVING, _LEAST_PROVING, _LAST_SECONDS = 0.75, 150.0, 5.0
"""Share of a run in which a bound is sought, from how many seconds on, and what it may take to end."""
_PART_SECONDS = 8.0
_ROUND, _SCATTERED = 0.8, 90
"""Share of the team-days that were seen once before parts are drawn from everywhere, and their team-days."""


@dataclass
class Guess:
    """What is known of the prices: those of the last part that each job and team-day was in."""

    jobs: NDArray[np.float64]
    days: NDArray[np.float64]
    met: NDArray[np.bool_]

    @classmethod
    def of(cls, run: Run) -> "Guess":
        board = run.board
        value = board.tables.value[:-1].astype(float)
        jobs = np.where(board.tables.held[:-1], 0.0, 0.4 * value)
        charge = np.append(jobs, 0.0)[board.rows].sum(1)
        busy = board.rows[:, 0] >= 0
        days = np.where(busy, np.maximum(board.worth - charge, 0), 300.0)
        return cls(jobs, days.astype(float), np.zeros(len(board.rows), bool))

    def learn(self, order: Order, answer: Answer) -> None:
        self.jobs[answer.jobs] = answer.prices
        self.days[order.task.team_days] = answer.days
        self.met[order.task.team_days] = True


class Search:
    def __init__(self, run: Run, workers: int):
        self.run, self.guess = run, Guess.of(run)
        self.around = Surroundings(run.board, run.seed)
        self.crew = Crew(run.board, workers)
        self.turns = 0
        tables, world = run.board.tables, run.world
        bases = [each.leaves_from for each in world.team_days]
        self.far = world.drive[bases][:, tables.place[:-1]].mean(0)
        """Minutes from where teams start."""

    def improve(self, until: float, *, prove: bool = False) -> None:
        """Part after part until then, or until the run is stopped. `prove`: with time for it, a bound too."""
        starts = until - _PROVING * (until - monotonic())
        proof: Proof | None = None
        prove = prove and until - starts > _LEAST_PROVING
        try:
            while monotonic() < until and not self.run.is_over() and not self.crew.is_gone():
                if prove and proof is None and monotonic() > starts:
                    proof = Proof(self.run, self.guess.jobs.copy(), self.guess.days.copy())
                    proof.start()
                while self.crew.wants() and self._give(until):
                    pass
                for order, answer in self.crew.finished(min(until, monotonic() + 0.5)):
                    if answer is not None:
                        self.guess.learn(order, answer)
                        self.run.take(answer.routes)
        finally:
            self.crew.dismiss()
            if proof is not None:
                proof.join(_LAST_SECONDS)

    def _give(self, until: float) -> bool:
        run, busy = self.run, [order.task for order in self.crew.orders()]
        tables = run.board.tables
        worth = tables.value[:-1] - self.guess.jobs - 0.5 * tables.minutes[:-1] + 1e6 * tables.held[:-1]
        size = int(self.around.random.integers(28, 49))
        if self.guess.met.mean() > _ROUND and self.turns % 3:
            wide = worth - self.far
            is_day = self.turns % 3 == 1
            many = 5 * _SCATTERED
            task = self.around.of_one_day(many, wide, busy) if is_day else None
            task = task or self.around.scattered(_SCATTERED, many, wide, busy)
            temperatures: tuple[float, ...] = _FULL
        else:
            task = self.around.task(size, 6 * size, worth, busy)
            is_warm = task is not None and self.guess.met[task.team_days].mean() > 0.7
            temperatures = _WARM if is_warm else _COLD
        if task is None:
            return False
        self.turns += 1
        ends = min(until, monotonic() + _PART_SECONDS)
        rows, jobs, days = run.board.rows.copy(), self.guess.jobs.copy(), self.guess.days.copy()
        self.crew.give(Order(task, rows, jobs, days, temperatures, ends, run.seed + self.turns, 4000, 40.0))
        return True
