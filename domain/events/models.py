"""The event log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, UUIDs
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_ENTITY, Rule, protect


class Event(Base):
    """One thing that happened to one subject, written in the transaction that made it happen; never changed.

    In monthly partitions (domain/events/partitions.py): what looks up an event by its id gives its `created_at` too.
    """

    __tablename__ = "event"
    __table_args__ = (
        PrimaryKeyConstraint("id", "created_at"),
        Index("ix_event_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_event_newest", "created_at", "id"),
        Index("ix_event_subject", "subject_id", "created_at", "id"),
        Index("ix_event_channel", "channel_organization_ids", postgresql_using="gin"),
        Index("ix_event_contact", "contact_ids", postgresql_using="gin"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[UUID] = mapped_column(server_default=func.uuidv7(), sort_order=-100)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    """When it was written, which is before it was committed: `EventPosition` has the order of becoming visible."""
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


class EventPosition(Base):
    """Where in the log an event stands: given at commit by a trigger, so that positions become visible in their order.

    Who has seen a position never finds a smaller new one (domain/events/positions.py). Numbers may be missing.
    """

    __tablename__ = "event_position"
    __table_args__ = (
        UniqueConstraint("event_id"),
        Index("ix_event_position_entity", "entity_id", "position"),
        Index("ix_event_position_subject", "subject_id", "position"),
    )

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID]
    created_at: Mapped[datetime]
    """That of the event: together they are its key."""
    entity_id: Mapped[UUID]
    type: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]


class PositionRow(Base):
    """Position `position` is on the list of `key`: an organization of the event's channel, a contact or a team.

    A party walks its own rows and never the whole log; staff walk `event_position` by business entity. An event that
    is internal is on nobody's list.
    """

    __tablename__ = "position_row"
    __table_args__ = (PrimaryKeyConstraint("key", "position"), Index("ix_position_row_position", "position"))

    key: Mapped[UUID]
    position: Mapped[int] = mapped_column(BigInteger)


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

_LISTED = "EXISTS (SELECT 1 FROM position_row k WHERE k.key = {key} AND k.position = event_position.position)"
_AS_THE_EVENT = "The position says which event stands there; the event itself decides who sees it."
protect(
    EventPosition,
    system_may="SELECT",
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(f"{_LISTED.replace('{key}', '{organization}')} AND {OF_THE_ENTITY}"),
    customer=Rule(f"{_LISTED.replace('{key}', '{contact}')} AND {OF_THE_ENTITY}"),
    technician=Rule(_LISTED.replace("{key}", "{team}")),
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), _AS_THE_EVENT),
)
protect(
    PositionRow,
    system_may="SELECT",
    partner=Rule("key = {organization}"),
    customer=Rule("key = {contact}"),
    technician=Rule("key = {team}"),
)


class EventConsumer(Base):
    """How far a reaction has come; who holds the row's lock works on it."""

    __tablename__ = "event_consumer"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    """The last position that is dealt with."""
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often the next event has failed."""
    retry_at: Mapped[datetime | None]
    """Before which it is not tried again."""
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


protect(EventConsumer)
