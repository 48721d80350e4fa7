"""What is known of a team on the road, what it reported, what it was given, and how visits were moved by hand."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.visits.models import VisitOutcome
from tenants.base import Base, Identified, one_of, references
from tenants.rls import Rule, protect


class ReportKind(StrEnum):
    """What a team can say of a visit."""

    TRAVEL = "TRAVEL"
    ARRIVAL = "ARRIVAL"
    COMPLETION = "COMPLETION"


class TeamPosition(Base):
    """Where a team was seen last."""

    __tablename__ = "team_position"
    __table_args__ = (
        CheckConstraint("latitude BETWEEN 50.7 AND 53.7 AND longitude BETWEEN 3.2 AND 7.3", name="place"),
        CheckConstraint("heading BETWEEN 0 AND 359", name="heading"),
    )

    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"), primary_key=True)
    at: Mapped[datetime]
    """When it was there, by the clock of the device."""
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)
    accuracy_metres: Mapped[int | None] = mapped_column(Integer)
    heading: Mapped[int | None] = mapped_column(SmallInteger)
    """Degrees from north, clockwise."""
    entity_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    """Whose customers the place may tell of, in order (domain/days/whereabouts.py); none: anybody's staff see it."""


class TeamTrack(Base):
    """Where a team was; kept for some days."""

    __tablename__ = "team_track"
    __table_args__ = (
        PrimaryKeyConstraint("team_id", "at"),
        Index("ix_team_track_at", "at"),
    )

    team_id: Mapped[UUID] = references("team.id")
    at: Mapped[datetime]
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)
    entity_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    """As of a position."""


class VisitReport(Identified, Base):
    """One thing that a team said of a visit, under the number that its telephone gave it."""

    __tablename__ = "visit_report"
    __table_args__ = (
        one_of("kind", ReportKind),
        CheckConstraint(f"outcome IN {tuple(o.value for o in VisitOutcome)}", name="outcome"),
        UniqueConstraint("team_id", "client_id"),
        Index("ix_visit_report_visit", "visit_id"),
    )

    team_id: Mapped[UUID] = references("team.id")
    client_id: Mapped[UUID]
    visit_id: Mapped[UUID] = references("visit.id")
    kind: Mapped[str]
    at: Mapped[datetime]
    outcome: Mapped[str | None]
    minutes_left: Mapped[int | None] = mapped_column(Integer)
    note: Mapped[str | None]
    refused: Mapped[str | None]
    """Code of the conflict with what was known already; the visit was not changed then."""


class DispatchedStop(Base):
    """A visit as its team was last told of it."""

    __tablename__ = "dispatched_stop"
    __table_args__ = (PrimaryKeyConstraint("team_id", "visit_id"), Index("ix_dispatched_stop_visit", "visit_id"))

    team_id: Mapped[UUID] = references("team.id")
    visit_id: Mapped[UUID] = references("visit.id")
    day: Mapped[date] = mapped_column(Date)
    route_order: Mapped[int] = mapped_column(Integer)
    starts_at: Mapped[datetime | None]
    dispatched_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    """When the team was told that it is off."""


class VisitMove(Identified, Base):
    """A move by a planner, with what is needed to undo it."""

    __tablename__ = "visit_move"
    __table_args__ = (Index("ix_visit_move_visit", "visit_id", "created_at"),)

    visit_id: Mapped[UUID] = references("visit.id")
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    former: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """The planned columns of every visit that the move changed, before it."""
    versions: Mapped[dict[str, int]] = mapped_column(JSONB)
    """Of the days, after it: while they are the same it can be undone."""
    undone_at: Mapped[datetime | None]


_SEEN = "{audience} IS NOT NULL AND entity_ids <@ {entities}"
for _model in (TeamPosition, TeamTrack):
    protect(
        _model,
        staff=Rule(_SEEN),
        technician=Rule("team_id = {team}"),
        explain={
            "staff": "The place tells of no other business entity's customer.",
            "technician": "The team is the actor's own.",
        },
    )
# Written and read by the platform alone: they name visits of all entities.
protect(VisitReport)
protect(DispatchedStop)
protect(VisitMove)
