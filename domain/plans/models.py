"""Plans as versions, where each puts every visit, and what each makes of every team's day."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.visits.models import DayBlock
from tenants.base import Base, Identified, UUIDs, one_of, references
from tenants.rls import IN_ANY_CONTEXT, OF_THE_ENTITY, Rule, protect


class PlanState(StrEnum):
    REQUESTED = "REQUESTED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    PUBLISHED = "PUBLISHED"
    SUPERSEDED = "SUPERSEDED"
    REVERTED = "REVERTED"


UNDER_WAY = (PlanState.REQUESTED, PlanState.RUNNING)
PUBLISHABLE = (PlanState.FINISHED, PlanState.STOPPED)


class PlanKept(StrEnum):
    """How much a placement keeps of the plan in force that its plan began with."""

    NOTHING = "NOTHING"
    DAY = "DAY"
    TEAM = "TEAM"


class PlanChange(StrEnum):
    """What a plan makes of a visit, against the plan in force."""

    ADDED = "ADDED"
    MOVED = "MOVED"
    DROPPED = "DROPPED"
    KEPT = "KEPT"
    LEFT_OUT = "LEFT_OUT"


class PlanRule(StrEnum):
    """What keeps a visit out of a plan: the rules of `domain.planning.timing.Rule`, and that it is not worth it."""

    PLACE = "PLACE"
    PIN = "PIN"
    PROMISE = "PROMISE"
    SKILLS = "SKILLS"
    PREDECESSOR = "PREDECESSOR"
    MATERIAL = "MATERIAL"
    WEATHER = "WEATHER"
    ABSENCE = "ABSENCE"
    JOBS = "JOBS"
    RADIUS = "RADIUS"
    WORKLOAD = "WORKLOAD"
    HOURS = "HOURS"
    BLOCK = "BLOCK"
    VALUE = "VALUE"
    """It would fit, and is worth less than the driving: minutes that are missing."""


_HORIZON = text("daterange(first_day, last_day, '[]')")
_NOT_ENDED = text("state IN ('REQUESTED', 'RUNNING')")


class Plan(Identified, Base):
    """A version of the plan over some days; shared by all business entities. Figures are sums over all of them."""

    __tablename__ = "plan"
    __table_args__ = (
        one_of("state", PlanState),
        CheckConstraint("last_day >= first_day", name="horizon"),
        UniqueConstraint("number"),
        ExcludeConstraint((_HORIZON, "&&"), name="one_run_at_a_time", using="gist", where=_NOT_ENDED),
        Index("ix_plan_newest", "created_at", "id"),
        Index("ix_plan_state", "state", "created_at", "id"),
    )

    number: Mapped[int] = mapped_column(Integer)
    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_entity.id"))
    """Whose staff asked for it; none for the platform."""
    state: Mapped[str] = mapped_column(server_default=PlanState.REQUESTED.value)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    team_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """The teams that it plans; all of them where there are none."""
    seconds: Mapped[int] = mapped_column(Integer)
    """How long the solver may take."""
    seed: Mapped[int] = mapped_column(Integer, server_default="0")
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    job_id: Mapped[UUID | None]
    stop_asked_at: Mapped[datetime | None]
    jobs: Mapped[int] = mapped_column(Integer, server_default="0")
    """Visits that there are to place."""
    placed: Mapped[int] = mapped_column(Integer, server_default="0")
    value: Mapped[int | None] = mapped_column(Integer)
    """The goal, in drive minutes."""
    bound: Mapped[float | None] = mapped_column(Float)
    """No plan of this world is worth more: proven."""
    elapsed: Mapped[float] = mapped_column(Float, server_default="0")
    """Seconds that the solver has taken."""
    promised: Mapped[int] = mapped_column(Integer, server_default="0")
    promises_kept: Mapped[int] = mapped_column(Integer, server_default="0")
    travel_minutes: Mapped[int] = mapped_column(Integer, server_default="0")
    travel_km: Mapped[float] = mapped_column(Float, server_default="0")
    """By road, estimated from the great circles along the routes."""
    work_minutes: Mapped[int] = mapped_column(Integer, server_default="0")
    available_minutes: Mapped[int] = mapped_column(Integer, server_default="0")
    """Working hours of the teams."""
    travel_source: Mapped[str] = mapped_column(server_default="")
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What the solver tells of its way."""
    day_versions: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """The version of each day when its world was read."""
    published_versions: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """The version of each day when it had been published."""
    failure: Mapped[str | None]
    """Why it failed: a code."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    reverted_at: Mapped[datetime | None]


class PlanVisit(Identified, Base):
    """Where a plan puts a visit and why, or why it leaves it out."""

    __tablename__ = "plan_visit"
    __table_args__ = (
        one_of("kept", PlanKept),
        one_of("rule", PlanRule),
        CheckConstraint(f"block IN {tuple(b.value for b in DayBlock)}", name="block"),
        CheckConstraint(f"near_block IN {tuple(b.value for b in DayBlock)}", name="near_block"),
        CheckConstraint(
            "num_nulls(team_id, day, block, route_order, starts_at, ends_at) IN (0, 6)", name="whole_placement"
        ),
        CheckConstraint("(day IS NULL) = (rule IS NOT NULL)", name="reason"),
        UniqueConstraint("plan_id", "visit_id", "held"),
        Index("ix_plan_visit_entity", "plan_id", "entity_id", "created_at", "id"),
        Index("ix_plan_visit_newest", "plan_id", "created_at", "id"),
        Index("ix_plan_visit_visit", "visit_id"),
    )

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    visit_id: Mapped[UUID] = references("visit.id")
    value: Mapped[int] = mapped_column(Integer)
    fingerprint: Mapped[str]
    """Of what the plan was made upon, see `domain.plans.fingerprints`."""
    promised: Mapped[bool] = mapped_column(Boolean, server_default=false())
    pinned: Mapped[bool] = mapped_column(Boolean, server_default=false())
    held: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """A customer held this place while the plan was made: not a planned visit, but room for one."""
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    day: Mapped[date | None] = mapped_column(Date)
    block: Mapped[str | None]
    route_order: Mapped[int | None] = mapped_column(Integer)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    drive_added: Mapped[int | None] = mapped_column(Integer)
    """Minutes that its team would drive less without it."""
    neighbours: Mapped[int | None] = mapped_column(Integer)
    """Other visits of its team's day."""
    in_region: Mapped[bool | None] = mapped_column(Boolean)
    kept: Mapped[str] = mapped_column(server_default=PlanKept.NOTHING.value)
    rule: Mapped[str | None]
    """The gravest rule that keeps it out."""
    amount: Mapped[int | None] = mapped_column(Integer)
    """The smallest change of that rule that lets it in, in the rule's unit."""
    blocking: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """All rules that keep it from `near_day`: rule and amount."""
    near_team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    near_day: Mapped[date | None] = mapped_column(Date)
    near_block: Mapped[str | None]


class PlanTeamDay(Identified, Base):
    """What a plan makes of a team's day, and what the plan in force made of it when the world was read."""

    __tablename__ = "plan_team_day"
    __table_args__ = (
        UniqueConstraint("plan_id", "day", "team_id"),
        Index("ix_plan_team_day_newest", "plan_id", "created_at", "id"),
    )

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    team_id: Mapped[UUID] = references("team.id")
    day: Mapped[date] = mapped_column(Date)
    visits: Mapped[int] = mapped_column(Integer)
    work_minutes: Mapped[int] = mapped_column(Integer)
    travel_minutes: Mapped[int] = mapped_column(Integer)
    travel_km: Mapped[float] = mapped_column(Float)
    available_minutes: Mapped[int] = mapped_column(Integer)
    back_at: Mapped[datetime | None]
    visits_before: Mapped[int] = mapped_column(Integer)
    work_minutes_before: Mapped[int] = mapped_column(Integer)
    travel_minutes_before: Mapped[int] = mapped_column(Integer)
    travel_km_before: Mapped[float] = mapped_column(Float)


class PlanFormer(Base):
    """Where a visit was before a plan that was published moved it: what taking the plan back restores."""

    __tablename__ = "plan_former"
    __table_args__ = (PrimaryKeyConstraint("plan_id", "visit_id"),)

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    visit_id: Mapped[UUID] = references("visit.id")
    status: Mapped[str]
    team_id: Mapped[UUID | None]
    day: Mapped[date | None] = mapped_column(Date)
    block: Mapped[str | None]
    route_order: Mapped[int | None] = mapped_column(Integer)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    fingerprint: Mapped[str] = mapped_column(server_default="")
    """Of the visit as the plan left it."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


_SHARED = "Plans are shared by all business entities."
protect(Plan, staff=Rule(IN_ANY_CONTEXT), explain={"staff": _SHARED})
protect(PlanTeamDay, staff=Rule(IN_ANY_CONTEXT), explain={"staff": _SHARED})
protect(
    PlanVisit,
    staff=Rule(OF_THE_ENTITY, hidden=("fingerprint",)),
    explain={"staff": "The visit is for one of the actor's business entities."},
)
protect(PlanFormer)
