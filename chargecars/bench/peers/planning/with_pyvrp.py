"""PyVRP: prizes, time windows over the whole of the weeks, skills as loads, regions as profiles.

Not expressible, so left to the repair: the team of a pin, and 30 km between jobs that do not follow each other. A job
that may not be done on some days is a group of clients, one per run of days, of which at most one is visited.
"""

from collections.abc import Callable

import numpy as np
from problem import DAY, Clock, Plans, Problem, Routes, main
from pyvrp import (
    Client,
    ClientGroup,
    Depot,
    IteratedLocalSearchCallbacks,
    IteratedLocalSearchParams,
    Location,
    ProblemData,
    Solution,
    SolveParams,
    VehicleType,
    solve,
)

Key = tuple[int, ...]


def search(problem: Problem, budgets: list[float], clock: Clock, plans: Plans) -> None:
    """One run, looked at when each budget is over; what it does before the first iteration counts too."""
    model = Model(problem)
    snapshots = Snapshots(budgets, clock, lambda best: plans.add(clock(), model.routes(best)))
    parameters = SolveParams(ils=IteratedLocalSearchParams(callbacks=snapshots))
    clock.start()
    solve(model.data, snapshots.is_over, collect_stats=False, params=parameters)


class Snapshots(IteratedLocalSearchCallbacks):
    """Hands on the best plan at the end of each budget."""

    def __init__(self, budgets: list[float], clock: Clock, take: Callable[[Solution], None]) -> None:
        self._left, self._clock, self._take = list(budgets), clock, take

    def is_over(self, best_cost: int) -> bool:
        return not self._left

    def on_iteration(self, current: Solution, candidate: Solution, best: Solution, cost_evaluator: object) -> None:
        while self._left and self._clock() >= self._left[0]:
            self._take(best)
            self._left.pop(0)


class Model:
    """Vehicle types are team-days that are the same to it; `clients` says which job each client is."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.clients: list[int] = []
        self.kinds: dict[Key, list[int]] = {}
        for index, vehicle in enumerate(problem.vehicles):
            self.kinds.setdefault(self._key(vehicle), []).append(index)
        starts = [vehicle["start"] for vehicle in problem.vehicles]
        regions = [vehicle["region"] for vehicle in problem.vehicles]
        self.profiles = sorted(set(zip(regions, starts, strict=True)))
        self.data = self._data()

    def _key(self, vehicle: dict[str, object]) -> Key:
        """Vehicles of one key are the same to the solver."""
        names = ("day", "start", "end", "most_jobs", "most_minutes", "region")
        return (*(int(str(vehicle[name])) for name in names), *vehicle["skills"])

    def _data(self) -> ProblemData:
        clients, groups = self._clients()
        opens = min(job["opens"] for job in self.problem.jobs)
        matrices = [self._matrices(region, start, opens) for region, start in self.profiles]
        return ProblemData(
            [Location(0, 0) for _ in range(len(self.problem.drive))],
            clients,
            [Depot(0)],
            [self._vehicle_type(members) for members in self.kinds.values()],
            [costs for costs, _ in matrices],
            [minutes for _, minutes in matrices],
            groups,
        )

    def _matrices(self, region: int, start: int, opens: int) -> tuple[np.ndarray, np.ndarray]:
        """Costs and minutes; no work begins before the morning block, so the first leg takes at least until then."""
        minutes = self.problem.drive.astype(np.int64)
        minutes[0, 1:] = np.maximum(minutes[0, 1:], opens - start)
        return self.problem.cost_in(region).astype(np.int64), minutes

    def _clients(self) -> tuple[list[Client], list[ClientGroup]]:
        clients: list[Client] = []
        groups: list[ClientGroup] = []
        for index in self.problem.open_jobs:
            runs = _runs(self.problem.jobs[index]["days"])
            group = len(groups) if len(runs) > 1 else None
            if group is not None:
                groups.append(ClientGroup(list(range(len(clients), len(clients) + len(runs))), required=False))
            for first, last in runs:
                clients.append(self._client(self.problem.jobs[index], first, last, group))
                self.clients.append(index)
        return clients, groups

    def _client(self, job: dict[str, object], first: int, last: int, group: int | None) -> Client:
        needs = [int(skill in job["skills"]) for skill in range(self.problem.skills)]
        return Client(
            job["place"],
            delivery=[1, job["minutes"], *needs],
            service_duration=job["minutes"],
            tw_early=first * DAY + job["opens"],
            tw_late=last * DAY + job["closes"],
            prize=job["value"],
            required=False,
            group=group,
        )

    def _vehicle_type(self, members: list[int]) -> VehicleType:
        vehicle = self.problem.vehicles[members[0]]
        able = [vehicle["most_jobs"] if skill in vehicle["skills"] else 0 for skill in range(self.problem.skills)]
        begin = vehicle["day"] * DAY
        return VehicleType(
            len(members),
            [vehicle["most_jobs"], vehicle["most_minutes"], *able],
            tw_early=begin + vehicle["start"],
            tw_late=begin + vehicle["end"],
            profile=self.profiles.index((vehicle["region"], vehicle["start"])),
        )

    def routes(self, best: Solution) -> Routes:
        """Each route to one of the team-days of its type."""
        left = [list(members) for members in self.kinds.values()]
        found: Routes = {}
        for route in best.routes():
            found[left[route.vehicle_type()].pop()] = [self.clients[client] for client in _visits(route)]
        return found


def _visits(route) -> list[int]:
    return [activity.idx for activity in route if activity.is_client()]


def _runs(days: list[int]) -> list[tuple[int, int]]:
    """First and last of each run of days."""
    found: list[tuple[int, int]] = []
    for day in days:
        if found and found[-1][1] == day - 1:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


if __name__ == "__main__":
    main(search)
