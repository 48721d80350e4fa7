"""Visits of orders, and teams."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.catalog.models import VisitKind
from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Texts, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import IN_ANY_CONTEXT, OF_THE_CHANNEL, OF_THE_ENTITY, Rule, protect


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


class Team(Identified, Updated, Base):
    """A crew with a vehicle; shared by all business entities (T4)."""

    __tablename__ = "team"

    name: Mapped[str] = mapped_column(unique=True)
    base_city: Mapped[str]
    skills: Mapped[Texts] = mapped_column(server_default=text("'{}'"))


protect(
    Team,
    staff=Rule(IN_ANY_CONTEXT),
    partner=Rule(
        "EXISTS (SELECT 1 FROM visit v WHERE v.team_id = team.id)", hidden=("base_city", "skills", "updated_at")
    ),
    technician=Rule("id = {team}"),
    explain={
        "staff": "Teams are shared by all business entities.",
        "partner": "The team makes a visit that the actor sees.",
        "technician": "The team is the actor's own.",
    },
)


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
        Index("ix_visit_team_day", "team_id", "day"),
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
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


_OWN = f"end_customer_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"
_UNPLANNED = "status IN ('REQUIRED', 'CANCELLED')"
_CANCELLING = ("status", "outcome", "updated_at")
protect(
    Visit,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(
        OF_THE_CHANNEL,
        "SELECT, INSERT, UPDATE",
        writes=f"{OF_THE_CHANNEL} AND {_UNPLANNED}",
        updates=_CANCELLING,
    ),
    customer=Rule(_OWN, "SELECT, INSERT, UPDATE", writes=f"{_OWN} AND {_UNPLANNED}", updates=_CANCELLING),
    technician=Rule("team_id = {team}"),
    explain={
        "staff": "The visit is for one of the actor's business entities.",
        "partner": "The actor's organization was in the channel of the order.",
        "customer": "The visit is at the actor's.",
        "technician": "The visit is the actor's team's.",
    },
)
listed(Listed("visit", "visit", None))
