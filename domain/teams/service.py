"""Keeping teams and regions. Whoever has the right to plan keeps them for all business entities."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import NotFound, OutOfRange, Required, TooMany
from domain.events.record import changes_of, plain
from domain.geo.location import Point
from domain.geo.pc2 import pc2_centre
from domain.geo.postcodes import area_of, is_believable
from domain.rows import find
from domain.teams import details, events
from domain.teams.details import Hours, Member
from domain.teams.errors import LastRegion, UnknownPlace
from domain.teams.models import Region, Team, TeamHours, TeamMember, TeamRegion
from domain.teams.telling import tell
from domain.unique import refusing_taken
from tenants.models import UserAccount

_PLACE = ("base_postcode", "base_city", "base_latitude", "base_longitude")
_BESIDE = ("hours", "members", "region_ids")


async def save_team(session: AsyncSession, id: UUID | None, given: Mapping[str, Any]) -> Team:
    """A new team, or what is given changed of one; `hours`, `members` and `region_ids` replace what there was."""
    team = await find(session, Team, id, lock=True) if id else await _new_team(session, given)
    values = details.team_values(given) | await _base(session, team, given)
    async with refusing_taken(session, uq_team_name=("name",)):
        for column, value in values.items():
            setattr(team, column, value)
        changes = changes_of(team)
        session.add(team)
    changes |= await _save_beside(session, team.id, given)
    if id is None:
        await tell(session, events.TeamAdded(team.name), team.id, team_ids=[team.id])
    elif changes:
        payload = events.TeamChanged(team.name, sorted(changes))
        await tell(session, payload, team.id, team_ids=[team.id], changes=changes)
    return team


async def save_region(session: AsyncSession, id: UUID | None, given: Mapping[str, Any]) -> Region:
    """A new region, or what is given changed of one."""
    region = await find(session, Region, id, lock=True) if id else Region(id=await _new_id(session))
    if id is None:
        _require(given, "code", "name", "postcode_prefixes")
    async with refusing_taken(session, uq_region_code=("code",)):
        for column, value in details.region_values(given).items():
            setattr(region, column, value)
        changes = changes_of(region)
        session.add(region)
    if id is None:
        await tell(session, events.RegionAdded(region.code), region.id)
    elif changes:
        await tell(session, events.RegionChanged(region.code, sorted(changes)), region.id, changes=changes)
    return region


async def remove_region(session: AsyncSession, id: UUID) -> UUID:
    """Remove a region from its teams and for good; LAST_REGION where a team would be left without any."""
    region = await find(session, Region, id, lock=True)
    # Teams are held, so that two regions cannot both be removed while each looks at the other.
    of_region = select(TeamRegion.team_id).where(TeamRegion.region_id == id)
    teams = (
        await session.scalars(select(Team).where(Team.id.in_(of_region)).order_by(Team.id).with_for_update())
    ).all()
    count = select(TeamRegion.team_id).group_by(TeamRegion.team_id).having(func.count() == 1)
    only = set(await session.scalars(count.where(TeamRegion.team_id.in_([team.id for team in teams]))))
    if only:
        raise LastRegion(field=("id",), teams=", ".join(sorted(team.name for team in teams if team.id in only)))
    await session.execute(delete(TeamRegion).where(TeamRegion.region_id == id))
    await session.delete(region)
    await tell(session, events.RegionRemoved(region.code), id)
    return id


# --- what belongs to a team ---------------------------------------------------------------------------------------


async def _new_team(session: AsyncSession, given: Mapping[str, Any]) -> Team:
    _require(given, "name", "base_postcode")
    return Team(id=await _new_id(session))


async def _new_id(session: AsyncSession) -> UUID:
    id: UUID = (await session.execute(select(func.uuidv7()))).scalar_one()
    return id


def _require(given: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if given.get(name) is None:
            raise Required(field=(name,))


async def _base(session: AsyncSession, team: Team, given: Mapping[str, Any]) -> dict[str, Any]:
    """Where it starts the day: by coordinates where they are given, else the middle of its postcode."""
    if not any(name in given for name in _PLACE):
        return {}
    postcode = details.base_postcode(given.get("base_postcode") or team.base_postcode)
    place, city = await _located(session, postcode)
    exact = _coordinates(given)
    if exact is None and place is None:
        raise UnknownPlace(field=("base_postcode",))
    point = exact or place or Point(0, 0)
    named = validation.name(given.get("base_city") or "", "base_city", minimum=0, maximum=80)
    return {
        "base_postcode": postcode,
        "base_city": named or city or team.base_city or postcode,
        "base_latitude": point.latitude,
        "base_longitude": point.longitude,
    }


async def _located(session: AsyncSession, postcode: str) -> tuple[Point | None, str]:
    row = (await area_of(session, postcode[:4])).row
    centre = pc2_centre(postcode)
    if row is None:
        return centre, ""
    point = Point(row.latitude, row.longitude)
    return point if is_believable(postcode[:4], point) else centre, row.place


def _coordinates(given: Mapping[str, Any]) -> Point | None:
    latitude, longitude = given.get("base_latitude"), given.get("base_longitude")
    if latitude is None and longitude is None:
        return None
    if latitude is None or longitude is None:
        raise Required(field=("base_latitude" if latitude is None else "base_longitude",))
    if not Point(latitude, longitude).in_netherlands:
        raise OutOfRange(field=("base_latitude",), minimum="50.7, 3.2", maximum="53.7, 7.3")
    return Point(latitude, longitude)


async def _save_beside(session: AsyncSession, team_id: UUID, given: Mapping[str, Any]) -> dict[str, list[Any]]:
    changes: dict[str, list[Any]] = {}
    if given.get("hours") is not None:
        changes |= await _save_hours(session, team_id, details.hours(given["hours"]))
    if given.get("members") is not None:
        changes |= await _save_members(session, team_id, details.members(given["members"]))
    if given.get("region_ids") is not None:
        changes |= await _save_regions(session, team_id, given["region_ids"])
    return changes


async def _save_hours(session: AsyncSession, team_id: UUID, hours: Sequence[Hours]) -> dict[str, list[Any]]:
    kept = select(TeamHours).where(TeamHours.team_id == team_id).order_by(TeamHours.weekday)
    before = [Hours(row.weekday, row.starts, row.ends) for row in await session.scalars(kept)]
    if before == list(hours):
        return {}
    await _replace(
        session, TeamHours, TeamHours.team_id == team_id, [{"team_id": team_id, **asdict(day)} for day in hours]
    )
    return {"hours": [_shown(before), _shown(hours)]}


async def _save_members(session: AsyncSession, team_id: UUID, members: Sequence[Member]) -> dict[str, list[Any]]:
    named = [await _named(session, member, place) for place, member in enumerate(members)]
    kept = select(TeamMember).where(TeamMember.team_id == team_id).order_by(TeamMember.since, TeamMember.id)
    before = [Member(row.since, row.until, row.user_id, row.name) for row in await session.scalars(kept)]
    after = sorted(named, key=lambda member: member.since)
    if before == after:
        return {}
    rows = [{"team_id": team_id, **asdict(member)} for member in after]
    await _replace(session, TeamMember, TeamMember.team_id == team_id, rows)
    return {"members": [_shown(before), _shown(after)]}


async def _named(session: AsyncSession, member: Member, place: int) -> Member:
    """With the name of its login where none was given."""
    if member.user_id is None:
        return member
    user = await find(session, UserAccount, member.user_id, field=("members", place, "user_id"))
    return Member(member.since, member.until, user.id, member.name or user.name)


async def _save_regions(session: AsyncSession, team_id: UUID, wanted: Sequence[UUID]) -> dict[str, list[Any]]:
    if len(wanted) > details.MOST_REGIONS:
        raise TooMany(field=("region_ids",), maximum=details.MOST_REGIONS)
    # Held, so that none is removed before the team is known to be its.
    known = select(Region.id, Region.code).where(Region.id.in_(wanted)).order_by(Region.id).with_for_update(read=True)
    codes = {row.id: row.code for row in await session.execute(known)}
    for place, region_id in enumerate(wanted):
        if region_id not in codes:
            raise NotFound(field=("region_ids", place))
    kept = select(Region.id, Region.code).join(TeamRegion, TeamRegion.region_id == Region.id)
    before = {row.id: row.code for row in await session.execute(kept.where(TeamRegion.team_id == team_id))}
    if before == codes:
        return {}
    rows = [{"team_id": team_id, "region_id": region_id} for region_id in codes]
    await _replace(session, TeamRegion, TeamRegion.team_id == team_id, rows)
    return {"regions": [sorted(before.values()), sorted(codes.values())]}


async def _replace(session: AsyncSession, model: Any, of_team: ColumnElement[bool], rows: list[dict[str, Any]]) -> None:
    await session.execute(delete(model).where(of_team).execution_options(synchronize_session=False))
    if rows:
        await session.execute(insert(model), rows)


def _shown(values: Sequence[Hours | Member]) -> list[Any]:
    return [{key: str(value) for key, value in plain(value).items() if value is not None} for value in values]
