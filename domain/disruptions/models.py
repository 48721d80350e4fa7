"""Disruptions, the plan that repairs each, and what is offered instead of a promise that cannot be kept."""

from datetime import date, datetime, time
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
    Time,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.visits.models import DayBlock
from tenants.base import Base, Identified, Texts, UUIDs, one_of, references
from tenants.rls import IN_ANY_CONTEXT, OF_THE_ENTITY, Rule, protect


class DisruptionKind(StrEnum):
    TEAM_ILL = "TEAM_ILL"
    VEHICLE = "VEHICLE"
    WEATHER = "WEATHER"
    OVERRUN = "OVERRUN"


class DisruptionState(StrEnum):
    REPORTED = "REPORTED"
    PROPOSED = "PROPOSED"
    APPLIED = "APPLIED"
    DISCARDED = "DISCARDED"
    FAILED = "FAILED"


class DisruptionEffect(StrEnum):
    """What a repaired plan does to a visit."""

    MOVED = "MOVED"
    RETIMED = "RETIMED"
    LEFT_OUT = "LEFT_OUT"
    PROMISE_BROKEN = "PROMISE_BROKEN"


_BLOCKS = tuple(block.value for block in DayBlock)


class Disruption(Identified, Base):
    """Something that upsets planned days; shared by all business entities, as teams are. Figures count all visits."""

    __tablename__ = "disruption"
    __table_args__ = (
        one_of("kind", DisruptionKind),
        one_of("state", DisruptionState),
        CheckConstraint("last_day >= first_day", name="days"),
        CheckConstraint("minutes BETWEEN 1 AND 720", name="minutes"),
        CheckConstraint("(kind = 'OVERRUN') = (minutes IS NOT NULL)", name="overrun"),
        CheckConstraint("(kind = 'WEATHER') = (cardinality(team_ids) = 0)", name="teams"),
        Index("ix_disruption_newest", "created_at", "id"),
        Index("ix_disruption_days", "first_day", "last_day"),
    )

    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_entity.id"))
    """Whose staff reported it; none for the platform."""
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=DisruptionState.REPORTED.value)
    team_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    from_time: Mapped[time | None] = mapped_column(Time)
    """On the first day, in Amsterdam; the whole day where it is absent."""
    minutes: Mapped[int | None] = mapped_column(Integer)
    """OVERRUN: by how much the work in hand takes longer."""
    postcode_prefixes: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """WEATHER: where; everywhere where there are none."""
    note: Mapped[str] = mapped_column(server_default="")
    absence_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    reported_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    job_id: Mapped[UUID | None]
    visits: Mapped[int] = mapped_column(Integer, server_default="0")
    """Of the days concerned that have not begun."""
    promises: Mapped[int] = mapped_column(Integer, server_default="0")
    promises_kept: Mapped[int] = mapped_column(Integer, server_default="0")
    """By the repaired plan."""
    promises_kept_before: Mapped[int] = mapped_column(Integer, server_default="0")
    """By every team going on as planned."""
    changed: Mapped[int] = mapped_column(Integer, server_default="0")
    """Visits that another team makes, or at another time."""
    left_out: Mapped[int] = mapped_column(Integer, server_default="0")
    travel_minutes: Mapped[int] = mapped_column(Integer, server_default="0")
    travel_minutes_before: Mapped[int] = mapped_column(Integer, server_default="0")
    travel_source: Mapped[str] = mapped_column(server_default="")
    proven: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether no plan of these days is better."""
    seconds: Mapped[float] = mapped_column(Float, server_default="0")
    """That the repair took."""
    failure: Mapped[str | None]
    """Why there is no repaired plan: a code."""
    day_versions: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Version of each of its days that the repaired plan was made upon."""
    proposed_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    applied_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    discarded_at: Mapped[datetime | None]


class DisruptionVisit(Identified, Base):
    """A visit that the repaired plan changes: where it was, and where it will be."""

    __tablename__ = "disruption_visit"
    __table_args__ = (
        one_of("change", DisruptionEffect),
        CheckConstraint(f"block IN {_BLOCKS}", name="block"),
        CheckConstraint(f"from_block IN {_BLOCKS}", name="from_block"),
        CheckConstraint(
            "num_nulls(team_id, day, block, starts_at, ends_at) = CASE WHEN change IN ('MOVED', 'RETIMED') "
            "THEN 0 ELSE 5 END",
            name="placed",
        ),
        UniqueConstraint("disruption_id", "visit_id", "held"),
        Index("ix_disruption_visit_entity", "disruption_id", "entity_id", "created_at", "id"),
        Index("ix_disruption_visit_visit", "visit_id"),
    )

    disruption_id: Mapped[UUID] = mapped_column(ForeignKey("disruption.id", ondelete="CASCADE"))
    entity_id: Mapped[UUID] = references("business_entity.id")
    visit_id: Mapped[UUID] = references("visit.id")
    change: Mapped[str]
    held: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether it is a place that its customer holds, not a planned visit."""
    promised: Mapped[bool] = mapped_column(Boolean, server_default=false())
    from_team_id: Mapped[UUID] = references("team.id")
    from_day: Mapped[date] = mapped_column(Date)
    from_block: Mapped[str]
    from_starts_at: Mapped[datetime | None]
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    day: Mapped[date | None] = mapped_column(Date)
    block: Mapped[str | None]
    route_order: Mapped[int | None] = mapped_column(Integer)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]


class DisruptionOffer(Identified, Base):
    """A place that a customer is offered instead of the promise that cannot be kept, the nearest first."""

    __tablename__ = "disruption_offer"
    __table_args__ = (
        one_of("block", DayBlock),
        UniqueConstraint("disruption_visit_id", "position"),
        Index("ix_disruption_offer_entity", "entity_id", "created_at", "id"),
    )

    disruption_visit_id: Mapped[UUID] = mapped_column(ForeignKey("disruption_visit.id", ondelete="CASCADE"))
    entity_id: Mapped[UUID] = references("business_entity.id")
    position: Mapped[int] = mapped_column(Integer)
    day: Mapped[date] = mapped_column(Date)
    block: Mapped[str]
    team_id: Mapped[UUID] = references("team.id")
    """On which it rests."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    drive_added: Mapped[int] = mapped_column(Integer)
    """Minutes."""
    hold_id: Mapped[UUID | None]
    """Of the place that is kept free for this customer, which may have run out."""
    held_until: Mapped[datetime | None]


protect(
    Disruption,
    staff=Rule(IN_ANY_CONTEXT),
    explain={"staff": "Teams and their days are shared by all business entities."},
)
for _model in (DisruptionVisit, DisruptionOffer):
    protect(
        _model,
        staff=Rule(OF_THE_ENTITY),
        explain={"staff": "The visit is for one of the actor's business entities."},
    )
