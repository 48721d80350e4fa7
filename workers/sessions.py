"""Sessions that rules end, and those that are counted anew: each in a transaction of its own."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.sessions import metering, rules
from tenants.actor import SYSTEM
from tenants.engine import Database

_MOST = 500


async def look_after_sessions(database: Database) -> None:
    """End and count what is due. Safe to run late, twice, and by several workers at once."""
    async with database.session(SYSTEM) as session:
        stale, due = await rules.stale(session, _MOST), await metering.due(session, _MOST)
    failed = await _each(database, stale, rules.close_if_stale) + await _each(database, due, metering.recount)
    if failed:
        raise ExceptionGroup(f"{len(failed)} of {len(stale) + len(due)} sessions", failed)


async def _each(
    database: Database, ids: Sequence[UUID], work: Callable[[AsyncSession, UUID], Awaitable[object]]
) -> list[Exception]:
    """One that fails keeps no other from its turn; what failed is told at the end."""
    failed = []
    for id in ids:
        try:
            async with database.session(SYSTEM) as session:
                await work(session, id)
        except Exception as error:
            failed.append(error)
    return failed
