"""Looking at the tables as their owner."""

from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def none_of(rows: Connection, query: str) -> None:
    """The query finds nothing."""
    found = await rows.fetch(f"{query} LIMIT 3")
    assert [dict(row) for row in found] == []
