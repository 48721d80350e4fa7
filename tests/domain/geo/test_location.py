import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geo.location import EARTH_RADIUS_KM, Address, AddressFlag, Point, distance_km
from domain.geo.pc2 import pc2_centre
from domain.validation import HouseNumber

points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


def test_known_distances() -> None:
    amsterdam, rotterdam = Point(52.3731, 4.8926), Point(51.9225, 4.4792)
    assert distance_km(amsterdam, rotterdam) == pytest.approx(57.5, abs=0.3)
    assert distance_km(Point(0, 0), Point(0, 1)) == pytest.approx(111.195, abs=0.001)
    assert distance_km(Point(90, 0), Point(-90, 0)) == pytest.approx(math.pi * EARTH_RADIUS_KM)


@given(points, points, points)
def test_distance_is_a_metric(a: Point, b: Point, c: Point) -> None:
    assert distance_km(a, a) == 0
    assert distance_km(a, b) == pytest.approx(distance_km(b, a))
    assert 0 <= distance_km(a, b) <= math.pi * EARTH_RADIUS_KM + 1e-6
    assert distance_km(a, c) <= distance_km(a, b) + distance_km(b, c) + 1e-6


def test_every_two_digit_area_has_a_centre_in_the_netherlands() -> None:
    centres = [pc2_centre(f"{area}00") for area in range(10, 100)]
    assert all(centre is not None and centre.in_netherlands for centre in centres)
    assert len(set(centres)) == 90
    assert pc2_centre("0900") is None
    amersfoort = pc2_centre("3861 AB")
    assert amersfoort is not None
    assert distance_km(amersfoort, Point(52.22, 5.48)) < 20


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_any_text_can_be_an_address(postcode: str, number: str, addition: str) -> None:
    address = Address(postcode, number, addition)
    assert address.pc6 is None or address.pc4 == address.pc6[:4]
    assert address.number is None or address.number.number > 0


@pytest.mark.parametrize(
    ("postcode", "pc6", "pc4"),
    [
        ("3861 ab", "3861AB", "3861"),
        ("3861", None, "3861"),
        ("3861 SS", None, None),
        ("386", None, None),
        ("", None, None),
    ],
)
def test_the_parts_of_a_postcode(postcode: str, pc6: str | None, pc4: str | None) -> None:
    address = Address(postcode)
    assert (address.pc6, address.pc4) == (pc6, pc4)


@pytest.mark.parametrize(("number", "addition"), [("10", "a-2"), ("10a 2", ""), ("10-A", "2"), (" 10 ", " A 2 ")])
def test_an_addition_may_stand_in_either_field(number: str, addition: str) -> None:
    assert Address(house_number=number, addition=addition).number == HouseNumber(10, "A-2")


def test_every_flag_is_explained_in_both_languages() -> None:
    for language in ("nl", "en"):
        assert len({flag.message(language) for flag in AddressFlag}) == len(AddressFlag)
