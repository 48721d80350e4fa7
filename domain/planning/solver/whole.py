"""A plan of up to some 150 team-days, solved as one problem."""

from math import isfinite

import numpy as np

from domain.planning.solver.part import Part
from domain.planning.solver.run import Run
from domain.planning.solver.tables import placeable

TEMPERATURES = (*(30 * 0.75**step for step in range(8)), *([3.0] * 6), 2.0, 1.4, 1.0, 1.0)
POLISHING = (4.0, 3.0, 2.0, 1.4, 1.0, 1.0)
WIDTHS = ((8_000, 60.0), (16_000, 90.0), (32_000, 150.0), (64_000, 300.0))
"""Columns to choose from, and how far below the price of their class-day they may be."""


def at_once(run: Run) -> None:
    part = Part(run.board, np.arange(len(run.world.team_days)), placeable(run.world).tolist())
    relaxation = part.relax(run.began + 0.4 * (run.until - run.began), run.is_over, TEMPERATURES)
    for most, below in WIDTHS:
        bound = relaxation.bound - part.excess()
        run.bound = bound if isfinite(bound) else None
        routes = part.choose(run.until, run.seed, most=most, below=below, found=run.take)
        if routes is not None:
            run.take(routes)
        gap = bound - run.value
        if run.is_over() or gap < 1 or (part.is_best and gap <= below):
            return
        relaxation.descend(run.until, run.is_over, POLISHING)
