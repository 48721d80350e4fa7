"""The routing library of OR-Tools: a vehicle per team-day, each job on the vehicles that may do it, at its price.

Not expressible, so left to the repair: 30 km between jobs that do not follow each other. Of thousands of jobs its first
solution strategies find no plan within minutes; there it begins with the one of greedy insertion.
"""

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from problem import DAY, Clock, Plans, Problem, Routes, main
from with_greedy import Insertion, Tables, ranked

_FIRST = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
_EVERY_SECONDS = 0.5
_OWN_START = 1_500
"""Jobs for which it finds a first plan by itself."""
_SEARCH = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH


def search(problem: Problem, budgets: list[float], clock: Clock, plans: Plans) -> None:
    """One run, looked at with every plan that it finds."""
    model = Model(problem)
    clock.start()
    model.search(budgets, clock, plans)


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
        days, skills = set(job["days"]), set(job["skills"])
        vehicles = enumerate(self.problem.vehicles)
        return [at for at, each in vehicles if each["day"] in days and skills <= set(each["skills"])]

    def search(self, budgets: list[float], clock: Clock, plans: Plans) -> None:
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = _FIRST
        parameters.local_search_metaheuristic = _SEARCH
        parameters.time_limit.FromMilliseconds(round(budgets[-1] * 1000))
        snapshots = Snapshots(self, clock, plans)
        self._routing.AddAtSolutionCallback(snapshots.look)
        best = self._solved(parameters, budgets, clock)
        if best is not None:
            plans.add(min(clock(), budgets[-1]), self.routes(best))

    def _solved(self, parameters: object, budgets: list[float], clock: Clock) -> pywrapcp.Assignment | None:
        if len(self.jobs) <= _OWN_START:
            return self._routing.SolveWithParameters(parameters)
        order = ranked(self.problem, lambda: 0.0)
        _, routes = Insertion(Tables(self.problem)).all(order, clock, budgets[-1])
        node = {index: at for at, index in enumerate(self.jobs, 1)}
        nodes = [[node[index] for index in routes.get(at, ())] for at in range(len(self.problem.vehicles))]
        self._routing.CloseModelWithParameters(parameters)
        first = self._routing.ReadAssignmentFromRoutes(nodes, True)
        return self._routing.SolveFromAssignmentWithParameters(first, parameters) if first else None

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
    """Keeps plans that cost less than all before, at most two a second."""

    def __init__(self, model: Model, clock: Clock, plans: Plans) -> None:
        self._model, self._clock, self._plans = model, clock, plans
        self._cost: int | None = None

    def look(self) -> None:
        """At every plan that is found."""
        is_due = not self._plans or self._clock() > self._plans[-1].seconds + _EVERY_SECONDS
        if is_due and (self._cost is None or self._model.cost < self._cost):
            self._cost = self._model.cost
            self._plans.add(self._clock(), self._model.routes())


if __name__ == "__main__":
    main(search)
