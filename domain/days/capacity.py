"""What teams can do and have to do, per day, week or month. Shared by all business entities: figures, no visit."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import OutOfRange
from domain.planning.utilization import utilization
from domain.teams.calendar import Calendar, calendar
from domain.teams.models import Region, TeamRegion
from domain.visits.models import Visit, VisitStatus

_TAKEN = (VisitStatus.PLANNED, VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS, VisitStatus.DONE)
_SUNDAY = 6


class Span(StrEnum):
    """What figures are summed over."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


MOST_DAYS = {Span.DAY: 92, Span.WEEK: 400, Span.MONTH: 400}


@dataclass(frozen=True, slots=True)
class Load:
    team_days: int = 0
    jobs_possible: int = 0
    jobs: int = 0
    minutes_available: int = 0
    minutes_planned: int = 0

    def __add__(self, other: "Load") -> "Load":
        return Load(
            self.team_days + other.team_days,
            self.jobs_possible + other.jobs_possible,
            self.jobs + other.jobs,
            self.minutes_available + other.minutes_available,
            self.minutes_planned + other.minutes_planned,
        )

    @property
    def utilization(self) -> float:
        return utilization(self.minutes_planned, self.minutes_available)


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included."""

    first: date
    last: date
    total: Load
    teams: Mapping[UUID, Load]
    """Of teams that work or have work."""
    regions: Mapping[UUID, Load]
    """Of the teams that serve the region; a team of several regions counts in each."""


async def capacity(session: AsyncSession, first: date, days: int, by: Span) -> list[Period]:
    """Periods from `first`, cut at both ends; a session of the system. Raises: OutOfRange."""
    if not 1 <= days <= MOST_DAYS[by]:
        raise OutOfRange(minimum=1, maximum=MOST_DAYS[by], field=("days",))
    known = await calendar(session, first, days)
    loads = _available(known)
    for team_id, day, load in await _planned(session, first, known.days[-1]):
        loads[team_id, day] = loads[team_id, day] + load
    regions = await _regions(session)
    return [_period(span, loads, regions) for span in _spans(known.days, by)]


def _available(known: Calendar) -> defaultdict[tuple[UUID, date], Load]:
    loads: defaultdict[tuple[UUID, date], Load] = defaultdict(Load)
    for each in known.team_days:
        key = known.teams[each.team].id, known.days[each.day]
        loads[key] = Load(1, each.max_jobs, 0, each.max_minutes)
    return loads


async def _planned(session: AsyncSession, first: date, last: date) -> list[tuple[UUID, date, Load]]:
    query = select(Visit.team_id, Visit.day, func.count().label("jobs"), func.sum(Visit.minutes).label("minutes"))
    query = query.where(Visit.day.between(first, last), Visit.team_id.is_not(None), Visit.status.in_(_TAKEN))
    rows = await session.execute(query.group_by(Visit.team_id, Visit.day))
    return [(row.team_id, row.day, Load(jobs=row.jobs, minutes_planned=int(row.minutes))) for row in rows]


async def _regions(session: AsyncSession) -> dict[UUID, set[UUID]]:
    """The teams of each region."""
    found: dict[UUID, set[UUID]] = {id: set() for id in await session.scalars(select(Region.id).order_by(Region.code))}
    for row in await session.scalars(select(TeamRegion)):
        found[row.region_id].add(row.team_id)
    return found


def _spans(days: Sequence[date], by: Span) -> Iterator[list[date]]:
    span: list[date] = []
    for day in days:
        span.append(day)
        if _ends(day, by):
            yield span
            span = []
    if span:
        yield span


def _ends(day: date, by: Span) -> bool:
    if by is Span.WEEK:
        return day.weekday() == _SUNDAY
    return by is Span.DAY or (day + timedelta(days=1)).month != day.month


def _period(
    span: Sequence[date], loads: Mapping[tuple[UUID, date], Load], regions: Mapping[UUID, Iterable[UUID]]
) -> Period:
    within = set(span)
    teams: defaultdict[UUID, Load] = defaultdict(Load)
    for (team_id, day), load in loads.items():
        if day in within:
            teams[team_id] += load
    served = {id: sum((teams[team] for team in members if team in teams), Load()) for id, members in regions.items()}
    return Period(span[0], span[-1], sum(teams.values(), Load()), dict(teams), served)
