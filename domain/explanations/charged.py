"""Bills of charging sessions computed again, and the lines of invoices that billed them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.charging_bills.models import SessionBill, SessionBilling, SessionBillLine, SessionCharge
from domain.explanations.recomputing import Recompute, Sheet
from domain.invoices.models import InvoiceLine
from domain.tariffs.formulas import VAT

_SUMMED = ("net", "vat", "gross")


async def charge_of(session: AsyncSession, invoice_line_id: UUID) -> SessionCharge | None:
    """What a line of an invoice billed of a session, where it did."""
    query = select(SessionCharge).where(SessionCharge.invoice_line_id == invoice_line_id)
    return (await session.execute(query)).scalar_one_or_none()


def charged(charge: SessionCharge, line: InvoiceLine, sheet: Sheet, path: str, on: date) -> tuple[int, int]:
    """Net and VAT of such a line: up to it, less what was invoiced before."""
    found = []
    for name in ("net", "vat"):
        before: int = getattr(charge, f"{name}_before_cents")
        inputs = {"invoicedUpToHere": before + getattr(charge, f"{name}_cents"), "invoicedBefore": before}
        stored: int = getattr(line, f"{name}_cents")
        found.append(sheet.add(f"{path}.{name}", f"charging.invoiced.{name}", on, stored, inputs))
    return found[0], found[1]


async def _version(session: AsyncSession, id: UUID, sheet: Sheet) -> bool:
    bill = (await session.execute(select(SessionBill).where(SessionBill.id == id))).scalar_one_or_none()
    if bill is None:
        return False
    sheet.currency = bill.currency
    ended = await session.scalar(select(SessionBilling.ended_at).where(SessionBilling.id == bill.billing_id))
    on = sheet.day(ended or bill.created_at)
    rate = sheet.rate(bill.vat_class, on)
    sums = dict.fromkeys(_SUMMED, 0)
    rows = select(SessionBillLine).where(SessionBillLine.bill_id == id).order_by(SessionBillLine.position)
    carried = Decimal(0)
    for row in await session.scalars(rows):
        net, vat, carried = _line(row, sheet, on, rate, carried)
        for name, cents in zip(_SUMMED, (net, vat, net + vat), strict=True):
            sums[name] += cents
    for name, cents in sums.items():
        sheet.add(name, f"charging.{name}", on, getattr(bill, f"{name}_cents"), {name: cents})
    return True


def _line(row: SessionBillLine, sheet: Sheet, on: date, rate: Decimal, carried: Decimal) -> tuple[int, int, Decimal]:
    """Net and VAT of a line, and the hundredths of cents of VAT that rounding leaves for the next."""
    path = f"lines.{row.position}"
    net = sheet.add(f"{path}.net", row.formula, on, row.net_cents, _decimals(row.inputs))
    inputs: dict[str, int | Decimal] = {"net": net, "vatRate": rate, "carried": carried}
    vat = sheet.add(f"{path}.vat", VAT.name, on, row.vat_cents, inputs)
    sheet.add(f"{path}.gross", "charging.lineGross", on, row.gross_cents, {"net": net, "vat": vat})
    return net, vat, carried + net * rate - 100 * vat


def _decimals(inputs: dict[str, Any]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in inputs.items()}


async def _bill(session: AsyncSession, id: UUID, sheet: Sheet) -> bool:
    """The version that holds."""
    query = select(SessionBill.id).join(SessionBilling, SessionBilling.id == SessionBill.billing_id)
    query = query.where(SessionBilling.id == id, SessionBill.version == SessionBilling.version)
    found = await session.scalar(query)
    return found is not None and await _version(session, found, sheet)


BILLS: dict[str, Recompute] = {"ChargingBill": _bill, "ChargingBillVersion": _version}
"""By kind of id."""
