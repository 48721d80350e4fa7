"""What a driver has bought beforehand, and what sessions take of it: exactly once, whoever prices at the same time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.contacts.models import Contact
from domain.rows import granted_columns
from domain.tariffs.models import BenefitUse, ChargingSubscription, EnergyPack, PlanMembership
from domain.tariffs.months import month_of
from domain.tariffs.prices import NOTHING, Benefits, PackShare, Price
from domain.tariffs.pricing import price
from domain.tariffs.terms import Terms
from domain.tariffs.usage import Usage
from domain.vat.rules import VatDecision
from tenants.base import moment


async def benefits_for(session: AsyncSession, contact_id: UUID | None, at: datetime, *, entity_id: UUID) -> Benefits:
    """What a contact could use of what it bought from an entity, in a session that starts at `at`.

    What was bought later does not count. Nothing where nobody is known.
    """
    if contact_id is None:
        return NOTHING
    plan = await _plan(session, contact_id, at, entity_id)
    subscription = await _subscription(session, contact_id, at, entity_id)
    left = 0 if subscription is None else subscription.cap_cents - await _covered(session, subscription.id, at)
    return Benefits(
        plan_discount_percent=plan.discount_percent if plan else NOTHING.plan_discount_percent,
        packs=tuple(await _packs(session, contact_id, at, entity_id)),
        cap_remaining_cents=left,
        plan_membership_id=plan.id if plan else None,
        subscription_id=subscription.id if subscription else None,
        priority=plan is not None and plan.priority,
    )


async def consume(
    session: AsyncSession,
    charging_session_id: UUID,
    *,
    entity_id: UUID,
    contact_id: UUID | None,
    terms: Terms,
    usage: Usage,
    vat: VatDecision | None = None,
) -> Price:
    """Price a session with what its driver has left, and take what the price uses of it, in this transaction.

    Called again for the same session, what it took before is available to it anew, and only the difference is booked;
    what other sessions took stands. Packs and subscription stay locked until the transaction ends. For the system.

    Raises: UnusableUsage
    """
    if contact_id is not None:
        await _lock(session, contact_id, entity_id)
    await release(session, charging_session_id)
    if not usage.intervals:
        return price(terms, usage, vat=vat)
    benefits = await benefits_for(session, contact_id, usage.started_at, entity_id=entity_id)
    priced = price(terms, usage, benefits, vat)
    await _book(session, charging_session_id, benefits, priced, usage.started_at)
    return priced


async def release(session: AsyncSession, charging_session_id: UUID) -> None:
    """Give back all that a session took. For the system."""
    await session.execute(delete(BenefitUse).where(BenefitUse.charging_session_id == charging_session_id))


# --- what there is ----------------------------------------------------------------------------------------------------


def root_of(contact_id: UUID) -> Select[UUID]:
    """The record that a contact was merged into, or its own."""
    own = aliased(Contact)
    return select(func.coalesce(own.merged_into_id, own.id)).where(own.id == contact_id)


def persons(contact_id: UUID) -> Select[UUID]:
    """The contact, with the records that are the same person's."""
    root = root_of(contact_id).scalar_subquery()
    return select(Contact.id).where(or_(Contact.id == root, Contact.merged_into_id == root))


async def _plan(session: AsyncSession, contact_id: UUID, at: datetime, entity_id: UUID) -> PlanMembership | None:
    query = (
        select(PlanMembership)
        .where(PlanMembership.contact_id.in_(persons(contact_id)), PlanMembership.entity_id == entity_id)
        .where(PlanMembership.valid.op("@>")(moment(at)))
        .order_by(PlanMembership.discount_percent.desc(), PlanMembership.id)
        .options(*granted_columns(session, PlanMembership))
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def _subscription(
    session: AsyncSession, contact_id: UUID, at: datetime, entity_id: UUID
) -> ChargingSubscription | None:
    query = (
        select(ChargingSubscription)
        .where(ChargingSubscription.contact_id.in_(persons(contact_id)), ChargingSubscription.entity_id == entity_id)
        .where(ChargingSubscription.valid.op("@>")(moment(at)))
        .order_by(ChargingSubscription.id)
        .options(*granted_columns(session, ChargingSubscription))
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def _covered(session: AsyncSession, subscription_id: UUID, at: datetime) -> int:
    """What sessions of the month have taken."""
    taken = select(func.coalesce(func.sum(BenefitUse.cents), 0)).where(
        BenefitUse.subscription_id == subscription_id, BenefitUse.month == month_of(at)
    )
    return int((await session.execute(taken)).scalar_one() or 0)


async def _packs(session: AsyncSession, contact_id: UUID, at: datetime, entity_id: UUID) -> list[PackShare]:
    """Packs with something left, the first bought first."""
    query = (
        select(EnergyPack.remaining_wh, EnergyPack.discount_percent, EnergyPack.id)
        .where(_of(EnergyPack, contact_id, entity_id), EnergyPack.cancelled_at.is_(None))
        .where(EnergyPack.remaining_wh > 0, EnergyPack.bought_at <= at)
        .order_by(EnergyPack.bought_at, EnergyPack.id)
    )
    return [PackShare(*row) for row in await session.execute(query)]


# --- taking -----------------------------------------------------------------------------------------------------------


async def _lock(session: AsyncSession, contact_id: UUID, entity_id: UUID) -> None:
    """Make others that price for the same person wait: packs first, then subscriptions, each by id."""
    for model in (EnergyPack, ChargingSubscription):
        held = select(model.id).where(_of(model, contact_id, entity_id)).order_by(model.id)
        await session.execute(held.with_for_update())


def _of(model: type[EnergyPack] | type[ChargingSubscription], contact_id: UUID, entity_id: UUID) -> ColumnElement[bool]:
    return and_(model.contact_id.in_(persons(contact_id)), model.entity_id == entity_id)


async def _book(
    session: AsyncSession, charging_session_id: UUID, benefits: Benefits, priced: Price, at: datetime
) -> None:
    if uses := priced.pack_uses:
        holder = select(EnergyPack.entity_id, EnergyPack.contact_id, EnergyPack.id).where(EnergyPack.id.in_(uses))
        for entity_id, contact_id, id in await session.execute(holder):
            session.add(_use(charging_session_id, entity_id, contact_id, pack_id=id, wh=uses[id]))
    if cents := priced.cap_used_cents:
        held = ChargingSubscription.id == benefits.subscription_id
        row = (await session.execute(select(ChargingSubscription).where(held))).scalar_one()
        use = _use(charging_session_id, row.entity_id, row.contact_id, subscription_id=row.id, cents=cents)
        use.month = month_of(at)
        session.add(use)
    await session.flush()


def _use(charging_session_id: UUID, entity_id: UUID, contact_id: UUID, **taken: UUID | int) -> BenefitUse:
    return BenefitUse(charging_session_id=charging_session_id, entity_id=entity_id, contact_id=contact_id, **taken)
