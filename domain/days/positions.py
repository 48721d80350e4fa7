"""Where teams are: the last position of each, and a short history. Nobody is followed in their own time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days import whereabouts, windows
from domain.days.board import FRESH, Seen
from domain.days.errors import OutsideNetherlands, OutsideWorkingHours, ReportInFuture
from domain.days.models import TeamPosition, TeamTrack
from domain.days.reports import CLOCK_SKEW
from domain.days.whereabouts import Whereabouts
from domain.errors import Faults, OutOfRange
from domain.geo.location import Point
from domain.planning.arrival import AMSTERDAM, moment
from domain.teams import planning_days
from domain.teams.calendar import calendar
from domain.visits.models import Visit, VisitStatus

LATEST = timedelta(hours=24)
"""What a telephone sends later than this says nothing that anybody still wants to know."""
MARGIN = timedelta(minutes=30)
"""Before and after the hours of the day: vans are loaded."""
MOST_ACCURACY = 100_000
_MOST_HEADING = 359


@dataclass(frozen=True, slots=True)
class Position:
    """A place and a time, by the device."""

    at: datetime
    point: Point
    accuracy_metres: int | None = None
    heading: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """How many positions were kept, and how many were not (known, too old, outside working hours)."""

    kept: int
    ignored: int


async def update(session: AsyncSession, team_id: UUID, said: Sequence[Position], now: datetime) -> Taken:
    """Take positions in whatever order they come; a session of the system. Raises: DomainError."""
    checked(said, now)
    recent = [each for each in said if each.at >= now - LATEST]
    working = await _working(session, team_id, recent, now)
    if said and not working:
        if recent:
            raise OutsideWorkingHours()
        return Taken(0, len(said))
    if not working:
        return Taken(0, 0)
    told = await _told_day(session, team_id, now)
    days = [_day(each.at) for each in working]
    where = await whereabouts.known(session, team_id, min(days), max(days))
    kept = await _keep_track(session, team_id, working, where)
    if await _keep_last(session, team_id, max(working, key=lambda each: each.at), where) and told is not None:
        await windows.keep_up(session, team_id, told, now, seen=await last(session, team_id, now))
    return Taken(kept, len(said) - kept)


def checked(said: Sequence[Position], now: datetime) -> None:
    """Raises InvalidInput for positions that cannot be."""
    with Faults() as faults:
        for number, each in enumerate(said):
            at = ("positions", number)
            if not each.point.in_netherlands:
                faults.add(OutsideNetherlands(field=at))
            if each.at > now + CLOCK_SKEW:
                faults.add(ReportInFuture(field=(*at, "at")))
            if each.accuracy_metres is not None and not 0 <= each.accuracy_metres <= MOST_ACCURACY:
                faults.add(OutOfRange(minimum=0, maximum=MOST_ACCURACY, field=(*at, "accuracy_metres")))
            if each.heading is not None and not 0 <= each.heading <= _MOST_HEADING:
                faults.add(OutOfRange(minimum=0, maximum=_MOST_HEADING, field=(*at, "heading")))


async def last(session: AsyncSession, team_id: UUID, now: datetime) -> Seen | None:
    """Where the team was seen not long ago; a session of the system."""
    found = await session.get(TeamPosition, team_id)
    if found is None or now - found.at > FRESH:
        return None
    return Seen(Point(found.latitude, found.longitude), found.at)


async def forget(session: AsyncSession, days: int) -> int:
    """Delete what is older than so many days; the number of positions."""
    gone = 0
    for model in (TeamTrack, TeamPosition):
        old = delete(model).where(model.at < func.now() - timedelta(days=days)).returning(model.team_id)
        gone += len((await session.execute(old)).all())
    return gone


async def _working(session: AsyncSession, team_id: UUID, said: Sequence[Position], now: datetime) -> list[Position]:
    """What falls into the team's hours, or into a visit that takes longer."""
    spans = [span for day in {_day(each.at) for each in said} for span in await _hours(session, team_id, day)]
    spans += await _visits(session, team_id, now)
    return [each for each in said if any(begins <= each.at <= ends for begins, ends in spans)]


async def _hours(session: AsyncSession, team_id: UUID, day: date) -> list[tuple[datetime, datetime]]:
    found = (await calendar(session, day, 1)).days_of(team_id)
    return [(moment(day, each.start) - MARGIN, moment(day, each.end) + MARGIN) for each in found]


async def _visits(session: AsyncSession, team_id: UUID, now: datetime) -> list[tuple[datetime, datetime]]:
    begins = func.coalesce(Visit.en_route_at, Visit.started_at)
    query = select(begins, func.coalesce(Visit.finished_at, now)).where(
        Visit.team_id == team_id, begins >= now - LATEST, Visit.day >= _day(now) - timedelta(days=1)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def _under_way(session: AsyncSession, team_id: UUID, now: datetime) -> Visit | None:
    """The visit to which, or at which, the team was last."""
    begun = func.greatest(Visit.en_route_at, Visit.started_at)
    query = select(Visit).where(Visit.team_id == team_id, Visit.day == _day(now), begun.is_not(None))
    return (await session.scalars(query.order_by(begun.desc()).limit(1))).first()


async def _told_day(session: AsyncSession, team_id: UUID, now: datetime) -> date | None:
    """The day, held, on which customers are told anew while the team is on the road; held before the team itself."""
    under_way = await _under_way(session, team_id, now)
    if under_way is None or under_way.status != VisitStatus.EN_ROUTE or under_way.day is None:
        return None
    await planning_days.lock(session, [under_way.day])
    return under_way.day


async def _keep_track(session: AsyncSession, team_id: UUID, said: Sequence[Position], where: Whereabouts) -> int:
    values = [
        {
            "team_id": team_id,
            "at": at,
            "latitude": each.point.latitude,
            "longitude": each.point.longitude,
            "entity_ids": where.entities(at, each.point),
        }
        for at, each in {each.at: each for each in said}.items()
    ]
    added = insert(TeamTrack).values(values).on_conflict_do_nothing().returning(TeamTrack.at)
    return len((await session.execute(added)).all())


async def _keep_last(session: AsyncSession, team_id: UUID, newest: Position, where: Whereabouts) -> bool:
    """Whether it is newer than what was known."""
    values = {
        "at": newest.at,
        "received_at": func.now(),
        "latitude": newest.point.latitude,
        "longitude": newest.point.longitude,
        "accuracy_metres": newest.accuracy_metres,
        "heading": newest.heading,
        "entity_ids": where.entities(newest.at, newest.point),
    }
    row = insert(TeamPosition).values(team_id=team_id, **values)
    kept = row.on_conflict_do_update(
        index_elements=["team_id"], set_=values, where=TeamPosition.at < row.excluded.at
    ).returning(TeamPosition.team_id)
    return (await session.execute(kept)).first() is not None


def _day(at: datetime) -> date:
    return at.astimezone(AMSTERDAM).date()
