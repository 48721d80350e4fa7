"""What is said about a contact, its address and its preferences, in its normal form."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.contacts import details
from domain.contacts.addresses import located, parse
from domain.contacts.details import InvalidPartnerCode, InvalidUrl
from domain.contacts.models import ContactType, Exactness
from domain.contacts.preferences import parse_preferences
from domain.errors import DomainError, DomainErrors, Required
from domain.geo.location import Address, AddressFlag, Location, Place, Point, Source
from domain.geo.location import Exactness as Exact

PERSON, ORGANIZATION = ContactType.PERSON, ContactType.ORGANIZATION


def faults(refused: Any) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(error.code, error.field) for error in refused.value.errors]


# --- details ----------------------------------------------------------------------------------------------------------


def test_a_name_may_come_in_parts() -> None:
    assert details.parse(PERSON, {"first_name": " Jan ", "last_name": "de  Vries"}, new=True)["name"] == "Jan de Vries"
    assert details.parse(PERSON, {"first_name": "Jan", "name": None}, new=True)["name"] == "Jan"
    assert details.parse(PERSON, {"first_name": "Jan", "name": "Jantje"}, new=True)["name"] == "Jantje"
    assert "name" not in details.parse(PERSON, {"first_name": "Jan"}, new=False)
    for given in ({}, {"name": ""}, {"name": " "}, {"email": "a@example.nl"}):
        with pytest.raises(Required):
            details.parse(PERSON, given, new=True)


def test_null_empties_what_may_be_empty() -> None:
    assert details.parse(ORGANIZATION, {"website": None, "phone": " "}, new=False) == {"website": None, "phone": None}
    assert details.parse(PERSON, {"language": None}, new=False) == {}
    with pytest.raises(Required):
        details.parse(PERSON, {"name": None}, new=False)


def test_every_fault_at_once_under_its_path() -> None:
    given = {"name": "x" * 201, "email": "x", "phone": "x", "kvk_number": "1", "payment_terms_days": 121}
    with pytest.raises(DomainErrors) as refused:
        details.parse(ORGANIZATION, given, new=True, at=("organization",))
    assert {path for _, path in faults(refused)} == {("organization", column) for column in given}


def test_a_faulty_part_does_not_hide_other_faults_nor_ask_for_a_name() -> None:
    with pytest.raises(DomainError) as refused:
        details.parse(PERSON, {"first_name": "x" * 100}, new=True)
    assert faults(refused) == [("TOO_LONG", ("first_name",))]
    with pytest.raises(DomainErrors) as several:
        details.parse(PERSON, {"email": "x"}, new=True)
    assert faults(several) == [("INVALID_EMAIL", ("email",)), ("REQUIRED", ("name",))]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://", "//x.nl", "ftp://x.nl", "https://u:p@x.nl", "https://x"]
)
def test_what_is_no_web_address(url: str) -> None:
    with pytest.raises(InvalidUrl):
        details.web_address(url)


@pytest.mark.parametrize("code", ["-a", "a_b", "a b", "é", "a-"])
def test_what_is_no_partner_code(code: str) -> None:
    with pytest.raises(InvalidPartnerCode):
        details.partner_code(code)


# --- addresses --------------------------------------------------------------------------------------------------------


@dataclass
class Register:
    """Answers every question with one location."""

    answer: Location
    asked: list[Address] = field(default_factory=list)

    async def locate(self, address: Address) -> Location:
        self.asked.append(address)
        return self.answer


HERE = Point(52.2, 5.5)
FOUND = Location(Exact.ADDRESS, Source.PDOK, HERE, place=Place(Exact.ADDRESS, HERE, street="Laan", city="Nijkerk"))


async def test_a_dutch_address_gets_its_normal_form_and_place() -> None:
    register = Register(FOUND)
    kept = await located(register, {"postal_code": "3861 ab", "house_number": "12", "house_number_addition": "a 2"})
    assert (kept.postal_code, kept.house_number, kept.house_number_addition) == ("3861AB", "12", "A-2")
    assert (kept.street, kept.city, kept.exactness, kept.flagged) == ("Laan", "Nijkerk", Exactness.ADDRESS, False)
    assert kept.original == {"postal_code": "3861 ab", "house_number": "12", "house_number_addition": "a 2"}
    assert register.asked == [Address("3861AB", "12", "A-2")]


async def test_what_was_given_is_not_overwritten() -> None:
    kept = await located(
        Register(FOUND), {"postal_code": "3861AB", "house_number": "1", "street": "Straat", "city": None}
    )
    assert (kept.street, kept.city) == ("Straat", "Nijkerk")


async def test_a_doubtful_place_is_flagged_and_fills_nothing_in() -> None:
    doubtful = Location(Exact.POSTCODE, Source.PDOK, HERE, AddressFlag.HOUSE_NUMBER_UNKNOWN, FOUND.place)
    kept = await located(Register(doubtful), {"postal_code": "3861AB", "house_number": "999"})
    assert (kept.street, kept.flagged, kept.flag_reason) == ("", True, AddressFlag.HOUSE_NUMBER_UNKNOWN)
    assert kept.exactness is Exact.POSTCODE


async def test_strict_refuses_and_lenient_keeps_as_given() -> None:
    given = {"postal_code": "12", "house_number": "geen", "street": "\u202eLaan\x00" + "x" * 300}
    with pytest.raises(DomainErrors) as refused:
        await located(Register(FOUND), given, at=("address",))
    assert {path for _, path in faults(refused)} == {("address", name) for name in given}
    nowhere = Register(Location.nowhere(AddressFlag.POSTCODE_INVALID))
    kept = await located(nowhere, given, strict=False)
    assert (kept.postal_code, kept.house_number, kept.flagged) == ("12", "geen", True)
    assert len(kept.street) == 200
    assert kept.street.isprintable()
    assert kept.original["postal_code"] == "12"


async def test_an_address_abroad_is_kept_as_it_is() -> None:
    nowhere = Register(Location.nowhere(AddressFlag.COUNTRY_NOT_COVERED))
    kept = await located(nowhere, {"postal_code": "10115", "house_number": "7b", "city": "Berlin", "country": "de"})
    assert (kept.postal_code, kept.house_number, kept.country) == ("10115", "7b", "DE")
    assert kept.flag_reason is AddressFlag.COUNTRY_NOT_COVERED


def test_addresses_need_a_postcode_and_a_number_in_the_netherlands() -> None:
    with pytest.raises(DomainErrors) as refused:
        parse({})
    assert faults(refused) == [("REQUIRED", ("postal_code",)), ("REQUIRED", ("house_number",))]


# --- preferences ------------------------------------------------------------------------------------------------------


def test_preferences_are_known_values_of_known_names() -> None:
    given = {"scheduling": {"weekdays": ["FRIDAY", "MONDAY", "MONDAY"], "note": " Bel aan ", "call_ahead": None}}
    assert parse_preferences(given) == {"scheduling": {"weekdays": ["MONDAY", "FRIDAY"], "note": "Bel aan"}}
    bad = {"communication": {"channel": 5, "x": 1}, "service": {"same_team": "yes"}, "scheduling": {"blocks": [["A"]]}}
    with pytest.raises(DomainErrors) as refused:
        parse_preferences(bad)
    assert {path for _, path in faults(refused)} == {
        ("preferences", "communication", "channel"),
        ("preferences", "communication", "x"),
        ("preferences", "service", "same_team"),
        ("preferences", "scheduling", "blocks"),
    }
