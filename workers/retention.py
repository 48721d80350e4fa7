"""Forgetting personal data whose time is over, without anybody asking for it."""

from uuid import UUID

import structlog

import domain.tables  # noqa: F401  # what every area keeps of a person has to be declared before anything is erased
from domain.geo import cache
from domain.leads import retention
from domain.mail import service as mail
from domain.notifications import tracking as notifications
from tenants.actor import SYSTEM
from tenants.engine import Database

_log = structlog.get_logger(__name__)


async def forget_old_texts(database: Database) -> int:
    """What mail and notifications said and which addresses were looked up; the number of all."""
    async with database.session(SYSTEM) as session:
        texts = await mail.forget_bodies(session) + await notifications.forget(session)
        return texts + await cache.forget_expired(session)


async def erase_quiet_leads(database: Database, most: int = retention.MOST) -> int:
    """Erase who only ever was a lead and has been quiet for long; the number of persons. The next run takes the rest.

    One that fails is left for a later run and holds up no other.
    """
    async with database.session(SYSTEM) as session:
        ids = await retention.due(session, most)
    return sum([await _erase(database, id) for id in ids])


async def _erase(database: Database, contact_id: UUID) -> bool:
    try:
        async with database.session(SYSTEM) as session:
            return await retention.erase_if_due(session, contact_id)
    except Exception as error:
        # The text of an error may quote the person, so only its kind is logged.
        _log.warning("erasure_failed", contact_id=str(contact_id), error=type(error).__name__)
        return False
