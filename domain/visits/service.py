"""Visits as far as orders need them: called for, and called off."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.quotes.models import QuoteVisit
from domain.visits.models import Visit, VisitOutcome, VisitStatus


async def require(
    session: AsyncSession,
    planned: Iterable[QuoteVisit],
    *,
    order_id: UUID,
    entity_id: UUID,
    customer_id: UUID,
    channel: Iterable[UUID],
) -> None:
    """The visits of an order, as its quote foresaw them."""
    rows = [
        {
            "entity_id": entity_id,
            "order_id": order_id,
            "channel_organization_ids": list(channel),
            "end_customer_contact_id": customer_id,
            "position": visit.position,
            "kind": visit.kind,
            "minutes": visit.minutes,
            "skills": visit.skills,
        }
        for visit in planned
    ]
    if rows:
        await session.execute(insert(Visit), rows)


async def call_off(session: AsyncSession, order_id: UUID) -> None:
    """Cancel the visits of an order that have not been made."""
    ahead = (VisitStatus.REQUIRED, VisitStatus.PLANNED)
    off = update(Visit).where(Visit.order_id == order_id, Visit.status.in_(ahead))
    off = off.values(status=VisitStatus.CANCELLED.value, outcome=VisitOutcome.CANCELLED.value)
    await session.execute(off.execution_options(synchronize_session=False))


async def call_again(session: AsyncSession, order_id: UUID) -> None:
    """Require the called-off visits of an order anew, without their former time and team."""
    again = update(Visit).where(Visit.order_id == order_id, Visit.status == VisitStatus.CANCELLED)
    again = again.values(status=VisitStatus.REQUIRED.value, outcome=None, team_id=None, day=None, block=None)
    await session.execute(again.execution_options(synchronize_session=False))
