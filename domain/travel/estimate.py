"""Drive times without a routing service: great circle, detour factor, speed by distance class.

Detour: median of driven distance over great circle in the Dutch National Travel Survey, as tabulated in
`results/distance_ratio_data.csv` of github.com/HaoCong1221/FlowsGeneration. Speed: classes that add up to what is
measured: a car driver's trip in the Netherlands is 15.9 km and takes 21.4 minutes on average (Statistics Netherlands,
StatLine 37980NED, 2002/2003), and 10 km in a town takes 10 to 23 minutes (TomTom Traffic Index 2024, 17 Dutch
towns). Right on average; too short for two places with water between them.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.geo.location import EARTH_RADIUS_KM, Point

SOURCE = "estimate"
DETOURS = (
    (1.26, 1.848),
    (1.81, 1.670),
    (2.63, 1.595),
    (3.82, 1.458),
    (5.58, 1.451),
    (8.28, 1.427),
    (12.04, 1.421),
    (17.71, 1.398),
    (25.65, 1.357),
    (37.63, 1.325),
    (54.31, 1.302),
    (79.72, 1.293),
    (115.76, 1.290),
    (167.13, 1.251),
    (223.15, 1.225),
)
"""Great circle in km, how much longer the road is. Between two of them the road grows evenly."""
SPEEDS = ((3.0, 30.0), (15.0, 50.0), (40.0, 75.0), (float("inf"), 95.0))
"""Up to so many km of the road, km/h on that part of it: streets, roads, motorways."""
START_MINUTES = 2.0
"""To get going and to park."""

_STEP_KM = 0.05
_ROWS = 256
"""Rows that are worked on at a time."""

Kilometres = NDArray[np.float32]
Minutes = NDArray[np.int32]
Metres = NDArray[np.int32]


def distances(places: Sequence[Point], others: Sequence[Point] | None = None) -> Kilometres:
    """Great circle from all places to all others (themselves where none are given), in km.

    ValueError for a place without coordinates; so for the next two.
    """
    result = _empty(places, others, np.dtype(np.float32))
    for rows, kilometres in _blocks(places, others):
        result[rows] = kilometres
    return result


def estimate(places: Sequence[Point], others: Sequence[Point] | None = None) -> Minutes:
    """Drive minutes from all places to all others, rounded up; 0 where both are the same, equal back and forth."""
    return _looked_up(places, others, _minutes())


def road_metres(places: Sequence[Point], others: Sequence[Point] | None = None) -> Metres:
    """Estimated metres by road from all places to all others."""
    return _looked_up(places, others, _metres())


def road_km(kilometres: NDArray[np.float64]) -> NDArray[np.float64]:
    """The road of places that are so far apart by great circle."""
    air, factor = np.array(((0.0, DETOURS[0][1]), *DETOURS)).T
    road: NDArray[np.float64] = np.interp(kilometres, air, air * factor)
    return np.where(kilometres > air[-1], kilometres * factor[-1], road)


def minutes_by_road(road: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minutes for so many km of road; none for no road."""
    minutes, begins = np.where(road > 0, START_MINUTES, 0.0), 0.0
    for ends, speed in SPEEDS:
        minutes += np.clip(road - begins, 0.0, ends - begins) * (60 / speed)
        begins = ends
    return minutes


@cache
def _minutes() -> Minutes:
    return _table(minutes_by_road)


@cache
def _metres() -> Metres:
    return _table(lambda road: road * 1000)


def _table(of_road: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> NDArray[np.int32]:
    """By great circle in steps, so that millions of pairs cost one look each."""
    furthest = np.pi * EARTH_RADIUS_KM
    steps = np.arange(0.0, furthest + 2 * _STEP_KM, _STEP_KM)
    return np.ceil(of_road(road_km(steps)) - 1e-6).astype(np.int32)


def _empty(places: Sequence[Point], others: Sequence[Point] | None, kind: np.dtype[Any]) -> NDArray[Any]:
    return np.empty((len(places), len(places if others is None else others)), kind)


def _looked_up(places: Sequence[Point], others: Sequence[Point] | None, table: NDArray[np.int32]) -> NDArray[np.int32]:
    result: NDArray[np.int32] = _empty(places, others, np.dtype(np.int32))
    for rows, kilometres in _blocks(places, others):
        steps = np.ceil(kilometres * np.float32(1 / _STEP_KM)).astype(np.int32)
        np.take(table, steps, out=result[rows], mode="clip")
    return result


def _blocks(places: Sequence[Point], others: Sequence[Point] | None) -> Iterator[tuple[slice, Kilometres]]:
    both = _on_sphere([*places, *(others or ())])
    origins, destinations = both[:, : len(places)], both if others is None else both[:, len(places) :]
    for begin in range(0, len(places), _ROWS):
        rows = slice(begin, min(begin + _ROWS, len(places)))
        squares = np.zeros((rows.stop - begin, destinations.shape[1]), np.float32)
        for origin, destination in zip(origins, destinations, strict=True):
            apart = origin[rows, None] - destination[None, :]
            squares += np.multiply(apart, apart, out=apart)
        yield rows, _along_the_sphere(np.sqrt(squares, out=squares))


def _on_sphere(places: Sequence[Point]) -> Kilometres:
    """Coordinates in km, 3 x N, from the middle of the places: then single precision is exact to a metre."""
    degrees = np.array([(place.latitude, place.longitude) for place in places], np.float64).reshape(-1, 2)
    wrong = ~(np.isfinite(degrees).all(axis=1) & (np.abs(degrees) <= (90, 180)).all(axis=1))
    if wrong.any():
        raise ValueError(f"place {int(wrong.argmax())} has no coordinates")
    north, east = np.radians(degrees).T
    at = np.stack((np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north))) * EARTH_RADIUS_KM
    return (at - at.mean(axis=1, keepdims=True) if len(places) else at).astype(np.float32)


def _along_the_sphere(straight: Kilometres) -> Kilometres:
    diameter = np.float32(2 * EARTH_RADIUS_KM)
    np.minimum(np.divide(straight, diameter, out=straight), np.float32(1), out=straight)
    return np.multiply(np.arcsin(straight, out=straight), diameter, out=straight)
