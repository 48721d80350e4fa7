import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geo.location import Point, distance_km
from domain.travel.estimate import distances, estimate, minutes_by_road, road_km, road_metres

NIJKERK, AMSTERDAM, MAASTRICHT = Point(52.2200, 5.4861), Point(52.3730, 4.8924), Point(50.8514, 5.6910)
places = st.lists(st.builds(Point, st.floats(50.7, 53.7), st.floats(3.2, 7.3)), min_size=1, max_size=12)


@given(places)
def test_distances_are_great_circles(points: list[Point]) -> None:
    expected = [[distance_km(one, other) for other in points] for one in points]
    assert np.allclose(distances(points), expected, atol=0.002)


@given(places)
def test_every_pair_has_a_time_that_a_van_can_drive(points: list[Point]) -> None:
    minutes, kilometres = estimate(points), distances(points)
    assert (minutes == minutes.T).all()
    assert (np.diagonal(minutes) == 0).all()
    assert (minutes[kilometres > 0.001] >= 3).all()
    assert (minutes * 95 >= kilometres * 60).all()
    assert (road_metres(points) >= kilometres * 999).all()


def test_further_is_never_sooner() -> None:
    kilometres = np.linspace(0, 400, 40_001)
    assert (np.diff(minutes_by_road(road_km(kilometres))) >= 0).all()


def test_known_drives() -> None:
    minutes = estimate([NIJKERK, AMSTERDAM, MAASTRICHT])
    assert 40 <= minutes[0, 1] <= 60
    assert 105 <= minutes[0, 2] <= 150
    assert 53_000 <= road_metres([NIJKERK, AMSTERDAM])[0, 1] <= 66_000


def test_the_mean_trip_of_the_survey() -> None:
    assert 21.4 <= minutes_by_road(np.array([15.86]))[0] <= 24


def test_other_side_of_the_world_and_the_poles() -> None:
    points = [Point(90.0, 0.0), Point(-90.0, 0.0), Point(0.0, 180.0), Point(0.0, 0.0)]
    assert distances(points)[0, 1] == pytest.approx(20_015.1, abs=1)
    assert (estimate(points)[np.triu_indices(4, 1)] > 5000).all()


@pytest.mark.parametrize("wrong", [Point(float("nan"), 5.0), Point(52.0, float("inf")), Point(91.0, 5.0)])
def test_a_place_without_coordinates_is_named(wrong: Point) -> None:
    with pytest.raises(ValueError, match="place 1 "):
        estimate([NIJKERK, wrong])


def test_none_and_one() -> None:
    assert estimate([]).shape == (0, 0)
    assert distances([]).shape == (0, 0)
    assert estimate([NIJKERK]).tolist() == [[0]]


def test_thousands_of_places_need_little_more_than_the_answer() -> None:
    points = [Point(50.8 + i / 1000, 3.4 + i / 700) for i in range(2000)]
    tracemalloc.start()
    try:
        minutes = estimate(points)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < minutes.nbytes + 16_000_000


@given(places, places)
def test_from_some_to_others_is_a_part_of_all_to_all(some: list[Point], others: list[Point]) -> None:
    everything = distances([*some, *others])
    assert np.allclose(distances(some, others), everything[: len(some), len(some) :], atol=0.002)
    assert estimate(some, others).shape == (len(some), len(others))
