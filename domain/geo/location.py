"""Addresses as they were given, places on the map, and what may be wrong with an address."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from domain.errors import DomainError, language_of
from domain.validation import HouseNumber, house_number, postcode

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG)."""
_LATITUDES = (50.7, 53.7)
_LONGITUDES = (3.2, 7.3)
_PC4 = re.compile(r"[1-9][0-9]{3}")


class Exactness(StrEnum):
    """How exactly an address was located: the thing the coordinates are the centre of."""

    ADDRESS = "ADDRESS"
    STREET = "STREET"
    POSTCODE = "POSTCODE"
    PC4 = "PC4"
    PC2 = "PC2"
    NONE = "NONE"


class Source(StrEnum):
    """Who says where it is."""

    PDOK = "PDOK"
    PC4_TABLE = "PC4_TABLE"
    PC2_TABLE = "PC2_TABLE"
    NONE = "NONE"


class AddressFlag(StrEnum):
    """Why a person should look at an address; the address itself stays as it was given (O6)."""

    POSTCODE_INVALID = "POSTCODE_INVALID"
    POSTCODE_UNKNOWN = "POSTCODE_UNKNOWN"
    HOUSE_NUMBER_INVALID = "HOUSE_NUMBER_INVALID"
    HOUSE_NUMBER_UNKNOWN = "HOUSE_NUMBER_UNKNOWN"
    ADDITION_UNKNOWN = "ADDITION_UNKNOWN"
    STREET_DIFFERS = "STREET_DIFFERS"
    CITY_DIFFERS = "CITY_DIFFERS"
    COUNTRY_NOT_COVERED = "COUNTRY_NOT_COVERED"
    NOT_VERIFIED = "NOT_VERIFIED"
    """The geocoder did not answer; try again later."""

    def message(self, language: str = "nl") -> str:
        return _MESSAGES[self][language_of(language)]


_MESSAGES: dict[AddressFlag, dict[str, str]] = {
    AddressFlag.POSTCODE_INVALID: {
        "nl": "De postcode ontbreekt of is geen Nederlandse postcode.",
        "en": "The postcode is missing or not a Dutch one.",
    },
    AddressFlag.POSTCODE_UNKNOWN: {"nl": "De postcode bestaat niet.", "en": "The postcode does not exist."},
    AddressFlag.HOUSE_NUMBER_INVALID: {
        "nl": "Het huisnummer ontbreekt of is ongeldig.",
        "en": "The house number is missing or invalid.",
    },
    AddressFlag.HOUSE_NUMBER_UNKNOWN: {
        "nl": "Het huisnummer bestaat niet bij deze postcode.",
        "en": "The house number does not exist at this postcode.",
    },
    AddressFlag.ADDITION_UNKNOWN: {
        "nl": "De toevoeging ontbreekt of bestaat niet bij dit huisnummer.",
        "en": "The addition is missing or does not exist at this house number.",
    },
    AddressFlag.STREET_DIFFERS: {
        "nl": "Bij deze postcode en dit huisnummer hoort een andere straat.",
        "en": "Another street belongs to this postcode and house number.",
    },
    AddressFlag.CITY_DIFFERS: {
        "nl": "Bij deze postcode hoort een andere plaats.",
        "en": "Another place belongs to this postcode.",
    },
    AddressFlag.COUNTRY_NOT_COVERED: {
        "nl": "Adressen buiten Nederland worden niet gecontroleerd.",
        "en": "Addresses outside the Netherlands are not checked.",
    },
    AddressFlag.NOT_VERIFIED: {
        "nl": "Het adres kon nog niet worden gecontroleerd.",
        "en": "The address could not be checked yet.",
    },
}


@dataclass(frozen=True, slots=True)
class Point:
    """WGS 84 degrees."""

    latitude: float
    longitude: float

    @property
    def in_netherlands(self) -> bool:
        """Within the box around the European Netherlands; false for NaN."""
        return _LATITUDES[0] <= self.latitude <= _LATITUDES[1] and _LONGITUDES[0] <= self.longitude <= _LONGITUDES[1]


def distance_km(one: Point, other: Point) -> float:
    """Great-circle distance by the haversine formula; the sphere is off by at most 0.5 %."""
    north, south = math.radians(one.latitude), math.radians(other.latitude)
    east = math.radians(other.longitude - one.longitude)
    half = math.sin((south - north) / 2) ** 2 + math.cos(north) * math.cos(south) * math.sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half)))


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it was given: any text, empty where there is none."""

    postcode: str = ""
    house_number: str = ""
    addition: str = ""
    street: str = ""
    city: str = ""
    country: str = "NL"

    @property
    def is_dutch(self) -> bool:
        return self.country.strip().upper() in ("", "NL")

    @property
    def pc6(self) -> str | None:
        """The postcode as "1234AB"; None where it is not one."""
        try:
            return postcode(self.postcode).replace(" ", "")
        except DomainError:
            return None

    @property
    def pc4(self) -> str | None:
        """The four digits, also where the letters are missing."""
        digits = self.pc6 or self.postcode.strip()
        return digits[:4] if self.pc6 or _PC4.fullmatch(digits) else None

    @property
    def number(self) -> HouseNumber | None:
        """The house number with its addition; None where it is not one."""
        try:
            return house_number(f"{self.house_number.strip()} {self.addition.strip()}".strip())
        except DomainError:
            return None


@dataclass(frozen=True, slots=True)
class Place:
    """An address, a postcode or a street as the register (BAG) knows it."""

    exactness: Exactness
    point: Point
    street: str = ""
    short_street: str = ""
    number: int | None = None
    letter: str = ""
    addition: str = ""
    postcode: str = ""
    city: str = ""
    municipality: str = ""
    province: str = ""

    @property
    def house_addition(self) -> str:
        """Letter and addition in the spelling of `HouseNumber.addition`."""
        return "-".join(part.upper() for part in (self.letter, self.addition) if part)


@dataclass(frozen=True, slots=True)
class Location:
    """Where an address is. `place` is the register's spelling, a suggestion where the address is flagged."""

    exactness: Exactness
    source: Source
    point: Point | None = None
    flag: AddressFlag | None = None
    place: Place | None = None

    @classmethod
    def nowhere(cls, flag: AddressFlag) -> Self:
        return cls(Exactness.NONE, Source.NONE, flag=flag)

    @property
    def latitude(self) -> float | None:
        return self.point.latitude if self.point else None

    @property
    def longitude(self) -> float | None:
        return self.point.longitude if self.point else None
