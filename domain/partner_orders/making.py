"""What an order of a partner becomes: a quote that is sent to whoever signs, or an order at once, as was agreed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.partner_terms import Creates, PartnerTerms
from domain.errors import DomainError, DomainErrors
from domain.orders import placement
from domain.orders.models import Order
from domain.partner_orders.document import PartnerOrderDocument
from domain.partner_orders.lines import Unmapped
from domain.partner_orders.models import PartnerOrder
from domain.partner_orders.receipt import Numbers
from domain.quotes import service as quotes
from domain.quotes.draft import LineRequest
from domain.quotes.models import Quote
from domain.quotes.request import QuoteRequest

_LONGEST_NOTE = 2_000
_LONGEST_NOTES = 1_000
"""What quote and order repeat of the customer's notes; the whole is kept with the partner order."""


async def make(
    session: AsyncSession,
    order: PartnerOrder,
    document: PartnerOrderDocument,
    terms: PartnerTerms,
    lines: Sequence[LineRequest],
    unmapped: Sequence[Unmapped],
) -> DomainError | None:
    """Quote the lines, send the quote and, where nobody has to sign, place the order; or why that is not possible.

    What cannot be offered leaves nothing behind but the reason.
    """
    request = QuoteRequest(
        entity_id=order.entity_id,
        lines=lines,
        end_customer_id=order.contact_id,
        account_id=order.organization_id,
        service_address_id=order.address_id,
        partner_order_id=order.partner_order_id,
        partner_metadata=metadata(document, unmapped),
        ordered_by_partner=terms.creates is Creates.ORDER,
    )
    try:
        async with session.begin_nested():
            quote = await quotes.create(session, request)
            await quotes.send(session, quote.id)
    except (DomainError, DomainErrors) as refused:
        return refused.errors[0]
    order.quote_id = quote.id
    await place_if_agreed(session, order, quote)
    return None


async def place_if_agreed(session: AsyncSession, order: PartnerOrder, quote: Quote) -> None:
    """Make the order of a quote on which nobody has to act."""
    if not quote.pending_parties:
        order.order_id = await placement.place(session, quote)


def metadata(document: PartnerOrderDocument, unmapped: Sequence[Unmapped]) -> dict[str, Any]:
    """The partner's references (O2), the customer's wishes, and the note on what is missing (O5)."""
    wishes = document.installation_preferences
    said = {
        **document.partner_references.model_dump(exclude_none=True),
        "preferred_date": wishes.preferred_date.isoformat() if wishes.preferred_date else None,
        "notes": wishes.notes[:_LONGEST_NOTES] if wishes.notes else None,
        "note": note(unmapped),
    }
    return {name: value for name, value in said.items() if value}


def note(unmapped: Sequence[Unmapped]) -> str | None:
    """In Dutch, as orders are worked on."""
    words = "; ".join(each.words for each in unmapped)
    return f"Nog niet gekoppeld aan een artikel: {words}"[:_LONGEST_NOTE] if unmapped else None


async def numbers(session: AsyncSession, order: PartnerOrder) -> Numbers:
    """What came of an order so far."""
    if order.quote_id is None:
        return Numbers(None, None)
    query = (
        select(Quote.number, Order.number)
        .outerjoin(Order, (Order.quote_id == Quote.id) & (Order.sequence == 1))
        .where(Quote.id == order.quote_id)
    )
    row = (await session.execute(query)).one()
    return Numbers(row[1], row[0])


async def order_of(session: AsyncSession, order: PartnerOrder) -> UUID | None:
    """The order that was made of a partner's, by whoever signed last."""
    query = select(Order.id).where(Order.quote_id == order.quote_id, Order.sequence == 1)
    return (await session.execute(query)).scalar_one_or_none()
