"""Keeping teams, regions and their calendar; and what planners know of a visit."""

from datetime import date, time
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.context import Info
from api.inputs import given, key_of, optional_key
from api.mutations import Payload, mutation
from api.reading import global_id, read_in
from api.teams import Absence, Holiday, Region, Team, Weekday
from api.visits import Visit
from domain.teams import absences, days_off, service
from domain.teams.details import Away, Hours, Member
from domain.teams.models import AbsenceReason
from domain.visits import planning
from tenants.permissions import Permission

_LEFT_OUT = strawberry.UNSET
_WEEKDAYS = {day: number for number, day in enumerate(Weekday)}


@strawberry.input(description="When a team works on a weekday.")
class WorkingHoursInput:
    weekday: Weekday = strawberry.field(description="The day, each once.")
    starts: time = strawberry.field(description="From, in whole minutes, as in `07:30`.")
    ends: time = strawberry.field(description="Until.")


@strawberry.input(description="Somebody on a team: with a login, or by name.")
class TeamMemberInput:
    user_id: strawberry.ID | None = strawberry.field(default=None, description="The login.")
    name: str | None = strawberry.field(default=None, description="The name; that of the login if left out.")
    since: date = strawberry.field(description="First day.")
    until: date | None = strawberry.field(default=None, description="Last day; none while it lasts.")


@strawberry.input(description="A team. Of one that is there, what is left out stays as it is.")
class UpsertTeamInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="The team to change; a new one if left out.")
    name: str | None = strawberry.field(default=_LEFT_OUT, description="Name, unique; a new team needs one.")
    base_postcode: str | None = strawberry.field(
        default=_LEFT_OUT, description="Postcode of where it starts the day, or four digits; a new team needs one."
    )
    base_city: str | None = strawberry.field(default=_LEFT_OUT, description="The place; the postcode's if left out.")
    base_latitude: float | None = strawberry.field(
        default=_LEFT_OUT, description="Degrees north, with the longitude; the middle of the postcode if left out."
    )
    base_longitude: float | None = strawberry.field(default=_LEFT_OUT, description="Degrees east.")
    vehicle: str | None = strawberry.field(default=_LEFT_OUT, description="Its vehicle, at most 80 characters.")
    crew: int | None = strawberry.field(default=_LEFT_OUT, description="Mechanics, 1 to 10; 2 for a new team.")
    max_jobs: int | None = strawberry.field(default=_LEFT_OUT, description="Visits a day, 1 to 10; 3 for a new team.")
    max_minutes: int | None = strawberry.field(
        default=_LEFT_OUT, description="Minutes of work a day at customers, 30 to 1440; 480 for a new team."
    )
    skills: list[str] | None = strawberry.field(default=_LEFT_OUT, description="What it can do, at most 50.")
    active: bool | None = strawberry.field(default=_LEFT_OUT, description="Whether it is planned.")
    hours: list[WorkingHoursInput] | None = strawberry.field(
        default=_LEFT_OUT, description="When it works, all anew; not on days that are left out."
    )
    members: list[TeamMemberInput] | None = strawberry.field(
        default=_LEFT_OUT, description="Who is on it, was or will be, all anew; at most 20."
    )
    region_ids: list[strawberry.ID] | None = strawberry.field(
        default=_LEFT_OUT, description="The regions that it works in, all anew; none: everywhere."
    )


@strawberry.input(description="A region. Of one that is there, what is left out stays as it is.")
class UpsertRegionInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="The region to change; else a new one.")
    code: str | None = strawberry.field(
        default=_LEFT_OUT, description="1 to 20 capitals, digits or hyphens, unique; a new region needs one."
    )
    name: str | None = strawberry.field(default=_LEFT_OUT, description="Name; a new region needs one.")
    postcode_prefixes: list[str] | None = strawberry.field(
        default=_LEFT_OUT, description="Starts of postcodes, one to four digits each; a new region needs some."
    )


@strawberry.input(description="Days on which a team does not work, or some hours of them.")
class SetAbsenceInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="The absence to change; else a new one.")
    team_id: strawberry.ID = strawberry.field(description="The team.")
    first_day: date = strawberry.field(description="First day.")
    last_day: date | None = strawberry.field(default=None, description="Last day, at most a year on; else the first.")
    starts: time | None = strawberry.field(
        default=None, description="From, on each of the days, with `ends`; the whole day if both are left out."
    )
    ends: time | None = strawberry.field(default=None, description="Until.")
    reason: AbsenceReason = strawberry.field(description="Why.")
    note: str = strawberry.field(default="", description="A note, at most 500 characters.")


@strawberry.type(description="What upsertTeam returns.")
class UpsertTeamPayload(Payload):
    team: Team | None = strawberry.field(default=None, description="The team as it is now.")


@strawberry.type(description="What upsertRegion returns.")
class UpsertRegionPayload(Payload):
    region: Region | None = strawberry.field(default=None, description="The region as it is now.")


@strawberry.type(description="What removeRegion returns.")
class RemoveRegionPayload(Payload):
    removed_id: strawberry.ID | None = strawberry.field(default=None, description="The id of the region that is gone.")


@strawberry.type(description="What setAbsence returns.")
class SetAbsencePayload(Payload):
    absence: Absence | None = strawberry.field(default=None, description="The absence as it is now.")


@strawberry.type(description="What removeAbsence returns.")
class RemoveAbsencePayload(Payload):
    removed_id: strawberry.ID | None = strawberry.field(default=None, description="The id of the absence that is gone.")


@strawberry.type(description="What setHoliday and restoreHoliday return.")
class HolidayPayload(Payload):
    holiday: Holiday | None = strawberry.field(
        default=None, description="The day as it is now; none where it is an ordinary one again."
    )


@strawberry.type(description="What setMaterialDate returns.")
class SetMaterialDatePayload(Payload):
    visit: Visit | None = strawberry.field(default=None, description="The visit as it is now.")


@strawberry.type(description="What setVisitPriority returns.")
class SetVisitPriorityPayload(Payload):
    visit: Visit | None = strawberry.field(default=None, description="The visit as it is now.")


RegionId = Annotated[strawberry.ID, strawberry.argument(description="The region.")]
AbsenceId = Annotated[strawberry.ID, strawberry.argument(description="The absence.")]
VisitId = Annotated[strawberry.ID, strawberry.argument(description="The visit.")]
Day = Annotated[date, strawberry.argument(description="The day.")]
DayName = Annotated[
    str | None, strawberry.argument(description="What it is called; the calendar's name if left out, where it has one.")
]
Working = Annotated[bool, strawberry.argument(description="Whether teams work on it; a day off if left out.")]
MaterialDay = Annotated[
    date | None, strawberry.argument(description="First day on which the material is there; none: it is there.")
]
PriorityOf = Annotated[int, strawberry.argument(description="0 (ordinary) to 9.")]


@strawberry.type
class TeamMutations:
    @mutation(
        "Adds a team, or changes one; what is planned for it stays.",
        requires=Permission.PLANNING_WRITE,
    )
    async def upsert_team(self, info: Info, input: UpsertTeamInput) -> UpsertTeamPayload:
        key, values = optional_key("Team", input.id), _team(input)
        async with info.context.write() as session:
            team = await service.save_team(session, key, values)
            return UpsertTeamPayload(team=await read_in(session, info, "team", team.id))

    @mutation("Adds a region, or changes one.", requires=Permission.PLANNING_WRITE)
    async def upsert_region(self, info: Info, input: UpsertRegionInput) -> UpsertRegionPayload:
        key, values = optional_key("Region", input.id), _present(input, but=("id",))
        async with info.context.write() as session:
            region = await service.save_region(session, key, values)
            return UpsertRegionPayload(region=await read_in(session, info, "region", region.id))

    @mutation("Removes a region; refused where it is the only one of a team.", requires=Permission.PLANNING_WRITE)
    async def remove_region(self, info: Info, id: RegionId) -> RemoveRegionPayload:
        key = key_of("Region", id)
        async with info.context.write() as session:
            return RemoveRegionPayload(removed_id=_gone("Region", await service.remove_region(session, key)))

    @mutation("Says that a team does not work, or changes such days.", requires=Permission.PLANNING_WRITE)
    async def set_absence(self, info: Info, input: SetAbsenceInput) -> SetAbsencePayload:
        key, team_id = optional_key("Absence", input.id), key_of("Team", input.team_id, "teamId")
        away = Away(input.first_day, input.last_day or input.first_day, input.starts, input.ends)
        async with info.context.write() as session:
            absence = await absences.set_absence(session, key, team_id, away, input.reason, input.note)
            return SetAbsencePayload(absence=await read_in(session, info, "absence", absence.id))

    @mutation("Takes an absence back.", requires=Permission.PLANNING_WRITE)
    async def remove_absence(self, info: Info, id: AbsenceId) -> RemoveAbsencePayload:
        key = key_of("Absence", id)
        async with info.context.write() as session:
            return RemoveAbsencePayload(removed_id=_gone("Absence", await absences.remove_absence(session, key)))

    @mutation("Makes a day one off, or says that teams work on a public holiday.", requires=Permission.PLANNING_WRITE)
    async def set_holiday(self, info: Info, day: Day, name: DayName = None, working: Working = False) -> HolidayPayload:
        async with info.context.write() as session:
            await absences.set_holiday(session, day, name, working=working)
            return HolidayPayload(holiday=await _holiday(session, day))

    @mutation("A day is again what the calendar of public holidays says.", requires=Permission.PLANNING_WRITE)
    async def restore_holiday(self, info: Info, day: Day) -> HolidayPayload:
        async with info.context.write() as session:
            await absences.restore_holiday(session, day)
            return HolidayPayload(holiday=await _holiday(session, day))

    @mutation("Says from which day the material of a visit is there.", requires=Permission.PLANNING_WRITE)
    async def set_material_date(self, info: Info, visit_id: VisitId, day: MaterialDay = None) -> SetMaterialDatePayload:
        key = key_of("Visit", visit_id, "visitId")
        async with info.context.write() as session:
            visit = await planning.set_material_date(session, key, day)
            return SetMaterialDatePayload(visit=await read_in(session, info, "visit", visit.id))

    @mutation("Says how much a visit matters.", requires=Permission.PLANNING_WRITE)
    async def set_visit_priority(self, info: Info, visit_id: VisitId, priority: PriorityOf) -> SetVisitPriorityPayload:
        key = key_of("Visit", visit_id, "visitId")
        async with info.context.write() as session:
            visit = await planning.set_priority(session, key, priority)
            return SetVisitPriorityPayload(visit=await read_in(session, info, "visit", visit.id))


def _team(input: UpsertTeamInput) -> dict[str, Any]:
    values = _present(input, but=("id",))
    if hours := values.get("hours"):
        values["hours"] = [Hours(_WEEKDAYS[day.weekday], day.starts, day.ends) for day in hours]
    if members := values.get("members"):
        values["members"] = [_member(each, place) for place, each in enumerate(members)]
    if regions := values.get("region_ids"):
        values["region_ids"] = [key_of("Region", id, f"regionIds.{place}") for place, id in enumerate(regions)]
    return values


def _member(input: TeamMemberInput, place: int) -> Member:
    user_id = optional_key("User", input.user_id, f"members.{place}.userId")
    return Member(input.since, input.until, user_id, input.name or "")


def _present(input: Any, *, but: tuple[str, ...]) -> dict[str, Any]:
    """What is given; null says as little as leaving out."""
    return {name: value for name, value in given(input, but=but).items() if value is not None}


def _gone(kind: str, key: UUID) -> strawberry.ID:
    return strawberry.ID(global_id(kind, key))


async def _holiday(session: Any, day: date) -> Holiday | None:
    await session.flush()
    found = await days_off.holidays_between(session, day, day)
    return next((Holiday(day=e.day, name=e.name, working=e.working, changed=e.changed) for e in found), None)
