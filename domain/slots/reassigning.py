"""A place where there seems to be none: stops of the day change teams, each in its own block, until the visit fits.

A visit takes the place of a stop; that stop goes to another team as it is, or in the place of a stop that in turn goes
to a third team. Every team-day is changed once, so each step is judged by the evaluation alone. The work is bounded by
the number of alternatives that are followed, not by what is found.
"""

from dataclasses import dataclass

import numpy as np

from domain.planning.evaluate import Evaluation
from domain.slots.board import DayBoard, Step, Stop, block_number


@dataclass(frozen=True, slots=True)
class Breadth:
    """How many alternatives are followed: for the visit, and for each stop that it moves."""

    first: int = 6
    second: int = 4


OFFERING, BOOKING = Breadth(), Breadth(24, 12)
"""An offer has to be quick; who books gets the longer search, so that what was offered is found again."""


def reassigned(board: DayBoard, block: int, said: Evaluation, rows: slice, breadth: Breadth) -> tuple[Step, ...]:
    """Where the visit goes, then where each moved stop goes; empty where no way was found.

    `said`: the visit as evaluated on rows among which `rows` are those of `board.lacking`.
    """
    lacking = board.lacking
    for row in _best(said, block, rows, breadth.first):
        at, stop = lacking.team_day[row], lacking.stop[row]
        if rest := _away(board, stop, at, breadth.second):
            return (Step(at, int(said.position[block, rows.start + row]), stop), *rest)
    return ()


def _away(board: DayBoard, stop: Stop, at: int, breadth: int) -> tuple[Step, ...]:
    """How a stop leaves its team-day: to one as it is, else in exchange with a third; remembered with the day."""
    key = (stop.visit_id, breadth)
    if key not in board.ways:
        board.ways[key] = _way(board, stop, at, breadth)
    return board.ways[key]


def _way(board: DayBoard, stop: Stop, at: int, breadth: int) -> tuple[Step, ...]:
    if (direct := _to(board, stop, {at})) is not None:
        return (direct,)
    said, lacking, block = board.instead(stop), board.lacking, block_number(stop.block)
    for row in _best(said, block, slice(0, len(lacking.stop)), breadth):
        other, moved = lacking.team_day[row], lacking.stop[row]
        if other != at and (last := _to(board, moved, {at, other})) is not None:
            return Step(other, int(said.position[block, row]), moved), last
    return ()


def _to(board: DayBoard, stop: Stop, but: set[int]) -> Step | None:
    """The team-day that takes a stop with the least driving, others than these."""
    said, block = board.elsewhere(stop), block_number(stop.block)
    free = [int(number) for number in np.flatnonzero(said.blocked[block] == 0) if int(number) not in but]
    if not free:
        return None
    best = min(free, key=lambda number: (int(said.drive[block, number]), number))
    return Step(best, int(said.position[block, best]))


def _best(said: Evaluation, block: int, rows: slice, most: int) -> list[int]:
    """Rows that fit, counted from the first of `rows`, the least driving first."""
    found = np.flatnonzero(said.blocked[block, rows] == 0)
    return [int(row) for row in found[np.argsort(said.drive[block, rows][found], kind="stable")][:most]]


def placed(board: DayBoard, visit: Stop, steps: tuple[Step, ...]) -> dict[int, list[Stop]]:
    """The team-days that change, with their new stops in order; `steps` as from `reassigned`, or one alone."""
    moving, found = visit, {}
    for step in steps:
        stops = [stop for stop in board.stops[step.number] if stop is not step.out]
        stops.insert(step.position, moving)
        found[step.number] = stops
        if step.out is None:
            return found
        moving = step.out
    raise ValueError("the last step leaves a stop without a team")
