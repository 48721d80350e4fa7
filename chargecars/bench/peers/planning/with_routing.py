"""The routing library of OR-Tools: a vehicle per team-day, each job on the vehicles that may do it, at its price.

Not expressible, so left to the repair: 30 km between jobs that do not follow each other.
"""

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from problem import DAY, Clock, Found, Problem, Routes, main

_FIRST = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
_SEARCH = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH


def search(problem: Problem, budgets: list[float], clock: Clock) -> list[Found]:
    """One run, looked at when each budget is over."""
    model = Model(problem)
    clock.start()
    return model.search(budgets, clock)


class Model:
    """Node 0 is the base, node n the job `jobs[n - 1]`."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.jobs = problem, problem.open_jobs
        self._manager = pywrapcp.RoutingIndexManager(len(self.jobs) + 1, len(problem.vehicles), 0)
        self._routing = pywrapcp.RoutingModel(self._manager)
        self._places = np.array([0, *(problem.jobs[index]["place"] for index in self.jobs)])
        self._costs()
        self._times()
        self._loads()
        for node, index in enumerate(self.jobs, 1):
            self._node(node, index)

    def _matrix(self, matrix: NDArray[np.int32]) -> int:
        return int(self._routing.RegisterTransitMatrix(matrix[np.ix_(self._places, self._places)].tolist()))

    def _costs(self) -> None:
        of_region: dict[int, int] = {}
        for number, vehicle in enumerate(self.problem.vehicles):
            region = vehicle["region"]
            if region not in of_region:
                of_region[region] = self._matrix(self.problem.cost_in(region))
            self._routing.SetArcCostEvaluatorOfVehicle(of_region[region], number)

    def _times(self) -> None:
        """Minutes of the day, work of the job that is left included."""
        work = np.array([0, *(self.problem.jobs[index]["minutes"] for index in self.jobs)], np.int32)
        drive = self.problem.drive[np.ix_(self._places, self._places)] + work[:, None]
        transit = self._routing.RegisterTransitMatrix(drive.tolist())
        self._routing.AddDimension(transit, DAY, DAY, False, "time")
        self._time = self._routing.GetDimensionOrDie("time")
        for number, vehicle in enumerate(self.problem.vehicles):
            self._time.CumulVar(self._routing.Start(number)).SetRange(vehicle["start"], vehicle["end"])
            self._time.CumulVar(self._routing.End(number)).SetRange(vehicle["start"], vehicle["end"])

    def _loads(self) -> None:
        for name, limit, of_job in (("jobs", "most_jobs", None), ("minutes", "most_minutes", "minutes")):
            loads = [0, *(self.problem.jobs[index][of_job] if of_job else 1 for index in self.jobs)]
            transit = self._routing.RegisterUnaryTransitVector(loads)
            limits = [vehicle[limit] for vehicle in self.problem.vehicles]
            self._routing.AddDimensionWithVehicleCapacity(transit, 0, limits, True, name)

    def _node(self, node: int, index: int) -> None:
        job, at = self.problem.jobs[index], self._manager.NodeToIndex(node)
        self._routing.AddDisjunction([at], job["value"])
        self._routing.VehicleVar(at).SetValues([-1, *self._allowed(job)])
        self._time.CumulVar(at).SetRange(job["opens"], job["closes"])

    def _allowed(self, job: dict[str, object]) -> list[int]:
        if job["pin"] is not None:
            return [int(str(job["pin"]))]
        days, skills = set(job["days"]), set(job["skills"])  # type: ignore[call-overload]  # lists
        vehicles = enumerate(self.problem.vehicles)
        return [at for at, each in vehicles if each["day"] in days and skills <= set(each["skills"])]

    def search(self, budgets: list[float], clock: Clock) -> list[Found]:
        """The best at the end of each budget; none for a budget in which no first plan was found."""
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = _FIRST
        parameters.local_search_metaheuristic = _SEARCH
        parameters.time_limit.FromMilliseconds(round(budgets[-1] * 1000))
        snapshots = Snapshots(self, budgets, clock)
        self._routing.AddAtSolutionCallback(snapshots.look)
        best = self._routing.SolveWithParameters(parameters)
        return snapshots.end(None if best is None else self.routes(best))

    @property
    def cost(self) -> int:
        return int(self._routing.CostVar().Value())

    def routes(self, assignment: pywrapcp.Assignment | None = None) -> Routes:
        """Of a kept plan, or of what has just been found."""
        found: Routes = {}
        for vehicle in range(len(self.problem.vehicles)):
            at, jobs = self._routing.Start(vehicle), []
            while True:
                following = self._routing.NextVar(at)
                at = assignment.Value(following) if assignment else following.Value()
                if self._routing.IsEnd(at):
                    break
                jobs.append(self.jobs[self._manager.IndexToNode(at) - 1])
            if jobs:
                found[vehicle] = jobs
        return found


class Snapshots:
    """The cheapest plan by the end of each budget but the last, which is what the search returns."""

    def __init__(self, model: Model, budgets: list[float], clock: Clock) -> None:
        self._model, self._left, self._clock = model, list(budgets), clock
        self._cost: int | None = None
        self._best: Routes = {}
        self.taken: list[Found] = []

    def look(self) -> None:
        """At every plan that is found."""
        self._take()
        if len(self._left) > 1 and (self._cost is None or self._model.cost < self._cost):
            self._cost, self._best = self._model.cost, self._model.routes()

    def _take(self) -> None:
        while len(self._left) > 1 and self._clock() >= self._left[0]:
            self.taken.append(Found(self._left.pop(0), dict(self._best)))

    def end(self, best: Routes | None) -> list[Found]:
        self._take()
        return [*self.taken, Found(self._clock(), best or {})]


if __name__ == "__main__":
    main(search)
