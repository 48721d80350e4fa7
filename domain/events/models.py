"""The event log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Identity, Index, Integer, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, UUIDs
from tenants.listing import Listed, listed
from tenants.rls import Rule, protect


class Event(Base):
    """One thing that happened to one subject, written in the transaction that made it happen; never changed."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_event_newest", "created_at", "id"),
        Index("ix_event_subject", "subject_id", "created_at", "id"),
        Index("ix_event_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_event_contact", "contact_ids", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.uuidv7(), sort_order=-100)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    """Drawn before commit, so not the order of becoming visible."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    type: Mapped[str]
    """`subject.happened`, as in `quote.signed`; declared in an area's events.py."""
    schema_version: Mapped[int] = mapped_column(Integer, server_default="1")
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    actor_user_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(server_default="")
    actor_role: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What a party to the subject may read; holds no cost, margin or other party's data."""
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Audit trail for staff: `{"column": [before, after]}`."""
    internal: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether only staff may see it."""
    organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Organizations whose timeline shows it."""
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    contact_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Contacts whose timeline shows it; as customers they may read it."""
    team_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))


_APPEND = "SELECT, INSERT"
_AUDIT = ("changes",)
protect(
    Event,
    system_may=_APPEND,
    staff=Rule("entity_id = ANY ({entities})", _APPEND),
    partner=Rule(
        "channel_organization_ids && {organizations} AND entity_id = ANY ({entities}) AND NOT internal",
        _APPEND,
        write_only=_AUDIT,
        writes="entity_id = ANY ({entities}) AND actor_user_id IS NOT DISTINCT FROM {user}",
    ),
    customer=Rule(
        "contact_ids && ARRAY(SELECT c.id FROM contact c) AND entity_id = ANY ({entities}) AND NOT internal",
        _APPEND,
        write_only=_AUDIT,
        writes="entity_id = ANY ({entities}) AND actor_user_id IS NOT DISTINCT FROM {user}",
    ),
    technician=Rule(
        "team_ids @> ARRAY[{team}] AND NOT internal",
        _APPEND,
        write_only=_AUDIT,
        writes="entity_id = ANY ({entities}) AND actor_user_id IS NOT DISTINCT FROM {user}",
    ),
    explain={
        "staff": "The event belongs to one of the actor's business entities.",
        "partner": "The event is about a record of the actor's channel and is not internal.",
        "customer": "The event is about the actor and is not internal.",
        "technician": "The event is about work of the actor's team and is not internal.",
    },
)
listed(
    Listed(
        "event",
        "event",
        None,
        keys="CASE WHEN r.internal THEN '{}'::uuid[] "
        "ELSE r.channel_organization_ids || r.contact_ids || r.team_ids END",
    )
)
