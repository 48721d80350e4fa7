"""Requests, by day; and their counts by hour."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Texts
from tenants.rls import OF_THE_ENTITY, Rule, protect

MOST_BODY = 16 * 1024
"""Characters of a body that are kept."""


class RequestLog(Base):
    """One request of a key, an application or a person at a partner's endpoint. In partitions by day (UTC).

    Requests of a sandbox are the partner's, marked so. No foreign keys: the log outlives what it names.
    """

    __tablename__ = "request_log"
    __table_args__ = (
        PrimaryKeyConstraint("id", "created_at"),
        CheckConstraint(f"length(request_body) <= {MOST_BODY}", name="request_body"),
        CheckConstraint(f"length(response_body) <= {MOST_BODY}", name="response_body"),
        Index("ix_request_log_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_request_log_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_request_log_newest", "created_at", "id"),
        Index("ix_request_log_client_newest", "client_id", "created_at", "id"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[UUID] = mapped_column(server_default=func.uuidv7(), sort_order=-100)
    created_at: Mapped[datetime]
    """When it came."""
    entity_id: Mapped[UUID]
    organization_id: Mapped[UUID | None]
    """The partner; None for the entity's own systems."""
    client_kind: Mapped[str | None]
    """`ApiKey` or `OAuthClient`; None for a person."""
    client_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    request_id: Mapped[str]
    """`X-Request-Id` of the answer."""
    method: Mapped[str]
    route: Mapped[str]
    """The path with the names of its variables."""
    path: Mapped[str]
    operation: Mapped[str | None]
    """Name of the GraphQL operation."""
    ip_address: Mapped[str]
    codes: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Codes of the errors that it was answered with."""
    request_headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Few of them, without values that prove who asks."""
    request_body: Mapped[str | None]
    """Redacted, and cut."""
    response_body: Mapped[str | None]
    milliseconds: Mapped[int] = mapped_column(Integer)
    request_bytes: Mapped[int] = mapped_column(Integer)
    response_bytes: Mapped[int] = mapped_column(Integer)
    status: Mapped[int] = mapped_column(SmallInteger)
    sandbox: Mapped[bool] = mapped_column(Boolean)
    replayable: Mapped[bool] = mapped_column(Boolean)


_OWN = f"organization_id = {{organization}} AND {OF_THE_ENTITY}"
_EXPLAIN = {
    "staff": "The request was made to one of the actor's business entities.",
    "partner": "The request was made by the actor's organization.",
}
protect(RequestLog, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN)


class RequestHour(Identified, Base):
    """What one client asked on one route within an hour; also of requests that the log had no room for."""

    __tablename__ = "request_hour"
    __table_args__ = (
        Index(
            "uq_request_hour",
            "hour",
            "entity_id",
            "organization_id",
            "client_kind",
            "client_id",
            "route",
            "sandbox",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_request_hour_organization", "organization_id", "hour", "id"),
        Index("ix_request_hour_entity", "entity_id", "hour", "id"),
        CheckConstraint("cardinality(histogram) = 12", name="histogram"),
    )

    hour: Mapped[datetime]
    """Its beginning, UTC."""
    entity_id: Mapped[UUID]
    organization_id: Mapped[UUID | None]
    client_kind: Mapped[str | None]
    client_id: Mapped[UUID | None]
    route: Mapped[str]
    sandbox: Mapped[bool] = mapped_column(Boolean)
    requests: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    """Answered 4xx."""
    errors: Mapped[int] = mapped_column(Integer)
    """Answered 5xx: our fault."""
    unlogged: Mapped[int] = mapped_column(Integer)
    """Counted here, and without an entry in the log, for want of room."""
    milliseconds: Mapped[int] = mapped_column(BigInteger)
    """The sum."""
    slowest: Mapped[int] = mapped_column(Integer)
    """Milliseconds."""
    histogram: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    """Requests by duration; bounds are in histogram.py."""


protect(RequestHour, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN)
