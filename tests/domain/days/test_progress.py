"""What is to be expected of a day, without a database."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.days.progress import Fact, Sighting, expected, legs_of
from domain.geo.location import Point
from domain.planning.arrival import moment, noticeable, window
from domain.planning.timing import timed
from domain.planning.world import Job, Team, TeamDay, World

DAY = date(2026, 3, 16)


def world(drives: list[list[int]], minutes: list[int]) -> World:
    """Place 0 is the base, job n is at place n + 1."""
    drive = np.array(drives, dtype=np.int32)
    jobs = tuple(Job(uuid4(), at + 1, "38", took) for at, took in enumerate(minutes))
    places = tuple(Point(52.0, 5.0 + at / 100) for at in range(len(drives)))
    team = (Team(uuid4(), frozenset()),)
    return World((DAY,), places, ("3811",) * len(drives), drive, drive.astype(np.float32) * 0, jobs, team, (SHIFT,))


SHIFT = TeamDay(0, 0, 480, 1020, 0, 0)
SQUARE = [[0, 10, 20, 30], [10, 0, 15, 25], [20, 15, 0, 12], [30, 25, 12, 0]]


@given(st.lists(st.integers(30, 120), min_size=0, max_size=3))
def test_a_day_of_which_nothing_is_known_is_the_plan(minutes: list[int]) -> None:
    some = world(SQUARE, minutes)
    jobs = list(range(len(minutes)))
    assert expected(some, SHIFT, jobs, {}) == timed(some, SHIFT, jobs)


def times(route: Any) -> list[tuple[int, int, int]]:
    return [(stop.job, stop.starts, stop.ends) for stop in route.stops]


def test_what_is_ahead_follows_what_has_happened() -> None:
    some = world(SQUARE, [60, 60, 60])
    facts = {0: Fact(480, 500, 600), 1: Fact(left=605)}
    assert times(expected(some, SHIFT, [0, 1, 2], facts, now=610)) == [(0, 500, 600), (1, 620, 680), (2, 692, 752)]


def test_the_clock_goes_on_over_what_should_have_happened() -> None:
    some = world(SQUARE, [60, 60, 60])
    assert times(expected(some, SHIFT, [0, 1], {}, now=540))[0] == (0, 550, 610)
    at_work = expected(some, SHIFT, [0, 1], {0: Fact(480, 490)}, now=700)
    assert times(at_work) == [(0, 490, 700), (1, 715, 775)], "an hour's work that is not over after three"


def test_work_begins_where_the_team_is_seen_and_not_before_its_part_of_the_day() -> None:
    some = world(SQUARE, [60])
    near = expected(some, SHIFT, [0], {0: Fact(left=480)}, now=485, seen=Sighting(485, {0: 3}))
    assert times(near) == [(0, 488, 548)]
    stale = expected(some, SHIFT, [0], {0: Fact(left=480)}, now=485, seen=Sighting(479, {0: 3}))
    assert times(stale) == [(0, 490, 550)], "a position from before it set out says nothing"


def test_what_was_done_in_another_order_comes_in_that_order() -> None:
    some = world(SQUARE, [60, 60, 60])
    facts = {1: Fact(480, 500, 560), 0: Fact(560, 580, 640)}
    assert [job for job, *_ in times(expected(some, SHIFT, [0, 1, 2], facts, now=650))] == [1, 0, 2]


@given(st.permutations([0, 1, 2]), st.integers(0, 3), st.integers(480, 1000))
def test_driving_is_that_of_the_order_and_nobody_is_at_two_places(order: list[int], done: int, now: int) -> None:
    some = world(SQUARE, [40, 50, 60])
    facts = {order[at]: Fact(480, 500 + 70 * at, 560 + 70 * at) for at in range(min(done, len(order)))}
    route = expected(some, SHIFT, order, facts, now=now)
    assert route.drive == legs_of(some, SHIFT, [stop.job for stop in route.stops])[1]
    for one, other in zip(route.stops, route.stops[1:], strict=False):
        assert one.ends <= other.starts


def test_windows_are_told_anew_when_they_have_changed_by_ten_minutes() -> None:
    told = window(moment(DAY, 600))
    assert told == (moment(DAY, 570), moment(DAY, 630))
    assert not noticeable(told, (told[0] + timedelta(minutes=9), told[1]))
    assert noticeable(told, (told[0] + timedelta(minutes=10), told[1]))
    assert noticeable(None, told)
    near = window(moment(DAY, 603), near=True)
    assert near == (moment(DAY, 585), moment(DAY, 620))


def test_minutes_are_those_of_the_clock_also_when_it_is_changed() -> None:
    for day, offset in ((date(2026, 3, 29), 2), (date(2026, 10, 25), 1), (date(2026, 3, 28), 1)):
        assert moment(day, 480).hour == 8 - offset
