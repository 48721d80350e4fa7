"""Looking after chargers: who is silent and what is over each minute, figures and scores each hour."""

import structlog

from domain.health import assessing, closing, offline, troubles
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database

_log = structlog.get_logger(__name__)


async def look_after_chargers(database: Database) -> None:
    """Open alerts of chargers that went silent; close what is over."""
    now = clock.now()
    async with database.session(SYSTEM) as session:
        silence = await offline.look(session, now)
    if silence.deaf:
        _log.warning("chargers_not_heard", protocols=[protocol.value for protocol in silence.deaf])
    async with database.session(SYSTEM) as session:
        await closing.look(session, now)


async def assess_chargers(database: Database) -> int:
    """Compute the figures, score and alerts of all chargers, a page in a transaction; how many there were."""
    now, last, many = clock.now(), None, 0
    while True:
        async with database.session(SYSTEM) as session:
            page = await assessing.due(session, now, last)
            if page:
                await assessing.assess(session, page, now)
        if not page:
            return many
        last, many = page[-1], many + len(page)


async def forget_troubles(database: Database) -> None:
    """Drop counts that are no longer used."""
    async with database.session(SYSTEM) as session:
        await troubles.forget(session, clock.now())
