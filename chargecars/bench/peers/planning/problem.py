"""What every peer reads and writes; needs nothing but NumPy."""

import json
import sys
import time
from collections.abc import Callable
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


class Clock:
    """Building the model is free: it runs from `start`, which also makes the file `began`."""

    def __init__(self, began: Path) -> None:
        self._file = began
        self._began: float | None = None

    def start(self) -> None:
        self._file.touch()
        self._began = time.monotonic()

    def __call__(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began


class Plans(list[Found]):
    """What was found; written at once, because a peer may be ended."""

    def __init__(self, output: Path) -> None:
        super().__init__()
        self._output = output

    def add(self, seconds: float, routes: Routes) -> None:
        self.append(Found(seconds, routes))
        written = [{"seconds": each.seconds, "routes": list(each.routes.items())} for each in self]
        made = self._output.with_suffix(".part")
        made.write_text(json.dumps(written))
        made.replace(self._output)


Search = Callable[[Problem, list[float], Clock, Plans], None]
"""Searches with budgets in seconds, ascending, and adds at least the best plan at the end of each."""


def main(search: Search) -> None:
    """Arguments: the directory of the problem, where to write to, the budgets."""
    directory, output, *budgets = sys.argv[1:]
    clock, plans = Clock(Path(output).with_suffix(".began")), Plans(Path(output))
    search(Problem.read(Path(directory)), [float(budget) for budget in budgets], clock, plans)
