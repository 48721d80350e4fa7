"""The score of a lead, 0 to 100, as a sum of explained parts (L3). Pure: facts in, points out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.geo.location import Point, distance_km

BASE = Point(52.2268, 5.4755)
"""Nijkerk, centre of postcode area 3861: where the teams leave from (P3)."""
NEAR_KM = 60.0
FAR_KM = 220.0
"""All points within NEAR_KM of the base, none beyond FAR_KM, in between falling linearly."""
PRIOR_QUOTES = 10
PRIOR_ORDERS = 5
"""What a partner is taken to have sent and won before its first quote: few quotes say little about a partner."""


class ScoreFactor(StrEnum):
    """What a score is made of."""

    GEOGRAPHY = "GEOGRAPHY"
    PARTNER = "PARTNER"
    REACHABILITY = "REACHABILITY"
    PREMISES = "PREMISES"
    CAR = "CAR"
    PRODUCT = "PRODUCT"
    INTAKE = "INTAKE"


WEIGHTS: dict[ScoreFactor, int] = {
    ScoreFactor.GEOGRAPHY: 25,
    ScoreFactor.PARTNER: 20,
    ScoreFactor.REACHABILITY: 15,
    ScoreFactor.PREMISES: 10,
    ScoreFactor.CAR: 15,
    ScoreFactor.PRODUCT: 10,
    ScoreFactor.INTAKE: 5,
}
"""The most points of each factor, 100 together; an entity may set its own."""


class CarPower(StrEnum):
    """What drives the customer's car."""

    ELECTRIC = "ELECTRIC"
    PLUG_IN_HYBRID = "PLUG_IN_HYBRID"
    ORDERED = "ORDERED"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class PartnerRecord:
    """Quotes a partner's channel was sent, and how many of them became an order (Decision 5)."""

    sent: int
    ordered: int

    @property
    def expected_conversion(self) -> float:
        """Between 0 and 1, smoothed by the prior."""
        return (min(self.ordered, self.sent) + PRIOR_ORDERS) / (self.sent + PRIOR_QUOTES)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a lead."""

    point: Point | None = None
    partner: PartnerRecord | None = None
    has_phone: bool = False
    has_address: bool = False
    address_verified: bool = False
    """Given, located, and nothing wrong with it."""
    is_business: bool = False
    home_owner: bool | None = None
    car: CarPower | None = None
    has_category: bool = False
    has_wish: bool = False
    intake: float = 0.0
    """Part of the required questions that is answered, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the explanation, `0 <= points <= max`."""

    factor: ScoreFactor
    points: int
    max: int
    reason: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Score:
    parts: tuple[Part, ...]

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)

    @property
    def explanation(self) -> list[dict[str, object]]:
        """As it is stored with the lead."""
        return [
            {
                "factor": part.factor.value,
                "points": part.points,
                "max": part.max,
                "reason": part.reason,
                "reason_en": part.reason_en,
            }
            for part in self.parts
        ]


_Judged = tuple[float, str, str]
"""A share of the factor's points, 0 to 1, and why in Dutch and English."""


def score(facts: Facts, weights: Mapping[ScoreFactor, int] = WEIGHTS) -> Score:
    """The score by `weights`, which add up to 100."""
    judged: dict[ScoreFactor, _Judged] = {
        ScoreFactor.GEOGRAPHY: _geography(facts),
        ScoreFactor.PARTNER: _partner(facts),
        ScoreFactor.REACHABILITY: _reachability(facts),
        ScoreFactor.PREMISES: _premises(facts),
        ScoreFactor.CAR: _car(facts),
        ScoreFactor.PRODUCT: _product(facts),
        ScoreFactor.INTAKE: _intake(facts),
    }
    return Score(tuple(_part(factor, weights.get(factor, 0), judged[factor]) for factor in ScoreFactor))


def _part(factor: ScoreFactor, most: int, judged: _Judged) -> Part:
    share, reason, reason_en = judged
    return Part(factor, int(min(1.0, max(0.0, share)) * most + 0.5), most, reason, reason_en)


def _geography(facts: Facts) -> _Judged:
    if facts.point is None:
        return 0.0, "Het adres is niet bekend of niet gevonden.", "The address is unknown or was not found."
    far = distance_km(BASE, facts.point)
    share = (FAR_KM - far) / (FAR_KM - NEAR_KM)
    return share, f"{far:.0f} km van de basis in Nijkerk.", f"{far:.0f} km from the base in Nijkerk."


def _partner(facts: Facts) -> _Judged:
    if facts.partner is None:
        return PartnerRecord(0, 0).expected_conversion, "Geen partner: gemiddeld.", "No partner: average."
    share, of = facts.partner.expected_conversion, f"{facts.partner.ordered}/{facts.partner.sent}"
    return (
        share,
        f"Verwachte conversie van de partner {share:.0%} ({of} offertes).",
        f"Expected conversion of the partner {share:.0%} ({of} quotes).",
    )


def _reachability(facts: Facts) -> _Judged:
    known = {
        ("e-mail", "email"): True,
        ("telefoon", "phone"): facts.has_phone,
        ("adres", "address"): facts.has_address,
        ("gecontroleerd adres", "verified address"): facts.has_address and facts.address_verified,
    }
    given = [names for names, is_given in known.items() if is_given]
    dutch, english = (", ".join(names[i] for names in given) for i in (0, 1))
    return len(given) / len(known), f"Bekend: {dutch}.", f"Known: {english}."


def _premises(facts: Facts) -> _Judged:
    if facts.is_business:
        return 1.0, "Zakelijke locatie.", "Business premises."
    if facts.home_owner is None:
        return 0.4, "Onbekend of de woning eigendom is.", "Not known whether the home is owned."
    if facts.home_owner:
        return 1.0, "Eigen woning.", "Owns the home."
    return 0.0, "Huurwoning: toestemming nodig.", "Rented home: permission needed."


_CARS: dict[CarPower | None, _Judged] = {
    CarPower.ELECTRIC: (1.0, "Rijdt elektrisch.", "Drives electric."),
    CarPower.ORDERED: (1.0, "Elektrische auto besteld.", "Electric car ordered."),
    CarPower.PLUG_IN_HYBRID: (0.8, "Rijdt plug-in hybride.", "Drives a plug-in hybrid."),
    CarPower.NONE: (0.0, "Geen auto die laadt.", "No car that charges."),
    None: (0.3, "Auto onbekend.", "Car not known."),
}


def _car(facts: Facts) -> _Judged:
    return _CARS[facts.car]


def _product(facts: Facts) -> _Judged:
    if facts.has_category:
        return 1.0, "Productsoort gekozen.", "Kind of product chosen."
    if facts.has_wish:
        return 0.6, "Productwens in eigen woorden.", "Product wish in own words."
    return 0.0, "Geen productwens.", "No product wish."


def _intake(facts: Facts) -> _Judged:
    share = min(1.0, max(0.0, facts.intake))
    return share, f"Intake voor {share:.0%} ingevuld.", f"Intake {share:.0%} complete."
