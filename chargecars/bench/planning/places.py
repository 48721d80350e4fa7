"""Where the jobs are: the rows of a table of four-digit postcodes."""

import os
from dataclasses import dataclass
from pathlib import Path
from random import Random

from domain.geo.location import Point
from domain.geo.pc2 import pc2_centre
from domain.geo.postcodes import read_file

BASE = "3861"
"""Nijkerk (P3)."""
VARIABLE = "BENCH_POSTCODES"
_BESIDE = Path(__file__).resolve().parents[4] / "shared" / "data" / "nl_pc4.csv"
_BASE_POINT = Point(52.2211, 5.4849)


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
