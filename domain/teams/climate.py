"""How often a day is unfit for work outdoors, from long-term normals: what is known where no forecast reaches.

Rounded monthly normals in the manner of KNMI's 1991-2020 for De Bilt: warmest of the day, days with rain and their
amount; the strongest gust of the day is typical of stations inland and at the coast. Between the middles of months
they are interpolated. Chances: the warmest of a day is normal, the rain of a day on which it rains exponential,
gusts are normal; the three are taken as independent. The same place and day always have the same chance.
"""

import math
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond any of these nobody works outdoors; settings of the platform."""

    gusts_kmh: float = 75.0
    """The strongest gust is at least so strong."""
    rain_mm: float = 15.0
    """At least so much falls on the day."""
    frost_c: float = 0.0
    """It does not become warmer than this."""


@dataclass(frozen=True, slots=True)
class _Normal:
    warmest_c: float
    """Mean of the day's maximum."""
    spread_c: float
    """Its standard deviation."""
    wet_share: float
    """Share of days with at least 1 mm."""
    wet_mm: float
    """What falls on such a day, in the mean."""
    gusts_kmh: float
    """Mean of the day's strongest gust, inland."""


_NORMALS = (
    _Normal(6.1, 4.2, 0.41, 5.4, 44.0),
    _Normal(6.9, 4.4, 0.39, 5.4, 43.0),
    _Normal(10.4, 4.3, 0.35, 5.0, 42.0),
    _Normal(14.8, 4.3, 0.29, 4.6, 39.0),
    _Normal(18.4, 4.2, 0.31, 5.9, 37.0),
    _Normal(21.0, 4.1, 0.33, 6.8, 36.0),
    _Normal(23.1, 3.9, 0.34, 7.8, 36.0),
    _Normal(22.8, 3.7, 0.34, 7.7, 35.0),
    _Normal(19.3, 3.3, 0.34, 7.4, 36.0),
    _Normal(14.6, 3.4, 0.38, 6.8, 39.0),
    _Normal(9.8, 3.7, 0.42, 6.2, 41.0),
    _Normal(6.7, 4.0, 0.43, 6.1, 43.0),
)
"""January to December."""
_GUST_SPREAD = 14.0
_AT_THE_COAST = frozenset(
    ("17", "18", "19", "20", "21", "22", "25", "26", "31", "32", "43", "44", "45", "87", "88", "89", "90", "91", "99")
)
"""Two-digit postcode areas by the sea or the large lakes."""
_COAST_FACTOR = 1.25
_RAIN_FROM = 1.0


@lru_cache(maxsize=10_000)
def chance_unfit(area: str, day: date, limits: Limits) -> float:
    """The chance, 0 to 1, that the day is beyond a limit in a two-digit postcode area."""
    normal = _of(day)
    coast = _COAST_FACTOR if area in _AT_THE_COAST else 1.0
    calm = NormalDist(normal.gusts_kmh * coast, _GUST_SPREAD).cdf(limits.gusts_kmh)
    beyond = min(1.0, math.exp(-max(0.0, limits.rain_mm - _RAIN_FROM) / normal.wet_mm))
    dry = 1 - (normal.wet_share * beyond if limits.rain_mm > 0 else 1.0)
    mild = 1 - NormalDist(normal.warmest_c, normal.spread_c).cdf(limits.frost_c)
    return round(1 - calm * dry * mild, 4)


def _of(day: date) -> _Normal:
    """The normals of a day, between those of the two months whose middles it lies between."""
    before, part = _position(day)
    one, other = _NORMALS[before % 12], _NORMALS[(before + 1) % 12]
    names = ("warmest_c", "spread_c", "wet_share", "wet_mm", "gusts_kmh")
    return _Normal(*(getattr(one, name) * (1 - part) + getattr(other, name) * part for name in names))


def _position(day: date) -> tuple[int, float]:
    """The month whose middle is past, and how far it is to the next: 0 to 1."""
    place = (day.month - 1) + (day.day - 1) / 31 - 0.5
    before = math.floor(place)
    return before, place - before
