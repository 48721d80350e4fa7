"""Deterministic choices: the same seed and day draw the same world, down to its ids and salts."""

from bisect import bisect
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import TypeVar
from uuid import UUID

from chargecars.demo.names import COMPANY_KINDS, COMPANY_STEMS, FIRST_NAMES, LAST_NAMES, STREETS, TOWNS
from domain.geo.location import Exactness, Source
from domain.geo.pc2 import pc2_centre

T = TypeVar("T")
_LETTERS = "ABCDEGHJKLMNPRTVWXZ"  # without S: SA, SD and SS are not issued
_EPOCH, _MILLISECOND = datetime.fromtimestamp(0, UTC), timedelta(milliseconds=1)
_AREAS = tuple(TOWNS)
_POPULOUS = ("10", "13", "25", "30", "35", "38", "56", "73")


class Draw:
    """A seeded source of everything the demo makes up; `part` names an independent stream."""

    def __init__(self, part: str) -> None:
        self._random = Random(f"chargecars demo {part}")  # noqa: S311  # reproducible on purpose, nothing secret
        self.uniform = self._random.random
        self.integer = self._random.randint
        self.bytes = self._random.randbytes

    def one(self, options: Sequence[T]) -> T:
        return options[int(self._random.random() * len(options))]

    def weighted(self, options: dict[T, float]) -> T:
        return self._random.choices(tuple(options), tuple(options.values()))[0]

    def several(self, options: Sequence[T], count: int) -> list[T]:
        return self._random.sample(list(options), count)

    def id(self, at: datetime) -> UUID:
        """A UUIDv7 (RFC 9562) of the given millisecond."""
        milliseconds = (at - _EPOCH) // _MILLISECOND
        tail = self._random.getrandbits(74)
        value = milliseconds << 80 | 0x7 << 76 | (tail >> 62) << 64 | 0x2 << 62 | tail & (1 << 62) - 1
        return UUID(int=value)

    def moment(self, earliest: datetime, latest: datetime) -> datetime:
        """A time between the two; more of the late ones, as a growing company has."""
        return earliest + whole(self._random.random() ** 0.7 * (latest - earliest))

    def between(self, least: timedelta, most: timedelta) -> timedelta:
        """A time to wait; mostly short."""
        return least + whole(self._random.random() ** 2 * (most - least))

    def person(self) -> tuple[str, str]:
        return self.one(FIRST_NAMES), self.one(LAST_NAMES)

    def company(self, model: str, number: int) -> str:
        return f"{self.one(COMPANY_STEMS)}{self.one(COMPANY_STEMS).lower()} {self.one(COMPANY_KINDS[model])} {number}"

    def phone(self) -> str:
        """A valid number in 097, the range of machines: no person has it."""
        return f"+31970{self.integer(0, 99_999_999):08d}"

    def address(self) -> dict[str, object]:
        """Columns of an address, located as a table of four-digit postcodes would locate it."""
        area = self.one(_POPULOUS) if self.uniform() < 0.3 else self.one(_AREAS)
        part = self.integer(11, 91)
        latitude, longitude = _place(area, part)
        return {
            "street": self.one(STREETS),
            "house_number": str(self.integer(1, 240)),
            "house_number_addition": self.one(("", "", "", "", "A", "B")),
            "postal_code": f"{area}{part}{self.one(_LETTERS)}{self.one(_LETTERS)}",
            "city": TOWNS[area],
            "latitude": latitude,
            "longitude": longitude,
            "exactness": Exactness.PC4.value,
            "location_source": Source.PC4_TABLE.value,
        }


def _place(area: str, part: int) -> tuple[float, float]:
    """A made-up centre of a four-digit postcode: the parts of an area lie in a grid of 9 by 9, some 2 km apart."""
    centre = pc2_centre(area)
    assert centre is not None
    row, column = divmod(part - 11, 9)
    return round(centre.latitude + (row - 4) * 0.018, 6), round(centre.longitude + (column - 4) * 0.03, 6)


class Wheel:
    """Positions drawn in proportion to their weights, many times."""

    def __init__(self, draw: Draw, positions: Sequence[int], weights: Sequence[float]) -> None:
        self._draw, self._positions = draw, positions
        self._sums = list(accumulate(weights))

    def spin(self) -> int:
        return self._positions[bisect(self._sums, self._draw.uniform() * self._sums[-1], 0, len(self._sums) - 1)]


def whole(span: timedelta) -> timedelta:
    """To the millisecond, as ids tell the time."""
    return span // _MILLISECOND * _MILLISECOND
