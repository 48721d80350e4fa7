"""Webhook endpoints with deliveries, attempts and a replay; one endpoint is deleted."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.models import Order
from domain.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookReplay

_WHEN = datetime(2026, 3, 1, 9, tzinfo=UTC)


async def add_webhooks(session: AsyncSession, owner: dict[str, Any]) -> None:
    """Of one owner: an entity itself, or a partner of it."""
    for deleted_at in (None, _WHEN):
        given = {"event_types": ["order.*"], "secret": b"sealed", "deleted_at": deleted_at}
        endpoint = WebhookEndpoint(**owner, url="https://hooks.example.nl/", **given)
        session.add(endpoint)
        await session.flush()
        replay = WebhookReplay(**owner, endpoint_id=endpoint.id, after_position=0, until_position=0, state="DONE")
        session.add(replay)
        await session.flush()
        await _delivery(session, owner, endpoint, replay)


async def _delivery(
    session: AsyncSession, owner: dict[str, Any], endpoint: WebhookEndpoint, replay: WebhookReplay
) -> None:
    order = select(Order.id).where(Order.entity_id == owner["entity_id"]).order_by(Order.id).limit(1)
    delivery = WebhookDelivery(
        **owner,
        endpoint_id=endpoint.id,
        event_id=uuid4(),
        event_type="order.held",
        event_at=_WHEN,
        subject_type="Order",
        subject_id=(await session.scalar(order)) or uuid4(),
        position=1,
        body="{}",
        state="FAILED",
        attempts=1,
        last_error="STATUS",
        replay_id=replay.id,
    )
    session.add(delivery)
    await session.flush()
    whole = {"number": 1, "url": endpoint.url, "finished_at": _WHEN, "status": 500, "error": "STATUS", "latency_ms": 5}
    session.add(WebhookAttempt(**owner, endpoint_id=endpoint.id, delivery_id=delivery.id, **whole))
    await session.flush()
