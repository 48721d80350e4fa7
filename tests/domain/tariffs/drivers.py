"""Somebody who charges, for tests of what was bought beforehand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.contacts.models import Contact
from domain.tariffs.benefits import consume
from domain.tariffs.models import ChargingOffer, EnergyPack, OfferKind
from domain.tariffs.pricing import Interval, Price, Usage
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import BusinessEntity
from tests import factories
from tests.pricing import PER_KWH, offer_of, pack_of

START = datetime(2026, 3, 10, 12, tzinfo=UTC)


def of(wh: int, start: datetime = START) -> Usage:
    return Usage((Interval(start, start + timedelta(hours=1), wh),))


class Driver:
    """Somebody who charges at 0.50 per kWh and nothing else."""

    def __init__(self, database: Database, entity: BusinessEntity, contact: Contact) -> None:
        self.database, self.entity, self.contact = database, entity, contact

    async def offer(self, kind: OfferKind, **values: object) -> ChargingOffer:
        async with self.database.session(SYSTEM) as session:
            return await offer_of(session, self.entity, kind, **values)

    async def pack(self, wh: int = 10_000, percent: int = 100, **values: object) -> UUID:
        offer = await self.offer(OfferKind.PACK, energy_wh=wh, discount_percent=Decimal(percent))
        async with self.database.session(SYSTEM) as session:
            return (await pack_of(session, self.contact, offer, **values)).id

    async def charge(self, id: UUID, wh: int, start: datetime = START) -> Price:
        async with self.database.session(SYSTEM) as session:
            return await consume(
                session,
                id,
                entity_id=self.entity.id,
                contact_id=self.contact.id,
                terms=PER_KWH,
                usage=of(wh, start),
            )

    async def left(self, pack_id: UUID) -> int:
        async with self.database.session(SYSTEM) as session:
            return (await session.get_one(EnergyPack, pack_id)).remaining_wh


async def driver(database: Database) -> Driver:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        return Driver(database, entity, await factories.person(session, entity))
