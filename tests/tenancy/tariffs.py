"""Tariffs of every entity and of owners of chargers, offers, and what drivers have bought and used."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.tariffs.charge_models import BenefitCharge
from domain.tariffs.models import (
    BenefitUse,
    ChargingOffer,
    ChargingSubscription,
    EnergyPack,
    OfferKind,
    PlanMembership,
    Tariff,
    TariffAssignment,
    TariffVersion,
    VersionStatus,
)
from domain.tariffs.terms import Terms, as_json
from tenants.audience import Audience
from tenants.models import BusinessEntity, Membership
from tenants.permissions import AUDIENCE_OF

_SINCE = datetime(2019, 1, 1, tzinfo=UTC)
_HELD = Range(_SINCE, datetime(2019, 7, 1, tzinfo=UTC))
"""Before anything of the demo."""
_TERMS = as_json(Terms(energy_cents_per_kwh=Decimal(50)))


async def add_tariffs(session: AsyncSession) -> None:
    """Per entity a tariff that is published and one that is not; per charger one of its own; per driver one of all."""
    for entity in (await session.execute(select(BusinessEntity))).scalars():
        await _everywhere(session, entity)
        offers = await _offers(session, entity)
        for contact_id in await _drivers(session, entity):
            await _bought(session, entity, contact_id, offers)
    for charger in (await session.execute(select(Charger).order_by(Charger.id))).scalars():
        tariff = await _tariff(session, charger.entity_id, f"X-{charger.id.hex[:20]}", charger.owner_contact_id)
        held = {"entity_id": charger.entity_id, "tariff_id": tariff.id, "valid": _HELD}
        session.add(TariffAssignment(**held, charger_id=charger.id))
    await session.flush()


async def _everywhere(session: AsyncSession, entity: BusinessEntity) -> None:
    tariff = await _tariff(session, entity.id, "X-ALL")
    session.add(TariffAssignment(entity_id=entity.id, tariff_id=tariff.id, valid=_HELD))
    draft = Tariff(entity_id=entity.id, code="X-SOON", name="Soon")
    session.add(draft)
    await session.flush()
    session.add(TariffVersion(tariff_id=draft.id, entity_id=entity.id, version=1, terms=_TERMS))


async def _tariff(session: AsyncSession, entity_id: object, code: str, owner_id: object = None) -> Tariff:
    """A tariff with a version that holds and a draft."""
    tariff = Tariff(entity_id=entity_id, code=code.upper(), name=code, owner_contact_id=owner_id, published_at=_SINCE)
    session.add(tariff)
    await session.flush()
    of = {"tariff_id": tariff.id, "entity_id": entity_id, "terms": _TERMS}
    held = {"status": VersionStatus.PUBLISHED.value, "valid_from": _SINCE, "published_at": _SINCE}
    session.add_all([TariffVersion(**of, version=1, **held), TariffVersion(**of, version=2)])
    await session.flush()
    return tariff


async def _offers(session: AsyncSession, entity: BusinessEntity) -> dict[OfferKind, ChargingOffer]:
    terms: dict[OfferKind, dict[str, object]] = {
        OfferKind.PLAN: {"discount_percent": Decimal(10)},
        OfferKind.PACK: {"discount_percent": Decimal(100), "energy_wh": 100_000},
        OfferKind.SUBSCRIPTION: {"cap_cents": 5000},
    }
    made = {
        kind: ChargingOffer(
            entity_id=entity.id, kind=kind.value, code=f"X-{kind.value}", name=kind.value, price_cents=999, **own
        )
        for kind, own in terms.items()
    }
    gone = {"code": "X-GONE", "name": "Gone", "price_cents": 1, "active": False}
    session.add_all([*made.values(), ChargingOffer(entity_id=entity.id, kind="PLAN", **gone)])
    await session.flush()
    return made


async def _drivers(session: AsyncSession, entity: BusinessEntity) -> list[object]:
    roles = [role for role, audience in AUDIENCE_OF.items() if audience is Audience.CUSTOMER]
    query = select(Membership.contact_id).where(Membership.entity_id == entity.id, Membership.role.in_(roles))
    return [id for id in (await session.execute(query.distinct().limit(4))).scalars() if id is not None]


async def _bought(
    session: AsyncSession, entity: BusinessEntity, contact_id: object, offers: dict[OfferKind, ChargingOffer]
) -> None:
    of = {"entity_id": entity.id, "contact_id": contact_id}
    plan, pack, bundle = (offers[kind] for kind in (OfferKind.PLAN, OfferKind.PACK, OfferKind.SUBSCRIPTION))
    running = {"valid": _HELD, "monthly_cents": 999}
    session.add(PlanMembership(**of, **running, offer_id=plan.id, discount_percent=plan.discount_percent))
    subscription = ChargingSubscription(**of, **running, offer_id=bundle.id, cap_cents=bundle.cap_cents)
    held = {"energy_wh": pack.energy_wh, "remaining_wh": pack.energy_wh, "price_cents": 999, "bought_at": _SINCE}
    energy = EnergyPack(**of, **held, offer_id=pack.id, discount_percent=pack.discount_percent)
    session.add_all([subscription, energy])
    await session.flush()
    session.add(BenefitUse(**of, charging_session_id=uuid4(), pack_id=energy.id, wh=7_000))
    session.add(BenefitCharge(**of, subscription_id=subscription.id, month=date(2019, 2, 1), net_cents=0))
    covered = {"subscription_id": subscription.id, "month": date(2019, 2, 1), "cents": 250}
    session.add(BenefitUse(**of, charging_session_id=uuid4(), **covered))
