"""The problem in a form that every peer reads: one JSON file and the matrices as NumPy files.

A vehicle is a team-day, a node a job. What no peer knows is put into what all of them know, as well as it goes: an area
more and a job outside the region cost as much on the leg to it, and between two jobs more than 30 km apart lies more
than a day. Second visits are given to the peers where the first is promised (then their days are known),
others are not: without the order of two visits most of them would be lost to the repair, and there is enough work.
"""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from domain.planning.world import Job, TeamDay, World
from domain.visits.models import DayBlock

PROMISED = 20_000
"""What a promise is worth to a peer."""
TOO_FAR_MINUTES = 3_000


def export(world: World, directory: Path) -> None:
    """Writes problem.json, drive.npy, cost.npy (places x places) and outside.npy (regions x places)."""
    regions = sorted({team.areas for team in world.teams})
    skills = sorted({skill for job in world.jobs for skill in job.skills})
    vehicles = [_vehicle(world, day, regions, skills) for day in world.team_days]
    jobs = [_job(world, index, skills) for index in range(len(world.jobs))]
    problem = {"vehicles": vehicles, "jobs": jobs, "days": len(world.days), "skills": len(skills)}
    (directory / "problem.json").write_bytes(orjson.dumps(problem))
    np.save(directory / "drive.npy", _drive(world))
    np.save(directory / "cost.npy", _cost(world))
    np.save(directory / "outside.npy", _outside(world, regions))


def _vehicle(world: World, day: TeamDay, regions: list[tuple[str, ...]], skills: list[str]) -> dict[str, Any]:
    team = world.teams[day.team]
    return {
        "team": day.team,
        "day": day.day,
        "start": day.start,
        "end": day.end,
        "most_jobs": day.most_jobs,
        "most_minutes": day.most_minutes,
        "skills": [number for number, skill in enumerate(skills) if skill in team.skills],
        "region": regions.index(team.areas),
    }


def _job(world: World, index: int, skills: list[str]) -> dict[str, Any]:
    job, blocks = world.jobs[index], world.rules.blocks
    open_from, open_to = blocks[job.promise[1]] if job.promise else (blocks[DayBlock.MORNING][0], _latest(world))
    return {
        "place": job.place,
        "minutes": job.minutes,
        "value": PROMISED + job.value if job.promise else job.value,
        "promised": job.promise is not None,
        "skills": [skills.index(skill) for skill in sorted(job.skills)],
        "days": _days(world, index),
        "opens": open_from,
        "closes": open_to - 1,
        "pin": _pinned(world, job),
    }


def _latest(world: World) -> int:
    return world.rules.blocks[DayBlock.AFTERNOON][1]


def _days(world: World, index: int) -> list[int]:
    """On which days it may be done; none where its first visit is anywhere."""
    job = world.jobs[index]
    days = {day for day in range(len(world.days)) if day >= max(job.earliest, job.not_before)} - job.unfit
    if job.promise:
        days &= {job.promise[0]}
    if job.pin:
        days &= {job.pin[1]}
    if job.after is not None:
        first = world.jobs[job.after].promise
        days = {day for day in days if first and first[0] + job.gap_days <= day}
    for second in world.jobs[index + 1 : index + 2]:
        if second.after == index and second.promise:
            days = {day for day in days if day + second.gap_days <= second.promise[0]}
    return sorted(days)


def _pinned(world: World, job: Job) -> int | None:
    found = (position for position, day in enumerate(world.team_days) if (day.team, day.day) == job.pin)
    return next(found, None) if job.pin else None


def _drive(world: World) -> NDArray[np.int32]:
    """Minutes; place 0 is the base, where no job is."""
    apart = world.distance > world.rules.radius_km
    apart[0, :] = apart[:, 0] = False
    drive: NDArray[np.int32] = np.where(apart, TOO_FAR_MINUTES, world.drive).astype(np.int32)
    return drive


def _cost(world: World) -> NDArray[np.int32]:
    """Drive minutes, and what a job costs beside them after the one before."""
    areas = np.array([int(area[:2] or 0) for area in world.areas])
    more = np.where(areas[:, None] != areas, world.weights.extra_area, 0)
    more[0, :] = more[:, 0] = 0
    cost: NDArray[np.int32] = (world.drive + more).astype(np.int32)
    return cost


def _outside(world: World, regions: list[tuple[str, ...]]) -> NDArray[np.int32]:
    """What a job at a place costs a team of a region."""
    rows = [[not area.startswith(region) for area in world.areas] for region in regions]
    costs: NDArray[np.int32] = np.array(rows, np.int32) * world.weights.outside_region
    costs[:, 0] = 0
    return costs
