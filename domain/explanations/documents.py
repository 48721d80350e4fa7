"""The documents that can be computed again, and how: quotes and orders, invoices and credit notes, commission."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_book import book
from domain.commissions.accruing import placed, shares_of
from domain.commissions.models import Commission, CommissionKind
from domain.explanations.charged import BILLS, charge_of, charged
from domain.explanations.recomputing import Recompute, Sheet
from domain.invoices.models import Invoice, InvoiceLine
from domain.orders.models import Order
from domain.quotes.models import LineItem, Quote, QuoteParty, QuoteVersion
from domain.rows import actor_of, granted_columns
from tenants.audience import Audience

_SUMMED = ("net", "vat", "gross")

# --- quotes and orders --------------------------------------------------------------------------------------------

_LINE = (
    LineItem.id,
    LineItem.position,
    LineItem.quantity,
    LineItem.unit_price_cents,
    LineItem.discount_percent,
    LineItem.vat_class,
    LineItem.net_cents,
    LineItem.vat_cents,
    LineItem.gross_cents,
    LineItem.currency,
    LineItem.payer_contact_id,
    LineItem.created_at,
)


@dataclass(frozen=True, slots=True)
class _Line:
    """The amounts of a line as they were computed again."""

    payer_id: UUID
    net: int
    vat: int

    @property
    def gross(self) -> int:
        return self.net + self.vat


async def _version(session: AsyncSession, id: UUID, sheet: Sheet) -> bool:
    if await session.scalar(select(QuoteVersion.id).where(QuoteVersion.id == id)) is None:
        return False
    rows = await session.execute(select(*_LINE).where(LineItem.quote_version_id == id).order_by(LineItem.position))
    lines = [_line(row, sheet) for row in rows]
    parties = select(QuoteParty).where(QuoteParty.quote_version_id == id).order_by(QuoteParty.role, QuoteParty.id)
    parties = parties.options(*granted_columns(session, QuoteParty))
    for place, party in enumerate(await session.scalars(parties), 1):
        own = [line for line in lines if line.payer_id == party.contact_id]
        on = sheet.day(party.created_at)
        for name in _SUMMED:
            summed = sum(getattr(line, name) for line in own)
            sheet.add(f"parties.{place}.{name}", f"party.{name}", on, getattr(party, f"{name}_cents"), {name: summed})
    return True


def _line(row: Any, sheet: Sheet) -> _Line:
    path, on = f"lines.{row.position}", sheet.day(row.created_at)
    sheet.currency = row.currency
    net = sheet.add(f"{path}.net", "line.net", on, row.net_cents, _priced(row))
    vat = sheet.add(
        f"{path}.vat", "line.vat", on, row.vat_cents, {"net": net, "vatRate": sheet.rate(row.vat_class, on)}
    )
    sheet.add(f"{path}.gross", "line.gross", on, row.gross_cents, {"net": net, "vat": vat})
    return _Line(row.payer_contact_id, net, vat)


def _priced(row: Any) -> dict[str, int | Decimal]:
    return {
        "unitPrice": row.unit_price_cents,
        "quantity": row.quantity,
        "discountPercent": row.discount_percent,
    }


async def _quote(session: AsyncSession, id: UUID, sheet: Sheet) -> bool:
    """The version in force."""
    query = select(QuoteVersion.id).join(Quote, Quote.id == QuoteVersion.quote_id)
    found = await session.scalar(query.where(Quote.id == id, QuoteVersion.number == Quote.current_version))
    return found is not None and await _version(session, found, sheet)


async def _order(session: AsyncSession, id: UUID, sheet: Sheet) -> bool:
    """The version that was signed."""
    found = await session.scalar(select(Order.quote_version_id).where(Order.id == id))
    return found is not None and await _version(session, found, sheet)


# --- invoices -----------------------------------------------------------------------------------------------------


async def _invoice(session: AsyncSession, id: UUID, sheet: Sheet) -> bool:
    columns = Invoice.issued_on, Invoice.currency, Invoice.net_cents, Invoice.vat_cents, Invoice.gross_cents
    head = (await session.execute(select(*columns).where(Invoice.id == id))).first()
    if head is None:
        return False
    sheet.currency = head.currency
    rows = select(InvoiceLine).where(InvoiceLine.invoice_id == id).order_by(InvoiceLine.position)
    sums = dict.fromkeys(_SUMMED, 0)
    for line in await session.scalars(rows):
        net, vat = await _invoiced(session, line, sheet, head.issued_on)
        for name, cents in (("net", net), ("vat", vat), ("gross", net + vat)):
            sums[name] += cents
    for name, cents in sums.items():
        on = sheet.day(head.issued_on)
        sheet.add(name, f"invoice.{name}", on, getattr(head, f"{name}_cents"), {name: cents})
    return True


async def _invoiced(session: AsyncSession, line: InvoiceLine, sheet: Sheet, issued_on: date) -> tuple[int, int]:
    path, on = f"lines.{line.position}", sheet.day(issued_on)
    if (charge := await charge_of(session, line.id)) is not None:
        net, vat = charged(charge, line, sheet, path, on)
    elif line.credits_line_id is not None:
        net, vat = await _credited(session, line, sheet, path, on)
    elif line.portion_percent is not None:
        net, vat = await _portion(session, line, sheet, path, on)
    else:
        net, vat = await _whole(session, line, sheet, path, on)
    sheet.add(f"{path}.gross", "line.gross", on, line.gross_cents, {"net": net, "vat": vat})
    return net, vat


async def _whole(session: AsyncSession, line: InvoiceLine, sheet: Sheet, path: str, on: date) -> tuple[int, int]:
    """A line that is billed as it was signed: its rate is of the day of the version, not of the invoice."""
    fixed = await session.scalar(select(LineItem.created_at).where(LineItem.id == line.line_item_id))
    rate = sheet.rate(line.vat_class, sheet.day(fixed) if fixed else on)
    net = sheet.add(f"{path}.net", "line.net", on, line.net_cents, _priced(line))
    return net, sheet.add(f"{path}.vat", "line.vat", on, line.vat_cents, {"net": net, "vatRate": rate})


async def _portion(session: AsyncSession, line: InvoiceLine, sheet: Sheet, path: str, on: date) -> tuple[int, int]:
    signed = await session.execute(
        select(LineItem.net_cents, LineItem.vat_cents).where(LineItem.id == line.line_item_id)
    )
    ordered, before = signed.one(), await _billed_before(session, line)
    upto = sum((each.portion_percent or Decimal(0) for each in before), line.portion_percent or Decimal(0))
    found = []
    for name in ("net", "vat"):
        inputs = {
            "ordered": getattr(ordered, f"{name}_cents"),
            "upToPercent": upto,
            "billedBefore": sum(getattr(each, f"{name}_cents") for each in before),
        }
        stored = getattr(line, f"{name}_cents")
        found.append(sheet.add(f"{path}.{name}", f"invoiceLine.portion.{name}", on, stored, inputs))
    return found[0], found[1]


async def _billed_before(session: AsyncSession, line: InvoiceLine) -> list[InvoiceLine]:
    """The portions of the same signed line that were billed before, and not credited whole before this one."""
    same = InvoiceLine.line_item_id == line.line_item_id, InvoiceLine.order_id == line.order_id
    earlier = select(InvoiceLine).where(*same, InvoiceLine.id < line.id).order_by(InvoiceLine.id)
    rows = list(await session.scalars(earlier))
    notes = [row for row in rows if row.credits_line_id is not None]
    billed = [row for row in rows if row.credits_line_id is None]
    return [row for row in billed if -sum(n.net_cents for n in notes if n.credits_line_id == row.id) < row.net_cents]


async def _credited(session: AsyncSession, line: InvoiceLine, sheet: Sheet, path: str, on: date) -> tuple[int, int]:
    billed = await session.get_one(InvoiceLine, line.credits_line_id)
    earlier = select(InvoiceLine).where(InvoiceLine.credits_line_id == line.credits_line_id, InvoiceLine.id < line.id)
    notes = list(await session.scalars(earlier.order_by(InvoiceLine.id)))
    if _is_amount(line):
        net = sheet.add(f"{path}.net", "invoiceLine.given", on, line.net_cents, {"recorded": line.net_cents})
        inputs = _taken(billed.vat_cents, -sum(n.vat_cents for n in notes))
        inputs |= {"part": -sum(n.net_cents for n in notes) - net, "whole": billed.net_cents or 1}
        return net, sheet.add(f"{path}.vat", "creditLine.vatOfAmount", on, line.vat_cents, inputs)
    pieces = -sum((n.quantity for n in notes if not _is_amount(n)), line.quantity)
    found = []
    for name in ("net", "vat"):
        stored, column = getattr(line, f"{name}_cents"), f"{name}_cents"
        inputs = _taken(getattr(billed, column), -sum(getattr(n, column) for n in notes))
        inputs |= {"part": pieces, "whole": billed.quantity}
        found.append(sheet.add(f"{path}.{name}", f"creditLine.{name}", on, stored, inputs))
    return found[0], found[1]


def _is_amount(line: InvoiceLine) -> bool:
    """Whether a line takes off an amount, not pieces: it is one piece of that amount."""
    return line.quantity == -1 and line.discount_percent == 0 and line.unit_price_cents == -line.net_cents


def _taken(billed: int, before: int) -> dict[str, int | Decimal]:
    return {"billed": billed, "creditedBefore": before}


# --- commission ---------------------------------------------------------------------------------------------------

_OF_ORDERS = (CommissionKind.LEVEL, CommissionKind.KICKBACK)


async def _commission(session: AsyncSession, id: UUID, sheet: Sheet) -> bool:
    query = select(
        Commission.id,
        Commission.entity_id,
        Commission.order_id,
        Commission.kind,
        Commission.commission_level,
        Commission.commission_rate,
        Commission.base_cents,
        Commission.uncut_cents,
        Commission.amount_cents,
        Commission.currency,
        Commission.reverses_id,
        Commission.accrued_at,
    )
    row = (await session.execute(query.where(Commission.id == id))).first()
    if row is None:
        return False
    sheet.currency, on = row.currency, sheet.day(row.accrued_at)
    if row.reverses_id is not None:
        await _change(session, row, sheet, on)
        return True
    share = await _share(session, row, sheet) if row.kind in _OF_ORDERS else None
    base = share.base.cents if share else row.base_cents
    rate = share.rate if share else row.commission_rate
    cut = share.uncut.cents - share.amount.cents if share else row.uncut_cents - row.amount_cents
    sheet.add("base", "commission.base", on, row.base_cents, {"recorded": base})
    uncut = _uncut(row, sheet, on, base, rate)
    sheet.add("amount", "commission.amount", on, row.amount_cents, {"uncut": uncut, "cutByMaximum": cut})
    return True


def _uncut(row: Any, sheet: Sheet, on: date, base: int, rate: Decimal | None) -> int:
    if rate is None or row.kind not in _OF_ORDERS:
        fixed = "commission.fixed" if row.kind in _OF_ORDERS else "commission.measured"
        return sheet.add("uncut", fixed, on, row.uncut_cents, {"recorded": row.uncut_cents})
    return sheet.add("uncut", "commission.rate", on, row.uncut_cents, {"base": base, "ratePercent": rate})


async def _share(session: AsyncSession, row: Any, sheet: Sheet) -> Any:
    """What the order's lines and the terms of the day give; only staff read both, a partner has its own record."""
    if actor_of(session).audience not in (Audience.STAFF, Audience.SYSTEM) or row.order_id is None:
        return None
    at = await session.scalar(select(Order.created_at).where(Order.id == row.order_id))
    if at is None:
        return None
    orders = await placed(session, row.entity_id, at, at + timedelta(microseconds=1))
    order = next((each for each in orders if each.id == row.order_id), None)
    if order is None:
        return None
    when = at if sheet.as_of is None else at.combine(sheet.as_of, at.timetz())
    held = (await book(session, row.entity_id, order.chain)).find(order.chain, when)
    mine = (share for share in shares_of(order, held) if share.kind == row.kind)
    return next((share for share in mine if share.level == row.commission_level), None)


async def _change(session: AsyncSession, row: Any, sheet: Sheet, on: date) -> None:
    """What is due after a change less what was due before it."""
    record = (Commission.id == row.reverses_id) | (Commission.reverses_id == row.reverses_id)
    earlier = select(Commission.amount_cents).where(record, Commission.id < row.id)
    before: Sequence[int] = (await session.scalars(earlier)).all()
    inputs = {"dueNow": sum(before) + row.amount_cents, "dueBefore": sum(before)}
    sheet.add("amount", "commission.change", on, row.amount_cents, inputs)


COMPUTING: dict[str, Recompute] = {
    "Quote": _quote,
    "QuoteVersion": _version,
    "Order": _order,
    "Invoice": _invoice,
    "Commission": _commission,
    **BILLS,
}
"""By kind of id."""
