"""The earliest day of everything that waits, such that all of these days hold together. Pure.

One calendar of many weeks holds the plan in force. The jobs that wait come one after the other, in the order in which a
plan would choose among them: what is worth more first, an older one before a younger. Each takes the first day on which
any team-day has a place for it, there the one with the least driving, and keeps it: who comes later finds it taken. So
two jobs are never given the same place, and every day is witnessed by a route that breaks no rule.

A job first meets what is cheap to ask of all team-days at once (room, work, skills, distance to the first stop), then
the full evaluation of `domain.planning.evaluate` on the few that are left, some days at a time. Drives are estimated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.geo.location import EARTH_RADIUS_KM, Point
from domain.planning.evaluate import BLOCKS, Calendar, Candidate, Visiting, evaluate
from domain.planning.timing import Rule
from domain.planning.world import Job, Rules, Team, TeamDay, World
from domain.plans.assembling import NEVER, Draft
from domain.slots.places import Places

_AT_ONCE = 48
"""Team-days that are evaluated together, filled up to whole days."""
_WIDTH = 5
_ARRAYS = tuple(item.name for item in fields(Calendar) if item.name not in ("rules", "skills"))
Rows = NDArray[np.intp]
HORIZON = "HORIZON"
"""All that could take it is taken, as far as the calendar goes."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a look ahead is made of: a world without distances."""

    points: Sequence[Point]
    teams: Sequence[Team]
    team_days: Sequence[TeamDay]
    jobs: Sequence[Job]
    rules: Rules = field(default_factory=Rules)

    @classmethod
    def of_world(cls, world: World) -> "Ahead":
        return cls(world.places, world.teams, world.team_days, world.jobs, world.rules)

    @classmethod
    def of_draft(cls, draft: Draft, rules: Rules) -> "Ahead":
        return cls(draft.places.points, draft.teams, draft.team_days, draft.jobs, rules)


@dataclass(frozen=True, slots=True)
class Dated:
    """`day` and `team_day` by position; without a day the rule that is in the way, with its amount."""

    job: int
    day: int | None = None
    team_day: int | None = None
    rule: str | None = None
    amount: int = 0


def earliest_days(ahead: Ahead) -> list[Dated]:
    """Of each job that the plan in force has no place for, in the order in which they were served."""
    look = _Look(ahead)
    dates = {number: job.current.day for number, job in enumerate(ahead.jobs) if job.current}
    found: list[Dated] = []
    for number in in_order(ahead.jobs):
        dated = look.date(number, dates)
        if dated.day is not None:
            dates[number] = dated.day
        found.append(dated)
    return found


def in_order(jobs: Sequence[Job]) -> Iterator[int]:
    """Those that wait, the worthiest first and as given among equals; a second visit never before its first."""
    done: set[int] = set()

    def after(number: int) -> Iterator[int]:
        before = jobs[number].after
        if before is not None and before not in done and jobs[before].current is None:
            done.add(number)  # a circle ends here
            yield from after(before)
        done.add(number)
        yield number

    for number in sorted(range(len(jobs)), key=lambda each: -jobs[each].value):
        if jobs[number].current is None and number not in done:
            yield from after(number)


class _Drive:
    """Drive minutes, or kilometres, by pair of places."""

    def __init__(self, of: Any) -> None:
        self._of = of

    def __getitem__(self, pair: tuple[int, int]) -> Any:
        return self._of(*pair)


class _Look:
    """The calendar as it fills up."""

    def __init__(self, ahead: Ahead) -> None:
        self._ahead = ahead
        self._places = Places()
        self._number = [self._places.number(point) for point in ahead.points]
        self._xyz = _on_sphere(ahead.points)
        self._order = sorted(range(len(ahead.team_days)), key=lambda at: ahead.team_days[at].day)
        self._days = [self._at_numbers(ahead.team_days[at]) for at in self._order]
        self._skills = [team.skills for team in ahead.teams]
        self._held = self._in_force()
        self._calendar = self._built(self._days, self._held)
        self._first = np.full((len(self._days), 3), np.nan, np.float32)
        for row, jobs in enumerate(self._in_force_jobs):
            if jobs:
                self._first[row] = self._xyz[ahead.jobs[jobs[0]].place]
        self._able: dict[frozenset[str], NDArray[np.bool_]] = {}

    def _at_numbers(self, day: TeamDay) -> TeamDay:
        return replace(day, leaves_from=self._number[day.leaves_from], returns_to=self._number[day.returns_to])

    def _in_force(self) -> list[list[Visiting]]:
        of: dict[tuple[int, int], list[int]] = {}
        for number, job in enumerate(self._ahead.jobs):
            if job.current:
                of.setdefault((job.current.team, job.current.day), []).append(number)
        jobs = self._ahead.jobs
        routes = {key: sorted(held, key=lambda each: _order_of(jobs[each])) for key, held in of.items()}
        self._in_force_jobs = [routes.get((day.team, day.day), []) for day in self._days]
        return [[self._visiting(number) for number in held] for held in self._in_force_jobs]

    def _visiting(self, number: int) -> Visiting:
        job = self._ahead.jobs[number]
        assert job.current is not None
        return Visiting(self._number[job.place], job.minutes, job.current.block)

    def _built(self, days: Sequence[TeamDay], held: Sequence[Sequence[Visiting]]) -> Calendar:
        drive, distance = _Drive(self._places.minutes), _Drive(self._places.kilometres)
        return Calendar.build(self._ahead.rules, self._skills, days, held, drive, distance, _WIDTH)

    def date(self, number: int, dates: Mapping[int, int]) -> Dated:
        """Give the job its day, where there is one."""
        job = self._ahead.jobs[number]
        soonest = max(job.earliest, job.not_before)
        if job.after is not None:
            if job.after not in dates:
                return Dated(number, rule=Rule.PREDECESSOR.value)
            soonest = max(soonest, dates[job.after] + job.gap_days)
        if soonest >= NEVER:
            return Dated(number, rule=Rule.PREDECESSOR.value)
        for rows in self._in_question(job, soonest):
            taken = self._taken(number, job, rows)
            if taken is not None:
                return taken
        return self._never(number, job, soonest)

    def _in_question(self, job: Job, soonest: int) -> Iterator[Rows]:
        """Team-days that may take the job, some whole days at a time, the earliest first."""
        calendar = self._calendar
        begin = int(np.searchsorted(calendar.day, soonest))
        part = slice(begin, None)
        may = (calendar.room[part] > 0) & (calendar.work_left[part] >= job.minutes) & (calendar.spread[part] == 0)
        may &= self._able_to(job.skills)[part]
        may &= self._near(job, part)
        if job.unfit:
            may &= ~np.isin(calendar.day[part], list(job.unfit))
        rows = np.flatnonzero(may) + begin
        while len(rows):
            end = int(np.searchsorted(calendar.day[rows], calendar.day[rows[min(_AT_ONCE, len(rows)) - 1]], "right"))
            yield rows[:end]
            rows = rows[end:]

    def _able_to(self, skills: frozenset[str]) -> NDArray[np.bool_]:
        if skills not in self._able:
            able = np.array([skills <= team for team in self._skills], np.bool_)
            self._able[skills] = able[self._calendar.team] if len(able) else np.zeros(0, np.bool_)
        return self._able[skills]

    def _near(self, job: Job, part: slice) -> NDArray[np.bool_]:
        """Near enough to the first stop; a day without stops is near to everything."""
        apart = self._first[part] - self._xyz[job.place]
        square = np.einsum("ij,ij->i", apart, apart)
        limit = (self._ahead.rules.radius_km + 0.05) ** 2
        near: NDArray[np.bool_] = ~(square > limit)
        return near

    def _taken(self, number: int, job: Job, rows: Rows) -> Dated | None:
        part = self._calendar.taken(rows)
        said = evaluate(part, self._candidate(job, part))
        fits = said.feasible
        if not fits.any():
            return None
        day = int(part.day[fits.any(axis=0)].min())
        cost = np.where(fits & (part.day == day)[None], said.drive, np.iinfo(np.int32).max)
        block, at = divmod(int(cost.argmin()), len(part))
        row = int(rows[at])
        self._put(row, int(said.position[block, at]), job, block)
        return Dated(number, day, self._order[row])

    def _candidate(self, job: Job, part: Calendar) -> Candidate:
        used = np.unique(np.concatenate([part.before.ravel(), part.after.ravel(), part.stops.ravel()]))
        minutes, kilometres = self._places.around_among(self._number[job.place], used.tolist())
        return Candidate(job.minutes, minutes, minutes, kilometres, job.skills)

    def _put(self, row: int, position: int, job: Job, block: int) -> None:
        stop = Visiting(self._number[job.place], job.minutes, BLOCKS[block])
        self._held[row] = [*self._held[row][:position], stop, *self._held[row][position:]]
        new = self._built([self._days[row]], [self._held[row]])
        for name in _ARRAYS:
            getattr(self._calendar, name)[row] = getattr(new, name)[0]
        if np.isnan(self._first[row, 0]):
            self._first[row] = self._xyz[job.place]

    def _never(self, number: int, job: Job, soonest: int) -> Dated:
        """Why there is no day: a rule that keeps it out even of empty days, or that all is taken."""
        last = self._days[-1].day if self._days else -1
        if not self._days:
            return Dated(number, rule=Rule.ABSENCE.value)
        if soonest > last:
            rule = Rule.MATERIAL if job.earliest >= soonest else Rule.PREDECESSOR
            return Dated(number, rule=rule.value, amount=soonest - last)
        empty = self._empty
        said = evaluate(empty, self._candidate(job, empty))
        if said.feasible.any():
            return Dated(number, rule=HORIZON)
        block, at = divmod(int(said.relaxation().argmin()), len(empty))
        rule, amount = said.reasons(block, at)[0]
        return Dated(number, rule=rule.value, amount=amount)

    @property
    def _empty(self) -> Calendar:
        """Each kind of team-day once, without stops."""
        if self._empties is None:
            kinds = {replace(day, day=0): day for day in self._days}
            days = [day for day in kinds.values() if day.most_jobs > 0]
            self._empties = self._built(days or self._days[:1], [[]] * max(1, len(days)))
        return self._empties

    _empties: Calendar | None = None


def _order_of(job: Job) -> int:
    return job.current.order if job.current else 0


def _on_sphere(points: Sequence[Point]) -> NDArray[np.float32]:
    """Coordinates in km, [place, 3]: straight lines between them are hardly shorter than great circles."""
    if not points:
        return np.zeros((0, 3), np.float32)
    degrees = np.radians(np.array([(each.latitude, each.longitude) for each in points], np.float64).reshape(-1, 2))
    north, east = degrees[:, 0], degrees[:, 1]
    at = np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
    found: NDArray[np.float32] = (at * EARTH_RADIUS_KM - (at * EARTH_RADIUS_KM).mean(axis=0)).astype(np.float32)
    return found
