"""What is said when a lead is submitted (L1), in its normal form."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from domain import validation
from domain.catalog.models import ArticleCategory
from domain.contacts import addresses
from domain.contacts.details import LANGUAGES
from domain.errors import Faults, InvalidInput
from domain.leads.scoring import CarPower

MAX_NAME = 120
MAX_WISH = 300
MAX_CAR = 120
MAX_NOTES = 4_000
_WEB_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)


class NotAName(InvalidInput):
    """Our mail greets by name: it must not carry somebody's advertisement."""

    code = "NOT_A_NAME"
    nl = "Een naam bevat geen webadres."
    en = "A name holds no web address."


@dataclass(frozen=True, slots=True)
class Interests:
    """What somebody wants and has; all of it optional."""

    product_category: ArticleCategory | None = None
    product_wish: str | None = None
    home_owner: bool | None = None
    car: str | None = None
    car_power: CarPower | None = None
    notes: str | None = None

    @property
    def stored(self) -> dict[str, Any]:
        """As JSON, without what was not said."""
        said = {
            "product_category": self.product_category and self.product_category.value,
            "product_wish": self.product_wish,
            "home_owner": self.home_owner,
            "car": self.car,
            "car_power": self.car_power and self.car_power.value,
            "notes": self.notes,
        }
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Submission:
    """A lead as it is given. `address` holds the fields of domain.contacts.addresses.FIELDS."""

    name: str
    email: str
    phone: str | None = None
    company_name: str | None = None
    language: str | None = None
    address: dict[str, Any] | None = None
    interests: Interests = field(default_factory=Interests)


def checked(given: Submission) -> Submission:
    """The submission in its normal form, or all its faults at once."""
    faults = Faults()
    name = faults.take(person_name, given.name, "name")
    email = faults.take(validation.email, given.email, "email")
    phone = faults.take(lambda value: validation.optional(validation.phone, value), given.phone, "phone")
    company = faults.take(lambda value: validation.optional(person_name, value), given.company_name, "company_name")
    if given.language is not None:
        faults.take(lambda value: validation.choice(value, LANGUAGES), given.language, "language")
    if given.address is not None:
        faults.take(addresses.parse, given.address, "address")
    interests = faults.take(_interests, given.interests, "interests")
    faults.raise_any()
    return replace(
        given, name=name or "", email=email or "", phone=phone, company_name=company, interests=interests or Interests()
    )


def person_name(value: str) -> str:
    """A name of one line that is no web address."""
    found = validation.name(value, maximum=MAX_NAME)
    if _WEB_ADDRESS.search(found):
        raise NotAName()
    return found


def _interests(given: Interests) -> Interests:
    faults = Faults()
    wish = faults.take(lambda value: _line(value, MAX_WISH), given.product_wish, "product_wish")
    car = faults.take(lambda value: _line(value, MAX_CAR), given.car, "car")
    notes = faults.take(_notes, given.notes, "notes")
    faults.raise_any()
    return replace(given, product_wish=wish, car=car, notes=notes)


def _line(value: str | None, maximum: int) -> str | None:
    return validation.optional(lambda text: validation.name(text, maximum=maximum), value)


def _notes(value: str | None) -> str | None:
    return validation.optional(lambda text: validation.text(text, maximum=MAX_NOTES), value)
