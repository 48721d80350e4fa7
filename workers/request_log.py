"""Days of the request log, and hours whose time is over."""

import structlog
from sqlalchemy import text

from domain.request_log import partitions
from tenants.actor import SYSTEM
from tenants.engine import Database

_LOCK = "SET LOCAL lock_timeout = '3s'"
_HOURS = text("DELETE FROM request_hour WHERE hour < now() - INTERVAL '13 months'")
log = structlog.get_logger(__name__)


async def keep_request_log(database: Database) -> list[str]:
    """Make the days to come; drop those whose time is over, and old hours. What was dropped."""
    async with database.session(SYSTEM) as session:
        await session.execute(text(_LOCK))
        await session.execute(text(partitions.make_ahead()))
    async with database.session(SYSTEM) as session:
        await session.execute(text(_LOCK))
        query = text("SELECT drop_request_log_days(:days)")
        gone: list[str] = (await session.execute(query, {"days": partitions.KEPT_DAYS})).scalar_one()
    async with database.session(SYSTEM) as session:
        await session.execute(_HOURS)
    if gone:
        log.info("request_log_dropped", days=gone)
    return gone
