"""Credit notes: they name the lines that they take off, and never more than was billed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Duplicate, Faults, NotFound, OutOfRange
from domain.invoices import settling
from domain.invoices.billing import (
    BillLine,
    Credit,
    Creditable,
    credit_net,
    credit_quantity,
    credit_rest,
    discount_cents,
    spread,
)
from domain.invoices.drafting import Draft
from domain.invoices.errors import (
    BillAgainWhole,
    MoreThanBilled,
    NotCreditable,
    NothingToCredit,
    QuantityOrAmount,
)
from domain.invoices.events import InvoiceCredited
from domain.invoices.models import BillingPart, Invoice, InvoiceKind, InvoiceLine, InvoicePart, PartState
from domain.invoices.telling import tell
from domain.invoices.writing import Issued, issue_all
from domain.money import VatClass
from domain.orders.models import Order
from domain.quotes.pricing import positive_quantity
from domain.rows import find
from domain.validation import text
from domain.vat.rules import VatDecision
from domain.vat.rules import reason as reason_of
from tenants.models import BusinessEntity

LONGEST_REASON = 1_000
_BEFORE_THE_END = (InvoicePart.DEPOSIT, InvoicePart.PROGRESS)


@dataclass(frozen=True, slots=True)
class CreditLine:
    """What to take off a line: pieces, a net amount in cents, or all that is left where neither is given.

    `vat_cents`, beside a net amount, where the VAT of it is known and does not follow from its share.
    """

    line_id: UUID
    quantity: Decimal | None = None
    net_cents: int | None = None
    vat_cents: int | None = None


async def credit(
    session: AsyncSession,
    invoice_id: UUID,
    lines: Sequence[CreditLine] | None,
    reason: str,
    *,
    net_cents: int | None = None,
    bill_again: bool | None = None,
    issued_on: date | None = None,
) -> Invoice:
    """Issue a credit note for lines of an invoice; for all that is left, or a net amount over all of it, without lines.

    `bill_again`: what was credited as a whole may be invoiced anew. A deposit or progress invoice that is credited as
    a whole always may, so that the final invoice bills it.
    Raises: NotFound, NotCreditable, NothingToCredit, MoreThanBilled, QuantityOrAmount,
    BillAgainWhole, PeriodClosed. For staff and the system.
    """
    why = text(reason, "reason", maximum=LONGEST_REASON)
    await _lock_orders(session, invoice_id)
    invoice = await find(session, Invoice, invoice_id, lock=True)
    if invoice.kind != InvoiceKind.INVOICE:
        raise NotCreditable(number=invoice.number, field=("id",))
    await settling.reopen_written_off(session, invoice, "credited")
    rows = await lines_of(session, invoice.id)
    taken = _taken(invoice, rows, lines, net_cents)
    made = await _issue(session, invoice, taken, why, issued_on)
    await _take_off(session, invoice, taken)
    await _release(session, invoice, bill_again)
    note = (await session.execute(select(Invoice).where(Invoice.id == made.id))).scalar_one()
    amounts = (-note.net_cents, -note.gross_cents, invoice.currency)
    await tell(session, invoice, InvoiceCredited(invoice.number, invoice.kind, str(note.id), *amounts))
    return note


async def lines_of(session: AsyncSession, invoice_id: UUID) -> list[InvoiceLine]:
    """The lines of an invoice by position, locked as they are now."""
    query = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.id).with_for_update()
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


async def _lock_orders(session: AsyncSession, invoice_id: UUID) -> None:
    """Of what it billed: who invoices them meanwhile would count on what is released here."""
    billed = select(BillingPart.order_id).where(BillingPart.invoice_id == invoice_id)
    await session.execute(select(Order.id).where(Order.id.in_(billed)).order_by(Order.id).with_for_update())


_Taken = list[tuple[InvoiceLine, Credit]]


def _taken(
    invoice: Invoice, rows: Sequence[InvoiceLine], lines: Sequence[CreditLine] | None, net_cents: int | None
) -> _Taken:
    if lines is not None and net_cents is not None:
        raise QuantityOrAmount(field=("net_cents",))
    if net_cents is not None:
        return _amount_over_all(rows, net_cents)
    if lines is not None:
        return _of_lines({row.id: row for row in rows}, lines)
    rest = [(row, credit_rest(_creditable(row))) for row in rows if not _creditable(row).exhausted]
    if not any(taken.net_cents or taken.vat_cents for _, taken in rest):
        raise NothingToCredit(number=invoice.number, field=("id",))
    return rest


def _amount_over_all(rows: Sequence[InvoiceLine], net_cents: int) -> _Taken:
    left = sum(_creditable(row).left_net_cents for row in rows)
    if not 0 < net_cents <= left:
        raise MoreThanBilled(left=left, field=("net_cents",))
    parts = spread(net_cents, [_creditable(row).left_net_cents for row in rows])
    return [(row, credit_net(_creditable(row), part)) for row, part in zip(rows, parts, strict=True) if part]


def _of_lines(rows: dict[UUID, InvoiceLine], lines: Sequence[CreditLine]) -> _Taken:
    found: _Taken = []
    seen: set[UUID] = set()
    with Faults() as faults:
        for position, line in enumerate(lines):
            with faults.at("lines", position):
                if line.line_id not in rows:
                    raise NotFound(field=("invoice_line_id",))
                if line.line_id in seen:
                    raise Duplicate(field=("invoice_line_id",))
                seen.add(line.line_id)
                row = rows[line.line_id]
                found.append((row, _wanted(_creditable(row), line)))
        if not lines:
            faults.add(OutOfRange(minimum=1, maximum=len(rows), field=("lines",)))
    return found


def _wanted(row: Creditable, line: CreditLine) -> Credit:
    if line.quantity is not None and line.net_cents is not None:
        raise QuantityOrAmount(field=("quantity",))
    if line.quantity is not None:
        with Faults() as faults:
            faults.take(positive_quantity, line.quantity, "quantity")
        if line.quantity > row.left_quantity:
            raise MoreThanBilled(left=row.left_quantity, field=("quantity",))
        return credit_quantity(row, line.quantity)
    if line.net_cents is not None and line.vat_cents is not None:
        return _exactly(row, line.net_cents, line.vat_cents)
    if line.net_cents is not None:
        if not 0 < line.net_cents <= row.left_net_cents:
            raise MoreThanBilled(left=row.left_net_cents, field=("net_cents",))
        return credit_net(row, line.net_cents)
    if row.exhausted:
        raise MoreThanBilled(left=row.left_net_cents, field=("invoice_line_id",))
    return credit_rest(row)


def _exactly(row: Creditable, net_cents: int, vat_cents: int) -> Credit:
    if not (0 <= net_cents <= row.left_net_cents and 0 <= vat_cents <= row.left_vat_cents and net_cents + vat_cents):
        raise MoreThanBilled(left=row.left_net_cents, field=("net_cents",))
    if (net_cents, vat_cents) == (row.left_net_cents, row.left_vat_cents):
        return credit_rest(row)
    return Credit(Decimal(0), net_cents, vat_cents)


def _creditable(row: InvoiceLine) -> Creditable:
    return Creditable(
        row.quantity,
        row.net_cents,
        row.vat_cents,
        row.credited_quantity,
        row.credited_net_cents,
        row.credited_vat_cents,
    )


async def _issue(session: AsyncSession, invoice: Invoice, taken: _Taken, why: str, issued_on: date | None) -> Issued:
    entity = await find(session, BusinessEntity, invoice.entity_id)
    draft = Draft(
        entity_id=invoice.entity_id,
        invoice_prefix=entity.invoice_prefix,
        kind=InvoiceKind.CREDIT_NOTE,
        part=InvoicePart.CREDIT,
        order_id=invoice.order_id,
        payer_id=invoice.payer_contact_id,
        payer_chain_ids=list(invoice.payer_chain_ids),
        seller=invoice.seller,
        payer=invoice.payer,
        lines=[_negative(row, off) for row, off in taken],
        currency=invoice.currency,
        payment_terms_days=0,
        language=invoice.language,
        reference=invoice.reference,
        supplied_on=invoice.supplied_on,
        credits_invoice_id=invoice.id,
        reason=why,
    )
    return (await issue_all(session, [draft], issued_on=issued_on))[0]


def _negative(row: InvoiceLine, off: Credit) -> BillLine:
    """Pieces at their price; an amount without pieces is one piece of that amount."""
    quantity = off.quantity or Decimal(1)
    price = row.unit_price_cents if off.quantity else off.net_cents
    vat_class = VatClass(row.vat_class)
    reasons = (reason_of(row.vat_rule, "nl"), reason_of(row.vat_rule, "en"))
    return BillLine(
        line_item_id=row.line_item_id,
        order_id=row.order_id,
        article_id=row.article_id,
        sku=row.sku,
        category=row.category,
        description=row.description,
        quantity=-quantity,
        unit=row.unit,
        unit_price_cents=price,
        discount_percent=row.discount_percent if off.quantity else Decimal(0),
        discount_cents=discount_cents(-quantity, price, -off.net_cents),
        net_cents=-off.net_cents,
        vat_cents=-off.vat_cents,
        vat=VatDecision(vat_class, row.vat_rate, row.vat_rule, row.vat_category, *reasons),
        portion_percent=row.portion_percent,
        credits_line_id=row.id,
        recognized=row.recognized_at is not None,
    )


async def _take_off(session: AsyncSession, invoice: Invoice, taken: _Taken) -> None:
    for row, off in taken:
        row.credited_quantity += off.quantity
        row.credited_net_cents += off.net_cents
        row.credited_vat_cents += off.vat_cents
    invoice.credited_cents += sum(off.net_cents + off.vat_cents for _, off in taken)
    settling.restate(invoice)
    await session.flush()


async def _release(session: AsyncSession, invoice: Invoice, bill_again: bool | None) -> None:
    """Let what was credited as a whole be billed anew, where that was asked or follows from what it was."""
    whole = invoice.credited_cents == invoice.gross_cents
    asked = bill_again if bill_again is not None else whole and invoice.part in _BEFORE_THE_END
    if not asked:
        return
    mine = (BillingPart.invoice_id == invoice.id, BillingPart.state == PartState.INVOICED.value)
    released = update(BillingPart).where(*mine).values(state=PartState.RELEASED.value).returning(BillingPart.id)
    options = {"synchronize_session": False}
    if not whole or not (await session.execute(released.execution_options(**options))).all():
        raise BillAgainWhole(field=("bill_again",))
