"""Small and nasty planning problems for hypothesis: asymmetric, instant and endless drives, everything promised, pins,
no teams, windows that nothing fits, places at the edge of the radius and abroad."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from hypothesis import strategies as st

from domain.geo.location import Point, distance_km
from domain.planning.world import Job, Placement, Rules, Team, TeamDay, Weights, World
from domain.visits.models import DayBlock

BASE = Point(52.2211, 5.4849)
PLACES = (
    (BASE, "3861"),
    (Point(52.2300, 5.4900), "3862"),
    (Point(52.1560, 5.3870), "3811"),
    (Point(52.0907, 5.1214), "3511"),
    (Point(52.4908, 5.4849), "8211"),  # 29.99 km north of the base
    (Point(52.4912, 5.4849), "8212"),  # 30.03 km
    (Point(53.2194, 6.5665), "9711"),
    (Point(50.8514, 5.6910), "6211"),
)
ABROAD = (Point(51.2194, 4.4025 + 3.2), "0000")
SKILLS = ("A", "B")
BLOCKS = tuple(DayBlock)


MORNING, AFTERNOON = DayBlock.MORNING, DayBlock.AFTERNOON


def known_world() -> World:
    """Two teams, three days; two jobs in the morning, one in the afternoon, a second visit a day later."""
    located = (*PLACES, ABROAD)
    points = tuple(point for point, _ in located)
    kilometres = np.array([[distance_km(one, other) for other in points] for one in points])
    jobs = (
        Job(UUID(int=1), 1, "38", 90, frozenset("A"), 300, current=Placement(0, 0, MORNING, 0)),
        Job(UUID(int=2), 2, "38", 120, value=250, promise=(0, MORNING), current=Placement(1, 0, MORNING, 0)),
        Job(UUID(int=3), 3, "35", 120, value=260, promise=(0, AFTERNOON)),
        Job(UUID(int=4), 1, "38", 60, value=200, after=0, gap_days=1, pin=(1, 1)),
        Job(UUID(int=5), 4, "82", 60, value=100),
    )
    teams = (Team(UUID(int=8), frozenset("A"), ("38",)), Team(UUID(int=9), frozenset()))
    days = tuple(TeamDay(team, day, 420, 1050, 0, 0) for team in (0, 1) for day in range(3) if (team, day) != (1, 2))
    return World(
        days=tuple(date(2026, 11, 23) + timedelta(days=day) for day in range(3)),
        places=points,
        areas=tuple(area for _, area in located),
        drive=np.ceil(kilometres * 1.1).astype(np.int32),
        distance=kilometres.astype(np.float32),
        jobs=jobs,
        teams=teams,
        team_days=days,
    )


@st.composite
def worlds(draw: st.DrawFn, *, most_jobs: int = 8, most_days: int = 3, most_teams: int = 3) -> World:
    days = draw(st.integers(1, most_days))
    located = [PLACES[0], *draw(st.lists(st.sampled_from((*PLACES, *PLACES, ABROAD)), min_size=1, max_size=6))]
    points = tuple(point for point, _ in located)
    teams = tuple(draw(st.lists(_teams(), max_size=most_teams)))
    team_days = tuple(draw(_team_day(team, day, len(points))) for team in range(len(teams)) for day in range(days))
    jobs = draw(st.lists(_jobs(located, days, len(teams)), max_size=most_jobs))
    return World(
        days=tuple(date(2026, 11, 23) + timedelta(days=day) for day in range(days)),
        places=points,
        areas=tuple(area for _, area in located),
        drive=draw(_drives(points)),
        distance=np.array([[distance_km(one, other) for other in points] for one in points], np.float32),
        jobs=tuple(_in_pairs(draw, jobs)),
        teams=teams,
        team_days=tuple(day for day in team_days if day is not None),
        rules=Rules(radius_km=draw(st.sampled_from((30.0, 30.0, 30.0, 0.0, 500.0)))),
        weights=draw(st.sampled_from((Weights(), Weights(), Weights(0, 0, 0, 0), Weights(40, 90, 60, 30)))),
    )


def _teams() -> st.SearchStrategy[Team]:
    return st.builds(
        Team,
        id=_ids(),
        skills=st.sampled_from((frozenset(), frozenset("A"), frozenset("AB"), frozenset("AB"))),
        areas=st.sampled_from(((), ("38",), ("38", "82"), ("9",))),
    )


def _ids() -> st.SearchStrategy[UUID]:
    return st.integers(1, 2**64).map(lambda number: UUID(int=number))


@st.composite
def _team_day(draw: st.DrawFn, team: int, day: int, places: int) -> TeamDay | None:
    if draw(st.integers(0, 7)) == 0:
        return None
    start = draw(st.sampled_from((0, 390, 420, 420, 480, 700)))
    return TeamDay(
        team,
        day,
        start,
        draw(st.sampled_from((1020, 1050, 1050, 780, start, start - 60, 1439))),
        draw(st.sampled_from((0, 0, 0, places - 1))),
        draw(st.sampled_from((0, 0, 0, places - 1))),
        draw(st.sampled_from((3, 3, 3, 2, 1, 0))),
        draw(st.sampled_from((480, 480, 360, 120, 0))),
    )


@st.composite
def _jobs(draw: st.DrawFn, located: list[tuple[Point, str]], days: int, teams: int) -> Job:
    place = draw(st.integers(0, len(located) - 1))
    any_day = st.integers(0, days - 1)
    return Job(
        id=draw(_ids()),
        place=place,
        pc2=located[place][1][:2],
        minutes=draw(st.sampled_from((0, 15, 60, 60, 90, 120, 165, 240, 600))),
        skills=draw(st.sampled_from((frozenset(), frozenset(), frozenset("A"), frozenset("AB"), frozenset("C")))),
        value=draw(st.sampled_from((0, 1, 100, 240, 300, 450, 5000))),
        earliest=draw(st.sampled_from((0, 0, 0, 1, days))),
        not_before=draw(st.sampled_from((0, 0, 0, 1, days + 3))),
        unfit=frozenset(draw(st.sampled_from(((), (), (0,), tuple(range(days)))))),
        promise=draw(_sometimes(st.tuples(any_day, st.sampled_from(BLOCKS)))),
        pin=draw(_sometimes(st.tuples(st.integers(0, teams - 1), any_day), 4)) if teams else None,
        current=draw(_sometimes(_placements(teams, any_day))) if teams else None,
    )


def _sometimes(strategy: st.SearchStrategy[Any], out_of: int = 2) -> st.SearchStrategy[Any]:
    return st.integers(0, out_of).flatmap(lambda number: strategy if number == out_of else st.none())


def _placements(teams: int, any_day: st.SearchStrategy[int]) -> st.SearchStrategy[Placement]:
    return st.builds(Placement, st.integers(0, teams - 1), any_day, st.sampled_from(BLOCKS), st.integers(0, 2))


def _in_pairs(draw: st.DrawFn, jobs: list[Job]) -> list[Job]:
    """Some become the second visit of the one beside them; at most two visits of a quote."""
    paired = list(jobs)
    for index in range(0, len(jobs) - 1, 2):
        if draw(st.integers(0, 2)) == 2:
            first, second = draw(st.sampled_from(((index, index + 1), (index + 1, index))))
            paired[second] = replace(jobs[second], after=first, gap_days=draw(st.sampled_from((0, 1, 1, 2))))
    return paired


def _drives(points: tuple[Point, ...]) -> st.SearchStrategy[Any]:
    """As the roads are, at once, one way slower than the other, or anything."""
    count = len(points)
    roads = np.array([[round(distance_km(one, other) * 1.1) for other in points] for one in points], np.int32)
    skewed = roads + 25 * (np.arange(count)[:, None] > np.arange(count)[None, :]).astype(np.int32)
    anything = st.lists(st.sampled_from((0, 1, 20, 45, 90, 200, 1500)), min_size=count**2, max_size=count**2)
    return st.one_of(
        st.just(roads),
        st.just(np.zeros((count, count), np.int32)),
        st.just(skewed),
        anything.map(lambda cells: np.array(cells, np.int32).reshape(count, count)),
    )
