"""A score adds up, stays in its bounds, and rises with what is good news."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geo.location import Point
from domain.leads.scoring import BASE, WEIGHTS, CarPower, Facts, PartnerRecord, ScoreFactor, score

points = st.builds(Point, st.floats(50.7, 53.7), st.floats(3.2, 7.3))
records = st.builds(PartnerRecord, st.integers(0, 10_000), st.integers(0, 10_000))
facts = st.builds(
    Facts,
    point=st.none() | points,
    partner=st.none() | records,
    has_phone=st.booleans(),
    has_address=st.booleans(),
    address_verified=st.booleans(),
    is_business=st.booleans(),
    home_owner=st.none() | st.booleans(),
    car=st.none() | st.sampled_from(CarPower),
    has_category=st.booleans(),
    has_wish=st.booleans(),
    intake=st.floats(0, 1),
)


@st.composite
def weights(draw: st.DrawFn) -> dict[ScoreFactor, int]:
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=len(ScoreFactor) - 1, max_size=len(ScoreFactor) - 1)))
    bounds = [0, *cuts, 100]
    return {factor: bounds[i + 1] - bounds[i] for i, factor in enumerate(ScoreFactor)}


@given(facts, weights())
def test_the_parts_add_up_to_a_score_between_0_and_100(known: Facts, by: dict[ScoreFactor, int]) -> None:
    found = score(known, by)
    assert found.points == sum(part["points"] for part in found.explanation)  # type: ignore[misc]
    assert 0 <= found.points <= 100
    assert all(0 <= part.points <= part.max == by[part.factor] for part in found.parts)
    assert [part.factor for part in found.parts] == list(ScoreFactor)
    assert all(part.reason and part.reason_en for part in found.parts)


@given(facts)
def test_knowing_more_good_of_a_lead_never_lowers_its_score(known: Facts) -> None:
    for better in (
        replace(known, has_phone=True),
        replace(known, has_address=True),
        replace(known, address_verified=True),
        replace(known, home_owner=True),
        replace(known, car=CarPower.ELECTRIC),
        replace(known, has_category=True),
        replace(known, intake=1.0),
        replace(known, point=BASE),
    ):
        assert score(better).points >= score(known).points


@given(facts, st.floats(0.1, 2.0))
def test_farther_from_the_base_never_scores_higher(known: Facts, degrees: float) -> None:
    near = replace(known, point=Point(BASE.latitude - degrees / 2, BASE.longitude))
    far = replace(known, point=Point(BASE.latitude - degrees, BASE.longitude))
    assert score(far).points <= score(near).points


@given(records)
def test_one_more_won_quote_never_lowers_a_partner(record: PartnerRecord) -> None:
    won = PartnerRecord(record.sent + 1, min(record.ordered, record.sent) + 1)
    assert 0 < record.expected_conversion < 1
    assert won.expected_conversion >= record.expected_conversion


def test_a_new_partner_is_average_and_few_quotes_say_little() -> None:
    assert PartnerRecord(0, 0).expected_conversion == 0.5
    assert PartnerRecord(1, 1).expected_conversion < 0.6
    assert PartnerRecord(1000, 1000).expected_conversion > 0.99


def test_the_default_weights_are_100_together() -> None:
    assert sum(WEIGHTS.values()) == 100


@pytest.mark.parametrize(
    ("known", "points"),
    [
        (Facts(), 0 + 10 + 4 + 4 + 5 + 0 + 0),
        (Facts(home_owner=False, car=CarPower.NONE), 0 + 10 + 4 + 0 + 0 + 0 + 0),
        (
            Facts(
                BASE,
                PartnerRecord(1000, 1000),
                has_phone=True,
                has_address=True,
                address_verified=True,
                home_owner=True,
                car=CarPower.ELECTRIC,
                has_category=True,
                intake=1.0,
            ),
            100,
        ),
    ],
)
def test_known_scores(known: Facts, points: int) -> None:
    assert score(known).points == points
