"""The invoices of an entity that an actor sees, a page per transaction, for a spreadsheet."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_

from domain.exports import Span
from domain.invoices.models import Invoice
from domain.orders.models import Order
from tenants.actor import Actor
from tenants.engine import Database

_PAGE = 500
COLUMNS = (
    "number",
    "kind",
    "part",
    "status",
    "issued_on",
    "supplied_on",
    "due_on",
    "payer",
    "country",
    "vat_number",
    "order",
    "reference",
    "payment_reference",
    "net",
    "vat",
    "gross",
    "paid",
    "credited",
    "open",
    "currency",
)
AMOUNTS = ("net", "vat", "gross", "paid", "credited", "open")
"""In cents."""


async def pages(database: Database, actor: Actor, span: Span) -> AsyncIterator[Sequence[Row[Any]]]:
    """Invoices in the order of day and issue; the columns are COLUMNS, then the key."""
    last: tuple[date, UUID] | None = None
    while True:
        async with database.session(actor) as session:
            rows = (await session.execute(_page(span, last))).all()
        if rows:
            yield rows
        if len(rows) < _PAGE:
            return
        last = (rows[-1].issued_on, rows[-1].id)


def _page(span: Span, last: tuple[date, UUID] | None) -> Select[*tuple[Any, ...]]:
    key = (Invoice.issued_on, Invoice.id)
    query = (
        select(*(_column(name).label(name) for name in COLUMNS), Invoice.id)
        .outerjoin(Order, Order.id == Invoice.order_id)
        .where(
            Invoice.entity_id == span.entity_id,
            Invoice.issued_on >= span.since,
            Invoice.issued_on < span.until,
        )
    )
    if last is not None:
        query = query.where(tuple_(*key) > last)
    return query.order_by(*key).limit(_PAGE)


def _column(name: str) -> Any:
    if name == "order":
        return Order.number
    if name in ("payer", "country", "vat_number"):
        return Invoice.payer["name" if name == "payer" else name].astext
    return getattr(Invoice, f"{name}_cents" if name in AMOUNTS else name)
