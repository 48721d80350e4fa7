"""Worlds that are not, and how plans of them are measured."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargecars.bench.planning.instances import instance
from domain.horizon import changing
from domain.horizon.changing import AwayTeam, Changes, MoreJobs, MoreTeams, OtherHours, from_json, to_json
from domain.horizon.measured import in_force, measured
from domain.planning.timing import violations
from domain.planning.world import Solution, World

WORLD = instance(1, 4)
FIRST, SECOND = WORLD.teams[0].id, WORLD.teams[1].id


def changed(world: World, changes: Changes, own: Collection[int] | None = None) -> World:
    """All jobs are of who asks unless told otherwise."""
    return changing.changed(world, changes, range(len(world.jobs)) if own is None else own)


def _days(world: World, team: int) -> list[int]:
    return [day.day for day in world.team_days if day.team == team]


_dates = st.dates(date(2026, 1, 1), date(2027, 1, 1))
_times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
_count = st.integers(1, 9)
_changes = st.builds(
    Changes,
    more_teams=st.lists(st.builds(MoreTeams, st.uuids(), _count), max_size=2).map(tuple),
    without_teams=st.lists(st.uuids(), max_size=2).map(tuple),
    hours=st.lists(st.builds(OtherHours, _times, _times, st.none() | st.uuids()), max_size=2).map(tuple),
    radius_km=st.none() | st.floats(1, 300),
    max_jobs=st.none() | st.integers(1, 10),
    absences=st.lists(st.builds(AwayTeam, st.uuids(), _dates, _dates), max_size=2).map(tuple),
    more_jobs=st.lists(
        st.builds(
            MoreJobs, _count, st.none() | _count, st.none() | st.lists(st.text(), max_size=2).map(tuple), st.text()
        ),
        max_size=2,
    ).map(tuple),
)


@given(_changes)
@settings(max_examples=50)
def test_a_question_is_kept_as_it_was_asked(changes: Changes) -> None:
    assert from_json(to_json(changes)) == changes
    assert bool(changes) == (to_json(changes) != {})


def test_nothing_changed_is_the_same_world() -> None:
    assert changed(WORLD, Changes()) == WORLD


def test_a_team_more_works_as_its_model_does() -> None:
    tried = changed(WORLD, Changes(more_teams=(MoreTeams(FIRST, 2),)))
    assert len(tried.teams) == len(WORLD.teams) + 2
    assert len({team.id for team in tried.teams}) == len(tried.teams)
    for new in range(len(WORLD.teams), len(tried.teams)):
        assert _days(tried, new) == _days(WORLD, 0)
        assert replace(tried.teams[new], id=FIRST) == WORLD.teams[0]


def test_a_team_less_leaves_its_visits_to_others() -> None:
    tried = changed(WORLD, Changes(without_teams=(FIRST,)))
    assert not _days(tried, 0)
    assert len(tried.team_days) == len(WORLD.team_days) - len(_days(WORLD, 0))
    assert not [job for job in tried.jobs if job.pin and job.pin[0] == 0]
    assert [job.promise for job in tried.jobs] == [job.promise for job in WORLD.jobs]


def test_an_absence_takes_its_days_alone() -> None:
    day = _days(WORLD, 1)[2]
    away = AwayTeam(SECOND, WORLD.days[day], WORLD.days[day])
    tried = changed(WORLD, Changes(absences=(away,)))
    assert _days(tried, 1) == [each for each in _days(WORLD, 1) if each != day]
    assert _days(tried, 0) == _days(WORLD, 0)


def test_longer_hours_are_more_work_and_shorter_ones_less() -> None:
    longer = changed(WORLD, Changes(hours=(OtherHours(time(6), time(20)),)))
    assert all((day.start, day.end) == (360, 1200) for day in longer.team_days)
    pairs = list(zip(WORLD.team_days, longer.team_days, strict=True))
    assert all(new.most_minutes >= old.most_minutes for old, new in pairs)
    shorter = changed(WORLD, Changes(hours=(OtherHours(time(9), time(12), FIRST),)))
    assert {day.most_minutes for day in shorter.team_days if day.team == 0} == {180}
    assert [day for day in shorter.team_days if day.team] == [day for day in WORLD.team_days if day.team]


def test_another_radius_and_other_limits() -> None:
    tried = changed(WORLD, Changes(radius_km=40.0, max_jobs=2))
    assert tried.rules.radius_km == 40.0
    assert {day.most_jobs for day in tried.team_days} == {2}


@pytest.mark.parametrize("prefix", ["", "38", "3"])
def test_more_work_is_where_work_waits(prefix: str) -> None:
    more = MoreJobs(30, 90, ("GROUNDWORK",), prefix)
    new = changed(WORLD, Changes(more_jobs=(more,))).jobs[len(WORLD.jobs) :]
    assert len({job.id for job in new}) == 30
    assert all(WORLD.areas[job.place].startswith(prefix) for job in new)
    assert {(job.minutes, job.skills, job.promise, job.current, job.pin) for job in new} == {
        (90, frozenset({"GROUNDWORK"}), None, None, None)
    }
    assert len(changed(WORLD, Changes(more_jobs=(MoreJobs(5, postcode_prefix="0"),))).jobs) == len(WORLD.jobs)


def test_more_work_is_where_work_of_who_asks_is() -> None:
    more = Changes(more_jobs=(MoreJobs(12),))
    own = [number for number, job in enumerate(WORLD.jobs) if not job.current][:3]
    new = changed(WORLD, more, own).jobs[len(WORLD.jobs) :]
    assert {job.place for job in new} == {WORLD.jobs[number].place for number in own}
    assert changed(WORLD, more, ()).jobs == WORLD.jobs


def test_the_plan_in_force_is_measured_as_it_is() -> None:
    plan = in_force(WORLD)
    planned = [number for number, job in enumerate(WORLD.jobs) if job.current]
    by_day = {(day.team, day.day): day for day in WORLD.team_days}
    assert all(not violations(WORLD, by_day[r.team, r.day], [s.job for s in r.stops]) for r in plan.routes)
    since = [WORLD.days[0] - timedelta(days=number % 40) for number in range(len(WORLD.jobs))]
    figures = measured(WORLD, plan, since, own=planned[:5])
    assert (figures.served, figures.own_served, figures.own_jobs) == (len(planned), 5, 5)
    assert figures.promises_kept == figures.promises == sum(job.promise is not None for job in WORLD.jobs)
    days = {n: job.current.day for n, job in enumerate(WORLD.jobs) if job.current}
    waits = [(WORLD.days[day] - since[n]).days for n, day in days.items()]
    left = [n for n in range(len(WORLD.jobs)) if n not in planned and (WORLD.days[-1] - since[n]).days > 28]
    assert figures.late == sum(each > 28 for each in waits) + len(left)
    assert figures.late_left == len(left)
    assert figures.waited_days == round(sum(waits) / len(waits), 1)
    assert figures.row["utilization"] == round(figures.work_minutes / figures.available_minutes, 4)


def test_a_plan_of_nothing_has_figures() -> None:
    empty = replace(WORLD, team_days=())
    figures = measured(empty, Solution((), 0), [WORLD.days[0]] * len(WORLD.jobs), ()).row
    assert (figures["served"], figures["utilization"], figures["travel_per_visit"]) == (0, 0.0, 0.0)
