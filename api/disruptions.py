"""What upsets planned days: reported, repaired in seconds, and put in force with one click."""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.enums import described
from api.inputs import key_of
from api.mutations import Payload, mutation
from api.reading import (
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Node,
    Sort,
    column,
    expression,
    filters,
    match,
    read_connection,
    read_in,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from domain.disruptions import applying, reporting
from domain.disruptions.models import Disruption as DisruptionRow
from domain.disruptions.models import DisruptionEffect, DisruptionKind, DisruptionState
from domain.disruptions.models import DisruptionOffer as OfferRow
from domain.disruptions.models import DisruptionVisit as ChangeRow
from domain.disruptions.reporting import AHEAD_DAYS, LONGEST_OVERRUN, MOST_DAYS, MOST_NOTE, MOST_TEAMS, Report
from domain.slots.cache import boards_of
from domain.visits.models import DayBlock
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.jobs import Job
    from api.teams import Team
    from api.users import User
    from api.visits import Visit

JobRef = Annotated["Job", strawberry.lazy("api.jobs")]
TeamRef = Annotated["Team", strawberry.lazy("api.teams")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
VisitRef = Annotated["Visit", strawberry.lazy("api.visits")]
PLANNERS = [Audience.STAFF, Audience.SYSTEM]
_READ, _WRITE = Permission.PLANNING_READ, Permission.PLANNING_WRITE

described(
    DisruptionKind,
    "What upsets planned days.",
    TEAM_ILL="A team cannot work; it is absent from then on.",
    VEHICLE="A team has no vehicle; it is absent from then on.",
    WEATHER="The weather forbids work outdoors.",
    OVERRUN="The work in hand takes longer.",
)
described(
    DisruptionState,
    "How far a disruption is.",
    REPORTED="A worker repairs the days; that takes seconds.",
    PROPOSED="There is a repaired plan to apply or to discard.",
    APPLIED="The repaired plan is in force.",
    DISCARDED="The repaired plan was put aside.",
    FAILED="No repaired plan could be made; the plan in force stays.",
)
described(
    DisruptionEffect,
    "What the repaired plan does to a visit.",
    MOVED="Another team makes it, or in another part of the day.",
    RETIMED="The same team makes it at another time of the same part of the day.",
    LEFT_OUT="It loses its day, which was not promised, and waits to be planned anew.",
    PROMISE_BROKEN="Its promise cannot be kept; the customer is offered other places.",
)


@reads(OfferRow, audiences=PLANNERS)
@strawberry.type(description="A place that a customer is offered instead of a promise that cannot be kept.")
class DisruptionOffer(Node):
    day: date = column("The day.")
    block: DayBlock = column("The part of the day.")
    starts_at: datetime = column("When the work would begin.")
    ends_at: datetime = column("When it would end.")
    drive_added: int = column("Minutes of driving that it adds.")
    held_until: datetime | None = column("Until when the place is kept free for this customer; null where it is not.")
    team: TeamRef | None = related("On whose route it rests.", on=lambda o, t: t.id == o.team_id)


@reads(ChangeRow, audiences=PLANNERS)
@strawberry.type(description="What a repaired plan changes for a visit of yours.")
class DisruptionChange(Node):
    change: DisruptionEffect = column("What is done to it.")
    promised: bool = column("Whether day and block were promised to the customer.")
    held: bool = column("Whether it is a place that its customer holds, and no planned visit yet.")
    from_day: date = column("The day it had.")
    from_block: DayBlock = column("The part of that day.")
    from_starts_at: datetime | None = column("When it was to begin.")
    day: date | None = column("The day it gets; null where it loses it.")
    block: DayBlock | None = column("The part of that day.")
    starts_at: datetime | None = column("When it will begin.")
    ends_at: datetime | None = column("When it will end.")
    route_order: int | None = column("Its place in the team's day, from 0.")
    from_team: TeamRef | None = related("The team it had.", on=lambda c, t: t.id == c.from_team_id)
    team: TeamRef | None = related("The team it gets.", on=lambda c, t: t.id == c.team_id)
    visit: VisitRef | None = related("The visit.", on=lambda c, v: v.id == c.visit_id)
    offers: list[DisruptionOffer] = related_list(
        "Places for the customer to choose from, the nearest first; where a promise is broken.",
        on=lambda c, o: o.disruption_visit_id == c.id,
        order_by=lambda o: o.position,
    )


@filters(ChangeRow)
@strawberry.input(description="Which changes; all conditions hold together.")
class DisruptionChangeFilter:
    change: EnumFilter[DisruptionEffect] | None = match("By what is done.")
    promised: bool | None = match("Whether day and block were promised.")
    visit_id: IDFilter | None = match("Of this visit.", node="Visit")


CHANGE_SORT = Sort(ChangeRow, created_at="As the plan tells them.", default="created_at")


@reads(DisruptionRow, audiences=PLANNERS)
@strawberry.type(
    description="Something that upsets planned days, and the plan that repairs them. Figures count the visits of all "
    "business entities, whose teams are shared; changes are of your own visits."
)
class Disruption(Node):
    kind: DisruptionKind = column("What it is.")
    state: DisruptionState = column("How far it is.")
    first_day: date = column("The first day.")
    last_day: date = column("The last day.")
    from_time: time | None = column("From when on the first day, in Amsterdam; null: the whole day.")
    minutes: int | None = column("By how much the work overruns.")
    postcode_prefixes: list[str] = column("Where the weather is bad; everywhere where there are none.")
    note: str = column("What the reporter said.")
    created_at: datetime = column("When it was reported.")
    visits: int = column("Visits of these days that had not begun.")
    promises: int = column("Of them, those that were promised.")
    promises_kept: int = column("Promises that the repaired plan keeps.")
    promises_kept_before: int = column("Promises that would be kept if every team just went on.")
    promises_broken: int = expression("Promises that it cannot keep.", lambda d: d.promises - d.promises_kept)
    changed: int = column("Visits that change team or time.")
    left_out: int = column("Visits without a promise that lose their day.")
    travel_minutes: int = column("Driving of the repaired plan.")
    travel_minutes_before: int = column("Driving of the teams that still work, as planned before.")
    travel_source: str = column("Who says the drive times.")
    proven: bool = column("Whether no plan of these days keeps more promises or is worth more.")
    seconds: float = column("How long the repair took.")
    failure: str | None = column("Why there is no repaired plan: a code.")
    proposed_at: datetime | None = column("When the repaired plan was there.")
    applied_at: datetime | None = column("When it was applied.")
    discarded_at: datetime | None = column("When it was discarded.")
    teams: list[TeamRef] = related_list(
        "Whom it concerns.", on=lambda d, t: t.id == func.any(d.team_ids), order_by=lambda t: t.name
    )
    reported_by: UserRef | None = related("Who reported it.", on=lambda d, u: u.id == d.reported_by)
    job: JobRef | None = related("The repair, for who reported it.", on=lambda d, j: j.id == d.job_id)
    changes: Connection[DisruptionChange] = related_connection(
        "What changes for your visits.",
        on=lambda d, c: c.disruption_id == d.id,
        filter=DisruptionChangeFilter,
        order=CHANGE_SORT,
    )


@filters(DisruptionRow)
@strawberry.input(description="Which disruptions; all conditions hold together.")
class DisruptionFilter:
    kind: EnumFilter[DisruptionKind] | None = match("By what it is.")
    state: EnumFilter[DisruptionState] | None = match("By how far it is.")
    first_day: DateFilter | None = match("By first day.")
    last_day: DateFilter | None = match("By last day.")
    created_at: DateTimeFilter | None = match("By when it was reported.")


DISRUPTION_SORT = Sort(
    DisruptionRow, created_at="When it was reported.", first_day="By first day.", default="-created_at"
)


@strawberry.type
class DisruptionQueries:
    disruption: Disruption | None = read_one("One disruption.", requires=_READ)
    disruptions: Connection[Disruption] = read_connection(
        "What has upset planned days.", filter=DisruptionFilter, order=DISRUPTION_SORT, requires=_READ
    )


@strawberry.input(description="What upsets planned days.")
class ReportDisruptionInput:
    kind: DisruptionKind = strawberry.field(description="What it is.")
    first_day: date = strawberry.field(description=f"The first day, today until {AHEAD_DAYS} days ahead.")
    last_day: date | None = strawberry.field(
        default=None, description=f"The last day, at most {MOST_DAYS} in all; the first if left out."
    )
    team_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description=f"The teams, at most {MOST_TEAMS}; none for the weather."
    )
    from_time: time | None = strawberry.field(
        default=None, description="From when on the first day, in Amsterdam; the whole day if left out."
    )
    minutes: int | None = strawberry.field(
        default=None, description=f"For an overrun: by how much, 1 to {LONGEST_OVERRUN}."
    )
    postcode_prefixes: list[str] = strawberry.field(
        default_factory=list, description="For the weather: where, as one to four digits; everywhere if left out."
    )
    note: str = strawberry.field(
        default="", description=f"At most {MOST_NOTE} characters; staff of every business entity read it."
    )


_AS_IT_IS = "The disruption as it is now."
DisruptionId = Annotated[strawberry.ID, strawberry.argument(description="The disruption.")]


@strawberry.type(description="What reportDisruption returns.")
class ReportDisruptionPayload(Payload):
    disruption: Disruption | None = strawberry.field(
        default=None, description="The disruption, whose days a worker repairs; its state or its job says when."
    )


@strawberry.type(description="What applyDisruptionPlan returns.")
class ApplyDisruptionPlanPayload(Payload):
    disruption: Disruption | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What discardDisruptionPlan returns.")
class DiscardDisruptionPlanPayload(Payload):
    disruption: Disruption | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type
class DisruptionMutations:
    @mutation(
        "Reports what upsets planned days and has them repaired, within seconds: promises are kept where they can be, "
        "what has begun stays.",
        requires=_WRITE,
        idempotent=True,
    )
    async def report_disruption(self, info: Info, input: ReportDisruptionInput) -> ReportDisruptionPayload:
        wanted = Report(
            kind=input.kind,
            first_day=input.first_day,
            last_day=input.last_day,
            team_ids=[key_of("Team", id, "teamIds") for id in input.team_ids],
            from_time=input.from_time,
            minutes=input.minutes,
            postcode_prefixes=input.postcode_prefixes,
            note=input.note,
        )
        entities = info.context.actor.entity_ids
        async with info.context.system() as session:
            made = await reporting.report(session, wanted, entity_id=entities[0] if entities else None)
            return ReportDisruptionPayload(disruption=await _read(session, info, made.id))

    @mutation(
        "Puts a repaired plan in force, whole or, where anything has changed since it was made, not at all; tells "
        "customers and teams concerned.",
        requires=_WRITE,
        idempotent=True,
    )
    async def apply_disruption_plan(self, info: Info, id: DisruptionId) -> ApplyDisruptionPlanPayload:
        async with info.context.system() as session:
            memory = boards_of(info.context.database)
            done = await applying.apply(session, memory, key_of("Disruption", id))
            return ApplyDisruptionPlanPayload(disruption=await _read(session, info, done.id))

    @mutation(
        "Puts a repaired plan aside and gives back the places that it held. An absence that was reported stays.",
        requires=_WRITE,
    )
    async def discard_disruption_plan(self, info: Info, id: DisruptionId) -> DiscardDisruptionPlanPayload:
        async with info.context.system() as session:
            done = await applying.discard(session, key_of("Disruption", id))
            return DiscardDisruptionPlanPayload(disruption=await _read(session, info, done.id))


async def _read(session: AsyncSession, info: Info, id: UUID) -> Disruption | None:
    """As the actor sees it."""
    await session.flush()
    async with acting_as(session, info.context.actor):
        found: Disruption | None = await read_in(session, info, "disruption", id)
    return found


TYPES = (Disruption, DisruptionChange, DisruptionOffer)
