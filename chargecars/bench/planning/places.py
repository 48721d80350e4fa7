"""Where the jobs are: the rows of a table of four-digit postcodes, and the travel between them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from domain.geo.location import EARTH_RADIUS_KM, Point
from domain.geo.pc2 import pc2_centre
from domain.geo.postcodes import read_file
from domain.planning.world import Kilometres, Minutes

BASE = "3861"
"""Nijkerk (P3)."""
VARIABLE = "BENCH_POSTCODES"
_BESIDE = Path(__file__).resolve().parents[4] / "shared" / "data" / "nl_pc4.csv"
_BASE_POINT = Point(52.2211, 5.4849)
_DETOUR, _OVERHEAD_MINUTES = 1.28, 4.0
_LOCAL_KMH, _MOTORWAY_KMH, _LOCAL_KM = 42.0, 84.0, 8.0


@dataclass(frozen=True, slots=True)
class Postcode:
    pc4: str
    point: Point


def postcodes(file: Path | None = None) -> list[Postcode]:
    """Of a file as `geo import` reads it; without one (option, BENCH_POSTCODES, ../shared/data) made up ones around
    the centres of the two-digit areas. The base is the first. Raises: DomainError for a file that cannot be read."""
    found = file or Path(os.environ.get(VARIABLE, _BESIDE))
    if file is None and VARIABLE not in os.environ and not found.exists():
        rows = _made_up()
    else:
        rows = [Postcode(row.pc4, row.point) for row in read_file(found) if row.is_believable]
    base = next((row for row in rows if row.pc4 == BASE), Postcode(BASE, _BASE_POINT))
    return [base, *(row for row in rows if row.pc4 != BASE)]


def _made_up() -> list[Postcode]:
    random = Random("postcodes")  # noqa: S311  # reproducible on purpose
    made: list[Postcode] = []
    for area in range(10, 100):
        centre = pc2_centre(str(area))
        assert centre is not None
        for part in random.sample(range(100), 44):
            point = Point(centre.latitude + random.gauss(0, 0.06), centre.longitude + random.gauss(0, 0.1))
            made.append(Postcode(f"{area}{part:02}", point))
    return made


def distances(points: Sequence[Point]) -> Kilometres:
    """Great circle between all of them (haversine)."""
    degrees = np.array([(point.latitude, point.longitude) for point in points], np.float64)
    latitude, longitude = np.radians(degrees).T
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half += np.cos(latitude)[:, None] * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    kilometres: Kilometres = (2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1)))).astype(np.float32)
    return kilometres


def drive_minutes(kilometres: NDArray[np.float32]) -> Minutes:
    """An estimate: the detour of roads, the first kilometres through towns, the rest on larger roads."""
    road = kilometres.astype(np.float64) * _DETOUR
    local = np.minimum(road, _LOCAL_KM)
    minutes = _OVERHEAD_MINUTES + local / _LOCAL_KMH * 60 + (road - local) / _MOTORWAY_KMH * 60
    return np.where(kilometres > 0, np.ceil(minutes), 0).astype(np.int32)
