"""Recording what happens to invoices, for those who may see them."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import About, Payload, record_all
from domain.invoices.models import Invoice


def about(entity_id: UUID, invoice_id: UUID, payer_id: UUID, chain: Iterable[UUID]) -> About:
    """Whom an event of an invoice is about: its payer, and those above it when the order was placed."""
    return About(entity_id, invoice_id, organization_ids=[payer_id], channel=chain, contact_ids=[payer_id])


async def tell(session: AsyncSession, invoice: Invoice, *payloads: Payload) -> None:
    """Record what happened to one invoice."""
    audience = about(invoice.entity_id, invoice.id, invoice.payer_contact_id, invoice.payer_chain_ids)
    await record_all(session, [(payload, audience) for payload in payloads])
