"""The best set of columns: CP-SAT over those of small reduced worth."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray
from ortools.sat.python import cp_model

from domain.planning.solver.pool import Pool

Found = Callable[[list[int]], bool]


class Choice:
    """Columns of a pool, of which a plan takes some."""

    def __init__(self, pool: Pool, columns: NDArray[Any], due: NDArray[Any]):
        """`due`: jobs that the plan has to place because it can."""
        self.pool, self.columns, self.model = pool, [int(column) for column in columns], cp_model.CpModel()
        self.taken = [self.model.new_bool_var("") for _ in self.columns]
        self.is_best = False
        """Whether the last answer is proven to be the best of these columns."""
        self._by_job: dict[int, list[tuple[Any, int]]] = defaultdict(list)
        self._group()
        goal = sum(round(float(pool.worth[c])) * x for c, x in zip(self.columns, self.taken, strict=True))
        self.model.maximize(goal)
        self._place({int(job) for job in due})
        self._order()

    def _group(self) -> None:
        pool = self.pool
        by_day: dict[int, list[Any]] = defaultdict(list)
        when = [each.day for each in pool.problem.days]
        rows, numbers = pool.rows[self.columns].tolist(), pool.days[self.columns].tolist()
        for taken, jobs, day in zip(self.taken, rows, numbers, strict=True):
            by_day[day].append(taken)
            for job in jobs:
                if job >= 0:
                    self._by_job[job].append((taken, when[day]))
        for day, some in by_day.items():
            count = int(pool.problem.counts[day])
            if count == 1:
                self.model.add_at_most_one(some)
            else:
                self.model.add(sum(some) <= count)

    def _place(self, due: set[int]) -> None:
        for job in range(self.pool.problem.tables.size):
            taken = [column for column, _ in self._by_job.get(job, ())]
            if job in due:
                self.model.add_exactly_one(taken)
            elif len(taken) > 1:
                self.model.add_at_most_one(taken)

    def _order(self) -> None:
        for pair in self.pool.problem.pairs:
            after, before = self._by_job.get(pair.after, []), self._by_job.get(pair.before, [])
            for day in sorted({day for _, day in after}):
                seconds = [taken for taken, when in after if when <= day]
                firsts = [taken for taken, when in before if when <= day - pair.gap]
                self.model.add(sum(seconds) <= sum(firsts))

    def best(self, hint: set[int], seconds: float, seed: int, found: Found | None = None) -> list[int] | None:
        """The columns of the best plan found; None if there was none in time. Sets `is_best`."""
        for column, taken in zip(self.columns, self.taken, strict=True):
            self.model.add_hint(taken, column in hint)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 2
        solver.parameters.random_seed = seed
        solver.parameters.max_time_in_seconds = max(seconds, 0.05)
        status = solver.solve(self.model, _Told(self, found) if found else None)
        self.is_best = status == cp_model.OPTIMAL
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        return [c for c, x in zip(self.columns, self.taken, strict=True) if solver.boolean_value(x)]


class _Told(cp_model.CpSolverSolutionCallback):
    def __init__(self, choice: Choice, found: Found):
        super().__init__()
        self._choice, self._found = choice, found

    def on_solution_callback(self) -> None:
        choice = self._choice
        columns = [c for c, x in zip(choice.columns, choice.taken, strict=True) if self.boolean_value(x)]
        if not self._found(columns):
            self.stop_search()
