"""Writing documents: numbers, rows, parts, events and postings of many in a fixed number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import record_all
from domain.invoices import posting
from domain.invoices.billing import BillLine, Sums, sums, within_bounds
from domain.invoices.drafting import Draft, PartKey
from domain.invoices.errors import InvoiceTooLarge, NoLines
from domain.invoices.events import InvoiceIssued
from domain.invoices.models import BillingPart, Invoice, InvoiceKind, InvoiceLine
from domain.invoices.numbers import clamped, draw, payment_reference
from domain.invoices.sealing import seal
from domain.invoices.telling import about
from domain.ledger.posting import post_many, today

_INVOICE, _LINE, _PART = (cast(Table, model.__table__) for model in (Invoice, InvoiceLine, BillingPart))


@dataclass(frozen=True, slots=True)
class Issued:
    """An invoice as it was issued."""

    id: UUID
    draft: Draft
    head: dict[str, Any]
    lines: list[dict[str, Any]]

    @property
    def number(self) -> str:
        return str(self.head["number"])


async def issue_all(session: AsyncSession, drafts: Sequence[Draft], *, issued_on: date | None = None) -> list[Issued]:
    """Issue invoices, in this order within each series; all or none, with parts, events and postings.

    `issued_on` is today in Amsterdam where none is given. Raises: NoLines, InvoiceTooLarge, PeriodClosed.
    """
    totals = [_checked(draft) for draft in drafts]
    if not drafts:
        return []
    numbers = await _numbers(session, drafts, issued_on)
    ids = await _ids(session, len(drafts) + sum(len(draft.lines) for draft in drafts))
    made = [
        _made(draft, total, number, day, ids)
        for draft, total, (number, day) in zip(drafts, totals, numbers, strict=True)
    ]
    await session.flush()
    await session.execute(insert(_INVOICE), [one.head for one in made])
    await session.execute(insert(_LINE), [line for one in made for line in one.lines])
    await note(session, {key: one.id for one in made for key in one.draft.parts})
    await record_all(session, [(_event(one), _about(one)) for one in made])
    entries = [posting.issued(one.head, one.lines) for one in made]
    await post_many(session, [entry for entry in entries if entry.posted_legs])
    return made


async def note(session: AsyncSession, parts: Mapping[PartKey, UUID | None]) -> None:
    """Write down which parts of orders are dealt with, each with its invoice; one that is so already is refused."""
    rows = [
        {
            "entity_id": key.entity_id,
            "order_id": key.order_id,
            "payer_contact_id": key.payer_contact_id,
            "part": key.part.value,
            "step": key.step,
            "state": key.state.value,
            "due_month": key.due_month,
            "invoice_id": invoice_id,
        }
        for key, invoice_id in parts.items()
    ]
    if rows:
        await session.execute(insert(_PART), rows)


def _checked(draft: Draft) -> Sums:
    if not draft.lines:
        raise NoLines(field=("lines",))
    found = sums(draft.lines)
    if not within_bounds(found):
        raise InvoiceTooLarge()
    return found


async def _numbers(session: AsyncSession, drafts: Sequence[Draft], issued_on: date | None) -> list[tuple[str, date]]:
    """Counters are locked in the order of entity and series, so that no two transactions wait in a circle."""
    year = (issued_on or today()).year
    series = sorted(range(len(drafts)), key=lambda n: (*_series(drafts[n]), n))
    found: dict[int, tuple[str, date]] = {}
    for _, group in groupby(series, key=lambda n: _series(drafts[n])):
        places = list(group)
        first = drafts[places[0]]
        numbers = await draw(session, first.entity_id, first.invoice_prefix, first.kind, year, len(places))
        day = issued_on or clamped(today(), year)
        found.update({place: (number, day) for place, number in zip(places, numbers, strict=True)})
    return [found[n] for n in range(len(drafts))]


def _series(draft: Draft) -> tuple[UUID, bool]:
    return draft.entity_id, draft.kind in (InvoiceKind.SELF_BILLING, InvoiceKind.SELF_BILLING_CREDIT)


async def _ids(session: AsyncSession, many: int) -> list[UUID]:
    """New keys, to be popped from the end."""
    drawn = select(func.uuidv7()).select_from(func.generate_series(1, many))
    return list((await session.execute(drawn)).scalars())[::-1]


def _made(draft: Draft, total: Sums, number: str, day: date, ids: list[UUID]) -> Issued:
    id = ids.pop()
    head = _head(draft, total, number, day) | {"id": id}
    lines = [
        _line(draft, line, position) | {"id": ids.pop(), "invoice_id": id}
        for position, line in enumerate(draft.lines, 1)
    ]
    return Issued(id, draft, head | {"sealed_sha256": seal(head, lines)}, lines)


def due_on(issued_on: date, terms_days: int) -> date:
    """The day on which is to be paid: as many calendar days later."""
    return issued_on + timedelta(days=terms_days)


def _head(draft: Draft, total: Sums, number: str, day: date) -> dict[str, Any]:
    return {
        "entity_id": draft.entity_id,
        "number": number,
        "kind": draft.kind.value,
        "part": draft.part.value,
        "order_id": draft.order_id,
        "payer_contact_id": draft.payer_id,
        "payer_chain_ids": draft.payer_chain_ids,
        "seller": draft.seller,
        "payer": draft.payer,
        "currency": draft.currency,
        "issued_on": day,
        "supplied_on": draft.supplied_on or day,
        "due_on": due_on(day, draft.payment_terms_days),
        "payment_terms_days": draft.payment_terms_days,
        "language": draft.language,
        "reference": draft.reference,
        "payment_reference": payment_reference(number),
        "net_cents": total.net_cents,
        "vat_cents": total.vat_cents,
        "gross_cents": total.gross_cents,
        "vat_breakdown": total.breakdown,
        "credits_invoice_id": draft.credits_invoice_id,
        "period_month": draft.period_month,
        "reason": draft.reason,
        "notes": draft.notes,
    }


def _line(draft: Draft, line: BillLine, position: int) -> dict[str, Any]:
    return {
        "entity_id": draft.entity_id,
        "position": position,
        "line_item_id": line.line_item_id,
        "order_id": line.order_id,
        "credits_line_id": line.credits_line_id,
        "article_id": line.article_id,
        "sku": line.sku,
        "category": line.category,
        "description": line.description,
        "quantity": line.quantity,
        "unit": line.unit,
        "unit_price_cents": line.unit_price_cents,
        "discount_percent": line.discount_percent,
        "discount_cents": line.discount_cents,
        "vat_class": line.vat.vat_class.value,
        "vat_rate": line.vat.rate,
        "vat_rule": line.vat.rule,
        "vat_category": line.vat.category,
        "net_cents": line.net_cents,
        "vat_cents": line.vat_cents,
        "gross_cents": line.gross_cents,
        "currency": draft.currency,
        "portion_percent": line.portion_percent,
        "recognized_at": datetime.now(UTC) if line.recognized else None,
    }


def _event(one: Issued) -> InvoiceIssued:
    head, draft = one.head, one.draft
    order = str(draft.order_id) if draft.order_id else None
    return InvoiceIssued(one.number, draft.kind.value, draft.part.value, order, head["gross_cents"], draft.currency)


def _about(one: Issued) -> Any:
    return about(one.draft.entity_id, one.id, one.draft.payer_id, one.draft.payer_chain_ids)
