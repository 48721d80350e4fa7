"""A day of five partners: which orders come by which way, and what goes wrong with which. Drawn from a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DAYS_OF_A_MONTH = 30


class Road(StrEnum):
    """By which of the ways in a partner's orders come."""

    API = "API"
    WEBHOOK = "WEBHOOK"
    FORM = "FORM"
    EMAIL = "EMAIL"


class Fault(StrEnum):
    """What goes wrong with an order on its way; its sender mends what is refused and sends it again."""

    NONE = "none"
    DUPLICATE = "sent twice"
    CONCURRENT = "sent twice at once"
    CHANGED = "sent again with other content"
    UNPROVEN = "wrong signature, secret, link or sender"
    LATE = "signed six minutes before"
    MALFORMED = "a required field is missing"
    UNREADABLE = "not readable at all"
    UNMAPPED = "an article that nobody knows"
    ADDRESS = "an address that does not exist"
    DOUBTFUL = "a mail that can be read in two ways"


@dataclass(frozen=True, slots=True)
class Volume:
    """A partner of the partner document: orders a month at most, its way in, its own article numbers."""

    name: str
    code: str
    road: Road
    monthly: int
    skus: tuple[str, str]


VOLUMES = (
    Volume("Groendus", "GRO", Road.API, 300, ("GRO-ALFEN-11", "GRO-INSTALL-1")),
    Volume("Essent", "ESS", Road.WEBHOOK, 200, ("ESS-WALLBOX-22", "ESS-INSTALL-1")),
    Volume("50five", "50F", Road.FORM, 75, ("50F-ZAPPI-7", "50F-INSTALL-1")),
    Volume("Eneco", "ENE", Road.API, 150, ("ENE-WALLBOX-11", "ENE-INSTALL-1")),
    Volume("Alva", "ALV", Road.EMAIL, 100, ("ALV-ZAPPI-7", "ALV-INSTALL-1")),
)
_ALWAYS = (Fault.DUPLICATE, Fault.UNPROVEN, Fault.MALFORMED, Fault.UNMAPPED, Fault.ADDRESS)
FAULTS: dict[Road, tuple[Fault, ...]] = {
    Road.API: (*_ALWAYS, Fault.CONCURRENT, Fault.CHANGED, Fault.LATE, Fault.UNREADABLE),
    Road.WEBHOOK: (*_ALWAYS, Fault.CONCURRENT, Fault.CHANGED, Fault.LATE, Fault.UNREADABLE),
    Road.FORM: (*_ALWAYS, Fault.CONCURRENT, Fault.CHANGED),
    Road.EMAIL: (*_ALWAYS, Fault.CONCURRENT, Fault.DOUBTFUL),
}
_FIRST = ("Sanne", "Daan", "Fatima", "Pieter", "Emma", "Youssef", "Lotte", "Bram")
_LAST = ("de Vries", "Bakker", "El Amrani", "Jansen", "van Dijk", "Yilmaz", "Smit", "Visser")
_PLACES = (("3511 AB", "Utrecht"), ("3861 AB", "Nijkerk"), ("6811 DK", "Arnhem"), ("2011 RD", "Haarlem"))
_STREETS = ("Dorpsstraat", "Kerkweg", "Laan van Nieuw-Guinea", "Stationsstraat")


@dataclass(frozen=True, slots=True)
class Planned:
    """One order as its partner wants it, and what goes wrong with it."""

    volume: Volume
    number: str
    fault: Fault
    document: dict[str, Any]

    @property
    def sku_unknown(self) -> bool:
        return self.fault is Fault.UNMAPPED


def planned(scale: float, part: float, seed: int) -> list[Planned]:
    """All orders of the day, mixed: of each partner `part` of each kind of fault, one at least where there is room."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    orders = [order for volume in VOLUMES for order in _of_partner(volume, scale, part, chance)]
    chance.shuffle(orders)
    return orders


def _of_partner(volume: Volume, scale: float, part: float, chance: random.Random) -> Iterator[Planned]:
    count = max(1, round(volume.monthly * scale / DAYS_OF_A_MONTH))
    kinds = _kinds(volume, count)
    faults = [kind for kind in kinds for _ in range(max(1, round(count * part)))][: max(count, len(kinds))]
    faults += [Fault.NONE] * (count - len(faults))
    chance.shuffle(faults)
    for place, fault in enumerate(faults):
        number = f"{volume.code}-{seed_number(chance, place)}"
        yield Planned(volume, number, fault, _document(volume, number, fault, chance))


def _kinds(volume: Volume, count: int) -> tuple[Fault, ...]:
    """On a day too small for all, the partners of one road share its kinds."""
    kinds = FAULTS[volume.road]
    same = [each for each in VOLUMES if each.road is volume.road]
    return kinds if count >= len(kinds) else kinds[same.index(volume) :: len(same)]


def seed_number(chance: random.Random, place: int) -> str:
    """A number that no other order of the partner has."""
    return f"{chance.randrange(10_000):04}{place:05}"


def _document(volume: Volume, number: str, fault: Fault, chance: random.Random) -> dict[str, Any]:
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    postcode, city = chance.choice(_PLACES)
    if fault is Fault.ADDRESS:
        postcode = "0000 ZZ"
    station, installation = volume.skus
    if fault is Fault.UNMAPPED:
        station = f"{volume.code}-ONBEKEND-9"
    return {
        "partner_order_id": number,
        "customer": {
            "name": f"{first} {last}",
            "email": f"{number.lower()}@example.nl",
            "phone": f"061{chance.randrange(1_000_000, 9_999_999)}",
            "address": {
                "street": chance.choice(_STREETS),
                "house_number": str(chance.randrange(1, 200)),
                "postal_code": postcode,
                "city": city,
            },
        },
        "products": [
            {"partner_sku": station, "quantity": 1, "description": "Laadpaal"},
            {"partner_sku": installation, "quantity": 1, "description": "Installatie"},
        ],
    }
