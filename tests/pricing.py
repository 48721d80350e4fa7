"""Tariffs, offers and what was bought, for tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.tariffs import assigning, offers, publishing
from domain.tariffs.models import (
    ChargingOffer,
    ChargingSubscription,
    EnergyPack,
    OfferKind,
    PlanMembership,
    Tariff,
    TariffVersion,
    VersionStatus,
)
from domain.tariffs.terms import Terms, as_json
from tenants.models import BusinessEntity
from tests import factories

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
PER_KWH = Terms(energy_cents_per_kwh=Decimal(50), windows=(), damage_reserve_cents=0)


async def tariff_of(
    session: AsyncSession, entity: BusinessEntity, terms: Terms = PER_KWH, **values: Any
) -> tuple[Tariff, TariffVersion]:
    """A tariff whose first version has held since January, whatever today is."""
    code = factories.unique("T").upper()
    given = {"code": code, "name": code} | values
    tariff = await publishing.create(session, entity_id=entity.id, terms=as_json(terms), **given)
    return tariff, await version_of(session, tariff, terms, LONG_AGO)


async def version_of(session: AsyncSession, tariff: Tariff, terms: Terms, since: datetime) -> TariffVersion:
    """The tariff's draft, published as of a moment in the past, which the domain would refuse."""
    draft = await publishing.save_draft(session, tariff.id, as_json(terms))
    draft.status, draft.valid_from, draft.published_at = VersionStatus.PUBLISHED.value, since, since
    tariff.published_at = tariff.published_at or since
    await session.flush()
    return draft


async def assigned(session: AsyncSession, tariff: Tariff, since: datetime = LONG_AGO, **target: UUID) -> None:
    """The tariff holds at a target since a moment in the past."""
    made = await assigning.assign(session, tariff.id, **target)
    await session.flush()
    made.valid = Range(since, None)
    await session.flush()


async def offer_of(session: AsyncSession, entity: BusinessEntity, kind: OfferKind, **values: Any) -> ChargingOffer:
    """A plan of 10 %, a prepaid pack of 100 kWh, or a subscription that covers 50 euro a month."""
    own: dict[OfferKind, dict[str, Any]] = {
        OfferKind.PLAN: {"discount_percent": Decimal(10), "price_cents": 999},
        OfferKind.PACK: {"discount_percent": Decimal(100), "energy_wh": 100_000, "price_cents": 4500},
        OfferKind.SUBSCRIPTION: {"cap_cents": 5000, "price_cents": 4900},
    }
    code = factories.unique("O").upper()
    return await offers.save(session, entity_id=entity.id, kind=kind, code=code, name=code, **(own[kind] | values))


async def pack_of(session: AsyncSession, contact: Contact, offer: ChargingOffer, **values: Any) -> EnergyPack:
    """A pack that was bought in January."""
    pack = EnergyPack(
        **{
            "entity_id": offer.entity_id,
            "contact_id": contact.id,
            "offer_id": offer.id,
            "energy_wh": offer.energy_wh,
            "remaining_wh": offer.energy_wh,
            "discount_percent": offer.discount_percent,
            "price_cents": offer.price_cents,
            "bought_at": LONG_AGO,
        }
        | values
    )
    session.add(pack)
    await session.flush()
    return pack


async def subscription_of(session: AsyncSession, contact: Contact, offer: ChargingOffer) -> ChargingSubscription:
    """A subscription since January."""
    made = ChargingSubscription(
        entity_id=offer.entity_id,
        contact_id=contact.id,
        offer_id=offer.id,
        valid=Range(LONG_AGO, None),
        monthly_cents=offer.price_cents,
        cap_cents=offer.cap_cents,
    )
    session.add(made)
    await session.flush()
    return made


async def membership_of(session: AsyncSession, contact: Contact, offer: ChargingOffer) -> PlanMembership:
    """In a plan since January."""
    made = PlanMembership(
        entity_id=offer.entity_id,
        contact_id=contact.id,
        offer_id=offer.id,
        valid=Range(LONG_AGO, None),
        monthly_cents=offer.price_cents,
        discount_percent=offer.discount_percent,
        priority=offer.priority,
    )
    session.add(made)
    await session.flush()
    return made


def later(**span: float) -> datetime:
    return datetime.now(UTC) + timedelta(**span)
