"""What every peer reads and writes; needs nothing but NumPy."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DAY = 1440
Matrix = NDArray[np.int32]
Routes = dict[int, list[int]]
"""Jobs in order by vehicle."""


@dataclass(frozen=True)
class Problem:
    vehicles: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    days: int
    skills: int
    drive: Matrix
    cost: Matrix
    outside: Matrix

    @classmethod
    def read(cls, directory: Path) -> "Problem":
        problem = json.loads((directory / "problem.json").read_text())
        matrices = {name: np.load(directory / f"{name}.npy") for name in ("drive", "cost", "outside")}
        return cls(**problem, **matrices)

    @property
    def open_jobs(self) -> list[int]:
        """Those that may be done on some day."""
        return [index for index, job in enumerate(self.jobs) if job["days"]]

    def cost_in(self, region: int) -> Matrix:
        """Of every leg to a team of the region."""
        cost = self.cost + self.outside[region]
        np.fill_diagonal(cost, 0)
        return cost


@dataclass(frozen=True)
class Found:
    """A plan, and after how many seconds it was there."""

    seconds: float
    routes: Routes


Solve = Callable[[Problem, Sequence[float], Callable[[], float]], list[Found]]
"""Budgets in seconds, ascending; the clock says how long it has been searching (0 until its model stands)."""


class Clock:
    """Building the model is free: it runs from `start`."""

    def __init__(self) -> None:
        self._began: float | None = None

    def start(self) -> None:
        self._began = time.monotonic()

    def __call__(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began


def main(solve: Callable[[Problem, list[float], Clock], list[Found]]) -> None:
    """Arguments: the directory of the problem, where to write to, the budgets."""
    directory, output, *budgets = sys.argv[1:]
    found = solve(Problem.read(Path(directory)), [float(budget) for budget in budgets], Clock())
    written = [{"seconds": each.seconds, "routes": list(each.routes.items())} for each in found]
    Path(output).write_text(json.dumps(written))
