"""Plans near the optimum: set packing over the routes of team-days."""

from domain.planning.solver.run import Progress, greedy, solve

__all__ = ["Progress", "greedy", "solve"]
