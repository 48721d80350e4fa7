"""The rows that a preview has changed: written in its transaction, never committed."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base
from tenants.rls import protect


class PreviewedChange(Base):
    """One row that a statement of this transaction has changed; see domain/previews/recording.py."""

    __tablename__ = "preview_change"
    __table_args__ = (CheckConstraint("action IN ('INSERT', 'UPDATE', 'DELETE')", name="action"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.uuidv7())
    table_name: Mapped[str]
    row_key: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """The primary key, `{column: value}`."""
    action: Mapped[str]


protect(PreviewedChange, system_may="SELECT")
