"""VROOM: skills, time windows per day, priorities; a pinned team-day is a skill that only it has.

It does as many jobs as it can, the important ones first, and then drives little; it does not weigh a job against its
drive. Not expressible, so left to the repair: 30 km between jobs that do not follow each other.
"""

from datetime import timedelta

import numpy as np
import vroom
from problem import DAY, Clock, Plans, Problem, main

_LEVEL = 5
_THREADS = 2
_MOST_PRIORITY = 100


def search(problem: Problem, budgets: list[float], clock: Clock, plans: Plans) -> None:
    """One run for each budget: it says nothing before it is done."""
    for budget in budgets:
        model = _model(problem)
        clock.start()
        solution = model.solve(_LEVEL, nb_threads=_THREADS, timeout=timedelta(seconds=budget))
        plans.add(clock(), _routes(solution))


def _model(problem: Problem) -> vroom.Input:
    model = vroom.Input()
    for region in sorted({vehicle["region"] for vehicle in problem.vehicles}):
        model.set_durations_matrix(f"r{region}", problem.drive.astype(np.uint32))
        model.set_costs_matrix(f"r{region}", problem.cost_in(region).astype(np.uint32))
    pinned = {job["pin"] for job in problem.jobs} - {None}
    model.add_vehicle([_vehicle(problem, index, pinned) for index in range(len(problem.vehicles))])
    most = max((job["value"] for job in problem.jobs if not job["promised"]), default=1)
    model.add_job([_job(problem, index, most) for index in problem.open_jobs])
    return model


def _vehicle(problem: Problem, index: int, pinned: set[int]) -> vroom.Vehicle:
    vehicle = problem.vehicles[index]
    begin = vehicle["day"] * DAY
    return vroom.Vehicle(
        index,
        start=0,
        end=0,
        profile=f"r{vehicle['region']}",
        capacity=[vehicle["most_minutes"]],
        skills={*vehicle["skills"], *({problem.skills + index} if index in pinned else ())},
        time_window=vroom.TimeWindow(begin + vehicle["start"], begin + vehicle["end"]),
        max_tasks=vehicle["most_jobs"],
    )


def _job(problem: Problem, index: int, most: int) -> vroom.Job:
    job = problem.jobs[index]
    windows = [vroom.TimeWindow(day * DAY + job["opens"], day * DAY + job["closes"]) for day in job["days"]]
    pin = () if job["pin"] is None else (problem.skills + job["pin"],)
    return vroom.Job(
        index,
        location=job["place"],
        default_service=job["minutes"],
        delivery=[job["minutes"]],
        skills={*job["skills"], *pin},
        priority=_MOST_PRIORITY if job["promised"] else round(job["value"] * (_MOST_PRIORITY - 20) / most),
        time_windows=windows,
    )


def _routes(solution: vroom.solution.solution.Solution) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    steps = solution.routes.sort_values(["vehicle_id", "arrival"], kind="stable")
    for vehicle, kind, job in zip(steps["vehicle_id"], steps["type"], steps["id"], strict=True):
        if kind == "job":
            found.setdefault(int(vehicle), []).append(int(job))
    return found


if __name__ == "__main__":
    main(search)
