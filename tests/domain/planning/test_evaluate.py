"""The vectorized evaluation says of every insertion what the one reading of the hard rules says."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.geo.location import Point
from domain.planning.evaluate import BLOCKS, Calendar, Candidate, earliest, evaluate
from domain.planning.timing import Rule, timed, violations
from domain.planning.world import Job, Rules, Team, TeamDay, World
from domain.visits.models import DayBlock

_OF_OTHERS = {Rule.SKILLS, Rule.PIN, Rule.PROMISE, Rule.MATERIAL, Rule.PREDECESSOR, Rule.WEATHER}
_DAYS = 3


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[World, dict[int, list[tuple[int, DayBlock]]]]:
    places = draw(st.integers(3, 7))
    matrix = st.lists(st.integers(0, 90), min_size=places * places, max_size=places * places)
    drive = np.array(draw(matrix), np.int32).reshape(places, places)
    distance = np.array(draw(matrix), np.float32).reshape(places, places) * np.float32(0.451)
    jobs = tuple(draw(_job(number, places)) for number in range(draw(st.integers(1, 9))))
    teams = tuple(Team(UUID(int=number), draw(_SKILLS)) for number in range(draw(st.integers(1, 3))))
    team_days = tuple(draw(_team_day(team, places)) for team in range(len(teams)) for _ in range(2))
    world = World(
        tuple(date(2026, 3, 2) + timedelta(days=day) for day in range(_DAYS)),
        (Point(52.0, 5.0),) * places, ("3861",) * places, drive, distance + distance.T,
        jobs, teams, team_days, draw(_RULES),
    )  # fmt: skip
    return world, draw(_contents(len(jobs) - 1, len(team_days)))


_SKILLS = st.frozensets(st.sampled_from(["MID", "ROOF"]))
_RULES = st.sampled_from(
    [Rules(), Rules(blocks={DayBlock.MORNING: (480, 700), DayBlock.AFTERNOON: (780, 900)}), Rules(radius_km=12)]
)


@st.composite
def _job(draw: st.DrawFn, number: int, places: int) -> Job:
    return Job(
        UUID(int=number), draw(st.integers(0, places - 1)), "38", draw(st.sampled_from([30, 90, 180, 240])),
        draw(_SKILLS), earliest=draw(st.integers(0, 2)), not_before=draw(st.integers(0, 2)),
        unfit=draw(st.frozensets(st.integers(0, 2), max_size=1)),
        pin=draw(st.none() | st.tuples(st.integers(0, 2), st.integers(0, 2))),
    )  # fmt: skip


@st.composite
def _team_day(draw: st.DrawFn, team: int, places: int) -> TeamDay:
    place = st.integers(0, places - 1)
    return TeamDay(
        team, draw(st.integers(0, _DAYS - 1)), draw(st.sampled_from([420, 450, 600])),
        draw(st.sampled_from([700, 900, 1020])), draw(place), draw(place),
        draw(st.integers(1, 4)), draw(st.sampled_from([240, 480])),
    )  # fmt: skip


@st.composite
def _contents(draw: st.DrawFn, jobs: int, team_days: int) -> dict[int, list[tuple[int, DayBlock]]]:
    contents: dict[int, list[tuple[int, DayBlock]]] = {}
    for job in range(1, jobs + 1):
        at = draw(st.integers(-1, team_days - 1))
        if at >= 0 and len(contents.get(at, [])) < 4:
            contents.setdefault(at, []).append((job, draw(st.sampled_from(BLOCKS))))
    return contents


def _promised(world: World, number: int, contents: list[tuple[int, DayBlock]]) -> World:
    """What the team-day holds has its block as a promise, without rules of its own that the evaluation leaves out."""
    jobs = list(world.jobs)
    for job, block in contents:
        jobs[job] = replace(jobs[job], promise=(world.team_days[number].day, block))
    return replace(world, jobs=tuple(jobs))


@given(_worlds(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_insertion_is_judged_as_timing_judges_it(made: tuple[World, dict], promised: bool) -> None:  # type: ignore[type-arg]  # drawn above
    world, contents = made
    if promised:
        world = replace(world, jobs=(replace(world.jobs[0], promise=(1, DayBlock.MORNING)), *world.jobs[1:]))
    said = evaluate(Calendar.of(world, contents), Candidate.of(world, world.jobs[0]))
    for number, day in enumerate(world.team_days):
        held = contents.get(number, [])
        for at, block in enumerate(BLOCKS):
            options = [_judged(world, number, held, block, position) for position in range(len(held) + 1)]
            position = int(said.position[at, number])
            expected, added = options[position]
            assert dict(said.reasons(at, number)) == expected
            assert said.drive[at, number] == added
            assert bool(said.feasible[at, number]) == any(not rules for rules, _ in options)
            assert bool(said.relaxation()[at, number] == 0) == bool(said.feasible[at, number])
            assert (_short(expected), added) == min((_short(rules), drive) for rules, drive in options)
            assert day.team < len(world.teams)


def _judged(
    world: World, number: int, held: list[tuple[int, DayBlock]], block: DayBlock, position: int
) -> tuple[dict[Rule, int], int]:
    """The rules that this insertion breaks with the greatest amount of each, and the driving that it adds."""
    day, job = world.team_days[number], world.jobs[0]
    wanted = job.promise
    whole = _promised(world, number, [*held, (0, block)])
    order = [other for other, _ in held]
    order.insert(position, 0)
    found: dict[Rule, int] = {}
    for violation in violations(whole, day, order):
        if violation.rule not in _OF_OTHERS or violation.job == 0:
            found[violation.rule] = max(found.get(violation.rule, 0), violation.amount)
    if wanted and wanted != (day.day, block):
        found[Rule.PROMISE] = 0
    before = timed(whole, day, [other for other, _ in held]).drive
    return found, timed(whole, day, order).drive - before


def _short(rules: dict[Rule, int]) -> int:
    return rules.get(Rule.BLOCK, 0) + rules.get(Rule.HOURS, 0)


@given(_worlds())
@settings(max_examples=60, deadline=None)
def test_a_team_day_replaced_or_joined_is_the_calendar_built_anew(made: tuple[World, dict]) -> None:  # type: ignore[type-arg]  # drawn above
    world, contents = made
    whole, empty = Calendar.of(world, contents), Calendar.of(world, {})
    for number in range(len(whole)):
        empty = empty.replaced(number, whole.taken([number]))
    job = Candidate.of(world, world.jobs[0])
    again = Calendar.joined([whole.taken([number]) for number in range(len(whole))])
    for other in (empty, again):
        assert np.array_equal(evaluate(other, job).blocked, evaluate(whole, job).blocked)
        assert np.array_equal(evaluate(other, job).drive, evaluate(whole, job).drive)


@given(_worlds())
@settings(max_examples=60, deadline=None)
def test_the_earliest_day_is_the_first_that_is_feasible(made: tuple[World, dict]) -> None:  # type: ignore[type-arg]  # drawn above
    world, contents = made
    calendar = Calendar.of(world, contents)
    found = earliest(calendar, [Candidate.of(world, job) for job in world.jobs])
    for job, first in zip(world.jobs, found, strict=True):
        fits = np.argwhere(evaluate(calendar, Candidate.of(world, job)).feasible)
        expected = min(((int(calendar.day[number]), int(block)) for block, number in fits), default=None)
        assert (first and first[:2]) == expected


def test_a_travel_service_that_tells_nonsense_blocks_and_does_not_overflow() -> None:
    job = Job(UUID(int=1), 1, "38", 60)
    drive = np.array([[0, 2**31 - 1], [-5, 0]], np.int32)
    world = World((date(2026, 3, 2),), (Point(52, 5),) * 2, ("3861",) * 2, drive, np.zeros((2, 2), np.float32),
                  (job,), (Team(UUID(int=2), frozenset()),), (TeamDay(0, 0, 450, 1020, 0, 0),))  # fmt: skip
    said = evaluate(Calendar.of(world, {}), Candidate.of(world, job))
    assert not said.feasible.any()
    assert dict(said.reasons(0, 0))[Rule.HOURS] == pytest.approx(450 + 2880 + 60 - 1020)
