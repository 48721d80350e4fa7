"""Reading mail that partners sent, and learning from what was corrected. Nothing is read in a transaction."""

import asyncio
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError

from domain.geo.locate import Locator
from domain.inbound_mail import keeping, learning, working
from domain.inbound_mail.receiving import QUEUE, READ
from domain.inbound_mail.reviewing import LEARN
from domain.mail_reading.message import read as read_message
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from workers.jobs import Arguments, GiveUp, job
from workers.run import Run

_ATTEMPTS = 5
_SECONDS = 240
_LOCATORS: WeakKeyDictionary[Database, Locator] = WeakKeyDictionary()
_log = structlog.get_logger(__name__)


@job(READ, queue=QUEUE, outside=True, attempts=_ATTEMPTS, timeout=_SECONDS)
async def read(run: Run, arguments: Arguments) -> None:
    """Read one mail and submit what is in no doubt; one that cannot be read is kept and told of."""
    id = UUID(arguments["inbound_mail_id"])
    try:
        await working.work_through(run.database, run.settings, _locator(run), id)
    except (SQLAlchemyError, OSError):
        raise
    except Exception as error:
        if run.failures + 1 < _ATTEMPTS:
            raise
        async with run.database.session(SYSTEM) as session:
            await working.fail(session, id)
        raise GiveUp(type(error).__name__) from error


@job(LEARN, queue=QUEUE, outside=True, attempts=3, timeout=_SECONDS)
async def learn(run: Run, arguments: Arguments) -> None:
    """Make a new version of the partner's template of what somebody corrected."""
    id = UUID(arguments["email_order_id"])
    async with run.database.session(SYSTEM) as session:
        lesson = await learning.lesson(session, id)
    if lesson is None:
        return
    message = await asyncio.to_thread(read_message, lesson.raw)
    async with run.database.session(SYSTEM) as session:
        await learning.learned(session, lesson, message)


async def forget(database: Database, settings: Settings) -> None:
    """Erase mail whose time is over."""
    async with database.session(SYSTEM) as session:
        forgotten = await keeping.forget(session, settings.mail_in_kept_days)
    if forgotten:
        _log.info("mail_forgotten", mails=forgotten)


def _locator(run: Run) -> Locator:
    found = _LOCATORS.get(run.database)
    if found is None:
        found = _LOCATORS[run.database] = Locator.from_settings(run.database, run.settings)
    return found
