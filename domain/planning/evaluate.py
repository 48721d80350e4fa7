"""One job against a whole calendar at once: where it fits, what it costs in driving, and what keeps it out elsewhere.

A stop of a team-day has lower bounds only (the team leaves, its block opens), so the times after an insertion are
max-plus: a suffix of a route is back at max(arrival + a, b) and its worst delay is max(arrival + c, d), four numbers
that are kept per position. One pass over (block, team-day, position) therefore gives what `timing.violations` says of
each of those routes, and a refusal with its smallest relaxation costs what an offer costs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.timing import Rule
from domain.planning.world import Job, Kilometres, Minutes, Rules, Solution, TeamDay, World
from domain.visits.models import DayBlock

Mask = NDArray[np.int32]
Flags = NDArray[np.bool_]

BLOCKS: tuple[DayBlock, ...] = (DayBlock.MORNING, DayBlock.AFTERNOON)
BIT: Mapping[Rule, int] = {rule: 1 << number for number, rule in enumerate(Rule)}
"""The bit of a rule in a mask."""
MOST_MINUTES = 2_880
"""Drive times are cut here: nothing so far fits into a day, and sums of them stay small."""
_NEVER = -1_000_000
_PER_MINUTE = 16_384
_RELAXED = {Rule.JOBS: 60, Rule.MATERIAL: 480, Rule.PREDECESSOR: 480, Rule.HOURS: 1, Rule.BLOCK: 1, Rule.WORKLOAD: 1}
_FIXED = {Rule.WEATHER: 4_000, Rule.SKILLS: 8_000, Rule.PIN: 12_000, Rule.PROMISE: 12_000}
_METRES_A_MINUTE = 250


@dataclass(frozen=True, slots=True)
class Visiting:
    """A stop that a team-day has: place, work, and the block in which the work begins."""

    place: int
    minutes: int
    block: DayBlock


@dataclass(frozen=True, slots=True)
class Candidate:
    """A job to be put somewhere. The vectors run over the places of the calendar; minutes, and kilometres."""

    minutes: int
    drive_to: Minutes
    """From each place to the job."""
    drive_from: Minutes
    distance: Kilometres
    skills: frozenset[str] = frozenset()
    earliest: int = 0
    not_before: int = 0
    unfit: frozenset[int] = frozenset()
    pin: tuple[int, int] | None = None
    promise: tuple[int, DayBlock] | None = None
    not_after: int | None = None
    """Last day that the following visit of its quote leaves to it; also PREDECESSOR."""

    @classmethod
    def of(cls, world: World, job: Job) -> "Candidate":
        to, away = (_minutes(row) for row in (world.drive[:, job.place], world.drive[job.place, :]))
        near = world.distance[job.place, :]
        days = (job.earliest, job.not_before, job.unfit)
        return cls(job.minutes, to, away, near, job.skills, *days, job.pin, job.promise)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Team-days with what they hold; [T] per team-day, [T, P] per position at which a stop could be inserted."""

    rules: Rules
    skills: tuple[frozenset[str], ...]
    """Of each team."""
    team: Mask
    day: Mask
    end: Mask
    room: Mask
    """Jobs that it can still take; negative where it has too many."""
    work_left: Mask
    """Minutes of work that it can still take."""
    spread: Mask
    """Metres by which its stops are too far apart."""
    stops: Mask
    """[T, P] places of its stops; 0 where there is none."""
    holds: Flags
    """[T, P] whether there is a stop."""
    position: Flags
    """[T, P] whether a stop may be inserted there: up to behind the last."""
    before: Mask
    after: Mask
    """The places between which it would come."""
    ready: Mask
    """When the team is done with what comes before."""
    leg: Mask
    """The drive that an insertion replaces."""
    late_before: Mask
    """Minutes by which a stop before it is late already; not positive where none is."""
    late_slope: Mask
    late_floor: Mask
    """Of the stops behind it, the greatest delay is max(arrival at the first + slope, floor)."""
    back_slope: Mask
    back_floor: Mask
    """The team is back at max(arrival at the next place + slope, floor)."""

    @classmethod
    def of(cls, world: World, contents: Mapping[int, Sequence[tuple[int, DayBlock]]]) -> "Calendar":
        """All team-days of a world; `contents`: by position in `world.team_days`, jobs with their blocks, in order."""
        held = [_visiting(world, contents.get(number, ())) for number in range(len(world.team_days))]
        return cls.build(world.rules, [team.skills for team in world.teams], world.team_days, held, world.drive,
                         world.distance)  # fmt: skip

    @classmethod
    def planned(cls, world: World, solution: Solution) -> "Calendar":
        """A world as a solution fills it."""
        number = {(day.team, day.day): index for index, day in enumerate(world.team_days)}
        routes = {number[route.team, route.day]: route.stops for route in solution.routes if route.stops}
        return cls.of(world, {at: [(stop.job, stop.block) for stop in stops] for at, stops in routes.items()})

    @classmethod
    def build(
        cls,
        rules: Rules,
        skills: Sequence[frozenset[str]],
        days: Sequence[TeamDay],
        held: Sequence[Sequence[Visiting]],
        drive: Any,
        distance: Any,
        width: int = 0,
    ) -> "Calendar":
        """`drive` and `distance` are read as [from, to]; `width`: at least so many positions."""
        width = max([width, 4, *(len(stops) + 1 for stops in held)])
        rows = [_row(rules, *item, drive, distance, width) for item in zip(days, held, strict=True)]
        table = np.array(rows, dtype=np.int32).reshape(len(rows), len(_NARROW) + len(_WIDE) * width)
        return cls(rules, tuple(skills), *_columns(table, width))

    def __len__(self) -> int:
        return len(self.team)

    def taken(self, chosen: Any) -> "Calendar":
        """Only these team-days; a mask, or numbers."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in _ARRAYS})

    def replaced(self, number: int, other: "Calendar") -> "Calendar":
        """One team-day as the first of `other`."""
        joined = Calendar.joined([self, other])
        order = np.arange(len(self))
        order[number] = len(self)
        return joined.taken(order)

    @staticmethod
    def joined(parts: Sequence["Calendar"]) -> "Calendar":
        """The team-days of all, in this order; they share rules, teams and the numbers of places."""
        width = max(part.position.shape[1] for part in parts)
        same = [part._widened(width) for part in parts]
        arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in same]) for name in _ARRAYS}
        return replace(same[0], **arrays)

    def _widened(self, width: int) -> "Calendar":
        more = width - self.position.shape[1]
        if more <= 0:
            return self
        wider: dict[str, Any] = {name: np.pad(getattr(self, name), ((0, 0), (0, more))) for name in _WIDE}
        return replace(self, **wider)


_ARRAYS = tuple(item.name for item in fields(Calendar) if item.name not in ("rules", "skills"))
_NARROW = ("team", "day", "end", "room", "work_left", "spread")
_WIDE = tuple(name for name in _ARRAYS if name not in _NARROW)
_TRUTH = ("holds", "position")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a calendar says of a job, [block, team-day]; blocks as in `BLOCKS`."""

    blocked: Mask
    """The rules that forbid it at its best position, by `BIT`; 0: it fits."""
    drive: Minutes
    """Minutes that it adds to the day's driving."""
    position: NDArray[np.intp]
    """Where it fits best; where it does not, where least is missing."""
    late: Minutes
    """BLOCK: minutes."""
    overtime: Minutes
    """HOURS: minutes."""
    jobs: Mask
    """[team-day] JOBS: how many too many; likewise the following, in the unit of the rule."""
    work: Mask
    radius: Mask
    material: Mask
    predecessor: Mask

    @property
    def feasible(self) -> Flags:
        return np.equal(self.blocked, 0)

    def amount(self, rule: Rule, block: int, number: int) -> int:
        """By how much the rule is broken there; 0 where it is not, or has no amount."""
        at = {Rule.BLOCK: self.late, Rule.HOURS: self.overtime}.get(rule)
        if at is not None:
            return int(at[block, number])
        of_day = {Rule.JOBS: self.jobs, Rule.WORKLOAD: self.work, Rule.RADIUS: self.radius,
                  Rule.MATERIAL: self.material, Rule.PREDECESSOR: self.predecessor}.get(rule)  # fmt: skip
        return 0 if of_day is None else int(of_day[number])

    def reasons(self, block: int, number: int) -> list[tuple[Rule, int]]:
        """The rules that forbid it there, each with its amount."""
        mask = int(self.blocked[block, number])
        return [(rule, self.amount(rule, block, number)) for rule in Rule if mask & BIT[rule]]

    def relaxation(self) -> Mask:
        """How much would have to give for it to fit, in minutes of a planner's grief; 0 where it fits."""
        of_day = _FIXED_SUM[self.blocked]
        amounts = ((Rule.JOBS, self.jobs), (Rule.WORKLOAD, self.work), (Rule.MATERIAL, self.material),
                   (Rule.PREDECESSOR, self.predecessor))  # fmt: skip
        fixed = sum((_RELAXED[rule] * amount for rule, amount in amounts), -(-self.radius // _METRES_A_MINUTE))
        return np.asarray(of_day + fixed + self.late + self.overtime, dtype=np.int32)


def _fixed_sums() -> Mask:
    masks = np.arange(1 << len(Rule), dtype=np.int32)
    return np.asarray(sum(((masks & BIT[rule]) != 0) * cost for rule, cost in _FIXED.items()), dtype=np.int32)


_FIXED_SUM = _fixed_sums()


def evaluate(calendar: Calendar, job: Candidate) -> Evaluation:
    """The job at every position of every team-day, in every block: one pass."""
    late, overtime, added = _insertions(calendar, job)
    cost = (late + overtime) * _PER_MINUTE + added
    cost[:, ~calendar.position] = np.iinfo(np.int32).max
    best = cost.argmin(axis=2)
    late, overtime, added = (_at(values, best) for values in (late, overtime, added))
    of_day = _of_day(calendar, job)
    return Evaluation(_mask(calendar, job, late, overtime, of_day), added, best, late, overtime, *of_day)


def _insertions(calendar: Calendar, job: Candidate) -> tuple[Minutes, Minutes, Minutes]:
    """[block, team-day, position]: minutes late, minutes back too late, minutes of driving more."""
    to, away = job.drive_to[calendar.before], job.drive_from[calendar.after]
    opens, closes = _windows(calendar.rules)
    starts = np.maximum((calendar.ready + to)[None], opens)
    arrives = starts + job.minutes
    arrives += away
    late = np.maximum(starts - (closes - 1), arrives + calendar.late_slope)
    np.maximum(late, np.maximum(calendar.late_before, calendar.late_floor), out=late)
    back = np.maximum(arrives + calendar.back_slope, calendar.back_floor) - calendar.end[:, None]
    added = np.broadcast_to(to + away - calendar.leg, late.shape)
    return np.maximum(late, 0), np.maximum(back, 0), added


def _of_day(calendar: Calendar, job: Candidate) -> tuple[Mask, Mask, Mask, Mask, Mask]:
    """JOBS, WORKLOAD, RADIUS, MATERIAL, PREDECESSOR: amounts per team-day, none below 0."""
    jobs = np.maximum(1 - calendar.room, 0)
    work = np.maximum(job.minutes - calendar.work_left, 0)
    radius = np.maximum(_metres(job.distance, calendar), calendar.spread)
    predecessor = np.maximum(job.not_before - calendar.day, 0)
    if job.not_after is not None:
        predecessor = np.maximum(predecessor, calendar.day - job.not_after)
    return jobs, work, radius, np.maximum(job.earliest - calendar.day, 0), predecessor


def _metres(distance: Kilometres, calendar: Calendar) -> Mask:
    excess = distance[calendar.stops].astype(np.float64) - calendar.rules.radius_km
    worst = np.where(calendar.holds, excess, -1.0).max(axis=1, initial=-1.0)
    return np.where(worst > 0, np.maximum(np.rint(worst * 1000), 1), 0).astype(np.int32)


def _mask(calendar: Calendar, job: Candidate, late: Minutes, overtime: Minutes, of_day: Sequence[Mask]) -> Mask:
    counted = zip((Rule.JOBS, Rule.WORKLOAD, Rule.RADIUS, Rule.MATERIAL, Rule.PREDECESSOR), of_day, strict=True)
    mask = sum(((amount > 0) * np.int32(BIT[rule]) for rule, amount in counted), _unskilled(calendar, job))
    if job.unfit:
        mask = mask | np.isin(calendar.day, list(job.unfit)) * np.int32(BIT[Rule.WEATHER])
    if job.pin:
        pinned = (calendar.team == job.pin[0]) & (calendar.day == job.pin[1])
        mask = mask | ~pinned * np.int32(BIT[Rule.PIN])
    return (
        mask
        | _promised(calendar, job)
        | (late > 0) * np.int32(BIT[Rule.BLOCK])
        | (overtime > 0) * np.int32(BIT[Rule.HOURS])
    )


def _unskilled(calendar: Calendar, job: Candidate) -> Mask:
    lacking = np.array([BIT[Rule.SKILLS] * (not job.skills <= skills) for skills in calendar.skills], dtype=np.int32)
    return lacking[calendar.team] if len(lacking) else np.zeros(0, np.int32)


def _promised(calendar: Calendar, job: Candidate) -> Mask:
    if job.promise is None:
        return np.zeros((1, 1), np.int32)
    block = np.array([[kind is job.promise[1]] for kind in BLOCKS])
    return np.asarray(~((calendar.day == job.promise[0])[None] & block) * BIT[Rule.PROMISE], np.int32)


def earliest(calendar: Calendar, jobs: Iterable[Candidate]) -> list[tuple[int, int, int] | None]:
    """For each job by itself the first (day, block, team-day) that takes it, the least driving first; None: no day."""
    free = np.flatnonzero((calendar.room > 0) & (calendar.work_left > 0) & (calendar.spread == 0))
    order = free[np.argsort(calendar.day[free], kind="stable")]
    open_days = calendar.taken(order)
    return [None if found is None else (*found[:2], int(order[found[2]])) for found in
            (_first(open_days, job) for job in jobs)]  # fmt: skip


def _first(calendar: Calendar, job: Candidate) -> tuple[int, int, int] | None:
    said = evaluate(calendar, job)
    fits = said.feasible
    if not fits.any():
        return None
    rank = calendar.day[None] * len(BLOCKS) + np.arange(len(BLOCKS))[:, None]
    key = np.where(fits, rank * np.int64(_PER_MINUTE) + said.drive, np.iinfo(np.int64).max)
    block, number = divmod(int(key.argmin()), len(calendar))
    return int(calendar.day[number]), block, number


def _windows(rules: Rules) -> tuple[Minutes, Minutes]:
    """When each block opens and closes, [block, 1, 1]."""
    table = np.array([rules.blocks[block] for block in BLOCKS], dtype=np.int32)
    return table[:, 0, None, None], table[:, 1, None, None]


def _at(values: Minutes, best: NDArray[np.intp]) -> Minutes:
    return np.take_along_axis(values, best[:, :, None], axis=2)[:, :, 0]


def _visiting(world: World, jobs: Sequence[tuple[int, DayBlock]]) -> list[Visiting]:
    return [Visiting(world.jobs[job].place, world.jobs[job].minutes, block) for job, block in jobs]


def _minutes(row: Minutes) -> Minutes:
    return np.clip(row, 0, MOST_MINUTES).astype(np.int32)


def _columns(table: NDArray[np.int32], width: int) -> Iterable[Any]:
    at = 0
    for name in _ARRAYS:
        size = 1 if name in _NARROW else width
        part = table[:, at] if name in _NARROW else table[:, at : at + width]
        yield np.ascontiguousarray(part != 0 if name in _TRUTH else part)
        at += size


def _row(rules: Rules, day: TeamDay, stops: Sequence[Visiting], drive: Any, distance: Any, width: int) -> list[int]:
    """The numbers of one team-day in the order of `_ARRAYS`."""
    places = [day.leaves_from, *(stop.place for stop in stops), day.returns_to]
    legs = [min(max(int(drive[one, other]), 0), MOST_MINUTES) for one, other in pairwise(places)]
    ready, delays = _forward(rules, day, stops, legs)
    late_slope, late_floor, back_slope, back_floor = _backward(rules, stops, legs)
    work = sum(stop.minutes for stop in stops)
    narrow = [day.team, day.day, day.end, day.most_jobs - len(stops), day.most_minutes - work,
              _spread(rules, stops, distance)]  # fmt: skip
    wide = (places[1:-1], [1] * len(stops), [1] * len(places[1:]), places[:-1], places[1:], ready,
            legs if stops else [0], delays, late_slope, late_floor, back_slope, back_floor)  # fmt: skip
    return narrow + [number for row in wide for number in [*row, *[0] * (width - len(row))]]


def _forward(rules: Rules, day: TeamDay, stops: Sequence[Visiting], legs: Sequence[int]) -> tuple[list[int], list[int]]:
    """Per position: when the team is free for it, and the greatest delay before it."""
    ready, delays = [day.start], [_NEVER]
    for stop, leg in zip(stops, legs, strict=False):
        opens, closes = rules.blocks[stop.block]
        starts = max(ready[-1] + leg, opens)
        ready.append(starts + stop.minutes)
        delays.append(max(delays[-1], starts - closes + 1))
    return ready, delays


def _backward(rules: Rules, stops: Sequence[Visiting], legs: Sequence[int]) -> list[list[int]]:
    """Per position, from the arrival at the next place on: slope and floor of the delay, and of being back."""
    rows = [(_NEVER, _NEVER, 0, _NEVER)]
    for stop, leg in zip(reversed(stops), reversed(legs[1:]), strict=True):
        opens, closes = rules.blocks[stop.block]
        late, late_floor, back, back_floor = rows[-1]
        on = stop.minutes + leg
        rows.append((
            max(late + on, 1 - closes), max(late_floor, late + opens + on, opens - closes + 1),
            back + on, max(back_floor, opens + on + back),
        ))  # fmt: skip
    return [list(column) for column in zip(*reversed(rows), strict=True)]


def _spread(rules: Rules, stops: Sequence[Visiting], distance: Any) -> int:
    pairs = ((one.place, other.place) for number, one in enumerate(stops) for other in stops[:number])
    excess = max((float(distance[pair]) - rules.radius_km for pair in pairs), default=0.0)
    return max(1, round(excess * 1000)) if excess > 0 else 0
