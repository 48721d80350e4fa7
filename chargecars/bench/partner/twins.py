"""The rows of orders that came in, inserted once more by hand: what the database alone takes for the same.

An order's rows are read once, their ids and unique numbers replaced, and inserted by one prepared statement per table
in one transaction, indexes, foreign keys and triggers included; no address is looked for, no price, no duplicate.
"""

import re
import time
from typing import Any
from uuid import uuid4

import asyncpg
import orjson

from chargecars.bench.client import Measured

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TABLES: dict[str, tuple[str, str]] = {
    "contact": ("customer", "t.id = $1"),
    "address": ("address", "t.id = $1"),
    "contact_relation": ("customer", "t.contact_id = $1"),
    "quote": ("quote", "t.id = $1"),
    "quote_version": ("quote", "t.quote_id = $1"),
    "quote_party": ("quote", "t.quote_id = $1"),
    "line_item": ("quote", "t.quote_id = $1"),
    "quote_visit": ("quote", "t.quote_version_id IN (SELECT v.id FROM quote_version v WHERE v.quote_id = $1)"),
    "order": ("quote", "t.quote_id = $1"),
    "partner_order": ("order", "t.id = $1"),
    "event": ("all", "t.subject_id = ANY ($1) AND t.created_at > now() - interval '1 day'"),
}
"""What an order becomes: whose key finds the rows; in the order in which they are inserted."""
_KEYS = """
SELECT p.id, p.quote_id, q.end_customer_contact_id, q.service_address_id
FROM partner_order p JOIN quote q ON q.id = p.quote_id WHERE p.partner_order_id = $1
"""
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position
"""
_AMOUNTS = """
SELECT count(*) AS orders, sum(x.lines) AS lines, sum(x.cents)::bigint AS cents FROM (
  SELECT count(*) AS lines, sum(i.net_cents) AS cents FROM partner_order p
  JOIN line_item i ON i.quote_id = p.quote_id WHERE p.partner_order_id = ANY ($1) GROUP BY p.id) x
"""


class Different(Exception):
    """The rows by hand do not come to the same amounts."""


async def insert_again(owner: "asyncpg.Connection[Any]", numbers: list[str]) -> Measured:
    """Insert the rows of these orders again, one order after the other. Raises: Different."""
    statements = {table: await _statement(owner, table) for table in _TABLES}
    work = [await _rows(owner, number) for number in numbers]
    latencies: list[float] = []
    began = time.perf_counter()
    for rows in work:
        at = time.perf_counter()
        async with owner.transaction():
            for table, given in rows.items():
                await statements[table].fetch(given)
        latencies.append(time.perf_counter() - at)
    found = Measured(latencies, time.perf_counter() - began)
    theirs, ours = [list(await owner.fetch(_AMOUNTS, each)) for each in (numbers, [f"{n}-2" for n in numbers])]
    if theirs != ours:
        raise Different(f"{theirs} by the API, {ours} by hand")
    return found


async def rows_per_order(owner: "asyncpg.Connection[Any]", number: str) -> int:
    """How many rows an order became."""
    return sum(len(orjson.loads(given)) for given in (await _rows(owner, number)).values())


async def _statement(owner: "asyncpg.Connection[Any]", table: str) -> Any:
    columns = ", ".join(f'"{row[0]}"' for row in await owner.fetch(_COLUMNS, table))
    query = f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::"{table}", $1)'  # noqa: S608  # names of the catalog
    return await owner.prepare(query)


async def _rows(owner: "asyncpg.Connection[Any]", number: str) -> dict[str, str]:
    """JSON of the rows by table, with ids and unique texts of their own."""
    row = await owner.fetchrow(_KEYS, number)
    if row is None:
        raise Different(f"{number} became no quote")
    keys = {"order": row[0], "quote": row[1], "customer": row[2], "address": row[3], "all": list(row)[:3]}
    found: dict[str, str] = {}
    for table, (key, condition) in _TABLES.items():
        query = f"SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text FROM \"{table}\" t WHERE {condition}"  # noqa: S608  # constants
        found[table] = await owner.fetchval(query, keys[key])
    own = {row["id"] for given in found.values() for row in orjson.loads(given)}
    fresh = {old: str(uuid4()) for old in own}
    return {table: _renewed(given, fresh) for table, given in found.items() if given != "[]"}


def _renewed(given: str, fresh: dict[str, str]) -> str:
    text = _UUID.sub(lambda match: fresh.get(match[0], match[0]), given)
    rows = orjson.loads(text)
    for row in rows:
        for name in ("number", "partner_order_id"):
            if isinstance(row.get(name), str):
                row[name] += "-2"
        for name in ("document_hash", "email"):
            if isinstance(row.get(name), str):
                row[name] = row[name] + "00" if name == "document_hash" else f"2{row[name]}"
    return orjson.dumps(rows).decode()
