"""From rows to the world of a plan: jobs, teams and places by position. No session, no clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.geo.location import Point
from domain.planning.world import GAP_DAYS, Job, Placement, Team, TeamDay
from domain.plans.backlog import Waiting
from domain.plans.values import worth_of
from domain.teams.calendar import Calendar
from domain.visits.models import DayBlock, VisitStatus

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NEVER = 10_000
"""A day that no plan reaches."""


@dataclass(slots=True)
class Places:
    """Points by position, each once."""

    points: list[Point] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    _known: dict[tuple[float, float, str], int] = field(default_factory=dict)

    def at(self, point: Point, pc4: str) -> int:
        """The position of a place, new where it is not known."""
        key = (point.latitude, point.longitude, pc4)
        if key not in self._known:
            self._known[key] = len(self.points)
            self.points.append(point)
            self.areas.append(pc4)
        return self._known[key]


@dataclass(frozen=True, slots=True)
class Draft:
    """A world but for its distances, and the rows behind its jobs."""

    days: tuple[date, ...]
    places: Places
    teams: tuple[Team, ...]
    team_days: tuple[TeamDay, ...]
    jobs: tuple[Job, ...]
    visits: tuple[Waiting, ...]
    """By position of the job."""
    unlocated: tuple[Waiting, ...]
    """What cannot be planned, since nobody knows where it is."""


def assemble(
    calendar: Calendar,
    visits: Sequence[Waiting],
    unfit: Mapping[str, frozenset[date]],
    *,
    team_ids: frozenset[UUID] = frozenset(),
    gap_days: int = GAP_DAYS,
) -> Draft:
    """`unfit`: by two postcode digits, the days on which nobody works outdoors there. Of `team_ids`, all where none.

    The bases of the teams are the first places.
    """
    places = Places()
    teams = [team for team in calendar.teams if not team_ids or team.id in team_ids]
    number = {team.id: index for index, team in enumerate(teams)}
    bases = [places.at(team.base, team.base_pc4) for team in teams]
    located = [visit for visit in visits if _point(visit) or (visit.planned and visit.team_id in number)]
    known = {visit.id for visit in located}
    maker = _Maker(calendar.days, number, bases, places, unfit, gap_days)
    return Draft(
        days=calendar.days,
        places=places,
        teams=tuple(Team(team.id, team.skills, team.areas, team.crew) for team in teams),
        team_days=tuple(_team_days(calendar, number, bases)),
        jobs=tuple(maker.jobs(located)),
        visits=tuple(located),
        unlocated=tuple(visit for visit in visits if visit.id not in known),
    )


def _team_days(calendar: Calendar, number: Mapping[UUID, int], bases: Sequence[int]) -> Iterator[TeamDay]:
    for each in calendar.team_days:
        team = number.get(calendar.teams[each.team].id)
        if team is not None:
            base, limits = bases[team], (each.max_jobs, each.max_minutes)
            yield TeamDay(team, each.day, each.start, each.end, base, base, *limits)


def _point(visit: Waiting) -> Point | None:
    """Where it is, as far as that can be driven to."""
    if visit.latitude is None or visit.longitude is None:
        return None
    point = Point(visit.latitude, visit.longitude)
    return point if point.in_netherlands else None


@dataclass(frozen=True, slots=True)
class _Maker:
    """Turns visits into jobs."""

    days: tuple[date, ...]
    number: Mapping[UUID, int]
    bases: Sequence[int]
    places: Places
    unfit: Mapping[str, frozenset[date]]
    gap_days: int

    def jobs(self, visits: Sequence[Waiting]) -> list[Job]:
        index = {visit.id: position for position, visit in enumerate(visits) if visit.held}
        index |= {visit.id: position for position, visit in enumerate(visits) if not visit.held}
        orders = _orders(visits)
        return [self._job(visit, index, orders.get(number, 0)) for number, visit in enumerate(visits)]

    def _job(self, visit: Waiting, index: Mapping[UUID, int], order: int) -> Job:
        after, not_before = self._second(visit, index)
        pc4 = visit.pc4 or ""
        return Job(
            id=visit.id,
            place=self._place(visit, pc4),
            pc2=pc4[:2],
            minutes=visit.minutes,
            skills=frozenset(visit.skills),
            value=worth_of(visit.priority, visit.created_at.astimezone(AMSTERDAM).date(), self.days[0]),
            earliest=max(0, self._at(visit.material_on)) if visit.material_on and not visit.fixed else 0,
            not_before=not_before,
            unfit=self._unfit(visit, pc4),
            promise=self._promise(visit),
            pin=self._pin(visit),
            after=after,
            gap_days=self.gap_days,
            current=self._current(visit, order),
        )

    def _at(self, day: date) -> int:
        return (day - self.days[0]).days

    def _within(self, day: date | None) -> bool:
        return day is not None and self.days[0] <= day <= self.days[-1]

    def _place(self, visit: Waiting, pc4: str) -> int:
        """A visit that was planned without anybody knowing where it is takes its time at the base."""
        point = _point(visit)
        if point is not None:
            return self.places.at(point, pc4)
        assert visit.team_id is not None
        return self.bases[self.number[visit.team_id]]

    def _second(self, visit: Waiting, index: Mapping[UUID, int]) -> tuple[int | None, int]:
        """The job that has to come before, or the day from which a visit outside this world leaves to it."""
        if visit.first_id is None or visit.first_status == VisitStatus.DONE or visit.fixed:
            return None, 0
        if visit.first_id in index:
            return index[visit.first_id], 0
        if visit.planned and (visit.promised or visit.pinned):
            return None, 0  # what it stands by is older than what it waits for
        if visit.first_day is None or visit.first_status == VisitStatus.REQUIRED:
            return None, NEVER
        return None, max(0, self._at(visit.first_day) + self.gap_days)

    def _unfit(self, visit: Waiting, pc4: str) -> frozenset[int]:
        if not visit.outdoor or visit.fixed:
            return frozenset()
        return frozenset(self._at(day) for day in self.unfit.get(pc4[:2], ()) if self._within(day))

    def _promise(self, visit: Waiting) -> tuple[int, DayBlock] | None:
        if not (visit.promised or visit.fixed) or visit.day is None or visit.block is None:
            return None
        return (self._at(visit.day), DayBlock(visit.block)) if self._within(visit.day) else None

    def _pin(self, visit: Waiting) -> tuple[int, int] | None:
        current = self._current(visit, 0)
        return (current.team, current.day) if current and (visit.pinned or visit.fixed) else None

    def _current(self, visit: Waiting, order: int) -> Placement | None:
        if not visit.planned or visit.day is None or visit.block is None or not self._within(visit.day):
            return None
        team = self.number.get(visit.team_id) if visit.team_id else None
        return None if team is None else Placement(team, self._at(visit.day), DayBlock(visit.block), order)


def _orders(visits: Sequence[Waiting]) -> dict[int, int]:
    """The place of each planned visit in its team's day: as it is stored, without gaps or doubles."""
    routes: dict[tuple[UUID, date], list[int]] = {}
    for number, visit in enumerate(visits):
        if visit.planned and visit.team_id is not None and visit.day is not None:
            routes.setdefault((visit.team_id, visit.day), []).append(number)
    found = (sorted(route, key=lambda number: _in_the_day(visits[number])) for route in routes.values())
    return {number: at for route in found for at, number in enumerate(route)}


def _in_the_day(visit: Waiting) -> tuple[object, ...]:
    begins = visit.starts_at.timestamp() if visit.starts_at else 0.0
    return (visit.block != DayBlock.MORNING, begins, visit.route_order or 0, visit.created_at, visit.id)
