"""Loading many rows with COPY: in one transaction, without indexes, foreign keys and triggers until the rows are there.

COPY is refused on a table whose row-level security binds the loader, and FORCE binds the owner too. So FORCE is lifted
within the transaction, which holds every table exclusively: nobody reads anything between.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from operator import itemgetter
from typing import Any

import asyncpg

from chargecars.demo.encode import Chunk
from domain.events import positions, timeline
from tenants import listing
from tenants.base import Base

_FOREIGN_KEYS = """
SELECT conrelid::regclass::text AS on_table, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace ORDER BY conname
"""
_INDEXES = """
SELECT indexrelid::regclass::text AS name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') AS definition
FROM pg_index
WHERE indrelid IN (
  SELECT oid FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
)
AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 1
"""
_EVENT_BLOCK = 5_000


class Loader:
    """Writes chunks as they come; events are kept until all are there, so that their positions follow their time."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self._events: list[tuple[datetime, bytes]] = []
        self.counts: Counter[str] = Counter()

    async def write(self, chunk: Chunk) -> None:
        """COPY the rows of a chunk."""
        for table, rows in chunk.tables.items():
            await self._copy(table, rows.columns, [rows.data])
            self.counts[table] += rows.count
        self._events += chunk.events

    async def write_events(self, columns: tuple[str, ...]) -> None:
        """COPY all events in order of time."""
        self._events.sort(key=itemgetter(0))
        if self._events:
            first, last = (self._events[end][0].date() for end in (0, -1))
            await self._connection.execute("SELECT make_event_partitions($1, $2)", first, last)
        rows = [row for _, row in self._events]
        blocks = (b"".join(rows[i : i + _EVENT_BLOCK]) for i in range(0, len(rows), _EVENT_BLOCK))
        await self._copy("event", columns, blocks)
        self.counts["event"] += len(rows)
        self._events.clear()

    async def _copy(self, table: str, columns: Iterable[str], blocks: Iterable[bytes]) -> None:
        await self._connection.copy_to_table(table, source=_stream(blocks), columns=list(columns))


@asynccontextmanager
async def bulk_load(connection: "asyncpg.Connection[Any]") -> AsyncIterator[Loader]:
    """Inside a transaction of the owner: rows are copied; on leaving, everything is put back and derived."""
    await connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    await connection.execute("SET LOCAL synchronous_commit = off")
    tables = [f'"{name}"' for name in Base.metadata.tables]
    await _each(connection, (f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in tables))
    await _each(connection, (f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables))
    keys, indexes = await connection.fetch(_FOREIGN_KEYS), await connection.fetch(_INDEXES)
    await _each(connection, (f"ALTER TABLE {key['on_table']} DROP CONSTRAINT {key['name']}" for key in keys))
    await _each(connection, (f"DROP INDEX {index['name']}" for index in indexes))
    yield Loader(connection)
    await _each(connection, listing.refill_statements())
    await _each(connection, timeline.refill_statements())
    await _each(connection, positions.refill_statements())
    await _each(connection, (index["definition"] for index in indexes))
    await _each(connection, (_added(key) for key in keys))
    await _each(connection, (f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables))
    await _each(connection, (f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in tables))


def _added(key: asyncpg.Record) -> str:
    return f"ALTER TABLE {key['on_table']} ADD CONSTRAINT {key['name']} {key['definition']}"


async def _each(connection: "asyncpg.Connection[Any]", statements: Iterable[str]) -> None:
    for statement in statements:
        await connection.execute(statement)


async def _stream(blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block
