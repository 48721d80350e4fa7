"""Replaying: one delivery, or every event of a range of the log, queued a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.events import positions
from domain.events.cursor import BadCursor, position_of
from domain.events.models import Event, EventPosition
from domain.events.positions import Positioned
from domain.rows import find
from domain.webhooks import events
from domain.webhooks.deliveries import ring, row_for, types_of
from domain.webhooks.errors import EndpointDisabled, ReplayRangeInvalid, ReplayRunning
from domain.webhooks.models import (
    DeliveryState,
    EndpointState,
    ReplayState,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookReplay,
)
from domain.webhooks.payloads import owner_of
from domain.webhooks.service import mine, tell
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.auth import clock

BATCH = 200
_SLOWEST_COMMIT = timedelta(minutes=10)
"""Positions follow the commits, times do not: by so much an event may be out of order."""


@dataclass(frozen=True)
class Range:
    """Events after a cursor, or from a time on, until another time or now."""

    after: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    undelivered_only: bool = False


async def replay_one(session: AsyncSession, actor: Actor, id: UUID) -> WebhookDelivery:
    """Send a delivery again at once, with a round of attempts of its own; what is waiting already is not changed."""
    async with acting_as(session, actor):
        seen = await find(session, WebhookDelivery, id)
    endpoint = await mine(session, actor, seen.endpoint_id)
    _require_enabled(endpoint)
    delivery = await find(session, WebhookDelivery, id, lock=True)
    if delivery.state != DeliveryState.PENDING:
        delivery.state, delivery.next_attempt_at = DeliveryState.PENDING, clock.now()
        delivery.attempts_before, delivery.interruptions, delivery.failed_at = delivery.attempts, 0, None
        await session.flush()
        await ring(session)
    return delivery


async def start(session: AsyncSession, actor: Actor, endpoint_id: UUID, asked: Range) -> WebhookReplay:
    """Begin to replay a range; one at a time per endpoint. Raises: ReplayRangeInvalid, EndpointDisabled."""
    endpoint = await mine(session, actor, endpoint_id, field=("endpoint_id",))
    _require_enabled(endpoint)
    running = select(WebhookReplay.id).where(
        WebhookReplay.endpoint_id == endpoint.id, WebhookReplay.state == ReplayState.RUNNING
    )
    if (await session.execute(running)).first():
        raise ReplayRunning(field=("endpoint_id",))
    replay = WebhookReplay(
        entity_id=endpoint.entity_id,
        organization_id=endpoint.organization_id,
        endpoint_id=endpoint.id,
        undelivered_only=asked.undelivered_only,
        after_position=await _first(session, endpoint, asked),
        until_position=await positions.newest(session),
        since=asked.since,
        until=asked.until,
        created_by_user_id=actor.user_id,
    )
    session.add(replay)
    await session.flush()
    await tell(session, endpoint, events.ReplayStarted(str(replay.id)))
    await ring(session)
    return replay


async def cancel(session: AsyncSession, actor: Actor, id: UUID) -> WebhookReplay:
    """Queue no more of a range; what is queued is sent."""
    async with acting_as(session, actor):
        await find(session, WebhookReplay, id)
    replay = await find(session, WebhookReplay, id, lock=True)
    if replay.state == ReplayState.RUNNING:
        replay.state, replay.finished_at = ReplayState.CANCELLED, clock.now()
        await session.flush()
    return replay


async def advance(session: AsyncSession) -> bool | None:
    """Queue the next batch of the oldest replay nobody is at; whether it is not at its end, None without any."""
    query = select(WebhookReplay).where(WebhookReplay.state == ReplayState.RUNNING)
    oldest = query.order_by(WebhookReplay.created_at).limit(1).with_for_update(skip_locked=True)
    replay = (await session.execute(oldest)).scalar_one_or_none()
    if replay is None:
        return None
    endpoint = await session.get_one(WebhookEndpoint, replay.endpoint_id)
    found = await _batch(session, endpoint, replay)
    wanted = [event for event in found if _within(replay, event)]
    replay.queued += await _queue(session, endpoint, replay, wanted)
    replay.examined += len(found)
    replay.after_position = found[-1].position if found else replay.until_position
    if len(found) < BATCH:
        replay.state, replay.finished_at = ReplayState.DONE, clock.now()
    await session.flush()
    await ring(session)
    return replay.state == ReplayState.RUNNING


async def _batch(session: AsyncSession, endpoint: WebhookEndpoint, replay: WebhookReplay) -> list[Positioned]:
    """The next events that the endpoint's owner sees, up to the end of the range."""
    async with acting_as(session, owner_of(endpoint.entity_id, endpoint.organization_id)):
        found = await positions.after(session, replay.after_position, BATCH, types=types_of(endpoint))
    return [event for event in found if event.position <= replay.until_position]


def _within(replay: WebhookReplay, event: Positioned) -> bool:
    early = replay.since is not None and event.created_at < replay.since
    late = replay.until is not None and event.created_at >= replay.until
    return not early and not late


async def _queue(
    session: AsyncSession, endpoint: WebhookEndpoint, replay: WebhookReplay, events: Sequence[Positioned]
) -> int:
    """Make or wake the deliveries of these events; how many."""
    if not events:
        return 0
    rows = [row_for(endpoint, event) | {"replay_id": replay.id} for event in events]
    made = insert(WebhookDelivery).values(rows)
    again: dict[str, Any] = {
        "state": DeliveryState.PENDING.value,
        "attempts_before": WebhookDelivery.attempts,
        "interruptions": 0,
        "failed_at": None,
        "next_attempt_at": clock.now(),
        "replay_id": replay.id,
    }
    left_out = [DeliveryState.PENDING] + ([DeliveryState.DELIVERED] if replay.undelivered_only else [])
    upsert = made.on_conflict_do_update(
        index_elements=[WebhookDelivery.endpoint_id, WebhookDelivery.event_id],
        set_=again,
        where=WebhookDelivery.state.not_in([state.value for state in left_out]),
    )
    return len((await session.execute(upsert.returning(WebhookDelivery.id))).all())


async def _first(session: AsyncSession, endpoint: WebhookEndpoint, asked: Range) -> int:
    """The position after which the range begins."""
    if (asked.after is None) == (asked.since is None):
        raise ReplayRangeInvalid(field=("since",))
    if asked.since is not None and asked.until is not None and asked.until <= asked.since:
        raise ReplayRangeInvalid(field=("until",))
    if asked.since is not None:
        return await _before(session, endpoint.entity_id, asked.since)
    try:
        return position_of(asked.after or "")
    except BadCursor as error:
        raise ReplayRangeInvalid(field=("after",)) from error


async def _before(session: AsyncSession, entity_id: UUID, since: datetime) -> int:
    """A position before that of every event from a time on, and not much before."""
    own = (Event.entity_id == entity_id) & (Event.id == EventPosition.event_id)
    around = Event.created_at.between(since - _SLOWEST_COMMIT, since + _SLOWEST_COMMIT)
    least = await session.scalar(select(func.min(EventPosition.position)).join(Event, own).where(around))
    if least is None:
        later = select(EventPosition.position).join(Event, own).where(Event.created_at >= since)
        least = await session.scalar(later.order_by(Event.created_at).limit(1))
    return int(least) - 1 if least is not None else await positions.newest(session)


def _require_enabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.deleted_at is not None:
        raise NotFound(field=("id",))
    if endpoint.state != EndpointState.ENABLED:
        raise EndpointDisabled(current=endpoint.state, wanted="REPLAY", field=("id",))
