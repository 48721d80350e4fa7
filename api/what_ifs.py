"""What would be with a team more, other hours, another radius, an absence, more work: asked and compared."""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import Float, Integer, Select, cast, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from api.context import Info
from api.enums import described
from api.inputs import key_of, optional_key
from api.mutations import Payload, mutation
from api.planning_terms import UTILIZATION
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Node,
    Sort,
    column,
    computed,
    filters,
    match,
    read_connection,
    read_in,
    read_one,
    reads,
    related,
)
from domain.errors import Required
from domain.horizon import trying
from domain.horizon.changing import AwayTeam, Changes, MoreJobs, MoreTeams, OtherHours
from domain.horizon.models import WhatIf as WhatIfRow
from domain.horizon.models import WhatIfState
from domain.horizon.trying import DAYS, MOST_DAYS, MOST_JOBS, MOST_NAME, MOST_SECONDS, MOST_TEAMS, SECONDS, Question
from domain.plans.values import PATIENCE_DAYS
from domain.rows import find
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.models import BusinessEntity as BusinessEntityRow
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.jobs import Job
    from api.users import User

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
JobRef = Annotated["Job", strawberry.lazy("api.jobs")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
PLANNERS = [Audience.STAFF, Audience.SYSTEM]
_READ, _WRITE = Permission.PLANNING_READ, Permission.PLANNING_WRITE

described(
    WhatIfState,
    "How far a what-if is.",
    REQUESTED="A worker looks for the answer.",
    FINISHED="It is answered.",
    FAILED="It could not be answered.",
)


@reads(None, audiences=PLANNERS)
@strawberry.type(description="A plan in figures, over the visits of all business entities: they share the teams.")
class WhatIfFigures:
    jobs: int = column("Visits that there are to make.")
    served: int = column("Visits that it makes.")
    promises: int = column("Promised visits.")
    promises_kept: int = column("Of them, those that it makes as promised.")
    waited_days: float = column("Mean days from being called for to being made, of those that it makes.")
    late: int = column(f"Visits made or left over after more than {PATIENCE_DAYS} days.")
    late_left: int = column("Of them, those left over.")
    work_minutes: int = column("Work at customers.")
    available_minutes: int = column("Work at customers that the teams can do.")
    utilization: float = column(UTILIZATION)
    travel_minutes: int = column("Driving.")
    travel_per_visit: float = column("Driving per visit, minutes.")
    value: int = column("The goal, in drive minutes.")
    own_jobs: int = column("Visits of the entity that asks.")
    own_served: int = column("Of them, those that it makes.")


_WHOLE = ("jobs", "served", "promises", "promises_kept", "late", "late_left", "work_minutes", "available_minutes",
          "travel_minutes", "value", "own_jobs", "own_served")  # fmt: skip
_BROKEN = ("waited_days", "utilization", "travel_per_visit")


def _figures(plan: str) -> Any:
    def of(row: Any) -> Select[Any]:
        stored = row.figures.op("->")(literal(plan))
        whole: list[Any] = [cast(stored.op("->>")(literal(name)), Integer).label(name) for name in _WHOLE]
        broken: list[Any] = [cast(stored.op("->>")(literal(name)), Float).label(name) for name in _BROKEN]
        return select(*whole, *broken).where(row.figures.op("?")(literal(plan)))

    return of


@reads(WhatIfRow, audiences=PLANNERS)
@strawberry.type(
    description="A question about other teams, hours or rules, and its answer. Nothing planned is touched."
)
class WhatIf(Node):
    name: str = column("What it was called.")
    state: WhatIfState = column("How far it is.")
    first_day: date = column("The first day.")
    last_day: date = column("The last day.")
    seconds: int = column("How long was looked for each of the two plans.")
    changes: JSON = column("What is different.")
    travel_source: str = column("Who says the drive times.")
    failure: str | None = column("Why there is no answer: a code.")
    created_at: datetime = column("When it was asked.")
    finished_at: datetime | None = column("When it was answered.")
    in_force: WhatIfFigures | None = computed("The plan in force.", _figures("in_force"))
    as_is: WhatIfFigures | None = computed("The best plan found with nothing changed.", _figures("as_is"))
    what_if: WhatIfFigures | None = computed("The best plan found with the changes.", _figures("what_if"))
    entity: EntityRef | None = related("Whose staff asked.", on=lambda w, e: e.id == w.entity_id)
    requested_by: UserRef | None = related("Who asked.", on=lambda w, u: u.id == w.requested_by)
    job: JobRef | None = related("Its job, for who asked.", on=lambda w, j: j.id == w.job_id)


@filters(WhatIfRow)
@strawberry.input(description="Which what-ifs; all conditions hold together.")
class WhatIfFilter:
    state: EnumFilter[WhatIfState] | None = match("By how far they are.")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    created_at: DateTimeFilter | None = match("By when they were asked.")


WHAT_IF_SORT = Sort(WhatIfRow, created_at="When they were asked.", default="-created_at")


@strawberry.type
class WhatIfQueries:
    what_if: WhatIf | None = read_one("One what-if with its answer.", requires=_READ)
    what_ifs: Connection[WhatIf] = read_connection(
        "What was asked, to be compared.", filter=WhatIfFilter, order=WHAT_IF_SORT, requires=_READ
    )


@strawberry.input(description="Teams more.")
class MoreTeamsInput:
    like_team_id: strawberry.ID = strawberry.field(description="A team that they are like: base, skills, hours.")
    count: int = strawberry.field(default=1, description=f"How many, at most {MOST_TEAMS}.")


@strawberry.input(description="Other working hours, on every day on which a team works.")
class OtherHoursInput:
    team_id: strawberry.ID | None = strawberry.field(default=None, description="The team; all if left out.")
    starts: time = strawberry.field(description="From.")
    ends: time = strawberry.field(description="Until.")


@strawberry.input(description="A team that is away.")
class AwayInput:
    team_id: strawberry.ID = strawberry.field(description="The team.")
    first_day: date = strawberry.field(description="From this day.")
    last_day: date = strawberry.field(description="Until this day.")


@strawberry.input(description="More work, where the visits wait of the entity for which you ask.")
class MoreWorkInput:
    count: int = strawberry.field(description=f"How many visits, at most {MOST_JOBS}.")
    minutes: int | None = strawberry.field(default=None, description="How long each takes; as those there if left out.")
    skills: list[str] | None = strawberry.field(default=None, description="What each needs; as those if left out.")
    postcode_prefix: str | None = strawberry.field(default=None, description="Only there: one to four digits.")


@strawberry.input(description="What is different; everything else is as it is.")
class WhatIfInput:
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="For which of your business entities you ask; your first if left out."
    )
    name: str = strawberry.field(default="", description=f"What to call it, at most {MOST_NAME} characters.")
    first_day: date | None = strawberry.field(default=None, description="From this day; tomorrow if left out.")
    days: int = strawberry.field(default=DAYS, description=f"How many days, 1 to {MOST_DAYS}.")
    seconds: int = strawberry.field(
        default=SECONDS, description=f"How long to look for each of the two plans, 1 to {MOST_SECONDS} seconds."
    )
    more_teams: list[MoreTeamsInput] = strawberry.field(default_factory=list, description="Teams more.")
    without_team_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="Teams less.")
    hours: list[OtherHoursInput] = strawberry.field(default_factory=list, description="Other hours, in this order.")
    radius_km: float | None = strawberry.field(
        default=None, description="How far apart the visits of a team's day may be, by great circle."
    )
    max_jobs: int | None = strawberry.field(default=None, description="Visits per team and day, 1 to 10.")
    absences: list[AwayInput] = strawberry.field(default_factory=list, description="Teams that are away.")
    more_work: list[MoreWorkInput] = strawberry.field(default_factory=list, description="More visits.")


@strawberry.type(description="What whatIf returns.")
class WhatIfPayload(Payload):
    what_if: WhatIf | None = strawberry.field(
        default=None, description="The question, which a worker answers; its state or its job says when."
    )


@strawberry.type
class WhatIfMutations:
    @mutation(
        "Asks what would be if; what is planned is not touched. The answer is kept, to be compared.",
        requires=_WRITE,
    )
    async def ask_what_if(self, info: Info, input: WhatIfInput) -> WhatIfPayload:
        changes, given = _changes(input), optional_key("BusinessEntity", input.entity_id, "entityId")
        async with info.context.system() as session:
            async with acting_as(session, info.context.actor):
                entity_id = await _entity(session, info, given)
            question = Question(changes, entity_id, input.name, input.first_day, input.days, input.seconds)
            made = await trying.ask(session, question)
            async with acting_as(session, info.context.actor):
                return WhatIfPayload(what_if=await read_in(session, info, "what_if", made.id))


async def _entity(session: AsyncSession, info: Info, id: UUID | None) -> UUID:
    """For whom is asked: an entity that the actor sees."""
    if id is not None:
        return (await find(session, BusinessEntityRow, id, field=("entity_id",))).id
    for own in info.context.actor.entity_ids:
        return own
    raise Required(field=("entity_id",))


def _changes(input: WhatIfInput) -> Changes:
    return Changes(
        more_teams=tuple(MoreTeams(key_of("Team", m.like_team_id, "likeTeamId"), m.count) for m in input.more_teams),
        without_teams=tuple(key_of("Team", id, "withoutTeamIds") for id in input.without_team_ids),
        hours=tuple(OtherHours(h.starts, h.ends, optional_key("Team", h.team_id, "teamId")) for h in input.hours),
        radius_km=input.radius_km,
        max_jobs=input.max_jobs,
        absences=tuple(AwayTeam(key_of("Team", a.team_id, "teamId"), a.first_day, a.last_day) for a in input.absences),
        more_jobs=tuple(
            MoreJobs(w.count, w.minutes, None if w.skills is None else tuple(w.skills), w.postcode_prefix or "")
            for w in input.more_work
        ),
    )


TYPES = (WhatIf, WhatIfFigures)
