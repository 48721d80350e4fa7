"""What commission does when something has happened to orders, invoices and leads."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_book import book
from domain.commissions.accruing import accrue, uncounted
from domain.commissions.following import follow
from domain.commissions.leading import follow_leads
from domain.commissions.paying import follow_invoice
from domain.events.models import Event
from domain.invoices.models import Invoice, InvoiceKind, InvoiceLine

_ORDERS = frozenset({"order.received", "order.cancelled", "order.reopened"})
_LEADS = frozenset({"lead.qualified", "lead.disqualified", "lead.reopened", "lead.partner_assigned"})
_INVOICES = frozenset(
    {
        "invoice.issued",
        "invoice.credited",
        "invoice.paid",
        "invoice.payment_changed",
        "invoice.written_off",
        "invoice.write_off_undone",
    }
)
TYPES = _ORDERS | _LEADS | _INVOICES


async def react(session: AsyncSession, event: Event) -> None:
    """Bring commission to where the subject of an event is; a session of the system."""
    if event.type in _ORDERS:
        await follow_orders(session, event.entity_id, [event.subject_id])
    elif event.type in _LEADS:
        await follow_leads(session, event.entity_id, [event.subject_id])
    else:
        await _follow_invoice(session, event)


async def follow_orders(session: AsyncSession, entity_id: UUID, order_ids: Sequence[UUID]) -> None:
    """Accrue what is not accrued yet of orders of an entity, and bring it to where they are."""
    orders = await uncounted(session, entity_id, order_ids)
    chains = {organization for order in orders for organization in order.chain}
    await accrue(session, orders, await book(session, entity_id, chains))
    await follow(session, order_ids)


async def _follow_invoice(session: AsyncSession, event: Event) -> None:
    kind = (await session.execute(select(Invoice.kind).where(Invoice.id == event.subject_id))).scalar_one_or_none()
    if kind == InvoiceKind.SELF_BILLING:
        await follow_invoice(session, event.subject_id)
    elif kind == InvoiceKind.INVOICE:
        orders = select(InvoiceLine.order_id).where(InvoiceLine.invoice_id == event.subject_id)
        ids = [id for id in (await session.execute(orders.distinct())).scalars() if id]
        await follow_orders(session, event.entity_id, sorted(ids))
