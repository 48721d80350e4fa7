"""Computing what is missing of a month: what reactions have not come to, what is of the month as a whole.

Set-based and safe to repeat: what exists stays, only differences are written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_book import book
from domain.commissions.accruing import accrue, missing
from domain.commissions.events import CommissionRun
from domain.commissions.following import follow
from domain.commissions.leading import follow_leads_of
from domain.commissions.models import Commission
from domain.commissions.months import bounds
from domain.commissions.periods import settle_caps, settle_performance
from domain.errors import OutOfRange
from domain.events.record import record
from domain.invoices.models import InvoiceLine
from domain.orders.models import Order, OrderStage
from domain.rows import find
from tenants.auth import clock
from tenants.models import BusinessEntity

EARLIEST = date(2000, 1, 1)
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Ran:
    """New records, and rows that were written or moved beside them."""

    accrued: int
    changed: int


async def run(session: AsyncSession, entity_id: UUID, month: date) -> Ran:
    """Bring the commission of an entity's month (any day of it) to what it should be.

    Raises: NotFound, OutOfRange (before 2000, or a month that has not begun), PeriodClosed.
    """
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    month = checked_month(month)
    first, after = bounds(month)
    terms = await book(session, entity_id)
    accrued = await accrue(session, await missing(session, entity_id, first, after), terms, tell=False)
    changed = await _follow_all(session, await _moved(session, entity_id, first, after))
    changed += await follow_leads_of(session, entity_id, first, after, terms)
    changed += await settle_performance(session, entity_id, month, terms)
    changed += await settle_caps(session, entity_id, month, terms)
    if accrued or changed:
        told = CommissionRun(month.isoformat()[:7], accrued, changed)
        await record(session, told, entity_id=entity_id, subject_id=entity_id)
    return Ran(accrued, changed)


def checked_month(day: date, *field: str) -> date:
    """First day of a month that has begun. Raises OutOfRange."""
    today = clock.now().date()
    if not EARLIEST <= day.replace(day=1) <= today:
        raise OutOfRange(minimum=EARLIEST.isoformat(), maximum=today.isoformat(), field=field or ("month",))
    return day.replace(day=1)


async def _moved(session: AsyncSession, entity_id: UUID, first: datetime, after: datetime) -> Sequence[UUID]:
    """Orders of a time that have commission, and of which something is billed or which are cancelled."""
    billed = select(InvoiceLine.id).where(InvoiceLine.order_id == Order.id).exists()
    counted = select(Commission.id).where(Commission.order_id == Order.id).exists()
    query = select(Order.id).where(
        Order.entity_id == entity_id,
        Order.created_at >= first,
        Order.created_at < after,
        or_(billed, Order.stage == OrderStage.CANCELLED.value),
        counted,
    )
    return list((await session.execute(query.order_by(Order.id))).scalars())


async def _follow_all(session: AsyncSession, order_ids: Sequence[UUID]) -> int:
    return sum([await follow(session, batch, tell=False) for batch in _batches(order_ids)])


def _batches(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
