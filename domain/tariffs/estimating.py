"""What a session would cost before it begins (PR7)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.contacts.models import Contact
from domain.errors import Faults, NotFound, OutOfRange
from domain.money import decimal
from domain.rows import actor_of, find
from domain.tariffs.benefits import benefits_for
from domain.tariffs.charging_vat import charging_vat
from domain.tariffs.errors import NoTariff
from domain.tariffs.models import TariffVersion
from domain.tariffs.prices import NOTHING, Benefits, Price
from domain.tariffs.pricing import price
from domain.tariffs.usage import Interval, Usage
from domain.tariffs.versions_in_force import terms_of, version_for
from domain.validation import integer
from tenants.audience import Audience

MOST_MINUTES = 31 * 24 * 60
MOST_KWH = Decimal(10_000)
ENERGY_DECIMALS = 3
_EARLIEST, _LATEST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A price, the usage it is for, and the version it is of."""

    version: TariffVersion
    usage: Usage
    price: Price


async def estimate(
    session: AsyncSession,
    charger_id: UUID,
    starts_at: datetime,
    minutes: int,
    energy_kwh: Decimal,
    *,
    emergency: bool = False,
    contact_id: UUID | None = None,
) -> Estimate:
    """The price of a session whose energy is spread evenly; with what the contact, or the driver who asks, has bought.

    Nothing is used up. Raises: NotFound, NoTariff, or DomainErrors with all faults of the input.
    """
    usage = _usage(starts_at, minutes, energy_kwh, emergency)
    charger = await find(session, Charger, charger_id, field=("charger_id",))
    version = await version_for(session, charger.id, starts_at)
    if version is None:
        raise NoTariff(field=("charger_id",))
    benefits = await _benefits(session, contact_id, starts_at, charger.entity_id)
    vat = charging_vat(usage.ended_at, charger_country=charger.country)
    return Estimate(version, usage, price(terms_of(version), usage, benefits, vat))


def _usage(starts_at: datetime, minutes: int, energy_kwh: Decimal, emergency: bool) -> Usage:
    with Faults() as faults:
        if not _EARLIEST <= starts_at <= _LATEST:
            faults.add(OutOfRange(minimum=_EARLIEST.date(), maximum=_LATEST.date(), field=("starts_at",)))
        faults.take(lambda value: integer(value, 1, MOST_MINUTES), minutes, "minutes")
        faults.take(lambda value: decimal(value, Decimal(0), MOST_KWH, ENERGY_DECIMALS), energy_kwh, "energy_kwh")
    until = starts_at + timedelta(minutes=minutes)
    return Usage((Interval(starts_at, until, int(energy_kwh.scaleb(3))),), emergency)


async def _benefits(session: AsyncSession, contact_id: UUID | None, at: datetime, entity_id: UUID) -> Benefits:
    """Of the contact that is named, else of the driver who asks; partners see nobody's."""
    actor = actor_of(session)
    if contact_id is not None:
        await find(session, Contact, contact_id, field=("contact_id",))
    if actor.audience is Audience.PARTNER:
        if contact_id is not None:
            raise NotFound(field=("contact_id",))
        return NOTHING
    return await benefits_for(session, contact_id or actor.contact_id, at, entity_id=entity_id)
