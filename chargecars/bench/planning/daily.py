"""What happens to a plan after it was made: urgent work, teams that are ill, days that are unfit, a look far ahead."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chargecars.bench.planning.checker import earliest, faults, left_out, moves, promises_kept, route_faults, value
from chargecars.bench.planning.contest import Illegal, solved
from chargecars.bench.planning.instances import urgent
from chargecars.bench.report import say
from domain.horizon.earliest import Ahead, Dated, earliest_days
from domain.planning.repair import repair_day
from domain.planning.world import Job, Placement, Route, Solution, TeamDay, World

WEEKS = 20
"""Of the look ahead: what a backlog of twice the capacity of three weeks needs, and then some."""


def in_force(world: World, plan: Solution) -> World:
    """The world where a plan is what the customers and the teams go by."""
    placed = {
        stop.job: Placement(route.team, route.day, stop.block, order)
        for route in plan.routes
        for order, stop in enumerate(route.stops)
    }
    return replace(world, jobs=tuple(replace(job, current=placed.get(at)) for at, job in enumerate(world.jobs)))


# --- urgent work ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Replanned:
    """What becomes of the plan in force, and values without what staying gains."""

    moves: int
    moves_from_scratch: int
    left_out: int
    left_out_from_scratch: int
    value: int
    value_from_scratch: int


def replanned(world: World, plan: Solution, seconds: float) -> Replanned:
    """5 % more work, urgent: planned over the plan in force, and from nothing."""
    upset = urgent(in_force(world, plan))
    blank = replace(upset, jobs=tuple(replace(job, current=None) for job in upset.jobs))
    over, scratch = solved(upset, seconds).result.routes, solved(blank, seconds).result.routes
    found = Replanned(
        moves(upset, over),
        moves(upset, scratch),
        left_out(upset, over),
        left_out(upset, scratch),
        value(blank, over),
        value(blank, scratch),
    )
    say(f"urgent work: {found}")
    return found


# --- disruption -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Repair:
    seconds: float
    kept: int
    kept_by_nothing: int


def repairs(world: World, plan: Solution) -> list[Repair]:
    """The busiest day and four others: a team ill, two teams ill, and a day unfit for work outdoors."""
    planned = in_force(world, plan)
    load = Counter(route.day for route in plan.routes for stop in route.stops if world.jobs[stop.job].promise)
    days = [day for day, _ in load.most_common(5)]
    return [_repair(upset, day) for day in days for upset in _upsets(planned, day)]


def _upsets(world: World, day: int) -> Iterator[World]:
    promises = Counter(job.current.team for job in world.jobs if job.promise and job.current and job.current.day == day)
    ill = [team for team, _ in promises.most_common(2)]
    for teams in (ill[:1], ill):
        left = (each for each in world.team_days if each.day != day or each.team not in teams)
        yield replace(world, team_days=tuple(left))
    yield replace(world, jobs=tuple(_rained_off(job, day) for job in world.jobs))


def _rained_off(job: Job, day: int) -> Job:
    """What is done outdoors."""
    return replace(job, unfit=job.unfit | {day}) if "GROUNDWORK" in job.skills else job


def _repair(world: World, day: int) -> Repair:
    """A pin to a team that is away holds nobody."""
    there = {(each.team, each.day) for each in world.team_days}
    free = tuple(replace(job, pin=None) if job.pin and job.pin not in there else job for job in world.jobs)
    upset = replace(world, jobs=free)
    began = time.perf_counter()
    plan = repair_day(upset, day)
    seconds = time.perf_counter() - began
    alone = replace(upset, jobs=tuple(replace(job, after=None) for job in upset.jobs))
    if broken := faults(alone, plan):
        raise Illegal(f"a repaired day breaks rules: {broken[:5]}")
    return Repair(seconds, promises_kept(upset, plan.routes), _kept_by_nothing(upset, day))


def _kept_by_nothing(world: World, day: int) -> int:
    """Promises that the teams keep who go on with what they have, without what the disruption forbids."""
    return sum(promises_kept(world, [route]) for route in _going_on(world, day))


def _going_on(world: World, day: int) -> Iterator[Route]:
    for each in world.team_days:
        if each.day == day:
            jobs = [job for job in _held(world, each) if day not in world.jobs[job].unfit]
            route = earliest(world, each, jobs)
            if not route_faults(world, each, route):
                yield route


def _held(world: World, day: TeamDay) -> list[int]:
    held = []
    for index, job in enumerate(world.jobs):
        if job.current and (job.current.team, job.current.day) == (day.team, day.day):
            held.append((job.current.order, index))
    return [index for _, index in sorted(held)]


# --- far ahead ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outlook:
    seconds: float
    jobs: int
    dated: int


def outlook(world: World) -> Outlook:
    """The earliest date of every job, none of which has a place yet, over many weeks of the same teams."""
    far = _weeks(world)
    ahead = Ahead.of_world(replace(far, jobs=tuple(_waiting(job) for job in far.jobs)))
    began = time.perf_counter()
    found: Sequence[Dated] = earliest_days(ahead)
    seconds = time.perf_counter() - began
    return Outlook(seconds, len(found), sum(each.day is not None for each in found))


def _waiting(job: Job) -> Job:
    return replace(job, current=None, promise=None, pin=None)


def _weeks(world: World) -> World:
    """Its days again and again."""
    period = len(world.days)
    times = WEEKS * 5 // period
    later = (replace(day, day=day.day + n * period) for n in range(times) for day in world.team_days)
    days = tuple(world.days[0].fromordinal(world.days[0].toordinal() + n) for n in range(times * period))
    return replace(world, days=days, team_days=tuple(later))
