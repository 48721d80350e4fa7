"""For whom a team was where it was. Who sees none of those entities does not learn the place.

On the way to a visit and at it a place tells where that visit's customer lives. Between two visits it may tell of
either, and of every visit of the day of which nothing was reported yet: telephones are offline for hours. So such a
place is for those alone who see all of these entities. Near the base it tells of nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days.models import DispatchedStop, TeamPosition, TeamTrack
from domain.geo.location import Point, distance_km
from domain.planning.arrival import AMSTERDAM, moment
from domain.teams.models import Team
from domain.visits.models import Visit, VisitStatus

NEAR_BASE_KM = 2.0
LONGEST = timedelta(hours=24)
"""A visit that nobody said is over is over then."""
_DAY = timedelta(days=1)
_MADE = (VisitStatus.PLANNED, VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS, VisitStatus.DONE)


@dataclass(frozen=True, slots=True)
class Errand:
    """A visit of the team's day: when it set out for it or, where that is not known, began; None: not reported."""

    entity_id: UUID
    day: date
    begins: datetime | None = None
    ends: datetime | None = None

    @property
    def first(self) -> datetime | None:
        return self.begins or self.ends

    @property
    def last(self) -> datetime | None:
        return self.ends or self.begins

    def covers(self, at: datetime) -> bool:
        """Whether the team was under way for it, or at it."""
        if self.begins is None or not self.begins <= at <= self.begins + LONGEST:
            return False
        return self.ends is None or at <= self.ends


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What is known of some days of a team."""

    base: Point
    errands: Sequence[Errand]

    def entities(self, at: datetime, point: Point) -> list[UUID]:
        """Whose customers the place may tell of, in order; none: anybody's staff may see it."""
        if (during := self._during(at)) is not None:
            return _entities(during)
        if distance_km(self.base, point) <= NEAR_BASE_KM:
            return []
        return _entities(self._between(at))

    def _during(self, at: datetime) -> list[Errand] | None:
        """None between visits; one of the day before that nobody ended gives way to those of the day."""
        found = [errand for errand in self.errands if errand.covers(at)]
        of_the_day = [errand for errand in found if errand.day == _day(at)]
        return of_the_day or found or None

    def _between(self, at: datetime) -> list[Errand]:
        today = [errand for errand in self.errands if errand.day == _day(at)]
        unknown = [errand for errand in today if errand.first is None]
        before = [(errand.last, errand) for errand in today if errand.last is not None and errand.last < at]
        after = [(errand.first, errand) for errand in today if errand.first is not None and errand.first > at]
        previous = [errand for last, errand in before if last == max(before, key=_when)[0]]
        following = [errand for first, errand in after if first == min(after, key=_when)[0]]
        return [*unknown, *previous, *following]


async def known(session: AsyncSession, team_id: UUID, first: date, last: date) -> Whereabouts:
    """Of the places of some days. What a team reports and where it is are taken one after the other from here on.

    By a lock of its own, held after those of days: changes of a team hold its row before the days.
    """
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"whereabouts {team_id}", 0))))
    base = select(Team.base_latitude, Team.base_longitude).where(Team.id == team_id)
    latitude, longitude = (await session.execute(base)).one()
    since = first - _DAY
    made = await _made(session, team_id, since, last)
    return Whereabouts(Point(latitude, longitude), [*made, *await _given(session, team_id, since, last)])


async def tell_again(session: AsyncSession, team_id: UUID, day: date) -> None:
    """Say anew for whom the places of a day, and of the night after it, are: something of it was reported late."""
    found = await known(session, team_id, day, day + _DAY)
    begins, ends = moment(day, 0), moment(day + 2 * _DAY, 0)
    for model in (TeamTrack, TeamPosition):
        kept = select(model.at, model.latitude, model.longitude, model.entity_ids)
        rows = await session.execute(kept.where(model.team_id == team_id, model.at >= begins, model.at < ends))
        changed: dict[tuple[UUID, ...], list[datetime]] = {}
        for at, latitude, longitude, before in rows:
            if (now := found.entities(at, Point(latitude, longitude))) != before:
                changed.setdefault(tuple(now), []).append(at)
        for entity_ids, times in changed.items():
            these = update(model).where(model.team_id == team_id, model.at == func.any(times))
            await session.execute(these.values(entity_ids=list(entity_ids)))


async def _made(session: AsyncSession, team_id: UUID, first: date, last: date) -> list[Errand]:
    begins = func.coalesce(Visit.en_route_at, Visit.started_at)
    query = select(Visit.entity_id, Visit.day, begins, Visit.finished_at)
    query = query.where(Visit.team_id == team_id, Visit.day.between(first, last), Visit.status.in_(_MADE))
    return [Errand(entity_id, day, *times) for entity_id, day, *times in await session.execute(query) if day]


async def _given(session: AsyncSession, team_id: UUID, first: date, last: date) -> list[Errand]:
    """What the team was given and is not its own any more: it may have been there before it heard of that."""
    query = select(Visit.entity_id, DispatchedStop.day).join(DispatchedStop, DispatchedStop.visit_id == Visit.id)
    query = query.where(DispatchedStop.team_id == team_id, DispatchedStop.day.between(first, last))
    gone = (Visit.team_id.is_distinct_from(team_id)) | (Visit.day.is_distinct_from(DispatchedStop.day))
    query = query.where(gone | Visit.status.not_in(_MADE))
    return [Errand(*row) for row in await session.execute(query)]


def _entities(errands: Iterable[Errand]) -> list[UUID]:
    return sorted({errand.entity_id for errand in errands})


def _when(pair: tuple[datetime, Errand]) -> datetime:
    return pair[0]


def _day(at: datetime) -> date:
    return at.astimezone(AMSTERDAM).date()
