"""The two ways to a plan."""

from domain.planning.solver.greedy import fill, start
from domain.planning.solver.run import OnProgress, Run, figures
from domain.planning.solver.search import Search
from domain.planning.solver.whole import at_once
from domain.planning.world import Solution, World

AT_ONCE = 150
"""Team-days that are solved as one problem."""


def solve(
    world: World,
    *,
    seconds: float,
    seed: int = 0,
    workers: int = 2,
    bound: bool = True,
    on_progress: OnProgress | None = None,
) -> Solution:
    """The best plan found in `seconds`; blocks. Deterministic for a seed where time does not cut it short."""
    run = Run(world, seconds, seed, on_progress)
    if world.team_days and world.jobs and not run.is_over():
        if len(world.team_days) <= AT_ONCE:
            at_once(run)
        else:
            Search(run, workers).improve(run.until, prove=bound)
    return run.solution()


def greedy(world: World) -> Solution:
    """A plan within a second or two: the plan in force, promises first, then the best insertions."""
    board = start(world)
    fill(board)
    return board.solution(**figures(board))
