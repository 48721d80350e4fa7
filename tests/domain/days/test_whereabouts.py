"""Whose customers a place of a team may tell of."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.days.whereabouts import Errand, Whereabouts
from domain.geo.location import Point
from domain.planning.arrival import moment
from tests.visiting import monday

DAY = monday()
BASE, NEAR, FAR = Point(52.2217, 5.4837), Point(52.2300, 5.4837), Point(52.10, 5.10)
A, B, C = (UUID(int=number) for number in (1, 2, 3))


def errand(entity: UUID, begins: int | None = None, ends: int | None = None, days: int = 0) -> Errand:
    day = DAY + timedelta(days=days)
    return Errand(entity, day, *(None if at is None else moment(day, at) for at in (begins, ends)))


@pytest.mark.parametrize(
    ("errands", "minute", "point", "whose"),
    [
        ([], 600, FAR, []),
        ([errand(A, 500, 600), errand(B, 640)], 550, NEAR, [A]),
        ([errand(A, 500, 600), errand(B, 640)], 620, FAR, [A, B]),
        ([errand(A, 500, 600), errand(B, 640)], 620, NEAR, []),
        ([errand(A, 500, 600), errand(A, 640), errand(B, 900)], 620, FAR, [A]),
        ([errand(A, 500, 600), errand(A, 640), errand(B)], 620, FAR, [A, B]),
        ([errand(A, 500), errand(B, 600)], 610, FAR, [A, B]),
        ([errand(A, None, 600), errand(B, 700)], 550, FAR, [A]),
        ([errand(A, 500, 600)], 620, FAR, [A]),
        ([errand(B, 900, days=-1)], 480, FAR, [B]),
        ([errand(B, 900, days=-1), errand(A, 470)], 480, FAR, [A]),
        ([errand(B, 400, days=-1)], 480, FAR, []),
        ([errand(B, days=-1), errand(C, days=1)], 480, FAR, []),
    ],
)
def test_whose_a_place_is(errands: list[Errand], minute: int, point: Point, whose: list[UUID]) -> None:
    assert Whereabouts(BASE, errands).entities(moment(DAY, minute), point) == whose


_minutes = st.integers(400, 1_100)
_errands = st.builds(
    lambda entity, begins, takes, over: errand(entity, begins, None if begins is None or not over else begins + takes),
    st.sampled_from([A, B, C]),
    st.none() | _minutes,
    st.integers(1, 200),
    st.booleans(),
)


@given(st.lists(_errands, max_size=5), _minutes, st.sampled_from([NEAR, FAR]))
def test_who_is_visited_is_always_among_them(errands: list[Errand], minute: int, point: Point) -> None:
    at = moment(DAY, minute)
    whose = Whereabouts(BASE, errands).entities(at, point)
    assert {each.entity_id for each in errands if each.covers(at)} <= set(whose)
    if point == FAR:
        assert {each.entity_id for each in errands if each.first is None} <= set(whose) or any(
            each.covers(at) for each in errands
        )
        assert bool(whose) == bool(errands)
