"""Visits of orders: what is asked, and where the plan in force has them."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.catalog.models import VisitKind
from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Texts, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, protect


class VisitStatus(StrEnum):
    """Decision 16: the life cycle, apart from the outcome."""

    REQUIRED = "REQUIRED"
    PLANNED = "PLANNED"
    EN_ROUTE = "EN_ROUTE"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class VisitOutcome(StrEnum):
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    RESCHEDULED = "RESCHEDULED"
    CANCELLED = "CANCELLED"


class DayBlock(StrEnum):
    MORNING = "MORNING"
    AFTERNOON = "AFTERNOON"


class Visit(Identified, Updated, Base):
    """Work at a customer's address that an order calls for."""

    __tablename__ = "visit"
    __table_args__ = (
        one_of("kind", VisitKind),
        one_of("status", VisitStatus),
        CheckConstraint(f"outcome IN {tuple(o.value for o in VisitOutcome)}", name="outcome"),
        CheckConstraint(f"block IN {tuple(b.value for b in DayBlock)}", name="block"),
        UniqueConstraint("order_id", "position"),
        Index("ix_visit_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_visit_newest", "created_at", "id"),
        CheckConstraint("priority BETWEEN 0 AND 9", name="priority"),
        CheckConstraint(
            "route_order IS NULL OR (route_order >= 0 AND team_id IS NOT NULL AND day IS NOT NULL)", name="route_order"
        ),
        CheckConstraint("promised_at IS NULL OR (day IS NOT NULL AND block IS NOT NULL)", name="promised"),
        CheckConstraint("ends_at > starts_at", name="ends_at"),
        CheckConstraint("arrival_until > arrival_from", name="arrival_until"),
        UniqueConstraint("team_id", "day", "route_order", deferrable=True, initially="DEFERRED"),
        Index("ix_visit_team_day", "team_id", "day"),
        Index("ix_visit_day", "day", postgresql_where=text("day IS NOT NULL")),
        Index("ix_visit_backlog", "created_at", "id", postgresql_where=text("status = 'REQUIRED'")),
        Index("ix_visit_entity_backlog", "entity_id", "created_at", "id", postgresql_where=text("status = 'REQUIRED'")),
        Index("ix_visit_team_newest", "team_id", "created_at", "id"),
        Index("ix_visit_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_visit_customer", "end_customer_contact_id", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id"))
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    end_customer_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=VisitStatus.REQUIRED.value)
    outcome: Mapped[str | None]
    minutes: Mapped[int] = mapped_column(Integer)
    skills: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    day: Mapped[date | None] = mapped_column(Date)
    block: Mapped[str | None]
    en_route_at: Mapped[datetime | None]
    """When the team set out for it."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    follow_up_of_id: Mapped[UUID | None] = mapped_column(ForeignKey("visit.id"), index=True)
    """The visit that left the work to this one."""
    work_position: Mapped[int | None] = mapped_column(Integer)
    """Position of the visit whose work a follow-up continues; None: its own."""
    outdoor: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether it needs weather that is fit for work outdoors."""
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    pc4: Mapped[str | None]
    """Place of the order's address, kept by triggers (domain/visits/triggers.py); None where it is not located."""
    material_on: Mapped[date | None] = mapped_column(Date)
    """First day on which its material is there; None: it is there."""
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """0 (ordinary) to 9."""
    promised_at: Mapped[datetime | None]
    """When day and block were promised to the customer; a plan keeps both."""
    promised_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    pinned: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether a planner fixed its team and day."""
    route_order: Mapped[int | None] = mapped_column(Integer)
    """Place in the team's day, from 0."""
    starts_at: Mapped[datetime | None]
    """Planned."""
    ends_at: Mapped[datetime | None]
    arrival_from: Mapped[datetime | None]
    """The window of arrival that the customer is told."""
    arrival_until: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    """When its team was given the route."""


_OWN = f"end_customer_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"
_UNPLANNED = "status IN ('REQUIRED', 'CANCELLED')"
_CANCELLING = ("status", "outcome", "updated_at")
_OF_PLANNING = (
    "latitude",
    "longitude",
    "pc4",
    "material_on",
    "priority",
    "promised_by",
    "pinned",
    "route_order",
    "starts_at",
    "ends_at",
    "dispatched_at",
)
"""What shows how teams are planned."""
protect(
    Visit,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(
        OF_THE_CHANNEL,
        "SELECT, INSERT, UPDATE",
        writes=f"{OF_THE_CHANNEL} AND {_UNPLANNED}",
        updates=_CANCELLING,
        hidden=_OF_PLANNING,
    ),
    customer=Rule(
        _OWN,
        "SELECT, INSERT, UPDATE",
        writes=f"{_OWN} AND {_UNPLANNED}",
        updates=_CANCELLING,
        hidden=_OF_PLANNING,
    ),
    technician=Rule("team_id = {team}"),
    explain={
        "staff": "The visit is for one of the actor's business entities.",
        "partner": "The actor's organization was in the channel of the order.",
        "customer": "The visit is at the actor's.",
        "technician": "The visit is the actor's team's.",
    },
)
listed(Listed("visit", "visit", None))
