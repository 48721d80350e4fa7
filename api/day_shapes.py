"""The types of a team's day, and how they are made of what the domain says."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from api.enums import described
from api.planning_terms import UTILIZATION, Rule
from api.reading import column, derived, global_id, reads, related
from api.teams import AUDIENCES, Region, Team
from api.visits import Visit
from domain.days import maps
from domain.days.board import Board, BoardStop, BoardWarning, Seen
from domain.days.capacity import Load, Period, Span
from domain.days.loading import Sees
from domain.days.models import TeamPosition as PositionRow
from domain.days.models import TeamTrack as TrackRow
from domain.geo.pc2 import pc2_centre
from domain.visits.models import DayBlock, VisitStatus
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock

described(Span, "What figures are summed over.", DAY="Days.", WEEK="Weeks from Monday.", MONTH="Months.")


@strawberry.type(description="A place on the map.")
class MapPoint:
    latitude: float = strawberry.field(description="Degrees north, WGS 84.")
    longitude: float = strawberry.field(description="Degrees east.")


@strawberry.type(description="Where a team was.")
class SeenAt:
    at: datetime = strawberry.field(description="When, by the clock of the device.")
    place: MapPoint = strawberry.field(description="Where.")


@strawberry.type(description="A stop of a team's day.")
class TeamDayStop:
    visit_id: strawberry.ID | None = strawberry.field(description="The visit; null where it is not yours to see.")
    occupied: bool = strawberry.field(
        description="Whether it is time that is taken for another business entity: nothing but times is shown, in "
        "steps of five minutes."
    )
    held: bool = strawberry.field(description="Whether it is a place that a customer holds, and no planned visit yet.")
    status: VisitStatus | None = strawberry.field(description="Where the visit is in its life.")
    block: DayBlock = strawberry.field(description="The part of the day in which the work begins.")
    arrives_at: datetime = strawberry.field(description="When the team arrives, or did.")
    starts_at: datetime = strawberry.field(description="When the work begins, or did.")
    ends_at: datetime = strawberry.field(description="When it ends, or did.")
    drive_minutes: int = strawberry.field(
        description="Driving from the stop before, or from the base; in steps of five minutes next to a stop that is "
        "not shown."
    )
    drive_metres: int | None = strawberry.field(
        description="The same in metres; null next to a stop that is not shown."
    )
    promised: bool | None = strawberry.field(description="Whether day and part of the day were promised.")
    pinned: bool | None = strawberry.field(description="Whether a planner fixed team and day.")
    place: MapPoint | None = strawberry.field(description="Where it is.")
    arrival_from: datetime | None = strawberry.field(description="The window that the customer was told: from.")
    arrival_until: datetime | None = strawberry.field(description="Until.")


@strawberry.type(description="A hard rule that a team's day breaks as things are now.")
class TeamDayWarning:
    rule: Rule = strawberry.field(description="The rule.")
    amount: int = strawberry.field(
        description="By how much, in the unit of the rule; 0 where it has none. On a day with stops that are not shown "
        "rounded up to 5 minutes or 5,000 metres."
    )
    visit_id: strawberry.ID | None = strawberry.field(
        description="The visit; null where it is the whole day, or a visit that is not yours to see."
    )


@strawberry.type(description="What a team's day looks like.")
class TeamDaySchedule:
    team_id: strawberry.ID = strawberry.field(description="The team.")
    day: date = strawberry.field(description="The day.")
    works_from: datetime | None = strawberry.field(description="When it leaves its base at the earliest; null: absent.")
    works_until: datetime | None = strawberry.field(description="When it has to be back.")
    base: MapPoint | None = strawberry.field(description="Where it starts and ends.")
    stops: list[TeamDayStop] = strawberry.field(description="Its stops, in order.")
    warnings: list[TeamDayWarning] = strawberry.field(description="Rules that it breaks as things are now.")
    back_at: datetime | None = strawberry.field(description="When it is back; null without a stop.")
    drive_minutes: int = strawberry.field(description="Driving of the whole day.")
    drive_metres: int | None = strawberry.field(description="The same in metres; null where a stop is not shown.")
    work_minutes: int = strawberry.field(description="Work at customers.")
    available_minutes: int = strawberry.field(description="Minutes of work that it can do at customers.")
    utilization: float = strawberry.field(description=UTILIZATION)
    travel: str = strawberry.field(description="Who says the drive times: a service, or an estimate.")
    seen: SeenAt | None = strawberry.field(description="Where the team is, as far as that is known and yours to know.")


@strawberry.type(description="A team's day.")
class TeamDay(TeamDaySchedule):
    team: Team | None = strawberry.field(default=None, description="The team.")
    visits: list[Visit] = strawberry.field(default_factory=list, description="Its visits that you may see, in order.")


@strawberry.type(description="The way from one stop to the next.")
class RouteLeg:
    from_visit_id: strawberry.ID | None = strawberry.field(description="Null: the base, or a stop that is not shown.")
    to_visit_id: strawberry.ID | None = strawberry.field(description="Null: the base, or a stop that is not shown.")
    drive_minutes: int = strawberry.field(description="How long it takes.")
    drive_metres: int | None = strawberry.field(description="How far it is; null next to a stop that is not shown.")


@strawberry.type(description="The route of a team's day.")
class TeamRoute:
    team_id: strawberry.ID = strawberry.field(description="The team.")
    day: date = strawberry.field(description="The day.")
    legs: list[RouteLeg] = strawberry.field(description="From the base, over all stops, and back.")
    drive_minutes: int = strawberry.field(description="All of it.")
    drive_metres: int | None = strawberry.field(description="All of it; null where a stop is not shown.")
    back_at: datetime | None = strawberry.field(description="When the team is back.")
    geo_json: JSON = strawberry.field(
        description="FeatureCollection (RFC 7946): base, stops, straight lines between them, and the team."
    )


@reads(PositionRow, audiences=AUDIENCES)
@strawberry.type(description="Where a team was seen last.")
class TeamPosition:
    at: datetime = column("When, by the clock of the device.")
    received_at: datetime = column("When it was told.")
    latitude: float = column("Degrees north, WGS 84.")
    longitude: float = column("Degrees east.")
    accuracy_metres: int | None = column("How exact it is.")
    heading: int | None = column("Where it is going: degrees from north, clockwise.")
    team: Team | None = related("The team.", on=lambda p, t: t.id == p.team_id)


@reads(TrackRow, audiences=AUDIENCES)
@strawberry.type(description="Where a team was at a time.")
class TeamTrackPoint:
    at: datetime = column("When.")
    latitude: float = column("Degrees north, WGS 84.")
    longitude: float = column("Degrees east.")


@strawberry.type(description="What can be done, and what is to be done.")
class CapacityLoad:
    team_days: int = strawberry.field(description="Days on which teams work, summed.")
    jobs_possible: int = strawberry.field(description="Visits that they can make.")
    jobs: int = strawberry.field(description="Visits that they have.")
    minutes_available: int = strawberry.field(description="Minutes of work that they can do at customers.")
    minutes_planned: int = strawberry.field(description="Minutes that they have.")
    utilization: float = strawberry.field(description=UTILIZATION)


@strawberry.type(description="What a team can do and has to do.")
class TeamCapacity:
    team_id: strawberry.ID = strawberry.field(description="The team.")
    load: CapacityLoad = strawberry.field(description="Its figures.")


@strawberry.type(description="What the teams of a region can do and have to do; they may serve others too.")
class RegionCapacity:
    region_id: strawberry.ID = strawberry.field(description="The region.")
    load: CapacityLoad = strawberry.field(description="Its figures.")


@strawberry.type(description="Figures of some days.")
class CapacityPeriod:
    first: date = strawberry.field(description="First day.")
    last: date = strawberry.field(description="Last day.")
    total: CapacityLoad = strawberry.field(description="Of all teams.")
    by_team: list[TeamCapacity] = strawberry.field(description="Of each team that works or has work.")
    by_region: list[RegionCapacity] = strawberry.field(description="Of each region.")


@strawberry.type(description="What teams can do and have to do.")
class Capacity:
    periods: list[CapacityPeriod] = strawberry.field(description="In order; cut at both ends.")
    teams: list[Team] = strawberry.field(default_factory=list, description="The teams that are named.")
    regions: list[Region] = strawberry.field(default_factory=list, description="The regions that are named.")


@reads(None, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="Your visits in an area of postcodes that begin with the same two digits.")
class HeatMapArea:
    pc2: str = column("The two digits.")
    backlog: int = column("Visits that wait to be planned.")
    backlog_minutes: int = column("How long they take.")
    planned: int = column("Visits planned for the days.")
    planned_minutes: int = column("How long they take.")
    latitude: float | None = derived(
        "About its middle, degrees north.",
        needs=lambda a: {"pc2": a.pc2},
        resolve=lambda values, info: _centre(values, "latitude"),
    )
    longitude: float | None = derived(
        "About its middle, degrees east.",
        needs=lambda a: {"pc2": a.pc2},
        resolve=lambda values, info: _centre(values, "longitude"),
    )


def _centre(values: Any, name: str) -> float | None:
    found = pc2_centre(values["pc2"])
    return getattr(found, name) if found else None


def on_the_clock() -> datetime:
    """Now."""
    return clock.now()


def sees_as(actor: Actor) -> Sees:
    """Whose visits an actor sees on a team's day that it may look at: technicians all of their team's."""
    if actor.audience is Audience.STAFF:
        return lambda visit: visit.entity_id in actor.entity_ids
    own = actor.team_id
    return lambda visit: actor.audience is Audience.SYSTEM or visit.team_id == own


def schedule_values(board: Board, seen: Seen | None = None) -> dict[str, Any]:
    """The fields of a TeamDaySchedule."""
    return {
        "team_id": strawberry.ID(global_id("Team", board.team_id)),
        "day": board.day,
        "works_from": board.works_from,
        "works_until": board.works_until,
        "base": MapPoint(latitude=board.base.latitude, longitude=board.base.longitude) if board.base else None,
        "stops": [_stop(stop) for stop in board.stops],
        "warnings": [warning_shape(warning) for warning in board.warnings],
        "back_at": board.back_at,
        "drive_minutes": board.drive_minutes,
        "drive_metres": board.drive_metres,
        "work_minutes": board.work_minutes,
        "available_minutes": board.available_minutes,
        "utilization": board.utilization,
        "travel": board.travel,
        "seen": SeenAt(at=seen.at, place=MapPoint(latitude=seen.point.latitude, longitude=seen.point.longitude))
        if seen
        else None,
    }


def warning_shape(warning: BoardWarning) -> TeamDayWarning:
    return TeamDayWarning(rule=warning.rule, amount=warning.amount, visit_id=_visit_id(warning.visit_id))


def _stop(stop: BoardStop) -> TeamDayStop:
    return TeamDayStop(
        visit_id=_visit_id(stop.visit_id),
        occupied=stop.visit_id is None,
        held=stop.held,
        status=stop.status,
        block=stop.block,
        arrives_at=stop.arrives_at,
        starts_at=stop.starts_at,
        ends_at=stop.ends_at,
        drive_minutes=stop.drive_minutes,
        drive_metres=stop.drive_metres,
        promised=stop.promised,
        pinned=stop.pinned,
        place=MapPoint(latitude=stop.place.latitude, longitude=stop.place.longitude) if stop.place else None,
        arrival_from=stop.window[0] if stop.window else None,
        arrival_until=stop.window[1] if stop.window else None,
    )


def route_shape(board: Board, seen: Seen | None) -> TeamRoute:
    """Legs and map data."""
    ids = [stop.visit_id for stop in board.stops]
    between = [(None, ids[0] if ids else None), *zip(ids, [*ids[1:], None], strict=True)] if ids else []
    back = board.drive_minutes - sum(stop.drive_minutes for stop in board.stops)
    minutes = [*(stop.drive_minutes for stop in board.stops), back]
    metres = [*(stop.drive_metres for stop in board.stops), board.back_metres]
    return TeamRoute(
        team_id=strawberry.ID(global_id("Team", board.team_id)),
        day=board.day,
        legs=[
            RouteLeg(from_visit_id=_visit_id(one), to_visit_id=_visit_id(other), drive_minutes=took, drive_metres=far)
            for (one, other), took, far in zip(between, minutes, metres, strict=False)
        ],
        drive_minutes=board.drive_minutes,
        drive_metres=board.drive_metres,
        back_at=board.back_at,
        geo_json=JSON(maps.route(board, {id: global_id("Visit", id) for id in ids if id}, seen)),
    )


def capacity_of(period: Period) -> CapacityPeriod:
    """Figures of one period."""
    return CapacityPeriod(
        first=period.first,
        last=period.last,
        total=_load(period.total),
        by_team=[
            TeamCapacity(team_id=strawberry.ID(global_id("Team", id)), load=_load(load))
            for id, load in sorted(period.teams.items())
        ],
        by_region=[
            RegionCapacity(region_id=strawberry.ID(global_id("Region", id)), load=_load(load))
            for id, load in period.regions.items()
        ],
    )


def _load(load: Load) -> CapacityLoad:
    return CapacityLoad(
        team_days=load.team_days,
        jobs_possible=load.jobs_possible,
        jobs=load.jobs,
        minutes_available=load.minutes_available,
        minutes_planned=load.minutes_planned,
        utilization=load.utilization,
    )


def _visit_id(id: UUID | None) -> strawberry.ID | None:
    return strawberry.ID(global_id("Visit", id)) if id else None
