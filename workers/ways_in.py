"""Messages to mapped webhooks: those that nobody came to read, those that are read again, and old ones."""

from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import NotFound
from domain.geo.locate import Locator
from domain.rows import find
from domain.ways_in import messages
from domain.ways_in.errors import MessageForgotten
from domain.ways_in.models import MappedWebhook
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from workers.jobs import Arguments, GiveUp, job
from workers.run import Run, progress

_log = structlog.get_logger(__name__)
_LOCATORS: WeakKeyDictionary[Database, Locator] = WeakKeyDictionary()


@job("ways_in.rerun", queue="slow", outside=True, timeout=3600, attempts=3)
async def rerun(run: Run, arguments: Arguments) -> None:
    """Read all failed messages of a webhook again, where who asked for it still sees it."""
    webhook_id = UUID(arguments["webhook_id"])
    async with run.database.session(run.actor) as session:
        try:
            await find(session, MappedWebhook, webhook_id)
        except NotFound:
            raise GiveUp("the webhook is not there any more") from None
    done, after = 0, None
    while ids := await _failed(run.database, webhook_id, after):
        for id in ids:
            await _again(run.database, run.settings, id)
            done += 1
        after = ids[-1]
        await progress(run, done, done, "reading messages again")


async def read_left_behind(database: Database, settings: Settings) -> int:
    """Messages whose process ended between keeping and reading them; how many."""
    async with database.session(SYSTEM) as session:
        ids = await messages.left_behind(session)
    for id in ids:
        await _again(database, settings, id)
    return len(ids)


async def forget_old_messages(database: Database) -> int:
    """Erase what is kept long enough; the number of messages."""
    async with database.session(SYSTEM) as session:
        return await messages.forget_old(session)


async def _failed(database: Database, webhook_id: UUID, after: UUID | None) -> list[UUID]:
    async with database.session(SYSTEM) as session:
        return await messages.failed_of(session, webhook_id, after)


async def _again(database: Database, settings: Settings, id: UUID) -> None:
    """One that was erased meanwhile is left alone; a fault of ours with one keeps nobody from reading the others."""
    try:
        await messages.again(database, _locator(database, settings), id)
    except (NotFound, MessageForgotten):
        return
    except (SQLAlchemyError, OSError):
        raise
    except Exception:
        _log.exception("message_not_read", message_id=str(id))
        await messages.give_up(database, id)


def _locator(database: Database, settings: Settings) -> Locator:
    """One per process: its requests share a cache, a rate limit and a breaker."""
    found = _LOCATORS.get(database)
    if found is None:
        found = _LOCATORS[database] = Locator.from_settings(database, settings)
    return found
