"""How a person deals with an item of the queue: in words, by an article, by the right address, by trying again.

`session` is the platform's; what the actor may see is checked as the actor.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.models import Article
from domain.contacts.addresses import AddressDetails, add
from domain.errors import Faults, InvalidState
from domain.orders.models import Order
from domain.orders.stages import BEFORE_WORK
from domain.partner_orders import completing, exceptions, making
from domain.partner_orders.errors import AddressNotApplicable, ArticleNotApplicable, ExceptionClosed
from domain.partner_orders.models import ExceptionKind, ExceptionState, PartnerOrder, PartnerOrderException
from domain.quotes import service as quotes
from domain.quotes import versions
from domain.quotes.models import Quote, QuoteStatus
from domain.quotes.pricing import positive_quantity
from domain.rows import find
from domain.visits.models import Visit
from tenants.acting import acting_as
from tenants.actor import Actor

_OPEN = (QuoteStatus.DRAFT, QuoteStatus.SENT, QuoteStatus.PARTIALLY_SIGNED)


async def seen(session: AsyncSession, by: Actor, id: UUID) -> PartnerOrderException:
    """An item that the actor sees, locked. Raises: NotFound."""
    async with acting_as(session, by):
        await find(session, PartnerOrderException, id)
    return await find(session, PartnerOrderException, id, lock=True)


async def by_words(session: AsyncSession, by: Actor, id: UUID, resolution: str) -> PartnerOrderException:
    """It was dealt with elsewhere, and how. Raises: NotFound, ExceptionClosed."""
    row = await seen(session, by, id)
    return await exceptions.resolve(session, row.id, resolution)


async def by_article(
    session: AsyncSession, by: Actor, id: UUID, article_id: UUID, quantity: Decimal = Decimal(1)
) -> PartnerOrderException:
    """An unknown product of this one order stands for an article; the map stays as it is.

    Raises: NotFound, ExceptionClosed, ArticleNotApplicable, LinesFixed, and why no offer can be made.
    """
    row = await _open_one(session, by, id)
    async with acting_as(session, by):
        article = await find(session, Article, article_id, field=("article_id",))
    order = await _order(session, row)
    if row.kind != ExceptionKind.UNMAPPED_SKU or order is None:
        raise ArticleNotApplicable(field=("article_id",))
    with Faults() as faults, faults.at("quantity"):
        chosen = (article.id, positive_quantity(quantity))
    await _go_on(session, order, {row.id: chosen})
    return await find(session, PartnerOrderException, id)


async def by_trying(session: AsyncSession, by: Actor, order_id: UUID) -> PartnerOrder:
    """Try again what was not possible before: what is mapped by now, prices that are there by now.

    Raises: NotFound, PartnerOrderCancelled, LinesFixed, and why no offer can be made.
    """
    async with acting_as(session, by):
        await find(session, PartnerOrder, order_id)
    order = await find(session, PartnerOrder, order_id, lock=True)
    await _go_on(session, order, {})
    return order


async def by_address(session: AsyncSession, by: Actor, id: UUID, address: AddressDetails) -> PartnerOrderException:
    """The right address: of the order, and of what came of it; the one that was given stays with the document.

    Raises: NotFound, ExceptionClosed, AddressNotApplicable, InvalidState where the work has begun.
    """
    row = await _open_one(session, by, id)
    order = await _order(session, row)
    if row.kind != ExceptionKind.ADDRESS or order is None or order.contact_id is None:
        raise AddressNotApplicable(field=("address",))
    kept = await add(session, order.contact_id, address)
    order.address_id = kept.id
    await _move(session, order, kept.id, address)
    words = f"{kept.street} {kept.house_number} {kept.house_number_addition} {kept.postal_code} {kept.city}"
    return await exceptions.resolve(session, row.id, " ".join(words.split()))


async def _open_one(session: AsyncSession, by: Actor, id: UUID) -> PartnerOrderException:
    row = await seen(session, by, id)
    if row.state != ExceptionState.OPEN:
        raise ExceptionClosed(state=row.state, field=("id",))
    return row


async def _order(session: AsyncSession, row: PartnerOrderException) -> PartnerOrder | None:
    if row.partner_order_fk is None:
        return None
    return await find(session, PartnerOrder, row.partner_order_fk, lock=True)


async def _go_on(session: AsyncSession, order: PartnerOrder, chosen: Mapping[UUID, Any]) -> None:
    if refused := await completing.complete(session, order, chosen):
        raise refused


async def _move(session: AsyncSession, order: PartnerOrder, address_id: UUID, address: AddressDetails) -> None:
    """An open quote is offered anew at the address; an order is moved with its visits until work begins."""
    if order.quote_id is None:
        return
    if order_id := await making.order_of(session, order):
        await _move_order(session, order_id, address_id, address)
        return
    quote = await find(session, Quote, order.quote_id, lock=True)
    if quote.status not in _OPEN:
        return
    quote.service_address_id = address_id
    await session.flush()
    newest = await completing.newest(session, quote)
    lines = [completing.as_it_is(line) for line in await versions.lines_of(session, newest.id)]
    await quotes.revise(session, quote.id, "Adres gecorrigeerd", lines)
    if newest.sent_at is not None:
        await quotes.send(session, quote.id)


async def _move_order(session: AsyncSession, order_id: UUID, address_id: UUID, address: AddressDetails) -> None:
    order = await find(session, Order, order_id, lock=True)
    if order.stage not in BEFORE_WORK:
        raise InvalidState(current=order.stage, wanted="ADDRESS", field=("id",))
    order.service_address_id = address_id
    await session.flush()
    pc4 = address.postal_code[:4] if address.country == "NL" and address.postal_code[:4].isdigit() else None
    place = {"latitude": address.latitude, "longitude": address.longitude, "pc4": pc4}
    await session.execute(update(Visit).where(Visit.order_id == order_id).values(**place))
