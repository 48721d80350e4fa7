"""Answers kept by Idempotency-Key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base
from tenants.rls import Rule, protect


class IdempotencyKey(Base):
    """One mutation field that was executed under a key; written in the transaction of its work.

    Holds neither the key nor the answer in clear: `key_digest` cannot be turned back, and `answer` is encrypted with a
    key that takes the Idempotency-Key itself to derive, because an answer may hold a secret that is shown once.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_expires_at", "expires_at"),)

    key_digest: Mapped[str] = mapped_column(primary_key=True)
    """Of the actor's identity, the key and the response path of the field."""
    user_id: Mapped[UUID | None]
    organization_id: Mapped[UUID | None]
    mutation: Mapped[str]
    request_digest: Mapped[str]
    """Of the field's arguments and selection."""
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


_OWN = Rule(
    "user_id IS NOT DISTINCT FROM {user} AND organization_id IS NOT DISTINCT FROM {organization}"
    " AND {audience} IS NOT NULL",
    "SELECT, INSERT, UPDATE, DELETE",
)
protect(
    IdempotencyKey,
    staff=_OWN,
    partner=_OWN,
    customer=_OWN,
    technician=_OWN,
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), "The actor itself sent the request."),
)
