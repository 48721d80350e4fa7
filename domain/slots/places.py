"""Places by number with the drives between them, made for one job against thousands of places.

Drives are the estimate of `domain.travel`: a routing service cannot be asked within an offer. What the plan in force
drives is taken from its own times, see `domain.slots.board`.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.geo.location import EARTH_RADIUS_KM, Point
from domain.planning.evaluate import MOST_MINUTES
from domain.planning.world import Kilometres, Minutes
from domain.travel.estimate import minutes_by_road, road_km

_STEP_KM = 0.05
_FURTHEST_KM = 600.0


def _table() -> Minutes:
    """Minutes by great circle, in steps; beyond the last nothing fits into a day."""
    steps = np.arange(0.0, _FURTHEST_KM, _STEP_KM)
    minutes = np.ceil(minutes_by_road(road_km(steps)) - 1e-6).astype(np.int32)
    return np.append(minutes, np.int32(MOST_MINUTES))


_MINUTES = _table()
_LIST: list[int] = _MINUTES.tolist()


class Places:
    """Grows only; whoever keeps one starts anew when it is `full`."""

    MOST = 100_000

    def __init__(self) -> None:
        self._known: dict[Point, int] = {}
        self._at: NDArray[np.float64] = np.zeros((3, 256))

    def __len__(self) -> int:
        return len(self._known)

    @property
    def full(self) -> bool:
        return len(self) > self.MOST

    def number(self, point: Point) -> int:
        """The number of a place, a new one where it is not known."""
        found = self._known.get(point)
        return self._added(point) if found is None else found

    def _added(self, point: Point) -> int:
        number = len(self._known)
        if number == self._at.shape[1]:
            self._at = np.concatenate([self._at, np.zeros_like(self._at)], axis=1)
        self._at[:, number] = _on_sphere(point)
        self._known[point] = number
        return number

    def minutes(self, one: int, other: int) -> int:
        """The drive between two places."""
        return _LIST[min(math.ceil(self.kilometres(one, other) / _STEP_KM), len(_LIST) - 1)]

    def kilometres(self, one: int, other: int) -> float:
        """Great circle."""
        apart = self._at[:, one] - self._at[:, other]
        return float(_along_the_sphere(np.sqrt(apart @ apart)))

    def around(self, point: Point) -> tuple[Minutes, Kilometres]:
        """The drives, alike in both directions, and the great circles from a point to every place."""
        return self._far(self._at[:, : len(self)], point)

    def around_among(self, number: int, others: Sequence[int]) -> tuple[Minutes, Kilometres]:
        """Like `around` for a known place; what is not among `others` has no meaning."""
        wanted = np.asarray(others, dtype=np.intp)
        apart = self._at[:, wanted] - self._at[:, number, None]
        minutes, kilometres = _both(apart)
        all_minutes, all_kilometres = np.zeros(len(self), np.int32), np.zeros(len(self), np.float32)
        all_minutes[wanted], all_kilometres[wanted] = minutes, kilometres
        return all_minutes, all_kilometres

    @staticmethod
    def _far(at: NDArray[np.float64], point: Point) -> tuple[Minutes, Kilometres]:
        return _both(at - np.array(_on_sphere(point))[:, None])


def _both(apart: NDArray[np.float64]) -> tuple[Minutes, Kilometres]:
    kilometres = _along_the_sphere(np.sqrt(np.einsum("ij,ij->j", apart, apart)))
    steps = np.ceil(kilometres / _STEP_KM).astype(np.intp)
    return np.take(_MINUTES, steps, mode="clip"), kilometres.astype(np.float32)


def _along_the_sphere(straight: NDArray[np.float64]) -> NDArray[np.float64]:
    diameter = 2 * EARTH_RADIUS_KM
    found: NDArray[np.float64] = np.arcsin(np.minimum(straight / diameter, 1.0)) * diameter
    return found


def _on_sphere(point: Point) -> tuple[float, float, float]:
    north, east = math.radians(point.latitude), math.radians(point.longitude)
    flat = math.cos(north) * EARTH_RADIUS_KM
    return flat * math.cos(east), flat * math.sin(east), math.sin(north) * EARTH_RADIUS_KM
