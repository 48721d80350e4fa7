"""How amounts of charging bills came about; see domain/tariffs/formulas.py for the arithmetic."""

from typing import Any

from sqlalchemy import Numeric, cast, select

from api.reading import Cases, Each, Explained, Given, money
from domain.charging_bills.models import SessionBill, SessionBillLine, SessionCharge
from domain.tariffs.formulas import RULES, VAT, Rule

BILL, VERSION, LINE, CHARGE = "ChargingBill", "ChargingBillVersion", "ChargingBillLine", "ChargingBillCharge"
_OF_LINES = tuple(rule for rule in RULES if rule is not VAT)


def held(billing: Any) -> Any:
    """The id of the version that holds."""
    bill = SessionBill.__table__.alias()
    same = (bill.c.billing_id == billing.id) & (bill.c.version == billing.version)
    return select(bill.c.id).where(same).scalar_subquery()


def total(billing: Any, amount: str) -> Any:
    """Money: net, vat or gross of the version that holds."""
    return _total(getattr(billing, f"{amount}_cents"), billing.currency, held(billing), amount)


def version_total(bill: Any, amount: str) -> Any:
    """Money: net, vat or gross of a version."""
    return _total(getattr(bill, f"{amount}_cents"), bill.currency, bill.id, amount)


def _total(cents: Any, currency: Any, bill_id: Any, amount: str) -> Any:
    line = SessionBillLine.__table__.alias()
    rows = select(line.c[f"{amount}_cents"].label("value"), line.c.id.label("key"))
    rows = rows.where(line.c.bill_id == bill_id).order_by(line.c.position)
    return money(cents, currency, Explained(f"charging.{amount}", [Each(amount, rows, LINE)]))


def change(bill: Any, amount: str) -> Any:
    """Money: what a version costs more than the one before."""
    now, delta = getattr(bill, f"{amount}_cents"), getattr(bill, f"delta_{amount}_cents")
    source = (VERSION, bill.id)
    given = [Given("now", now, source), Given("before", now - delta, source)]
    return money(delta, bill.currency, Explained("charging.change", given))


def charged(billing: Any, amount: str) -> Any:
    """Money: what was invoiced of a session so far."""
    row = SessionCharge.__table__.alias()
    rows = select(row.c[f"{amount}_cents"].label("value"), row.c.id.label("key"))
    rows = rows.where(row.c.billing_id == billing.id).order_by(row.c.id)
    cents = billing.charged_net_cents + billing.charged_vat_cents
    if amount != "gross":
        cents = getattr(billing, f"charged_{amount}_cents")
    return money(cents, billing.currency, Explained("charging.charged", [Each("charged", rows, CHARGE)]))


# --- lines --------------------------------------------------------------------------------------------------------


def net(line: Any) -> Any:
    """Money: by the formula that computed it."""
    *first, last = [(line.formula == rule.name, _by(rule, line, line.inputs)) for rule in _OF_LINES]
    return money(line.net_cents, line.currency, Cases(first, last[1]))


def vat(line: Any) -> Any:
    """Money: by the rate of the session's VAT rule."""
    bill = SessionBill.__table__.alias()
    rule = select(bill.c.vat_rule).where(bill.c.id == line.bill_id).scalar_subquery()
    return money(line.vat_cents, line.currency, _by(VAT, line, line.vat_inputs, rule))


def gross(line: Any) -> Any:
    """Money: both together."""
    source = (LINE, line.id)
    given = [Given("net", line.net_cents, source), Given("vat", line.vat_cents, source)]
    return money(line.gross_cents, line.currency, Explained("charging.lineGross", given))


def _by(rule: Rule, line: Any, inputs: Any, vat_rule: Any = None) -> Explained:
    given = [Given(name, cast(inputs[name].astext, Numeric), (LINE, line.id)) for name in rule.inputs]
    return Explained(rule.name, given, vat_rule)


# --- what was invoiced --------------------------------------------------------------------------------------------


def invoiced(charge: Any, amount: str) -> Any:
    """Money: what a line of an invoice or credit note billed; `amount` is net or vat."""
    return money(
        getattr(charge, f"{amount}_cents"), charge.currency, _invoiced(charge, amount, (BILL, charge.billing_id))
    )


def _invoiced(charge: Any, amount: str, source: Any) -> Explained:
    before = getattr(charge, f"{amount}_before_cents")
    given = [
        Given("invoicedUpToHere", before + getattr(charge, f"{amount}_cents"), source),
        Given("invoicedBefore", before, source),
    ]
    return Explained(f"charging.invoiced.{amount}", given)


def invoiced_gross(charge: Any) -> Any:
    """Money: with VAT."""
    source = (CHARGE, charge.id)
    given = [Given("net", charge.net_cents, source), Given("vat", charge.vat_cents, source)]
    return money(charge.gross_cents, charge.currency, Explained("charging.lineGross", given))


def of_invoice_line(line: Any, amount: str) -> tuple[Any, Explained]:
    """Whether a line of an invoice billed a session, and how its net amount or VAT came about then."""
    charge = SessionCharge.__table__.alias()

    def of(column: Any) -> Any:
        return select(column).where(charge.c.invoice_line_id == line.id).scalar_subquery()

    before, added = charge.c[f"{amount}_before_cents"], charge.c[f"{amount}_cents"]
    source = (BILL, of(charge.c.billing_id))
    given = [Given("invoicedUpToHere", of(before + added), source), Given("invoicedBefore", of(before), source)]
    is_one = select(charge.c.id).where(charge.c.invoice_line_id == line.id).exists()
    rule = line.vat_rule if amount == "vat" else None
    return (line.category == "CHARGING") & is_one, Explained(f"charging.invoiced.{amount}", given, rule)


def revenue(row: Any) -> Any:
    """Money: what the sessions of a row have earned."""
    return money(row.net_cents, row.currency, Explained("charging.revenue", [Given("recorded", row.net_cents)]))
