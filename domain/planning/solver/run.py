"""A planning run from start to its best plan."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from domain.planning.solver.board import Board
from domain.planning.solver.greedy import fill, start
from domain.planning.solver.part import Routes
from domain.planning.world import Solution, World


@dataclass(frozen=True, slots=True)
class Progress:
    seconds: float
    """Since the start."""
    value: int
    bound: float | None
    placed: int
    of: int


OnProgress = Callable[[Progress], bool]


class Run:
    """The best plan so far, until when to look for a better one, and who is told of it."""

    def __init__(self, world: World, seconds: float, seed: int, on_progress: OnProgress | None):
        self.world, self.seed, self.on_progress = world, seed, on_progress
        self.began = monotonic()
        self.until = self.began + seconds
        self.stopped = False
        self.bound: float | None = None
        self.board = start(world)
        fill(self.board, self.until)
        self.tell()

    @property
    def value(self) -> int:
        return int(self.board.worth.sum())

    def is_over(self) -> bool:
        return self.stopped or monotonic() >= self.until

    def tell(self) -> bool:
        """Report the plan so far; whether to go on."""
        if self.on_progress is not None and not self.stopped:
            value, placed = int(self.board.worth.sum()), int((self.board.at[:-1] >= 0).sum())
            seconds = monotonic() - self.began
            self.stopped = not self.on_progress(Progress(seconds, value, self.bound, placed, len(self.world.jobs)))
        return not self.stopped

    def take(self, routes: Routes) -> bool:
        """Make these part of the plan if that is better; whether to go on."""
        board, before = self.board, self._rank()
        old = [(at, board.jobs_of(at)) for at, _ in routes]
        board.apply(routes)
        if self._rank() <= before:
            board.apply(old)
            return not self.stopped
        return self.tell()

    def _rank(self) -> tuple[int, int]:
        """Promises and pins kept, then value."""
        placed, hard = self.board.at[:-1] >= 0, self.board.tables.held[:-1]
        return int((placed & hard).sum()), int(self.board.worth.sum())

    def solution(self) -> Solution:
        return replace(self.board.solution(**figures(self.board)), bound=self.bound)


def figures(board: Board) -> dict[str, Any]:
    """Promises and pins that are not kept, jobs placed."""
    broken = [index for index, job in enumerate(board.world.jobs) if job.promise and board.at[index] < 0]
    unpinned = [index for index, job in enumerate(board.world.jobs) if job.pin and board.at[index] < 0]
    return {"broken": broken, "unpinned": unpinned, "placed": int((board.at[:-1] >= 0).sum())}
