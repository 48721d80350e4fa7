"""Some days of some teams, as planning knows them: a small world, with the rows behind it.

Nothing here is the plan's freedom to choose: a visit is held to its promise and its pin, and to nothing else.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days.progress import Fact
from domain.planning.arrival import minutes_of
from domain.planning.world import Job, Rules, TeamDay, Weights, World
from domain.plans import loading
from domain.plans.backlog import Waiting
from domain.plans.loading import Read
from domain.travel.estimate import Metres, road_metres
from domain.travel.matrix import Matrix, Travel
from domain.visits.models import Visit, VisitStatus
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import settings as environment

Sees = Callable[[Visit], bool]
BEGUN = (VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS, VisitStatus.DONE)
WAIT_SECONDS = 2.0
"""How long a travel service is waited for."""


@dataclass(frozen=True, slots=True)
class Days:
    """The world of some teams from one day to another; `world.jobs[n]` was made of `waiting[n]`, and that of `rows`."""

    world: World
    metres: Metres
    waiting: tuple[Waiting, ...]
    rows: Mapping[UUID, Visit]
    team_ids: tuple[UUID, ...]
    """By position in `world.teams`, and so is `bases`: the places they start from."""
    bases: tuple[int, ...]

    def team_day(self, team_id: UUID, day: date) -> TeamDay | None:
        """None where the team does not work."""
        if team_id not in self.team_ids:
            return None
        wanted = (self.team_ids.index(team_id), self.at(day))
        return next((each for each in self.world.team_days if (each.team, each.day) == wanted), None)

    def at(self, day: date) -> int:
        """The position of a day; also of one before or after the world."""
        return (day - self.world.days[0]).days

    def jobs_of(self, team_id: UUID, day: date) -> list[int]:
        """What the team has on the day, in the order of its route; held places among them."""
        found = [
            (job.current.order if job.current else number, number)
            for number, (job, visit) in enumerate(zip(self.world.jobs, self.waiting, strict=True))
            if visit.planned and visit.team_id == team_id and visit.day == day
        ]
        return [number for _, number in sorted(found)]

    def job_of(self, visit_id: UUID) -> int | None:
        """The visit's own job, not that of a place which its customer holds."""
        pairs = enumerate(self.waiting)
        return next((number for number, visit in pairs if visit.id == visit_id and not visit.held), None)

    def row(self, job: int) -> Visit:
        return self.rows[self.waiting[job].id]

    def fact(self, job: int) -> Fact:
        """What was reported, on the clock of the visit's day."""
        visit = self.row(job)
        if self.waiting[job].held or visit.day is None:
            return Fact()
        times = (visit.en_route_at, visit.started_at, visit.finished_at)
        return Fact(*(None if at is None else minutes_of(visit.day, at) for at in times))

    def facts(self, jobs: Sequence[int]) -> dict[int, Fact]:
        return {job: self.fact(job) for job in jobs}


class Drives:
    """Drives by place, asked for before a transaction begins; what it then lacks is estimated."""

    def __init__(self, read_: Read, matrix: Matrix) -> None:
        self.says = matrix.says
        self._number = {point: number for number, point in enumerate(read_.draft.places.points)}
        self._matrix = matrix

    def fill(self, world: World, metres: Metres) -> tuple[World, Metres]:
        """The world with the drives that are known."""
        known = [self._number.get(point, -1) for point in world.places]
        here = np.array([number for number, at in enumerate(known) if at >= 0], dtype=np.intp)
        there = np.array([at for at in known if at >= 0], dtype=np.intp)
        if not here.size:
            return world, metres
        drive, metres = world.drive.copy(), metres.copy()
        drive[np.ix_(here, here)] = self._matrix.minutes[np.ix_(there, there)]
        metres[np.ix_(here, here)] = self._matrix.metres[np.ix_(there, there)]
        return replace(world, drive=drive, travel=self.says), metres


async def apart(
    database: Database,
    travel: Travel,
    team_ids: Collection[UUID],
    first: date,
    last: date,
    *,
    also: Collection[UUID] = (),
) -> tuple[Days, Drives]:
    """The days, with no transaction open while a travel service is asked."""
    async with database.session(SYSTEM) as session:
        read_, rows = await _read(session, team_ids, first, last, also)
    points = read_.draft.places.points
    hubs = {points[day.leaves_from] for day in read_.draft.team_days}
    drives = Drives(read_, await travel.matrix(points, hubs=hubs, seconds=WAIT_SECONDS))
    return await _days(read_, rows, drives), drives


async def within(
    session: AsyncSession,
    drives: Drives | None,
    team_ids: Collection[UUID],
    first: date,
    last: date,
    *,
    also: Collection[UUID] = (),
) -> Days:
    """The days as an open transaction of the system sees them; drives that are not known are estimated."""
    read_, rows = await _read(session, team_ids, first, last, also)
    return await _days(read_, rows, drives)


async def _read(
    session: AsyncSession, team_ids: Collection[UUID], first: date, last: date, also: Collection[UUID]
) -> tuple[Read, Mapping[UUID, Visit]]:
    span = (last - first).days + 1
    read_ = await loading.read(session, first, span, team_ids=team_ids, waiting=False, also=also)
    ids = {visit.id for visit in read_.draft.visits}
    query = select(Visit).where(Visit.id.in_(ids)).execution_options(populate_existing=True)
    return read_, {visit.id: visit for visit in await session.scalars(query)}


async def _days(read_: Read, rows: Mapping[UUID, Visit], drives: Drives | None) -> Days:
    loaded = await loading.complete(read_, None, 0, Rules(radius_km=environment().planning_radius_km), Weights())
    world, metres = loaded.world, road_metres(loaded.world.places)
    if drives is not None:
        world, metres = drives.fill(world, metres)
    jobs = tuple(
        _as_bound(job, visit, loaded.visits, world.days[0])
        for job, visit in zip(world.jobs, loaded.visits, strict=True)
    )
    base = {team.id: team.base for team in loaded.calendar.teams}
    ids = tuple(team.id for team in world.teams)
    bases = tuple(world.places.index(base[id]) for id in ids)
    return Days(replace(world, jobs=jobs), metres, loaded.visits, rows, ids, bases)


def _as_bound(job: Job, visit: Waiting, visits: Sequence[Waiting], first: date) -> Job:
    """Only what really binds it: a plan leaves a visit that was given out where it is, a planner need not."""
    bound = visit.held or visit.promised or visit.status in BEGUN
    pinned = visit.held or visit.pinned or visit.status in BEGUN
    not_before = job.not_before
    if job.after is not None and (before := visits[job.after].day) is not None:
        not_before = max(0, (before - first).days + job.gap_days)
    earliest = max(0, (visit.material_on - first).days) if visit.material_on else 0
    return replace(
        job,
        promise=job.promise if bound else None,
        pin=job.pin if pinned else None,
        not_before=not_before,
        earliest=job.earliest if visit.status in BEGUN else earliest,
    )
