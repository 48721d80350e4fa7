"""The map in cells of about 220 by 205 metres: places of one cell share what a routing service says of its centre."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.geo.location import Point

Cells = NDArray[np.int32]

NOWHERE = -1
"""The cell of a place outside the box around the Netherlands: no service is asked about it."""

_SOUTH, _WEST = 50.7, 3.2
_HEIGHT, _WIDTH = 0.002, 0.003
_COLUMNS = 4096


def cells_of(places: Sequence[Point]) -> Cells:
    """The cell of each place."""
    north = np.array([place.latitude for place in places], np.float64)
    east = np.array([place.longitude for place in places], np.float64)
    inside = np.array([place.in_netherlands for place in places], np.bool_)
    row = np.floor((np.where(inside, north, _SOUTH) - _SOUTH) / _HEIGHT)
    column = np.floor((np.where(inside, east, _WEST) - _WEST) / _WIDTH)
    return np.where(inside, row * _COLUMNS + column, NOWHERE).astype(np.int32)


def centres(cells: Cells) -> list[Point]:
    """The middle of each cell."""
    rows, columns = np.divmod(cells, _COLUMNS)
    north, east = _SOUTH + (rows + 0.5) * _HEIGHT, _WEST + (columns + 0.5) * _WIDTH
    return [Point(round(float(y), 6), round(float(x), 6)) for y, x in zip(north, east, strict=True)]


def along_the_map(cells: Cells) -> NDArray[np.intp]:
    """An order in which neighbours are mostly near each other (Z-order), so that blocks of it are compact."""
    rows, columns = np.divmod(cells.astype(np.int64), _COLUMNS)
    key = np.zeros(len(cells), np.int64)
    for bit in range(12):
        key |= ((rows >> bit & 1) << (2 * bit + 1)) | ((columns >> bit & 1) << (2 * bit))
    return np.argsort(key, kind="stable")
