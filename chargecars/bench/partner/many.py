"""A partner with 100,000 orders, and ten users with each of the partners: what lists take then."""

from typing import Any
from uuid import UUID

import asyncpg

_ORDERS = """
INSERT INTO partner_order (entity_id, organization_id, channel_organization_ids, partner_order_id, way, document,
  body_sha256, content_sha256, received_at, created_at, updated_at)
SELECT $1, $2, c.chain_organization_ids, 'GRO-MANY-' || n, 'API', '{"customer": {"name": "Sanne"}}', '', '',
  now() - n * interval '7 minutes', now() - n * interval '7 minutes', now() - n * interval '7 minutes'
FROM contact c CROSS JOIN generate_series(1, $3::int) n WHERE c.id = $2
ON CONFLICT DO NOTHING
"""
_USERS = """
WITH partner AS (
  SELECT c.id, c.chain_organization_ids, row_number() OVER (ORDER BY c.id) AS place FROM contact c
  WHERE c.contact_type = 'ORGANIZATION' AND c.partner_code IS NOT NULL AND c.merged_into_id IS NULL),
made AS (
  INSERT INTO user_account (email, name)
  SELECT 'user' || p.place || '-' || n || '@many.example', 'User ' || n
  FROM partner p CROSS JOIN generate_series(1, 10) n
  ON CONFLICT DO NOTHING RETURNING id, email)
INSERT INTO membership (user_id, entity_id, role, organization_id, channel_organization_ids)
SELECT m.id, $1, 'PARTNER_USER', p.id, p.chain_organization_ids
FROM made m JOIN partner p ON p.place = split_part(substr(m.email, 5), '-', 1)::int
"""
ORDERS = 100_000


async def fill(owner: "asyncpg.Connection[Any]", entity_id: UUID, organization_id: UUID) -> tuple[int, int]:
    """Orders of the partner and users of partners, once there are as many as that."""
    have = await owner.fetchval("SELECT count(*) FROM partner_order WHERE organization_id = $1", organization_id)
    if have < ORDERS:
        await owner.execute(_ORDERS, entity_id, organization_id, ORDERS)
    await owner.execute(_USERS, entity_id)
    for table in ("partner_order", "user_account", "membership"):
        await owner.execute(f"VACUUM (ANALYZE) {table}")
    return (
        await owner.fetchval("SELECT count(*) FROM partner_order WHERE organization_id = $1", organization_id),
        await owner.fetchval("SELECT count(*) FROM membership WHERE role = 'PARTNER_USER'"),
    )


LISTS: dict[str, tuple[str, str]] = {
    "orders_of_a_partner": (
        "partner_big",
        "{ partnerOrders(first: 50) { nodes { partnerOrderId way receivedAt } pageInfo { endCursor } } }",
    ),
    "orders_of_all": ("staff", "{ partnerOrders(first: 50) { nodes { partnerOrderId way receivedAt } } }"),
    "exceptions": ("staff", "{ partnerOrderExceptions(first: 50) { nodes { kind state field } } }"),
    "partners": ("staff", "{ organizations(first: 50) { nodes { name partnerCode } } }"),
    "users": ("staff", "{ users(first: 50) { nodes { name email } } }"),
    "scorecards_of_all": (
        "staff",
        "{ partnerScorecards(first: 50, filter: {period: {eq: MONTH}}, orderBy: {field: ORDERS, direction: DESC}) "
        "{ nodes { orders figures { figure value } place { rank } organization { name } } } }",
    ),
    "scorecards_of_a_partner": (
        "partner_big",
        "{ partnerScorecards(first: 50) { nodes { startsOn orders figures { figure value } } } }",
    ),
    "tickets": ("staff", "{ partnerTickets(first: 50) { nodes { number subject state dueAt } } }"),
    "breaches": ("staff", "{ serviceBreaches(first: 50) { nodes { metric worst openedAt } } }"),
}
"""By name: who asks, and what."""
MAY_BE_EMPTY = frozenset({"breaches"})
