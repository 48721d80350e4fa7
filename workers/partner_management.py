"""Promises are looked at each minute, scorecards of what goes on every ten, of what may still change each night."""

import structlog

from domain.partner_management import promises, retention, scorecards, tickets
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database

_log = structlog.get_logger(__name__)


async def look_after_promises(database: Database) -> None:
    """Open, escalate and close breaches of every entity; tell of tickets that were not answered in time."""
    now = clock.now()
    async with database.session(SYSTEM) as session:
        found = await scorecards.entities(session)
        await tickets.tell_overdue(session, now)
    for entity_id, _ in found:
        async with database.session(SYSTEM) as session:
            looked = await promises.look(session, entity_id, now)
        if looked.opened:
            _log.warning("service_levels_missed", entity_id=str(entity_id), opened=looked.opened)


async def refresh_scorecards(database: Database, *, spans: int = 1) -> int:
    """The newest so many weeks and months of every entity, an entity in a transaction; how many scorecards."""
    now, many = clock.now(), 0
    async with database.session(SYSTEM) as session:
        found = await scorecards.entities(session)
    for entity_id, currency in found:
        async with database.session(SYSTEM) as session:
            many += await scorecards.refresh_latest(session, entity_id, currency, now, spans=spans)
    return many


async def nightly(database: Database) -> None:
    """What may still have changed is computed anew, and what partners sent is kept no longer than was agreed."""
    await refresh_scorecards(database, spans=scorecards.KEPT)
    async with database.session(SYSTEM) as session:
        found = await scorecards.entities(session)
    for entity_id, _ in found:
        while True:
            async with database.session(SYSTEM) as session:
                if not await retention.forget(session, entity_id, clock.now()):
                    break
