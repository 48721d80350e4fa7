"""Holds a plan against every hard rule, from the text of the rules and the data of the problem alone.

It shares no code with the planner: its own distances, times, goal and reading of each rule.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from domain.geo.location import Point
from domain.planning.world import Job, Route, Solution, Stop, TeamDay, World

MORNING, AFTERNOON = "MORNING", "AFTERNOON"
_TOLERANCE_KM = 0.005
"""Of a distance that the problem holds as 32 bits."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that a plan breaks, by the name that `domain.planning.timing.Rule` gives it, or one of the plan's own:
    TWICE (a job or a team-day), UNKNOWN (an index), TIMES, DRIVE, VALUE and BOUND (they do not add up)."""

    rule: str
    job: int | None = None
    team: int | None = None
    day: int | None = None


def faults(world: World, solution: Solution) -> list[Fault]:
    """All of them; none for a legal plan."""
    unknown = list(_unknown(world, solution))
    if unknown:
        return unknown
    days = _days(world)
    found = [fault for route in solution.routes for fault in route_faults(world, days.get(_key(route)), route)]
    found += _twice(solution)
    found += _out_of_order(world, solution)
    found += _sums(world, solution)
    return found


def _unknown(world: World, solution: Solution) -> Iterator[Fault]:
    for route in solution.routes:
        if not (0 <= route.team < len(world.teams) and 0 <= route.day < len(world.days)):
            yield Fault("UNKNOWN", None, route.team, route.day)
        for stop in route.stops:
            if not 0 <= stop.job < len(world.jobs):
                yield Fault("UNKNOWN", stop.job, route.team, route.day)


def _twice(solution: Solution) -> Iterator[Fault]:
    jobs = Counter(stop.job for route in solution.routes for stop in route.stops)
    days = Counter((route.team, route.day) for route in solution.routes)
    yield from (Fault("TWICE", job) for job, times in jobs.items() if times > 1)
    yield from (Fault("TWICE", None, *key) for key, times in days.items() if times > 1)


def _out_of_order(world: World, solution: Solution) -> Iterator[Fault]:
    day_of = {stop.job: route.day for route in solution.routes for stop in route.stops}
    for index, day in day_of.items():
        job = world.jobs[index]
        if job.after is not None and not day_of.get(job.after, math.inf) + job.gap_days <= day:
            yield Fault("PREDECESSOR", index, None, day)


def _sums(world: World, solution: Solution) -> Iterator[Fault]:
    if solution.value != value(world, solution.routes):
        yield Fault("VALUE")
    if solution.bound is not None and not _is_bound(solution.bound, solution.value):
        yield Fault("BOUND")


def _is_bound(bound: float, value: int) -> bool:
    return math.isfinite(bound) and bound >= value - 1e-6 * max(1, abs(value))


# --- one team-day ---------------------------------------------------------------------------------------------------


def route_faults(world: World, day: TeamDay | None, route: Route) -> list[Fault]:
    """What is wrong with the day of a team by itself; `day` is what the team can do then, None where it is absent."""
    if day is None:
        return [Fault("ABSENCE", None, route.team, route.day)] if route.stops else []
    names = [(rule, job) for rule, job in _of_route(world, day, route)]
    for stop in route.stops:
        names += [(rule, stop.job) for rule in _of_job(world, day, stop)]
    return [Fault(rule, job, route.team, route.day) for rule, job in names]


def _days(world: World) -> dict[tuple[int, int], TeamDay]:
    return {(day.team, day.day): day for day in world.team_days}


def _key(route: Route) -> tuple[int, int]:
    return route.team, route.day


def _of_route(world: World, day: TeamDay, route: Route) -> Iterator[tuple[str, int | None]]:
    jobs = [world.jobs[stop.job] for stop in route.stops]
    if len(jobs) > day.most_jobs:
        yield "JOBS", None
    if sum(job.minutes for job in jobs) > day.most_minutes:
        yield "WORKLOAD", None
    for one, other in combinations(route.stops, 2):
        if _kilometres(world, one.job, other.job) > world.rules.radius_km + _TOLERANCE_KM:
            yield "RADIUS", other.job
    if route.stops and route.back > day.end:
        yield "HOURS", None
    if not _adds_up(world, day, route):
        yield "TIMES", None
    if route.drive != _driven(world, day, route):
        yield "DRIVE", None


def _of_job(world: World, day: TeamDay, stop: Stop) -> Iterator[str]:
    job, team = world.jobs[stop.job], world.teams[day.team]
    broken = {
        "SKILLS": any(skill not in team.skills for skill in job.skills),
        "MATERIAL": day.day < job.earliest,
        "PREDECESSOR": day.day < job.not_before,
        "WEATHER": day.day in job.unfit,
        "PIN": job.pin is not None and job.pin != (day.team, day.day),
        "PROMISE": job.promise is not None and job.promise != (day.day, stop.block),
        "PLACE": not _in_netherlands(world.places[job.place]),
        "BLOCK": not _within(world, stop),
    }
    yield from (rule for rule, is_broken in broken.items() if is_broken)


def _within(world: World, stop: Stop) -> bool:
    """Work of a block begins in it."""
    opens, closes = _blocks(world)[stop.block.value]
    return opens <= stop.starts < closes


def _blocks(world: World) -> dict[str, tuple[int, int]]:
    return {block.value: times for block, times in world.rules.blocks.items()}


def _adds_up(world: World, day: TeamDay, route: Route) -> bool:
    """Nobody is anywhere before he can have driven there, and every job gets its time."""
    if not route.stops:
        return True
    first, last = route.stops[0], route.stops[-1]
    if first.arrives < day.start + _leg(world, day.leaves_from, world.jobs[first.job].place):
        return False
    for one, other in pairwise(route.stops):
        if other.arrives < one.ends + _leg(world, world.jobs[one.job].place, world.jobs[other.job].place):
            return False
    if route.back < last.ends + _leg(world, world.jobs[last.job].place, day.returns_to):
        return False
    return all(
        stop.starts >= stop.arrives and stop.ends == stop.starts + world.jobs[stop.job].minutes for stop in route.stops
    )


def _driven(world: World, day: TeamDay, route: Route) -> int:
    if not route.stops:
        return 0
    places = [day.leaves_from, *(world.jobs[stop.job].place for stop in route.stops), day.returns_to]
    return sum(_leg(world, here, there) for here, there in pairwise(places))


def _leg(world: World, here: int, there: int) -> int:
    return int(world.drive[here][there])


def _kilometres(world: World, one: int, other: int) -> float:
    """Great circle by the spherical law of cosines in its stable (vector) form."""
    ends = [world.places[world.jobs[index].place] for index in (one, other)]
    (x1, y1, z1), (x2, y2, z2) = (_unit(point) for point in ends)
    cross = math.hypot(y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2)
    return 6371.0088 * math.atan2(cross, x1 * x2 + y1 * y2 + z1 * z2)


def _unit(point: Point) -> tuple[float, float, float]:
    latitude, longitude = math.radians(point.latitude), math.radians(point.longitude)
    return (
        math.cos(latitude) * math.cos(longitude),
        math.cos(latitude) * math.sin(longitude),
        math.sin(latitude),
    )


def _in_netherlands(point: Point) -> bool:
    return 50.7 <= point.latitude <= 53.7 and 3.2 <= point.longitude <= 7.3


# --- the goal -------------------------------------------------------------------------------------------------------


def value(world: World, routes: Sequence[Route]) -> int:
    """Values of what is done, less driving, extra areas and work outside the region, plus what stays where it was."""
    days = _days(world)
    return sum(route_value(world, days.get(_key(route)), route) for route in routes if route.stops)


def route_value(world: World, day: TeamDay | None, route: Route) -> int:
    """Of a team's day with stops."""
    jobs = [world.jobs[stop.job] for stop in route.stops]
    gained = sum(job.value for job in jobs) + sum(_stays(world, route, stop) for stop in route.stops)
    areas = {job.pc2 for job in jobs}
    outside = [job for job in jobs if _is_outside(world, route.team, job)]
    lost = world.weights.extra_area * (len(areas) - 1) + world.weights.outside_region * len(outside)
    return gained - lost - (_driven(world, day, route) if day else 0)


def _is_outside(world: World, team: int, job: Job) -> bool:
    prefixes = world.teams[team].areas
    return len(prefixes) > 0 and not any(world.areas[job.place][: len(each)] == each for each in prefixes)


def _stays(world: World, route: Route, stop: Stop) -> int:
    before = world.jobs[stop.job].current
    if before is None or before.day != route.day or before.block != stop.block:
        return 0
    return world.weights.stay_day + (world.weights.stay_team if before.team == route.team else 0)


# --- figures --------------------------------------------------------------------------------------------------------


def promises_kept(world: World, routes: Sequence[Route]) -> int:
    """How many promised jobs are done as promised."""
    done = [(stop, route.day) for route in routes for stop in route.stops]
    return sum(world.jobs[stop.job].promise == (day, stop.block) for stop, day in done)


def moves(world: World, routes: Sequence[Route]) -> int:
    """Jobs of the plan in force that it puts on another day, in another block or with another team."""
    now = _placed(routes)
    return sum(index in now and now[index] != place for index, place in _in_force(world).items())


def left_out(world: World, routes: Sequence[Route]) -> int:
    """Jobs of the plan in force that it does not do."""
    return len(_in_force(world).keys() - _placed(routes).keys())


def _placed(routes: Sequence[Route]) -> dict[int, tuple[int, int, str]]:
    return {stop.job: (route.team, route.day, stop.block.value) for route in routes for stop in route.stops}


def _in_force(world: World) -> dict[int, tuple[int, int, str]]:
    current = ((index, job.current) for index, job in enumerate(world.jobs))
    return {index: (place.team, place.day, place.block.value) for index, place in current if place}


# --- times of its own -----------------------------------------------------------------------------------------------


def earliest(world: World, day: TeamDay, jobs: Sequence[int]) -> Route:
    """The day in this order with every job as early as the rules let it begin; whether it is legal is not asked."""
    stops: list[Stop] = []
    free, here = day.start, day.leaves_from
    for index in jobs:
        job = world.jobs[index]
        arrives = free + _leg(world, here, job.place)
        stop = _begun(world, index, arrives)
        stops.append(stop)
        free, here = stop.ends, job.place
    back = free + _leg(world, here, day.returns_to) if stops else day.start
    bare = Route(day.team, day.day, tuple(stops), 0, back)
    return Route(day.team, day.day, tuple(stops), _driven(world, day, bare), back)


def _begun(world: World, index: int, arrives: int) -> Stop:
    """In the promised block, else in the first that is not over."""
    job = world.jobs[index]
    for block, (opens, closes) in sorted(world.rules.blocks.items(), key=lambda item: item[1]):
        starts = max(arrives, opens)
        is_last = block.value == AFTERNOON
        if job.promise[1] == block if job.promise else (starts < closes or is_last):
            return Stop(index, arrives, starts, starts + job.minutes, block)
    raise AssertionError("no block")
