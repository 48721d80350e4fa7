"""Sandboxes of partners, and the runs of checks that going live asks for."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class RunState(StrEnum):
    RUNNING = "RUNNING"
    PASSED = "PASSED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"
    """Ended before all was checked."""


class CheckState(StrEnum):
    WAITING = "WAITING"
    PASSED = "PASSED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    """Does not concern the ways in which the partner works with us."""


class PartnerSandbox(Identified, Updated, Base):
    """The sandbox of one partner with one entity: which organization stands for it, its clock and its faults."""

    __tablename__ = "partner_sandbox"
    __table_args__ = (
        UniqueConstraint("entity_id", "organization_id"),
        UniqueConstraint("sandbox_organization_id"),
        CheckConstraint("sandbox_entity_id <> entity_id", name="another_entity"),
        Index("ix_partner_sandbox_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_partner_sandbox_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_partner_sandbox_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    sandbox_entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    sandbox_organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    """The twin: orders of the sandbox are its."""
    clock_offset_seconds: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Added to the real time."""
    clock_frozen_at: Mapped[datetime | None]
    """The time that it stands still at."""
    faults: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """`{fault: share of the messages, 0 to 1}`; see domain/webhooks/faults.py."""
    copied_at: Mapped[datetime]
    """When catalog, prices, article map and terms were copied last."""
    emptied_at: Mapped[datetime]
    """Only what was sent since then is proof."""
    created_by_user_id: Mapped[UUID | None]


_OWN = f"organization_id = {{organization}} AND {OF_THE_ENTITY}"
_EXPLAIN = {
    "staff": "The sandbox is of a partner of one of the actor's business entities.",
    "partner": "The sandbox is of the actor's organization.",
}
protect(PartnerSandbox, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN)


class SandboxRun(Identified, Base):
    """One run of the checks: what was proved, and what it was proved by."""

    __tablename__ = "sandbox_run"
    __table_args__ = (
        one_of("state", RunState),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        CheckConstraint("(state = 'RUNNING') = (finished_at IS NULL)", name="finished_at"),
        Index("uq_sandbox_run_running", "sandbox_id", unique=True, postgresql_where=text("state = 'RUNNING'")),
        Index("ix_sandbox_run_sandbox", "sandbox_id", "created_at", "id"),
        Index("ix_sandbox_run_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_sandbox_run_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_sandbox_run_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    sandbox_id: Mapped[UUID] = mapped_column(ForeignKey("partner_sandbox.id"))
    state: Mapped[str] = mapped_column(server_default=RunState.RUNNING.value)
    score: Mapped[int] = mapped_column(Integer, server_default="0")
    """Percent of the weight of what concerns the partner."""
    progress_text: Mapped[str] = mapped_column(server_default="")
    """What it is at, or why it stopped."""
    plan: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """`phase`, and the orders that it plays with."""
    finished_at: Mapped[datetime | None]
    started_by_user_id: Mapped[UUID | None]


protect(SandboxRun, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN)


class SandboxCheck(Identified, Base):
    """One thing that a run looked at."""

    __tablename__ = "sandbox_check"
    __table_args__ = (one_of("state", CheckState), UniqueConstraint("run_id", "code"))

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"), index=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), index=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("sandbox_run.id"))
    position: Mapped[int] = mapped_column(Integer)
    code: Mapped[str]
    required: Mapped[bool] = mapped_column(Boolean)
    """Whether going live waits for it."""
    state: Mapped[str] = mapped_column(server_default=CheckState.WAITING.value)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What it was decided by: numbers of orders, ids of messages, times."""
    checked_at: Mapped[datetime | None]


protect(SandboxCheck, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN)
