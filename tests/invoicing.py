"""Orders that were completed, and their invoices, for tests of all that follows from them."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.invoices.issuing import issue_order
from domain.invoices.models import BillingPart, Invoice, InvoiceLine
from domain.orders.completing import complete
from domain.quotes.draft import LineRequest
from domain.vat.models import BillingProfile
from tenants.actor import SYSTEM
from tests.quoting import Market


async def completed(m: Market, *lines: LineRequest, **values: Any) -> UUID:
    """An order that was signed and completed."""
    order_id = await m.ordered(*lines, **values)
    async with m.database.session(SYSTEM) as session:
        await complete(session, order_id)
    return order_id


async def invoiced(m: Market, *lines: LineRequest, **values: Any) -> list[Invoice]:
    """The invoices of an order that was signed and completed, by number."""
    order_id = await completed(m, *lines, **values)
    async with m.database.session(SYSTEM) as session:
        return await issue_order(session, order_id)


async def profile(m: Market, contact_id: UUID, **values: Any) -> None:
    """How the market's entity invoices a contact."""
    async with m.database.session(SYSTEM) as session:
        session.add(BillingProfile(entity_id=m.entity.id, contact_id=contact_id, **values))


async def lines_of(session: AsyncSession, invoice_id: UUID) -> list[InvoiceLine]:
    query = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.position)
    return list((await session.execute(query)).scalars())


async def invoices_of(m: Market) -> list[Invoice]:
    """All documents of the market's entity, in the order in which they were issued."""
    async with m.database.session(SYSTEM) as session:
        query = select(Invoice).where(Invoice.entity_id == m.entity.id).order_by(Invoice.id)
        return list((await session.execute(query)).scalars())


async def parts_of(m: Market, order_id: UUID) -> list[tuple[str, str]]:
    """Part and state of what was billed of an order."""
    async with m.database.session(SYSTEM) as session:
        query = select(BillingPart).where(BillingPart.order_id == order_id).order_by(BillingPart.id)
        return [(part.part, part.state) for part in (await session.execute(query)).scalars()]
