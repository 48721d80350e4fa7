"""Which of the register's places is the address that was given, and what differs."""

import unicodedata
from difflib import SequenceMatcher

from domain.geo.location import Address, AddressFlag, Exactness, Location, Place, Source

_SAME_STREET = 0.85
"""Ratio from which two spellings are one street: typing errors and "str." pass, another street does not."""
_OTHER_NAMES = {"denhaag": "sgravenhage", "denbosch": "shertogenbosch"}


def matched(address: Address, places: list[Place]) -> Location | None:
    """The location of the address among the geocoder's answers, flagged where they differ; None if it is not there."""
    found = _by_postcode(address, places) if address.pc6 else _by_street(address, places)
    if found is None:
        return None
    place, flag = found
    return Location(place.exactness, Source.PDOK, place.point, flag or _difference(address, place), place)


def _by_postcode(address: Address, places: list[Place]) -> tuple[Place, AddressFlag | None] | None:
    at_postcode = [place for place in places if place.postcode.upper() == address.pc6]
    numbered = [place for place in at_postcode if place.exactness is Exactness.ADDRESS]
    areas = [place for place in at_postcode if place.exactness is Exactness.POSTCODE]
    if address.number is not None and (found := _numbered(address, numbered)):
        return found
    area = _preferred(address, areas)
    if area is None:
        return None
    return area, AddressFlag.HOUSE_NUMBER_INVALID if address.number is None else AddressFlag.HOUSE_NUMBER_UNKNOWN


def _numbered(address: Address, places: list[Place]) -> tuple[Place, AddressFlag | None] | None:
    """The place with the number and addition; with another addition, flagged, where that one does not exist."""
    assert address.number is not None
    same_number = [place for place in places if place.number == address.number.number]
    wanted = _letters(address.number.addition or "")
    exact = [place for place in same_number if _letters(place.house_addition) == wanted]
    if exact:
        return exact[0], None
    without = [place for place in same_number if not place.house_addition]
    nearest = without or same_number
    return (nearest[0], AddressFlag.ADDITION_UNKNOWN) if nearest else None


def _by_street(address: Address, places: list[Place]) -> tuple[Place, AddressFlag | None] | None:
    here = [place for place in places if _same_street(address.street, place) and _same_city(address.city, place)]
    numbered = [place for place in here if place.exactness is Exactness.ADDRESS]
    if address.number is not None and (found := _numbered(address, numbered)):
        return found[0], AddressFlag.POSTCODE_INVALID
    street = next((place for place in here if place.exactness is Exactness.STREET), None)
    return (street, AddressFlag.POSTCODE_INVALID) if street else None


def _preferred(address: Address, areas: list[Place]) -> Place | None:
    """Of a postcode that covers several streets, the street that was given."""
    return next((area for area in areas if _same_street(address.street, area)), areas[0] if areas else None)


def _difference(address: Address, place: Place) -> AddressFlag | None:
    if address.street.strip() and not _same_street(address.street, place):
        return AddressFlag.STREET_DIFFERS
    if address.city.strip() and not _same_city(address.city, place):
        return AddressFlag.CITY_DIFFERS
    return None


def _same_street(given: str, place: Place) -> bool:
    wanted = _letters(given)
    spellings = {_letters(place.street), _letters(place.short_street)} - {""}
    return any(SequenceMatcher(None, wanted, spelling).ratio() >= _SAME_STREET for spelling in spellings)


def _same_city(given: str, place: Place) -> bool:
    wanted = _letters(given)
    return _OTHER_NAMES.get(wanted, wanted) in (_letters(place.city), _letters(place.municipality))


def _letters(text: str) -> str:
    """Letters and digits without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text[:200].casefold())
    return "".join(character for character in decomposed if character.isalnum())
