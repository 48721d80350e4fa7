"""How an order comes about: the last required party signs, and the order exists in the same transaction."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import relations
from domain.contacts.models import Lifecycle
from domain.errors import NotFound
from domain.events.record import record
from domain.numbering.service import AMSTERDAM, next_number
from domain.orders.errors import NotOrdered, NotWholesale, OrderExists
from domain.orders.events import OrderReceived
from domain.orders.models import Order, OrderMilestone, OrderStage
from domain.orders.stages import PROGRESS
from domain.proofs.seal import Keyring
from domain.quotes import leads, versions
from domain.quotes.errors import QuoteExpired
from domain.quotes.models import Quote, QuoteStatus, QuoteVersion, QuoteVisit
from domain.quotes.request import LONGEST_ORDER_ID, refuse_taken_order_id
from domain.rows import actor_of, find
from domain.signatures import service as signatures
from domain.signatures.errors import NotAParty
from domain.signatures.service import Acted, Evidence
from domain.validation import name, optional
from domain.visits import service as visits
from tenants.audience import Audience
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class Signed:
    """What a party did, and the order if it was the last one asked."""

    acted: Acted
    order_id: UUID | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A new order, as the database completed it."""

    id: UUID
    number: str
    channel: list[UUID]
    account_id: UUID | None
    customer_id: UUID
    processing_minutes: int


async def sign_quote(
    session: AsyncSession,
    quote_id: UUID,
    document_hash: bytes,
    evidence: Evidence,
    keys: Keyring,
    *,
    party_id: UUID | None = None,
) -> Signed:
    """Sign as the actor's party; the last required signature makes the order. Raises what `signatures.sign` does."""
    acted = await signatures.sign(session, quote_id, document_hash, evidence, keys, party_id=party_id)
    return Signed(acted, await place(session, acted.quote) if acted.complete else None)


async def place(session: AsyncSession, quote: Quote) -> UUID:
    """Make the order of a locked quote on which nobody has to act any more; runs as the last signer."""
    version = await versions.in_force(session, quote)
    order = await _insert(session, quote, version, sequence=1)
    quote.status, quote.closed_at = QuoteStatus.ORDERED, datetime.now(UTC)
    await _follow(session, quote, version, order)
    await leads.ordered(session, quote)
    with suppress(NotFound):  # a payer from outside the channel does not see the customer
        await relations.advance(session, quote.end_customer_contact_id, quote.entity_id, Lifecycle.CUSTOMER)
    return order.id


async def repeat(session: AsyncSession, quote_id: UUID, *, partner_order_id: str | None = None) -> UUID:
    """Order the same again under the version that was signed: wholesale only, where a partner buys for itself.

    For staff and that partner, at the signed prices, until the moment up to which the version could be signed.
    Raises: NotFound, NotWholesale, NotAParty, NotOrdered, QuoteExpired, PartnerOrderTaken, OrderExists.
    """
    order_id = optional(partial(name, maximum=LONGEST_ORDER_ID), partner_order_id, "partner_order_id")
    quote = await find(session, Quote, quote_id, field=("quote_id",), lock=True)
    await _require_repeatable(session, quote)
    if order_id:
        await refuse_taken_order_id(session, quote.entity_id, quote.account_contact_id, order_id)
    version = await versions.in_force(session, quote)
    last = select(func.max(Order.sequence)).where(Order.quote_version_id == version.id)
    sequence = ((await session.execute(last)).scalar() or 0) + 1
    order = await _insert(session, quote, version, sequence=sequence, partner_order_id=order_id)
    await _follow(session, quote, version, order)
    return order.id


async def _require_repeatable(session: AsyncSession, quote: Quote) -> None:
    # Lines that somebody else pays were agreed to once; only who pays all of them may say "again".
    if quote.account_contact_id is None or quote.account_contact_id != quote.end_customer_contact_id:
        raise NotWholesale(field=("quote_id",))
    actor = actor_of(session)
    ours = actor.audience in (Audience.STAFF, Audience.SYSTEM)
    if not ours and quote.account_contact_id not in await signatures.names_of(session, actor):
        raise NotAParty(field=("quote_id",))
    if quote.status != QuoteStatus.ORDERED:
        raise NotOrdered(field=("quote_id",))
    if quote.expires_at is None or quote.expires_at <= datetime.now(UTC):
        at = quote.expires_at.astimezone(AMSTERDAM).isoformat(timespec="minutes") if quote.expires_at else ""
        raise QuoteExpired(expired_at=at, field=("quote_id",))


async def _insert(session: AsyncSession, quote: Quote, version: QuoteVersion, *, sequence: int, **own: Any) -> Placed:
    """The trigger of guard.py checks the signatures and fills in what the actor may not see."""
    minutes = select(BusinessEntity.processing_minutes).where(BusinessEntity.id == quote.entity_id)
    await session.flush()
    row = insert(Order).values(
        entity_id=quote.entity_id,
        number=await next_number(session, quote.entity_id, "order"),
        quote_id=quote.id,
        quote_version_id=version.id,
        end_customer_contact_id=quote.end_customer_contact_id,
        sequence=sequence,
        progress=PROGRESS[OrderStage.RECEIVED],
        estimated_processing_minutes=(await session.execute(minutes)).scalar_one(),
        **own,
    )
    columns = (
        Order.id,
        Order.number,
        Order.channel_organization_ids,
        Order.account_contact_id,
        Order.end_customer_contact_id,
        Order.estimated_processing_minutes,
    )
    placed = (await session.execute(row.on_conflict_do_nothing().returning(*columns))).first()
    if placed is None:
        raise OrderExists(field=("quote_id",))
    return Placed(*placed)


async def _follow(session: AsyncSession, quote: Quote, version: QuoteVersion, order: Placed) -> None:
    """Milestone, visits and the event of a new order."""
    reached = {"entity_id": quote.entity_id, "order_id": order.id, "stage": OrderStage.RECEIVED.value}
    await session.execute(insert(OrderMilestone).inline().values(**reached, reached_at=func.now()))
    foreseen = select(QuoteVisit).where(QuoteVisit.quote_version_id == version.id).order_by(QuoteVisit.position)
    planned = (await session.execute(foreseen)).scalars()
    await visits.require(
        session,
        planned,
        order_id=order.id,
        entity_id=quote.entity_id,
        customer_id=order.customer_id,
        channel=order.channel,
    )
    await record(
        session,
        OrderReceived(order.number, quote.number, order.processing_minutes),
        entity_id=quote.entity_id,
        subject_id=order.id,
        organization_ids=[order.account_id],
        channel=order.channel,
        contact_ids=[order.customer_id],
    )
