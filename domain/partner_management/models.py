"""Scorecards of partners, breaches of what we promise, maintenance that was announced, and tickets."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, UUIDs, one_of
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, protect


class ScorePeriod(StrEnum):
    """Spans of the calendar in Amsterdam; weeks begin on Monday."""

    WEEK = "WEEK"
    MONTH = "MONTH"


class ServiceMetric(StrEnum):
    """What is promised (N12)."""

    UPTIME = "UPTIME"
    RESPONSE = "RESPONSE"
    PROCESSING = "PROCESSING"
    STATUS = "STATUS"


class TicketState(StrEnum):
    OPEN = "OPEN"
    """It is our turn."""
    WAITING = "WAITING"
    """It is the partner's turn."""
    RESOLVED = "RESOLVED"


class TicketPriority(StrEnum):
    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class TicketTopic(StrEnum):
    ORDER = "ORDER"
    INTEGRATION = "INTEGRATION"
    INVOICE = "INVOICE"
    AGREEMENT = "AGREEMENT"
    OTHER = "OTHER"


class TicketSide(StrEnum):
    """Who wrote."""

    STAFF = "STAFF"
    PARTNER = "PARTNER"


def _count() -> Mapped[int]:
    return mapped_column(Integer, server_default="0", default=0)


class PartnerScorecard(Identified, Base):
    """The figures of one partner, with everybody below it, over one span; scoring.py and measuring.py define them."""

    __tablename__ = "partner_scorecard"
    __table_args__ = (
        one_of("period", ScorePeriod),
        UniqueConstraint("entity_id", "period", "starts_on", "organization_id"),
        Index("ix_partner_scorecard_organization", "organization_id", "period", "starts_on"),
        Index("ix_partner_scorecard_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_partner_scorecard_newest", "created_at", "id"),
        Index("ix_partner_scorecard_rank", "entity_id", "period", "starts_on", "rank"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    period: Mapped[str]
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    """Not included."""
    orders: Mapped[int] = _count()
    orders_before: Mapped[int] = _count()
    """In the span before; where this one is going on, in as much of that one as has passed of this."""
    cancelled: Mapped[int] = _count()
    valued: Mapped[int] = _count()
    value_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    currency: Mapped[str] = mapped_column(server_default="EUR")
    completed: Mapped[int] = _count()
    completion_seconds: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    quotes_sent: Mapped[int] = _count()
    quotes_ordered: Mapped[int] = _count()
    quote_orders: Mapped[int] = _count()
    visits_due: Mapped[int] = _count()
    visits_done: Mapped[int] = _count()
    visits_finished: Mapped[int] = _count()
    visits_right: Mapped[int] = _count()
    ratings: Mapped[int] = _count()
    rating_sum: Mapped[Decimal] = mapped_column(Numeric(12, 1), server_default="0")
    received: Mapped[int] = _count()
    clean: Mapped[int] = _count()
    exceptions: Mapped[int] = _count()
    repeated: Mapped[int] = _count()
    requests: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    refused: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    errors: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    response_p95_ms: Mapped[int | None] = mapped_column(Integer)
    deliveries: Mapped[int] = _count()
    deliveries_failed: Mapped[int] = _count()
    tickets: Mapped[int] = _count()
    score: Mapped[int | None] = mapped_column(SmallInteger)
    rank: Mapped[int | None] = mapped_column(Integer)
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())


_IT_OR_BELOW = (
    "EXISTS (SELECT 1 FROM contact c WHERE c.id = organization_id "
    "AND c.chain_organization_ids @> ARRAY[{organization}])"
)
_OWN_OR_BELOW = f"{OF_THE_ENTITY} AND {_IT_OR_BELOW}"
protect(
    PartnerScorecard,
    staff=Rule(OF_THE_ENTITY, "SELECT"),
    partner=Rule(_OWN_OR_BELOW, hidden=("score", "rank")),
    explain={
        "staff": "The figures are of a partner of one of the actor's business entities.",
        "partner": "The figures are of the actor's organization or one below it.",
    },
)


class ServiceBreach(Identified, Updated, Base):
    """What was promised and not kept, to one partner or to so many that it is the platform; one while it is open."""

    __tablename__ = "service_breach"
    __table_args__ = (
        one_of("metric", ServiceMetric),
        CheckConstraint("level BETWEEN 1 AND 3", name="level"),
        CheckConstraint("(acknowledged_by IS NULL) OR (acknowledged_at IS NOT NULL)", name="acknowledged"),
        CheckConstraint("closed_at >= opened_at", name="closed_at"),
        Index(
            "uq_service_breach_open",
            "entity_id",
            "organization_id",
            "metric",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_service_breach_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_service_breach_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_service_breach_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """None: of so many partners at once that it is the platform's."""
    metric: Mapped[str]
    target: Mapped[Decimal] = mapped_column(Numeric(12, 3))
    """Milliseconds, minutes, seconds or percent, as the metric has it."""
    worst: Mapped[Decimal] = mapped_column(Numeric(12, 3))
    latest: Mapped[Decimal] = mapped_column(Numeric(12, 3))
    samples: Mapped[int] = _count()
    """How many requests, orders or updates are behind the latest figure."""
    partners: Mapped[int] = mapped_column(Integer, server_default="1", default=1)
    """Whom it concerns, where it is the platform's."""
    level: Mapped[int] = mapped_column(SmallInteger, server_default="1", default=1)
    """1: the office was told; 2: again, nobody had seen to it; 3: those who answer for the entity."""
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """When it was so last."""
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    closed_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(server_default="")
    """What staff found out."""


protect(
    ServiceBreach,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(_OWN_OR_BELOW, hidden=("acknowledged_by", "note", "level", "partners")),
    explain={
        "staff": "It is about a promise of one of the actor's business entities.",
        "partner": "It is about a promise to the actor's organization or one below it.",
    },
)


class MaintenanceWindow(Identified, Updated, Base):
    """Time in which an entity's systems are worked on, announced before it begins: what is slow then breaks nothing."""

    __tablename__ = "maintenance_window"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at AND ends_at <= starts_at + interval '24 hours'", name="span"),
        Index("ix_maintenance_window_entity", "entity_id", "starts_at"),
        Index("ix_maintenance_window_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_maintenance_window_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str]
    cancelled_at: Mapped[datetime | None]
    announced_by: Mapped[UUID | None]


protect(
    MaintenanceWindow,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(OF_THE_ENTITY, hidden=("announced_by",)),
    explain={
        "staff": "It is about systems of one of the actor's business entities.",
        "partner": "It is about systems that the actor's organization works with.",
    },
)


class PartnerTicket(Identified, Updated, Base):
    """Something between a partner and an entity that needs an answer."""

    __tablename__ = "partner_ticket"
    __table_args__ = (
        one_of("state", TicketState),
        one_of("priority", TicketPriority),
        one_of("topic", TicketTopic),
        CheckConstraint("(state = 'RESOLVED') = (resolved_at IS NOT NULL)", name="resolved_at"),
        Index("ix_partner_ticket_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_partner_ticket_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_partner_ticket_newest", "created_at", "id"),
        Index("ix_partner_ticket_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_partner_ticket_order", "order_id"),
        Index(
            "ix_partner_ticket_opened_by",
            "opened_by_user_id",
            postgresql_where=text("opened_by_user_id IS NOT NULL"),
        ),
        Index("ix_partner_ticket_due", "due_at", postgresql_where=text("state = 'OPEN'")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    channel_organization_ids: Mapped[UUIDs]
    """The partner and its ancestors, as the tree was when it was opened."""
    number: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str]
    topic: Mapped[str]
    priority: Mapped[str] = mapped_column(server_default=TicketPriority.NORMAL.value)
    state: Mapped[str] = mapped_column(server_default=TicketState.OPEN.value)
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("order.id"))
    owner_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    """Who of the staff sees to it."""
    due_at: Mapped[datetime | None]
    """By when we answer; none while it is the partner's turn."""
    overdue_told_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    """Our first answer."""
    resolved_at: Mapped[datetime | None]
    opened_by: Mapped[str]
    opened_by_user_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}


_TICKET = {
    "staff": "The ticket is with one of the actor's business entities.",
    "partner": "The ticket is of the actor's organization or one below it.",
}
protect(
    PartnerTicket,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(
        OF_THE_CHANNEL,
        "SELECT, INSERT, UPDATE",
        updates=("state", "due_at", "resolved_at", "priority", "updated_at", "version", "overdue_told_at"),
    ),
    explain=_TICKET,
)


class PartnerTicketMessage(Identified, Base):
    """What somebody wrote on a ticket; `internal`: for staff alone."""

    __tablename__ = "partner_ticket_message"
    __table_args__ = (
        one_of("side", TicketSide),
        CheckConstraint("side = 'STAFF' OR NOT internal", name="internal"),
        Index("ix_partner_ticket_message_ticket", "ticket_id", "created_at", "id"),
        Index(
            "ix_partner_ticket_message_author",
            "author_user_id",
            postgresql_where=text("author_user_id IS NOT NULL"),
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("partner_ticket.id"))
    side: Mapped[str]
    author: Mapped[str]
    author_user_id: Mapped[UUID | None]
    body: Mapped[str]
    internal: Mapped[bool] = mapped_column(Boolean, server_default=false())


protect(
    PartnerTicketMessage,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT"),
    partner=Rule("NOT internal AND EXISTS (SELECT 1 FROM partner_ticket t WHERE t.id = ticket_id)", "SELECT, INSERT"),
    explain=_TICKET | {"partner": "It is on a ticket of the actor's organization or one below it."},
)
