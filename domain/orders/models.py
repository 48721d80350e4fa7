"""Orders and their milestones."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, child_of, protect


class OrderStage(StrEnum):
    """Where an order is; `stages.py` says which follows which."""

    RECEIVED = "RECEIVED"
    PLANNING = "PLANNING"
    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class Order(Identified, Updated, Base):
    """Work that all required parties agreed to. Its lines are those of the quote version it came from."""

    __tablename__ = "order"
    __table_args__ = (
        one_of("stage", OrderStage),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint("NOT on_hold OR hold_reason IS NOT NULL", name="hold_reason"),
        UniqueConstraint("quote_version_id", "sequence"),
        Index("ix_order_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_order_newest", "created_at", "id"),
        Index("ix_order_entity_stage", "entity_id", "stage", "created_at", "id"),
        Index("ix_order_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_order_teams", "team_ids", postgresql_using="gin"),
        Index("ix_order_customer", "end_customer_contact_id", "created_at", "id"),
        Index("ix_order_service_address", "service_address_id"),
        Index("ix_order_account", "account_contact_id", "created_at", "id"),
        Index(
            "ix_order_partner_order",
            "entity_id",
            "partner_order_id",
            postgresql_where=text("partner_order_id IS NOT NULL"),
        ),
        Index(
            "uq_order_partner_order",
            "entity_id",
            "account_contact_id",
            "partner_order_id",
            unique=True,
            postgresql_where=text("partner_order_id IS NOT NULL"),
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    number: Mapped[str] = mapped_column(unique=True)
    """`CC-2026-00123`: entity, year in Amsterdam, counter without gaps."""
    quote_id: Mapped[UUID] = mapped_column(ForeignKey("quote.id"), index=True)
    quote_version_id: Mapped[UUID] = mapped_column(ForeignKey("quote_version.id"))
    sequence: Mapped[int] = mapped_column(Integer, server_default="1", default=1)
    """1 is the order that the signatures made; further ones repeat it under the same prices (wholesale)."""
    account_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    end_customer_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    account_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """`channel_contact_ids`: the account and its ancestors from the root down, at order time (Decision 10)."""
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Who of the partners sees it: the account's chain and the organizations that pay a line, with their ancestors."""
    service_address_id: Mapped[UUID | None] = mapped_column(ForeignKey("address.id"))
    stage: Mapped[str] = mapped_column(server_default=OrderStage.RECEIVED.value)
    progress: Mapped[int] = mapped_column(Integer, server_default="0")
    on_hold: Mapped[bool] = mapped_column(Boolean, server_default=false())
    hold_reason: Mapped[str | None]
    held_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    completed_at: Mapped[datetime | None]
    partner_order_id: Mapped[str | None]
    partner_metadata: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """`dealer_group_id`, `purchase_order`, `customer_account` (O2)."""
    currency: Mapped[str] = mapped_column(server_default="EUR")
    payment_terms_days: Mapped[int] = mapped_column(Integer, server_default="14")
    estimated_processing_minutes: Mapped[int] = mapped_column(Integer, server_default="5")
    team_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Teams of its visits."""
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}


_STOP = (
    "stage",
    "progress",
    "on_hold",
    "hold_reason",
    "held_at",
    "cancelled_at",
    "cancel_reason",
    "updated_at",
    "version",
)
protect(
    Order,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(OF_THE_CHANNEL, "SELECT, INSERT, UPDATE", updates=_STOP),
    customer=Rule(
        f"end_customer_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})",
        "SELECT, INSERT, UPDATE",
        hidden=("partner_metadata",),
        updates=_STOP,
    ),
    technician=Rule("team_ids @> ARRAY[{team}]", hidden=("partner_metadata", "payment_terms_days")),
    explain={
        "staff": "The order is of one of the actor's business entities.",
        "partner": "The actor's organization was in the channel of the order when it was placed.",
        "customer": "The actor is the end customer of the order.",
        "technician": "A visit of the order is the actor's team's.",
    },
)
listed(
    Listed(
        "order",
        "order",
        "concat_ws(' ', r.number, r.partner_order_id, "
        "(SELECT concat_ws(' ', c.name, c.email) FROM contact c WHERE c.id = r.end_customer_contact_id))",
        contact_ids="ARRAY[r.end_customer_contact_id]",
        keys="r.channel_organization_ids || r.team_ids",
    )
)
listed(
    Listed(
        "order",
        "served_contact",
        None,
        keys="r.team_ids",
        row_id="r.end_customer_contact_id",
        created_at="(SELECT c.created_at FROM contact c WHERE c.id = r.end_customer_contact_id)",
        another=True,
    )
)


class OrderMilestone(Identified, Base):
    """That an order reached a stage, and when."""

    __tablename__ = "order_milestone"
    __table_args__ = (one_of("stage", OrderStage), UniqueConstraint("order_id", "stage"))

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id"))
    stage: Mapped[str]
    reached_at: Mapped[datetime]


protect(
    OrderMilestone,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, DELETE"),
    partner=child_of("order", "order_id", "SELECT, INSERT"),
    customer=child_of("order", "order_id", "SELECT, INSERT"),
    technician=child_of("order", "order_id"),
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), "The actor sees the order."),
)
