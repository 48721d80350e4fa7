"""Commission follows its order: earned when all of it is paid, reversed as far as it is credited, lost or cancelled.

Nothing is done event by event: what an order is worth now is computed from where its invoices are now, and the
difference with what is written is written. In whatever order things come, or come twice, the same cents remain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, bindparam, select, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_book import named
from domain.agreements.commission_terms import STANDARD, Terms
from domain.commissions.computing import Billed, Standing, due, standing
from domain.commissions.events import CommissionEarned, CommissionUnearned
from domain.commissions.models import Commission, CommissionCause, CommissionKind, CommissionStatus
from domain.commissions.movements import Movement, about, move, write
from domain.events.record import Payload, record_all
from domain.money import Money
from domain.orders.models import Order, OrderStage
from tenants.auth import clock

_OUT = (CommissionStatus.PAYABLE, CommissionStatus.PAID)
_BILLED = text("""
    SELECT il.order_id, il.category, sum(il.net_cents)::bigint AS net, sum(il.credited_net_cents)::bigint AS credited,
      i.gross_cents - i.credited_cents AS gross, i.written_off_cents AS written_off, i.open_cents AS open
    FROM invoice_line il JOIN invoice i ON i.id = il.invoice_id
    WHERE il.order_id = ANY (:ids) AND i.kind = 'INVOICE'
    GROUP BY il.order_id, il.category, i.id
""").bindparams(bindparam("ids", type_=ARRAY(PgUUID(as_uuid=True))))
COLUMNS = (
    Commission.id,
    Commission.entity_id,
    Commission.order_id,
    Commission.lead_id,
    Commission.agreement_id,
    Commission.terms_id,
    Commission.beneficiary_contact_id,
    Commission.kind,
    Commission.cause,
    Commission.rule,
    Commission.commission_level,
    Commission.commission_rate,
    Commission.base_cents,
    Commission.uncut_cents,
    Commission.amount_cents,
    Commission.currency,
    Commission.status,
    Commission.period_month,
    Commission.reverses_id,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a record: its id, cents, status, and whether it corrects."""

    id: UUID
    cents: int
    status: str
    corrects: bool


@dataclass(slots=True)
class Record:
    """A record: its first row, and all rows with it."""

    first: Row[Any]
    rows: list[Entry]

    @property
    def total(self) -> int:
        return sum(row.cents for row in self.rows)

    @property
    def agreed(self) -> Money:
        """What it is worth as long as nothing is lost: as computed, and corrected since.

        What follows from a rule over a span depends on nothing that is lost: it is worth what it comes to now.
        """
        if self.first.rule:
            return Money(self.total, self.first.currency)
        corrected = sum(row.cents for row in self.rows if row.corrects)
        return Money(self.first.amount_cents + corrected, self.first.currency)

    @property
    def open_rows(self) -> list[Entry]:
        """Those that are not on a self-billing invoice."""
        return [row for row in self.rows if row.status not in _OUT]

    @property
    def billed(self) -> bool:
        return len(self.open_rows) < len(self.rows)

    @property
    def entering(self) -> CommissionStatus:
        """The status with which a row joins it, before `status` is given to all."""
        earned = self.billed or any(row.status == CommissionStatus.EARNED for row in self.rows)
        return CommissionStatus.EARNED if earned else CommissionStatus.ACCRUED

    def status(self, now: Standing) -> CommissionStatus:
        """Of its open rows. What follows a payment is set off with the next one."""
        if self.billed:
            return CommissionStatus.EARNED
        if now.remaining == 0:
            return CommissionStatus.REVERSED
        return CommissionStatus.EARNED if now.paid else CommissionStatus.ACCRUED

    def adjusted(
        self,
        cents: int,
        cause: CommissionCause,
        *,
        source_id: UUID | None = None,
        status: CommissionStatus | None = None,
    ) -> Movement:
        """The row that adds to it or takes from it."""
        first = self.first
        return Movement(
            entity_id=first.entity_id,
            order_id=first.order_id,
            lead_id=first.lead_id,
            agreement_id=first.agreement_id,
            terms_id=first.terms_id,
            beneficiary_id=first.beneficiary_contact_id,
            kind=CommissionKind(first.kind),
            rule=first.rule,
            level=first.commission_level,
            rate=first.commission_rate,
            base=first.base_cents,
            uncut=first.uncut_cents,
            amount=cents,
            currency=first.currency,
            status=status or self.entering,
            month=first.period_month,
            cause=cause,
            reverses_id=first.id,
            source_id=source_id,
        )


async def follow(session: AsyncSession, order_ids: Sequence[UUID], *, tell: bool = True) -> int:
    """Bring the commission of orders to where the orders are; the number of rows that were written or moved."""
    records = await locked(session, Commission.order_id.in_(order_ids))
    if not records:
        return 0
    where = await _standings(session, records)
    return await bring(session, [(record, *where[record.first.order_id]) for record in records], tell=tell)


async def locked(session: AsyncSession, condition: ColumnElement[bool]) -> list[Record]:
    """The records of a condition with all their rows, locked in the order of their ids.

    Read after they are locked, not with it: who waited for a lock would miss what was written meanwhile.
    """
    await session.execute(select(Commission.id).where(condition).order_by(Commission.id).with_for_update())
    rows: Any = (await session.execute(select(*COLUMNS).where(condition).order_by(Commission.id))).all()
    records = {row.id: Record(row, []) for row in rows if row.reverses_id is None}
    for row in rows:
        corrects = row.cause == CommissionCause.CORRECTED
        records[row.reverses_id or row.id].rows.append(Entry(row.id, row.amount_cents, row.status, corrects))
    return list(records.values())


async def bring(
    session: AsyncSession, stated: Sequence[tuple[Record, Standing, CommissionCause]], *, tell: bool = True
) -> int:
    """Bring records to where what they depend on is; the cause is given to what is taken back."""
    at = clock.now()
    changes = [one for each in stated if (one := _difference(*each)) is not None]
    made = await write(session, changes, at, tell=tell)
    known = {record.first.id: record for record, _, _ in stated}
    for row in made:
        known[row.reverses_id].rows.append(Entry(row.id, row.amount_cents, row.status, corrects=False))
    return len(made) + await _restate(session, [(record, now) for record, now, _ in stated], at, tell=tell)


def _difference(record: Record, now: Standing, cause: CommissionCause) -> Movement | None:
    base = record.first.base_cents
    wanted = due(record.agreed, now.remaining, base) if base else Money(0, record.first.currency)
    cents = wanted.cents - record.total
    if not cents:
        return None
    return record.adjusted(cents, cause if cents < 0 else CommissionCause.RESTORED)


async def _restate(
    session: AsyncSession, stated: Sequence[tuple[Record, Standing]], at: datetime, *, tell: bool
) -> int:
    moves: list[tuple[UUID, CommissionStatus]] = []
    told = []
    for record, now in stated:
        status = record.status(now)
        moving = [row for row in record.open_rows if row.status != status]
        moves += [(row.id, status) for row in moving]
        told += [(payload, about(record.first)) for payload in _news(record, moving, status)]
    await move(session, moves, at)
    await record_all(session, told if tell else ())
    return len(moves)


def _news(record: Record, moving: Sequence[Entry], status: CommissionStatus) -> Iterator[Payload]:
    said = (record.first.kind, sum(row.cents for row in moving), record.first.currency)
    if moving and status == CommissionStatus.EARNED:
        yield CommissionEarned(*said)
    elif moving and any(row.status == CommissionStatus.EARNED for row in moving):
        yield CommissionUnearned(*said)


# --- where orders are -------------------------------------------------------------------------------------------------


async def _standings(session: AsyncSession, records: Sequence[Record]) -> dict[UUID, tuple[Standing, CommissionCause]]:
    firsts = {record.first.order_id: record.first for record in records}
    terms = await named(session, {first.terms_id for first in firsts.values() if first.terms_id})
    billed = await _billed(session, list(firsts), {id: terms.get(f.terms_id, STANDARD) for id, f in firsts.items()})
    cancelled = await _cancelled(session, list(firsts))
    return {
        id: (
            standing(first.base_cents, id in cancelled, billed.get(id, ())),
            CommissionCause.CANCELLED if id in cancelled else CommissionCause.CREDITED,
        )
        for id, first in firsts.items()
    }


async def _billed(session: AsyncSession, ids: list[UUID], terms: dict[UUID, Terms]) -> dict[UUID, list[Billed]]:
    """Per order, what invoices bill of the categories that count; one entry per invoice and category."""
    rows = sorted(await session.execute(_BILLED, {"ids": ids}), key=lambda row: row.order_id)
    return {
        id: [
            Billed(row.net, row.credited, row.gross, row.written_off, row.open)
            for row in found
            if terms[id].counts(row.category)
        ]
        for id, found in groupby(rows, key=lambda row: row.order_id)
    }


async def _cancelled(session: AsyncSession, ids: list[UUID]) -> set[UUID]:
    query = select(Order.id).where(Order.id.in_(ids), Order.stage == OrderStage.CANCELLED.value)
    return set((await session.execute(query)).scalars())
