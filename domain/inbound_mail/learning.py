"""What a correction teaches about how a partner writes its mails."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.inbound_mail import receiving
from domain.inbound_mail.models import EmailOrder, InboundMail
from domain.inbound_mail.submitting import values_of
from domain.mail_reading import service
from domain.mail_reading.message import MailMessage


@dataclass(frozen=True, slots=True)
class Lesson:
    """A mail, and what one of its orders says for certain."""

    entity_id: UUID
    organization_id: UUID
    raw: bytes
    right: Mapping[str, Any]


async def lesson(session: AsyncSession, email_order_id: UUID) -> Lesson | None:
    """None where nothing can be learned: nobody looked at anything, or the mail is not kept any more."""
    row = await session.get(EmailOrder, email_order_id)
    if row is None or not row.corrected:
        return None
    raw = receiving.opened(await session.get_one(InboundMail, row.inbound_mail_id))
    return None if raw is None else Lesson(row.entity_id, row.organization_id, raw, values_of(row))


async def learned(session: AsyncSession, of: Lesson, message: MailMessage) -> None:
    """Write it into a new version of the partner's template."""
    await service.learn(
        session, entity_id=of.entity_id, organization_id=of.organization_id, mail=message, corrected=of.right
    )
