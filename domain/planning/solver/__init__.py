"""Plans near the optimum: set packing over the routes of team-days."""

from domain.planning.solver.entry import greedy, solve
from domain.planning.solver.run import Progress

__all__ = ["Progress", "greedy", "solve"]
