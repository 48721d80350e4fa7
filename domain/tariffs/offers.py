"""What an entity offers: plans, packs and subscriptions."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import money, validation
from domain.errors import Faults
from domain.events.record import changes_of, record
from domain.rows import find
from domain.tariffs.errors import OfferTerms
from domain.tariffs.events import OfferSaved
from domain.tariffs.models import ChargingOffer, OfferKind
from domain.tariffs.publishing import code_of
from tenants.models import BusinessEntity

MOST_CENTS = 100_000_000
MOST_WH = 10**12
STANDARD: tuple[dict[str, Any], ...] = (
    {"kind": OfferKind.PLAN, "code": "BASIC", "name": "Basic", "price_cents": 0},
    {
        "kind": OfferKind.PLAN,
        "code": "PREMIUM",
        "name": "Premium",
        "price_cents": 999,
        "discount_percent": Decimal(10),
    },
    {
        "kind": OfferKind.PLAN,
        "code": "PRO",
        "name": "Pro",
        "price_cents": 2499,
        "discount_percent": Decimal(20),
        "priority": True,
    },
)
"""PR9."""


async def save(
    session: AsyncSession,
    *,
    entity_id: UUID,
    kind: OfferKind,
    code: str,
    name: str,
    price_cents: int,
    discount_percent: Decimal = Decimal(0),
    energy_wh: int | None = None,
    cap_cents: int | None = None,
    priority: bool = False,
    active: bool = True,
) -> ChargingOffer:
    """Offer something, or change the offer of that code; what was bought keeps the terms that it was bought at.

    Raises: NotFound, OfferTerms, or DomainErrors with all faults of the input
    """
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    with Faults() as faults:
        values = {
            "code": faults.take(code_of, code, "code"),
            "name": faults.take(validation.name, name, "name"),
            "price_cents": faults.take(lambda v: validation.integer(v, 0, MOST_CENTS), price_cents, "price_cents"),
            "discount_percent": faults.take(money.discount, discount_percent, "discount_percent"),
            "energy_wh": _bounded(faults, energy_wh, MOST_WH, "energy_wh"),
            "cap_cents": _bounded(faults, cap_cents, MOST_CENTS, "cap_cents"),
        }
    _check(kind, energy_wh, cap_cents, priority)
    row = await _of(session, entity_id, str(values["code"]))
    if row is None:
        row = ChargingOffer(entity_id=entity_id, kind=kind.value)
        session.add(row)
    elif row.kind != kind:
        raise OfferTerms(field=("kind",))
    for column, value in {**values, "priority": priority, "active": active}.items():
        setattr(row, column, value)
    changes = changes_of(row)
    await session.flush()
    happened = OfferSaved(row.code, active)
    await record(session, happened, entity_id=entity_id, subject_id=row.id, changes=changes)
    return row


async def ensure_standard(session: AsyncSession, entity_id: UUID) -> None:
    """Offer the three plans (PR9) where nothing has their codes."""
    for offer in STANDARD:
        if await _of(session, entity_id, offer["code"]) is None:
            await save(session, entity_id=entity_id, **offer)


def _bounded(faults: Faults, value: int | None, maximum: int, name: str) -> int | None:
    return None if value is None else faults.take(lambda v: validation.integer(v, 1, maximum), value, name)


def _check(kind: OfferKind, energy_wh: int | None, cap_cents: int | None, priority: bool) -> None:
    fits = (kind is OfferKind.PACK) == (energy_wh is not None)
    fits = fits and (kind is OfferKind.SUBSCRIPTION) == (cap_cents is not None)
    if not fits or (priority and kind is not OfferKind.PLAN):
        raise OfferTerms(field=("kind",))


async def _of(session: AsyncSession, entity_id: UUID, code: str) -> ChargingOffer | None:
    query = select(ChargingOffer).where(ChargingOffer.entity_id == entity_id, ChargingOffer.code == code)
    return (await session.execute(query.with_for_update())).scalar_one_or_none()
