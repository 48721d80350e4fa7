"""Visits as far as orders need them: called for, and called off."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Time, Update, case, cast, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import record
from domain.quotes.models import QuoteVisit
from domain.teams import planning_days
from domain.visits.events import VisitCancelled, VisitRequired
from domain.visits.models import DayBlock, Visit, VisitOutcome, VisitStatus
from tenants.sandboxes import is_sandbox


async def require(
    session: AsyncSession,
    planned: Iterable[QuoteVisit],
    *,
    order_id: UUID,
    entity_id: UUID,
    customer_id: UUID,
    channel: Iterable[UUID],
) -> None:
    """The visits of an order, as its quote foresaw them; in a sandbox there is nobody to make any."""
    if await is_sandbox(session, entity_id):
        return
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
            "outdoor": visit.outdoor,
        }
        for visit in planned
    ]
    if rows:
        required = insert(Visit).returning(*_TOLD)
        await _tell(session, (await session.execute(required, rows)).all(), VisitRequired)


async def call_off(session: AsyncSession, order_id: UUID) -> None:
    """Cancel the visits of an order that have not been made."""
    ahead = (VisitStatus.REQUIRED, VisitStatus.PLANNED)
    await _lock_days(session, Visit.order_id == order_id, Visit.status.in_(ahead))
    off = update(Visit).where(Visit.order_id == order_id, Visit.status.in_(ahead))
    off = off.values(status=VisitStatus.CANCELLED.value, outcome=VisitOutcome.CANCELLED.value)
    await _change(session, off, VisitCancelled)


async def call_again(session: AsyncSession, order_id: UUID) -> None:
    """Require the called-off visits of an order anew, without their former time and team."""
    again = update(Visit).where(Visit.order_id == order_id, Visit.status == VisitStatus.CANCELLED)
    again = again.values(status=VisitStatus.REQUIRED.value, outcome=None, team_id=None, day=None, block=None)
    await _change(session, again, VisitRequired)


async def first_planned(session: AsyncSession, order_id: UUID) -> datetime | None:
    """When the half of the day begins, in Amsterdam, in which the first planned visit of an order is; None without one.

    Not its time: that is the team's, and no partner reads it.
    """
    morning = Visit.block.is_distinct_from(DayBlock.AFTERNOON.value)
    hour = case((morning, time(8)), else_=time(12))
    begins = func.timezone("Europe/Amsterdam", Visit.day + cast(hour, Time))
    query = select(func.min(begins)).where(
        Visit.order_id == order_id, Visit.status == VisitStatus.PLANNED, Visit.day.is_not(None)
    )
    found: datetime | None = (await session.execute(query)).scalar()
    return found


_TOLD = (
    Visit.id,
    Visit.entity_id,
    Visit.order_id,
    Visit.channel_organization_ids,
    Visit.end_customer_contact_id,
    Visit.team_id,
    Visit.position,
    Visit.kind,
)


async def _lock_days(session: AsyncSession, *of: ColumnElement[bool]) -> None:
    """Hold the days of visits before the visits themselves (domain/teams/planning_days.py says why)."""
    await planning_days.lock(session, await session.scalars(select(Visit.day).where(*of)))


async def _change(session: AsyncSession, change: Update, happened: type[VisitRequired | VisitCancelled]) -> None:
    changed = change.returning(*_TOLD).execution_options(synchronize_session=False)
    await _tell(session, (await session.execute(changed)).all(), happened)


async def _tell(session: AsyncSession, rows: Iterable[Any], happened: type[VisitRequired | VisitCancelled]) -> None:
    for row in sorted(rows, key=lambda row: row.position):
        await record(
            session,
            happened(row.order_id, row.position, row.kind),
            entity_id=row.entity_id,
            subject_id=row.id,
            channel=row.channel_organization_ids,
            contact_ids=[row.end_customer_contact_id],
            team_ids=[row.team_id] if row.team_id else [],
        )
