"""Map data as GeoJSON (RFC 7946): longitude before latitude, WGS 84."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days.board import Board, Seen
from domain.days.models import TeamPosition
from domain.geo.location import Point
from domain.geo.models import Pc4
from domain.teams.models import Region, Team
from domain.visits.models import Visit, VisitStatus

GeoJson: TypeAlias = dict[str, Any]
Corner: TypeAlias = tuple[float, float]

MOST_VISITS = 2_000
_SHOWN = (VisitStatus.PLANNED, VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS, VisitStatus.DONE)
_FEWEST_CORNERS = 3


def route(board: Board, ids: Mapping[UUID, str], seen: Seen | None = None) -> GeoJson:
    """A team's day: base, stops, straight lines between those that follow one another, and the team.

    `ids`: of the visits, as the client knows them. What is not the viewer's to see is not there, nor a line to it.
    """
    places = [board.base, *(stop.place for stop in board.stops), board.base if board.stops else None]
    lines = [[one, other] for one, other in pairwise(places) if one and other]
    found = [_point(board.base, {"kind": "base"})] if board.base else []
    for number, stop in enumerate(board.stops):
        if stop.place is not None and stop.visit_id is not None:
            about = {"kind": "stop", "position": number, "visitId": ids.get(stop.visit_id), "status": stop.status}
            found.append(_point(stop.place, about))
    if lines:
        shape = {"type": "MultiLineString", "coordinates": [[_at(point) for point in line] for line in lines]}
        found.append(_feature(shape, {"kind": "route"}))
    if seen is not None:
        found.append(_point(seen.point, {"kind": "team", "at": seen.at.isoformat()}))
    return _collection(found)


async def everything(session: AsyncSession, day: date, name: Mapping[str, Any]) -> GeoJson:
    """Teams, their last positions, the visits of a day and the regions, as the actor of the session sees them.

    `name`: by kind of row, how its id is written for the client.
    """
    teams = (await session.scalars(select(Team).where(Team.active).order_by(Team.name))).all()
    found = [
        _point(Point(t.base_latitude, t.base_longitude), {"kind": "base", "teamId": name["Team"](t.id), "name": t.name})
        for t in teams
    ]
    for row in await session.scalars(select(TeamPosition).order_by(TeamPosition.team_id)):
        about = {"kind": "team", "teamId": name["Team"](row.team_id), "at": row.at.isoformat()}
        found.append(_point(Point(row.latitude, row.longitude), about))
    found += await _visits(session, day, name)
    found += await _regions(session, name)
    return _collection(found)


async def _visits(session: AsyncSession, day: date, name: Mapping[str, Any]) -> list[GeoJson]:
    query = select(Visit.id, Visit.team_id, Visit.status, Visit.block, Visit.latitude, Visit.longitude)
    query = query.where(Visit.day == day, Visit.latitude.is_not(None), Visit.status.in_(_SHOWN))
    return [
        _point(
            Point(row.latitude, row.longitude),
            {
                "kind": "visit",
                "visitId": name["Visit"](row.id),
                "teamId": name["Team"](row.team_id) if row.team_id else None,
                "status": row.status,
                "block": row.block,
            },
        )
        for row in await session.execute(query.order_by(Visit.id).limit(MOST_VISITS))
    ]


async def _regions(session: AsyncSession, name: Mapping[str, Any]) -> list[GeoJson]:
    """Each as the hull of the centres of its postcodes; one whose postcodes are not known has no shape."""
    regions = (await session.scalars(select(Region).order_by(Region.code))).all()
    centres = (await session.execute(select(Pc4.pc4, Pc4.longitude, Pc4.latitude))).all()
    found = []
    for region in regions:
        prefixes = tuple(region.postcode_prefixes)
        outline = hull([(x, y) for pc4, x, y in centres if pc4.startswith(prefixes)])
        about = {"kind": "region", "regionId": name["Region"](region.id), "code": region.code, "name": region.name}
        found.append(_feature(_polygon(outline), about | {"prefixes": list(prefixes)}))
    return found


def hull(points: Iterable[Corner]) -> list[Corner]:
    """Convex hull, counterclockwise (Andrew's monotone chain)."""
    ordered = sorted(set(points))
    if len(ordered) < _FEWEST_CORNERS:
        return ordered
    return _chain(ordered)[:-1] + _chain(ordered[::-1])[:-1]


def _chain(points: Sequence[Corner]) -> list[Corner]:
    kept: list[Corner] = []
    for point in points:
        while len(kept) > 1 and _turn(kept[-2], kept[-1], point) <= 0:
            kept.pop()
        kept.append(point)
    return kept


def _turn(one: Corner, other: Corner, third: Corner) -> float:
    return (other[0] - one[0]) * (third[1] - one[1]) - (other[1] - one[1]) * (third[0] - one[0])


def _polygon(outline: Sequence[Corner]) -> GeoJson | None:
    if len(outline) < _FEWEST_CORNERS:
        return None
    return {"type": "Polygon", "coordinates": [[list(corner) for corner in (*outline, outline[0])]]}


def _collection(features: Sequence[GeoJson]) -> GeoJson:
    return {"type": "FeatureCollection", "features": list(features)}


def _point(point: Point, about: GeoJson) -> GeoJson:
    return _feature({"type": "Point", "coordinates": _at(point)}, about)


def _feature(geometry: GeoJson | None, about: GeoJson) -> GeoJson:
    return {"type": "Feature", "geometry": geometry, "properties": about}


def _at(point: Point) -> list[float]:
    return [round(point.longitude, 6), round(point.latitude, 6)]
