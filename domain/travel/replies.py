"""What a service answered, in the form in which it is kept: twelve bytes a drive, for there may be millions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from domain.travel import cache
from domain.travel.cells import Cells
from domain.travel.checking import Checked

MOST_UNKNOWN = 0.5
"""A larger part of drives without a way, and that there is none is not kept."""
_LIE = cache.NO_WAY - 1


@dataclass(frozen=True, slots=True)
class Reply:
    """A block that was answered: drives, origins x destinations, and how many are impossible or without a way."""

    origins: Cells
    drives: cache.Drives
    lies: int
    unknown: int

    @classmethod
    def of(cls, origins: Cells, destinations: Cells, each: Checked) -> "Reply":
        drives = np.zeros(each.lies.shape, cache.DRIVE)
        minutes = np.ceil(np.where(each.good, each.answer.seconds, 0) / 60)
        drives["cell"] = destinations[None, :]
        drives["minutes"] = np.where(each.good, np.minimum(minutes, _LIE - 1), cache.NO_WAY)
        drives["minutes"][each.lies] = _LIE
        drives["metres"] = np.where(each.good, each.answer.metres, 0)
        drives["day"] = cache.today()
        return cls(origins, drives, int(each.lies.sum()), int(each.unknown.sum()))


def by_origin(replies: Sequence[Reply], most: int) -> Iterator[dict[int, cache.Drives]]:
    """The drives to keep per origin, by ascending cell, of `most` origins at a time."""
    unknown, drives = sum(reply.unknown for reply in replies), sum(reply.drives.size for reply in replies)
    useless = (_LIE,) if unknown <= MOST_UNKNOWN * drives else (_LIE, cache.NO_WAY)
    places: dict[int, list[tuple[Reply, int]]] = {}
    for reply in replies:
        for row, origin in enumerate(reply.origins):
            places.setdefault(int(origin), []).append((reply, row))
    origins = sorted(places)
    for begin in range(0, len(origins), most):
        rows = {origin: _useful(places[origin], useless) for origin in origins[begin : begin + most]}
        if found := {origin: row for origin, row in rows.items() if len(row)}:
            yield found


def _useful(places: Sequence[tuple[Reply, int]], useless: tuple[int, ...]) -> cache.Drives:
    drives = np.concatenate([reply.drives[row] for reply, row in places])
    drives = drives[~np.isin(drives["minutes"], useless)]
    return drives[np.argsort(drives["cell"])]
