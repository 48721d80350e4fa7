"""What a beneficiary was due over a month: what stood open, what came, what was taken back, what was paid.

Every amount is dated: by when it was written, when it was earned and when it was paid. The closing balance of a month
is always the next one's opening. Of a month that is over, `accrued` and `changed` stay as they were, as rows are only
added, unless a partner is merged into this one. `earned`, `paid` and `due`, and with `paid` both balances, are by where
rows are now: where the payment of an order or of a self-billing invoice comes back, its date is gone from the month it
was in, and paying again is of the later one.
"""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.commissions.months import bounds
from domain.commissions.running import checked_month
from domain.errors import TooMany
from domain.money import Money
from domain.numbering.service import AMSTERDAM

MOST_ROWS = 50_000
_OWN = """c.entity_id = :entity_id AND c.beneficiary_contact_id = ANY (ARRAY(
    SELECT k.id FROM contact k WHERE k.id = :organization_id OR k.merged_into_id = :organization_id))"""
_SUMS = text(
    """
    SELECT c.currency,
      coalesce(sum(c.amount_cents) FILTER (WHERE c.accrued_at < :first), 0)::bigint AS accrued_before,
      coalesce(sum(c.amount_cents) FILTER (WHERE c.paid_at < :first), 0)::bigint AS paid_before,
      coalesce(sum(c.amount_cents) FILTER (WHERE c.accrued_at >= :first AND c.cause = 'ACCRUED'), 0)::bigint
        AS accrued,
      coalesce(sum(c.amount_cents) FILTER (WHERE c.accrued_at >= :first AND c.cause <> 'ACCRUED'), 0)::bigint
        AS changed,
      coalesce(sum(c.amount_cents) FILTER (WHERE c.earned_at >= :first AND c.earned_at < :after), 0)::bigint AS earned,
      coalesce(sum(c.amount_cents) FILTER (WHERE c.earned_at < :after), 0)::bigint AS earned_before_end,
      coalesce(sum(c.amount_cents) FILTER (WHERE c.paid_at >= :first AND c.paid_at < :after), 0)::bigint AS paid
    FROM commission c WHERE """  # noqa: S608  # a constant
    + _OWN
    + " AND c.accrued_at < :after GROUP BY c.currency ORDER BY c.currency"
)
_ROWS = text(
    """
    SELECT c.accrued_at, c.kind, c.cause, o.number, c.commission_level, c.commission_rate, c.base_cents, c.amount_cents,
      c.currency, c.status, c.earned_at, c.paid_at
    FROM commission c LEFT JOIN "order" o ON o.id = c.order_id WHERE """  # noqa: S608  # a constant
    + _OWN
    + """ AND (c.accrued_at >= :first AND c.accrued_at < :after OR c.earned_at >= :first AND c.earned_at < :after
      OR c.paid_at >= :first AND c.paid_at < :after)
    ORDER BY c.accrued_at, c.id LIMIT :most"""
)


@dataclass(frozen=True, slots=True)
class Statement:
    """Of one beneficiary, month and currency; closing = opening + accrued + changed - paid."""

    month: date
    currency: str
    opening: Money
    accrued: Money
    changed: Money
    """Taken back, restored and corrected."""
    earned: Money
    paid: Money
    due: Money
    """Of the closing balance, what was earned and not paid."""

    @property
    def closing(self) -> Money:
        return self.opening + self.accrued + self.changed - self.paid


async def statement(session: AsyncSession, entity_id: UUID, organization_id: UUID, month: date) -> Statement:
    """The statement of a beneficiary's month, as far as the actor sees its commission; zeros where there is none.

    Raises OutOfRange for a month that has not begun.
    """
    month = checked_month(month)
    values = _values(entity_id, organization_id, month)
    row = (await session.execute(_SUMS, values)).first()
    return _stated(month, row) if row else _stated(month, _NOTHING)


@dataclass(frozen=True, slots=True)
class _Nothing:
    currency: str = "EUR"
    accrued_before: int = 0
    paid_before: int = 0
    accrued: int = 0
    changed: int = 0
    earned: int = 0
    earned_before_end: int = 0
    paid: int = 0


_NOTHING = _Nothing()


def _values(entity_id: UUID, organization_id: UUID, month: date) -> dict[str, Any]:
    first, after = bounds(month)
    return {"entity_id": entity_id, "organization_id": organization_id, "first": first, "after": after}


def _stated(month: date, row: Row[Any] | _Nothing) -> Statement:
    def money(cents: int) -> Money:
        return Money(cents, row.currency)

    return Statement(
        month=month,
        currency=row.currency,
        opening=money(row.accrued_before - row.paid_before),
        accrued=money(row.accrued),
        changed=money(row.changed),
        earned=money(row.earned),
        paid=money(row.paid),
        due=money(row.earned_before_end - row.paid_before - row.paid),
    )


# --- CSV --------------------------------------------------------------------------------------------------------------

_HEAD = (
    "accrued_at",
    "kind",
    "cause",
    "order",
    "level",
    "rate_percent",
    "base",
    "amount",
    "currency",
    "status",
    "earned_at",
    "paid_at",
)


async def as_csv(session: AsyncSession, entity_id: UUID, organization_id: UUID, month: date) -> str:
    """The rows that were accrued, earned or paid in a month: RFC 4180 with a head, amounts in whole units with a point.

    Raises: OutOfRange, TooMany.
    """
    values = _values(entity_id, organization_id, checked_month(month))
    rows = (await session.execute(_ROWS, values | {"most": MOST_ROWS + 1})).all()
    if len(rows) > MOST_ROWS:
        raise TooMany(maximum=MOST_ROWS, field=("month",))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEAD)
    writer.writerows(_cells(row) for row in rows)
    return out.getvalue()


def _cells(row: Row[Any]) -> tuple[str, ...]:
    """Every cell is a number, a date, a state or an order number of ours: none can be taken for a formula."""
    return (
        _day(row.accrued_at),
        row.kind,
        row.cause,
        row.number or "",
        str(row.commission_level or ""),
        format(row.commission_rate.normalize(), "f") if row.commission_rate is not None else "",
        _amount(row.base_cents, row.currency),
        _amount(row.amount_cents, row.currency),
        row.currency,
        row.status,
        _day(row.earned_at),
        _day(row.paid_at),
    )


def _day(at: datetime | None) -> str:
    return at.astimezone(AMSTERDAM).date().isoformat() if at else ""


def _amount(cents: int, currency: str) -> str:
    amount: Decimal = Money(cents, currency).amount
    return format(amount, "f")
