"""Mail that a sandbox would have sent: kept, and shown to its partner."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.mail.models import MailMessage
from domain.mail.service import opened
from domain.sandbox.models import PartnerSandbox

MOST = 100
_KEPT = text("""
    SELECT m.id FROM mail_message m
    WHERE m.entity_id = :entity AND m.status = 'KEPT' AND m.created_at >= :since
      AND (CAST(:before AS uuid) IS NULL OR (m.created_at, m.id) < (SELECT b.created_at, b.id FROM mail_message b
        WHERE b.id = :before))
      AND (EXISTS (
        SELECT 1 FROM notification_delivery d
        WHERE d.mail_id = m.id AND (d.organization_id = :twin OR EXISTS (
          SELECT 1 FROM quote q WHERE q.id = d.subject_id AND q.account_contact_id = :twin) OR EXISTS (
          SELECT 1 FROM "order" o WHERE o.id = d.subject_id AND o.account_contact_id = :twin)))
      OR m.recipient = ANY (ARRAY(
        SELECT lower(unnest(i.notify_emails)) FROM partner_integration i WHERE i.organization_id = :twin
        UNION ALL SELECT lower(unnest(e.contact_emails)) FROM webhook_endpoint e WHERE e.organization_id = :twin)))
    ORDER BY m.created_at DESC, m.id DESC LIMIT :most
""")
"""Every partner with the entity has its sandbox beside: a mail is shown to whose order it is about."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it would have been sent."""

    id: UUID
    at: datetime
    recipient: str
    subject: str
    body: str


async def kept(
    session: AsyncSession, sandbox: PartnerSandbox, *, most: int = 20, before: UUID | None = None
) -> list[Letter]:
    """The newest mails of the sandbox, older than `before`. In a session of the platform."""
    given = {
        "entity": sandbox.sandbox_entity_id,
        "twin": sandbox.sandbox_organization_id,
        "since": sandbox.emptied_at,
        "before": before,
        "most": max(1, min(most, MOST)),
    }
    ids = (await session.scalars(_KEPT, given)).all()
    rows = [await session.get_one(MailMessage, id) for id in ids]
    return [_letter(row) for row in rows]


def _letter(row: MailMessage) -> Letter:
    mail = opened(row)
    return Letter(row.id, row.created_at, row.recipient, row.subject, mail.body)
