"""Closing links of what is settled, however it was settled."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.invoices.models import Invoice
from domain.payments.models import LinkStatus, PaymentLink


async def close_settled(session: AsyncSession, invoice_ids: Sequence[UUID]) -> None:
    """Close the links of those of the invoices on which nothing is open any more."""
    if not invoice_ids:
        return
    settled = select(Invoice.id).where(Invoice.id.in_(invoice_ids), Invoice.open_cents <= 0)
    active = PaymentLink.invoice_id.in_(settled), PaymentLink.status == LinkStatus.ACTIVE
    await session.execute(update(PaymentLink).where(*active).values(status=LinkStatus.PAID.value))
