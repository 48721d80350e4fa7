"""Figures of the Dutch VAT return (aangifte omzetbelasting) of a period, box by box, from the lines of invoices.

VAT is due when it is invoiced (Wet OB 1968, art. 13). Boxes: 1a standard, 1b reduced and 1c other rates, 1e none or
shifted to a Dutch customer, 3a out of the Union, 3b within it; 2a shifted to us by a Dutch supplier, 4a and 4b by one
abroad; 5a what is due, 5b input VAT, 5g what is to be paid. What is shifted to us is due and deducted at the standard
rate. VAT of bad debts (art. 29) is asked back apart from this.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.accounting.errors import NoSuchBox, PeriodUnreadable
from domain.ledger.months import later
from domain.money import Money, VatClass, vat_rate
from domain.rows import find
from tenants.models import BusinessEntity

BOXES = ("1a", "1b", "1c", "1e", "2a", "3a", "3b", "4a", "4b", "5a", "5b", "5g")
DRILLED = ("1a", "1b", "1c", "1e", "2a", "3a", "3b", "4a", "4b", "5b")
"""Boxes that stand for lines of invoices."""
MOST_LINES = 250
_DUE = ("1a", "1b", "1c", "2a", "4a", "4b")
_SHIFTED_TO_US = ("2a", "4a", "4b")
_PERIOD = re.compile(r"(20[0-9]{2})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """Half open: `until` is the day after."""

    name: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Box:
    """One box: amounts to the cent, and as the form takes them, in whole euros rounded in our favour."""

    name: str
    base: Money | None
    vat: Money | None
    lines: int

    @property
    def base_euros(self) -> int | None:
        return None if self.base is None else self.base.cents // 100

    @property
    def vat_euros(self) -> int | None:
        """Due is rounded down, input VAT up."""
        if self.vat is None:
            return None
        return -(-self.vat.cents // 100) if self.name == "5b" else self.vat.cents // 100


@dataclass(frozen=True, slots=True)
class VatReturn:
    """The boxes of a period, and whether the ledger says the same."""

    entity_id: UUID
    period: Period
    boxes: tuple[Box, ...]
    ledger_due: Money
    """What the VAT accounts were credited with in the period."""
    ledger_input: Money
    difference: Money
    """5g by the ledger less 5g by the invoices; shifted VAT is on neither side."""


@dataclass(frozen=True, slots=True)
class BoxLine:
    """The lines of one invoice that are in a box, and the VAT rules that put them there."""

    invoice_id: UUID
    number: str
    issued_on: date
    contact_id: UUID
    rules: list[str]
    base: Money
    vat: Money


_BOX = """
    CASE WHEN i.kind IN ('INVOICE', 'CREDIT_NOTE') THEN
      CASE WHEN l.vat_rule = 'EXPORT' THEN '3a'
           WHEN l.vat_rule IN ('EU-B2B', 'EU-GOODS') THEN '3b'
           WHEN l.vat_rate = 0 THEN '1e'
           WHEN l.vat_class = 'STANDARD' THEN '1a'
           WHEN l.vat_class = 'REDUCED' THEN '1b'
           ELSE '1c' END
    ELSE
      CASE WHEN l.vat_rule = 'NL-SUBCONTRACTING' THEN '2a'
           WHEN l.vat_rule = 'EXPORT' THEN '4a'
           WHEN l.vat_rule IN ('EU-B2B', 'EU-GOODS') THEN '4b'
           WHEN l.vat_rate > 0 THEN '5b' END
    END"""
_SHIFTED = "CASE WHEN box IN ('2a', '4a', '4b') THEN round(net * CAST(:shifted AS numeric) / 100) ELSE vat END"
"""Numeric rounds half away from zero, as domain.money does."""
_LINES = f"""
    WITH line AS (
      SELECT i.id, i.number, i.issued_on, i.payer_contact_id, l.vat_rule, l.net_cents AS net, l.vat_cents AS vat,
             {_BOX} AS box
      FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id
      WHERE i.entity_id = :entity AND i.issued_on >= :since AND i.issued_on < :until)"""  # noqa: S608  # constants
_SUMS = text(
    f"{_LINES} SELECT box, sum(net), sum({_SHIFTED}), count(*) FROM line WHERE box IS NOT NULL GROUP BY box"  # noqa: S608  # constants
)
_DETAILS = text(
    f"""{_LINES}
    SELECT id, number, issued_on, payer_contact_id, array_agg(DISTINCT vat_rule), sum(net), sum({_SHIFTED}) FROM line
    WHERE (box = :box OR (:box = '5b' AND box IN ('2a', '4a', '4b'))) AND (issued_on, number) > (:after_on, :after)
    GROUP BY id, number, issued_on, payer_contact_id
    ORDER BY issued_on, number LIMIT :many"""  # noqa: S608  # constants
)
_LEDGER = text(
    """
    SELECT coalesce(sum(l.credit_cents - l.debit_cents) FILTER (WHERE a.role IN ('VAT_STANDARD', 'VAT_REDUCED')), 0),
           coalesce(sum(l.debit_cents - l.credit_cents) FILTER (WHERE a.role = 'VAT_INPUT'), 0)
    FROM ledger_account a JOIN journal_line l ON l.account_id = a.id AND l.entity_id = a.entity_id
    WHERE a.entity_id = :entity AND a.role IN ('VAT_STANDARD', 'VAT_REDUCED', 'VAT_INPUT')
      AND l.booked_on >= :since AND l.booked_on < :until"""
)


def period_of(name: str) -> Period:
    """A month `2026-03`, a quarter `2026-Q1` or a year `2026`. Raises: PeriodUnreadable."""
    matched = _PERIOD.fullmatch(name)
    if not matched:
        raise PeriodUnreadable(field=("period",))
    year, quarter, month = matched.groups()
    first = date(int(year), int(month) if month else 3 * int(quarter) - 2 if quarter else 1, 1)
    months = 1 if month else 3 if quarter else 12
    return Period(name, first, later(first, months))


async def vat_return(session: AsyncSession, entity_id: UUID, period: Period) -> VatReturn:
    """The figures of a period. Raises: NotFound."""
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    values = _values(entity_id, period)
    found = {box: (int(net), int(vat), int(lines)) for box, net, vat, lines in await session.execute(_SUMS, values)}
    due, paid = (await session.execute(_LEDGER, {key: values[key] for key in ("entity", "since", "until")})).one()
    boxes = _boxes(found, entity.currency)
    by_name = {box.name: box for box in boxes}
    shifted = sum(found.get(box, (0, 0, 0))[1] for box in _SHIFTED_TO_US)
    ours = _vat(by_name["5a"]) - shifted, _vat(by_name["5b"]) - shifted
    difference = int(due) - int(paid) - (ours[0] - ours[1])
    amounts = (Money(int(due), entity.currency), Money(int(paid), entity.currency), Money(difference, entity.currency))
    return VatReturn(entity_id, period, boxes, *amounts)


def _boxes(found: Mapping[str, tuple[int, int, int]], currency: str) -> tuple[Box, ...]:
    """All of them, those that nothing is in too."""
    due = sum(found.get(name, (0, 0, 0))[1] for name in _DUE)
    paid = sum(found.get(name, (0, 0, 0))[1] for name in ("5b", *_SHIFTED_TO_US))
    totals = {"5a": due, "5b": paid, "5g": due - paid}
    boxes = []
    for name in BOXES:
        net, vat, lines = found.get(name, (0, 0, 0))
        total = totals.get(name)
        base = None if name.startswith("5") else Money(net, currency)
        owed = total if total is not None else vat if name in _DUE else None
        boxes.append(Box(name, base, None if owed is None else Money(owed, currency), lines))
    return tuple(boxes)


def _vat(box: Box) -> int:
    return box.vat.cents if box.vat else 0


async def lines_of(
    session: AsyncSession, entity_id: UUID, period: Period, box: str, first: int, after: tuple[date, str] | None
) -> list[BoxLine]:
    """Invoices that make up a box, by day and number, after the one that was last seen. Raises: NotFound, NoSuchBox."""
    if box not in DRILLED:
        raise NoSuchBox(boxes=", ".join(DRILLED), field=("box",))
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    seen_on, seen = after or (date(1970, 1, 1), "")
    values = _values(entity_id, period) | {"box": box, "after_on": seen_on, "after": seen, "many": first}
    rows = await session.execute(_DETAILS.bindparams(bindparam("entity", type_=PgUUID(as_uuid=True))), values)
    return [_box_line(row, entity.currency) for row in rows]


def _box_line(row: Any, currency: str) -> BoxLine:
    id, number, issued_on, contact_id, rules, net, vat = row
    return BoxLine(id, number, issued_on, contact_id, rules, Money(int(net), currency), Money(int(vat), currency))


def _values(entity_id: UUID, period: Period) -> dict[str, Any]:
    return {"entity": entity_id, "since": period.since, "until": period.until, "shifted": _standard_rate(period)}


def _standard_rate(period: Period) -> Decimal:
    return vat_rate(VatClass.STANDARD, period.since)
