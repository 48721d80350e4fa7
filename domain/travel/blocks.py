"""Which drives to ask a service for, in questions of limited size."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.travel.cells import NOWHERE, Cells, along_the_map, centres
from domain.travel.estimate import Kilometres, distances

REACH_KM = 60.0
"""Further apart, two places are never visited after each other: their drive is estimated, unless one is a hub."""

MOST_PATTERNS = 4
"""More, and one question about more than is wanted costs less than so many questions."""

Positions = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Block:
    """Origins and destinations of one question, as positions among the cells."""

    origins: Positions
    destinations: Positions
    kilometres: Kilometres
    """Great circle between their centres."""

    @property
    def size(self) -> int:
        return self.kilometres.size


@dataclass(frozen=True, slots=True)
class Grid:
    """Different cells of origins and of destinations, and which drives between them need not be asked."""

    origins: Cells
    destinations: Cells
    known: Mask

    @classmethod
    def of(cls, origins: Cells, destinations: Cells) -> "Grid":
        """With nothing known yet but what no service is asked."""
        nobody = (origins == NOWHERE)[:, None] | (destinations == NOWHERE)[None, :]
        return cls(origins, destinations, nobody | (origins[:, None] == destinations[None, :]))

    def blocks(self, side: int, hubs: Cells, most: int) -> list[Block]:
        """Questions of at most `side` x `side` and `most` drives in all, the nearest first."""
        found = sorted(self._blocks(side, hubs), key=lambda block: float(block.kilometres.min()))
        room = np.cumsum([block.size for block in found]) <= most
        return [block for block, fits in zip(found, room, strict=True) if fits]

    def _blocks(self, side: int, hubs: Cells) -> Iterator[Block]:
        rows, columns = along_the_map(self.origins), along_the_map(self.destinations)
        to, hub = centres(self.destinations), np.isin(self.destinations, hubs)
        for begin in range(0, len(rows), side):
            some = rows[begin : begin + side]
            kilometres = distances(centres(self.origins[some]), to)
            near = (kilometres <= REACH_KM) | hub[None, :] | np.isin(self.origins[some], hubs)[:, None]
            yield from _split(some, columns, near & ~self.known[some], kilometres, side)


def _split(some: Positions, columns: Positions, wanted: Mask, kilometres: Kilometres, side: int) -> Iterator[Block]:
    for begin in range(0, len(columns), side):
        others = columns[begin : begin + side]
        for rows, kept in _rectangles(wanted[:, others]):
            yield Block(some[rows], others[kept], kilometres[np.ix_(rows, others[kept])])


def _rectangles(wanted: Mask) -> Iterator[tuple[Positions, Positions]]:
    """Few rectangles over all that is wanted, and little else: a new place is a row and a column of its own."""
    rows, columns = np.flatnonzero(wanted.any(axis=1)), np.flatnonzero(wanted.any(axis=0))
    patterns, of_row = np.unique(wanted[rows], axis=0, return_inverse=True)
    if len(patterns) <= MOST_PATTERNS and 2 * wanted.sum() < rows.size * columns.size:
        for number, pattern in enumerate(patterns):
            yield rows[of_row == number], np.flatnonzero(pattern)
    elif rows.size:
        yield rows, columns
