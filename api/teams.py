"""Regions, teams and the calendar that they work by."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry
from sqlalchemy import ColumnElement, Date, Select, case, exists, func, select

from api.context import Info
from api.enums import described
from api.reading import (
    Connection,
    EnumFilter,
    IDFilter,
    Node,
    Sort,
    TextFilter,
    by,
    column,
    computed_list,
    condition,
    expression,
    field,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from domain import validation
from domain.errors import OutOfRange, TooMany
from domain.geo.pc2 import pc2_centre
from domain.teams import days_off
from domain.teams.days_off import every_day
from domain.teams.details import MOST_MEMBERS, calendar_day
from domain.teams.errors import UnknownPlace
from domain.teams.models import Absence as AbsenceRow
from domain.teams.models import AbsenceReason, TeamHours, TeamRegion
from domain.teams.models import Region as RegionRow
from domain.teams.models import Team as TeamRow
from domain.teams.models import TeamMember as TeamMemberRow
from domain.teams.weather import Hazard, Rule, Weather, WeatherSource, outlook
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.users import User

UserRef = Annotated["User", strawberry.lazy("api.users")]
TeamRef = Annotated["Team", strawberry.lazy("api.teams")]
AUDIENCES = (Audience.STAFF, Audience.TECHNICIAN, Audience.SYSTEM)
_MOST_DAYS, _MOST_WEATHER, _MOST_AREAS = 1100, 60, 20


class Weekday(StrEnum):
    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


described(Weekday, "A day of the week.", **{day.name: f"{day.name.title()}." for day in Weekday})
described(
    AbsenceReason,
    "Why a team does not work.",
    ILL="Somebody is ill.",
    LEAVE="Leave.",
    VEHICLE="The vehicle cannot be used.",
    TRAINING="Training.",
    OTHER="Something else; the note may say what.",
)


@reads(RegionRow, audiences=AUDIENCES)
@strawberry.type(description="A part of the country by postcode; regions overlap.")
class Region(Node):
    code: str = column("Short name in capitals.")
    name: str = column("Name.")
    postcode_prefixes: list[str] = column("Starts of its postcodes, one to four digits each.")
    created_at: datetime = column("When it was added.")
    teams: list[TeamRef] = related_list(
        "The teams that work in it.",
        on=lambda r, t: _works_in(t.id, r.id),
        order_by=lambda t: t.name,
    )


@reads(None, audiences=AUDIENCES)
@strawberry.type(description="When a team works on a weekday: it leaves its base and is back within these hours.")
class WorkingHours:
    weekday: Weekday = column("The day.")
    starts: time = column("From, in Amsterdam.")
    ends: time = column("Until.")


@reads(TeamMemberRow, audiences=AUDIENCES)
@strawberry.type(description="Somebody on a team.")
class TeamMember(Node):
    name: str = column("Name.")
    since: date = column("First day.")
    until: date | None = column("Last day; none while it lasts.")
    user: UserRef | None = related("The login, where there is one.", on=lambda m, u: u.id == m.user_id)


@reads(AbsenceRow, audiences=AUDIENCES)
@strawberry.type(description="Days on which a team does not work, or some hours of them.")
class Absence(Node):
    first_day: date = expression("First day.", lambda a: func.lower(a.days, type_=Date))
    last_day: date = expression("Last day.", lambda a: func.upper(a.days, type_=Date) - 1)
    starts: time | None = column("From, on each of the days; the whole day where it is absent.")
    ends: time | None = column("Until.")
    reason: AbsenceReason = column("Why.")
    note: str = column("What was noted.")
    created_at: datetime = column("When it was set.")
    team: TeamRef | None = related("The team.", on=lambda a, t: t.id == a.team_id)


def _works_in(team_id: Any, region_id: Any) -> ColumnElement[bool]:
    return exists().where(TeamRegion.team_id == team_id, TeamRegion.region_id == region_id)


def _hours(team: Any) -> Select[Any]:
    day = TeamHours.__table__.alias()
    names = case({number: name.value for number, name in enumerate(Weekday)}, value=day.c.weekday)
    columns = (names.label("weekday"), day.c.starts, day.c.ends)
    return select(*columns).where(day.c.team_id == team.id).order_by(day.c.weekday)


@filters(AbsenceRow)
@strawberry.input(description="Which absences; all conditions hold together.")
class AbsenceFilter:
    team_id: IDFilter | None = match("Of this team.", node="Team")
    reason: EnumFilter[AbsenceReason] | None = match("By reason.")
    from_day: date | None = condition("That last until this day or longer.", lambda a, day: func.upper(a.days) > day)
    until_day: date | None = condition("That begin on this day or before.", lambda a, day: func.lower(a.days) <= day)


_FIRST_DAY = by("By first day.", lambda a: func.lower(a.days, type_=Date), nullable=False)
ABSENCE_SORT = Sort(AbsenceRow, created_at="When it was set.", first_day=_FIRST_DAY, default="-created_at")


@reads(TeamRow, audiences=AUDIENCES)
@strawberry.type(description="A crew with a vehicle; it works for all business entities.")
class Team(Node):
    name: str = column("Name.")
    base_city: str = column("Where it starts the day.")
    skills: list[str] = column("What it can do.")
    base_postcode: str = column("Postcode of where it starts the day, or its four digits.")
    base_latitude: float = column("Degrees north, WGS 84.")
    base_longitude: float = column("Degrees east.")
    vehicle: str = column("Its vehicle; may be empty.")
    crew: int = column("How many mechanics it is made up of.")
    max_jobs: int = column("Most visits of a day.")
    max_minutes: int = column("Most work of a day at customers, in minutes.")
    active: bool = column("Whether it is planned.")
    created_at: datetime = column("Since when.")
    hours: list[WorkingHours] = computed_list("When it works; not on days that are left out.", _hours, limit=7)
    members: list[TeamMember] = related_list(
        "Who is on it, was or will be.",
        on=lambda t, m: m.team_id == t.id,
        order_by=lambda m: m.since,
        limit=MOST_MEMBERS,
    )
    regions: list[Region] = related_list(
        "The regions that it works in; none: everywhere.",
        on=lambda t, r: _works_in(t.id, r.id),
        order_by=lambda r: r.code,
    )
    absences: Connection[Absence] = related_connection(
        "When it does not work.", on=lambda t, a: a.team_id == t.id, filter=AbsenceFilter, order=ABSENCE_SORT
    )


def _covers(region: Any, postcode: Any) -> ColumnElement[bool]:
    prefix = func.unnest(region.postcode_prefixes).table_valued("prefix").render_derived()
    return exists(select(1).select_from(prefix).where(func.starts_with(postcode, prefix.c.prefix)))


@filters(RegionRow)
@strawberry.input(description="Which regions; all conditions hold together.")
class RegionFilter:
    code: TextFilter | None = match("By code.")
    postcode: str | None = condition("Regions that a postcode is in, such as 3861AB.", _covers)
    team_id: strawberry.ID | None = condition(
        "Regions that a team works in.", lambda r, team: _works_in(team, r.id), node="Team"
    )


REGION_SORT = Sort(RegionRow, code="By code.", name="By name.", created_at="When it was added.", default="code")


@filters(TeamRow)
@strawberry.input(description="Which teams; all conditions hold together.")
class TeamFilter:
    name: TextFilter | None = match("By name.")
    active: bool | None = match("Whether they are planned.")
    skills: list[str] | None = condition("Teams with all of these skills.", lambda t, skills: t.skills.op("@>")(skills))
    region_id: strawberry.ID | None = condition(
        "Teams that work in a region.", lambda t, region: _works_in(t.id, region), node="Region"
    )


TEAM_SORT = Sort(TeamRow, name="By name.", created_at="Since when.", default="name")


@strawberry.type(description="A day on which no team works, or on which a planner said that work goes on.")
class Holiday:
    day: date = strawberry.field(description="The day.")
    name: str = strawberry.field(description="Its name, in Dutch.")
    working: bool = strawberry.field(description="Whether teams work on it all the same.")
    changed: bool = strawberry.field(description="Whether a planner said so, and not the calendar of public holidays.")


described(
    WeatherSource,
    "Who says what the weather will be.",
    FORECAST="A forecast.",
    CLIMATE="Long-term normals, where no forecast reaches.",
)
described(
    Hazard,
    "Why nobody works outdoors.",
    GUSTS="Gusts are too strong.",
    RAIN="Too much rain falls.",
    FROST="It freezes all day.",
)


@strawberry.type(description="What the weather of a day means for work outdoors, in a two-digit postcode area.")
class WeatherDay:
    area: str = strawberry.field(description="First two digits of the postcode.")
    day: date = strawberry.field(description="The day.")
    source: WeatherSource = strawberry.field(description="Who says so.")
    unfit: bool = strawberry.field(description="Whether nobody is planned outdoors.")
    chance: float = strawberry.field(
        description="That it is unfit, 0 to 1: one of the two by forecast, what lies between by long-term normals."
    )
    hazards: list[Hazard] = strawberry.field(description="Which limits the forecast is beyond.")
    gusts_kmh: float | None = strawberry.field(description="Strongest gust, by forecast.")
    rain_mm: float | None = strawberry.field(description="Rain of the day, by forecast.")
    warmest_c: float | None = strawberry.field(description="Warmest of the day, by forecast.")

    @classmethod
    def of(cls, known: Weather) -> Self:
        said = known.said
        return cls(
            area=known.area,
            day=known.day,
            source=known.source,
            unfit=known.unfit,
            chance=known.chance,
            hazards=list(known.hazards),
            gusts_kmh=said.gusts_kmh if said else None,
            rain_mm=said.rain_mm if said else None,
            warmest_c=said.warmest_c if said else None,
        )


Areas = Annotated[list[str], strawberry.argument(description="Postcodes, or their first two digits; at most 20 areas.")]
Days = Annotated[int, strawberry.argument(description="How many days, 1 to 60.")]
FirstDay = Annotated[date, strawberry.argument(description="First day.")]
LastDay = Annotated[date, strawberry.argument(description="Last day; at most three years after the first.")]


@strawberry.type
class TeamQueries:
    region: Region | None = read_one("One region.", by=("id", "code"), requires=Permission.TEAMS_READ)
    regions: Connection[Region] = read_connection(
        "Parts of the country.", filter=RegionFilter, order=REGION_SORT, requires=Permission.TEAMS_READ
    )
    team: Team | None = read_one("One team.", by=("id", "name"), requires=Permission.TEAMS_READ)
    teams: Connection[Team] = read_connection(
        "Teams; a technician's own.", filter=TeamFilter, order=TEAM_SORT, requires=Permission.TEAMS_READ
    )
    absences: Connection[Absence] = read_connection(
        "When teams do not work.", filter=AbsenceFilter, order=ABSENCE_SORT, requires=Permission.TEAMS_READ
    )

    @field("Public holidays, with what planners changed.", requires=Permission.TEAMS_READ, most=50)
    async def holidays(self, info: Info, first_day: FirstDay, last_day: LastDay) -> list[Holiday]:
        calendar_day(first_day, "firstDay")
        calendar_day(last_day, "lastDay")
        if not 0 <= (last_day - first_day).days <= _MOST_DAYS:
            raise OutOfRange(field=("lastDay",), minimum=first_day.isoformat(), maximum=_latest(first_day).isoformat())
        async with info.context.read() as session:
            found = await days_off.holidays_between(session, first_day, last_day)
        return [Holiday(day=each.day, name=each.name, working=each.working, changed=each.changed) for each in found]

    @field("The weather for work outdoors, as far as it was asked for.", requires=Permission.TEAMS_READ, most=100)
    async def weather(self, info: Info, areas: Areas, first_day: FirstDay, days: Days = 14) -> list[WeatherDay]:
        calendar_day(first_day, "firstDay")
        validation.integer(days, 1, _MOST_WEATHER, "days")
        wanted = [_area(area, place) for place, area in enumerate(areas)]
        if len(set(wanted)) > _MOST_AREAS:
            raise TooMany(field=("areas",), maximum=_MOST_AREAS)
        rule = Rule.from_settings(info.context.settings)
        async with info.context.system() as session:
            known = await outlook(session, rule, wanted, every_day(first_day, days))
        return [WeatherDay.of(weather) for weather in known.values()]


def _area(given: str, place: int) -> str:
    if pc2_centre(given[:2]) is None:
        raise UnknownPlace(field=("areas", place))
    return given[:2]


def _latest(first_day: date) -> date:
    return first_day + timedelta(days=_MOST_DAYS)


TYPES = (Team, Region, TeamMember, Absence)
