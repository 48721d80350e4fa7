"""Months of telemetry: made ahead of time, and dropped when their time is over."""

import structlog
from sqlalchemy import text

from domain.telemetry import partitions
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings

_LOCK = "SET LOCAL lock_timeout = '3s'"
"""Dropping locks the table for a moment; where that takes long, readers and writers go first and it is tried again."""
_CORRECTIONS = text(
    "DELETE FROM reading_correction WHERE read_at < "
    "(date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => :months)) AT TIME ZONE 'UTC'"
)
log = structlog.get_logger(__name__)


async def make_telemetry_months(database: Database) -> int:
    """Make the months to come, where they are missing; how many partitions were made."""
    async with database.session(SYSTEM) as session:
        await session.execute(text(_LOCK))
        return int((await session.execute(text(partitions.make_ahead()))).scalar_one())


async def drop_old_telemetry(database: Database, settings: Settings) -> list[str]:
    """Drop what is older than its retention, each table in a transaction of its own; what was dropped."""
    gone: list[str] = []
    for table, months in _kept(settings).items():
        async with database.session(SYSTEM) as session:
            await session.execute(text(_LOCK))
            query = text("SELECT drop_telemetry_months(:parent, :months)")
            gone += (await session.execute(query, {"parent": table, "months": months})).scalar_one()
    async with database.session(SYSTEM) as session:
        await session.execute(_CORRECTIONS, {"months": settings.telemetry_retention_months})
    if gone:
        log.info("telemetry_dropped", months=gone)
    return gone


def _kept(settings: Settings) -> dict[str, int]:
    """Readings first: a late one has its minute, hour and day made of what is there."""
    return {
        "telemetry_reading": settings.telemetry_retention_months,
        "telemetry_minute": settings.telemetry_minute_retention_months,
        "telemetry_hour": settings.telemetry_hour_retention_months,
    }
