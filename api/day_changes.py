"""What is done on a team's day: dispatch, position, travel, arrival, completion, moving and pinning visits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.day_shapes import TeamDaySchedule, TeamDayWarning, on_the_clock, schedule_values, sees_as, warning_shape
from api.inputs import key_of, optional_key
from api.mutations import Payload, mutation
from api.reading import BadInput, global_id, read_in, read_in_many
from api.visits import Visit
from domain.days import dispatching, moves, pins, positions, reports, undoing
from domain.days.errors import DayChanged
from domain.days.loading import apart
from domain.days.models import ReportKind
from domain.days.positions import Position
from domain.days.reports import Report, Reported
from domain.days.weighing import Wish
from domain.errors import NotFound, Required, TooMany
from domain.geo.location import Point
from domain.rows import find
from domain.slots.guard import OVERLAPPING, TOO_MANY
from domain.teams.details import calendar_day
from domain.teams.models import Team as TeamRow
from domain.travel.matrix import travel_of
from domain.visits.models import DayBlock, VisitOutcome
from domain.visits.models import Visit as VisitRow
from tenants.audience import Audience
from tenants.permissions import Permission

T = TypeVar("T")
MOST_POSITIONS = 100


@strawberry.type(description="What dispatch returns.")
class DispatchPayload(Payload):
    visits: list[Visit] = strawberry.field(
        default_factory=list, description="The visits of which the team was told something new, as far as yours to see."
    )
    changed: int | None = strawberry.field(default=None, description="How many in all.")
    withdrawn: int | None = strawberry.field(default=None, description="How many it was told are off.")


@strawberry.type(description="What updateTeamPosition returns.")
class UpdateTeamPositionPayload(Payload):
    kept: int | None = strawberry.field(default=None, description="Positions that were kept.")
    ignored: int | None = strawberry.field(
        default=None, description="Positions that were not: known already, older than a day, or outside working hours."
    )


@strawberry.type(description="What startTravel and arriveVisit return.")
class VisitReportPayload(Payload):
    visit: Visit | None = strawberry.field(default=None, description="The visit as it is now.")


@strawberry.type(description="What completeVisit returns.")
class CompleteVisitPayload(Payload):
    visit: Visit | None = strawberry.field(default=None, description="The visit as it is now.")
    follow_up: Visit | None = strawberry.field(default=None, description="The visit that what is left became.")


@strawberry.type(description="A customer to whom the team comes at another time than was promised or told.")
class TouchedPromise:
    visit_id: strawberry.ID | None = strawberry.field(description="The visit; null where it is not yours to see.")
    minutes_later: int = strawberry.field(description="Minutes; earlier where it is negative.")


@strawberry.type(description="What a move does to a team's day.")
class TeamDayEffect:
    before: TeamDaySchedule = strawberry.field(description="As it is.")
    after: TeamDaySchedule = strawberry.field(description="As it would be, or is.")
    broken: list[TeamDayWarning] = strawberry.field(description="Rules that it breaks and did not break before.")
    touched: list[TouchedPromise] = strawberry.field(
        description="Who was promised a part of the day or told a window, and gets the team ten minutes or more off."
    )
    drive_minutes_added: int = strawberry.field(description="Driving more; less where it is negative.")


@strawberry.type(description="What moveVisit returns.")
class MoveVisitPayload(Payload):
    visit: Visit | None = strawberry.field(default=None, description="The visit as it is now.")
    moved: bool = strawberry.field(default=False, description="Whether it was moved; not by a preview.")
    allowed: bool | None = strawberry.field(default=None, description="Whether no hard rule speaks against it.")
    releases_promise: bool | None = strawberry.field(
        default=None, description="Whether the customer was promised another day or part of the day."
    )
    days: list[TeamDayEffect] = strawberry.field(default_factory=list, description="The days that change.")


@strawberry.type(description="What undoMove returns.")
class UndoMovePayload(Payload):
    visit: Visit | None = strawberry.field(default=None, description="The visit, where it was.")


@strawberry.type(description="What pinVisit returns.")
class PinVisitPayload(Payload):
    visit: Visit | None = strawberry.field(default=None, description="The visit as it is now.")


@strawberry.input(description="Where a team was, and when.")
class TeamPositionInput:
    at: datetime = strawberry.field(description="When, by the clock of the device.")
    latitude: float = strawberry.field(description="Degrees north, WGS 84.")
    longitude: float = strawberry.field(description="Degrees east.")
    accuracy_metres: int | None = strawberry.field(default=None, description="How exact it is.")
    heading: int | None = strawberry.field(default=None, description="Degrees from north, clockwise, 0 to 359.")


TeamId = Annotated[strawberry.ID, strawberry.argument(description="The team.")]
OwnTeamId = Annotated[
    strawberry.ID | None, strawberry.argument(description="The team; technicians may leave it out, theirs is meant.")
]
Day = Annotated[date, strawberry.argument(description="The day, in Amsterdam.")]
VisitId = Annotated[strawberry.ID, strawberry.argument(description="The visit.")]
At = Annotated[
    datetime, strawberry.argument(description="When it happened, by the clock of the device; at most 14 days ago.")
]
ClientId = Annotated[
    UUID,
    strawberry.argument(
        description="Number that the device gave the report: sent again, it has one effect and one answer."
    ),
]
Outcome = Annotated[VisitOutcome, strawberry.argument(description="What came of it.")]
MinutesLeft = Annotated[
    int | None,
    strawberry.argument(description="PARTIAL: how long the rest takes; as long as the visit where it is left out."),
]
Note = Annotated[str | None, strawberry.argument(description="What else there is to say, at most 2000 characters.")]
Positions = Annotated[
    list[TeamPositionInput], strawberry.argument(description="In any order, at most 100: what was kept while offline.")
]
TargetTeam = Annotated[
    strawberry.ID | None, strawberry.argument(description="The team; without it the visit waits to be planned again.")
]
TargetDay = Annotated[date | None, strawberry.argument(description="The day, with the team.")]
At_ = Annotated[
    int | None, strawberry.argument(description="Place in the route, from 0; where it costs least when left out.")
]
Block = Annotated[
    DayBlock | None, strawberry.argument(description="Part of the day; what comes of the route when left out.")
]
Preview = Annotated[bool, strawberry.argument(description="Only say what it would mean; nothing is changed.")]
Release = Annotated[
    bool, strawberry.argument(description="Consent to break the promise to the customer, who is told of it.")
]
Agreed = Annotated[
    bool, strawberry.argument(description="The customer has agreed to the new time, which is promised then.")
]
Pinned = Annotated[bool, strawberry.argument(description="Whether team and day are fixed, or free again.")]


@strawberry.type
class DayMutations:
    @mutation(
        "Gives a team its route of a day: at first all of it, later what has changed. Technicians are notified, and "
        "customers get the window in which the team arrives.",
        requires=Permission.PLANNING_WRITE,
    )
    async def dispatch(self, info: Info, team_id: TeamId, day: Day) -> DispatchPayload:
        key, wanted = key_of("Team", team_id, "teamId"), calendar_day(day, "day")
        context = info.context
        async with context.write() as session:
            await find(session, TeamRow, key, field=("team_id",))
            travel = travel_of(context.database, context.settings)
            _, drives = await apart(context.database, travel, [key], wanted, wanted)
            async with _platform(info) as system:
                told = await dispatching.dispatch(system, drives, key, wanted, on_the_clock())
            return DispatchPayload(
                visits=await read_in_many(session, info, "visits", told.changed),
                changed=len(told.changed),
                withdrawn=len(told.withdrawn),
            )

    @mutation(
        "Says where a team is. Kept for some days, in working hours only; the newest is shown, in whatever order they "
        "come.",
        requires=Permission.VISITS_WORK,
    )
    async def update_team_position(
        self, info: Info, positions: Positions, team_id: OwnTeamId = None
    ) -> UpdateTeamPositionPayload:
        if len(positions) > MOST_POSITIONS:
            raise TooMany(maximum=MOST_POSITIONS, field=("positions",))
        said = [_position(each) for each in positions]
        async with info.context.write() as session:
            key = await _team(session, info, team_id)
            async with _platform(info) as system:
                taken = await _update_position(system, key, said)
            return UpdateTeamPositionPayload(kept=taken.kept, ignored=taken.ignored)

    @mutation(
        "The team sets out for a visit. May be sent hours later, twice, and in any order with the reports that follow.",
        requires=Permission.VISITS_WORK,
    )
    async def start_travel(self, info: Info, id: VisitId, at: At, client_id: ClientId) -> VisitReportPayload:
        return await _report(info, id, Report(client_id, ReportKind.TRAVEL, _aware(at)))

    @mutation("The team has arrived and begins to work.", requires=Permission.VISITS_WORK)
    async def arrive_visit(self, info: Info, id: VisitId, at: At, client_id: ClientId) -> VisitReportPayload:
        return await _report(info, id, Report(client_id, ReportKind.ARRIVAL, _aware(at)))

    @mutation(
        "The visit is over. PARTIAL and RESCHEDULED call for another visit, which waits to be planned.",
        requires=Permission.VISITS_WORK,
    )
    async def complete_visit(
        self,
        info: Info,
        id: VisitId,
        at: At,
        client_id: ClientId,
        outcome: Outcome,
        minutes_left: MinutesLeft = None,
        note: Note = None,
    ) -> CompleteVisitPayload:
        said = Report(client_id, ReportKind.COMPLETION, _aware(at), outcome, minutes_left, note)
        async with info.context.write() as session:
            done = await _reported(session, info, id, said)
            return CompleteVisitPayload(
                visit=await read_in(session, info, "visit", done.visit.id if done.visit else None),
                follow_up=await read_in(session, info, "follow_up", done.follow_up_id),
            )

    @mutation(
        "Moves a visit to another team, day or place in the route, or takes it off its day. Hard rules hold; a promise "
        "only gives way to `release`. With `preview` it says what it would mean for both days.",
        requires=Permission.PLANNING_WRITE,
    )
    async def move_visit(
        self,
        info: Info,
        id: VisitId,
        team_id: TargetTeam = None,
        day: TargetDay = None,
        position: At_ = None,
        block: Block = None,
        preview: Preview = False,
        release: Release = False,
        agreed: Agreed = False,
    ) -> MoveVisitPayload:
        wish = Wish(key_of("Visit", id), _target(team_id, day), position, block, release, agreed)
        async with info.context.write() as session:
            visit = await moves.asked(session, wish)
            effects = await (_preview(info, wish) if preview else _move(info, wish, visit))
            return MoveVisitPayload(
                visit=await read_in(session, info, "visit", wish.visit_id),
                moved=not preview,
                allowed=effects.allowed,
                releases_promise=effects.releases_promise,
                days=[_effect(each) for each in effects.days],
            )

    @mutation(
        "Takes back the last move of a visit, as long as nothing else has changed on its days.",
        requires=Permission.PLANNING_WRITE,
    )
    async def undo_move(self, info: Info, id: VisitId) -> UndoMovePayload:
        key = key_of("Visit", id)
        async with info.context.write() as session:
            await find(session, VisitRow, key)
            async with _platform(info) as system:
                await undoing.undo(system, key, on_the_clock())
            return UndoMovePayload(visit=await read_in(session, info, "visit", key))

    @mutation("Fixes the team and the day of a visit, or frees them.", requires=Permission.PLANNING_WRITE)
    async def pin_visit(self, info: Info, id: VisitId, pinned: Pinned = True) -> PinVisitPayload:
        async with info.context.write() as session:
            visit = await pins.pin(session, key_of("Visit", id), pinned=pinned)
            return PinVisitPayload(visit=await read_in(session, info, "visit", visit.id))


@asynccontextmanager
async def _platform(info: Info) -> AsyncIterator[AsyncSession]:
    """A transaction of its own as the platform: it is committed when the actor's reads what came of it.

    A team's day is of all business entities, and a part of it is not the actor's to see or to write.
    """
    try:
        async with info.context.database.session(info.context.platform) as session:
            yield session
    except DBAPIError as error:
        if getattr(error.orig, "constraint_name", None) in (TOO_MANY, OVERLAPPING):
            raise DayChanged() from error
        raise


# --- reports ------------------------------------------------------------------------------------------------------


async def _report(info: Info, id: str, said: Report) -> VisitReportPayload:
    async with info.context.write() as session:
        done = await _reported(session, info, id, said)
        return VisitReportPayload(visit=await read_in(session, info, "visit", done.visit.id if done.visit else None))


async def _reported(session: AsyncSession, info: Info, id: str, said: Report) -> Reported:
    """The report, taken and committed; then its conflict is raised, where it has one."""
    key, actor, now = key_of("Visit", id), info.context.actor, on_the_clock()
    try:
        await find(session, VisitRow, key)
    except NotFound:
        await _given_once(info, key)
    async with _platform(info) as system:
        done = await reports.report(system, key, actor.team_id, said, now)
        await reports.follow(system, done, now)
    if done.conflict is not None:
        raise done.conflict
    return done


async def _given_once(info: Info, key: UUID) -> None:
    """A visit that a team has no more is one that it may still report of. Raises: NotFound."""
    team_id = info.context.actor.team_id
    async with _platform(info) as system:
        if info.context.actor.audience is not Audience.TECHNICIAN or team_id is None:
            raise NotFound(field=("id",))
        if not await reports.given_to(system, key, team_id):
            raise NotFound(field=("id",))


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise BadInput("BAD_INPUT", "at", "a time with an offset, as in 2026-03-12T08:30:00Z.")
    return at


# --- positions ----------------------------------------------------------------------------------------------------


async def _team(session: AsyncSession, info: Info, team_id: str | None) -> UUID:
    key = optional_key("Team", team_id, "teamId") or info.context.actor.team_id
    if key is None:
        raise Required(field=("team_id",))
    return (await find(session, TeamRow, key, field=("team_id",))).id


def _position(given: TeamPositionInput) -> Position:
    point = Point(given.latitude, given.longitude)
    return Position(_aware(given.at), point, given.accuracy_metres, given.heading)


async def _update_position(system: AsyncSession, team_id: UUID, said: list[Position]) -> positions.Taken:
    return await positions.update(system, team_id, said, on_the_clock())


# --- moves --------------------------------------------------------------------------------------------------------


def _target(team_id: str | None, day: date | None) -> tuple[UUID, date] | None:
    key = optional_key("Team", team_id, "teamId")
    if key is None and day is None:
        return None
    if key is None:
        raise Required(field=("team_id",))
    if day is None:
        raise Required(field=("day",))
    return key, calendar_day(day, "day")


async def _preview(info: Info, wish: Wish) -> moves.Effects:
    context = info.context
    travel = travel_of(context.database, context.settings)
    return await moves.preview(context.database, travel, wish, sees_as(context.actor), on_the_clock())


async def _move(info: Info, wish: Wish, visit: VisitRow) -> moves.Effects:
    context, now, seen = info.context, on_the_clock(), (visit.team_id, visit.day)
    drives = await moves.drives_for(context.database, travel_of(context.database, context.settings), visit, wish)
    async with _platform(info) as system:
        return await moves.move(system, drives, wish, seen, sees_as(context.actor), now)


def _effect(effect: moves.DayEffect) -> TeamDayEffect:
    return TeamDayEffect(
        before=TeamDaySchedule(**schedule_values(effect.before)),
        after=TeamDaySchedule(**schedule_values(effect.after)),
        broken=[warning_shape(each) for each in effect.broken],
        touched=[
            TouchedPromise(
                visit_id=strawberry.ID(global_id("Visit", each.visit_id)) if each.visit_id else None,
                minutes_later=each.minutes,
            )
            for each in effect.touched
        ],
        drive_minutes_added=effect.after.drive_minutes - effect.before.drive_minutes,
    )
