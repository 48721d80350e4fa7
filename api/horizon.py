"""What waits, and from when each of it can be done."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import ColumnElement, func, select

from api.context import Info
from api.mutations import Payload, mutation
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    Node,
    Sort,
    argument,
    by,
    column,
    condition,
    filters,
    match,
    read_connection,
    read_in,
    read_list,
    reads,
    related,
)
from domain.catalog.models import VisitKind
from domain.horizon import looking
from domain.horizon.backlog import MOST_GROUPS, BacklogBy, groups, in_region, waits
from domain.horizon.models import Outlook as OutlookRow
from domain.horizon.models import OutlookRun as RunRow
from domain.teams.models import Region as RegionRow
from domain.visits.models import Visit as VisitRow
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.jobs import Job
    from api.visits import Visit

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
JobRef = Annotated["Job", strawberry.lazy("api.jobs")]
VisitRef = Annotated["Visit", strawberry.lazy("api.visits")]
PLANNERS = [Audience.STAFF, Audience.SYSTEM]
_READ = Permission.PLANNING_READ


@reads(RunRow, audiences=PLANNERS)
@strawberry.type(description="One look ahead over all that waits, of all business entities: they share the teams.")
class OutlookRun(Node):
    created_at: datetime = column("When it was made.")
    first_day: date = column("The first day that it gave.")
    last_day: date = column("Further it did not look.")
    travel_source: str = column("Who says the drive times.")
    seconds: float = column("How long it took.")


@reads(OutlookRow, audiences=PLANNERS)
@strawberry.type(
    description="The earliest day of a waiting visit when everything that comes before it is served before it: the "
    "days of all waiting visits can be kept together."
)
class Outlook(Node):
    day: date | None = column("The day; null where there is none.")
    rule: str | None = column(
        "Why there is none: a rule as in `PlanRule`, or HORIZON where all teams are full as far as it looks."
    )
    amount: int | None = column("By how much the rule is broken, in its unit; 0 where it has none.")
    run: OutlookRun | None = related("The look ahead it is from.", on=lambda o, r: r.id == o.run_id)
    visit: VisitRef | None = related("The visit.", on=lambda o, v: v.id == o.visit_id)


def _in_region(visit: Any, region_id: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (
        select(1).where(RegionRow.id == region_id, in_region(visit.pc4, RegionRow.postcode_prefixes)).exists()
    )
    return found


def _dated(visit: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(1).where(OutlookRow.visit_id == visit.id, *conditions).exists()


def _day(visit: Any) -> Any:
    return select(OutlookRow.day).where(OutlookRow.visit_id == visit.id).scalar_subquery()


@filters(VisitRow)
@strawberry.input(description="Which waiting visits; all conditions hold together.")
class BacklogFilter:
    kind: EnumFilter[VisitKind] | None = match("By purpose.")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    order_id: IDFilter | None = match("Of this order.", node="Order")
    priority: IntFilter | None = match("By how much they matter.")
    outdoor: bool | None = match("Whether they are outdoors.")
    created_at: DateTimeFilter | None = match("By since when they wait.")
    region_id: strawberry.ID | None = condition("In this region.", _in_region, node="Region")
    skill: str | None = condition("That need this skill.", lambda v, skill: skill == func.any(v.skills))
    earliest_until: date | None = condition(
        "That can be done on this day or before.", lambda v, day: _dated(v, OutlookRow.day <= day)
    )
    undated: bool | None = condition(
        "Whether there is no day for them.", lambda v, undated: _dated(v, OutlookRow.rule.is_not(None)) == undated
    )


BACKLOG_SORT = Sort(
    VisitRow,
    created_at="Since when they wait.",
    priority="By how much they matter.",
    minutes="By how long they take.",
    earliest_day=by("By the earliest day, those without one last.", _day),
    default="created_at",
    prefix="Backlog",
)


@reads(None, audiences=PLANNERS)
@strawberry.type(description="A part of the backlog.")
class BacklogGroup:
    key: str = column("What it is of: a region's code, a skill, an entity's code, days such as `8-14`.")
    name: str = column("Its name.")
    visits: int = column("How many visits wait.")
    minutes: int = column("How much work they are.")
    oldest: datetime | None = column("Since when the oldest waits.")
    first_day: date | None = column("The earliest day on which any of them can be done.")
    median_day: date | None = column("Until which half of them can be done.")
    last_day: date | None = column("Until which all of them can be done, but for the undated.")
    undated: int = column("Visits that have no day.")
    pending: int = column("Visits that came after the last look ahead.")
    entity: EntityRef | None = related("The business entity, by entity.", on=lambda g, e: e.id == g.entity_id)


_ARGUMENTS = {
    "entity_id": argument(strawberry.ID | None, "Of this entity; else of all of yours.", node="BusinessEntity"),
    "region_id": argument(strawberry.ID | None, "In this region.", node="Region"),
    "skill": argument(str | None, "That need this skill."),
}


def _conditions(arguments: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if arguments.entity_id is not None:
        found.append(VisitRow.entity_id == arguments.entity_id)
    if arguments.region_id is not None:
        found.append(_in_region(VisitRow, arguments.region_id))
    if arguments.skill is not None:
        found.append(arguments.skill == func.any(VisitRow.skills))
    return found


def _groups(description: str, by: BacklogBy) -> Any:
    return read_list(
        f"{description}; the groups with most visits first.",
        rows=lambda arguments: groups(by, *_conditions(arguments)),
        limit=MOST_GROUPS,
        cost=50,
        arguments=_ARGUMENTS,
        requires=_READ,
    )


@strawberry.type
class HorizonQueries:
    backlog: Connection[VisitRef] = read_connection(
        "Visits of yours that wait to be planned, the longest first; `outlook` of each says from when it can be done.",
        where=lambda visit, _: waits(visit),
        filter=BacklogFilter,
        order=BACKLOG_SORT,
        requires=_READ,
    )
    backlog_totals: BacklogGroup | None = read_list(
        "All of the backlog in one group.",
        rows=lambda arguments: groups(BacklogBy.TOTAL, *_conditions(arguments)),
        cost=50,
        arguments=_ARGUMENTS,
        requires=_READ,
    )
    backlog_by_region: list[BacklogGroup] = _groups(
        "The backlog by region; a visit counts in each that it is in", BacklogBy.REGION
    )
    backlog_by_skill: list[BacklogGroup] = _groups(
        "The backlog by skill; visits that need none are in the group with the empty key", BacklogBy.SKILL
    )
    backlog_by_entity: list[BacklogGroup] = _groups("The backlog by business entity", BacklogBy.ENTITY)
    backlog_by_waiting: list[BacklogGroup] = _groups("The backlog by days waited, in classes", BacklogBy.WAITING)
    outlook_runs: Connection[OutlookRun] = read_connection(
        "When it was looked ahead, the newest first.",
        order=Sort(RunRow, created_at="When it was made.", default="-created_at"),
        requires=_READ,
    )


@strawberry.type(description="What refreshBacklog returns.")
class RefreshBacklogPayload(Payload):
    job: JobRef | None = strawberry.field(default=None, description="The look ahead that a worker makes.")


@strawberry.type
class HorizonMutations:
    @mutation(
        "Looks ahead anew where anything has changed; that is also done by itself every few minutes.",
        requires=Permission.PLANNING_WRITE,
    )
    async def refresh_backlog(self, info: Info) -> RefreshBacklogPayload:
        entities = info.context.actor.entity_ids
        async with info.context.system() as session:
            job_id = await looking.ask(session, entities[0] if entities else None)
            async with acting_as(session, info.context.actor):
                return RefreshBacklogPayload(job=await read_in(session, info, "job", job_id))


TYPES = (Outlook, OutlookRun, BacklogGroup)
