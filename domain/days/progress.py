"""What is still to be expected of a team's day, from what has happened on it so far. No session, no clock.

Stops that are done come first, in the order in which they were done, then the one at which the team works, then the one
it drives to, then the rest as planned: those are timed from where and when the team is free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from domain.planning.timing import timed
from domain.planning.world import Route, Stop, TeamDay, World
from domain.visits.models import DayBlock


@dataclass(frozen=True, slots=True)
class Fact:
    """What was reported of a stop, in minutes after midnight."""

    left: int | None = None
    """When the team set out for it."""
    started: int | None = None
    ended: int | None = None

    @property
    def phase(self) -> int:
        """0 done, 1 at work, 2 on the way, 3 ahead."""
        return 0 if self.ended is not None else 1 if self.started is not None else 2 if self.left is not None else 3


NOTHING = Fact()


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where the team was seen last, as minutes of driving to each job."""

    at: int
    drive: Mapping[int, int]


def expected(
    world: World,
    day: TeamDay,
    jobs: Sequence[int],
    facts: Mapping[int, Fact],
    now: int | None = None,
    seen: Sighting | None = None,
) -> Route:
    """The route as it went and will go; `now` None: the day has yet to begin or is over, and waits for no clock."""
    order = sorted(range(len(jobs)), key=lambda at: _key(facts.get(jobs[at], NOTHING), at))
    stops: list[Stop] = []
    free = replace(day, start=day.start if now is None else max(day.start, now))
    going = iter([jobs[at] for at in order])
    ahead: list[int] = []
    for job in going:
        fact = facts.get(job, NOTHING)
        if fact.phase == 3:
            ahead = [job, *going]
            break
        stop = _under_way(world, free, job, fact, now, seen)
        stops.append(stop)
        free = replace(free, start=max(stop.ends, now or 0), leaves_from=world.jobs[job].place)
    rest = timed(world, free, ahead)
    route = [*stops, *rest.stops]
    back = rest.back if ahead else _back(world, day, stops, free)
    return Route(day.team, day.day, tuple(route), legs_of(world, day, [stop.job for stop in route])[1], back)


def legs_of(world: World, day: TeamDay, jobs: Sequence[int]) -> tuple[list[int], int]:
    """Minutes of driving to each stop, and of the whole day with the way back."""
    if not jobs:
        return [], 0
    places = [day.leaves_from, *(world.jobs[job].place for job in jobs)]
    legs = [int(world.drive[one, other]) for one, other in pairwise(places)]
    return legs, sum(legs) + int(world.drive[places[-1], day.returns_to])


def _key(fact: Fact, at: int) -> tuple[int, int, int]:
    when = {0: fact.ended, 1: fact.started, 2: fact.left}.get(fact.phase)
    return fact.phase, when or 0, at


def _under_way(world: World, free: TeamDay, job: int, fact: Fact, now: int | None, seen: Sighting | None) -> Stop:
    """A stop of which something was reported."""
    if fact.started is not None or fact.ended is not None:
        ended = fact.ended
        started = fact.started if fact.started is not None else ended or 0
        ends = ended if ended is not None else max(started + world.jobs[job].minutes, now or 0)
        return Stop(job, started, started, max(ends, started), _block(world, job, started))
    arrives = _arrival(world, free, job, fact, now, seen)
    there = replace(free, start=arrives, leaves_from=world.jobs[job].place)
    return timed(world, there, [job]).stops[0]


def _arrival(world: World, free: TeamDay, job: int, fact: Fact, now: int | None, seen: Sighting | None) -> int:
    """When a team that is on its way will be there: from where it was seen, if that was since it set out."""
    left = fact.left or 0
    arrives = left + int(world.drive[free.leaves_from, world.jobs[job].place])
    if seen is not None and seen.at >= left and job in seen.drive:
        arrives = seen.at + seen.drive[job]
    return max(arrives, now or 0)


def _back(world: World, day: TeamDay, stops: Sequence[Stop], free: TeamDay) -> int:
    if not stops:
        return day.start
    return free.start + int(world.drive[world.jobs[stops[-1].job].place, day.returns_to])


def _block(world: World, job: int, started: int) -> DayBlock:
    promise = world.jobs[job].promise
    if promise:
        return promise[1]
    return DayBlock.MORNING if started < world.rules.blocks[DayBlock.MORNING][1] else DayBlock.AFTERNOON
