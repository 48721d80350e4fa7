"""A team's day as somebody may see it: stops with times, driving, and which rules it breaks as things are now.

Times are those that are to be expected: what was reported counts, and the clock goes on. Who works for one business
entity sees what the team does for others as time that is taken, without place, customer or what it is; that and the
driving next to it in steps of five minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from domain.days.discretion import hidden, taken, told
from domain.days.loading import BEGUN, Days, Sees
from domain.days.progress import Sighting, expected, legs_of
from domain.geo.location import Point
from domain.planning.arrival import AMSTERDAM, Window, minutes_of, moment
from domain.planning.discretion import up
from domain.planning.timing import Rule, Violation, violations
from domain.planning.utilization import utilization
from domain.planning.world import Route, Stop, TeamDay
from domain.travel.estimate import estimate
from domain.visits.models import DayBlock, VisitStatus

FRESH = timedelta(minutes=20)
"""A position that is older says nothing of when the team will be somewhere."""
_WHOLE_DAY = 24 * 60
_FROM = 8 * 60


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a team was, and when."""

    point: Point
    at: datetime


@dataclass(frozen=True, slots=True)
class BoardStop:
    """A stop; what is None besides `window` is not the viewer's to see."""

    visit_id: UUID | None
    held: bool
    """Not a planned visit yet: a customer is choosing it."""
    status: VisitStatus | None
    block: DayBlock
    arrives_at: datetime
    starts_at: datetime
    ends_at: datetime
    drive_minutes: int
    """From the stop before, or the base."""
    drive_metres: int | None
    promised: bool | None
    pinned: bool | None
    place: Point | None
    window: Window | None


@dataclass(frozen=True, slots=True)
class BoardWarning:
    """A hard rule that the day breaks; `visit_id` None: the whole day, or a visit that is not the viewer's to see."""

    rule: Rule
    amount: int
    visit_id: UUID | None


@dataclass(frozen=True, slots=True)
class Board:
    team_id: UUID
    day: date
    works_from: datetime | None
    """None, and `works_until`: the team does not work that day."""
    works_until: datetime | None
    base: Point | None
    stops: tuple[BoardStop, ...]
    warnings: tuple[BoardWarning, ...]
    back_at: datetime | None
    drive_minutes: int
    drive_metres: int | None
    """None where a stop's place is not the viewer's to see."""
    back_metres: int | None
    """Of the way back."""
    work_minutes: int
    available_minutes: int
    travel: str
    """Who says the drive times."""

    @property
    def utilization(self) -> float:
        return utilization(self.work_minutes, self.available_minutes)


def board(
    days: Days,
    team_id: UUID,
    day: date,
    sees: Sees,
    now: datetime,
    *,
    seen: Seen | None = None,
    jobs: Sequence[int] | None = None,
) -> Board:
    """The day of a team; with `jobs`, in their order, instead of what it has."""
    jobs = days.jobs_of(team_id, day) if jobs is None else jobs
    if team_id not in days.team_ids:
        return _given_up(days, team_id, day, jobs, sees)
    works = days.team_day(team_id, day)
    shift = works or away(days, team_id, day)
    route = route_of(days, shift, jobs, day, now, seen)
    others = hidden(days, jobs, sees)
    stops = _stops(days, shift, route, day, others)
    last_hidden = bool(stops) and route.stops[-1].job in others
    way_back = route.drive - sum(legs_of(days.world, shift, [stop.job for stop in route.stops])[0])
    metres = _metres(days, shift, route)
    visible = all(stop.place is not None for stop in stops)
    return Board(
        team_id=team_id,
        day=day,
        works_from=moment(day, works.start) if works else None,
        works_until=moment(day, works.end) if works else None,
        base=days.world.places[shift.leaves_from],
        stops=stops,
        warnings=tuple(_warnings(days, works, jobs, day, sees)),
        back_at=moment(day, up(route.back) if last_hidden else route.back) if jobs else None,
        drive_minutes=sum(stop.drive_minutes for stop in stops) + (up(way_back) if last_hidden else way_back),
        drive_metres=sum(metres) if visible else None,
        back_metres=metres[-1] if stops and stops[-1].place is not None else None,
        work_minutes=sum(days.world.jobs[job].minutes for job in jobs),
        available_minutes=works.most_minutes if works else 0,
        travel=days.world.travel,
    )


def _given_up(days: Days, team_id: UUID, day: date, jobs: Sequence[int], sees: Sees) -> Board:
    """Of a team that is no more: what is planned for it has no times."""
    warnings = tuple(_warnings(days, None, jobs, day, sees))
    work = sum(days.world.jobs[job].minutes for job in jobs)
    return Board(team_id, day, None, None, None, (), warnings, None, 0, None, None, work, 0, days.world.travel)


def route_of(
    days: Days, shift: TeamDay, jobs: Sequence[int], day: date, now: datetime, seen: Seen | None = None
) -> Route:
    """The route as it went and is to be expected."""
    today = now.astimezone(AMSTERDAM).date() == day
    clock = minutes_of(day, now) if today else None
    return expected(days.world, shift, jobs, days.facts(jobs), clock, _sighting(days, jobs, day, now, seen))


def away(days: Days, team_id: UUID, day: date) -> TeamDay:
    """For the times of what is planned on a day on which the team does not work."""
    team = days.team_ids.index(team_id)
    base = days.bases[team]
    return TeamDay(team, days.at(day), _FROM, _WHOLE_DAY, base, base, 0, 0)


def broken(days: Days, shift: TeamDay | None, jobs: Sequence[int]) -> list[Violation]:
    """The hard rules that a team's day breaks; what has begun is past mending and not held against it."""
    if shift is None:
        return [Violation(Rule.ABSENCE, 0, job) for job in jobs if days.waiting[job].status not in BEGUN]
    begun = {job for job in jobs if days.waiting[job].status in BEGUN}
    found = [each for each in violations(days.world, shift, jobs) if each.job is None or each.job not in begun]
    nowhere = (job for job in jobs if days.waiting[job].latitude is None and job not in begun)
    return [*found, *(Violation(Rule.PLACE, 0, job) for job in nowhere)]


def _warnings(days: Days, works: TeamDay | None, jobs: Sequence[int], day: date, sees: Sees) -> list[BoardWarning]:
    found = []
    for each in told(days, broken(days, works, jobs), jobs, sees):
        visit = None if each.job is None else days.row(each.job)
        shown = visit.id if visit is not None and sees(visit) else None
        found.append(BoardWarning(each.rule, each.amount, shown))
    return found


def _sighting(days: Days, jobs: Sequence[int], day: date, now: datetime, seen: Seen | None) -> Sighting | None:
    if seen is None or not jobs or now - seen.at > FRESH:
        return None
    places = [days.world.places[days.world.jobs[job].place] for job in jobs]
    drives = estimate([seen.point], places)[0]
    return Sighting(minutes_of(day, seen.at), {job: int(drive) for job, drive in zip(jobs, drives, strict=True)})


def _stops(days: Days, shift: TeamDay, route: Route, day: date, others: frozenset[int]) -> tuple[BoardStop, ...]:
    legs, _ = legs_of(days.world, shift, [stop.job for stop in route.stops])
    metres = _metres(days, shift, route)
    found = []
    for number, stop in enumerate(route.stops):
        near = stop.job in others or (number > 0 and route.stops[number - 1].job in others)
        if stop.job in others:
            found.append(_occupied(_stop(days, taken(stop), day, up(legs[number]))))
        else:
            made = _stop(days, stop, day, up(legs[number]) if near else legs[number])
            found.append(replace(made, drive_metres=None if near else metres[number]))
    return tuple(found)


def _stop(days: Days, stop: Stop, day: date, leg: int) -> BoardStop:
    visit, waiting = days.row(stop.job), days.waiting[stop.job]
    window = (visit.arrival_from, visit.arrival_until)
    return BoardStop(
        visit_id=visit.id,
        held=waiting.held,
        status=VisitStatus(waiting.status),
        block=stop.block,
        arrives_at=moment(day, stop.arrives),
        starts_at=moment(day, stop.starts),
        ends_at=moment(day, stop.ends),
        drive_minutes=leg,
        drive_metres=None,
        promised=waiting.promised,
        pinned=waiting.pinned,
        place=days.world.places[days.world.jobs[stop.job].place],
        window=(window[0], window[1]) if window[0] and window[1] and not waiting.held else None,
    )


def _occupied(stop: BoardStop) -> BoardStop:
    """The time that is taken, and nothing else."""
    return replace(
        stop, visit_id=None, status=None, held=False, promised=None, pinned=None, place=None, window=None,
        drive_metres=None,
    )  # fmt: skip


def _metres(days: Days, shift: TeamDay, route: Route) -> list[int]:
    """Of each leg, and of the way back."""
    if not route.stops:
        return []
    jobs = days.world.jobs
    places = [shift.leaves_from, *(jobs[stop.job].place for stop in route.stops), shift.returns_to]
    return [int(days.metres[one, other]) for one, other in pairwise(places)]
