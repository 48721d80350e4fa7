"""Deferred revenue of orders that were completed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.invoices.models import Invoice, InvoiceKind, InvoiceLine
from domain.invoices.posting import account_category
from domain.ledger.posting import post_many
from domain.ledger.recognition import DeferredLine, recognition
from domain.money import Money


async def recognize(session: AsyncSession, order_ids: Iterable[UUID]) -> int:
    """Let what was invoiced of completed orders before become revenue, per line and once; how many lines."""
    lines = await _deferred(session, list(order_ids))
    if not lines:
        return 0
    entries = [recognition(entity_id, line) for entity_id, line in lines if line.net]
    await post_many(session, entries)
    ids = [line.invoice_line_id for _, line in lines]
    done = update(InvoiceLine).where(InvoiceLine.id.in_(ids)).values(recognized_at=datetime.now(UTC))
    await session.execute(done.execution_options(synchronize_session=False))
    return len(ids)


async def _deferred(session: AsyncSession, order_ids: list[UUID]) -> list[tuple[UUID, DeferredLine]]:
    line = InvoiceLine
    query = (
        select(line, Invoice.payer_contact_id)
        .join(Invoice, Invoice.id == line.invoice_id)
        .where(line.order_id.in_(order_ids), line.recognized_at.is_(None), Invoice.kind == InvoiceKind.INVOICE.value)
        .order_by(line.id)
        .with_for_update(of=line)
    )
    rows = (await session.execute(query.execution_options(populate_existing=True))).all()
    return [(row.entity_id, _line(row, payer_id)) for row, payer_id in rows]


def _line(row: InvoiceLine, payer_id: UUID) -> DeferredLine:
    left = Money(row.net_cents - row.credited_net_cents, row.currency)
    category = account_category(row.category)
    return DeferredLine(row.invoice_id, row.id, category, left, payer_id, row.order_id, row.line_item_id)
