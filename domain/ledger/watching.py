"""The nightly look at the books: what differs is told, once a day per difference."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.events.record import record
from domain.ledger.checks import Check
from domain.ledger.events import LedgerDiffers

_AGAIN_AFTER = timedelta(hours=20)


async def tell(session: AsyncSession, failed: Iterable[Check]) -> None:
    """An event per check that does not hold, unless one said so within the day; as the system."""
    for check in failed:
        said = LedgerDiffers(check.name, check.currency, check.booked_cents, check.expected_cents)
        if not await _told(session, check):
            await record(session, said, entity_id=check.entity_id, subject_id=check.entity_id)


async def _told(session: AsyncSession, check: Check) -> bool:
    query = select(Event.id).where(
        Event.subject_id == check.entity_id,
        Event.created_at > func.now() - _AGAIN_AFTER,
        Event.type == LedgerDiffers.type,
        Event.payload["check"].astext == check.name,
        Event.payload["currency"].astext == check.currency,
    )
    return (await session.execute(query.limit(1))).first() is not None
