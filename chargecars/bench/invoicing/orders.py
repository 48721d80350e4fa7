"""Orders of the demo that are completed and not billed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

_CHOOSE = """
SELECT o.id FROM "order" o JOIN business_entity e ON e.id = o.entity_id AND e.code = $1
WHERE o.cancelled_at IS NULL AND NOT EXISTS (SELECT 1 FROM billing_part p WHERE p.order_id = o.id)
ORDER BY o.created_at, o.id LIMIT $2
"""
_COMPLETE = """
UPDATE "order" SET stage = 'COMPLETED', progress = 100, completed_at = coalesce(completed_at, now()),
  on_hold = false, hold_reason = NULL, held_at = NULL
WHERE id = ANY ($1)
"""
_BILLED = """
SELECT count(*) FROM (
  SELECT o.id, (SELECT sum(l.net_cents) FROM line_item l WHERE l.quote_version_id = o.quote_version_id) AS ordered,
    (SELECT sum(l.net_cents) FROM invoice_line l WHERE l.order_id = o.id) AS billed
  FROM "order" o WHERE o.id = ANY ($1)) x
WHERE billed IS DISTINCT FROM ordered AND billed IS NOT NULL
"""


class TooFewOrders(Exception):
    """The data is used up."""


async def completed(owner: "asyncpg.Connection[Any]", entity: str, many: int) -> list[UUID]:
    """So many, now completed. Raises: TooFewOrders."""
    ids = [row["id"] for row in await owner.fetch(_CHOOSE, entity, many)]
    if len(ids) < many:
        raise TooFewOrders(f"{entity} has {len(ids)} orders that are not billed, {many} are needed")
    await owner.execute(_COMPLETE, ids)
    return ids


async def wrongly_billed(owner: "asyncpg.Connection[Any]", ids: Sequence[UUID]) -> int:
    """Orders whose invoices, without VAT, are not what was ordered."""
    return int(await owner.fetchval(_BILLED, list(ids)))
