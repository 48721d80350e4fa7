"""Taking back what waits to be sent: it is no longer so."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.mail.models import MailMessage, MailStatus
from domain.notifications.models import DeliveryReason, DeliveryState, NotificationDelivery


async def withdraw(session: AsyncSession, subject_id: UUID, kinds: Collection[str], before: datetime) -> int:
    """Do not send what was queued before a time about a subject, of these kinds; how many deliveries. System.

    What a worker has in hand at this moment may still go out.
    """
    waiting = select(NotificationDelivery).where(
        NotificationDelivery.subject_id == subject_id,
        NotificationDelivery.kind.in_(kinds),
        NotificationDelivery.state == DeliveryState.QUEUED,
        NotificationDelivery.created_at < before,
    )
    rows = (await session.scalars(waiting.order_by(NotificationDelivery.id).with_for_update())).all()
    for row in rows:
        row.state, row.reason = DeliveryState.SUPPRESSED.value, DeliveryReason.OUTDATED.value
    mails = [row.mail_id for row in rows if row.mail_id is not None]
    if mails:
        queued = update(MailMessage).where(MailMessage.id.in_(mails), MailMessage.status == MailStatus.QUEUED)
        await session.execute(queued.values(status=MailStatus.SUPPRESSED.value))
    await session.flush()
    return len(rows)
