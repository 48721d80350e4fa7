"""Repairing a day: its jobs over its team-days anew, as many promises kept as possible, then the most worth.

A set packing over all columns of the day: Σ x ≤ 1 per job and per team-day. OR-Tools is loaded when a day is repaired
and not before.
"""

import time
from collections.abc import Mapping, Sequence

import numpy as np

from domain.planning.day_columns import Begun, Column, Columns, DayJobs, day_columns, remaining
from domain.planning.day_packing import Packing
from domain.planning.timing import timed, worth
from domain.planning.world import Route, Solution, TeamDay, World


def jobs_of_day(world: World, day: int) -> list[int]:
    """The jobs that the plan in force, a promise or a pin puts on this day."""
    return [index for index, job in enumerate(world.jobs) if day in _days_of(world, index)]


def _days_of(world: World, index: int) -> set[int]:
    job = world.jobs[index]
    found = {job.current.day} if job.current else set()
    return found | ({job.promise[0]} if job.promise else set()) | ({job.pin[1]} if job.pin else set())


def repair_day(
    world: World,
    day: int,
    seconds: float = 2.0,
    *,
    begun: Mapping[int, Begun] | None = None,
    jobs: Sequence[int] | None = None,
    reorder: int = 0,
) -> Solution:
    """The best use of a day's team-days for its jobs: first the number of promises kept, then `timing.worth`.

    `begun` says by team what is not given up; routes hold what comes after it. `jobs` are the day's where not given.
    `reorder`: minutes of driving that turning the order of two stops of a team has to save.
    Keeps at least as many promises as every team going on with the stops that it has. `value` sums up the worth of the
    routes; figures: promises, kept, kept_before (by doing nothing), jobs, placed, proven (nothing better exists).
    """
    ends, begun = time.monotonic() + seconds, begun or {}
    given = {index for each in begun.values() for index in each.jobs}
    indices = [index for index in (jobs_of_day(world, day) if jobs is None else jobs) if index not in given]
    rest = rest_of_day(world, day, begun)
    known = DayJobs(world, day, indices, reorder)
    columns = day_columns(known, rest, begun)
    before = going_on(world, day, columns)
    places = np.array([job.place for job in world.jobs], np.int64)
    apart = world.distance[np.ix_(places, places)]
    chosen, proven = Packing(columns, len(world.jobs)).best(before, apart, ends)
    return _solution(world, rest, [columns.at(index) for index in chosen], columns, before, indices, proven)


def rest_of_day(world: World, day: int, begun: Mapping[int, Begun]) -> dict[int, TeamDay]:
    """The day's team-days after what has begun, by position in `World.team_days`."""
    found = ((position, each) for position, each in enumerate(world.team_days) if each.day == day)
    return {position: remaining(world, each, begun.get(each.team)) for position, each in found}


def going_on(world: World, day: int, columns: Columns) -> list[int]:
    """For each team-day its best column among the stops that the plan in force gives it: what doing nothing keeps."""
    if not len(columns):
        return []
    teams = np.array([each.team for each in world.team_days])
    current = [job.current.team if job.current and job.current.day == day else -2 for job in world.jobs]
    now_at = np.array([*current, -1])[columns.jobs]
    own = np.all((now_at == -1) | (now_at == teams[columns.team_day][:, None]), axis=1)
    mine = np.flatnonzero(own)
    order = mine[np.lexsort((-columns.worth[mine], -columns.promises[mine], columns.team_day[mine]))]
    first = np.flatnonzero(np.diff(columns.team_day[order], prepend=-1))
    return [int(index) for index in order[first]]


def _solution(
    world: World,
    rest: Mapping[int, TeamDay],
    chosen: Sequence[Column],
    columns: Columns,
    before: Sequence[int],
    indices: Sequence[int],
    proven: bool,
) -> Solution:
    routes = tuple(timed(world, rest[column.team_day], column.jobs) for column in chosen)
    figures = {
        "promises": sum(world.jobs[index].promise is not None for index in indices),
        "kept": sum(column.promises for column in chosen),
        "kept_before": int(columns.promises[list(before)].sum()),
        "jobs": len(indices),
        "placed": sum(len(column.jobs) for column in chosen),
        "proven": proven,
    }
    return Solution(_sorted(routes), sum(worth(world, route) for route in routes), figures=figures)


def _sorted(routes: Sequence[Route]) -> tuple[Route, ...]:
    return tuple(sorted(routes, key=lambda route: (route.day, route.team)))
