"""Deliveries: one row per endpoint and event, with the JSON that every attempt of it carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from domain.contacts.models import Contact
from domain.events import positions
from domain.events.models import Event, EventPosition
from domain.events.positions import Positioned
from domain.webhooks import faults, subscriptions
from domain.webhooks.errors import EndpointDisabled
from domain.webhooks.models import (
    AttemptError,
    DeliveryState,
    EndpointState,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from domain.webhooks.payloads import owner_of
from tenants.acting import acting_as
from tenants.auth import clock

_SURELY_GONE = timedelta(hours=1)
CHANNEL = "chargecars_webhooks"
"""On which PostgreSQL tells of commits that hold something to deliver; without a payload."""
SAMPLE = {
    "event": "status_update",
    "order_id": "CC-2026-00000",
    "partner_order_id": "TEST-000000",
    "status": "scheduled",
    "scheduled_date": "2026-07-20",
    "installer": "Team Test",
}
"""What a test says where there is no event yet that it could tell of."""


async def create_for(session: AsyncSession, event: Event) -> int:
    """A delivery for every endpoint that subscribes to an event; how many. Once, however often it is called."""
    endpoints = await listeners(session, event)
    if not endpoints:
        return 0
    place = select(EventPosition.position).where(EventPosition.event_id == event.id)
    position = (await session.execute(place)).scalar_one()
    told = Positioned(
        position, event.id, event.created_at, event.entity_id, event.type, event.subject_type, event.subject_id
    )
    rows = [_row(endpoint, event, told) for endpoint in endpoints]
    made = insert(WebhookDelivery).values(rows).on_conflict_do_nothing().returning(WebhookDelivery.id)
    count = len((await session.execute(made)).all())
    await ring(session)
    return count


async def listeners(session: AsyncSession, event: Event) -> list[WebhookEndpoint]:
    """The endpoints that subscribe to an event. A session of the system."""
    return [e for e in await _listening(session, event) if subscriptions.matches(e.event_types, event.type)]


def row_for(endpoint: WebhookEndpoint, event: Positioned) -> dict[str, Any]:
    """The values of a new delivery."""
    return {
        "entity_id": endpoint.entity_id,
        "organization_id": endpoint.organization_id,
        "endpoint_id": endpoint.id,
        "event_id": event.event_id,
        "event_type": event.type,
        "event_at": event.created_at,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
        "position": event.position,
        "next_attempt_at": clock.now(),
    }


def _row(endpoint: WebhookEndpoint, event: Event, told: Positioned) -> dict[str, Any]:
    row = {**row_for(endpoint, told), "fault": None, "fault_due": False}
    if endpoint.faults:
        faults.assign(endpoint, event, row)
    return row


async def ring(session: AsyncSession) -> None:
    """Wake those who deliver, when the transaction has committed."""
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))


async def newest_for(session: AsyncSession, endpoint: WebhookEndpoint) -> Positioned | None:
    """The last event that the endpoint would be told of. `session` is the platform's."""
    owner = owner_of(endpoint.entity_id, endpoint.organization_id)
    wanted = EventPosition.type.in_(types_of(endpoint))
    query = positions.visible(owner).where(wanted).order_by(EventPosition.position.desc()).limit(1)
    async with acting_as(session, owner):
        row = (await session.execute(query)).first()
    return Positioned(*row) if row else None


def types_of(endpoint: WebhookEndpoint) -> list[str]:
    """The declared types that its patterns stand for."""
    known = subscriptions.subscribable(internal=endpoint.organization_id is None)
    return [name for name in known if subscriptions.matches(endpoint.event_types, name)]


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A delivery whose JSON has not been read yet."""

    id: UUID
    event_id: UUID
    endpoint: WebhookEndpoint


async def unwritten(session: AsyncSession, most: int) -> list[Unwritten]:
    """Deliveries that wait for their JSON, the oldest first."""
    waiting = WebhookDelivery.state == DeliveryState.PENDING
    query = (
        select(WebhookDelivery.id, WebhookDelivery.event_id, WebhookEndpoint)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(waiting, WebhookDelivery.body.is_(None), WebhookDelivery.attempts == 0)
        .order_by(WebhookDelivery.created_at)
        .limit(most)
    )
    return [Unwritten(*row) for row in await session.execute(query)]


async def write(session: AsyncSession, id: UUID, body: str) -> str:
    """Keep the JSON of a delivery unless it has one; the JSON that it has now."""
    first = update(WebhookDelivery).where(WebhookDelivery.id == id, WebhookDelivery.body.is_(None))
    await session.execute(first.values(body=body).execution_options(synchronize_session=False))
    kept = await session.execute(select(WebhookDelivery.body).where(WebhookDelivery.id == id))
    return kept.scalar_one() or body


async def create_test(
    session: AsyncSession, endpoint: WebhookEndpoint, body: str, told: Positioned | None
) -> WebhookDelivery:
    """A delivery that is a test: signed and sent as any other, once, without an alert. The endpoint is enabled."""
    if endpoint.state != EndpointState.ENABLED:
        raise EndpointDisabled(current=endpoint.state, wanted="TEST", field=("endpoint_id",))
    made = WebhookDelivery(
        entity_id=endpoint.entity_id,
        organization_id=endpoint.organization_id,
        endpoint_id=endpoint.id,
        event_id=uuid4(),
        event_type=told.type if told else "order.stage_changed",
        event_at=told.created_at if told else clock.now(),
        subject_type=told.subject_type if told else "Order",
        subject_id=uuid4(),
        position=0,
        body=body,
        test=True,
        next_attempt_at=clock.now(),
    )
    session.add(made)
    await session.flush()
    await ring(session)
    return made


def sample() -> str:
    """The JSON of SAMPLE."""
    return orjson.dumps(SAMPLE).decode()


async def forget(session: AsyncSession, kept: timedelta, most: int = 5_000) -> int:
    """Delete up to `most` deliveries older than `kept`, with their attempts; the number deleted."""
    over = WebhookDelivery.state != DeliveryState.PENDING
    old = select(WebhookDelivery.id).where(WebhookDelivery.created_at < clock.now() - kept, over)
    ids: Sequence[UUID] = (await session.scalars(old.order_by(WebhookDelivery.created_at).limit(most))).all()
    await session.execute(delete(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(ids)))
    await session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(ids)))
    return len(ids)


async def close_abandoned(session: AsyncSession) -> int:
    """End the attempts of processes that are gone, of deliveries that nobody takes up again; how many."""
    over = WebhookDelivery.lease_until < clock.now() - _SURELY_GONE, WebhookDelivery.state != DeliveryState.PENDING
    left = select(WebhookDelivery.id).where(*over)
    open_ = WebhookAttempt.delivery_id.in_(left) & WebhookAttempt.finished_at.is_(None)
    ended = update(WebhookAttempt).where(open_).values(finished_at=clock.now(), error=AttemptError.INTERRUPTED.value)
    done = (await session.execute(ended.returning(WebhookAttempt.id))).all()
    free = update(WebhookDelivery).where(*over).values(lease_until=None)
    await session.execute(free.execution_options(synchronize_session=False))
    return len(done)


async def _listening(session: AsyncSession, event: Event) -> list[WebhookEndpoint]:
    """The enabled endpoints whose owner sees the event, and that were there when it happened."""
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.entity_id == event.entity_id,
        WebhookEndpoint.state == EndpointState.ENABLED,
        WebhookEndpoint.created_at <= event.created_at,
        _sees(event),
    )
    return list(await session.scalars(query.order_by(WebhookEndpoint.created_at)))


def _sees(event: Event) -> ColumnElement[bool]:
    """The entity's own see all; a partner's what is in its channel, by its name now or that of a merged duplicate."""
    own = WebhookEndpoint.organization_id.is_(None)
    if event.internal:
        return own
    channel = list(event.channel_organization_ids)
    merged = select(Contact.merged_into_id).where(Contact.id.in_(channel), Contact.merged_into_id.is_not(None))
    named = WebhookEndpoint.organization_id.in_(channel)
    return or_(own, named, WebhookEndpoint.organization_id.in_(merged))
