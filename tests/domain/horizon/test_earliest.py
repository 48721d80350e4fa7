"""Earliest days: all of them hold together, nobody is dated later than needed, and what has no day has a reason."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np
from hypothesis import given, settings

from chargecars.bench.planning.instances import instance
from domain.horizon.earliest import HORIZON, Ahead, Dated, earliest_days, in_order
from domain.planning.timing import Rule, violations
from domain.planning.world import Job, Placement, TeamDay, World
from domain.travel.estimate import distances, estimate
from domain.visits.models import DayBlock
from tests.planning.worlds import worlds

BLOCKS = tuple(DayBlock)


def _estimated(world: World) -> World:
    """With the drives that a look ahead counts with, and nothing promised or fixed but what is planned, as it is."""
    free = [replace(job, pin=None, promise=None) for job in world.jobs]
    jobs = tuple(_as_it_is(job) if job.current else job for job in free)
    return replace(world, drive=estimate(world.places), distance=distances(world.places), jobs=jobs)


def _as_it_is(job: Job) -> Job:
    """Planned in spite of anything."""
    return replace(job, skills=frozenset(), earliest=0, not_before=0, unfit=frozenset())


def _legal(world: World, day: TeamDay, jobs: Sequence[int]) -> bool:
    """Whether the team-day can do these jobs in some order and some blocks."""
    return any(
        not [each for each in violations(_promised(world, day, order), day, order) if each.rule is not Rule.PREDECESSOR]
        for order in permutations(jobs)
    )


def _promised(world: World, day: TeamDay, order: Sequence[int]) -> World:
    """What is planned stays in its block."""
    jobs = list(world.jobs)
    for index in order:
        if (at := jobs[index].current) is not None:
            jobs[index] = replace(jobs[index], promise=(day.day, at.block))
    return replace(world, jobs=tuple(jobs))


def _held(world: World, dated: Sequence[Dated]) -> Mapping[int, list[int]]:
    position = {(day.team, day.day): at for at, day in enumerate(world.team_days)}
    held: defaultdict[int, list[int]] = defaultdict(list)
    for number, job in enumerate(world.jobs):
        if job.current and (at := position.get((job.current.team, job.current.day))) is not None:
            held[at].append(number)
    for each in dated:
        if each.team_day is not None:
            held[each.team_day].append(each.job)
    return held


@given(worlds(most_jobs=8))
@settings(max_examples=60, deadline=None)
def test_all_days_hold_together(world: World) -> None:
    """Each team-day that was given a job does all it then holds without breaking a rule."""
    world = _estimated(world)
    dated = earliest_days(Ahead.of_world(world))
    held = _held(world, dated)
    for at in {each.team_day for each in dated if each.team_day is not None}:
        assert _legal(world, world.team_days[at], held[at])
    assert sorted(each.job for each in dated) == [n for n, job in enumerate(world.jobs) if job.current is None]
    days = {each.job: each.day for each in dated} | {
        number: job.current.day for number, job in enumerate(world.jobs) if job.current
    }
    for each in dated:
        job = world.jobs[each.job]
        assert (each.day is None) != (each.rule is None)
        if each.day is not None and job.after is not None:
            before = days[job.after]
            assert before is not None
            assert before + job.gap_days <= each.day


@given(worlds(most_jobs=5))
@settings(max_examples=60, deadline=None)
def test_nobody_waits_for_a_later_day_than_needed(world: World) -> None:
    """Alone in an empty calendar a job gets the first day on which any team-day can do it; or none can."""
    world = _estimated(world)
    for number, job in enumerate(world.jobs):
        alone = replace(job, current=None, after=None)
        tried = replace(world, jobs=(*world.jobs[:number], alone, *world.jobs[number + 1 :]))
        possible = [day.day for day in world.team_days if _legal(tried, day, [number])]
        possible = [day for day in possible if day >= job.not_before]
        [dated] = earliest_days(Ahead.of_world(replace(tried, jobs=(alone,))))
        assert dated.day == min(possible, default=None)


def test_what_is_worth_more_comes_first_and_takes_the_place() -> None:
    world = _one_place(2)
    first, second = earliest_days(Ahead.of_world(_valued(world, (300, 400))))
    assert (first.job, first.day) == (1, 0)
    assert (second.job, second.day) == (0, 1)


def test_a_full_calendar_says_so() -> None:
    world = _valued(_one_place(3), (3, 2, 1))
    assert [(each.day, each.rule) for each in earliest_days(Ahead.of_world(world))] == [
        (0, None),
        (1, None),
        (None, HORIZON),
    ]


def test_what_nobody_can_ever_do_names_the_rule_and_by_how_much() -> None:
    world = _one_place(4)
    jobs = (
        replace(world.jobs[0], skills=frozenset({"nobody has this"})),
        replace(world.jobs[1], minutes=600),
        replace(world.jobs[2], earliest=5),
        replace(world.jobs[3], not_before=10_000),
    )
    found = {each.job: each for each in earliest_days(Ahead.of_world(replace(world, jobs=jobs)))}
    assert [found[number].rule for number in range(4)] == ["SKILLS", found[1].rule, "MATERIAL", "PREDECESSOR"]
    assert found[1].rule in ("HOURS", "WORKLOAD")
    assert found[1].amount > 0
    assert found[2].amount == 4


def test_no_team_at_all_is_a_reason() -> None:
    world = replace(_one_place(1), team_days=())
    assert [each.rule for each in earliest_days(Ahead.of_world(world))] == ["ABSENCE"]


def test_second_visits_come_after_first_ones_also_in_a_circle() -> None:
    jobs = [replace(job, after=1 - number) for number, job in enumerate(_one_place(2).jobs)]
    assert sorted(in_order(jobs)) == [0, 1]
    assert list(in_order([replace(jobs[0], value=900, after=1), replace(jobs[1], after=None)])) == [1, 0]


def test_a_backlog_of_today_is_dated_within_a_moment_and_without_doubling() -> None:
    """Over a calendar that is long enough, everything gets a day, and no team-day more than it can do."""
    world = instance(1, 2)
    week = [day for day in world.team_days if day.day < 5]
    longer = [replace(day, day=day.day + 5 * more) for more in range(3, 16) for day in week]
    world = _estimated(replace(world, team_days=(*world.team_days, *longer)))
    dated = earliest_days(Ahead.of_world(world))
    assert all(each.day is not None or each.rule != HORIZON for each in dated)
    held = _held(world, dated)
    assert max(len(jobs) for jobs in held.values()) <= 3
    sample = [at for at in sorted(held) if len(held[at]) > 1][::7]
    assert all(_legal(world, world.team_days[at], held[at]) for at in sample)


def _one_place(count: int) -> World:
    """A team that does one job on each of two days, and so many jobs beside its base."""
    world = instance(1, 1)
    job = Job(world.jobs[0].id, 0, "38", 120)
    day = TeamDay(0, 0, 480, 1020, 0, 0, 1, 480)
    return replace(
        world,
        places=world.places[:1],
        areas=("3861",),
        drive=np.zeros((1, 1), np.int32),
        distance=np.zeros((1, 1), np.float32),
        team_days=(day, replace(day, day=1)),
        jobs=(job,) * count,
    )


def _valued(world: World, values: Sequence[int]) -> World:
    return replace(world, jobs=tuple(replace(j, value=v) for j, v in zip(world.jobs, values, strict=True)))


def test_what_is_planned_keeps_its_place() -> None:
    world = _one_place(2)
    planned = replace(world.jobs[0], current=Placement(0, 0, DayBlock.MORNING, 0))
    [dated] = earliest_days(Ahead.of_world(replace(world, jobs=(planned, world.jobs[1]))))
    assert (dated.job, dated.day) == (1, 1)
