"""Loading many rows with COPY: in one transaction, without indexes, foreign keys and triggers until the rows are there.

COPY is refused on a table whose row-level security binds the loader, and FORCE binds the owner too. So FORCE is lifted
within the transaction, which holds every table exclusively: nobody reads anything between.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB

from tenants import listing
from tenants.base import Base

_FOREIGN_KEYS = """
SELECT conrelid::regclass::text AS on_table, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY conname
"""
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 1
"""


class Rows:
    """Rows collected per table, written with COPY when there are many."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}
        self._columns: dict[str, tuple[str, ...]] = {}
        self._json: dict[str, frozenset[str]] = {}
        self.counts: dict[str, int] = {}

    def add(self, table: str, **row: Any) -> None:
        """One row; the first row of a table says which columns all of them have."""
        columns = self._columns.get(table)
        if columns is None:
            columns = self._columns[table] = tuple(row)
            self._json[table] = _json_columns(Base.metadata.tables[table])
        for column in self._json[table] & row.keys():
            row[column] = orjson.dumps(row[column]).decode()
        self._waiting.setdefault(table, []).append(tuple(row[column] for column in columns))
        self.counts[table] = self.counts.get(table, 0) + 1

    async def write(self) -> None:
        """COPY what was collected."""
        for table, rows in self._waiting.items():
            await self._connection.copy_records_to_table(table, records=rows, columns=self._columns[table])
        self._waiting.clear()


@asynccontextmanager
async def bulk_load(connection: "asyncpg.Connection[Any]") -> AsyncIterator[Rows]:
    """One transaction of the owner into which rows are copied; on leaving, everything is put back and derived."""
    async with connection.transaction():
        await connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
        await connection.execute("SET LOCAL synchronous_commit = off")
        tables = [f'"{name}"' for name in Base.metadata.tables]
        await _each(connection, (f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in tables))
        await _each(connection, (f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables))
        keys, indexes = await connection.fetch(_FOREIGN_KEYS), await connection.fetch(_INDEXES)
        await _each(connection, (f"ALTER TABLE {key['on_table']} DROP CONSTRAINT {key['name']}" for key in keys))
        await _each(connection, (f"DROP INDEX {index['name']}" for index in indexes))
        rows = Rows(connection)
        yield rows
        await rows.write()
        await _each(connection, listing.refill_statements())
        await _each(connection, (index["definition"] for index in indexes))
        await _each(connection, (_added(key) for key in keys))
        await _each(connection, (f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables))
        await _each(connection, (f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in tables))


def _added(key: asyncpg.Record) -> str:
    return f"ALTER TABLE {key['on_table']} ADD CONSTRAINT {key['name']} {key['definition']}"


async def _each(connection: "asyncpg.Connection[Any]", statements: Iterable[str]) -> None:
    for statement in statements:
        await connection.execute(statement)


def _json_columns(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.columns if isinstance(column.type, JSONB))
