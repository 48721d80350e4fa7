"""How the amounts of invoices came about; see domain/explanations/billing.py and domain/invoices/billing.py."""

from typing import Any

from sqlalchemy import ColumnElement, Numeric, and_, cast, func, literal_column, select

from api.charging_bill_amounts import of_invoice_line
from api.reading import Cases, Each, Explained, Given
from domain.invoices.models import Invoice as InvoiceRow
from domain.invoices.models import InvoiceKind
from domain.invoices.models import InvoiceLine as LineRow
from domain.quotes.models import LineItem

LINE, INVOICE, SIGNED = "InvoiceLine", "Invoice", "LineItem"
_ZERO = literal_column("0", Numeric())
_ONE = literal_column("1", Numeric())


def recorded(formula: str, cents: Any, kind: str, row: Any) -> Explained:
    """An amount of the row that follows from no other."""
    return Explained(formula, [Given("recorded", cents, (kind, row.id))])


def unit_price(line: Any) -> Explained:
    return recorded("invoiceLine.unitPrice", line.unit_price_cents, LINE, line)


def discount(line: Any) -> Explained:
    source = (LINE, line.id)
    full = func.round(cast(line.unit_price_cents, Numeric) * line.quantity)
    given = [Given("undiscounted", full, source), Given("net", line.net_cents, source)]
    return Explained("invoiceLine.discount", given)


def net(line: Any) -> Cases:
    source = (LINE, line.id)
    computed = [
        Given("unitPrice", line.unit_price_cents, source),
        Given("quantity", line.quantity, source),
        Given("discountPercent", line.discount_percent, source),
    ]
    return Cases(
        [
            of_invoice_line(line, "net"),
            (_credits_amount(line), recorded("invoiceLine.given", line.net_cents, LINE, line)),
            (line.credits_line_id.is_not(None), _credited(line, "net")),
            (line.portion_percent.is_not(None), _portion(line, "net")),
        ],
        Explained("line.net", computed),
    )


def vat(line: Any) -> Cases:
    source = (LINE, line.id)
    computed = [Given("net", line.net_cents, source), Given("vatRate", line.vat_rate, source)]
    return Cases(
        [
            of_invoice_line(line, "vat"),
            (_credits_amount(line), _credited_vat_of_amount(line)),
            (line.credits_line_id.is_not(None), _credited(line, "vat")),
            (line.portion_percent.is_not(None), _portion(line, "vat")),
        ],
        Explained("line.vat", computed, line.vat_rule),
    )


def gross(line: Any) -> Explained:
    source = (LINE, line.id)
    given = [Given("net", line.net_cents, source), Given("vat", line.vat_cents, source)]
    return Explained("line.gross", given, line.vat_rule)


def credited(line: Any, amount: str) -> Explained:
    """`amount` is net or vat: the lines of credit notes that take off this one."""
    other = LineRow.__table__.alias()
    rows = select((-other.c[f"{amount}_cents"]).label("value"), other.c.id.label("key"))
    rows = rows.where(other.c.credits_line_id == line.id).order_by(other.c.id)
    return Explained(f"invoiceLine.credited{amount.capitalize()}", [Each("credited", rows, LINE)])


def total(invoice: Any, amount: str) -> Explained:
    """The lines of an invoice; `amount` is net, vat or gross."""
    return Explained(f"invoice.{amount}", [Each(amount, _lines(invoice.id, amount), LINE)])


def group(row: Any, amount: str) -> Explained:
    """Those of one VAT category and rate."""
    lines = LineRow.__table__.alias()
    rows = _lines(row.invoice_id, amount, lines)
    rows = rows.where(lines.c.vat_category == row.category, lines.c.vat_rate == row.rate)
    rule = func.array_to_string(row.rules, literal_column("', '"))
    return Explained(f"invoiceVat.{amount}", [Each(amount, rows, LINE)], rule)


def credited_of(invoice: Any) -> Explained:
    note = InvoiceRow.__table__.alias()
    rows = select((-note.c.gross_cents).label("value"), note.c.id.label("key"))
    rows = rows.where(note.c.credits_invoice_id == invoice.id).order_by(note.c.id)
    return Explained("invoice.credited", [Each("credited", rows, INVOICE)])


def open_of(invoice: Any) -> Cases:
    source = (INVOICE, invoice.id)
    given = [
        Given("gross", invoice.gross_cents, source),
        Given("paid", invoice.paid_cents, source),
        Given("credited", invoice.credited_cents, source),
        Given("writtenOff", invoice.written_off_cents, source),
    ]
    nothing = invoice.kind.in_([InvoiceKind.CREDIT_NOTE.value, InvoiceKind.SELF_BILLING_CREDIT.value])
    first = (nothing, recorded("invoice.openOfCredit", invoice.open_cents, INVOICE, invoice))
    return Cases([first], Explained("invoice.open", given))


def _lines(invoice_id: Any, amount: str, lines: Any = None) -> Any:
    lines = LineRow.__table__.alias() if lines is None else lines
    query = select(lines.c[f"{amount}_cents"].label("value"), lines.c.id.label("key"))
    return query.where(lines.c.invoice_id == invoice_id).order_by(lines.c.position)


# --- portions -----------------------------------------------------------------------------------------------------


def _portion(line: Any, amount: str) -> Explained:
    """The share of the signed line that was due, less what was billed of it before."""
    ordered = LineItem.__table__.alias()
    whole = select(ordered.c[f"{amount}_cents"]).where(ordered.c.id == line.line_item_id).scalar_subquery()
    percent = line.portion_percent + _before(line, lambda other: other.portion_percent)
    given = [
        Given("ordered", whole, (SIGNED, line.line_item_id)),
        Given("upToPercent", percent, (LINE, line.id)),
        Given("billedBefore", _before(line, lambda other: other[f"{amount}_cents"]), (SIGNED, line.line_item_id)),
    ]
    return Explained(f"invoiceLine.portion.{amount}", given, line.vat_rule if amount == "vat" else None)


def _before(line: Any, value: Any) -> ColumnElement[Any]:
    """Over the portions of the same signed line that were billed before and not credited whole before this one."""
    other, note = LineRow.__table__.alias(), LineRow.__table__.alias()
    gone = select(func.coalesce(func.sum(-note.c.net_cents), 0)).where(
        note.c.credits_line_id == other.c.id, note.c.id < line.id
    )
    stands = and_(
        other.c.line_item_id == line.line_item_id,
        other.c.order_id == line.order_id,
        other.c.id < line.id,
        other.c.credits_line_id.is_(None),
        gone.scalar_subquery() < other.c.net_cents,
    )
    return select(func.coalesce(func.sum(value(other.c)), 0)).where(stands).scalar_subquery()


# --- credits ------------------------------------------------------------------------------------------------------


def _credits_amount(line: Any) -> ColumnElement[bool]:
    """Whether a line takes off an amount, not pieces: it is one piece of that amount."""
    one = and_(line.quantity == -1, line.discount_percent == 0, line.unit_price_cents == -line.net_cents)
    return and_(line.credits_line_id.is_not(None), one)


def _credited(line: Any, amount: str) -> Explained:
    """Pieces so far of the line's pieces."""
    before = _taken(line, lambda note: -note.quantity, pieces=True)
    given = [
        _billed(line, amount),
        Given("part", before - line.quantity, (LINE, line.id)),
        Given("whole", _of_credited(line, "quantity"), (LINE, line.credits_line_id)),
        Given("creditedBefore", _taken(line, lambda note: -note[f"{amount}_cents"]), (LINE, line.credits_line_id)),
    ]
    return Explained(f"creditLine.{amount}", given, line.vat_rule if amount == "vat" else None)


def _credited_vat_of_amount(line: Any) -> Explained:
    """The VAT of net so far of the line's net."""
    part = _taken(line, lambda note: -note.net_cents) - line.net_cents
    whole = _of_credited(line, "net_cents")
    given = [
        _billed(line, "vat"),
        Given("part", part, (LINE, line.id)),
        Given("whole", func.coalesce(func.nullif(whole, 0), 1), (LINE, line.credits_line_id)),
        Given("creditedBefore", _taken(line, lambda note: -note.vat_cents), (LINE, line.credits_line_id)),
    ]
    return Explained("creditLine.vatOfAmount", given, line.vat_rule)


def _billed(line: Any, amount: str) -> Given:
    return Given("billed", _of_credited(line, f"{amount}_cents"), (LINE, line.credits_line_id))


def _of_credited(line: Any, column: str) -> ColumnElement[Any]:
    billed = LineRow.__table__.alias()
    return select(billed.c[column]).where(billed.c.id == line.credits_line_id).scalar_subquery()


def _taken(line: Any, value: Any, *, pieces: bool = False) -> ColumnElement[Any]:
    """What earlier credit notes took off the same line; of `pieces` only those that took pieces."""
    note = LineRow.__table__.alias()
    query = select(func.coalesce(func.sum(value(note.c)), 0))
    query = query.where(note.c.credits_line_id == line.credits_line_id, note.c.id < line.id)
    if pieces:
        amount = and_(note.c.quantity == -1, note.c.discount_percent == 0, note.c.unit_price_cents == -note.c.net_cents)
        query = query.where(~amount)
    return query.scalar_subquery()
