"""What a correction teaches about how a partner writes its mails."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.inbound_mail import receiving
from domain.inbound_mail.findings import DERIVED
from domain.inbound_mail.models import EmailOrder, InboundMail
from domain.inbound_mail.submitting import values_of
from domain.mail_reading import service
from domain.mail_reading.fields import ORDER_ID, document_of
from domain.mail_reading.message import MailMessage
from domain.partner_orders.document import parse


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
    return None if raw is None else Lesson(row.entity_id, row.organization_id, raw, right(row))


def right(row: EmailOrder) -> dict[str, Any]:
    """What the mail says for certain by JSON path, in normal form; None for what it does not say."""
    unsaid: dict[str, Any] = {path: None for path, value in row.corrected.items() if value is None}
    if row.fields.get(ORDER_ID, {}).get("method") == DERIVED:
        unsaid[ORDER_ID] = None
    said = dict(_flat("$", parse(document_of(values_of(row))).normal))
    return {**said, **unsaid}


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Leaves by their JSON path; numbers of pieces as numbers."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(f"{path}.{name}", each)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _flat(f"{path}[{index}]", each)
    else:
        whole = path.endswith(".quantity") and str(value).isdigit()
        yield path, int(value) if whole else value


async def learned(session: AsyncSession, of: Lesson, message: MailMessage) -> None:
    """Write it into a new version of the partner's template."""
    await service.learn(
        session, entity_id=of.entity_id, organization_id=of.organization_id, mail=message, corrected=of.right
    )
