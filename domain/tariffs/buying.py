"""Buying what is offered, and giving it up: plans, packs, subscriptions. For a driver itself, and for staff.

A plan that costs something, and every subscription, runs until the end of the calendar month in which it is given up;
that can be taken back until then. So a plan that costs less begins when the month of the dearer one is over: its
discount is not had for the hours in which it is of use. A pack can be given back unused for 14 days.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.errors import FieldPath
from domain.events.record import Payload, record
from domain.rows import actor_of, find, granted_columns
from domain.tariffs.errors import AlreadyBought, NotRunning, OfferNotForSale, PackInUse
from domain.tariffs.events import (
    PackBought,
    PackCancelled,
    PackEvent,
    PlanJoined,
    PlanLeft,
    SubscriptionEnded,
    SubscriptionStarted,
)
from domain.tariffs.models import ChargingOffer, ChargingSubscription, EnergyPack, OfferKind, PlanMembership
from domain.tariffs.months import begins, month_of, next_month
from tenants.base import moment

WITHDRAWAL = timedelta(days=14)
"""BW art. 6:230o."""
_LOCK = 34
Running = TypeVar("Running", PlanMembership, ChargingSubscription)


async def join_plan(session: AsyncSession, contact_id: UUID, offer_id: UUID) -> PlanMembership:
    """Be in a plan from now on, in a cheaper one than before from the next month on; the one before ends.

    Raises: NotFound, OfferNotForSale, AlreadyBought
    """
    offer = await _offer(session, offer_id, OfferKind.PLAN)
    now = await _alone(session, contact_id, offer.entity_id)
    before = await _running(session, PlanMembership, contact_id, offer.entity_id, now)
    to_come = await _to_come(session, contact_id, offer.entity_id, now)
    last = to_come[-1] if to_come else before
    if last is not None and last.offer_id == offer.id and last.valid.upper is None:
        raise AlreadyBought(field=("offer_id",))
    await _give_up(session, to_come, now)
    starts = now
    if before is not None:
        if offer.price_cents < before.monthly_cents:
            starts = min(before.valid.upper or _next_month(now), _next_month(now))
        await _stop(session, before, starts)
        await _tell(session, before, PlanLeft(await _code(session, before), starts.isoformat()))
    made = PlanMembership(
        entity_id=offer.entity_id,
        contact_id=contact_id,
        offer_id=offer.id,
        valid=Range(starts, None),
        monthly_cents=offer.price_cents,
        currency=offer.currency,
        discount_percent=offer.discount_percent,
        priority=offer.priority,
    )
    await _keep(session, made)
    await _tell(session, made, PlanJoined(offer.code))
    return made


async def leave_plan(session: AsyncSession, membership_id: UUID) -> PlanMembership:
    """Leave at the end of the month, a free plan at once. Raises: NotFound, NotRunning"""
    held = await _to_end(session, PlanMembership, membership_id)
    await _tell(session, held, PlanLeft(await _code(session, held), _end(held)))
    return held


async def stay_in_plan(session: AsyncSession, membership_id: UUID) -> PlanMembership:
    """Take leaving back while it runs; what was joined instead never begins. Raises: NotFound, NotRunning"""
    seen = await find(session, PlanMembership, membership_id)
    now = await _alone(session, seen.contact_id, seen.entity_id)
    to_come = await _to_come(session, seen.contact_id, seen.entity_id, now)
    await _give_up(session, [each for each in to_come if each.id != seen.id], now)
    held = await _run_on(session, PlanMembership, membership_id)
    await _tell(session, held, PlanLeft(await _code(session, held), None))
    return held


async def subscribe(session: AsyncSession, contact_id: UUID, offer_id: UUID) -> ChargingSubscription:
    """Charge for a price per month from now on. Raises: NotFound, OfferNotForSale, AlreadyBought"""
    offer = await _offer(session, offer_id, OfferKind.SUBSCRIPTION)
    now = await _alone(session, contact_id, offer.entity_id)
    if await _running(session, ChargingSubscription, contact_id, offer.entity_id, now) is not None:
        raise AlreadyBought(field=("offer_id",))
    made = ChargingSubscription(
        entity_id=offer.entity_id,
        contact_id=contact_id,
        offer_id=offer.id,
        valid=Range(now, None),
        monthly_cents=offer.price_cents,
        cap_cents=offer.cap_cents,
        currency=offer.currency,
    )
    await _keep(session, made)
    await _tell(session, made, SubscriptionStarted(offer.code))
    return made


async def end_subscription(session: AsyncSession, subscription_id: UUID) -> ChargingSubscription:
    """End it with the month. Raises: NotFound, NotRunning"""
    held = await _to_end(session, ChargingSubscription, subscription_id)
    await _tell(session, held, SubscriptionEnded(await _code(session, held), _end(held)))
    return held


async def resume_subscription(session: AsyncSession, subscription_id: UUID) -> ChargingSubscription:
    """Take its end back while it runs. Raises: NotFound, NotRunning"""
    held = await _run_on(session, ChargingSubscription, subscription_id)
    await _tell(session, held, SubscriptionEnded(await _code(session, held), None))
    return held


async def buy_pack(session: AsyncSession, contact_id: UUID, offer_id: UUID) -> EnergyPack:
    """Buy energy; packs are used up in the order in which they were bought. Raises: NotFound, OfferNotForSale"""
    offer = await _offer(session, offer_id, OfferKind.PACK)
    await find(session, Contact, contact_id, field=("contact_id",))
    made = EnergyPack(
        entity_id=offer.entity_id,
        contact_id=contact_id,
        offer_id=offer.id,
        energy_wh=offer.energy_wh,
        remaining_wh=offer.energy_wh,
        discount_percent=offer.discount_percent,
        price_cents=offer.price_cents,
        currency=offer.currency,
        bought_at=datetime.now(UTC),
    )
    await _keep(session, made)
    await _tell(session, made, _pack_event(PackBought, offer.code, made))
    return made


async def cancel_pack(session: AsyncSession, pack_id: UUID) -> EnergyPack:
    """Give a pack back that was not used. Raises: NotFound, PackInUse"""
    pack, now = await find(session, EnergyPack, pack_id, lock=True), datetime.now(UTC)
    unused = pack.cancelled_at is None and pack.remaining_wh == pack.energy_wh
    if not unused or now - pack.bought_at > WITHDRAWAL:
        raise PackInUse(days=WITHDRAWAL.days, field=("id",))
    pack.cancelled_at = now
    await _tell(session, pack, _pack_event(PackCancelled, await _code(session, pack), pack))
    return pack


def _pack_event(event: type[PackEvent], code: str, pack: EnergyPack) -> PackEvent:
    return event(code, pack.energy_wh, pack.price_cents, pack.currency)


# --- rows -------------------------------------------------------------------------------------------------------------


async def _offer(session: AsyncSession, offer_id: UUID, kind: OfferKind) -> ChargingOffer:
    offer = await find(session, ChargingOffer, offer_id, field=("offer_id",))
    if not offer.active or offer.kind != kind:
        raise OfferNotForSale(field=("offer_id",))
    return offer


async def _alone(session: AsyncSession, contact_id: UUID, entity_id: UUID) -> datetime:
    """Find the contact; others that buy for it wait until this transaction ends. The moment from which they do."""
    field: FieldPath = ("contact_id",)
    await find(session, Contact, contact_id, field=field)
    key = f"charging {entity_id} {contact_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, _LOCK))))
    return datetime.now(UTC)


async def _running(
    session: AsyncSession, model: type[Running], contact_id: UUID, entity_id: UUID, at: datetime
) -> Running | None:
    query = (
        select(model)
        .where(model.contact_id == contact_id, model.entity_id == entity_id)
        .where(model.valid.op("@>")(moment(at)))
        .options(*granted_columns(session, model))
    )
    found: Running | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def _to_come(session: AsyncSession, contact_id: UUID, entity_id: UUID, at: datetime) -> Sequence[PlanMembership]:
    """Memberships that begin later, by when they do."""
    m = PlanMembership
    query = (
        select(m)
        .where(m.contact_id == contact_id, m.entity_id == entity_id, func.lower(m.valid) > at)
        .order_by(func.lower(m.valid))
        .options(*granted_columns(session, m))
    )
    return (await session.execute(query)).scalars().all()


async def _give_up(session: AsyncSession, held: Sequence[PlanMembership], now: datetime) -> None:
    """They never begin."""
    for each in held:
        each.valid = Range(empty=True)
        await session.flush()
        await _tell(session, each, PlanLeft(await _code(session, each), now.isoformat()))


def _next_month(now: datetime) -> datetime:
    return begins(next_month(month_of(now)))


async def _stop(session: AsyncSession, held: PlanMembership | ChargingSubscription, at: datetime) -> None:
    lower = held.valid.lower
    held.valid = Range(lower, at) if lower is None or lower < at else Range(empty=True)
    await session.flush()


async def _to_end(session: AsyncSession, model: type[Running], id: UUID) -> Running:
    held, now = await find(session, model, id, lock=True), datetime.now(UTC)
    if held.valid.isempty or held.valid.upper is not None:
        raise NotRunning(field=("id",))
    to_the_end = held.monthly_cents or isinstance(held, ChargingSubscription)
    await _stop(session, held, _next_month(now) if to_the_end else now)
    return held


def _end(held: PlanMembership | ChargingSubscription) -> str | None:
    """When it ends; of what ends before it began, when it was to begin."""
    return held.valid.upper.isoformat() if held.valid.upper else datetime.now(UTC).isoformat()


async def _run_on(session: AsyncSession, model: type[Running], id: UUID) -> Running:
    held = await find(session, model, id, lock=True)
    if held.valid.isempty or held.valid.upper is None or held.valid.upper <= datetime.now(UTC):
        raise NotRunning(field=("id",))
    held.valid = Range(held.valid.lower, None)
    await session.flush()
    return held


async def _keep(session: AsyncSession, made: PlanMembership | ChargingSubscription | EnergyPack) -> None:
    made.made_by = actor_of(session).user_id
    session.add(made)
    await session.flush()


async def _code(session: AsyncSession, held: PlanMembership | ChargingSubscription | EnergyPack) -> str:
    """The offer's code; not seen by a driver any more where it is not offered any more."""
    query = select(ChargingOffer.code).where(ChargingOffer.id == held.offer_id)
    return (await session.execute(query)).scalar_one_or_none() or ""


async def _tell(
    session: AsyncSession, held: PlanMembership | ChargingSubscription | EnergyPack, happened: Payload
) -> None:
    await record(session, happened, entity_id=held.entity_id, subject_id=held.id, contact_ids=[held.contact_id])
