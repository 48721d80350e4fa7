"""The teams' calendar: which visit is made by which team on which day, at most three a day and 30 km apart.

What is over was done as it came. From today on a team-day keeps to the rules of planning: it is driven within the
team's hours, work begins in the part of the day that the customer was promised, and the further ahead, the more is
left open: that is for a new plan, as are the visits that find no place at all.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from chargecars.demo.draw import Draw
from chargecars.demo.tenants import ENDS, STARTS, Team
from domain.geo.location import Point, distance_km
from domain.numbering.service import AMSTERDAM
from domain.planning.world import Rules
from domain.teams.days_off import public
from domain.teams.models import MOST_JOBS, MOST_MINUTES
from domain.travel.estimate import estimate
from domain.visits.models import DayBlock

AHEAD = timedelta(days=21)
_CHOICE_OF_TOWNS = 2
_SATURDAY = 5
_USUAL = ((DayBlock.MORNING, 8 * 60 + 15), (DayBlock.MORNING, 10 * 60 + 15), (DayBlock.AFTERNOON, 13 * 60 + 15))
"""Part of the day and minute at which work begins on a day that is over."""
_RULES = Rules()
Minutes = Callable[[], int]


@dataclass(slots=True)
class Slot:
    """Where a visit was put; `order` and the times are those of the whole day, once everything is booked."""

    team_id: UUID
    day: date
    block: DayBlock
    order: int = 0
    starts: int = 0
    """Minutes after midnight in Amsterdam."""

    @property
    def starts_at(self) -> datetime:
        begins = datetime.combine(self.day, time(self.starts // 60, self.starts % 60), AMSTERDAM)
        return begins.astimezone(UTC)


@dataclass(slots=True)
class _Stop:
    place: Point
    minutes: int
    slot: Slot


@dataclass(slots=True)
class _TeamDay:
    """What a team does on a day, in order."""

    team: Team
    day: date
    most: int
    stops: list[_Stop] = field(default_factory=list)

    def is_near(self, place: Point) -> bool:
        return all(distance_km(stop.place, place) <= _RULES.radius_km for stop in self.stops)


class Schedule:
    """Gives the first place that there is, from one of the teams of the nearest towns; ask in order of time."""

    def __init__(self, draw: Draw, teams: list[Team], since: date, today: date) -> None:
        self._draw, self._teams, self._today = draw, teams, today
        self._near: dict[tuple[float, float], list[Team]] = {}
        self._days: dict[tuple[UUID, date], _TeamDay] = {}
        self._working = working_days(since, today + AHEAD)
        self._open = {today + timedelta(days=ahead): ahead for ahead in range(AHEAD.days)}

    def book(self, wanted: date, place: Point, minutes: Minutes) -> Slot | None:
        """The first place from `wanted` on; None where there is none in the coming weeks."""
        teams = self._nearest(place)
        for day in self._working[bisect_left(self._working, wanted) :]:
            for team in teams:
                if slot := self._on(self._team_day(team, day), place, minutes):
                    return slot
        return None

    def routes(self) -> Iterator[list[Slot]]:
        """The slots of every team-day in the order in which they are made, with their order and times."""
        for key in sorted(self._days, key=lambda key: (key[1], key[0])):
            stops = self._days[key].stops
            for order, stop in enumerate(stops):
                stop.slot.order = order
            yield [stop.slot for stop in stops]

    def _team_day(self, team: Team, day: date) -> _TeamDay:
        found = self._days.get((team.id, day))
        if found is None:
            found = self._days[team.id, day] = _TeamDay(team, day, self._most(team, day))
        return found

    def _most(self, team: Team, day: date) -> int:
        """How much may be booked: all of a day that is near, less of later ones, nothing where the team is absent."""
        if day in team.absent:
            return 0
        ahead = self._open.get(day, 0)
        if ahead < 4:
            return MOST_JOBS
        left_open = 0.2 if ahead < 8 else 0.45 if ahead < 14 else 0.7
        return 0 if self._draw.uniform() < left_open else MOST_JOBS - (ahead >= 8)

    def _on(self, day: _TeamDay, place: Point, minutes: Minutes) -> Slot | None:
        if len(day.stops) >= day.most or not day.is_near(place):
            return None
        return _planned(day, place, minutes()) if day.day >= self._today else _made(day, place)

    def _nearest(self, place: Point) -> list[Team]:
        key = (place.latitude, place.longitude)
        if key not in self._near:
            towns = sorted({team.home for team in self._teams}, key=lambda home: distance_km(home, place))
            near = towns[:_CHOICE_OF_TOWNS]
            self._near[key] = [team for home in near for team in self._teams if team.home == home]
        return self._near[key]


def working_days(first: date, end: date) -> list[date]:
    """Mondays to Fridays that are no holidays, from `first` until `end`, not included."""
    holidays = public(first, end)
    days = (first + timedelta(days=offset) for offset in range((end - first).days))
    return [day for day in days if day.weekday() < _SATURDAY and day not in holidays]


def _made(day: _TeamDay, place: Point) -> Slot:
    """One more on a day that is over: after what was booked before."""
    block, starts = _USUAL[len(day.stops)]
    slot = Slot(day.team.id, day.day, block, starts=starts)
    day.stops.append(_Stop(place, 0, slot))
    return slot


def _planned(day: _TeamDay, place: Point, minutes: int) -> Slot | None:
    """One more on a day to come where the hours, the work of a day and the promises made allow it."""
    if sum(stop.minutes for stop in day.stops) + minutes > MOST_MINUTES:
        return None
    new = _Stop(place, minutes, Slot(day.team.id, day.day, DayBlock.MORNING))
    tries = [[*day.stops[:at], new, *day.stops[at:]] for at in range(len(day.stops) + 1)]
    timed = [(times, stops) for stops in tries if (times := _times(day.team, stops, new))]
    if not timed:
        return None
    times, day.stops = min(timed, key=lambda each: each[0][-1])
    new.slot.block = _block_of(times[day.stops.index(new)])
    for stop, starts in zip(day.stops, times, strict=False):
        stop.slot.starts = starts
    return new.slot


def _times(team: Team, stops: Sequence[_Stop], new: _Stop) -> list[int] | None:
    """When the work of each begins and, last, when the team is back; None where a rule is broken."""
    drive = estimate([team.base, *(stop.place for stop in stops), team.base])
    clock, times = STARTS, []
    for at, stop in enumerate(stops):
        arrives = clock + int(drive[at, at + 1])
        block = _block_of(arrives) if stop is new else stop.slot.block
        opens, closes = _RULES.blocks[block]
        starts = max(arrives, opens)
        if starts >= closes:
            return None
        times.append(starts)
        clock = starts + stop.minutes
    back = clock + int(drive[len(stops), len(stops) + 1])
    return [*times, back] if back <= ENDS else None


def _block_of(minute: int) -> DayBlock:
    return DayBlock.MORNING if minute < _RULES.blocks[DayBlock.MORNING][1] else DayBlock.AFTERNOON
