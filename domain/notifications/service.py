"""Telling somebody something: one notification per cause, kind and recipient, and the deliveries that carry it.

Everything here runs in sessions of the system, inside the transaction of whatever is told.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import record
from domain.notifications import deliveries, messages, preferences, templates, unsubscribing
from domain.notifications.catalogue import KINDS
from domain.notifications.deliveries import Telling
from domain.notifications.events import NotificationReceived
from domain.notifications.kinds import Kind
from domain.notifications.messages import Sender
from domain.notifications.models import Channel, DeliveryReason, Notification
from domain.notifications.recipients import Recipient
from domain.notifications.templates import Wordings
from tenants.auth.sealing import seal
from tenants.secrets import with_secrets
from tenants.settings import settings as environment

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class About:
    """What is told, and of what."""

    entity_id: UUID
    subject_type: str
    subject_id: UUID
    key: str
    """Names the cause: the same cause never tells the same recipient the same kind twice."""
    chain: Sequence[UUID] = ()
    """The partners it came through, from the root down: theirs may be the words."""
    brand_id: UUID | None = None
    latest: datetime | None = None
    """When it is too late to be of use: quiet hours do not hold it back beyond."""


async def notify(
    session: AsyncSession,
    kind_name: str,
    recipients: Iterable[Recipient],
    about: About,
    values: Mapping[str, str | None],
) -> list[UUID]:
    """Tell each recipient once; the ids of the notifications that are new.

    `values` are those of the kind's own variables: texts, dates in ISO 8601, None for what is missing. What recipients
    want, their quiet hours, templates and channels are looked after here.
    """
    kind = KINDS[kind_name]
    fresh = await _untold(session, kind, list({r.id: r for r in recipients}.values()), about)
    if not fresh:
        return []
    settings = with_secrets(environment())
    sender = await messages.sender_of(session, settings, about.entity_id, about.brand_id)
    if sender is None:
        _log.warning("nobody_to_tell_it", entity_id=str(about.entity_id), kind=kind_name)
        return []
    wordings = await templates.holding(session, kind, about.entity_id, sender.brand.id, about.chain)
    told = [await _tell(session, kind, recipient, about, values, sender, wordings) for recipient in fresh]
    return [id for id in told if id is not None]


def key_of(kind: Kind, recipient: Recipient, about: About) -> str:
    """The key of a notification."""
    return f"{about.key}:{kind.name}:{recipient.id}"


async def _untold(session: AsyncSession, kind: Kind, recipients: Sequence[Recipient], about: About) -> list[Recipient]:
    keys = {key_of(kind, recipient, about): recipient for recipient in recipients}
    query = select(Notification.key).where(Notification.key.in_(list(keys)))
    known = set((await session.scalars(query)).all()) if keys else set()
    return [recipient for key, recipient in keys.items() if key not in known]


async def _tell(
    session: AsyncSession,
    kind: Kind,
    recipient: Recipient,
    about: About,
    values: Mapping[str, str | None],
    sender: Sender,
    wordings: Wordings,
) -> UUID | None:
    kept = await preferences.of(session, about.entity_id, recipient)
    facts = {**values, **sender.values(recipient)}
    wanted = preferences.is_wanted(kind, recipient, kept)
    reach = preferences.reach(kind, recipient, kept)
    shown = messages.compose(wordings, Channel.IN_APP, recipient.language, facts, sender)
    row = _row(kind, recipient, about, sender, facts, in_app=kind.in_app and wanted)
    made = insert(Notification).values(**row, title=shown.subject, text=shown.text, reach=[c.value for c in reach])
    id: UUID | None = await session.scalar(
        made.on_conflict_do_nothing(index_elements=["key"]).returning(Notification.id)
    )
    if id is None:
        return None
    notification = await session.get_one(Notification, id)
    link = unsubscribing.link(with_secrets(environment()), sender.origin, about.entity_id, kind, recipient)
    not_before = deliveries.hold_until(kind, kept, sender, about.latest)
    telling = Telling(kind, notification, recipient, sender, wordings, facts, link, not_before)
    carried = await _deliver(session, telling, shown.subject, wanted)
    await _record(session, telling, carried)
    return id


def _row(
    kind: Kind, recipient: Recipient, about: About, sender: Sender, facts: Mapping[str, str | None], *, in_app: bool
) -> dict[str, object]:
    context = secrets.token_hex(16)
    return {
        "entity_id": about.entity_id,
        "key": key_of(kind, recipient, about),
        "kind": kind.name,
        "category": kind.category.value,
        "contact_id": recipient.contact_id,
        "user_id": recipient.user_id,
        "organization_id": recipient.organization_id,
        "brand_id": sender.brand.id,
        "subject_type": about.subject_type,
        "subject_id": about.subject_id,
        "chain_organization_ids": list(about.chain),
        "language": recipient.language.value,
        "in_app": in_app,
        "seal_context": context,
        "facts": seal(with_secrets(environment()), deliveries.SEALED_FOR, context, orjson.dumps(facts)),
    }


async def _deliver(session: AsyncSession, telling: Telling, title: str, wanted: bool) -> list[Channel]:
    """The channels that carry it."""
    if not wanted:
        channel = (telling.reach or [Channel.IN_APP])[0]
        await deliveries.suppress(session, telling, channel, DeliveryReason.OPTED_OUT)
        return []
    inside = [Channel.IN_APP] if telling.notification.in_app else []
    if inside:
        await deliveries.show(session, telling, title)
    outside = await deliveries.reach_out(session, telling, telling.reach)
    return inside + ([outside] if outside else [])


async def _record(session: AsyncSession, telling: Telling, carried: Sequence[Channel]) -> None:
    recipient, row = telling.recipient, telling.notification
    await record(
        session,
        NotificationReceived(row.kind, [channel.value for channel in carried]),
        entity_id=row.entity_id,
        subject_id=row.id,
        organization_ids=[recipient.organization_id],
        channel=[recipient.organization_id] if recipient.organization_id and recipient.user_id else [],
        contact_ids=[recipient.contact_id],
        team_ids=[recipient.team_id] if recipient.team_id else [],
    )
