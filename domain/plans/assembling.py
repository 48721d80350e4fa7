"""From rows to the world of a plan: jobs, teams and places by position. No session, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.geo.location import Point
from domain.planning.world import Job, Placement, Team, TeamDay
from domain.plans.backlog import Waiting
from domain.plans.holds import Held
from domain.plans.values import worth_of
from domain.visits.models import DayBlock, VisitStatus

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NEVER = 10_000
"""A day that no plan reaches."""


@dataclass(frozen=True, slots=True)
class TeamFacts:
    """A team as planning reads it; `areas` are the postcode prefixes of its regions."""

    id: UUID
    skills: frozenset[str]
    areas: tuple[str, ...]
    crew: int
    base: Point
    base_pc4: str
    max_jobs: int
    max_minutes: int


@dataclass(frozen=True, slots=True)
class Shift:
    """A team works on a day, from minute to minute after midnight."""

    team_id: UUID
    day: date
    start: int
    end: int


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
    days: Sequence[date],
    teams: Sequence[TeamFacts],
    shifts: Sequence[Shift],
    visits: Sequence[Waiting],
    holds: Mapping[UUID, Held],
    unfit: Mapping[str, frozenset[date]],
    *,
    gap_days: int = 1,
) -> Draft:
    """`unfit`: by four postcode digits, the days on which nobody works outdoors there; `days` follow one another."""
    places = Places()
    number = {team.id: index for index, team in enumerate(teams)}
    bases = [places.at(team.base, team.base_pc4) for team in teams]
    located = [visit for visit in visits if _point(visit) or (visit.planned and visit.team_id in number)]
    known = {visit.id for visit in located}
    maker = _Maker(tuple(days), number, bases, places, holds, unfit, gap_days)
    return Draft(
        days=tuple(days),
        places=places,
        teams=tuple(Team(team.id, team.skills, team.areas, team.crew) for team in teams),
        team_days=tuple(_team_days(days[0], teams, shifts, number, bases)),
        jobs=tuple(maker.jobs(located)),
        visits=tuple(located),
        unlocated=tuple(visit for visit in visits if visit.id not in known),
    )


def _team_days(
    first: date, teams: Sequence[TeamFacts], shifts: Sequence[Shift], number: Mapping[UUID, int], bases: Sequence[int]
) -> list[TeamDay]:
    found = []
    for shift in sorted(shifts, key=lambda shift: (shift.day, number[shift.team_id])):
        team = number[shift.team_id]
        base, facts = bases[team], teams[team]
        limits = (facts.max_jobs, facts.max_minutes)
        found.append(TeamDay(team, (shift.day - first).days, shift.start, shift.end, base, base, *limits))
    return found


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
    holds: Mapping[UUID, Held]
    unfit: Mapping[str, frozenset[date]]
    gap_days: int

    def jobs(self, visits: Sequence[Waiting]) -> list[Job]:
        index = {visit.id: position for position, visit in enumerate(visits)}
        orders = self._orders(visits)
        return [self._job(visit, index, orders.get(visit.id, 0)) for visit in visits]

    def _orders(self, visits: Sequence[Waiting]) -> dict[UUID, int]:
        """The place of each visit in its team's day: as it is stored, without gaps or doubles."""
        routes: dict[tuple[UUID, date], list[Waiting]] = {}
        for visit in visits:
            if visit.planned and visit.team_id is not None and visit.day is not None:
                routes.setdefault((visit.team_id, visit.day), []).append(visit)
        return {v.id: at for route in routes.values() for at, v in enumerate(sorted(route, key=_in_the_day))}

    def _job(self, visit: Waiting, index: Mapping[UUID, int], order: int) -> Job:
        held = self.holds.get(visit.id) if not visit.planned else None
        after, not_before = self._second(visit, index)
        pc4 = visit.pc4 or ""
        return Job(
            id=visit.id,
            place=self._place(visit, pc4),
            pc2=pc4[:2],
            minutes=visit.minutes,
            skills=frozenset(visit.skills),
            value=worth_of(visit.priority, visit.created_at.astimezone(AMSTERDAM).date(), self.days[0]),
            earliest=max(0, self._at(visit.material_on)) if visit.material_on else 0,
            not_before=not_before,
            unfit=self._unfit(visit, pc4),
            promise=self._promise(visit, held),
            pin=self._pin(visit, held),
            after=after,
            gap_days=self.gap_days,
            current=self._current(visit, held, order),
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
        if visit.first_id is None or visit.first_status == VisitStatus.DONE:
            return None, 0
        if visit.first_id in index:
            return index[visit.first_id], 0
        if visit.first_day is None or visit.first_status == VisitStatus.REQUIRED:
            return None, NEVER
        return None, max(0, self._at(visit.first_day) + self.gap_days)

    def _unfit(self, visit: Waiting, pc4: str) -> frozenset[int]:
        if not visit.outdoor or visit.fixed:
            return frozenset()
        return frozenset(self._at(day) for day in self.unfit.get(pc4, ()) if self._within(day))

    def _promise(self, visit: Waiting, held: Held | None) -> tuple[int, DayBlock] | None:
        if held is not None:
            return self._at(held.day), held.block
        if (visit.promised or visit.fixed) and self._within(visit.day) and visit.day and visit.block:
            return self._at(visit.day), DayBlock(visit.block)
        return None

    def _pin(self, visit: Waiting, held: Held | None) -> tuple[int, int] | None:
        if held is not None and held.team_id in self.number:
            return self.number[held.team_id], self._at(held.day)
        stays = visit.planned and (visit.pinned or visit.fixed)
        if stays and visit.team_id in self.number and self._within(visit.day) and visit.team_id and visit.day:
            return self.number[visit.team_id], self._at(visit.day)
        return None

    def _current(self, visit: Waiting, held: Held | None, order: int) -> Placement | None:
        if held is not None and held.team_id in self.number:
            return Placement(self.number[held.team_id], self._at(held.day), held.block, held.route_order)
        if not visit.planned or visit.team_id not in self.number or not self._within(visit.day):
            return None
        assert visit.team_id and visit.day and visit.block
        return Placement(self.number[visit.team_id], self._at(visit.day), DayBlock(visit.block), order)


def _in_the_day(visit: Waiting) -> tuple[object, ...]:
    late = visit.route_order is None
    return (late, visit.route_order or 0, visit.block != DayBlock.MORNING, visit.created_at, visit.id)


def calendar_days(first: date, days: int) -> tuple[date, ...]:
    """So many days in a row."""
    return tuple(first + timedelta(days=number) for number in range(days))
