"""Closing months, in their order, once the books are right; and opening the last one again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import record
from domain.ledger import events
from domain.ledger.checks import Check, check_books, unmatched
from domain.ledger.errors import ChecksFailed, NoClosedPeriod, PeriodNotOver, PeriodOrder
from domain.ledger.models import JournalEntry, LedgerPeriod
from domain.ledger.months import later, month_of
from domain.ledger.posting import first_open_day, seal, today
from domain.rows import actor_of, find
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class Closing:
    """What closing a month came to: the checks are all that were made."""

    period: LedgerPeriod
    checks: Sequence[Check]


async def close_period(session: AsyncSession, entity_id: UUID, month: date, *, force: bool = False) -> Closing:
    """Close a month of an entity; nothing can be booked in it or before it any more.

    The first close may be of any month. `force` passes over warnings (unmatched receipts), never over faults.
    Raises: NotFound, PeriodOrder, PeriodNotOver, ChecksFailed.
    """
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    month = month_of(month)
    await _hold(session, entity_id)
    await _refuse_out_of_order(session, entity_id, month)
    checks = await checks_of(session, entity_id, month)
    _refuse_failed(checks, force)
    forced = not all(check.holds for check in checks)
    period = await _close(session, entity_id, month, forced)
    await record(session, events.PeriodClosed(month.isoformat(), forced), entity_id=entity_id, subject_id=entity_id)
    return Closing(period, checks)


async def reopen_period(session: AsyncSession, entity_id: UUID, month: date) -> LedgerPeriod:
    """Open the month that was closed last. Raises: NotFound, NoClosedPeriod."""
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    month = month_of(month)
    await _hold(session, entity_id)
    first = await first_open_day(session, entity_id)
    if first is None or later(month, 1) != first:
        last = later(first, -1).isoformat()[:7] if first else "-"
        raise NoClosedPeriod(month=last, field=("month",))
    period = await session.get_one(LedgerPeriod, (entity_id, month), with_for_update=True)
    period.closed_at = period.closed_by = None
    period.forced = False
    await record(session, events.PeriodReopened(month.isoformat()), entity_id=entity_id, subject_id=entity_id)
    return period


async def checks_of(session: AsyncSession, entity_id: UUID, month: date) -> list[Check]:
    """What is checked before a month is closed."""
    return [*await check_books(session, [entity_id]), *await unmatched(session, entity_id, later(month_of(month), 1))]


async def next_to_close(session: AsyncSession, entity_id: UUID) -> date | None:
    """The month whose turn it is: after the last closed one, or that of the first entry; None without any."""
    first = await first_open_day(session, entity_id)
    if first is not None:
        return first
    earliest = select(func.min(JournalEntry.booked_on)).where(JournalEntry.entity_id == entity_id)
    found: date | None = (await session.execute(earliest)).scalar()
    return month_of(found) if found else None


async def _hold(session: AsyncSession, entity_id: UUID) -> None:
    """Wait for postings that are being committed, and keep others waiting until the period is closed (guard.py)."""
    await seal(session)
    await session.execute(select(func.pg_advisory_xact_lock(func.ledger_lock(entity_id))))


async def _refuse_out_of_order(session: AsyncSession, entity_id: UUID, month: date) -> None:
    first = await first_open_day(session, entity_id)
    if first is not None and month != first:
        raise PeriodOrder(month=first.isoformat()[:7], field=("month",))
    if later(month, 1) > today():
        raise PeriodNotOver(field=("month",))


def _refuse_failed(checks: Sequence[Check], force: bool) -> None:
    failed = [check for check in checks if not check.holds and not (check.warning and force)]
    if failed:
        raise ChecksFailed(checks=", ".join(sorted({check.name for check in failed})))


async def _close(session: AsyncSession, entity_id: UUID, month: date, forced: bool) -> LedgerPeriod:
    by, at = actor_of(session).user_id, datetime.now(UTC)
    values = {"closed_at": at, "closed_by": by, "forced": forced}
    made = insert(LedgerPeriod).values(entity_id=entity_id, month=month, **values)
    made = made.on_conflict_do_update(index_elements=["entity_id", "month"], set_=values)
    await session.execute(made)
    return await session.get_one(LedgerPeriod, (entity_id, month), populate_existing=True)
