"""The earliest day of each waiting visit, and worlds that were tried without being made."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Float, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, one_of, references
from tenants.rls import IN_ANY_CONTEXT, OF_THE_ENTITY, Rule, protect


class OutlookRun(Identified, Base):
    """One look ahead over everything that waits; shared by all business entities."""

    __tablename__ = "outlook_run"
    __table_args__ = (Index("ix_outlook_run_newest", "created_at", "id"),)

    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    """Further it does not look."""
    travel_source: Mapped[str]
    seconds: Mapped[float] = mapped_column(Float)
    fingerprint: Mapped[str]
    """Of everything it was made of: as long as this is the same, so are the days."""


class Outlook(Identified, Base):
    """The earliest day of a waiting visit, all that waits before it being served before it."""

    __tablename__ = "outlook"
    __table_args__ = (
        CheckConstraint("(day IS NULL) <> (rule IS NULL)", name="day_or_rule"),
        UniqueConstraint("visit_id"),
        Index("ix_outlook_entity_day", "entity_id", "day"),
    )

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"))
    entity_id: Mapped[UUID] = references("business_entity.id")
    run_id: Mapped[UUID] = mapped_column(ForeignKey("outlook_run.id"), index=True)
    day: Mapped[date | None] = mapped_column(Date)
    rule: Mapped[str | None]
    """Why there is none: of `domain.planning.timing.Rule`, or HORIZON where all is taken as far as it looks."""
    amount: Mapped[int | None] = mapped_column(Integer)
    """By how much the rule is broken, in its unit."""


class WhatIfState(StrEnum):
    REQUESTED = "REQUESTED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"


class WhatIf(Identified, Base):
    """A question about other teams, hours or rules, and its answer; nothing that is planned is touched by it."""

    __tablename__ = "what_if"
    __table_args__ = (
        one_of("state", WhatIfState),
        CheckConstraint("last_day >= first_day", name="days"),
        Index("ix_what_if_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_what_if_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=WhatIfState.REQUESTED.value)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    seconds: Mapped[int] = mapped_column(Integer)
    """Of solving, for each of the two plans."""
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """By plan (`in_force`, `as_is`, `what_if`): the figures of each, see `domain.horizon.measured`."""
    travel_source: Mapped[str] = mapped_column(server_default="")
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    job_id: Mapped[UUID | None]
    failure: Mapped[str | None]
    """Why there is no answer: a code."""
    finished_at: Mapped[datetime | None]


protect(OutlookRun, staff=Rule(IN_ANY_CONTEXT), explain={"staff": "Teams are shared by all business entities."})
_OWN = {"staff": "It is for one of the actor's business entities."}
protect(Outlook, staff=Rule(OF_THE_ENTITY), explain=_OWN)
protect(WhatIf, staff=Rule(OF_THE_ENTITY), explain=_OWN)
