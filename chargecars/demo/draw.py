"""Deterministic choices: the same seed and day draw the same world, down to its ids and salts."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

from chargecars.demo.names import COMPANY_KINDS, COMPANY_STEMS, FIRST_NAMES, LAST_NAMES, STREETS, TOWNS
from domain.geo.pc2 import pc2_centre

T = TypeVar("T")
_LETTERS = "ABCDEGHJKLMNPRSTVWXZ"
_POPULOUS = ("10", "13", "25", "30", "35", "38", "56", "73")


class Draw:
    """A seeded source of everything the demo makes up."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  # reproducible on purpose, nothing secret is drawn
        self.uniform = self._random.random
        self.integer = self._random.randint
        self.bytes = self._random.randbytes

    def one(self, options: Sequence[T]) -> T:
        return options[int(self._random.random() * len(options))]

    def weighted(self, options: dict[T, float]) -> T:
        return self._random.choices(tuple(options), tuple(options.values()))[0]

    def several(self, options: Sequence[T], count: int) -> list[T]:
        return self._random.sample(list(options), count)

    def shuffled(self, options: Sequence[T]) -> list[T]:
        return self.several(options, len(options))

    def id(self, at: datetime) -> UUID:
        """A UUIDv7 (RFC 9562) of the given millisecond."""
        milliseconds = int(at.timestamp() * 1000)
        tail = self._random.getrandbits(74)
        value = milliseconds << 80 | 0x7 << 76 | (tail >> 62) << 64 | 0x2 << 62 | tail & (1 << 62) - 1
        return UUID(int=value)

    def moment(self, earliest: datetime, latest: datetime) -> datetime:
        """A time between the two; more of the late ones, as a growing company has."""
        span = (latest - earliest).total_seconds()
        moment = earliest + timedelta(seconds=span * math.sqrt(self._random.random()))
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def office_hour(self, day: datetime) -> datetime:
        """A time of the working day."""
        return day.astimezone(UTC).replace(hour=self.integer(7, 15), minute=self.integer(0, 59))

    def person(self) -> tuple[str, str]:
        return self.one(FIRST_NAMES), self.one(LAST_NAMES)

    def company(self, model: str, number: int) -> str:
        return f"{self.one(COMPANY_STEMS)}{self.one(COMPANY_STEMS).lower()} {self.one(COMPANY_KINDS[model])} {number}"

    def phone(self) -> str:
        """A valid number in 097, the range of machines: no person has it."""
        return f"+31970{self.integer(0, 99_999_999):08d}"

    def address(self) -> dict[str, object]:
        """Columns of an address, located as the built-in table of postcode areas would locate it."""
        area = self.one(_POPULOUS) if self.uniform() < 0.3 else self.one(tuple(TOWNS))
        centre = pc2_centre(area)
        assert centre is not None
        return {
            "street": self.one(STREETS),
            "house_number": str(self.integer(1, 240)),
            "house_number_addition": self.one(("", "", "", "", "A", "B")),
            "postal_code": f"{area}{self.integer(11, 99)}{self.one(_LETTERS)}{self.one(_LETTERS)}",
            "city": TOWNS[area],
            "latitude": round(centre.latitude + self._random.gauss(0, 0.05), 6),
            "longitude": round(centre.longitude + self._random.gauss(0, 0.08), 6),
            "exactness": "PC2",
            "location_source": "pc2",
        }
