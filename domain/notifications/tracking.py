"""What becomes of a delivery: sent, arrived, opened, bounced, failed; and the next channel where one fails."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notifications import deliveries, preferences
from domain.notifications.catalogue import KINDS
from domain.notifications.deliveries import Telling
from domain.notifications.errors import NothingToResend
from domain.notifications.messages import Message
from domain.notifications.models import (
    Channel,
    DeliveryReason,
    DeliveryState,
    Notification,
    NotificationDelivery,
)
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.auth import clock

WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))
"""Between attempts; one attempt more than there are waits."""
KEPT = timedelta(days=90)
"""How long it is known what a notification said."""
_OVER = (DeliveryState.FAILED, DeliveryState.SUPPRESSED)


class Reported(StrEnum):
    """What providers say of a delivery."""

    DELIVERED = "DELIVERED"
    OPENED = "OPENED"
    BOUNCED = "BOUNCED"
    FAILED = "FAILED"
    COMPLAINED = "COMPLAINED"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One attempt over a channel with a provider."""

    id: UUID
    channel: Channel
    address: str
    kind: str
    language: str
    sender: str
    message: Message
    attempt: int


# --- sending ------------------------------------------------------------------------------------------------------


async def begin(session: AsyncSession, id: UUID) -> Outgoing | None:
    """Begin an attempt, and what to send; None where there is nothing to be sent any more."""
    row = await _locked(session, id)
    if row is None or row.state != DeliveryState.QUEUED or row.mail_id is not None:
        return None
    telling = await _telling(session, row)
    if telling is None:
        _end(row, DeliveryState.SUPPRESSED, DeliveryReason.ERASED)
        return None
    row.attempts += 1
    message = telling.message(channel := Channel(row.channel))
    language = telling.notification.language
    return Outgoing(row.id, channel, row.address, row.kind, language, telling.sender.brand.name, message, row.attempts)


async def accepted(session: AsyncSession, id: UUID, provider_id: str | None) -> None:
    """The provider has it; it may have reported more of it already."""
    row = await _locked(session, id)
    if row is not None and row.state == DeliveryState.QUEUED:
        row.state, row.sent_at, row.provider_id, row.last_error = "SENT", clock.now(), provider_id, None


async def refused(session: AsyncSession, id: UUID, reason: DeliveryReason, error: str) -> None:
    """It will never be sent over this channel; the next one is tried."""
    row = await _locked(session, id)
    if row is not None and row.state == DeliveryState.QUEUED:
        await _fail(session, row, reason, error)


async def postpone(session: AsyncSession, id: UUID, error: str, after: timedelta | None = None) -> timedelta | None:
    """How long to wait before the next attempt; None where this was the last, and the next channel is tried."""
    row = await _locked(session, id)
    if row is None or row.state != DeliveryState.QUEUED:
        return None
    if row.attempts > len(WAITS):
        await _fail(session, row, DeliveryReason.GIVEN_UP, error)
        return None
    wait = max(WAITS[row.attempts - 1], min(after or timedelta(), timedelta(hours=6)))
    row.next_attempt_at, row.last_error = clock.now() + wait, error
    return wait


async def mail_sent(session: AsyncSession, mail_id: UUID) -> None:
    """The mail server has accepted the mail of a delivery, if it is one's."""
    sent = update(NotificationDelivery).where(
        NotificationDelivery.mail_id == mail_id, NotificationDelivery.state == DeliveryState.QUEUED
    )
    await session.execute(sent.values(state="SENT", sent_at=clock.now(), last_error=None))


async def mail_failed(session: AsyncSession, mail_id: UUID, error: str, *, bounced: bool) -> None:
    """The mail of a delivery is given up; `bounced` where the address does not exist."""
    query = select(NotificationDelivery).where(NotificationDelivery.mail_id == mail_id).with_for_update()
    row = (await session.execute(query)).scalar_one_or_none()
    if row is not None and row.state == DeliveryState.QUEUED:
        row.bounced_at = clock.now() if bounced else None
        await _fail(session, row, DeliveryReason.BOUNCED if bounced else DeliveryReason.GIVEN_UP, error)


# --- what providers report ----------------------------------------------------------------------------------------


async def report(session: AsyncSession, reference: str, reported: Reported, at: datetime, error: str = "") -> bool:
    """Note what a provider says, in whatever order and however often; whether the delivery is known.

    `reference` is the delivery's id, the provider's own, or the Message-ID of a mail.
    """
    row = await _referred(session, reference)
    if row is None:
        return False
    at = min(at, clock.now())
    match reported:
        case Reported.DELIVERED:
            _arrived(row, at)
        case Reported.OPENED:
            _arrived(row, at)
            row.opened_at = row.opened_at or at
        case Reported.BOUNCED:
            row.bounced_at = row.bounced_at or at
            await _fail(session, row, DeliveryReason.BOUNCED, error)
        case Reported.FAILED:
            await _fail(session, row, DeliveryReason.REFUSED, error)
        case Reported.COMPLAINED:
            await _complained(session, row)
    return True


def _arrived(row: NotificationDelivery, at: datetime) -> None:
    if row.state in (DeliveryState.QUEUED, DeliveryState.SENT):
        row.state = DeliveryState.DELIVERED.value
        row.sent_at = row.sent_at or at
    row.delivered_at = row.delivered_at or at


async def _complained(session: AsyncSession, row: NotificationDelivery) -> None:
    """Somebody who calls it spam is not sent the kind again, where that may be switched off."""
    if (kind := KINDS.get(row.kind)) is not None:
        await preferences.mute(session, row.entity_id, kind, contact_id=row.contact_id, user_id=row.user_id)


async def _referred(session: AsyncSession, reference: str) -> NotificationDelivery | None:
    text = reference.strip("<> ").partition("@")[0] if "@" in reference else reference
    named = [NotificationDelivery.provider_id == reference]
    try:
        id = UUID(text)
        named += [NotificationDelivery.id == id, NotificationDelivery.mail_id == id]
    except ValueError:
        pass
    query = select(NotificationDelivery).where(or_(*named)).limit(1).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


# --- again --------------------------------------------------------------------------------------------------------


async def resend(session: AsyncSession, actor: Actor, id: UUID) -> NotificationDelivery:
    """Send what a delivery said once more over its channel, now. A session of the system; `actor` has to see it."""
    async with acting_as(session, actor):
        seen = await find(session, NotificationDelivery, id)
    channel = Channel(seen.channel)
    notification = await session.get_one(Notification, seen.notification_id, with_for_update=True)
    telling = await deliveries.gathered(session, notification)
    if telling is None or channel is Channel.IN_APP or seen.reason == DeliveryReason.OPTED_OUT:
        raise NothingToResend(field=("id",))
    return await deliveries.queue(session, telling, channel)


async def forget(session: AsyncSession) -> int:
    """Erase what notifications said, KEPT after they were made; the number of notifications."""
    old = (Notification.created_at < clock.now() - KEPT) & Notification.facts.is_not(None)
    erased = update(Notification).where(old).values(facts=None, text="")
    return len((await session.execute(erased.returning(Notification.id))).all())


# --- beneath ------------------------------------------------------------------------------------------------------


async def _fail(session: AsyncSession, row: NotificationDelivery, reason: DeliveryReason, error: str) -> None:
    """Once; what was delivered before, and is reported as failed now, stays as it is but for the bounce."""
    if row.state in (*_OVER, DeliveryState.DELIVERED):
        return
    _end(row, DeliveryState.FAILED, reason)
    row.failed_at, row.last_error = clock.now(), error[:200]
    await session.flush()
    await _fall_back(session, row)


def _end(row: NotificationDelivery, state: DeliveryState, reason: DeliveryReason) -> None:
    row.state, row.reason = state.value, reason.value


async def _fall_back(session: AsyncSession, row: NotificationDelivery) -> None:
    """Try the channels that were not tried yet."""
    telling = await _telling(session, row)
    if telling is None:
        return
    tried = select(NotificationDelivery.channel).filter_by(notification_id=row.notification_id)
    before = set((await session.scalars(tried)).all())
    left = [channel for channel in telling.reach if channel.value not in before]
    if left:
        kept = await preferences.of(session, row.entity_id, telling.recipient)
        later = replace(telling, not_before=deliveries.hold_until(telling.kind, kept, telling.sender))
        await deliveries.reach_out(session, later, left)
    else:
        assert row.reason is not None
        await deliveries.undeliverable(session, telling, DeliveryReason(row.reason))


async def _telling(session: AsyncSession, row: NotificationDelivery) -> Telling | None:
    return await deliveries.gathered(session, await session.get_one(Notification, row.notification_id))


async def _locked(session: AsyncSession, id: UUID) -> NotificationDelivery | None:
    return await session.get(NotificationDelivery, id, with_for_update=True)
