"""Whom a preview would tell what: messages and webhooks, as far as the actor may know of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.mail.models import MailMessage, MailStatus
from domain.mail.service import opened
from domain.notifications.models import Channel, Notification, NotificationDelivery
from domain.previews.models import PreviewedChange
from domain.webhooks import deliveries
from domain.webhooks.models import WebhookEndpoint
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one recipient over one channel. `state` and `reason` say whether it would be sent at all."""

    channel: Channel
    kind: str | None
    """Of the notification; none for a mail of its own."""
    recipient: str
    contact_id: UUID | None
    user_id: UUID | None
    subject: str
    text: str
    state: str
    reason: str | None
    not_before: datetime


@dataclass(frozen=True, slots=True)
class Hook:
    """A delivery that would be made."""

    endpoint: WebhookEndpoint
    event: Event


async def told(session: AsyncSession, actor: Actor, noted: Sequence[PreviewedChange]) -> list[Message]:
    """What the notifications and the mail of the transaction say. A session of the system."""
    made = await _deliveries(session, actor, _ids(noted, NotificationDelivery.__tablename__))
    mails = {mail.id: mail for mail in await _mails(session, _ids(noted, MailMessage.__tablename__))}
    of_deliveries = {delivery.mail_id for delivery, _ in made}
    found = [_delivered(d, notification, mails.get(d.mail_id) if d.mail_id else None) for d, notification in made]
    alone = [mail for mail in mails.values() if mail.id not in of_deliveries and _may_read(actor, mail)]
    return found + [_mailed(mail) for mail in alone]


async def hooks(session: AsyncSession, actor: Actor, events: Sequence[Event]) -> list[Hook]:
    """The endpoints that would be told of the events, of those that the actor sees. A session of the system."""
    found = [Hook(endpoint, event) for event in events for endpoint in await deliveries.listeners(session, event)]
    ids = {hook.endpoint.id for hook in found}
    async with acting_as(session, actor):
        query = select(WebhookEndpoint.id).where(WebhookEndpoint.id.in_(ids))
        seen = set((await session.scalars(query)).all()) if ids and _reads_hooks(actor) else set()
    return [hook for hook in found if hook.endpoint.id in seen]


async def seen_events(session: AsyncSession, actor: Actor, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the events that are on the actor's timeline."""
    async with acting_as(session, actor):
        return set((await session.scalars(select(Event.id).where(Event.id.in_(ids)))).all())


def _reads_hooks(actor: Actor) -> bool:
    return actor.audience in (Audience.STAFF, Audience.PARTNER, Audience.SYSTEM)


def _ids(noted: Sequence[PreviewedChange], table: str) -> list[UUID]:
    return [UUID(c.row_key["id"]) for c in noted if c.table_name == table and c.action == "INSERT"]


async def _deliveries(
    session: AsyncSession, actor: Actor, ids: Sequence[UUID]
) -> list[tuple[NotificationDelivery, Notification]]:
    """Those whose existence the actor's own role shows; what they say is then read as the platform."""
    if not ids:
        return []
    async with acting_as(session, actor):
        seen = (await session.scalars(select(NotificationDelivery.id).where(NotificationDelivery.id.in_(ids)))).all()
    query = (
        select(NotificationDelivery, Notification)
        .join(Notification, Notification.id == NotificationDelivery.notification_id)
        .where(NotificationDelivery.id.in_(seen))
        .order_by(NotificationDelivery.id)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def _mails(session: AsyncSession, ids: Sequence[UUID]) -> list[MailMessage]:
    if not ids:
        return []
    sent = MailMessage.id.in_(ids), MailMessage.status != MailStatus.SUPPRESSED
    return list(await session.scalars(select(MailMessage).where(*sent).order_by(MailMessage.id)))


def _may_read(actor: Actor, mail: MailMessage) -> bool:
    """Mail that is no notification is the business of the entity that sends it; codes and links are nobody's."""
    if mail.secret:
        return False
    return actor.audience is Audience.SYSTEM or (
        actor.audience is Audience.STAFF and mail.entity_id in actor.entity_ids
    )


def _delivered(delivery: NotificationDelivery, notification: Notification, mail: MailMessage | None) -> Message:
    text = opened(mail).body if mail is not None and not mail.secret else notification.text
    return Message(
        channel=Channel(delivery.channel),
        kind=delivery.kind,
        recipient=delivery.address,
        contact_id=delivery.contact_id,
        user_id=delivery.user_id,
        subject=delivery.title or notification.title,
        text=text,
        state=delivery.state,
        reason=delivery.reason,
        not_before=delivery.next_attempt_at,
    )


def _mailed(mail: MailMessage) -> Message:
    return Message(
        channel=Channel.EMAIL,
        kind=None,
        recipient=mail.recipient,
        contact_id=None,
        user_id=None,
        subject=mail.subject,
        text=opened(mail).body,
        state="QUEUED",
        reason=None,
        not_before=mail.next_attempt_at,
    )
