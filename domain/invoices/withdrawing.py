"""What follows for deposits when an order is cancelled: they are credited, and may be billed anew if it is reopened."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.invoices.crediting import credit
from domain.invoices.models import Invoice, InvoiceKind, InvoicePart
from domain.orders.models import Order, OrderStage
from domain.rows import find

_REASON = {"nl": "Order {number} is geannuleerd", "en": "Order {number} was cancelled"}


async def credit_deposits(session: AsyncSession, order_id: UUID) -> list[Invoice]:
    """Credit what is left of the deposits of a cancelled order; none where it is not cancelled any more."""
    order = await find(session, Order, order_id, lock=True)
    if order.stage != OrderStage.CANCELLED:
        return []
    query = select(Invoice).where(
        Invoice.order_id == order_id,
        Invoice.kind == InvoiceKind.INVOICE.value,
        Invoice.part == InvoicePart.DEPOSIT.value,
        Invoice.credited_cents < Invoice.gross_cents,
    )
    deposits = (await session.execute(query.order_by(Invoice.id))).scalars().all()
    return [
        await credit(session, deposit.id, None, _REASON[deposit.language].format(number=order.number))
        for deposit in deposits
    ]
