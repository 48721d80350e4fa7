"""Addresses that partners mail orders to, the mail itself, and the orders that were read in it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Texts, Updated, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class MailWay(StrEnum):
    """How a mail came in."""

    SMTP = "SMTP"
    LMTP = "LMTP"
    HTTP = "HTTP"


class InboundMailState(StrEnum):
    RECEIVED = "RECEIVED"
    """Kept, and waiting to be read."""
    READ = "READ"
    FAILED = "FAILED"
    """It could not be read; it is kept and can be read again."""
    IGNORED = "IGNORED"
    """It is no order: `ignored` says what it is. It is kept for a while and can be read all the same."""


class IgnoredMail(StrEnum):
    """What a mail is that nobody wrote to us."""

    BOUNCE = "BOUNCE"
    """A report about a mail of ours (RFC 3464), or one without a sender to answer."""
    AUTO_REPLY = "AUTO_REPLY"
    """An answer that a program gave (RFC 3834), such as a notice of absence."""
    LOOP = "LOOP"
    """A mail that this platform sent comes back."""


class EmailOrderState(StrEnum):
    REVIEW = "REVIEW"
    """Waits: for the platform to submit it where nothing is in doubt, else for somebody to look."""
    SUBMITTED = "SUBMITTED"
    REJECTED = "REJECTED"


class EmailDoubt(StrEnum):
    """Why an order that was read is not submitted by itself."""

    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    MISSING_FIELD = "MISSING_FIELD"
    UNKNOWN_SENDER = "UNKNOWN_SENDER"
    """The sender is not one of the address's, or nothing proves that the mail is the sender's."""
    NOTHING_FOUND = "NOTHING_FOUND"
    NOT_WHOLE = "NOT_WHOLE"
    """A part of the mail could not be read: an attachment too large, locked or broken."""
    REFUSED = "REFUSED"
    """What was read is not a valid order, `faults` say why."""
    BY_HAND = "BY_HAND"
    """The address has every order looked at."""


class InboundAddress(Identified, Updated, Base):
    """An address of a partner at the platform's mail domain. Its local part cannot be guessed and is never reused."""

    __tablename__ = "inbound_address"
    __table_args__ = (
        CheckConstraint("local_part = lower(local_part)", name="local_part"),
        Index("ix_inbound_address_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_inbound_address_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_inbound_address_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    local_part: Mapped[str] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    closes_at: Mapped[datetime | None]
    """When a rotated address stops taking mail."""
    allowed_senders: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Addresses, or `@domain` for all of a domain; orders of others are looked at first."""
    automatic: Mapped[bool] = mapped_column(Boolean, server_default=true())
    """Whether orders in which nothing is in doubt are submitted without being looked at."""
    answers: Mapped[bool] = mapped_column(Boolean, server_default=true())
    """Whether known senders are told what became of their mail."""
    language: Mapped[str] = mapped_column(server_default="nl")
    external_reading: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether the installation's language model, where it has one, may read its mail."""


class InboundMail(Identified, Base):
    """One mail as it came in; the same mail to the same address is kept once."""

    __tablename__ = "inbound_mail"
    __table_args__ = (
        one_of("way", MailWay),
        one_of("state", InboundMailState),
        CheckConstraint(f"ignored IN {tuple(each.value for each in IgnoredMail)}", name="ignored"),
        CheckConstraint("(state = 'IGNORED') = (ignored IS NOT NULL)", name="ignored_because"),
        UniqueConstraint("address_id", "sha256"),
        Index("ix_inbound_mail_address_newest", "address_id", "created_at"),
        Index("ix_inbound_mail_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_inbound_mail_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_inbound_mail_newest", "created_at", "id"),
        Index("ix_inbound_mail_kept", "created_at", postgresql_where=text("raw IS NOT NULL")),
        Index("ix_inbound_mail_sender", "sender", postgresql_where=text("sender <> ''")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    address_id: Mapped[UUID] = mapped_column(ForeignKey("inbound_address.id"))
    way: Mapped[str]
    sha256: Mapped[str]
    """Of the body and of what the sender wrote into the head; relays add to the rest of it."""
    size: Mapped[int] = mapped_column(Integer)
    """Bytes."""
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The mail as it came, by zlib; erased when its time is over, as are the parts."""
    envelope_sender: Mapped[str] = mapped_column(server_default="")
    sender: Mapped[str] = mapped_column(server_default="")
    """The address in From; empty where there is not exactly one."""
    sender_name: Mapped[str] = mapped_column(server_default="")
    subject: Mapped[str] = mapped_column(server_default="")
    message_id: Mapped[str] = mapped_column(server_default="")
    known_sender: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether it is proven to be from an allowed sender."""
    answerable: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether a program may answer it: to known senders, and to no program or list."""
    state: Mapped[str] = mapped_column(server_default=InboundMailState.RECEIVED.value)
    ignored: Mapped[str | None]
    repeated: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often it came again."""
    problems: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Codes of what could not be read."""
    parts: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    """`{kind, text}` of each part: what the places of fields refer to."""
    read_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]


class EmailOrder(Identified, Updated, Base):
    """One order that was read in a mail, with every field's confidence and place."""

    __tablename__ = "email_order"
    __table_args__ = (
        one_of("state", EmailOrderState),
        CheckConstraint("(state = 'SUBMITTED') = (partner_order_id IS NOT NULL)", name="submitted"),
        UniqueConstraint("inbound_mail_id", "position"),
        Index("ix_email_order_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_email_order_organization_newest", "organization_id", "created_at", "id"),
        Index("ix_email_order_newest", "created_at", "id"),
        Index("ix_email_order_review", "entity_id", "created_at", "id", postgresql_where=text("state = 'REVIEW'")),
        Index("ix_email_order_partner_order", "partner_order_id"),
        Index(
            "ix_email_order_unplaced",
            "created_at",
            postgresql_where=text("partner_order_id IS NULL AND fields <> '{}'"),
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    inbound_mail_id: Mapped[UUID] = mapped_column(ForeignKey("inbound_mail.id"))
    position: Mapped[int] = mapped_column(Integer)
    """1 for the first order in the mail."""
    state: Mapped[str] = mapped_column(server_default=EmailOrderState.REVIEW.value)
    reference: Mapped[str] = mapped_column(server_default="")
    """The partner's number of the order as it was read, else the one it has from us."""
    derived: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether the mail names no number, and the reference is made of the mail and the position."""
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """By JSON path: value, confidence 0 to 1, part, start, end, text, method."""
    missing: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """JSON paths of what an order needs and was not found."""
    asked: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """JSON paths that somebody has to look at: those missing and those in doubt."""
    doubts: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """`{code, path, message}` of what intake refused."""
    corrected: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """By JSON path: what somebody said that it is; null where it is not of the order."""
    partner_order_id: Mapped[UUID | None] = mapped_column(ForeignKey("partner_order.id"))
    reason: Mapped[str] = mapped_column(server_default="")
    """Why it was rejected."""
    reviewed_by: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    """Raised with every change; who reviews says which one was looked at."""


_OWN = f"organization_id = {{organization}} AND {OF_THE_ENTITY}"
_EXPLAIN = {
    "staff": "It is of one of the actor's business entities.",
    "partner": "It is of the actor's own organization.",
}
protect(InboundAddress, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN)
protect(InboundMail, staff=Rule(OF_THE_ENTITY, hidden=("raw",)), partner=Rule(_OWN, hidden=("raw",)), explain=_EXPLAIN)
protect(EmailOrder, staff=Rule(OF_THE_ENTITY), partner=Rule(_OWN), explain=_EXPLAIN)
