"""Who is sent what next, and what came of it.

A delivery is taken with a lease, in a transaction that ends before the request begins; whoever dies meanwhile is found
by the lease. Endpoints take turns, each has a few requests under way at most (one while it fails), and of one subject
an endpoint is told one thing at a time, in the order of the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.webhooks import failures, faults, secrets
from domain.webhooks.models import (
    AttemptError,
    DeliveryState,
    DisabledReason,
    EndpointState,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from domain.webhooks.outcome import Outcome
from domain.webhooks.policy import policy_of
from domain.webhooks.service import turn_off
from tenants.auth import clock
from tenants.settings import Settings

M = TypeVar("M", WebhookEndpoint, WebhookDelivery)
MOST_INTERRUPTIONS = 5
"""How often an attempt may end with our process before that counts as a failure: the delivery itself may be why."""
EXCERPT = 2_048
_TAKING = 0x7765_6268_6F6F  # an arbitrary constant: the advisory lock of taking deliveries
_GONE = 410

_DUE = text("""
    WITH RECURSIVE waiting AS (
      (SELECT endpoint_id FROM webhook_delivery WHERE state = 'PENDING' ORDER BY endpoint_id LIMIT 1)
      UNION ALL
      SELECT (SELECT d.endpoint_id FROM webhook_delivery d WHERE d.state = 'PENDING' AND d.endpoint_id > w.endpoint_id
        ORDER BY d.endpoint_id LIMIT 1)
      FROM waiting w WHERE w.endpoint_id IS NOT NULL
    ), busy AS (
      SELECT endpoint_id, count(*) AS used FROM webhook_delivery WHERE lease_until > :now GROUP BY endpoint_id
    )
    SELECT d.id
    FROM waiting w
    JOIN webhook_endpoint e ON e.id = w.endpoint_id AND e.state = 'ENABLED'
    LEFT JOIN busy b ON b.endpoint_id = e.id
    CROSS JOIN LATERAL (
      SELECT d.id, d.next_attempt_at, row_number() OVER (ORDER BY d.next_attempt_at, d.position) AS turn
      FROM webhook_delivery d
      WHERE d.endpoint_id = e.id AND d.state = 'PENDING' AND d.next_attempt_at <= :now
        AND (d.lease_until IS NULL OR d.lease_until <= :now)
        AND NOT EXISTS (
          SELECT 1 FROM webhook_delivery o
          WHERE o.endpoint_id = d.endpoint_id AND o.subject_id = d.subject_id AND o.state = 'PENDING' AND o.id <> d.id
            AND (o.position < d.position OR o.lease_until > :now)
            AND NOT (o.fault IS NOT DISTINCT FROM 'OUT_OF_ORDER' AND o.attempts = 0))
      ORDER BY d.next_attempt_at, d.position
      LIMIT greatest(0, CASE WHEN e.failing_since IS NULL THEN :each ELSE 1 END - coalesce(b.used, 0))
    ) d
    ORDER BY d.turn + coalesce(b.used, 0), d.next_attempt_at
    LIMIT :most
""")
"""Endpoints are found by skipping through the index from one to the next, not by reading what waits for them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One attempt to make. Without a body the JSON has to be read first."""

    delivery: WebhookDelivery
    endpoint: WebhookEndpoint
    attempt_id: UUID
    number: int


async def take_due(session: AsyncSession, settings: Settings, most: int) -> list[Taken]:
    """Take up to `most` attempts that are due, fairly; whoever does not come back in time has been interrupted."""
    now = clock.now()
    await session.execute(text(f"SELECT pg_advisory_xact_lock({_TAKING})"))
    given = {"now": now, "each": settings.webhook_connections_per_endpoint, "most": most}
    ids = (await session.scalars(_DUE, given)).all()
    if not ids:
        return []
    query = (
        select(WebhookDelivery, WebhookEndpoint)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.id.in_(ids))
    )
    found = {delivery.id: (delivery, endpoint) for delivery, endpoint in await session.execute(query)}
    until = now + timedelta(seconds=settings.webhook_timeout_seconds + settings.webhook_lease_seconds)
    return [await _take(session, *found[id], now, until) for id in ids]


async def next_due(session: AsyncSession) -> datetime | None:
    """When something is due that nobody is at, the earliest."""
    query = text(
        "SELECT min(d.next_attempt_at) FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id "
        "WHERE d.state = 'PENDING' AND e.state = 'ENABLED' AND d.lease_until IS NULL"
    )
    found: datetime | None = (await session.execute(query)).scalar_one()
    return found


async def conclude(session: AsyncSession, settings: Settings, taken: Taken, outcome: Outcome) -> DeliveryState:
    """Keep what came of an attempt, and decide what follows; the state of the delivery after it."""
    now = clock.now()
    await _finish(session, [taken.attempt_id], outcome, now)
    endpoint = await _locked(session, WebhookEndpoint, taken.endpoint.id)
    delivery = await _locked(session, WebhookDelivery, taken.delivery.id)
    mine = delivery.attempts == taken.number
    if not mine and outcome.error is not None:  # somebody believed us dead, and is at it
        return DeliveryState(delivery.state)
    delivery.lease_until = None
    delivery.last_status, delivery.last_error = outcome.status, outcome.error
    if outcome.fault is not None and faults.again(delivery, outcome.error is None):
        return DeliveryState.PENDING
    if outcome.error is None:
        if endpoint.faults:
            await faults.let_go(session, delivery)
        return _arrived(endpoint, delivery, now)
    return await _failed(session, settings, endpoint, delivery, outcome)


def _arrived(endpoint: WebhookEndpoint, delivery: WebhookDelivery, now: datetime) -> DeliveryState:
    delivery.state, delivery.delivered_at, delivery.failed_at = DeliveryState.DELIVERED, now, None
    if endpoint.failing_since or endpoint.failed_in_a_row:
        endpoint.failing_since, endpoint.failed_in_a_row, endpoint.alerted_at = None, 0, None
    return DeliveryState.DELIVERED


async def _failed(
    session: AsyncSession,
    settings: Settings,
    endpoint: WebhookEndpoint,
    delivery: WebhookDelivery,
    outcome: Outcome,
) -> DeliveryState:
    tries = delivery.attempts - delivery.attempts_before
    policy = policy_of(endpoint, settings)
    gone = outcome.status == _GONE
    if endpoint.state != EndpointState.ENABLED:
        delivery.state = DeliveryState.SKIPPED
    elif delivery.test or gone or tries >= policy.attempts:
        await _lost(session, settings, endpoint, delivery, outcome, gone=gone)
    else:
        _note_failure(endpoint, outcome)
        delivery.next_attempt_at = clock.now() + policy.wait(tries, outcome.retry_after)
    await session.flush()
    return DeliveryState(delivery.state)


async def _lost(
    session: AsyncSession,
    settings: Settings,
    endpoint: WebhookEndpoint,
    delivery: WebhookDelivery,
    outcome: Outcome,
    *,
    gone: bool,
) -> None:
    delivery.state, delivery.failed_at = DeliveryState.FAILED, clock.now()
    if delivery.test:
        return
    _note_failure(endpoint, outcome)
    await session.flush()
    await failures.gave_up(session, endpoint, delivery)
    if gone:
        await turn_off(session, endpoint, DisabledReason.GONE)
        await failures.announce_disabled(session, endpoint)
    elif failures.is_sustained(endpoint, settings):
        await turn_off(session, endpoint, DisabledReason.FAILING)
        await failures.announce_disabled(session, endpoint)


def _note_failure(endpoint: WebhookEndpoint, outcome: Outcome) -> None:
    """What is our own fault says nothing about the endpoint."""
    if outcome.error not in (AttemptError.PAYLOAD, AttemptError.INTERRUPTED) and endpoint.failing_since is None:
        endpoint.failing_since = clock.now()


async def _take(
    session: AsyncSession, delivery: WebhookDelivery, endpoint: WebhookEndpoint, now: datetime, until: datetime
) -> Taken:
    if delivery.lease_until is not None:
        await _interrupted(session, delivery, now)
    delivery.attempts += 1
    delivery.lease_until = until
    await session.flush()
    row = insert(WebhookAttempt).values(
        entity_id=delivery.entity_id,
        organization_id=delivery.organization_id,
        endpoint_id=endpoint.id,
        delivery_id=delivery.id,
        number=delivery.attempts,
        url=endpoint.url,
        created_at=now,
    )
    attempt_id = (await session.execute(row.returning(WebhookAttempt.id))).scalar_one()
    return Taken(delivery, endpoint, attempt_id, delivery.attempts)


async def _interrupted(session: AsyncSession, delivery: WebhookDelivery, now: datetime) -> None:
    """The process that made the last attempt is gone."""
    query = select(WebhookAttempt.id).where(
        WebhookAttempt.delivery_id == delivery.id, WebhookAttempt.finished_at.is_(None)
    )
    left = (await session.scalars(query)).all()
    await _finish(session, left, Outcome(AttemptError.INTERRUPTED), now)
    delivery.interruptions += 1
    if delivery.interruptions <= MOST_INTERRUPTIONS:
        delivery.attempts_before += 1


async def _finish(session: AsyncSession, ids: Sequence[UUID], outcome: Outcome, now: datetime) -> None:
    done = update(WebhookAttempt).where(WebhookAttempt.id.in_(ids))
    values = {
        "finished_at": now,
        "status": outcome.status,
        "error": outcome.error,
        "detail": _kept(outcome.detail, 500),
        "latency_ms": outcome.latency_ms,
        "address": outcome.address,
        "request_headers": outcome.request_headers,
        "response_headers": {name: _kept(value, 500) for name, value in outcome.response_headers.items()},
        "response_body": _kept(outcome.response_body, EXCERPT),
        "fault": outcome.fault,
    }
    await session.execute(done.values(**values).execution_options(synchronize_session=False))


def _kept(value: str | None, most: int) -> str | None:
    """Text that PostgreSQL can hold."""
    return None if value is None else value[:most].replace("\0", "\N{REPLACEMENT CHARACTER}")


async def _locked(session: AsyncSession, model: type[M], id: UUID) -> M:
    query = (
        select(model).where(model.id == id).with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one()


def signed(settings: Settings, taken: Taken, body: str) -> dict[str, str]:
    """The headers of this attempt, signed for this moment by every valid secret."""
    now = clock.now()
    return secrets.headers(taken.delivery, body, secrets.secrets_of(settings, taken.endpoint, now), now)
