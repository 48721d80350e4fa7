"""Quotes whose time is over, and leads whose order was made by somebody who does not see them."""

from domain.quotes import leads, service
from tenants.actor import SYSTEM
from tenants.engine import Database


async def tidy_quotes(database: Database) -> int:
    """Expire what is due and bring leads up to date, a batch per transaction; the number of both."""
    done = 0
    while batch := await _expire(database):
        done += batch
    while batch := await _catch_up(database):
        done += batch
    return done


async def _expire(database: Database) -> int:
    async with database.session(SYSTEM) as session:
        return len(await service.expire_due(session))


async def _catch_up(database: Database) -> int:
    async with database.session(SYSTEM) as session:
        return await leads.catch_up(session)
