"""A simple construction: each job to the team-day where it costs the least drive, in whatever order it is told to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from domain.planning.timing import timed, violations
from domain.planning.world import Placement, Route, TeamDay, World


class Assignment:
    """Growing routes; what was placed stays on its team-day and in its block."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes: dict[int, Route] = {}
        """By position in `team_days`."""
        self._by_day: dict[int, list[int]] = defaultdict(list)
        self._days: dict[int, int] = {}
        self._before: dict[int, list[int]] = defaultdict(list)
        for position, team_day in enumerate(world.team_days):
            self._by_day[team_day.day].append(position)

    def is_placed(self, job: int) -> bool:
        return job in self._days

    def place(self, job: int, days: Iterable[int]) -> bool:
        """On the cheapest team-day of these days; False where there is none."""
        options = [option for day in days if self._in_order(job, day) for option in self._options(job, day)]
        if not options:
            return False
        _, position, route = min(options, key=lambda option: option[:2])
        self._routes[position] = route
        self._days[job] = route.day
        return True

    def placements(self) -> Iterator[tuple[int, Placement]]:
        for route in self._routes.values():
            for order, stop in enumerate(route.stops):
                yield stop.job, Placement(route.team, route.day, stop.block, order)

    def _in_order(self, job: int, day: int) -> bool:
        """After its first visit, which must have a place already."""
        after, gap = self._world.jobs[job].after, self._world.jobs[job].gap_days
        return after is None or (after in self._days and self._days[after] + gap <= day)

    def _options(self, job: int, day: int) -> Iterator[tuple[int, int, Route]]:
        for position in self._by_day[day]:
            team_day = self._world.team_days[position]
            if self._may_go(job, team_day):
                present = self._routes.get(position)
                route = self._longer(team_day, present, job)
                if route is not None:
                    yield route.drive - (present.drive if present else 0), position, route

    def _may_go(self, job: int, day: TeamDay) -> bool:
        """Fast refusals first."""
        team, wanted = self._world.teams[day.team], self._world.jobs[job]
        return wanted.skills <= team.skills and self._world.areas[wanted.place].startswith(team.areas)

    def _longer(self, day: TeamDay, present: Route | None, job: int) -> Route | None:
        """The shortest route with the job in it where every other one keeps its block."""
        stops = present.stops if present else ()
        if len(stops) >= day.most_jobs:
            return None
        jobs, blocks = [stop.job for stop in stops], {stop.job: stop.block for stop in stops}
        best: Route | None = None
        for at in range(len(jobs) + 1):
            longer = [*jobs[:at], job, *jobs[at:]]
            if violations(self._world, day, longer):
                continue
            route = timed(self._world, day, longer)
            kept = all(blocks.get(stop.job, stop.block) == stop.block for stop in route.stops)
            if kept and (best is None or route.drive < best.drive):
                best = route
        return best
