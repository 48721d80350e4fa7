"""The outbox of mail."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, UUIDs, one_of
from tenants.rls import Rule, protect


class MailStatus(StrEnum):
    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
    """Never to be sent: written only so that an answer takes the same time for an address that is not known."""
    KEPT = "KEPT"
    """Of a sandbox: shown to its partner, and never sent; set by a trigger, whoever queues it."""


class MailMessage(Identified, Base):
    """One mail to one person. Its body is encrypted, and erased once it was sent where it holds a secret."""

    __tablename__ = "mail_message"
    __table_args__ = (
        one_of("status", MailStatus),
        Index("ix_mail_message_due", "next_attempt_at", postgresql_where="status = 'QUEUED'"),
        Index("ix_mail_message_newest", "created_at", "id"),
        Index("ix_mail_message_kept", "entity_id", "created_at", "id", postgresql_where="status = 'KEPT'"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"), index=True)
    seal_context: Mapped[str]
    """What the body was bound to when it was encrypted."""
    sender_name: Mapped[str]
    sender_email: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Plain text, encrypted."""
    html: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The same as a page, encrypted, for those who can show it."""
    unsubscribe_url: Mapped[str | None]
    """Where the recipient says that it wants no more of the kind (RFC 8058)."""
    attachment_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Documents of the same entity that go with it, in this order."""
    secret: Mapped[bool] = mapped_column(Boolean, server_default=false())
    status: Mapped[str] = mapped_column(server_default=MailStatus.QUEUED.value)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    """Kind of the last failure, without data of the mail."""


_QUEUE_ONLY = Rule("false", "INSERT", writes="entity_id = ANY ({entities}) AND status IN ('QUEUED', 'KEPT')")
protect(
    MailMessage,
    staff=_QUEUE_ONLY,
    partner=_QUEUE_ONLY,
    customer=_QUEUE_ONLY,
    technician=_QUEUE_ONLY,
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), "Mail is read by its recipient only."),
)
