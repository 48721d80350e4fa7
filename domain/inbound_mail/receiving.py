"""Keeping a mail as it came: one row per address it was sent to, and the job that reads it, in one transaction."""

import zlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Boolean, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import RateLimited
from domain.inbound_mail import addresses, events, heads
from domain.inbound_mail.errors import MailLoop, MailTooLarge, NoSuchMailAddress
from domain.inbound_mail.events import tell
from domain.inbound_mail.heads import MOST_HOPS, Head
from domain.inbound_mail.models import IgnoredMail, InboundAddress, InboundMail, InboundMailState, MailWay
from domain.jobs.service import enqueue
from tenants.auth import clock
from tenants.models import Brand
from tenants.settings import Settings

READ = "inbound_mail.read"
QUEUE = "mail-in"
PER_HOUR_BYTES = 500_000_000
"""Of all mail to one address in an hour."""
_HOUR = timedelta(hours=1)
_LATER_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that came in. `proven`: who brought it has proven to be the partner (its own key)."""

    raw: bytes
    way: MailWay
    envelope_sender: str = ""
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """The mail as it is kept; `repeated` where it was there already."""

    id: UUID
    repeated: bool


async def receive(session: AsyncSession, settings: Settings, recipient: str, arrived: Arrived) -> Kept:
    """Keep a mail to one recipient; it is safe once the session has committed, and not before. A system session.

    Raises: NoSuchMailAddress, MailTooLarge, MailLoop; RateLimited where too much came within the hour.
    """
    address = await addresses.taking(session, recipient, settings)
    if address is None:
        raise NoSuchMailAddress(field=("recipient",))
    head = checked(settings, arrived)
    await _require_pace(session, address, settings)
    return await _keep(session, settings, address, arrived, head)


def checked(settings: Settings, arrived: Arrived) -> Head:
    """The head of a mail that can be kept. Raises: MailTooLarge, MailLoop."""
    if len(arrived.raw) > settings.mail_in_bytes:
        raise MailTooLarge(maximum=settings.mail_in_bytes)
    head = heads.head_of(arrived.raw, arrived.envelope_sender)
    if head.hops > MOST_HOPS:
        raise MailLoop(hops=head.hops)
    return head


async def _require_pace(session: AsyncSession, address: InboundAddress, settings: Settings) -> None:
    """Two mails at once may both be the last one that fits: the bound is against floods, not exact."""
    recent = select(func.count(), func.coalesce(func.sum(InboundMail.size), 0))
    recent = recent.where(InboundMail.address_id == address.id, InboundMail.created_at > clock.now() - _HOUR)
    many, size = (await session.execute(recent)).one()
    if many >= settings.mail_in_per_hour or size >= PER_HOUR_BYTES:
        raise RateLimited(seconds=_LATER_SECONDS)


async def _keep(
    session: AsyncSession, settings: Settings, address: InboundAddress, arrived: Arrived, head: Head
) -> Kept:
    ignored = head.ignored or await _own(session, settings, address, head)
    known = is_known(settings, address, arrived, head)
    values = {
        "entity_id": address.entity_id,
        "organization_id": address.organization_id,
        "address_id": address.id,
        "way": arrived.way.value,
        "sha256": heads.fingerprint(arrived.raw),
        "size": len(arrived.raw),
        "raw": zlib.compress(arrived.raw, 6),
        "envelope_sender": heads.plain(head.envelope_sender, 320),
        "sender": head.sender,
        "sender_name": head.sender_name,
        "subject": head.subject,
        "message_id": head.message_id,
        "known_sender": known,
        "answerable": known and not head.by_program and addresses.allows(address.allowed_senders, head.sender),
        "state": (InboundMailState.IGNORED if ignored else InboundMailState.RECEIVED).value,
        "ignored": ignored,
    }
    row = insert(InboundMail).values(values)
    again = {"repeated": InboundMail.repeated + 1}
    row = row.on_conflict_do_update(index_elements=["address_id", "sha256"], set_=again)
    is_first = literal_column("xmax = 0", Boolean)
    id, is_new = (await session.execute(row.returning(InboundMail.id, is_first))).one()
    if is_new:
        await _begin(session, await session.get_one(InboundMail, id))
    return Kept(id, not is_new)


async def _begin(session: AsyncSession, mail: InboundMail) -> None:
    happened = events.InboundMailReceived(mail.way, mail.known_sender, mail.ignored)
    await tell(session, mail, happened)
    if not mail.ignored:
        await ask_to_read(session, mail, key=str(mail.id))


async def ask_to_read(session: AsyncSession, mail: InboundMail, *, key: str | None = None) -> UUID:
    """The job that reads a mail, once the session has committed."""
    arguments = {"inbound_mail_id": mail.id}
    return await enqueue(session, READ, arguments, entity_id=mail.entity_id, key=key, queue=QUEUE)


def is_known(settings: Settings, address: InboundAddress, arrived: Arrived, head: Head) -> bool:
    """Whether it is from an allowed sender for certain: what From says, anybody can write.

    Proof is the partner's own key, or what the mail server in front says: over SMTP anybody can pass himself off as
    that. Where there is none of these the envelope has to say the same as From, and in production that is not enough.
    """
    if arrived.proven:
        return True
    if not addresses.allows(address.allowed_senders, head.sender):
        return False
    if settings.mail_in_authserv:
        return arrived.way is not MailWay.SMTP and head.is_proven(settings.mail_in_authserv)
    return not settings.production and addresses.allows(address.allowed_senders, head.envelope_sender)


async def _own(session: AsyncSession, settings: Settings, address: InboundAddress, head: Head) -> IgnoredMail | None:
    """A mail that the platform sent itself, or that comes from an address which only takes mail."""
    if settings.mail_domain in (head.sender.partition("@")[2], head.envelope_sender.partition("@")[2]):
        return IgnoredMail.LOOP
    ours = select(Brand.id).where(func.lower(Brand.sender_email) == head.sender).limit(1)
    sent = bool(head.sender) and await session.scalar(ours) is not None
    return IgnoredMail.LOOP if sent else None


def opened(mail: InboundMail) -> bytes | None:
    """The mail as it came; None where its time was over."""
    return None if mail.raw is None else zlib.decompress(mail.raw)
