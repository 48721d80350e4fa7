"""What a plan makes of a world, in figures that can be laid side by side. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from domain.planning.timing import timed, worth
from domain.planning.utilization import utilization
from domain.planning.world import Route, Solution, World
from domain.plans.values import PATIENCE_DAYS


@dataclass(frozen=True, slots=True)
class Figures:
    jobs: int
    served: int
    promises: int
    promises_kept: int
    waited_days: float
    """Mean of the served, from being called for to being done."""
    late: int
    """Served or left over after more than PATIENCE_DAYS."""
    late_left: int
    """Of them, those that are left over."""
    work_minutes: int
    available_minutes: int
    """Of work at customers that the teams can do."""
    travel_minutes: int
    value: int
    bound: float | None
    own_jobs: int
    """Of the entity that asks; so for the next."""
    own_served: int

    @property
    def row(self) -> dict[str, Any]:
        """As it is stored, with what follows from it."""
        each = {"utilization": utilization(self.work_minutes, self.available_minutes)}
        return asdict(self) | each | {"travel_per_visit": round(self.travel_minutes / (self.served or 1), 1)}


def measured(world: World, solution: Solution, since: Sequence[date], own: Collection[int]) -> Figures:
    """`since`: by job the day on which it was called for; `own`: the jobs of who asks."""
    days = {stop.job: route.day for route in solution.routes for stop in route.stops}
    waited = {job: (world.days[day] - since[job]).days for job, day in days.items()}
    left = [
        job for job in range(len(world.jobs)) if job not in days and (world.days[-1] - since[job]).days > PATIENCE_DAYS
    ]
    return Figures(
        jobs=len(world.jobs),
        served=len(days),
        promises=sum(job.promise is not None for job in world.jobs),
        promises_kept=sum(world.jobs[job].promise is not None for job in days),
        waited_days=round(sum(max(0, each) for each in waited.values()) / (len(waited) or 1), 1),
        late=len(left) + sum(each > PATIENCE_DAYS for each in waited.values()),
        late_left=len(left),
        work_minutes=sum(world.jobs[job].minutes for job in days),
        available_minutes=sum(day.most_minutes for day in world.team_days),
        travel_minutes=sum(route.drive for route in solution.routes),
        value=solution.value,
        bound=solution.bound,
        own_jobs=len(own),
        own_served=sum(job in days for job in own),
    )


def in_force(world: World) -> Solution:
    """The plan in force as a solution, whether or not it breaks a rule by now; of teams that still work."""
    held: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for number, job in enumerate(world.jobs):
        if job.current:
            held.setdefault((job.current.team, job.current.day), []).append((job.current.order, number))
    routes: list[Route] = []
    for day in world.team_days:
        if jobs := [number for _, number in sorted(held.get((day.team, day.day), []))]:
            routes.append(timed(world, day, jobs))
    return Solution(tuple(routes), sum(worth(world, route) for route in routes))
