"""Whether a month in the package is the month that we told it: counts, sums, numbers that stand on one side only."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.accounting import events
from domain.accounting.bookings import There
from domain.accounting.models import (
    AccountingConnection,
    AccountingReconciliation,
    AccountingRecord,
    RecordKind,
    RecordState,
    Side,
)
from domain.accounting.months import months
from domain.events.record import record
from domain.ledger.months import later, month_of

_MOST_NUMBERS = 100
_KINDS = {
    Side.SALES: (RecordKind.INVOICE, RecordKind.CREDIT_NOTE),
    Side.PURCHASES: (RecordKind.SELF_BILLING, RecordKind.SELF_BILLING_CREDIT),
}


@dataclass(frozen=True, slots=True)
class Here:
    """A document as it was told."""

    number: str
    gross_cents: int
    paid_cents: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Two lists of one month side by side."""

    missing: Sequence[str]
    unknown: Sequence[str]
    different: Sequence[str]

    @property
    def agrees(self) -> bool:
        return not (self.missing or self.unknown or self.different)


def compared(here: Sequence[Here], there: Sequence[There], prefix: str, *, payments: bool = True) -> Compared:
    """What differs. Documents there that do not bear our prefix are the bookkeeper's own and none of ours.

    Without `payments` what was paid is not looked at: it is matched there.
    """
    ours = {each.number: each for each in here}
    theirs = [each for each in there if each.number in ours or each.number.startswith(prefix)]
    counted = Counter(each.number for each in theirs)
    differing = {
        each.number
        for each in theirs
        if (own := ours.get(each.number))
        and (own.gross_cents != each.gross_cents or (payments and own.paid_cents != each.paid_cents))
    }
    twice = {number for number, times in counted.items() if times > 1}
    return Compared(
        sorted(ours.keys() - counted.keys()), sorted(counted.keys() - ours.keys()), sorted(differing | twice)
    )


async def told(session: AsyncSession, connection_id: UUID, side: Side, month: date) -> list[Here]:
    """Documents of a month that have arrived, with the payments of them that have."""
    payment = aliased(AccountingRecord)
    paid = (
        select(func.coalesce(func.sum(payment.gross_cents), 0))
        .where(payment.depends_on_id == AccountingRecord.id, payment.state == RecordState.DONE)
        .correlate(AccountingRecord)
        .scalar_subquery()
    )
    query = select(AccountingRecord.reference, AccountingRecord.gross_cents, paid).where(
        AccountingRecord.connection_id == connection_id,
        AccountingRecord.kind.in_(_KINDS[side]),
        AccountingRecord.state == RecordState.DONE,
        AccountingRecord.booked_on >= month,
        AccountingRecord.booked_on < later(month, 1),
    )
    return [Here(number, gross, int(part)) for number, gross, part in await session.execute(query)]


async def keep(
    session: AsyncSession,
    connection: AccountingConnection,
    side: Side,
    month: date,
    here: Sequence[Here],
    there: Sequence[There],
    prefix: str,
) -> bool:
    """Write down how they compare; whether they agree. A month that differs is told of once per finding."""
    found = compared(here, there, prefix, payments=connection.with_payments)
    known = {each.number for each in here}
    theirs = [each for each in there if each.number in known or each.number.startswith(prefix)]
    counts = {
        "count_here": len(here),
        "count_there": len(theirs),
        "gross_cents_here": sum(each.gross_cents for each in here),
        "gross_cents_there": sum(each.gross_cents for each in theirs),
        "paid_cents_here": sum(each.paid_cents for each in here),
        "paid_cents_there": sum(each.paid_cents for each in theirs),
    }
    values = counts | {
        "missing": list(found.missing[:_MOST_NUMBERS]),
        "unknown": list(found.unknown[:_MOST_NUMBERS]),
        "different": list(found.different[:_MOST_NUMBERS]),
        "agrees": found.agrees,
        "checked_at": func.now(),
    }
    before = await _before(session, connection.id, side, month)
    await _write(session, connection, side, month, values)
    if not found.agrees and before != (list(found.missing), list(found.unknown), list(found.different)):
        amounts = {name: counts[name] for name in counts if not name.startswith("paid")}
        payload = events.AccountingDiffers(month.isoformat(), side.value, **amounts)
        await record(session, payload, entity_id=connection.entity_id, subject_id=connection.id)
    return found.agrees


async def _before(session: AsyncSession, id: UUID, side: Side, month: date) -> tuple[list[str], ...] | None:
    query = select(
        AccountingReconciliation.missing, AccountingReconciliation.unknown, AccountingReconciliation.different
    ).where(
        AccountingReconciliation.connection_id == id,
        AccountingReconciliation.side == side,
        AccountingReconciliation.month == month,
    )
    row = (await session.execute(query)).one_or_none()
    return tuple(row) if row else None


async def _write(
    session: AsyncSession, connection: AccountingConnection, side: Side, month: date, values: Mapping[str, Any]
) -> None:
    key = {"connection_id": connection.id, "side": side.value, "month": month}
    row = insert(AccountingReconciliation).values(entity_id=connection.entity_id, **key, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["connection_id", "month", "side"], set_=values))


async def gathered(documents: AsyncIterator[There]) -> list[There]:
    """All of them."""
    return [each async for each in documents]


async def worth_checking(session: AsyncSession, connection: AccountingConnection, today: date) -> list[date]:
    """Months in which something was told lately, and this one and the one before."""
    query = (
        select(func.date_trunc("month", AccountingRecord.booked_on))
        .where(AccountingRecord.connection_id == connection.id, AccountingRecord.rank == 1)
        .where(AccountingRecord.sent_at > func.now() - func.make_interval(0, 0, 0, 3))
        .distinct()
    )
    lately = {moment.date() for moment in await session.scalars(query)}
    usual = {month for month in months(connection.since, today)}
    return sorted(lately | {month for month in usual if month >= _month_before(today)})


def _month_before(today: date) -> date:
    return later(month_of(today), -1)
