"""What one day holds, as plain data: team-days with their stops in order, and the calendar that offers are read from.

Drives between stops of the plan in force are taken at its word: whoever made the plan may have asked a routing service,
so a leg is never longer than the time that the plan leaves for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from uuid import UUID

from domain.geo.location import Point
from domain.planning.evaluate import BLOCKS, Calendar, Candidate, Evaluation, Visiting, evaluate
from domain.planning.world import Rules, TeamDay
from domain.slots.places import Places
from domain.visits.models import DayBlock

_MOST_VARIANTS = 32


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit or a held place in a team's day. Times are minutes after midnight in Amsterdam."""

    visit_id: UUID
    place: int
    minutes: int
    block: DayBlock
    skills: frozenset[str] = frozenset()
    starts: int | None = None
    ends: int | None = None
    movable: bool = True
    """Whether another team of the day may do it: neither pinned nor given out nor begun."""
    held: bool = False
    """Whether it is a place that is held, or room for a promise without a team, and no visit of the team's route."""

    @property
    def visiting(self) -> Visiting:
        return Visiting(self.place, self.minutes, self.block)


@dataclass(frozen=True, slots=True)
class Step:
    """Something comes into a team-day at a position; `out` leaves it first."""

    number: int
    position: int
    out: Stop | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """The visit that asks for a place; days are ordinals of the calendar (`date.toordinal`)."""

    visit_id: UUID
    point: Point
    minutes: int
    skills: frozenset[str] = frozenset()
    earliest: int = 0
    not_before: int = 0
    not_after: int | None = None
    unfit: frozenset[int] = frozenset()
    pin: tuple[UUID, int] | None = None


@dataclass(slots=True)
class Teams:
    """Numbers of teams, the same in all boards that are read together, with what each team is now."""

    number: dict[UUID, int] = field(default_factory=dict)
    ids: list[UUID] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    skills: list[frozenset[str]] = field(default_factory=list)

    def known(self, id: UUID, name: str, skills: frozenset[str]) -> int:
        """The number of a team; its name and skills are the newest from now on."""
        number = self.number.setdefault(id, len(self.ids))
        if number == len(self.ids):
            self.ids.append(id)
            self.names.append(name)
            self.skills.append(skills)
        self.names[number], self.skills[number] = name, skills
        return number


@dataclass(frozen=True)
class DayBoard:
    """One day at one version; valid until `until`, when a hold runs out."""

    day: date
    version: int
    until: datetime | None
    rules: Rules
    teams: Teams
    places: Places
    team_days: tuple[TeamDay, ...]
    stops: tuple[tuple[Stop, ...], ...]
    """Of each team-day, in order."""

    @cached_property
    def legs(self) -> "Legs":
        return Legs.of(self)

    @cached_property
    def calendar(self) -> Calendar:
        """A row per team-day."""
        return self.calendar_of(self.team_days, self.stops)

    def calendar_of(self, team_days: Sequence[TeamDay], stops: Sequence[Sequence[Stop]]) -> Calendar:
        """Team-days of this day with other contents."""
        held = [[stop.visiting for stop in each] for each in stops]
        return Calendar.build(self.rules, self.teams.skills, team_days, held, self.legs, _Together())

    def without(self, visit_id: UUID) -> "DayBoard":
        """The day as if the visit had no place in it; itself where it has none. Remembered."""
        if visit_id not in self.occupying:
            return self
        if visit_id not in self._without:
            if len(self._without) >= _MOST_VARIANTS:
                self._without.clear()
            left = tuple(tuple(stop for stop in stops if stop.visit_id != visit_id) for stops in self.stops)
            self._without[visit_id] = self.changed(left)
        return self._without[visit_id]

    @cached_property
    def _without(self) -> dict[UUID, "DayBoard"]:
        return {}

    @cached_property
    def occupying(self) -> frozenset[UUID]:
        """The visits that have or hold a place in it."""
        return frozenset(stop.visit_id for stops in self.stops for stop in stops)

    def changed(self, stops: tuple[tuple[Stop, ...], ...]) -> "DayBoard":
        """The day with other stops, of the same teams; legs that the plan has driven so far stay as they were."""
        new = DayBoard(self.day, self.version, self.until, self.rules, self.teams, self.places, self.team_days, stops)
        new.__dict__["legs"] = self.legs
        return new

    @cached_property
    def lacking(self) -> "Lacking":
        """Each team-day without each of its movable stops."""
        return Lacking.of(self)

    @cached_property
    def ways(self) -> "dict[tuple[UUID, int], tuple[Step, ...]]":
        """How stops may leave their team-days, see `domain.slots.reassigning`."""
        return {}

    @cached_property
    def _elsewhere(self) -> dict[UUID, Evaluation]:
        return {}

    @cached_property
    def _instead(self) -> dict[UUID, Evaluation]:
        return {}

    def elsewhere(self, stop: Stop) -> Evaluation:
        """A stop of this day in all its team-days as they are; remembered."""
        if stop.visit_id not in self._elsewhere:
            self._elsewhere[stop.visit_id] = evaluate(self.calendar, self.candidate(stop))
        return self._elsewhere[stop.visit_id]

    def instead(self, stop: Stop) -> Evaluation:
        """A stop of this day in the place of each movable stop, as rows of `lacking`; remembered."""
        if stop.visit_id not in self._instead:
            self._instead[stop.visit_id] = evaluate(self.lacking.calendar, self.candidate(stop))
        return self._instead[stop.visit_id]

    def candidate(self, stop: Stop) -> Candidate:
        """A stop as a job of this day, kept in its block."""
        minutes, kilometres = self.places.around_among(stop.place, self._used)
        promise = (self.day.toordinal(), stop.block)
        return Candidate(stop.minutes, minutes, minutes, kilometres, stop.skills, promise=promise)

    @cached_property
    def _used(self) -> list[int]:
        """All places that the day touches, and the one that stands where there is none."""
        ends = {place for day in self.team_days for place in (day.leaves_from, day.returns_to)}
        return sorted(ends | {0} | {stop.place for stops in self.stops for stop in stops})


@dataclass(frozen=True)
class Lacking:
    """Rows of a calendar: team-day `team_day[n]` without its stop `stop[n]`."""

    team_day: tuple[int, ...]
    stop: tuple[Stop, ...]
    calendar: Calendar

    @classmethod
    def of(cls, board: DayBoard) -> "Lacking":
        pairs = [(at, stop) for at, stops in enumerate(board.stops) for stop in stops if stop.movable]
        left = [[other for other in board.stops[at] if other is not stop] for at, stop in pairs]
        calendar = board.calendar_of([board.team_days[at] for at, _ in pairs], left)
        return cls(tuple(at for at, _ in pairs), tuple(stop for _, stop in pairs), calendar)


@dataclass(frozen=True)
class Legs:
    """Drive minutes of a day by pair of places, as `Calendar.build` reads them."""

    places: Places
    shorter: Mapping[tuple[int, int], int]
    """What the plan in force leaves time for, where that is less than the estimate."""

    @classmethod
    def of(cls, board: DayBoard) -> "Legs":
        shorter: dict[tuple[int, int], int] = {}
        for day, stops in zip(board.team_days, board.stops, strict=True):
            for pair, left in _left(day, stops):
                shorter[pair] = min(left, shorter.get(pair, left))
        return cls(board.places, shorter)

    def __getitem__(self, pair: tuple[int, int]) -> int:
        estimated = self.places.minutes(*pair)
        return min(estimated, self.shorter.get(pair, estimated))


def _left(day: TeamDay, stops: Sequence[Stop]) -> list[tuple[tuple[int, int], int]]:
    """Time between what comes one after the other, where both times are known and in order."""
    begins = [*((stop.place, stop.starts) for stop in stops), (day.returns_to, day.end)]
    ends = [(day.leaves_from, day.start), *((stop.place, stop.ends) for stop in stops)]
    return [
        ((one, other), begin - end)
        for (one, end), (other, begin) in zip(ends, begins, strict=True)
        if stops and begin is not None and end is not None and begin >= end
    ]


class _Together:
    """What the plan in force has put together is near enough: planners may have said so."""

    def __getitem__(self, pair: tuple[int, int]) -> float:
        return 0.0


def times(board: DayBoard, number: int, stops: Sequence[Stop]) -> list[tuple[int, int, int]]:
    """When a team-day with these stops arrives at, begins and ends each: as early as it can."""
    day, found = board.team_days[number], []
    here, clock = day.leaves_from, day.start
    for stop in stops:
        arrives = clock + board.legs[here, stop.place]
        starts = max(arrives, board.rules.blocks[stop.block][0])
        found.append((arrives, starts, starts + stop.minutes))
        here, clock = stop.place, starts + stop.minutes
    return found


def block_number(block: DayBlock) -> int:
    """Its row in an `Evaluation`."""
    return BLOCKS.index(block)
