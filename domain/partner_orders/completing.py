"""What had to wait goes on: a number that is mapped now, an article chosen for one order, another try at a quote.

An order without a quote gets one. A quote that nobody ended gets the missing lines as a new version, beside what it
holds. Where the order is placed or the quote ended, its lines are agreed and a person deals with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.partner_terms import terms_for
from domain.catalog.models import Article
from domain.errors import DomainError, InvalidState
from domain.partner_orders import events, exceptions, making
from domain.partner_orders.document import PartnerOrderDocument, ProductDocument, parse
from domain.partner_orders.errors import LinesFixed, PartnerOrderCancelled
from domain.partner_orders.lines import Unmapped, mapped
from domain.partner_orders.models import (
    ExceptionKind,
    ExceptionState,
    PartnerOrder,
    PartnerOrderException,
    PartnerOrderStatus,
)
from domain.quotes import service as quotes
from domain.quotes import versions
from domain.quotes.draft import LineRequest
from domain.quotes.models import LineItem, Quote, QuoteStatus, QuoteVersion
from domain.rows import find

_OPEN = (QuoteStatus.DRAFT, QuoteStatus.SENT, QuoteStatus.PARTIALLY_SIGNED)
Choice = tuple[UUID, Decimal]
"""An article, and how many of it one of the product is."""


@dataclass(frozen=True, slots=True)
class _Missing:
    """A product that was not known, its item of the queue, and the line that it is now."""

    item: PartnerOrderException
    unmapped: Unmapped
    line: LineRequest | None


async def complete(
    session: AsyncSession, order: PartnerOrder, chosen: Mapping[UUID, Choice] | None = None
) -> DomainError | None:
    """Add what is known by now to what came of a locked order, and close its items. For the system.

    `chosen`: an article by item of the queue, for this order alone. Gives why nothing can be offered, if so.
    Raises: PartnerOrderCancelled, InvalidState (what it says was forgotten), LinesFixed.
    """
    if order.status == PartnerOrderStatus.CANCELLED:
        raise PartnerOrderCancelled(partner_order_id=order.partner_order_id, field=("id",))
    if order.forgotten_at is not None:
        raise InvalidState(current="FORGOTTEN", wanted="QUOTE", field=("id",))
    document = parse(order.document)
    missing = await _missing(session, order, document, chosen or {})
    found = [each for each in missing if each.line is not None]
    still = [each.unmapped for each in missing if each.line is None]
    if order.quote_id is None:
        if refused := await _first_quote(session, order, document, found, still):
            return refused
    elif found:
        await _add(session, order, document, found, still)
    await _close(session, order, found)
    return None


async def lines_fixed(session: AsyncSession, order: PartnerOrder) -> bool:
    """Whether what came of an order is agreed."""
    if order.quote_id is None:
        return False
    return (await find(session, Quote, order.quote_id)).status not in _OPEN


# --- what is known by now -----------------------------------------------------------------------------------------


async def _missing(
    session: AsyncSession, order: PartnerOrder, document: PartnerOrderDocument, chosen: Mapping[UUID, Choice]
) -> list[_Missing]:
    items = await _items(session, order)
    products = [(item, int(item.detail["place"])) for item in items]
    skus = [sku for _, place in products if (sku := document.products[place].partner_sku)]
    known = await mapped(session, order.entity_id, order.channel_organization_ids, skus)
    return [
        _now(item, place, document.products[place], chosen.get(item.id) or known.get(_sku(document, place)))
        for item, place in products
    ]


def _sku(document: PartnerOrderDocument, place: int) -> str:
    return document.products[place].partner_sku or ""


def _now(item: PartnerOrderException, place: int, product: ProductDocument, choice: Choice | None) -> _Missing:
    line = LineRequest(article_id=choice[0], quantity=product.quantity * choice[1]) if choice else None
    return _Missing(item, Unmapped(place, product), line)


async def _items(session: AsyncSession, order: PartnerOrder) -> Sequence[PartnerOrderException]:
    """The products that nobody has dealt with, in the order of the document."""
    query = (
        select(PartnerOrderException)
        .where(PartnerOrderException.partner_order_fk == order.id)
        .where(PartnerOrderException.kind == ExceptionKind.UNMAPPED_SKU)
        .where(PartnerOrderException.state == ExceptionState.OPEN)
        .order_by(PartnerOrderException.id)
        .with_for_update()
    )
    return (await session.execute(query)).scalars().all()


# --- what comes of it ---------------------------------------------------------------------------------------------


async def _first_quote(
    session: AsyncSession,
    order: PartnerOrder,
    document: PartnerOrderDocument,
    found: Sequence[_Missing],
    still: Sequence[Unmapped],
) -> DomainError | None:
    """All products that are known, those that were from the start included."""
    by_place = {each.unmapped.place: each.line for each in found}
    known = await mapped(
        session,
        order.entity_id,
        order.channel_organization_ids,
        [sku for product in document.products if (sku := product.partner_sku)],
    )
    lines = [_line(product, place, known, by_place) for place, product in enumerate(document.products)]
    wanted = [line for line in lines if line is not None]
    if not wanted:
        return None
    terms = await terms_for(session, order.entity_id, order.organization_id)
    if refused := await making.make(session, order, document, terms, wanted, still):
        return refused
    made = await making.numbers(session, order)
    await events.tell(session, order, events.PartnerOrderQuoted(order.partner_order_id, made.order, made.quote))
    return None


def _line(
    product: ProductDocument, place: int, known: Mapping[str, Choice], by_place: Mapping[int, LineRequest | None]
) -> LineRequest | None:
    if place in by_place:
        return by_place[place]
    choice = known.get(product.partner_sku or "")
    return LineRequest(article_id=choice[0], quantity=product.quantity * choice[1]) if choice else None


async def _add(
    session: AsyncSession,
    order: PartnerOrder,
    document: PartnerOrderDocument,
    found: Sequence[_Missing],
    still: Sequence[Unmapped],
) -> None:
    """A new version with the lines there are and the new ones; what staff is revising is not sent for them."""
    quote = await find(session, Quote, order.quote_id, lock=True) if order.quote_id else None
    if quote is None or quote.status not in _OPEN:
        raise LinesFixed(number=await _number(session, order), field=("id",))
    last = await newest(session, quote)
    kept = [as_it_is(line) for line in await versions.lines_of(session, last.id)]
    added = [each.line for each in found if each.line]
    words = "Toegevoegd: " + "; ".join(each.unmapped.words for each in found)
    quote.partner_metadata = _without_note(quote.partner_metadata) | _note(still)
    await quotes.revise(session, quote.id, words[: quotes.LONGEST_REASON], [*kept, *added])
    if last.sent_at is not None:
        await quotes.send(session, quote.id)
        await making.place_if_agreed(session, order, quote)


async def newest(session: AsyncSession, quote: Quote) -> QuoteVersion:
    """The last version of a quote, sent or not."""
    query = select(QuoteVersion).where(QuoteVersion.quote_id == quote.id).order_by(QuoteVersion.number.desc()).limit(1)
    return (await session.execute(query)).scalar_one()


def as_it_is(line: LineItem) -> LineRequest:
    """The same line at the same price and for the same payer."""
    return LineRequest(
        article_id=line.article_id,
        quantity=line.quantity,
        discount_percent=line.discount_percent,
        payer_id=line.payer_contact_id,
        unit_price_cents=line.unit_price_cents,
    )


def _note(still: Sequence[Unmapped]) -> dict[str, Any]:
    words = making.note(still)
    return {"note": words} if words else {}


def _without_note(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name != "note"}


async def _close(session: AsyncSession, order: PartnerOrder, found: Sequence[_Missing]) -> None:
    number = await _number(session, order)
    for each in found:
        if each.line and each.line.article_id:
            article = await find(session, Article, each.line.article_id)
            await exceptions.resolve(session, each.item.id, f"{article.sku}, {number}")
    if order.quote_id is not None:
        await _close_all(session, order, ExceptionKind.NOT_SELLABLE, number)


async def _close_all(session: AsyncSession, order: PartnerOrder, kind: ExceptionKind, words: str) -> None:
    query = select(PartnerOrderException.id).where(
        PartnerOrderException.partner_order_fk == order.id,
        PartnerOrderException.kind == kind.value,
        PartnerOrderException.state == ExceptionState.OPEN,
    )
    for id in (await session.execute(query)).scalars().all():
        await exceptions.resolve(session, id, words)


async def _number(session: AsyncSession, order: PartnerOrder) -> str:
    made = await making.numbers(session, order)
    return made.order or made.quote or order.partner_order_id
