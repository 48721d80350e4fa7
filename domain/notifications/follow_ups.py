"""The follow-up of leads as notifications: by the person's wishes, in the looks of the brand, tracked."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.leads.models import Lead
from domain.notifications import recipients
from domain.notifications.models import DeliveryState, Language, NotificationDelivery
from domain.notifications.service import About, notify

KIND = "lead.follow_up"


async def send(session: AsyncSession, lead: Lead, follow_up_id: UUID, subject: str, text: str) -> bool:
    """Send the words of a step to the address that the lead gave; whether the person wants to be written to."""
    person = await recipients.contact(session, lead.entity_id, lead.contact_id)
    if person is None:
        return False
    to = replace(person, name=lead.name, email=lead.email, language=Language(lead.language))
    about = About(lead.entity_id, "Lead", lead.id, f"follow-up:{follow_up_id}", tuple(lead.channel_organization_ids))
    told = await notify(session, KIND, [to], about, {"step.subject": subject, "step.text": text})
    query = select(NotificationDelivery.id).where(
        NotificationDelivery.notification_id.in_(told), NotificationDelivery.state == DeliveryState.QUEUED
    )
    return (await session.execute(query.limit(1))).first() is not None
