"""Queueing mail, and taking what is due for sending."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.mail.models import MailMessage, MailStatus
from tenants.auth import clock
from tenants.auth.sealing import seal, unseal
from tenants.models import Brand
from tenants.secrets import with_secrets
from tenants.settings import Settings, settings

WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
"""Between attempts; one attempt more than there are waits."""
BODIES_KEPT = timedelta(days=90)
"""How long it can be seen what a mail said; what is kept for longer says that there was one."""
_LEASE = timedelta(minutes=15)
_PURPOSE = "mail"
_UNFOLDED = SMTP.clone(max_line_length=990)  # RFC 5322 allows 998


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    file_name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """A mail in clear."""

    id: UUID
    sender: Address
    recipient: str
    subject: str
    body: str
    secret: bool
    attempts: int
    html: str | None = None
    unsubscribe_url: str | None = None
    entity_id: UUID | None = None
    attachment_ids: tuple[UUID, ...] = ()
    """Documents that the worker who sends it attaches."""
    attachments: tuple[Attachment, ...] = ()

    def message(self) -> EmailMessage:
        """RFC 5322; the id of the message stays the same in every attempt, so that a repeat can be recognized."""
        made = EmailMessage()
        made["From"] = self.sender
        made["To"] = Address(addr_spec=self.recipient)
        made["Subject"] = self.subject
        made["Message-ID"] = f"<{self.id}@{self.sender.domain or 'localhost'}>"
        made["Date"] = format_datetime(clock.now())
        made["Auto-Submitted"] = "auto-generated"
        if self.unsubscribe_url:  # RFC 8058: mail programs offer it as one click
            made["List-Unsubscribe"] = f"<{self.unsubscribe_url}>"
            made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        made.set_content(self.body)
        if self.html:
            made.add_alternative(self.html, subtype="html")
        for file in self.attachments:
            kind, _, subtype = file.media_type.partition("/")
            made.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.file_name)
        return made

    def wire(self) -> bytes:
        """The message as it is sent; links in headers must not be folded, which Python would do with an encoding."""
        return self.message().as_bytes(policy=_UNFOLDED)


async def queue_mail(
    session: AsyncSession,
    *,
    entity_id: UUID,
    to: str,
    subject: str,
    body: str,
    host: str | None = None,
    secret: bool = False,
    suppressed: bool = False,
    html: str | None = None,
    unsubscribe_url: str | None = None,
    not_before: datetime | None = None,
    id: UUID | None = None,
    attachment_ids: Sequence[UUID] = (),
) -> None:
    """Queue a mail from a brand of the entity (that at `host`, else the first) in the session's transaction.

    `secret` erases the body once it was sent. `suppressed` writes the row and sends nothing (system sessions only).
    `attachment_ids` are documents of the same entity, which the caller has seen to be for the recipient.
    `id` is a UUID of PostgreSQL's that the caller has drawn to find the mail again.
    """
    name, email = await _sender(session, entity_id, host)
    context = secrets.token_hex(16)
    values = {
        **({"id": id} if id else {}),
        **({"next_attempt_at": not_before} if not_before else {}),
        "entity_id": entity_id,
        "seal_context": context,
        "sender_name": name,
        "sender_email": email,
        "recipient": to.lower(),
        "subject": " ".join(subject.split())[:200],
        "body": seal(_keys(), _PURPOSE, context, body.encode()),
        "html": seal(_keys(), _PURPOSE, context, html.encode()) if html else None,
        "unsubscribe_url": unsubscribe_url,
        "attachment_ids": list(attachment_ids),
        "secret": secret,
        "status": (MailStatus.SUPPRESSED if suppressed else MailStatus.QUEUED).value,
    }
    await session.execute(insert(MailMessage).inline().values(values))


async def take_due(session: AsyncSession, most: int) -> list[Mail]:
    """Take mail that is due, for 15 minutes: whoever does not come back in that time has failed an attempt."""
    now = clock.now()
    due = (
        select(MailMessage.id)
        .where(MailMessage.status == MailStatus.QUEUED, MailMessage.next_attempt_at <= now)
        .order_by(MailMessage.next_attempt_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    ids = (await session.scalars(due)).all()
    taken = update(MailMessage).where(MailMessage.id.in_(ids))
    taken = taken.values(attempts=MailMessage.attempts + 1, next_attempt_at=now + _LEASE)
    rows = await session.scalars(taken.returning(MailMessage).execution_options(populate_existing=True))
    return [opened(row) for row in rows]


async def sent(session: AsyncSession, mail: Mail) -> None:
    """The server has accepted it."""
    values = {"status": MailStatus.SENT.value, "sent_at": clock.now(), "last_error": None}
    erased = {"body": None, "html": None} if mail.secret else {}
    await session.execute(update(MailMessage).where(MailMessage.id == mail.id).values({**values, **erased}))


async def failed(session: AsyncSession, mail: Mail, error: str, *, for_good: bool = False) -> bool:
    """It was not accepted; it is tried again later, unless refused for good or tried often enough: whether so."""
    last = for_good or mail.attempts > len(WAITS)
    values = (
        {"status": MailStatus.FAILED.value, "last_error": error}
        if last
        else {"next_attempt_at": clock.now() + WAITS[mail.attempts - 1], "last_error": error}
    )
    await session.execute(update(MailMessage).where(MailMessage.id == mail.id).values(values))
    return last


async def suppress(session: AsyncSession, id: UUID) -> None:
    """Never send it, if it was not sent yet."""
    waiting = update(MailMessage).where(MailMessage.id == id, MailMessage.status == MailStatus.QUEUED)
    await session.execute(waiting.values(status=MailStatus.SUPPRESSED.value))


async def sweep(session: AsyncSession) -> int:
    """Delete mail that was never to be sent, a day later; the number of mails deleted."""
    day = clock.now() - timedelta(days=1)
    old = delete(MailMessage).where(MailMessage.status == MailStatus.SUPPRESSED, MailMessage.created_at < day)
    return len((await session.execute(old.returning(MailMessage.id))).all())


async def forget_bodies(session: AsyncSession) -> int:
    """Erase the text of mail that was sent or given up, BODIES_KEPT after it was queued; the number of mails."""
    over = MailMessage.status.in_([MailStatus.SENT, MailStatus.FAILED])
    old = (MailMessage.created_at < clock.now() - BODIES_KEPT) & MailMessage.body.is_not(None)
    erased = update(MailMessage).where(over, old).values(body=None, html=None)
    return len((await session.execute(erased.returning(MailMessage.id))).all())


def opened(row: MailMessage) -> Mail:
    """The row in clear; an erased body is empty."""
    sender = Address(row.sender_name, addr_spec=row.sender_email)
    body, html = _unsealed(row, row.body), _unsealed(row, row.html)
    return Mail(
        row.id,
        sender,
        row.recipient,
        row.subject,
        body or "",
        row.secret,
        row.attempts,
        html,
        row.unsubscribe_url,
        row.entity_id,
        tuple(row.attachment_ids),
    )


def _unsealed(row: MailMessage, sealed: bytes | None) -> str | None:
    return None if sealed is None else unseal(_keys(), _PURPOSE, row.seal_context, sealed).decode()


async def _sender(session: AsyncSession, entity_id: UUID, host: str | None) -> tuple[str, str]:
    query = select(Brand.sender_name, Brand.sender_email).where(Brand.entity_id == entity_id)
    first = query.order_by((Brand.host == (host or "")).desc(), Brand.created_at, Brand.id).limit(1)
    found: Sequence[str] | None = (await session.execute(first)).first()
    if found is None:
        raise LookupError(f"business entity {entity_id} has no brand that could send mail")
    return found[0], found[1]


def _keys() -> Settings:
    """Mail is queued deep within other work, which has no settings at hand."""
    return with_secrets(settings())
