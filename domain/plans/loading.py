"""The world of a plan, read from the database: what is to be done, who can do it, and how far it is.

Versions of the days are read before anything else: what changes while the rest is read makes the world newer than its
versions, so that a plan of it is refused as outdated, and never the other way round.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from domain.geo.location import Point
from domain.planning.world import Minutes, Rules, Weights, World
from domain.plans import backlog
from domain.plans.assembling import Draft, assemble
from domain.plans.backlog import Waiting
from domain.plans.holds import living_holds, with_holds
from domain.teams.calendar import Calendar, calendar
from domain.teams.days_off import every_day
from domain.teams.planning_days import versions
from domain.teams.weather import Rule as WeatherRule
from domain.teams.weather import outlook
from domain.travel.estimate import SOURCE, distances, estimate
from domain.travel.matrix import Travel
from tenants.actor import SYSTEM
from tenants.engine import Database


@dataclass(frozen=True, slots=True)
class Loaded:
    """A world and what it was made of. `visits[n]` is the row of `world.jobs[n]`."""

    world: World
    versions: Mapping[date, int]
    """Of every day of the world, when it was read."""
    visits: tuple[Waiting, ...]
    unlocated: tuple[Waiting, ...]
    """Required visits that are in no world, since nobody knows where they are."""
    calendar: Calendar

    @property
    def held(self) -> frozenset[int]:
        """Jobs that are places which customers hold, and not planned visits."""
        return frozenset(number for number, visit in enumerate(self.visits) if visit.held)

    def job_of(self, visit_id: UUID) -> int | None:
        """The position of a visit's job; of a place that it holds where it waits."""
        found = [number for number, visit in enumerate(self.visits) if visit.id == visit_id]
        return min(found, key=lambda number: self.visits[number].held) if found else None


@dataclass(frozen=True, slots=True)
class Read:
    """A world but for its distances."""

    draft: Draft
    versions: Mapping[date, int]
    calendar: Calendar


async def load(
    session: AsyncSession,
    first_day: date,
    days: int,
    *,
    travel: Travel | None = None,
    seconds: float = 0,
    team_ids: Collection[UUID] = (),
    waiting: bool = True,
    also: Collection[UUID] = (),
    rules: Rules | None = None,
    weights: Weights | None = None,
    weather: WeatherRule | None = None,
) -> Loaded:
    """The world of so many days from `first_day`, in a session of the system.

    Drive times are estimated unless `travel` is given, which waits so many `seconds` for a service: 0 takes what is
    known. `team_ids`: only these teams, with what they have and all that waits. `waiting`: whether required visits are
    in it; `also`: these in any case. 6,000 visits take about two seconds.
    """
    read_ = await read(session, first_day, days, team_ids=team_ids, waiting=waiting, also=also, weather=weather)
    return await complete(read_, travel, seconds, rules or Rules(), weights or Weights())


async def load_apart(
    database: Database,
    travel: Travel | None,
    first_day: date,
    days: int,
    *,
    seconds: float = 20,
    team_ids: Collection[UUID] = (),
    rules: Rules | None = None,
    weather: WeatherRule | None = None,
) -> Loaded:
    """Like `load`, without holding a transaction while a travel service is asked."""
    async with database.session(SYSTEM) as session:
        read_ = await read(session, first_day, days, team_ids=team_ids, weather=weather)
    return await complete(read_, travel, seconds, rules or Rules(), Weights())


async def read(
    session: AsyncSession,
    first_day: date,
    days: int,
    *,
    team_ids: Collection[UUID] = (),
    waiting: bool = True,
    also: Collection[UUID] = (),
    weather: WeatherRule | None = None,
) -> Read:
    """Everything but the distances, in a session of the system."""
    span = every_day(first_day, days)
    at, last_day = await versions(session, span), span[-1]
    known = await calendar(session, first_day, days)
    holds = {held.visit_id: held for held in await living_holds(session, first_day, last_day)}
    found = await backlog.visits(session, first_day, last_day, waiting=waiting, also={*also, *holds})
    visits = _of_teams(with_holds(found, holds), team_ids)
    unfit = await _unfit_days(session, weather or WeatherRule(), span, visits)
    return Read(assemble(known, visits, unfit, team_ids=frozenset(team_ids)), at, known)


def _of_teams(visits: Sequence[Waiting], team_ids: Collection[UUID]) -> Sequence[Waiting]:
    """Without what other teams than the chosen have to do, and without leave to overtake it.

    The first visit of an order whose second is another team's stays where it is, or waits.
    """
    if not team_ids:
        return visits
    mine = [visit for visit in visits if not visit.planned or visit.team_id is None or visit.team_id in team_ids]
    known = {visit.id for visit in mine}
    awaited = {visit.first_id for visit in visits if visit.id not in known}
    return [
        replace(visit, pinned=True) if visit.id in awaited else visit
        for visit in mine
        if visit.planned or visit.id not in awaited
    ]


async def _unfit_days(
    session: AsyncSession, rule: WeatherRule, span: Sequence[date], visits: Sequence[Waiting]
) -> dict[str, frozenset[date]]:
    """By two postcode digits, the days on which nobody works outdoors there."""
    areas = {visit.pc4[:2] for visit in visits if visit.outdoor and visit.pc4}
    said = await outlook(session, rule, areas, span) if areas else {}
    found: dict[str, set[date]] = {area: set() for area in areas}
    for (area, day), weather in said.items():
        if weather.unfit:
            found[area].add(day)
    return {area: frozenset(days) for area, days in found.items()}


async def complete(read_: Read, travel: Travel | None, seconds: float, rules: Rules, weights: Weights) -> Loaded:
    """With drive times and distances."""
    draft = read_.draft
    points = draft.places.points
    hubs = {points[day.leaves_from] for day in draft.team_days}
    drive, source = await _drives(points, hubs, travel, seconds)
    world = World(
        days=draft.days,
        places=tuple(points),
        areas=tuple(draft.places.areas),
        drive=drive,
        distance=await asyncio.to_thread(distances, points),
        jobs=draft.jobs,
        teams=draft.teams,
        team_days=draft.team_days,
        rules=rules,
        weights=weights,
        travel=source,
    )
    return Loaded(world, read_.versions, draft.visits, draft.unlocated, read_.calendar)


async def _drives(
    points: Sequence[Point], hubs: Collection[Point], travel: Travel | None, seconds: float
) -> tuple[Minutes, str]:
    if not points:
        return np.zeros((0, 0), np.int32), SOURCE
    if travel is None:
        return await asyncio.to_thread(estimate, points), SOURCE
    matrix = await travel.matrix(points, hubs=hubs, seconds=seconds)
    return matrix.minutes, matrix.says
