"""Deliveries: which channel carries a notification, and what becomes of it there.

Mail goes through the outbox of mail; what other channels carry is a job of its own (`notifications.deliver`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import record
from domain.jobs.service import enqueue
from domain.mail.service import queue_mail
from domain.notifications import messages, preferences, recipients, templates, unsubscribing
from domain.notifications.catalogue import KINDS
from domain.notifications.events import NotificationUndeliverable
from domain.notifications.kinds import Kind
from domain.notifications.messages import Message, Sender
from domain.notifications.models import (
    Channel,
    DeliveryReason,
    DeliveryState,
    Language,
    Notification,
    NotificationDelivery,
    NotificationPreference,
)
from domain.notifications.quiet import next_allowed
from domain.notifications.recipients import Recipient
from domain.notifications.settings import notification_settings
from domain.notifications.templates import Wordings
from tenants.auth import clock
from tenants.auth.sealing import unseal
from tenants.secrets import with_secrets
from tenants.settings import Settings
from tenants.settings import settings as environment

JOB = "notifications.deliver"
QUEUE = "mail"
SEALED_FOR = "notification"
BOUNCES_COUNT = timedelta(days=180)
"""How long an address that did not exist is not tried again."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A notification with all that it takes to send it."""

    kind: Kind
    notification: Notification
    recipient: Recipient
    sender: Sender
    wordings: Wordings
    facts: Mapping[str, str | None]
    unsubscribe_url: str | None = None
    not_before: datetime | None = None

    @property
    def reach(self) -> list[Channel]:
        return [Channel(name) for name in self.notification.reach]

    def message(self, channel: Channel) -> Message:
        """Filled in for a channel, in the language in which the recipient was told first."""
        language = Language(self.notification.language)
        return messages.compose(self.wordings, channel, language, self.facts, self.sender, self.unsubscribe_url)


def is_configured(settings: Settings, channel: Channel) -> bool:
    """Whether the installation can send over a channel; mail without a server waits in the database."""
    urls = {Channel.PUSH: settings.push_url, Channel.SMS: settings.sms_url, Channel.WHATSAPP: settings.whatsapp_url}
    return bool(urls.get(channel, "mail"))


async def gathered(session: AsyncSession, notification: Notification) -> Telling | None:
    """All that it takes to send it again; None once it is forgotten or its recipient may no longer be told."""
    kind, recipient = KINDS.get(notification.kind), await recipients.of(session, notification)
    settings = with_secrets(environment())
    sender = await messages.sender_of(session, settings, notification.entity_id, notification.brand_id)
    if notification.facts is None or kind is None or recipient is None or sender is None:
        return None
    facts = orjson.loads(unseal(settings, SEALED_FOR, notification.seal_context, notification.facts))
    chain = notification.chain_organization_ids
    wordings = await templates.holding(session, kind, notification.entity_id, sender.brand.id, chain)
    link = unsubscribing.link(settings, sender.origin, notification.entity_id, kind, recipient)
    return Telling(kind, notification, recipient, sender, wordings, facts, link)


def hold_until(
    kind: Kind, kept: NotificationPreference | None, sender: Sender, latest: datetime | None = None
) -> datetime | None:
    """The end of the recipient's quiet hours, unless it is not quiet, or would be too late by then."""
    now = clock.now()
    if kind.urgent:
        return None
    allowed = next_allowed(now, preferences.quiet_of(kept, notification_settings(sender.entity).quiet))
    return None if allowed <= now or (latest and allowed > latest) else allowed


# --- making them --------------------------------------------------------------------------------------------------


async def show(session: AsyncSession, telling: Telling, title: str) -> None:
    """The inbox has it as soon as it is committed."""
    row = await _row(session, telling, Channel.IN_APP, DeliveryState.DELIVERED)
    row.title, row.sent_at, row.delivered_at = title, clock.now(), clock.now()
    await session.flush()


async def suppress(session: AsyncSession, telling: Telling, channel: Channel, reason: DeliveryReason) -> None:
    """Say why it is not sent."""
    await _row(session, telling, channel, DeliveryState.SUPPRESSED, reason)
    await session.flush()


async def reach_out(session: AsyncSession, telling: Telling, channels: Sequence[Channel]) -> Channel | None:
    """Queue it for the first of the channels that can reach the recipient; those before it say why they cannot."""
    reason = None
    for channel in channels:
        reason = await _why_not(session, telling, channel)
        if reason is None:
            await queue(session, telling, channel)
            return channel
        await suppress(session, telling, channel, reason)
    if reason is not None:
        await undeliverable(session, telling, reason)
    return None


async def queue(session: AsyncSession, telling: Telling, channel: Channel) -> NotificationDelivery:
    """Send it over this channel, at its time."""
    row = await _row(session, telling, channel, DeliveryState.QUEUED)
    row.address = telling.recipient.address(channel)
    row.next_attempt_at = telling.not_before or clock.now()
    message = telling.message(channel)
    row.title, row.template_id = message.subject, message.template_id
    await session.flush()
    if channel is Channel.EMAIL:
        await _mail(session, telling, row, message)
    else:
        arguments = {"delivery_id": row.id}
        await enqueue(session, JOB, arguments, key=str(row.id), run_at=telling.not_before, queue=QUEUE)
    return row


async def _mail(session: AsyncSession, telling: Telling, row: NotificationDelivery, message: Message) -> None:
    mail_id: UUID = (await session.execute(select(func.uuidv7()))).scalar_one()
    await queue_mail(
        session,
        entity_id=row.entity_id,
        to=row.address,
        subject=message.subject,
        body=message.text,
        html=message.html,
        host=telling.sender.brand.host,
        unsubscribe_url=telling.unsubscribe_url,
        not_before=telling.not_before,
        id=mail_id,
    )
    row.mail_id = mail_id
    await session.flush()


async def _why_not(session: AsyncSession, telling: Telling, channel: Channel) -> DeliveryReason | None:
    address = telling.recipient.address(channel)
    if not is_configured(environment(), channel):
        return DeliveryReason.NOT_CONFIGURED
    if not address:
        return DeliveryReason.NO_ADDRESS
    bounced = select(NotificationDelivery.id).where(
        NotificationDelivery.address == address,
        NotificationDelivery.channel == channel,
        NotificationDelivery.bounced_at > clock.now() - BOUNCES_COUNT,
    )
    return DeliveryReason.BOUNCED if (await session.execute(bounced.limit(1))).first() else None


async def _row(
    session: AsyncSession,
    telling: Telling,
    channel: Channel,
    state: DeliveryState,
    reason: DeliveryReason | None = None,
) -> NotificationDelivery:
    notification = telling.notification
    last = select(func.max(NotificationDelivery.position)).filter_by(notification_id=notification.id)
    row = NotificationDelivery(
        entity_id=notification.entity_id,
        notification_id=notification.id,
        position=int((await session.execute(last)).scalar_one() or 0) + 1,
        kind=notification.kind,
        contact_id=notification.contact_id,
        user_id=notification.user_id,
        organization_id=notification.organization_id,
        subject_type=notification.subject_type,
        subject_id=notification.subject_id,
        channel=channel.value,
        state=state.value,
        reason=reason.value if reason else None,
    )
    session.add(row)
    return row


async def undeliverable(session: AsyncSession, telling: Telling, reason: DeliveryReason) -> None:
    """No channel reaches the recipient: for the timeline."""
    row = telling.notification
    payload = NotificationUndeliverable(row.kind, reason.value)
    await record(
        session,
        payload,
        entity_id=row.entity_id,
        subject_id=row.id,
        contact_ids=[row.contact_id],
        organization_ids=[row.organization_id],
    )
