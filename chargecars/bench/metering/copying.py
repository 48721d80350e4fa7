"""What is compared with: asyncpg COPY of the same rows into a plain partitioned table with the same unique index."""

import time
from collections.abc import Sequence
from typing import Any, cast

import asyncpg

from domain.telemetry.readings import Reading

_MAKE = """
DROP TABLE IF EXISTS bench_plain_reading;
CREATE TABLE bench_plain_reading (LIKE telemetry_reading, PRIMARY KEY (charger_id, connector, read_at, sequence))
PARTITION BY RANGE (read_at)"""
_MONTHS = """
SELECT format('CREATE TABLE bench_plain_%s PARTITION OF bench_plain_reading FOR VALUES FROM (%L) TO (%L)',
  to_char(month, 'YYYY_MM'), month, month + interval '1 month')
FROM generate_series(date_trunc('month', now()) - interval '2 months', now() + interval '1 month', '1 month') month"""


async def make(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """The plain table, empty."""
    await owner.execute(_MAKE)
    for row in await owner.fetch(_MONTHS):
        await owner.execute(row[0])


async def rate(owner: "asyncpg.Connection[asyncpg.Record]", rows: Sequence[Reading], together: int) -> float:
    """Rows per second, so many per transaction: as many as ingest takes at most."""
    began = time.perf_counter()
    for at in range(0, len(rows), together):
        await owner.copy_records_to_table(
            "bench_plain_reading", records=cast(Any, rows[at : at + together]), columns=Reading._fields
        )
    return len(rows) / (time.perf_counter() - began)


async def drop(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Leave nothing behind."""
    await owner.execute("DROP TABLE IF EXISTS bench_plain_reading")
