"""Exports and imports of many records, and the pieces of their files."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class BulkKind(StrEnum):
    EXPORT = "EXPORT"
    IMPORT = "IMPORT"


class BulkSubject(StrEnum):
    """What the records are."""

    ORDERS = "ORDERS"
    QUOTES = "QUOTES"
    CONTACTS = "CONTACTS"
    INVOICES = "INVOICES"
    PARTNER_ORDERS = "PARTNER_ORDERS"
    PARTNER_SKUS = "PARTNER_SKUS"
    PRICES = "PRICES"
    EVENTS = "EVENTS"


class BulkState(StrEnum):
    UPLOADING = "UPLOADING"
    """The file of an import is coming in, in parts."""
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    """It stopped; what was done until then stays."""
    CANCELLED = "CANCELLED"
    UNDOING = "UNDOING"
    UNDONE = "UNDONE"
    """What an import made was taken back as far as that was possible."""


UNDER_WAY = (BulkState.UPLOADING, BulkState.QUEUED, BulkState.RUNNING, BulkState.UNDOING)


class PieceRole(StrEnum):
    """What file a piece is of."""

    INPUT = "INPUT"
    RESULT = "RESULT"
    ERRORS = "ERRORS"
    UNDO = "UNDO"
    """What taking back needs; nobody downloads it."""
    UNDO_RESULT = "UNDO_RESULT"
    """What came of taking back."""


class BulkOperation(Identified, Updated, Base):
    """One export or import. `position` is how many records are done: the next piece begins there."""

    __tablename__ = "bulk_operation"
    __table_args__ = (
        one_of("kind", BulkKind),
        one_of("subject", BulkSubject),
        one_of("state", BulkState),
        CheckConstraint("position >= 0 AND failed >= 0 AND undone >= 0", name="counts"),
        CheckConstraint("failed <= position", name="failed"),
        Index("ix_bulk_operation_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_bulk_operation_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_bulk_operation_newest", "created_at", "id"),
        Index("ix_bulk_operation_expires_at", "expires_at", postgresql_where=text("files_gone_at IS NULL")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """The partner that asked, or for which it is; none for the entity itself."""
    kind: Mapped[str]
    subject: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Ids, days and switches, see `domain.bulk.options`."""
    state: Mapped[str] = mapped_column(server_default=BulkState.QUEUED.value)
    total: Mapped[int | None] = mapped_column(BigInteger)
    """How many records there are, where that is known."""
    position: Mapped[int] = mapped_column(BigInteger, server_default="0")
    failed: Mapped[int] = mapped_column(BigInteger, server_default="0")
    undone: Mapped[int] = mapped_column(BigInteger, server_default="0")
    pieces: Mapped[int] = mapped_column(Integer, server_default="0")
    """Pieces that are done; two workers cannot do the same one."""
    cursor: Mapped[UUID | None]
    """The last record of an export."""
    job_id: Mapped[UUID | None]
    """The job that does it, whose progress is live; no foreign key, jobs are forgotten earlier."""
    error: Mapped[str | None]
    """Why it failed: a code and words, no data."""
    user_id: Mapped[UUID | None]
    """Who asked."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    """When its files go."""
    files_gone_at: Mapped[datetime | None]


class BulkPiece(Identified, Base):
    """A part of a file: JSON lines, one gzip member, so that the members one after the other are the file."""

    __tablename__ = "bulk_piece"
    __table_args__ = (
        one_of("role", PieceRole),
        UniqueConstraint("operation_id", "role", "number"),
        CheckConstraint("number >= 0 AND lines >= 0", name="counts"),
    )

    operation_id: Mapped[UUID] = mapped_column(ForeignKey("bulk_operation.id", ondelete="CASCADE"))
    role: Mapped[str]
    number: Mapped[int] = mapped_column(Integer)
    lines: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(Integer)
    """In bytes, before it was compressed."""
    sha256: Mapped[str]
    """Of the bytes before they were compressed, in hexadecimal digits."""
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)


protect(
    BulkOperation,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(f"organization_id = {{organization}} AND {OF_THE_ENTITY}"),
    explain={
        "staff": "It is of one of the actor's business entities.",
        "partner": "It is of the actor's organization.",
    },
)
protect(BulkPiece)
