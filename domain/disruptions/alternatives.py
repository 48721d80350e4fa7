"""For whom a promise cannot be kept: the nearest places that are free in the calendar as it will be. Pure.

They are given one after the other, each counting what was set aside before: nobody is offered another's place.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.days.loading import BEGUN, Days
from domain.disruptions.models import DisruptionEffect
from domain.disruptions.repairing import Repaired
from domain.planning.arrival import AMSTERDAM, minutes_of, moment
from domain.planning.evaluate import BLOCKS, Calendar, Candidate, evaluate
from domain.planning.timing import timed
from domain.planning.world import Job, World
from domain.visits.models import DayBlock

EACH = 3
_DRIVES = 1 << 12
_NOTICE_MINUTES = 120
"""Nobody is offered a time that begins sooner than this."""

Ints = NDArray[np.int64]
Contents = dict[int, list[tuple[int, DayBlock]]]


@dataclass(frozen=True, slots=True)
class Alternative:
    """A place, by position of team and day; times of the visit there."""

    team: int
    day: int
    block: DayBlock
    drive_added: int
    starts_at: datetime
    ends_at: datetime


def alternatives(days: Days, repaired: Repaired, now: datetime) -> dict[int, list[Alternative]]:
    """By job whose promise is broken, at most EACH, the nearest first; the most urgent choose first."""
    broken = [row["job"] for row in repaired.visits if row["change"] == DisruptionEffect.PROMISE_BROKEN]
    if not broken or not days.world.team_days:
        return {job: [] for job in broken}
    world = _open(days, now)
    contents = _contents(days, repaired)
    found: dict[int, list[Alternative]] = {}
    for job in sorted(broken, key=lambda job: (-world.jobs[job].value, job)):
        found[job] = _nearest(world, contents, job)
    return found


def _open(days: Days, now: datetime) -> World:
    """Teams that have not begun their day, leaving at the earliest after the notice that a customer is given."""
    world, today = days.world, now.astimezone(AMSTERDAM).date()
    soonest = minutes_of(today, now) + _NOTICE_MINUTES
    begun = {(visit.team_id, visit.day) for visit in days.waiting if visit.status in BEGUN}
    found = []
    for each in world.team_days:
        day = world.days[each.day]
        taken = (days.team_ids[each.team], day) in begun
        start = max(each.start, soonest) if day == today else each.start
        found.append(replace(each, start=start, most_jobs=0 if taken or day < today else each.most_jobs))
    return replace(world, team_days=tuple(found))


def _contents(days: Days, repaired: Repaired) -> Contents:
    """By position of the team-day: the plan in force, and the repaired one where there is one."""
    contents: Contents = {}
    for position, each in enumerate(days.world.team_days):
        key = (each.team, each.day)
        jobs = repaired.routes.get(key)
        if jobs is None:
            jobs = tuple(days.jobs_of(days.team_ids[each.team], days.world.days[each.day]))
        contents[position] = [(job, _block(days, repaired, job)) for job in jobs]
    return contents


def _block(days: Days, repaired: Repaired, job: int) -> DayBlock:
    new = next((row["block"] for row in repaired.visits if row["job"] == job and row["block"]), None)
    return DayBlock(new or days.waiting[job].block or DayBlock.MORNING)


def _nearest(world: World, contents: Contents, number: int) -> list[Alternative]:
    job = replace(world.jobs[number], promise=None, pin=None, after=None)
    was = world.jobs[number].current
    said = evaluate(Calendar.of(world, contents), Candidate.of(world, job))
    day = np.array([each.day for each in world.team_days])
    apart = 2 * np.abs(day - (was.day if was else 0))[None] + _other_block(was.block if was else None)
    key = np.where(said.feasible, apart.astype(np.int64) * _DRIVES + np.clip(said.drive, 0, _DRIVES - 1), -1)
    made = [
        _alternative(world, contents, job, number, place, int(said.drive[place]), int(said.position[place]))
        for place in _chosen(key, day)
    ]
    if made:
        block, position = _chosen(key, day)[0]
        at = int(said.position[block, position])
        contents[position] = [*contents[position][:at], (number, BLOCKS[block]), *contents[position][at:]]
    return made


def _other_block(block: DayBlock | None) -> Ints:
    return np.array([[each is not block] for each in BLOCKS], np.int64)


def _chosen(key: Ints, day: Ints) -> list[tuple[int, int]]:
    """(block, team-day) of the best place of each of the nearest parts of days."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for flat in np.argsort(key, axis=None, kind="stable"):
        block, position = divmod(int(flat), key.shape[1])
        if key[block, position] >= 0:
            found.setdefault((int(day[position]), block), (block, position))
        if len(found) == EACH:
            break
    return list(found.values())


def _alternative(
    world: World, contents: Contents, job: Job, number: int, place: tuple[int, int], drive: int, at: int
) -> Alternative:
    block, position = BLOCKS[place[0]], place[1]
    shift = world.team_days[position]
    jobs = list(world.jobs)
    for each, kind in contents[position]:
        jobs[each] = replace(jobs[each], promise=(shift.day, kind))
    jobs[number] = replace(job, promise=(shift.day, block))
    order = [each for each, _ in contents[position]]
    route = timed(replace(world, jobs=tuple(jobs)), shift, [*order[:at], number, *order[at:]])
    stop, day = route.stops[at], world.days[shift.day]
    return Alternative(shift.team, shift.day, block, drive, moment(day, stop.starts), moment(day, stop.ends))
