"""Which team works when: hours of the weekday, less holidays and absences, as plain data."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.geo.location import Point
from domain.teams.days_off import Holiday, every_day, holidays_between
from domain.teams.models import Absence, Region, Team, TeamHours, TeamRegion

MINUTES_A_DAY = 24 * 60
Window = tuple[int, int]
"""Minutes after midnight, half-open."""


@dataclass(frozen=True, slots=True)
class WorkingTeam:
    """A team as planning knows it."""

    id: UUID
    name: str
    skills: frozenset[str]
    areas: tuple[str, ...]
    """Postcode prefixes of its regions; none: everywhere is its region."""
    base: Point
    base_pc4: str
    crew: int
    max_jobs: int
    max_minutes: int


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """What a team can do on a day. It leaves its base at `start` at the earliest and is back by `end`."""

    team: int
    """Position in `Calendar.teams`."""
    day: int
    """Position in `Calendar.days`."""
    start: int
    """Minutes after midnight in Amsterdam."""
    end: int
    max_jobs: int
    max_minutes: int
    """Work at customers."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """All active teams, and the days on which each of them works, in order of day and team."""

    days: tuple[date, ...]
    teams: tuple[WorkingTeam, ...]
    team_days: tuple[WorkingDay, ...]
    holidays: Mapping[date, Holiday]

    def days_of(self, team_id: UUID) -> list[WorkingDay]:
        """The days of one team."""
        return [each for each in self.team_days if self.teams[each.team].id == team_id]


async def calendar(session: AsyncSession, first: date, days: int) -> Calendar:
    """Teams and their working days for so many days from `first`; as the system actor or staff."""
    span = every_day(first, days)
    teams = await working_teams(session)
    off = {each.day: each for each in await holidays_between(session, first, span[-1])} if span else {}
    hours = await _hours(session)
    absent = await _absences(session, span)
    found = [
        WorkingDay(number, place, *window, team.max_jobs, min(team.max_minutes, window[1] - window[0]))
        for place, day in enumerate(span)
        if day not in off or off[day].working
        for number, team in enumerate(teams)
        if (window := longest_left(hours.get((team.id, day.weekday())), absent[team.id, day]))
    ]
    return Calendar(span, teams, tuple(found), off)


async def working_teams(session: AsyncSession) -> tuple[WorkingTeam, ...]:
    """Active teams by name, with the areas of their regions."""
    areas = await _areas(session)
    teams = await session.scalars(select(Team).where(Team.active).order_by(Team.name, Team.id))
    return tuple(
        WorkingTeam(
            team.id,
            team.name,
            frozenset(team.skills),
            shortest_prefixes(areas[team.id]),
            Point(team.base_latitude, team.base_longitude),
            team.base_postcode[:4],
            team.crew,
            team.max_jobs,
            team.max_minutes,
        )
        for team in teams
    )


def shortest_prefixes(prefixes: Iterable[str]) -> tuple[str, ...]:
    """The prefixes that no shorter one of them covers, in order."""
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return tuple(kept)


def longest_left(hours: Window | None, absent: Sequence[Window]) -> Window | None:
    """The longest part of the working hours without absence, the first of equals; None where nothing is left."""
    if hours is None:
        return None
    parts = list(_without(hours, absent))
    return max(parts, key=lambda part: part[1] - part[0], default=None)


def _without(hours: Window, absent: Sequence[Window]) -> Iterator[Window]:
    start, end = hours
    for away, back in sorted(absent):
        if away > start:
            yield start, min(away, end)
        start = max(start, back)
        if start >= end:
            return
    yield start, end


def minutes(at: time) -> int:
    """Minutes after midnight; begun minutes do not count."""
    return at.hour * 60 + at.minute


async def _hours(session: AsyncSession) -> dict[tuple[UUID, int], Window]:
    rows = await session.scalars(select(TeamHours))
    return {(row.team_id, row.weekday): (minutes(row.starts), minutes(row.ends)) for row in rows}


async def _areas(session: AsyncSession) -> defaultdict[UUID, list[str]]:
    of_teams = select(TeamRegion.team_id, func.unnest(Region.postcode_prefixes).label("prefix"))
    areas: defaultdict[UUID, list[str]] = defaultdict(list)
    for row in await session.execute(of_teams.join(Region, Region.id == TeamRegion.region_id)):
        areas[row.team_id].append(row.prefix)
    return areas


async def _absences(session: AsyncSession, span: Sequence[date]) -> defaultdict[tuple[UUID, date], list[Window]]:
    absent: defaultdict[tuple[UUID, date], list[Window]] = defaultdict(list)
    if not span:
        return absent
    within = Range(span[0], span[-1], bounds="[]")
    for row in await session.scalars(select(Absence).where(Absence.days.overlaps(within))):
        window = (minutes(row.starts), minutes(row.ends)) if row.starts and row.ends else (0, MINUTES_A_DAY)
        for day in span:
            if day in row.days:
                absent[row.team_id, day].append(window)
    return absent
