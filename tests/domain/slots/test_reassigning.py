"""Other assignments of a day: each one found keeps every rule, and where none exists none is found."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import permutations, product
from uuid import UUID

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.geo.location import Point, distance_km
from domain.planning.evaluate import BLOCKS, evaluate
from domain.planning.timing import Rule, violations
from domain.planning.world import Job as PlannedJob
from domain.planning.world import Rules, Team, TeamDay, World
from domain.slots.board import DayBoard, Job, Stop, Teams
from domain.slots.offers import Asked, Band, candidate, offers
from domain.slots.places import Places
from domain.slots.reassigning import Breadth, placed, reassigned
from domain.travel import distances, estimate
from domain.visits.models import DayBlock

DAY = date(2026, 3, 2)
BASE = Point(52.2217, 5.4837)
SPOTS = (BASE, Point(52.1561, 5.3878), Point(52.14, 5.585), Point(52.0907, 5.1214), Point(52.37, 5.22))
WIDE = Breadth(50, 50)


@st.composite
def _days(draw: st.DrawFn) -> tuple[DayBoard, Job]:
    teams, places = Teams(), Places()
    base = places.number(BASE)
    team_days, stops = [], []
    for number in range(draw(st.integers(1, 3))):
        skills = draw(st.frozensets(st.sampled_from(["A", "B"])))
        team = teams.known(UUID(int=number), f"Team {number}", skills)
        team_days.append(TeamDay(team, DAY.toordinal(), 480, draw(st.sampled_from([780, 1020])), base, base,
                                 draw(st.integers(1, 2)), 480))  # fmt: skip
        stops.append(tuple(_stops(draw, number, places, team_days[-1].most_jobs, skills)))
    board = DayBoard(DAY, 1, None, Rules(), teams, places, tuple(team_days), tuple(stops))
    return board, Job(UUID(int=999), draw(st.sampled_from(SPOTS)), draw(st.sampled_from([60, 150])),
                      draw(st.frozensets(st.sampled_from(["A", "B"]))))  # fmt: skip


def _stops(draw: st.DrawFn, team: int, places: Places, most: int, skills: frozenset[str]) -> Iterator[Stop]:
    held = draw(st.integers(0, most))
    for number, block in enumerate(sorted(draw(st.lists(st.sampled_from(BLOCKS), min_size=held, max_size=held)),
                                          key=BLOCKS.index)):  # fmt: skip
        needs = draw(st.frozensets(st.sampled_from(sorted(skills)))) if skills else frozenset()
        minutes, movable = draw(st.sampled_from([60, 150])), draw(st.booleans())
        place = places.number(draw(st.sampled_from(SPOTS)))
        yield Stop(UUID(int=100 + 10 * team + number), place, minutes, block, needs, movable=movable)


def _world(board: DayBoard, stops: Sequence[Stop]) -> World:
    """The day as the one reading of the hard rules sees it."""
    points = list(board.places._known)
    jobs = tuple(PlannedJob(stop.visit_id, stop.place, "38", stop.minutes, stop.skills,
                            promise=(DAY.toordinal(), stop.block)) for stop in stops)  # fmt: skip
    teams = tuple(Team(UUID(int=n), skills) for n, skills in enumerate(board.teams.skills))
    return World((DAY,), tuple(points), ("3861",) * len(points), estimate(points), distances(points), jobs, teams,
                 board.team_days)  # fmt: skip


def _broken(world: World, board: DayBoard, number: int, jobs: Sequence[int]) -> bool:
    return bool(violations(world, board.team_days[number], jobs))


@given(_days())
@settings(max_examples=250, deadline=None)
def test_every_way_that_is_found_keeps_every_rule(made: tuple[DayBoard, Job]) -> None:
    board, job = made
    visit = Stop(job.visit_id, board.places.number(job.point), job.minutes, BLOCKS[0], job.skills)
    before = _world(board, _all(board))
    if any(_broken(before, board, n, _indices(board, stops)) for n, stops in enumerate(board.stops)):
        return
    for block in BLOCKS:
        wanted = replace(visit, block=block)
        world = _world(board, [*_all(board), wanted])
        said = evaluate(board.lacking.calendar, candidate(job, board.teams, board.places))
        steps = reassigned(board, BLOCKS.index(block), said, slice(0, len(board.lacking.stop)), WIDE)
        if not steps:
            continue
        changed = placed(board, wanted, steps)
        after = {number: changed.get(number, list(stops)) for number, stops in enumerate(board.stops)}
        index = {stop.visit_id: at for at, stop in enumerate([*_all(board), wanted])}
        assert sorted(index.values()) == sorted(index[stop.visit_id] for stops in after.values() for stop in stops)
        for number, stops in after.items():
            assert not _broken(world, board, number, [index[stop.visit_id] for stop in stops])
            assert {stop.visit_id for stop in board.stops[number] if not stop.movable} <= {s.visit_id for s in stops}


def _all(board: DayBoard) -> list[Stop]:
    return [stop for stops in board.stops for stop in stops]


def _indices(board: DayBoard, stops: Sequence[Stop]) -> list[int]:
    known = {stop.visit_id: at for at, stop in enumerate(_all(board))}
    return [known[stop.visit_id] for stop in stops]


@given(_days())
@settings(max_examples=60, deadline=None)
def test_full_means_that_no_swap_of_teams_makes_room(made: tuple[DayBoard, Job]) -> None:
    """Held against every assignment of the day where each team-day changes once, written out."""
    board, job = made
    before = _world(board, _all(board))
    if any(_broken(before, board, n, _indices(board, stops)) for n, stops in enumerate(board.stops)):
        return
    asked = Asked((board,), board.calendar, board.lacking.calendar, job)
    for offer in offers(asked, high=6):
        wanted = Stop(job.visit_id, board.places.number(job.point), job.minutes, offer.block, job.skills)
        possible = _possible(board, wanted)
        if offer.free:
            assert possible
        if not possible:
            assert offer.band is Band.FULL
            assert offer.reasons
        if _direct(board, wanted):
            assert offer.free
            assert not offer.reassigned


def _possible(board: DayBoard, wanted: Stop) -> bool:
    """Whether any assignment of all stops to teams, in any order, keeps every rule."""
    stops = [*_all(board), wanted]
    world = _world(board, stops)
    owner = {stop.visit_id: n for n, each in enumerate(board.stops) for stop in each if not stop.movable}
    choices = [[owner[s.visit_id]] if s.visit_id in owner else range(len(board.team_days)) for s in stops]
    return any(
        all(_fits(world, board, number, [at for at, team in enumerate(teams) if team == number])
            for number in range(len(board.team_days)))
        for teams in product(*choices)
    )  # fmt: skip


def _fits(world: World, board: DayBoard, number: int, jobs: Sequence[int]) -> bool:
    if len(jobs) > board.team_days[number].most_jobs:
        return False
    return any(not _broken(world, board, number, order) for order in permutations(jobs))


def _direct(board: DayBoard, wanted: Stop) -> bool:
    """Whether a team takes it beside its stops in their order."""
    world = _world(board, [*_all(board), wanted])
    last = len(_all(board))
    return any(
        not _broken(world, board, number, [*held[:at], last, *held[at:]])
        for number, stops in enumerate(board.stops)
        for held in [_indices(board, stops)]
        for at in range(len(held) + 1)
    )


def test_places_are_as_far_apart_as_everywhere_else() -> None:
    places = Places()
    numbers = [places.number(point) for point in SPOTS]
    minutes, kilometres = estimate(SPOTS), distances(SPOTS)
    for one, point in zip(numbers, SPOTS, strict=True):
        found, apart = places.around(point)
        among, near = places.around_among(one, numbers)
        assert np.array_equal(found, minutes[one])
        assert np.array_equal(found, among)
        assert np.allclose(apart, kilometres[one], atol=0.002)
        assert np.allclose(apart, near)
        for other in numbers:
            assert places.minutes(one, other) == minutes[one, other]
            assert abs(places.kilometres(one, other) - distance_km(point, SPOTS[other])) < 0.001


def test_a_leg_is_never_longer_than_the_plan_in_force_leaves_for_it() -> None:
    """A plan that was made with a routing service knows better than the estimate."""
    teams, places = Teams(), Places()
    team, base, far = teams.known(UUID(int=1), "One", frozenset()), places.number(BASE), places.number(SPOTS[3])
    day = TeamDay(team, DAY.toordinal(), 480, 1020, base, base)
    stop = Stop(UUID(int=2), far, 210, DayBlock.MORNING, starts=500, ends=710)
    board = DayBoard(DAY, 1, None, Rules(), teams, places, (day,), ((stop,),))
    assert places.minutes(base, far) > 20
    assert board.legs[base, far] == 20
    late = Job(UUID(int=3), BASE, 60)
    said = evaluate(board.calendar, candidate(late, teams, places))
    assert said.feasible.any()
    assert Rule.BLOCK not in dict(said.reasons(1, 0))


def test_a_stop_makes_room_in_exchange_with_a_third_team() -> None:
    teams, places = Teams(), Places()
    base, of_day = places.number(BASE), DAY.toordinal()
    skills = [frozenset("AB"), frozenset("AC"), frozenset("C")]
    numbers = [teams.known(UUID(int=n), f"Team {n}", each) for n, each in enumerate(skills)]
    team_days = tuple(TeamDay(number, of_day, 480, 1020, base, base, 1) for number in numbers)
    first = Stop(UUID(int=10), base, 60, DayBlock.MORNING, frozenset("A"))
    second = Stop(UUID(int=11), base, 60, DayBlock.AFTERNOON, frozenset("C"))
    board = DayBoard(DAY, 1, None, Rules(), teams, places, team_days, ((first,), (second,), ()))
    job = Job(UUID(int=12), SPOTS[1], 60, frozenset("B"))
    [morning, afternoon] = offers(Asked((board,), board.calendar, board.lacking.calendar, job), high=6)
    assert (morning.band, morning.reassigned, morning.team_id) == (Band.LIMITED, True, UUID(int=0))
    assert afternoon.free
    steps = reassigned(board, 0, evaluate(board.lacking.calendar, candidate(job, teams, places)), slice(0, 2), WIDE)
    visit = Stop(job.visit_id, places.number(job.point), 60, DayBlock.MORNING, job.skills)
    assert placed(board, visit, steps) == {0: [visit], 1: [first], 2: [second]}
