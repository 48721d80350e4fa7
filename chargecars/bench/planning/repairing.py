"""Makes a plan of a peer legal: of each route the best part that no rule forbids, in the best order; nothing is added.

Every peer gets the same repair. What a peer cannot express (the 30 km between the first and the third of a day, two
visits in their order, for some the weather or a pinned team) costs it the jobs that break the rule.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations

from chargecars.bench.planning.checker import earliest, route_faults, route_value, value
from domain.planning.world import Route, Solution, TeamDay, World

MOST_TRIED = 5
"""Jobs of a route that are tried in every order; what a peer puts behind them is left out."""
Routes = Mapping[int, Sequence[int]]
"""Jobs in order by position in `World.team_days`."""


def repaired(world: World, routes: Routes) -> Solution:
    """The most valuable legal rest of a plan; promises count first."""
    left, seen = {}, set[int]()
    for position, jobs in routes.items():
        left[position] = [job for job in dict.fromkeys(jobs) if job not in seen]
        seen.update(left[position])
    made = {position: _best(world, world.team_days[position], jobs) for position, jobs in left.items()}
    while dropped := _without_first(world, made.values()):
        for position, route in made.items():
            if any(stop.job in dropped for stop in route.stops):
                jobs = [stop.job for stop in route.stops if stop.job not in dropped]
                made[position] = _best(world, world.team_days[position], jobs)
    legal = tuple(sorted((route for route in made.values() if route.stops), key=lambda each: (each.day, each.team)))
    return Solution(legal, value(world, legal))


def _best(world: World, day: TeamDay, jobs: Sequence[int]) -> Route:
    best, most = earliest(world, day, ()), (0, 0)
    for order in _orders(jobs[:MOST_TRIED], day.most_jobs):
        route = earliest(world, day, order)
        if not route_faults(world, day, route):
            worth = sum(world.jobs[job].promise is not None for job in order), route_value(world, day, route)
            if worth > most:
                best, most = route, worth
    return best


def _orders(jobs: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    for count in range(1, min(len(jobs), most) + 1):
        yield from permutations(jobs, count)


def _without_first(world: World, routes: Iterable[Route]) -> set[int]:
    """Second visits that come too early or without the first."""
    day_of = {stop.job: route.day for route in routes for stop in route.stops}
    found = set[int]()
    for index, day in day_of.items():
        job = world.jobs[index]
        if job.after is not None and (job.after not in day_of or day_of[job.after] + job.gap_days > day):
            found.add(index)
    return found
