"""The times of a team's day, and which hard rule forbids it: the one place that says so for a single route.

A team leaves at its start. Work begins on arrival, at the earliest when the morning block opens and, for a promised
job, when its block opens; it begins before its block closes. Starting each as early as possible is best, since nothing
rewards waiting.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from domain.planning.world import Job, Route, Stop, TeamDay, World
from domain.visits.models import DayBlock


class Rule(StrEnum):
    """The hard rules that can keep a job from a team-day."""

    SKILLS = "SKILLS"
    """The team lacks a skill."""
    HOURS = "HOURS"
    """The team would be back too late: minutes."""
    BLOCK = "BLOCK"
    """The work would begin after its block: minutes."""
    JOBS = "JOBS"
    """The team-day has its most jobs: how many too many."""
    WORKLOAD = "WORKLOAD"
    """More work than the team does in a day: minutes."""
    RADIUS = "RADIUS"
    """Too far from another job of the day: metres in excess."""
    MATERIAL = "MATERIAL"
    """The material comes later: days."""
    PREDECESSOR = "PREDECESSOR"
    """The other visit of its quote has to come first: days."""
    WEATHER = "WEATHER"
    """Work outdoors on a day that is unfit for it."""
    PIN = "PIN"
    """A planner fixed it elsewhere."""
    PROMISE = "PROMISE"
    """The customer was promised another day or block."""
    ABSENCE = "ABSENCE"
    """No team works on that day."""
    PLACE = "PLACE"
    """Its place is unknown or outside the Netherlands."""


@dataclass(frozen=True, slots=True)
class Violation:
    rule: Rule
    amount: int = 0
    """By how much, in the unit that the rule states; 0 where it has none."""
    job: int | None = None


def timed(world: World, day: TeamDay, jobs: Sequence[int]) -> Route:
    """The route in this order, whether or not it is allowed; `violations` says that."""
    here, clock, drive = day.leaves_from, day.start, 0
    stops: list[Stop] = []
    for index in jobs:
        job = world.jobs[index]
        leg = int(world.drive[here, job.place])
        stop = _stop(world, index, clock + leg)
        stops.append(stop)
        here, clock, drive = job.place, stop.ends, drive + leg
    home = int(world.drive[here, day.returns_to]) if jobs else 0
    return Route(day.team, day.day, tuple(stops), drive + home, clock + home)


def _stop(world: World, index: int, arrives: int) -> Stop:
    job, blocks = world.jobs[index], world.rules.blocks
    block = job.promise[1] if job.promise else DayBlock.MORNING
    starts = max(arrives, blocks[block][0])
    if job.promise is None and starts >= blocks[DayBlock.MORNING][1]:
        block = DayBlock.AFTERNOON
        starts = max(starts, blocks[block][0])
    return Stop(index, arrives, starts, starts + job.minutes, block)


def violations(world: World, day: TeamDay, jobs: Sequence[int]) -> list[Violation]:
    """Every hard rule that this team-day would break, jobs in this order; other team-days are not looked at."""
    route = timed(world, day, jobs)
    found = [violation for index in jobs for violation in _of_job(world, day, index)]
    found += _late(world, route)
    if route.stops and route.back > day.end:
        found.append(Violation(Rule.HOURS, route.back - day.end))
    if len(jobs) > day.most_jobs:
        found.append(Violation(Rule.JOBS, len(jobs) - day.most_jobs))
    work = sum(world.jobs[index].minutes for index in jobs)
    if work > day.most_minutes:
        found.append(Violation(Rule.WORKLOAD, work - day.most_minutes))
    return found + list(_apart(world, jobs))


def _of_job(world: World, day: TeamDay, index: int) -> Iterable[Violation]:
    job = world.jobs[index]
    if not job.skills <= world.teams[day.team].skills:
        yield Violation(Rule.SKILLS, 0, index)
    yield from _of_day(job, day, index)
    if job.pin and job.pin != (day.team, day.day):
        yield Violation(Rule.PIN, 0, index)
    if job.promise and job.promise[0] != day.day:
        yield Violation(Rule.PROMISE, 0, index)


def _of_day(job: Job, day: TeamDay, index: int) -> Iterable[Violation]:
    if day.day < job.earliest:
        yield Violation(Rule.MATERIAL, job.earliest - day.day, index)
    if day.day < job.not_before:
        yield Violation(Rule.PREDECESSOR, job.not_before - day.day, index)
    if day.day in job.unfit:
        yield Violation(Rule.WEATHER, 0, index)


def _late(world: World, route: Route) -> Iterable[Violation]:
    for stop in route.stops:
        closes = world.rules.blocks[stop.block][1]
        if stop.starts >= closes:
            yield Violation(Rule.BLOCK, stop.starts - closes + 1, stop.job)


def _apart(world: World, jobs: Sequence[int]) -> Iterable[Violation]:
    for one, other in combinations(jobs, 2):
        excess = float(world.distance[world.jobs[one].place, world.jobs[other].place]) - world.rules.radius_km
        if excess > 0:
            yield Violation(Rule.RADIUS, max(1, round(excess * 1000)), other)


def worth(world: World, route: Route) -> int:
    """What a route adds to the goal: values, less drive, extra areas and jobs outside the region, plus kept places."""
    jobs = [world.jobs[stop.job] for stop in route.stops]
    if not jobs:
        return 0
    weights, team = world.weights, world.teams[route.team]
    areas = len({job.pc2 for job in jobs}) - 1
    outside = sum(bool(team.areas) and not world.areas[job.place].startswith(team.areas) for job in jobs)
    kept = sum(_kept(world, route, stop) for stop in route.stops)
    values = sum(job.value for job in jobs)
    return values - route.drive - weights.extra_area * areas - weights.outside_region * outside + kept


def _kept(world: World, route: Route, stop: Stop) -> int:
    current = world.jobs[stop.job].current
    if current is None or (current.day, current.block) != (route.day, stop.block):
        return 0
    return world.weights.stay_day + (world.weights.stay_team if current.team == route.team else 0)
