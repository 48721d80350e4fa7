"""The repaired plan of the days that a disruption upsets, as rows: what changes for which visit. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from domain.days.loading import Days
from domain.disruptions.models import DisruptionEffect
from domain.disruptions.situation import REORDER, Situation, Upset, situation, working_days
from domain.planning.arrival import moment
from domain.planning.repair import repair_day
from domain.planning.timing import timed
from domain.planning.world import Route, Solution, TeamDay

SECONDS = 2.0
"""For all days together, beside reading and writing them."""
_LEAST = 0.3

Told = Callable[[int, int], None]
"""(days done, of)"""


@dataclass(frozen=True, slots=True)
class Repaired:
    """`visits`: columns of `disruption_visit`, with `job` beside; `figures`: columns of `disruption`."""

    visits: list[dict[str, Any]]
    figures: dict[str, Any]
    routes: Mapping[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    """By (team, day) of the days that were repaired: all its jobs in order, what has begun among them."""


@dataclass(frozen=True, slots=True)
class _Day:
    date: date
    given: Situation
    solution: Solution

    def stops(self) -> dict[int, tuple[Route, int]]:
        """By job its route, and its place in it."""
        return {stop.job: (route, at) for route in self.solution.routes for at, stop in enumerate(route.stops)}


def repaired(days: Days, upset: Upset, now: datetime, seconds: float = SECONDS, told: Told | None = None) -> Repaired:
    """Each day for itself, the earliest first; a day on which nobody works and nothing is planned is left out."""
    dates = working_days(upset.days, days.world)
    found: list[_Day] = []
    for number, day in enumerate(dates):
        given = situation(days, upset, day, now)
        share = max(_LEAST, seconds / len(dates))
        solution = repair_day(given.world, given.day, share, begun=given.begun, jobs=given.jobs, reorder=REORDER)
        found.append(_Day(day, given, solution))
        if told:
            told(number + 1, len(dates))
    visits = [row for each in found for row in _rows(days, each)]
    return Repaired(visits, _figures(days, found, visits), {key: jobs for each in found for key, jobs in _routes(each)})


def _rows(days: Days, day: _Day) -> list[dict[str, Any]]:
    """What changes; a visit that keeps team, block, time and place in the route is not told of."""
    stops = day.stops()
    rows = []
    for job in day.given.jobs:
        row = _left_out(days, job) if job not in stops else _placed(days, day, job, *stops[job])
        if row:
            rows.append(_about(days, job) | row)
    return rows


def _about(days: Days, job: int) -> dict[str, Any]:
    visit = days.waiting[job]
    return {
        "job": job,
        "entity_id": visit.entity_id,
        "visit_id": visit.id,
        "held": visit.held,
        "promised": visit.promised,
        "from_team_id": visit.team_id,
        "from_day": visit.day,
        "from_block": visit.block,
        "from_starts_at": visit.starts_at,
        **dict.fromkeys(("team_id", "day", "block", "route_order", "starts_at", "ends_at")),
    }


def _left_out(days: Days, job: int) -> dict[str, Any]:
    return {"change": DisruptionEffect.PROMISE_BROKEN if days.waiting[job].promised else DisruptionEffect.LEFT_OUT}


def _placed(days: Days, day: _Day, job: int, route: Route, at: int) -> dict[str, Any] | None:
    visit, stop = days.waiting[job], route.stops[at]
    order = _first_order(days, day, route.team) + at
    there = (days.team_ids[route.team], stop.block.value)
    moved = there != (visit.team_id, visit.block)
    starts = moment(day.date, stop.starts)
    undelayed = _undisturbed(days, day, route.team) or (visit.starts_at is not None and starts <= visit.starts_at)
    if not moved and undelayed and _goes_on(days, day, route):
        return None
    return {
        "change": DisruptionEffect.MOVED if moved else DisruptionEffect.RETIMED,
        "team_id": there[0],
        "day": day.date,
        "block": there[1],
        "route_order": order,
        "starts_at": starts,
        "ends_at": moment(day.date, stop.ends),
    }


def _goes_on(days: Days, day: _Day, route: Route) -> bool:
    """Whether the team has the same stops ahead in the same order as before."""
    ahead = set(day.given.jobs)
    before = [job for job in days.jobs_of(days.team_ids[route.team], day.date) if job in ahead]
    return before == [stop.job for stop in route.stops]


def _undisturbed(days: Days, day: _Day, team: int) -> bool:
    """Whether the team's day is to begin as planned: then the times of the plan in force stand, whoever made them."""
    at = next(each.start for each in day.given.world.team_days if (each.team, each.day) == (team, day.given.day))
    planned = days.team_day(days.team_ids[team], day.date)
    return team not in day.given.begun and planned is not None and planned.start == at


def _first_order(days: Days, day: _Day, team: int) -> int:
    """Behind what has begun."""
    begun = day.given.begun.get(team)
    orders = [days.waiting[job].route_order for job in begun.jobs] if begun else []
    return max((order for order in orders if order is not None), default=len(orders) - 1) + 1


def _routes(day: _Day) -> list[tuple[tuple[int, int], tuple[int, ...]]]:
    ahead = {route.team: tuple(stop.job for stop in route.stops) for route in day.solution.routes}
    teams = {each.team for each in day.given.world.team_days if each.day == day.given.day}
    return [((team, day.given.day), (*_jobs_begun(day, team), *ahead.get(team, ()))) for team in sorted(teams)]


def _jobs_begun(day: _Day, team: int) -> tuple[int, ...]:
    begun = day.given.begun.get(team)
    return begun.jobs if begun else ()


def _figures(days: Days, found: Sequence[_Day], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    changes = [row["change"] for row in rows]
    of_days = [each.solution.figures for each in found]
    return {
        "visits": sum(figures["jobs"] for figures in of_days),
        "promises": sum(figures["promises"] for figures in of_days),
        "promises_kept": sum(figures["kept"] for figures in of_days),
        "promises_kept_before": sum(figures["kept_before"] for figures in of_days),
        "changed": sum(change in (DisruptionEffect.MOVED, DisruptionEffect.RETIMED) for change in changes),
        "left_out": sum(change == DisruptionEffect.LEFT_OUT for change in changes),
        "travel_minutes": sum(route.drive for each in found for route in each.solution.routes),
        "travel_minutes_before": sum(_drive_before(days, each) for each in found),
        "travel_source": days.world.travel,
        "proven": all(figures["proven"] for figures in of_days),
    }


def _drive_before(days: Days, day: _Day) -> int:
    """Of the teams that still work, with the stops that they have."""
    ahead = set(day.given.jobs)
    shifts = [each for each in day.given.world.team_days if each.day == day.given.day]
    return sum(_drive(days, day, shift, ahead) for shift in shifts)


def _drive(days: Days, day: _Day, shift: TeamDay, ahead: set[int]) -> int:
    jobs = [job for job in days.jobs_of(days.team_ids[shift.team], day.date) if job in ahead]
    return timed(day.given.world, shift, jobs).drive
