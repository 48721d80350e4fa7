"""Which team-days and jobs to solve anew together: those around a place, the longest unseen first; or some from
everywhere, so that teams come to where they are worth most."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.board import Board

_EARTH = 111.2
"""Kilometres of a degree."""
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Task:
    team_days: Index
    jobs: Index
    """Not placed, to be considered too."""


class Surroundings:
    def __init__(self, board: Board, seed: int):
        self.board, self.random = board, np.random.default_rng(seed)
        points = [(place.latitude, place.longitude) for place in board.world.places]
        scale = np.array([_EARTH, _EARTH * np.cos(np.radians(52.2))])
        self.points = np.array(points, float).reshape(-1, 2) * scale
        self.seen = np.zeros(len(board.rows), np.int64)
        self.turn = 0
        self._homes = self._centres_of_regions()

    def _centres_of_regions(self) -> NDArray[Any]:
        """Where a team-day without work counts as being: a job that its team could be near to."""
        board = self.board
        placed = np.flatnonzero(board.tables.fit[:-1].any(1))
        chosen = self.random.choice(placed, len(board.rows)) if len(placed) else np.zeros(len(board.rows), np.intp)
        for team_day in range(len(board.rows)):
            inside = self._inside(team_day, placed)
            if len(inside):
                chosen[team_day] = self.random.choice(inside)
        return np.asarray(self.points[board.tables.place[chosen]])

    def _inside(self, team_day: int, jobs: Index) -> Index:
        board = self.board
        team = board.team[team_day]
        some = self.random.choice(jobs, min(len(jobs), 60))
        inside = board.able[team, some] & ~board.outside[team, board.tables.place[some]]
        return np.asarray(some[inside], np.intp)

    def centres(self) -> NDArray[Any]:
        board = self.board
        real = board.rows >= 0
        places = self.points[board.tables.place[board.rows]] * real[:, :, None]
        counts = real.sum(1)
        return np.where((counts > 0)[:, None], places.sum(1) / np.maximum(counts, 1)[:, None], self._homes)

    def task(self, size: int, most_jobs: int, worth: NDArray[Any], busy: Iterable[Task]) -> Task | None:
        """About `size` team-days around a place that share nothing with the `busy` ones; `worth` says which free jobs
        matter."""
        busy = list(busy)
        free, taken_jobs = self._free(busy)
        if not len(free):
            return None
        centres = self.centres()
        middle = self._middle(free, centres, busy)
        distance = ((centres[free] - middle) ** 2).sum(1)
        days = free[np.argsort(distance, kind="stable")[:size]]
        self.turn += 1
        self.seen[days] = self.turn
        return Task(days, self._jobs(days, most_jobs, worth, taken_jobs))

    def scattered(self, size: int, most_jobs: int, worth: NDArray[Any], busy: Iterable[Task]) -> Task | None:
        """Team-days from everywhere, and the worthiest free jobs wherever they are."""
        free, taken_jobs = self._free(list(busy))
        if not len(free):
            return None
        jobs = self._open_jobs(taken_jobs)
        shaken = worth[jobs] * (1 + 0.2 * self.random.random(len(jobs)))
        chosen = jobs[np.argsort(-shaken, kind="stable")[:most_jobs]]
        return Task(np.sort(self.random.choice(free, min(size, len(free)), replace=False)), np.sort(chosen))

    def of_one_day(self, most_jobs: int, worth: NDArray[Any], busy: Iterable[Task]) -> Task | None:
        """The team-days of a day, so that its promises change teams, and the worthiest free jobs."""
        task = self.scattered(len(self.board.rows), most_jobs, worth, busy)
        if task is None:
            return None
        day = self.board.day[self.random.choice(task.team_days)]
        return Task(task.team_days[self.board.day[task.team_days] == day], task.jobs)

    def _free(self, busy: list[Task]) -> tuple[Index, Index]:
        """Team-days that share nothing with the busy ones; the jobs that are theirs."""
        taken_days, taken_jobs = self._taken(busy)
        shared = np.isin(self.board.rows, taken_jobs[taken_jobs >= 0]).any(1)
        return np.flatnonzero(~taken_days & ~shared), taken_jobs

    def _taken(self, busy: list[Task]) -> tuple[NDArray[np.bool_], Index]:
        """Team-days, and jobs with the other visits of their quotes."""
        board = self.board
        days = np.zeros(len(board.rows), bool)
        jobs: list[NDArray[Any]] = [np.zeros(0, np.intp)]
        for task in busy:
            days[task.team_days] = True
            jobs += [task.jobs, board.rows[task.team_days].ravel()]
        taken = np.unique(np.concatenate(jobs))
        others = [other for job in taken.tolist() for other in board.partners(job)]
        return days, np.union1d(taken, np.array(others, np.intp))

    def _middle(self, free: Index, centres: NDArray[Any], busy: list[Task]) -> NDArray[Any]:
        """Of one that was not seen for long, far from where others are at work."""
        old = free[np.argsort(self.seen[free] + self.random.random(len(free)), kind="stable")]
        some = self.random.choice(old[: max(len(old) // 5, 1)], 8)
        if not busy:
            return np.asarray(centres[some[0]])
        others = np.array([centres[task.team_days].mean(0) for task in busy])
        apart = np.sqrt(((centres[some][:, None] - others[None]) ** 2).sum(2)).min(1)
        return np.asarray(centres[some[int(apart.argmax())]])

    def _jobs(self, days: Index, most: int, worth: NDArray[Any], taken: Index) -> Index:
        """Jobs nowhere placed within reach of what is placed there, the worthiest first."""
        board, tables, jobs = self.board, self.board.tables, self._open_jobs(taken)
        placed = board.rows[days]
        places = np.unique(np.concatenate([tables.place[placed[placed >= 0]]]))
        if len(places):
            near = board.world.distance[np.ix_(tables.place[jobs], places)].min(1, initial=np.inf)
            jobs = jobs[near <= board.world.rules.radius_km * 0.6]
        return np.sort(jobs[np.argsort(-worth[jobs], kind="stable")[:most]])

    def _open_jobs(self, taken: Index) -> Index:
        """Jobs that are nowhere but could be somewhere."""
        free = self.board.at[:-1] < 0
        free[taken[taken >= 0]] = False
        return np.flatnonzero(free & self.board.tables.fit[:-1].any(1))
