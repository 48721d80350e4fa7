"""Plans for weeks of work: their figures, where they put each visit and why, and what they change."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import ARRAY, Date, Float, Integer, Numeric, Select, case, cast, func, select
from sqlalchemy.orm import aliased

from api.enums import described
from api.planning_terms import UTILIZATION
from api.reading import (
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    Node,
    Sort,
    column,
    computed,
    computed_list,
    condition,
    expression,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
)
from domain.plans.functions import change
from domain.plans.models import Plan as PlanRow
from domain.plans.models import PlanChange, PlanKept, PlanRule, PlanState
from domain.plans.models import PlanTeamDay as TeamDayRow
from domain.plans.models import PlanVisit as PlanVisitRow
from domain.visits.models import DayBlock
from domain.visits.models import Visit as VisitRow
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
PLANNERS = (Audience.STAFF, Audience.SYSTEM)
MOST_DAYS = 28

described(
    PlanState,
    "Where a plan is in its life.",
    REQUESTED="It waits for a worker.",
    RUNNING="It is being made.",
    FINISHED="It is made and can be published.",
    STOPPED="It was stopped; its best can be published.",
    FAILED="It could not be made.",
    PUBLISHED="It was published, and none for any of its days since.",
    SUPERSEDED="A later plan for some of its days was published.",
    REVERTED="It was published and taken back.",
)
described(
    PlanKept,
    "What a placement keeps of the plan that was in force when the plan was made.",
    NOTHING="Nothing.",
    DAY="Day and block.",
    TEAM="Day, block and team.",
)
described(
    PlanChange,
    "What a plan makes of a visit, against the plan in force now.",
    ADDED="It had no day and gets one.",
    MOVED="It gets another day, block or team.",
    DROPPED="It loses its team and, unless it was promised, its day.",
    KEPT="It stays where it is.",
    LEFT_OUT="It had no day and gets none.",
)
described(
    PlanRule,
    "What keeps a visit out of a team's day. An amount says by how much.",
    PLACE="Its place is unknown, or outside the Netherlands.",
    PIN="A planner fixed it elsewhere.",
    PROMISE="The customer was promised another day or block.",
    SKILLS="The team lacks a skill.",
    PREDECESSOR="Another visit of its order has to come first: days; 0 where that one has no day.",
    MATERIAL="Its material comes later: days.",
    WEATHER="It is outdoors, and the weather is unfit for that.",
    ABSENCE="No team works on these days.",
    JOBS="The team has its most visits that day: visits too many.",
    RADIUS="It is too far from another visit of that day: metres, rounded up to 5,000.",
    WORKLOAD="The team works no longer at customers in a day: minutes.",
    HOURS="The team would be back too late: minutes, rounded up to 5.",
    BLOCK="A visit would begin after its block: minutes, rounded up to 5.",
    VALUE="It fits, and is worth less than the driving: minutes.",
)


def _change(placed: Any) -> Any:
    visit = aliased(VisitRow)
    return select(change(placed, visit)).where(visit.id == placed.visit_id).scalar_subquery()


@reads(None, audiences=PLANNERS)
@strawberry.type(description="A rule that keeps a visit out, and what would have to give.")
class PlanBlocker:
    rule: PlanRule = column("The rule.")
    amount: int = column("The smallest change that lets it in, in the unit of the rule; 0 where it has none.")


def _blockers(placed: Any) -> Select[Any]:
    elements = func.jsonb_array_elements(placed.blocking)
    given = elements.table_valued("value", with_ordinality="place", name="given").render_derived()
    rule, amount = given.c.value.op("->>")("rule"), given.c.value.op("->>")("amount")
    return select(rule.label("rule"), cast(amount, Integer).label("amount")).order_by(given.c.place)


@reads(PlanVisitRow, audiences=PLANNERS)
@strawberry.type(description="Where a plan puts a visit of yours and why, or what keeps it out.")
class PlanVisit(Node):
    change: PlanChange | None = expression("What the plan makes of it, as the visit is now.", _change)
    value: int = column("What doing it is worth, in drive minutes: priority and waiting.")
    promised: bool = column("Whether day and block were promised to the customer.")
    pinned: bool = column("Whether it was fixed where it is: by a planner, or because the team has it already.")
    held: bool = column("Whether this is room for a customer who is choosing, and no planned visit yet.")
    day: date | None = column("The day; null where it is left out.")
    block: DayBlock | None = column("The part of the day.")
    route_order: int | None = column("Its place in the team's day, from 0.")
    starts_at: datetime | None = column("When the work begins.")
    ends_at: datetime | None = column("When the work ends.")
    drive_added: int | None = column("Minutes that the team would drive less without it.")
    neighbours: int | None = column("How many other visits the team makes that day.")
    in_region: bool | None = column("Whether it is in a region of the team.")
    kept: PlanKept = column("What it keeps of the plan that was in force.")
    rule: PlanRule | None = column("What keeps it out: the rule that a planner can do least about.")
    amount: int | None = column("The smallest change of that rule that lets it in, in the unit of the rule.")
    blockers: list[PlanBlocker] = computed_list(
        "All that keeps it from the team's day that it misses by least.", _blockers
    )
    near_day: date | None = column("That day.")
    near_block: DayBlock | None = column("That part of the day.")
    team: TeamRef | None = related("The team.", on=lambda p, t: t.id == p.team_id)
    near_team: TeamRef | None = related("The team of that day.", on=lambda p, t: t.id == p.near_team_id)
    visit: VisitRef | None = related("The visit, as it is now.", on=lambda p, v: v.id == p.visit_id)


@filters(PlanVisitRow)
@strawberry.input(description="Which visits of a plan; all conditions hold together.")
class PlanVisitFilter:
    changes: list[PlanChange] | None = condition(
        "By what the plan makes of them.", lambda p, value: _change(p) == func.any(value)
    )
    placed: bool | None = condition("Whether they have a day.", lambda p, value: p.day.is_not(None) == value)
    rule: EnumFilter[PlanRule] | None = match("By what keeps them out.")
    kept: EnumFilter[PlanKept] | None = match("By what they keep.")
    day: DateFilter | None = match("By day.")
    promised: bool | None = match("Whether they were promised.")
    team_id: IDFilter | None = match("Of this team.", node="Team")
    visit_id: IDFilter | None = match("These visits.", node="Visit")


PLAN_VISIT_SORT = Sort(
    PlanVisitRow,
    created_at="Oldest visit first.",
    day="By day.",
    value="By what it is worth.",
    amount="By what is missing.",
    default="created_at",
)


@reads(TeamDayRow, audiences=PLANNERS)
@strawberry.type(description="A team's day under a plan, over all business entities.")
class PlanTeamDay(Node):
    day: date = column("The day.")
    visits: int = column("Visits.")
    work_minutes: int = column("Minutes of work at customers.")
    travel_minutes: int = column("Minutes of driving.")
    travel_km: float = column("Kilometres by road, estimated.")
    available_minutes: int = column("Minutes of work that the team can do at customers.")
    back_at: datetime | None = column("When the team is back.")
    visits_before: int = column("Visits, as planned when the plan was made.")
    work_minutes_before: int = column("Minutes of work, as planned then.")
    travel_minutes_before: int = column("Minutes of driving, as planned then.")
    travel_km_before: float = column("Kilometres, as planned then.")
    team: TeamRef | None = related("The team.", on=lambda d, t: t.id == d.team_id)


@filters(TeamDayRow)
@strawberry.input(description="Which days of which teams; all conditions hold together.")
class PlanTeamDayFilter:
    day: DateFilter | None = match("By day.")
    team_id: IDFilter | None = match("Of this team.", node="Team")
    visits: IntFilter | None = match("By the number of visits.")


PLAN_TEAM_DAY_SORT = Sort(TeamDayRow, day="By day.", travel_minutes="By minutes of driving.", default="day")


def gap(plan: Any) -> Any:
    """How far the value may be from the best there is, as a part of the bound."""
    return case((plan.bound > 0, func.greatest(0.0, 1 - cast(plan.value, Float) / plan.bound)))


def utilization(plan: Any) -> Any:
    """`domain.planning.utilization` in SQL; null where no team works."""
    part = cast(plan.work_minutes, Numeric) / func.nullif(plan.available_minutes, 0)
    return cast(func.round(part, 4), Float)


@reads(PlanRow, audiences=PLANNERS)
@strawberry.type(description="A version of the plan over some days; its figures are sums over all business entities.")
class Plan(Node):
    number: int = column("The version, from 1.")
    state: PlanState = column("Where it is in its life.")
    first_day: date = column("The first day.")
    last_day: date = column("The last day.")
    seconds: int = column("How long the solver may take.")
    seed: int = column("What chance begins with.")
    elapsed: float = column("Seconds that making it has taken so far.")
    jobs: int = column("Visits that there are to place.")
    placed: int = column("Visits that it places.")
    promised: int = column("Promised visits among them.")
    promises_kept: int = column("Promised visits that it places, each where it was promised.")
    value: int | None = column("What it is worth, in drive minutes.")
    bound: float | None = column("What no plan can exceed, proven; null where that was not proven.")
    gap: float | None = expression("How far it may be from the best: 0.01 is one percent.", gap)
    utilization: float | None = expression(UTILIZATION, utilization)
    travel_minutes: int = column("Minutes of driving.")
    travel_km: float = column("Kilometres by road, estimated.")
    work_minutes: int = column("Minutes of work at customers.")
    available_minutes: int = column("Minutes of work that the teams can do at customers.")
    travel_source: str = column("Who says how long drives take: a provider, or the estimate.")
    failure: str | None = column("Why it could not be made: a code.")
    created_at: datetime = column("When it was asked for.")
    started_at: datetime | None = column("When it was begun.")
    finished_at: datetime | None = column("When it was made.")
    published_at: datetime | None = column("When it was published.")
    reverted_at: datetime | None = column("When it was taken back.")
    stop_asked_at: datetime | None = column("When somebody asked for its best so far.")
    requested_by: UserRef | None = related("Who asked for it.", on=lambda p, u: u.id == p.requested_by)
    published_by: UserRef | None = related("Who published it.", on=lambda p, u: u.id == p.published_by)
    job: JobRef | None = related("The work of making it.", on=lambda p, j: j.id == p.job_id)
    visits: Connection[PlanVisit] = related_connection(
        "Your visits in it.",
        on=lambda p, v: v.plan_id == p.id,
        filter=PlanVisitFilter,
        order=PLAN_VISIT_SORT,
    )
    team_days: Connection[PlanTeamDay] = related_connection(
        "The days of its teams.",
        on=lambda p, d: d.plan_id == p.id,
        filter=PlanTeamDayFilter,
        order=PLAN_TEAM_DAY_SORT,
    )


@filters(PlanRow)
@strawberry.input(description="Which plans; all conditions hold together.")
class PlanFilter:
    state: EnumFilter[PlanState] | None = match("By state.")
    first_day: DateFilter | None = match("By first day.")
    last_day: DateFilter | None = match("By last day.")
    created_at: DateTimeFilter | None = match("By when they were asked for.")


PLAN_SORT = Sort(PlanRow, created_at="When it was asked for.", default="-created_at")


# --- against the plan in force --------------------------------------------------------------------------------------


def _moves(plan: Any) -> Any:
    return func.plan_moves(plan.id).table_valued("change", "team_id", "day", "from_team_id", "from_day", "visits")


def _sum_where(moves: Any, *kinds: PlanChange) -> Any:
    counted = func.sum(moves.c.visits).filter(moves.c.change.in_([kind.value for kind in kinds]))
    return cast(func.coalesce(counted, 0), Integer)


@reads(None, audiences=PLANNERS)
@strawberry.type(description="How many visits a plan changes, over all business entities.")
class PlanChanges:
    added: int = column("Visits that get a day.")
    moved: int = column("Visits that get another day, block or team.")
    dropped: int = column("Visits that lose theirs.")
    kept: int = column("Visits that stay where they are.")
    left_out: int = column("Visits that had no day and get none.")


def _counts(plan: Any) -> Select[Any]:
    moves = _moves(plan)
    return select(*(_sum_where(moves, kind).label(kind.value.lower()) for kind in PlanChange))


@reads(None, audiences=PLANNERS)
@strawberry.type(description="Travel under the plan and under the one that was in force when it was made.")
class PlanTravel:
    minutes: int = column("Minutes of driving.")
    minutes_before: int = column("Minutes of driving, as planned before.")
    km: float = column("Kilometres by road, estimated.")
    km_before: float = column("Kilometres, as planned before.")


def _travel(plan: Any) -> Select[*tuple[Any, ...]]:
    day = TeamDayRow.__table__.alias()
    minutes, km = (Integer(), Float())
    sums = (
        ("minutes", day.c.travel_minutes, minutes),
        ("minutes_before", day.c.travel_minutes_before, minutes),
        ("km", day.c.travel_km, km),
        ("km_before", day.c.travel_km_before, km),
    )
    told = (cast(func.coalesce(func.sum(value), 0), kind).label(name) for name, value, kind in sums)
    return select(*told).where(day.c.plan_id == plan.id)


@reads(None, audiences=PLANNERS)
@strawberry.type(description="A day of a team for which the plan changes something, over all business entities.")
class PlanDiffDay:
    day: date = column("The day.")
    team_id: strawberry.ID | None = column("The team.", node="Team")
    coming: int = column("Visits that come in.")
    leaving: int = column("Visits that go.")
    team: TeamRef | None = related("The team.", on=lambda d, t: t.id == d.team_id)


def _days(plan: Any) -> Select[Any]:
    coming, leaving = _moves(plan).alias("coming"), _moves(plan).alias("leaving")
    changed = [PlanChange.ADDED.value, PlanChange.MOVED.value, PlanChange.DROPPED.value]
    both = (
        select(coming.c.day, coming.c.team_id, coming.c.visits.label("coming"), _none().label("leaving"))
        .where(coming.c.change.in_(changed), coming.c.day.is_not(None))
        .union_all(
            select(leaving.c.from_day, leaving.c.from_team_id, _none(), leaving.c.visits).where(
                leaving.c.change.in_(changed), leaving.c.from_day.is_not(None)
            )
        )
        .subquery("both")
    )
    sums = (cast(func.sum(value), Integer).label(value.name) for value in (both.c.coming, both.c.leaving))
    return (
        select(both.c.day, both.c.team_id, *sums)
        .group_by(both.c.day, both.c.team_id)
        .order_by(both.c.day, both.c.team_id)
    )


def _none() -> Any:
    return cast(0, Integer)


@reads(PlanRow, kind="Plan", audiences=PLANNERS)
@strawberry.type(description="What a plan changes of the plan in force now.")
class PlanDiff:
    number: int = column("The version of the plan.")
    state: PlanState = column("Where it is in its life.")
    outdated_days: list[date] = expression(
        "Days on which something has changed since the plan was made or published: it cannot be published, or taken "
        "back, any more.",
        lambda p: func.plan_outdated_days(p.id, type_=ARRAY(Date())),
    )
    counts: PlanChanges | None = computed("How many visits it changes.", _counts)
    travel: PlanTravel | None = computed("Travel, before and after.", _travel)
    days: list[PlanDiffDay] = computed_list("Days of teams that it changes.", _days, limit=MOST_DAYS * 100)
    visits: Connection[PlanVisit] = related_connection(
        "Your visits in it; those that it changes with `filter: {changes: [ADDED, MOVED, DROPPED]}`.",
        on=lambda p, v: v.plan_id == p.id,
        filter=PlanVisitFilter,
        order=PLAN_VISIT_SORT,
    )


# --- progress -------------------------------------------------------------------------------------------------------


@reads(None, audiences=PLANNERS)
@strawberry.type(description="How far making a plan is.")
class PlanProgress:
    state: PlanState = column("Where it is in its life.")
    number: int = column("The version.")
    placed: int = column("Visits that its best so far places.")
    jobs: int = column("Visits that there are to place.")
    value: int | None = column("What its best so far is worth, in drive minutes.")
    bound: float | None = column("What no plan can exceed, proven; null until that is.")
    gap: float | None = column("How far its best so far may be from the best there is.")
    elapsed: float = column("Seconds that it has taken.")
    seconds: int = column("Seconds that it may take.")
    plan: Plan | None = related("The plan.", on=lambda r, p: p.id == r.plan_id)


def progress_of(arguments: Any) -> Select[*tuple[Any, ...]]:
    """The one row of `planProgress(id)`."""
    plan = aliased(PlanRow)
    columns = ("state", "number", "placed", "jobs", "value", "bound", "elapsed", "seconds")
    read = (getattr(plan, name).label(name) for name in columns)
    return select(*read, plan.id.label("plan_id"), gap(plan).label("gap")).where(plan.id == arguments.id)


@strawberry.type
class PlanQueries:
    plan: Plan | None = read_one("One plan.", requires=Permission.PLANNING_READ)
    plans: Connection[Plan] = read_connection(
        "All plans, the newest first.", filter=PlanFilter, order=PLAN_SORT, requires=Permission.PLANNING_READ
    )
    plan_diff: PlanDiff | None = read_one("What publishing a plan would change now.", requires=Permission.PLANNING_READ)


TYPES = (Plan, PlanVisit, PlanTeamDay, PlanDiff)
