"""Promises that one insertion after the other has no place for: their days are packed anew, all at once."""

from dataclasses import replace

import numpy as np

from domain.planning.repair import repair_day
from domain.planning.solver.board import Board
from domain.planning.solver.tables import has_place

_SECONDS = 0.5
"""For one day."""


def keep(board: Board, needed: set[int]) -> bool:
    """Give each day with a promise that is nowhere the routes that keep the most; `needed` are the jobs that take part.

    Others lose their place on such a day where that keeps a promise more. Whether anything changed.
    """
    lost: dict[int, list[int]] = {}
    for index, job in enumerate(board.world.jobs):
        if job.promise and board.at[index] < 0 and has_place(board.world, index) and board.open_to(index).any():
            lost.setdefault(job.promise[0], []).append(index)
    return any([_packed(board, day, jobs, needed) for day, jobs in sorted(lost.items())])


def _packed(board: Board, day: int, lost: list[int], needed: set[int]) -> bool:
    world, here = board.world, [int(at) for at in np.flatnonzero(board.day == day)]
    placed = [job for at in here for job in board.jobs_of(at) if job in needed]
    jobs = sorted({*placed, *lost})
    alone = replace(world, jobs=tuple(replace(world.jobs[job], after=None) for job in jobs))
    plan = repair_day(alone, day, _SECONDS, jobs=range(len(jobs)))
    if plan.figures["kept"] <= sum(world.jobs[job].promise is not None for job in placed):
        return False
    routes = {route.team: [jobs[stop.job] for stop in route.stops] for route in plan.routes}
    board.apply((at, routes.get(int(board.team[at]), [])) for at in here)
    return True
