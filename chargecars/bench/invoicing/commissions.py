"""Commission of all orders of the demo: in sets, and order by order."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import func, select

from domain.agreements.commission_book import book
from domain.commissions.accruing import Ordered, shares_of
from domain.commissions.models import Commission, CommissionCause
from domain.commissions.running import run
from domain.orders.models import Order
from domain.quotes.models import LineItem
from tenants.actor import SYSTEM
from tenants.engine import Database

_MONTHS = """
SELECT DISTINCT entity_id, date_trunc('month', created_at AT TIME ZONE 'Europe/Amsterdam')::date AS month
FROM "order" ORDER BY 2, 1
"""
_COUNTED = """
SELECT id FROM "order" WHERE cardinality(account_chain_ids) > 0 AND stage <> 'CANCELLED'
ORDER BY created_at, id LIMIT $1
"""


async def run_all(owner: "asyncpg.Connection[Any]", database: Database) -> tuple[int, int, float]:
    """A run per entity and month over everything: orders, records and seconds."""
    months = await owner.fetch(_MONTHS)
    began, made = time.perf_counter(), 0
    for row in months:
        async with database.session(SYSTEM) as session:
            made += (await run(session, row["entity_id"], row["month"])).accrued
    seconds = time.perf_counter() - began
    return int(await owner.fetchval('SELECT count(*) FROM "order"')), made, seconds


async def one_by_one(owner: "asyncpg.Connection[Any]", database: Database, many: int) -> tuple[dict[UUID, int], float]:
    """Cents per order, each read and computed by itself, nothing written; and how long it took."""
    ids = [row["id"] for row in await owner.fetch(_COUNTED, many)]
    began, found = time.perf_counter(), dict[UUID, int]()
    for id in ids:
        async with database.session(SYSTEM) as session:
            order = await session.get_one(Order, id)
            lines = await session.scalars(select(LineItem).where(LineItem.quote_version_id == order.quote_version_id))
            nets: dict[str, int] = {}
            for line in lines:
                nets[line.category] = nets.get(line.category, 0) + line.net_cents
            ordered = Ordered(
                id, order.entity_id, tuple(order.account_chain_ids), order.created_at, order.currency, nets
            )
            held = (await book(session, order.entity_id)).find(ordered.chain, ordered.placed_at)
            found[id] = sum(share.amount.cents for share in shares_of(ordered, held))
    return found, time.perf_counter() - began


async def written(database: Database, ids: Sequence[UUID]) -> dict[UUID, int]:
    """What the run wrote for these orders."""
    async with database.session(SYSTEM) as session:
        query = (
            select(Commission.order_id, func.sum(Commission.amount_cents))
            .where(Commission.order_id.in_(ids), Commission.cause == CommissionCause.ACCRUED)
            .group_by(Commission.order_id)
        )
        rows = {id: int(cents) for id, cents in await session.execute(query) if id is not None}
    return {id: rows.get(id, 0) for id in ids}
