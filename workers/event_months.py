"""Months of the event log: made ahead of time, and dropped when their time is over."""

import structlog
from sqlalchemy import text

from domain.events import partitions
from tenants.actor import SYSTEM
from tenants.engine import Database

_BATCH = 2_000
_LOCK = "SET LOCAL lock_timeout = '3s'"
"""Attaching and detaching lock the log; where that takes long, readers and writers go first and it is tried again."""

_OLD = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    r"WHERE i.inhparent = 'event'::regclass AND c.relname ~ '^event_\d{4}_\d{2}$' "
    "AND (to_date(substr(c.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' "
    "<= now() - make_interval(months => :months) ORDER BY 1"
)

log = structlog.get_logger(__name__)


async def make_event_months(database: Database) -> int:
    """Make the months to come, where they are missing; how many were made."""
    async with database.session(SYSTEM) as session:
        await session.execute(text(_LOCK))
        made = int((await session.execute(text(partitions.make_ahead()))).scalar_one())
    if made:
        log.info("event_months_made", count=made)
    return made


async def drop_old_event_months(database: Database, months: int) -> list[str]:
    """Drop what is older than so many months, and all that leads to it; 0 drops nothing. What was dropped."""
    if not months:
        return []
    async with database.session(SYSTEM) as session:
        old = list((await session.execute(_OLD, {"months": months})).scalars())
    for name in old:
        while await _forget(database, name):
            pass
        async with database.session(SYSTEM) as session:
            await session.execute(text(_LOCK))
            await session.execute(text("SELECT drop_event_month(:name)"), {"name": name})
        log.info("event_month_dropped", month=name)
    return old


async def _forget(database: Database, name: str) -> int:
    query = text("SELECT forget_event_month(:name, :most)")
    async with database.session(SYSTEM) as session:
        return int((await session.execute(query, {"name": name, "most": _BATCH})).scalar_one())
