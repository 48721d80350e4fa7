"""Every ordered set of at most three jobs that a team-day can make within the hard rules, in NumPy.

It reads the rules of `domain/planning/timing.py` a second time, for many sets at once; tests hold the two together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.planning.world import TeamDay, World
from domain.visits.models import DayBlock

MOST_STOPS = 3
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Begun:
    """What a team has begun on its day and does not give up: done, at work, or on the way to it."""

    jobs: tuple[int, ...]
    place: int
    """Where it is when the last of them is done."""
    free: int
    """When that is, minutes after midnight."""


@dataclass(frozen=True, slots=True)
class Column:
    """An ordered set of jobs for one team-day."""

    team_day: int
    jobs: tuple[int, ...]
    worth: int
    promises: int


@dataclass(slots=True)
class Columns:
    """Arrays of equal length. `jobs` [n, 3] in order, filled up with -1; `team_day` positions in `World.team_days`."""

    jobs: Ints
    team_day: Ints
    worth: Ints
    promises: Ints

    def __len__(self) -> int:
        return len(self.worth)

    def at(self, index: int) -> Column:
        jobs = tuple(int(job) for job in self.jobs[index] if job >= 0)
        return Column(int(self.team_day[index]), jobs, int(self.worth[index]), int(self.promises[index]))

    @classmethod
    def joined(cls, parts: Sequence["Columns"]) -> "Columns":
        empty = np.empty((0, MOST_STOPS), np.int64)
        return cls(
            np.concatenate([empty, *(part.jobs for part in parts)]),
            *(
                np.concatenate([np.empty(0, np.int64), *(getattr(part, name) for part in parts)])
                for name in ("team_day", "worth", "promises")
            ),
        )


def remaining(world: World, day: TeamDay, begun: Begun | None) -> TeamDay:
    """The rest of a team's day after what it has begun."""
    if begun is None:
        return day
    work = sum(world.jobs[index].minutes for index in begun.jobs)
    return TeamDay(
        team=day.team,
        day=day.day,
        start=max(day.start, begun.free),
        end=day.end,
        leaves_from=begun.place,
        returns_to=day.returns_to,
        most_jobs=max(0, day.most_jobs - len(begun.jobs)),
        most_minutes=max(0, day.most_minutes - work),
    )


@dataclass(slots=True)
class _Sets:
    """Ordered sets under way: jobs [n, k] as positions among the day's jobs, when the last ends, drive and work so far.

    `late` has a bit per position: set where the work falls into the afternoon.
    """

    jobs: Ints
    clock: Ints
    drive: Ints
    minutes: Ints
    late: Ints


@dataclass(slots=True)
class DayJobs:
    """The jobs of one day as arrays, and which pairs of them are near enough."""

    world: World
    day: int
    indices: Sequence[int]
    reorder: int = 0
    """Minutes of driving that another order of two stops of a team has to save."""
    place: Ints = field(init=False)
    minutes: Ints = field(init=False)
    value: Ints = field(init=False)
    area: Ints = field(init=False)
    opens: Ints = field(init=False)
    closes: Ints = field(init=False)
    promised: Bools = field(init=False)
    afternoon: Bools = field(init=False)
    """Promised for the afternoon."""
    near: Bools = field(init=False)
    drive: Ints = field(init=False)

    def __post_init__(self) -> None:
        world, blocks = self.world, self.world.rules.blocks
        jobs = [world.jobs[index] for index in self.indices]
        self.place = np.array([job.place for job in jobs], np.int64)
        self.minutes = np.array([job.minutes for job in jobs], np.int64)
        self.value = np.array([job.value for job in jobs], np.int64)
        self.area = np.unique([job.pc2 for job in jobs], return_inverse=True)[1].astype(np.int64)
        block = [job.promise[1] if job.promise else DayBlock.MORNING for job in jobs]
        self.opens = np.array([blocks[each][0] for each in block], np.int64)
        self.closes = np.array([blocks[each][1] for each in block], np.int64)
        self.promised = np.array([job.promise is not None for job in jobs], np.bool_)
        self.afternoon = np.array([each is DayBlock.AFTERNOON for each in block], np.bool_)
        self.near = world.distance[np.ix_(self.place, self.place)] <= world.rules.radius_km
        np.fill_diagonal(self.near, False)
        self.drive = world.drive[np.ix_(self.place, self.place)].astype(np.int64)

    def __len__(self) -> int:
        return len(self.indices)

    def eligible(self, day: TeamDay, begun: Begun | None) -> Bools:
        """Which jobs the team-day may do, each for itself; times are not looked at."""
        may = np.array([self._may(day, index) for index in self.indices], np.bool_)
        for index in begun.jobs if begun else ():
            may &= self.world.distance[self.place, self.world.jobs[index].place] <= self.world.rules.radius_km
        return may

    def _may(self, day: TeamDay, index: int) -> bool:
        job = self.world.jobs[index]
        return (
            job.skills <= self.world.teams[day.team].skills
            and max(job.earliest, job.not_before) <= day.day
            and day.day not in job.unfit
            and (job.pin is None or job.pin == (day.team, day.day))
            and (job.promise is None or job.promise[0] == day.day)
        )


def day_columns(jobs: DayJobs, team_days: Mapping[int, TeamDay], begun: Mapping[int, Begun]) -> Columns:
    """All columns of the team-days (by position in `World.team_days`), the best order of each set of jobs.

    `begun` by team; the team-days are given as they remain after it.
    """
    made: dict[tuple[object, ...], _Sets | None] = {}
    parts: list[Columns] = []
    for position, day in team_days.items() if len(jobs) else ():
        may = jobs.eligible(day, begun.get(day.team))
        shape = (day.start, day.end, day.leaves_from, day.returns_to, day.most_jobs, day.most_minutes, may.tobytes())
        if shape not in made:
            made[shape] = _finished(jobs, day, may)
        if (sets := made[shape]) is not None:
            parts.append(_best_orders(jobs, position, day, sets))
    return Columns.joined(parts)


def _finished(jobs: DayJobs, day: TeamDay, may: Bools) -> _Sets | None:
    """Every allowed ordered set, drive with the way home, padded to three."""
    found: list[_Sets] = []
    sets = _singles(jobs, day, may)
    for length in range(1, min(MOST_STOPS, day.most_jobs) + 1):
        sets = sets if length == 1 else _longer(jobs, day, may, sets)
        found.append(_home(jobs, day, sets))
    if not found:
        return None
    return _Sets(*(np.concatenate([getattr(part, name) for part in found]) for name in _Sets.__slots__))


def _singles(jobs: DayJobs, day: TeamDay, may: Bools) -> _Sets:
    first = np.flatnonzero(may & (jobs.minutes <= day.most_minutes))
    leg = jobs.world.drive[day.leaves_from, jobs.place[first]].astype(np.int64)
    none = np.zeros_like(leg)
    return _visited(jobs, day, _Sets(first[:, None], none + day.start, none, none, none), leg)


def _longer(jobs: DayJobs, day: TeamDay, may: Bools, sets: _Sets) -> _Sets:
    fits = jobs.near[sets.jobs[:, 0]] & may
    for position in range(1, sets.jobs.shape[1]):
        fits &= jobs.near[sets.jobs[:, position]]
    row, job = np.nonzero(fits)
    told = (sets.clock[row], sets.drive[row], sets.minutes[row], sets.late[row])
    longer = _Sets(np.column_stack([sets.jobs[row], job]), *told)
    return _visited(jobs, day, longer, jobs.drive[sets.jobs[row, -1], job])


def _visited(jobs: DayJobs, day: TeamDay, sets: _Sets, leg: Ints) -> _Sets:
    """The sets after their last job; those that begin it too late or are too much work are left out."""
    last = sets.jobs[:, -1]
    starts, late, closes = _begins(jobs, last, sets.clock + leg)
    minutes = sets.minutes + jobs.minutes[last]
    keep = (starts < closes) & (minutes <= day.most_minutes)
    mask = sets.late | late.astype(np.int64) << (sets.jobs.shape[1] - 1)
    ends = starts + jobs.minutes[last]
    return _Sets(sets.jobs[keep], ends[keep], (sets.drive + leg)[keep], minutes[keep], mask[keep])


def _begins(jobs: DayJobs, job: Ints, arrives: Ints) -> tuple[Ints, Bools, Ints]:
    """When the work of each begins, whether that is in the afternoon, and before which time it has to."""
    blocks = jobs.world.rules.blocks
    starts = np.maximum(arrives, jobs.opens[job])
    moved = ~jobs.promised[job] & (starts >= blocks[DayBlock.MORNING][1])
    afternoon = blocks[DayBlock.AFTERNOON]
    starts = np.where(moved, np.maximum(starts, afternoon[0]), starts)
    return starts, moved | jobs.afternoon[job], np.where(moved, afternoon[1], jobs.closes[job])


def _home(jobs: DayJobs, day: TeamDay, sets: _Sets) -> _Sets:
    leg = jobs.world.drive[jobs.place[sets.jobs[:, -1]], day.returns_to].astype(np.int64)
    keep = sets.clock + leg <= day.end
    padded = np.full((int(keep.sum()), MOST_STOPS), -1, np.int64)
    padded[:, : sets.jobs.shape[1]] = sets.jobs[keep]
    return _Sets(padded, sets.clock[keep], (sets.drive + leg)[keep], sets.minutes[keep], sets.late[keep])


def _best_orders(jobs: DayJobs, position: int, day: TeamDay, sets: _Sets) -> Columns:
    worth = _worth(jobs, day, sets)
    inner = np.sort(sets.jobs, axis=1)
    size = len(jobs) + 1
    key = ((inner[:, 0] + 1) * size + inner[:, 1] + 1) * size + inner[:, 2] + 1
    turned = _turned(jobs, day, sets)
    order = np.lexsort((turned, jobs.reorder * turned - worth, key))
    best = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    kept = np.append(jobs.promised, False).astype(np.int64)
    chosen = sets.jobs[best]
    numbers = np.append(np.array(jobs.indices, np.int64), -1)
    return Columns(
        numbers[chosen], np.full(len(best), position, np.int64), worth[best], kept[chosen].sum(axis=1, dtype=np.int64)
    )


def _turned(jobs: DayJobs, day: TeamDay, sets: _Sets) -> Ints:
    """How many pairs of the team's own stops are in another order than in the plan in force."""
    current = [jobs.world.jobs[index].current for index in jobs.indices]
    own = [each.order if each and (each.team, each.day) == (day.team, day.day) else -1 for each in current]
    first, second, third = np.append(np.array(own, np.int64), -1)[sets.jobs].T
    pairs = ((first, second), (first, third), (second, third))
    turned: Ints = np.sum([(later >= 0) & (one > later) for one, later in pairs], axis=0, dtype=np.int64)
    return turned


def _worth(jobs: DayJobs, day: TeamDay, sets: _Sets) -> Ints:
    """`timing.worth` of each set."""
    world, weights = jobs.world, jobs.world.weights
    outside = weights.outside_region * _outside(jobs, day)
    gains = np.append(jobs.value - outside, 0)
    total: Ints = gains[sets.jobs].sum(axis=1) - sets.drive
    area = np.append(jobs.area, -1)[sets.jobs]
    first, second, third = area.T
    extra = ((second >= 0) & (second != first)).astype(np.int64)
    extra += (third >= 0) & (third != first) & (third != second)
    total += _stays(world, jobs, day, sets) - weights.extra_area * extra
    return total


def _outside(jobs: DayJobs, day: TeamDay) -> Ints:
    team = jobs.world.teams[day.team]
    areas = jobs.world.areas
    return np.array([bool(team.areas) and not areas[place].startswith(team.areas) for place in jobs.place], np.int64)


def _stays(world: World, jobs: DayJobs, day: TeamDay, sets: _Sets) -> Ints:
    """What is gained by jobs that keep the day and block of the plan in force, and their team."""
    current = [world.jobs[index].current for index in jobs.indices]
    same_day = [each is not None and each.day == day.day for each in current]
    gain = np.array([world.weights.stay_day * same for same in same_day], np.int64)
    gain += [
        world.weights.stay_team if each is not None and same and each.team == day.team else 0
        for each, same in zip(current, same_day, strict=True)
    ]
    afternoon = np.array([each is not None and each.block is DayBlock.AFTERNOON for each in current], np.bool_)
    gains, afternoons = np.append(gain, 0), np.append(afternoon, False)
    total = np.zeros(len(sets.jobs), np.int64)
    for position, stop in enumerate(sets.jobs.T):
        late = (sets.late >> position & 1).astype(np.bool_)
        total += np.where(afternoons[stop] == late, gains[stop], 0)
    return total
