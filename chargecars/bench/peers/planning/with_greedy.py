"""Greedy insertion: each job where it costs the least, promises first, then the worthiest; again in other orders.

It knows every rule but the order of two visits.
"""

import random
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from problem import Clock, Plans, Problem, Routes, main

_MOST_STOPS = 3
_TRIED = 12
_TOO_FAR = 3_000
_NOISE = 0.25
Flags = NDArray[np.bool_]


def search(problem: Problem, budgets: list[float], clock: Clock, plans: Plans) -> None:
    """Orders anew until the time is over."""
    tables, shuffle = Tables(problem), random.Random(0)  # noqa: S311  # reproducible
    clock.start()
    best = -1.0
    while best < 0 or clock() < budgets[-1]:
        noise = 0.0 if best < 0 else _NOISE
        order = ranked(problem, lambda most=noise: most * shuffle.random())
        gained, routes = Insertion(tables).all(order, clock, budgets[-1])
        if gained > best:
            best = gained
            plans.add(clock(), routes)


def ranked(problem: Problem, noise: Callable[[], float]) -> list[int]:
    """Jobs in the order in which they are inserted."""

    def rank(index: int) -> float:
        job = problem.jobs[index]
        return float(job["value"]) * (1 + noise()) - float(job["minutes"])

    return sorted(problem.open_jobs, key=rank, reverse=True)


class Tables:
    """What does not change: per job its vehicles, per region its costs."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.days = np.array([each["day"] for each in problem.vehicles])
        self.regions = np.array([each["region"] for each in problem.vehicles])
        self.most_jobs = np.array([each["most_jobs"] for each in problem.vehicles])
        self.most_minutes = np.array([each["most_minutes"] for each in problem.vehicles])
        self.able = np.array([[s in each["skills"] for s in range(problem.skills)] for each in problem.vehicles])
        self.is_far = problem.drive >= _TOO_FAR

    def vehicles(self, job: dict[str, object]) -> Flags:
        """That may do it, by day, skills and pin."""
        allowed: Flags = np.isin(self.days, job["days"])
        for skill in job["skills"]:
            allowed = allowed & self.able[:, skill]
        if job["pin"] is not None:
            allowed = allowed & (np.arange(len(allowed)) == job["pin"])
        return allowed


class Insertion:
    """Routes as they grow; `legs` holds base, stops and base of each vehicle, the base also behind the last."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        count = len(tables.days)
        self.legs = np.zeros((count, _MOST_STOPS + 2), np.intp)
        self.count = np.zeros(count, np.intp)
        self.work = np.zeros(count, np.intp)
        self.routes: list[list[int]] = [[] for _ in range(count)]
        self.gained = 0.0

    def all(self, order: list[int], clock: Clock, until: float) -> tuple[float, Routes]:
        """What is gained, and the routes."""
        for number, index in enumerate(order):
            if number % 64 == 0 and clock() > until:
                break
            self._insert(index)
        return self.gained, {vehicle: jobs for vehicle, jobs in enumerate(self.routes) if jobs}

    def _insert(self, index: int) -> None:
        job = self.tables.problem.jobs[index]
        costs = self._costs(job)
        for flat in np.argsort(costs, axis=None)[:_TRIED]:
            vehicle, at = divmod(int(flat), costs.shape[1])
            cost = float(costs[vehicle, at])
            if cost >= job["value"]:
                return
            longer = [*self.routes[vehicle][:at], index, *self.routes[vehicle][at:]]
            if self._is_in_time(vehicle, longer):
                self._keep(vehicle, longer, job["minutes"])
                self.gained += job["value"] - cost
                return

    def _costs(self, job: dict[str, int]) -> NDArray[np.float64]:
        """[vehicle, position]; infinite where it may not go."""
        tables, place = self.tables, job["place"]
        allowed = tables.vehicles(job) & (self.count < tables.most_jobs)
        allowed &= self.work + job["minutes"] <= tables.most_minutes
        allowed &= ~tables.is_far[place, self.legs[:, 1:-1]].any(axis=1)
        cost, legs = tables.problem.cost, self.legs
        added = cost[legs[:, :-1], place] + cost[place, legs[:, 1:]] - cost[legs[:, :-1], legs[:, 1:]]
        added = added + tables.problem.outside[tables.regions, place][:, None]
        behind = np.arange(_MOST_STOPS + 1) > self.count[:, None]
        return np.where(allowed[:, None] & ~behind, added, np.inf)

    def _is_in_time(self, vehicle: int, route: list[int]) -> bool:
        problem, shift = self.tables.problem, self.tables.problem.vehicles[vehicle]
        here, clock = 0, shift["start"]
        for index in route:
            job = problem.jobs[index]
            clock = max(clock + int(problem.drive[here, job["place"]]), job["opens"])
            if clock > job["closes"]:
                return False
            clock += job["minutes"]
            here = job["place"]
        return clock + int(problem.drive[here, 0]) <= int(shift["end"])

    def _keep(self, vehicle: int, route: list[int], minutes: int) -> None:
        places = [self.tables.problem.jobs[index]["place"] for index in route]
        self.legs[vehicle, 1 : len(places) + 1] = places
        self.routes[vehicle] = route
        self.count[vehicle] += 1
        self.work[vehicle] += minutes


if __name__ == "__main__":
    main(search)
