"""A planned day as a disruption leaves it: what has begun and stays, who can still do what, and what is to be placed.

Pure: rows have become `Days` before, and the clock is an argument.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from domain.days.board import away, route_of
from domain.days.loading import BEGUN, Days
from domain.disruptions.models import DisruptionKind
from domain.planning.arrival import AMSTERDAM, minutes_of
from domain.planning.day_columns import Begun
from domain.planning.world import Job, TeamDay, Weights, World
from domain.plans.backlog import Waiting

WEIGHTS = Weights(stay_day=150, stay_team=150)
"""Nothing changes hands on the day itself to save some driving: stock is in the van, the route was read."""
REORDER = 30
"""Minutes of driving that another order of a team's own stops has to save."""


@dataclass(frozen=True, slots=True)
class Upset:
    """What is known of a disruption."""

    kind: DisruptionKind
    days: tuple[date, ...]
    team_ids: frozenset[UUID] = frozenset()
    minutes: int = 0
    prefixes: tuple[str, ...] = ()

    def hits(self, pc4: str | None) -> bool:
        """Whether the weather is bad there."""
        return not self.prefixes or (pc4 or "").startswith(self.prefixes)


@dataclass(frozen=True, slots=True)
class Situation:
    """A day to be repaired. `world` has its team-days as they remain; jobs and teams by position in it."""

    world: World
    day: int
    begun: dict[int, Begun] = field(default_factory=dict)
    jobs: tuple[int, ...] = ()
    """That have not begun."""


def situation(days: Days, upset: Upset, day: date, now: datetime) -> Situation:
    """The day after the disruption; absences that it means are in the calendar of `days` already."""
    at = days.at(day)
    shifts = {team: days.team_day(id, day) for team, id in enumerate(days.team_ids)}
    begun = {team: found for team, shift in shifts.items() if (found := _begun(days, upset, team, shift, day, now))}
    left = _not_begun(days, day)
    world = replace(
        days.world,
        weights=WEIGHTS,
        jobs=_jobs(days, upset, shifts, left, day),
        team_days=tuple(_later(days, upset, each, day, now, begun) for each in days.world.team_days),
    )
    return Situation(world, at, begun, tuple(left))


def _not_begun(days: Days, day: date) -> list[int]:
    """Jobs of the day that are still ahead, held places among them."""
    return [
        number
        for number, visit in enumerate(days.waiting)
        if visit.planned and visit.day == day and visit.team_id in days.team_ids and visit.status not in BEGUN
    ]


def _begun(days: Days, upset: Upset, team: int, shift: TeamDay | None, day: date, now: datetime) -> Begun | None:
    """What the team has begun, in the order of its day, and when and where it is free after it."""
    id = days.team_ids[team]
    jobs = days.jobs_of(id, day)
    given = {job for job in jobs if days.waiting[job].status in BEGUN}
    if not given:
        return None
    route = route_of(days, shift or away(days, id, day), jobs, day, now)
    stops = [stop for stop in route.stops if stop.job in given]
    free = max(stops[-1].ends, _clock(day, now)) + _overrun(upset, id, day)
    return Begun(tuple(stop.job for stop in stops), days.world.jobs[stops[-1].job].place, free)


def _later(days: Days, upset: Upset, shift: TeamDay, day: date, now: datetime, begun: Collection[int]) -> TeamDay:
    """Nobody begins before now; a team that has nothing in hand and overruns leaves later."""
    if shift.day != days.at(day):
        return shift
    late = 0 if shift.team in begun else _overrun(upset, days.team_ids[shift.team], day)
    return replace(shift, start=max(shift.start, _clock(day, now)) + late)


def _overrun(upset: Upset, team_id: UUID, day: date) -> int:
    meant = upset.kind is DisruptionKind.OVERRUN and team_id in upset.team_ids and day in upset.days
    return upset.minutes if meant else 0


def _clock(day: date, now: datetime) -> int:
    """Minutes of the day that have passed."""
    return minutes_of(day, now) if now.astimezone(AMSTERDAM).date() == day else 0


def _jobs(
    days: Days, upset: Upset, shifts: dict[int, TeamDay | None], left: Sequence[int], day: date
) -> tuple[Job, ...]:
    at, jobs, freed = days.at(day), list(days.world.jobs), set(left)
    for number in freed:
        job, visit = jobs[number], days.waiting[number]
        if job.pin and shifts.get(job.pin[0]) is None:  # whom a planner fixed it with does not work
            job = replace(job, pin=None)
        elif visit.on_hold and job.current:
            job = replace(job, pin=(job.current.team, at))
        jobs[number] = replace(job, unfit=frozenset({at}) if _rained_off(upset, visit) else frozenset())
    return tuple(jobs)


def _rained_off(upset: Upset, visit: Waiting) -> bool:
    """What was reported counts, not the forecast: the plan in force knew that."""
    return upset.kind is DisruptionKind.WEATHER and visit.outdoor and upset.hits(visit.pc4)


def working_days(days: Iterable[date], world: World) -> list[date]:
    """Those of the days on which anybody works or anything is planned."""
    worked = {world.days[each.day] for each in world.team_days}
    planned = {world.days[job.current.day] for job in world.jobs if job.current}
    return [day for day in days if day in worked | planned]
