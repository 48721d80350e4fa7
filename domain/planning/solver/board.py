"""A plan in the making: who does what, and what putting one more job into each of its routes would give."""

from collections.abc import Container, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.tables import WIDTH, Flags, Shifts, Tables, static_worth, trace
from domain.planning.timing import timed, worth
from domain.planning.world import Route, Solution, World

ALWAYS = 1_000_000


class Board:
    """Routes by team-day, jobs by their index in the world. `tables` holds all its jobs in the order of the world."""

    def __init__(self, world: World):
        self.world, self.tables = world, Tables(world, np.arange(len(world.jobs)))
        days = world.team_days
        self.rows = np.full((len(days), WIDTH), -1, np.int32)
        self.at = np.full(len(world.jobs) + 1, -1, np.int32)
        """Team-day of each job; -1: nowhere."""
        self.day = np.array([each.day for each in days], np.int32)
        self.team = np.array([each.team for each in days], np.int32)
        self.worth = np.zeros(len(days), np.int64)
        self.shifts = Shifts(*(np.array([getattr(each, name) for each in days], np.int32) for name in _SHIFT))
        self.able, self.outside, self._pair = _able(world), _outside(world), _pairs(world)

    def apply(self, routes: Iterable[tuple[int, Sequence[int]]]) -> None:
        """Make all these the routes of their team-days; jobs may change between them."""
        given = [(at, list(jobs)) for at, jobs in routes if self.jobs_of(at) != list(jobs)]
        for at, _ in given:
            self.put(at, [])
        for at, jobs in given:
            self.put(at, jobs)

    def show(self, rows: NDArray[Any]) -> None:
        """Become the plan with these rows."""
        changed = np.flatnonzero((rows != self.rows).any(1))
        self.apply((int(at), [int(job) for job in rows[at] if job >= 0]) for at in changed)

    def put(self, team_day: int, jobs: Sequence[int]) -> None:
        """Make this the route of the team-day; its jobs are nowhere else."""
        before = self.rows[team_day]
        self.at[before[before >= 0]] = -1
        self.rows[team_day] = -1
        self.rows[team_day, : len(jobs)] = jobs
        self.at[list(jobs)] = team_day
        self.worth[team_day] = worth(self.world, timed(self.world, self.world.team_days[team_day], jobs))

    def jobs_of(self, team_day: int) -> list[int]:
        return [int(job) for job in self.rows[team_day] if job >= 0]

    def is_hard(self, job: int) -> bool:
        return self.world.jobs[job].promise is not None or self.world.jobs[job].pin is not None

    def window(self, job: int, moving: Container[int] = ()) -> tuple[int, int]:
        """First and last day that the other visit of its quote leaves, as it is placed now unless it is `moving`."""
        first, last = 0, len(self.world.days) - 1
        for other, gap, is_before in self._pair.get(job, ()):
            at = int(self.at[other])
            if other in moving:
                continue
            if is_before:
                first = max(first, int(self.day[at]) + gap if at >= 0 else last + 1)
            elif at >= 0:
                last = min(last, int(self.day[at]) - gap)
        return first, last

    def partners(self, job: int) -> list[int]:
        """The other visits of its quote."""
        return [other for other, _, _ in self._pair.get(job, ())]

    def followers(self, job: int) -> list[int]:
        """Placed jobs that need this one before them."""
        return [other for other, _, is_before in self._pair.get(job, ()) if not is_before and self.at[other] >= 0]

    def open_to(self, job: int) -> Flags:
        """Team-days whose day, skills and pins allow the job, room and reach not looked at."""
        first, last = self.window(job)
        allowed = self.able[self.team, job] & self.tables.fit[job, self.day]
        allowed &= (self.day >= first) & (self.day <= last)
        if self.tables.pin_team[job] >= 0:
            allowed &= self.team == self.tables.pin_team[job]
        return np.asarray(allowed, bool)

    def insertions(self, job: int, where: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Feasible routes with the job added to those of `where`: team-days, rows, gain in worth."""
        rows = self.rows[where]
        near = ((rows < 0) | self.tables.near(rows, np.full_like(rows, job))).all(1) & (rows[:, -1] < 0)
        where, rows = where[near], rows[near]
        counts = (rows >= 0).sum(1)
        places = [np.flatnonzero(counts >= position) for position in range(WIDTH)]
        wider = np.concatenate([_inserted(rows[some], job, position) for position, some in enumerate(places)])
        return self._gains(np.concatenate([where[some] for some in places]), wider)

    def _gains(self, where: NDArray[Any], rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        traced = trace(self.tables, rows, self.shifts.of(where))
        well = traced.feasible
        where, rows, blocks = where[well], rows[well], traced.blocks[well]
        tables, weights = self.tables, self.world.weights
        keeps = (rows >= 0) & (tables.current_block[rows] == blocks)
        keeps &= tables.current_day[rows] == self.day[where, None]
        same = keeps & (tables.current_team[rows] == self.team[where, None])
        outsiders = self.outside[self.team[where, None], tables.place[rows]] & (rows >= 0)
        value = static_worth(tables, rows, traced.drive[well], outsiders.sum(1))
        value = value + weights.stay_day * keeps.sum(1) + weights.stay_team * same.sum(1)
        return where, rows, value - self.worth[where]

    def insert(self, job: int, least: int = 1) -> bool:
        """Put the job where it gains most, if that is at least `least`."""
        where, rows, gains = self.insertions(job, np.flatnonzero(self.open_to(job)))
        if not len(gains) or gains.max() < least:
            return False
        best = int(gains.argmax())
        self.put(int(where[best]), [int(each) for each in rows[best] if each >= 0])
        return True

    def remove(self, job: int) -> None:
        at = int(self.at[job])
        if at >= 0:
            self.put(at, [each for each in self.jobs_of(at) if each != job])

    def solution(self, **figures: Any) -> Solution:
        busy = np.flatnonzero(self.rows[:, 0] >= 0).tolist()
        routes = routes_of(self.world, ((at, self.jobs_of(at)) for at in busy))
        return Solution(routes, sum(worth(self.world, route) for route in routes), None, figures)


def routes_of(world: World, given: Iterable[tuple[int, Sequence[int]]]) -> tuple[Route, ...]:
    """Routes of (position of the team-day, jobs in order), by day and team."""
    routes = [timed(world, world.team_days[at], jobs) for at, jobs in given]
    return tuple(sorted(routes, key=lambda route: (route.day, route.team)))


_SHIFT = ("start", "end", "leaves_from", "returns_to", "most_jobs", "most_minutes")


def _inserted(rows: NDArray[Any], job: int, position: int) -> NDArray[Any]:
    return np.concatenate(
        [rows[:, :position], np.full((len(rows), 1), job, np.int32), rows[:, position : WIDTH - 1]], axis=1
    )


def _able(world: World) -> Flags:
    """[team, job]: the team has the skills."""
    skills: dict[frozenset[str], Flags] = {}
    for job in world.jobs:
        if job.skills not in skills:
            skills[job.skills] = np.array([job.skills <= team.skills for team in world.teams], bool)
    columns = [skills[job.skills] for job in world.jobs]
    return np.stack(columns, axis=1) if columns else np.zeros((len(world.teams), 0), bool)


def _outside(world: World) -> Flags:
    """[team, place]: the place is in none of its regions."""
    rows: dict[tuple[str, ...], list[bool]] = {}
    for team in world.teams:
        if team.areas not in rows:
            rows[team.areas] = [bool(team.areas) and not area.startswith(team.areas) for area in world.areas]
    return np.array([rows[team.areas] for team in world.teams], bool).reshape(len(world.teams), len(world.areas))


def _pairs(world: World) -> dict[int, list[tuple[int, int, bool]]]:
    """Of each job the others of its quote: (job, gap, whether it comes before)."""
    pairs: dict[int, list[tuple[int, int, bool]]] = {}
    for index, job in enumerate(world.jobs):
        if job.after is not None:
            pairs.setdefault(index, []).append((job.after, job.gap_days, True))
            pairs.setdefault(job.after, []).append((index, job.gap_days, False))
    return pairs
