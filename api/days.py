"""A team's day: its stops and times, its route, where teams are, what they can do."""

from datetime import date
from functools import partial
from typing import Annotated, Any

import strawberry
from sqlalchemy import func, select
from strawberry.scalars import JSON

from api.context import Info
from api.day_shapes import (
    Capacity,
    HeatMapArea,
    TeamDay,
    TeamPosition,
    TeamRoute,
    TeamTrackPoint,
    capacity_of,
    on_the_clock,
    route_shape,
    schedule_values,
    sees_as,
)
from api.inputs import key_of
from api.reading import BadInput, argument, field, global_id, read_in, read_in_many, read_list
from domain.days import capacity as capacities
from domain.days import maps, positions
from domain.days.board import Board, Seen, board
from domain.days.capacity import Span
from domain.days.loading import apart
from domain.errors import DomainError, NotFound
from domain.rows import find
from domain.teams.details import calendar_day
from domain.teams.models import Team as TeamRow
from domain.travel.matrix import travel_of
from domain.visits.models import Visit as VisitRow
from domain.visits.models import VisitStatus
from tenants.permissions import Permission

TeamId = Annotated[strawberry.ID, strawberry.argument(description="The team.")]
Day = Annotated[date, strawberry.argument(description="The day, in Amsterdam.")]
First = Annotated[date, strawberry.argument(description="First day.")]
Days = Annotated[int, strawberry.argument(description="How many days: 92 at most by day, else 400.")]
By = Annotated[Span, strawberry.argument(description="What the figures are summed over.")]
_MOST_TRACK = 2_000
_MOST_AREAS = 100
_MOST_DAYS = 400


@strawberry.type
class DayQueries:
    @field(
        "A team's day: stops in order with the times that are to be expected, driving, utilization, and the rules that "
        "it breaks as things are now. What the team does for other business entities than yours is shown as time that "
        "is taken. Null for a team that you do not see.",
        requires=Permission.VISITS_WORK,
        cost=50,
    )
    async def team_day(self, info: Info, team_id: TeamId, day: Day) -> TeamDay | None:
        return await read_team_day(info, team_id, day)

    @field(
        "The route of a team's day with the driving of each leg, and as GeoJSON: straight lines between the stops that "
        "you may see.",
        requires=Permission.VISITS_WORK,
        cost=50,
    )
    async def route(self, info: Info, team_id: TeamId, day: Day) -> TeamRoute | None:
        read = await _board(info, team_id, day)
        return route_shape(*read) if read else None

    @field(
        "What teams can do and have to do, in all, per team and per region, for all business entities together.",
        requires=Permission.PLANNING_READ,
        cost=100,
    )
    async def capacity(self, info: Info, first: First, days: Days, by: By = Span.DAY) -> Capacity:
        async with info.context.database.session(info.context.platform) as session:
            found = await _refusing(capacities.capacity(session, _day(first, "first"), days, by))
        async with info.context.read() as session:
            return Capacity(
                periods=[capacity_of(period) for period in found],
                teams=await read_in_many(session, info, "teams", sorted({id for p in found for id in p.teams})),
                regions=await read_in_many(session, info, "regions", list(found[0].regions)),
            )

    @field(
        "Teams, their last positions, your visits of a day, and regions by the postcodes that make them up: GeoJSON "
        "(RFC 7946), the kind of each feature in its properties.",
        requires=Permission.PLANNING_READ,
        cost=100,
    )
    async def planning_map(self, info: Info, day: Day) -> JSON:
        names = {kind: partial(global_id, kind) for kind in ("Team", "Visit", "Region")}
        async with info.context.read() as session:
            return JSON(await maps.everything(session, _day(day), names))

    team_positions: list[TeamPosition] = read_list(
        "Where teams were seen last; not those that are under way for other business entities than yours.",
        order_by=lambda p: p.team_id,
        requires=Permission.VISITS_WORK,
    )
    team_track: list[TeamTrackPoint] = read_list(
        "Where a team was on a day, in order; kept for some days.",
        arguments={
            "team_id": argument(strawberry.ID, "The team.", node="Team"),
            "day": argument(date, "The day, in Amsterdam."),
        },
        where=lambda p, a: (p.team_id == a.team_id) & (_clock_day(p.at) == a.day),
        order_by=lambda p: p.at,
        limit=_MOST_TRACK,
        requires=Permission.VISITS_WORK,
    )
    visit_heat_map: list[HeatMapArea] = read_list(
        "Your visits by the first two digits of their postcodes: what waits, and what is planned for some days.",
        rows=lambda a: _by_area(a),
        arguments={
            "first": argument(date, "First day of what is planned."),
            "days": argument(int, "How many days."),
        },
        limit=_MOST_AREAS,
        requires=Permission.PLANNING_READ,
    )


async def read_team_day(info: Info, team_id: str, day: date) -> TeamDay | None:
    """A team's day as the actor sees it, with the visits that the client selects."""
    read = await _board(info, team_id, day)
    if read is None:
        return None
    shown, seen = read
    ids = [stop.visit_id for stop in shown.stops if stop.visit_id and not stop.held]
    async with info.context.read() as session:
        return TeamDay(
            **schedule_values(shown, seen),
            team=await read_in(session, info, "team", shown.team_id),
            visits=await read_in_many(session, info, "visits", ids),
        )


async def _board(info: Info, team_id: str, day: date) -> tuple[Board, Seen | None] | None:
    """The board, and where the team is as far as the actor may know."""
    context, key, wanted = info.context, key_of("Team", team_id, "teamId"), _day(day)
    now = on_the_clock()
    async with context.read() as session:
        try:
            await find(session, TeamRow, key)
        except NotFound:
            return None
        shown = await positions.last(session, key, now)
    async with context.database.session(context.platform) as session:
        seen = await positions.last(session, key, now)
    travel = travel_of(context.database, context.settings)
    days, _ = await apart(context.database, travel, [key], wanted, wanted)
    return board(days, key, wanted, sees_as(context.actor), now, seen=seen), shown


def _day(day: date, name: str = "day") -> date:
    try:
        return calendar_day(day, name)
    except DomainError as fault:
        raise BadInput("BAD_INPUT", name, fault.message("en")) from None


async def _refusing(work: Any) -> Any:
    """What a query refuses is an error of the request."""
    try:
        return await work
    except DomainError as fault:
        raise BadInput("BAD_INPUT", ".".join(map(str, fault.field)), fault.message("en")) from None


def _clock_day(at: Any) -> Any:
    return func.date(func.timezone("Europe/Amsterdam", at))


def _by_area(a: Any) -> Any:
    """Numbers of visits and minutes by area; a day that is out of reach counts nothing."""
    visit = VisitRow
    waits = visit.status == VisitStatus.REQUIRED.value
    within = (visit.day >= a.first) & (visit.day < a.first + func.least(func.greatest(a.days, 0), _MOST_DAYS))
    planned = within & visit.status.in_(
        [s.value for s in (VisitStatus.PLANNED, VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS, VisitStatus.DONE)]
    )
    area = func.left(visit.pc4, 2)
    return (
        select(
            area.label("pc2"),
            func.count().filter(waits).label("backlog"),
            func.coalesce(func.sum(visit.minutes).filter(waits), 0).label("backlog_minutes"),
            func.count().filter(planned).label("planned"),
            func.coalesce(func.sum(visit.minutes).filter(planned), 0).label("planned_minutes"),
        )
        .where(visit.pc4.is_not(None), waits | planned)
        .group_by(area)
        .order_by(area)
    )
