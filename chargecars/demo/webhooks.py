"""Webhook endpoints of the named partners, with what they were told in the last weeks. Nothing waits to be sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg

from chargecars.demo.contacts import Partner
from chargecars.demo.world import World
from domain.webhooks import secrets, subscriptions
from tenants.settings import Settings

_SINCE = timedelta(days=60)
_TOLD = timedelta(days=14)
_MOST = 400
"""Deliveries per endpoint."""


@dataclass(frozen=True)
class _Hook:
    code: str
    path: str
    description: str
    disabled: bool = False
    """For its failures."""


_HOOKS = (
    _Hook("groendus", "chargecars/status", "Orderstatus naar het Groendus-platform"),
    _Hook("essent", "webhooks/installaties", "Installaties in Mijn Essent"),
    _Hook("eneco", "chargecars", "Statusupdates voor Eneco eMobility"),
    _Hook("50five", "hooks/chargecars", "Oude koppeling, wordt vervangen", disabled=True),
)

_ENDPOINT = """
INSERT INTO webhook_endpoint (id, entity_id, organization_id, url, description, event_types, contact_emails, secret,
  state, disabled_reason, disabled_at, failing_since, failed_in_a_row, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
"""

_DELIVERIES = """
INSERT INTO webhook_delivery (entity_id, organization_id, endpoint_id, event_id, event_type, event_at, subject_type,
  subject_id, position, body, state, attempts, created_at, next_attempt_at, delivered_at, failed_at, last_status,
  last_error)
SELECT w.entity_id, w.organization_id, w.id, e.id, e.type, e.created_at, e.subject_type, e.subject_id, e.position,
  json_build_object('event', 'status_update', 'order_id', o.number,
    'partner_order_id', coalesce(o.partner_order_id, q.partner_order_id),
    'status', CASE e.type WHEN 'quote.sent' THEN 'quote_sent' WHEN 'order.received' THEN 'received'
      WHEN 'order.cancelled' THEN 'cancelled' WHEN 'order.held' THEN 'on_hold'
      WHEN 'quote.signed' THEN lower(e.payload ->> 'party') || '_approved'
      ELSE lower(coalesce(e.payload ->> 'stage', o.stage)) END,
    'scheduled_date', v.day, 'installer', v.name)::text,
  CASE WHEN luck.lost THEN 'FAILED' ELSE 'DELIVERED' END, luck.attempts, e.created_at + interval '300 milliseconds',
  e.created_at, CASE WHEN NOT luck.lost THEN luck.ended END, CASE WHEN luck.lost THEN luck.ended END,
  CASE WHEN luck.lost THEN 503 ELSE 200 END, CASE WHEN luck.lost THEN 'STATUS' END
FROM webhook_endpoint w
CROSS JOIN LATERAL (
  SELECT e.*, p.position FROM event e JOIN event_position p ON p.event_id = e.id
  WHERE e.entity_id = w.entity_id AND e.channel_organization_ids @> ARRAY[w.organization_id] AND NOT e.internal
    AND e.type = ANY (w.event_types) AND e.created_at > $1
  ORDER BY e.created_at DESC, e.id LIMIT $2) e
CROSS JOIN LATERAL (SELECT abs(hashtext(e.id::text)) % 100 AS n) chance
CROSS JOIN LATERAL (
  SELECT tries.attempts, w.state = 'DISABLED' OR chance.n < 2 AS lost,
    e.created_at + make_interval(secs => 1 + 60 * (2 ^ (tries.attempts - 1) - 1)) AS ended
  FROM (SELECT CASE WHEN w.state = 'DISABLED' OR chance.n < 2 THEN 3 WHEN chance.n < 9 THEN 2 ELSE 1 END) tries
    (attempts)) luck
LEFT JOIN LATERAL (
  SELECT o.* FROM "order" o WHERE o.id = e.subject_id OR o.quote_id = e.subject_id AND o.created_at <= e.created_at
  ORDER BY o.sequence LIMIT 1) o ON true
LEFT JOIN quote q ON q.id = e.subject_id
LEFT JOIN LATERAL (
  SELECT v.day, t.name FROM visit v JOIN team t ON t.id = v.team_id
  WHERE v.order_id = o.id AND e.payload ->> 'stage' IN ('SCHEDULED', 'IN_PROGRESS', 'COMPLETED')
  ORDER BY v.position LIMIT 1) v ON true
"""

_ATTEMPTS = """
INSERT INTO webhook_attempt (entity_id, organization_id, endpoint_id, delivery_id, number, url, created_at, finished_at,
  status, error, detail, latency_ms, address, request_headers, response_headers, response_body)
SELECT d.entity_id, d.organization_id, d.endpoint_id, d.id, n, w.url, began.at,
  began.at + make_interval(secs => took.ms / 1000.0), CASE WHEN fine.it THEN 200 ELSE 503 END,
  CASE WHEN NOT fine.it THEN 'STATUS' END, CASE WHEN NOT fine.it THEN 'status 503' END, took.ms, '203.0.113.10',
  jsonb_build_object('webhook-id', 'msg_' || replace(d.id::text, '-', ''), 'chargecars-event', d.event_type),
  '{"content-type": "application/json"}',
  CASE WHEN fine.it THEN '{"received": true}' ELSE 'Service Unavailable' END
FROM webhook_delivery d JOIN webhook_endpoint w ON w.id = d.endpoint_id
CROSS JOIN LATERAL generate_series(1, d.attempts) n
CROSS JOIN LATERAL (SELECT d.created_at + make_interval(secs => 60 * (2 ^ (n - 1) - 1)) AS at) began
CROSS JOIN LATERAL (SELECT d.state = 'DELIVERED' AND n = d.attempts AS it) fine
CROSS JOIN LATERAL (SELECT 35 + abs(hashtext(d.id::text || n)) % 420 AS ms) took
"""


async def add_webhooks(connection: "asyncpg.Connection[Any]", settings: Settings, world: World) -> None:
    """As the owner of the tables, when events have their positions."""
    now, by_code = world.now, {partner.code: partner for partner in world.partners}
    for hook in _HOOKS:
        if partner := by_code.get(hook.code):
            await connection.execute(_ENDPOINT, *_endpoint(settings, hook, partner, now))
    await connection.execute(_DELIVERIES, now - _TOLD, _MOST)
    await connection.execute(_ATTEMPTS)
    for table in ("webhook_endpoint", "webhook_delivery", "webhook_attempt"):
        await connection.execute(f"ANALYZE {table}")


def _endpoint(settings: Settings, hook: _Hook, partner: Partner, now: datetime) -> tuple[Any, ...]:
    id, since = uuid4(), now - timedelta(days=3)
    failing = ("DISABLED", "FAILING", now, since, 100) if hook.disabled else ("ENABLED", None, None, None, 0)
    url = f"https://hooks.{hook.code}.example/{hook.path}"
    mailbox = [f"partner@{hook.code}.example"]
    secret = secrets.sealed(settings, id, secrets.generate())
    types = list(subscriptions.DEFAULT)
    who = (id, partner.entities[0].id, partner.id, url, hook.description, types, mailbox, secret)
    return (*who, *failing, now - _SINCE)
