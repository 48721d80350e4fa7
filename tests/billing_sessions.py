"""Sessions that were charged, by the platform's own functions, for tests of their bills."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.charging_bills import bills
from domain.charging_bills.models import SessionBill, SessionBilling, SessionCharge
from domain.contacts.models import Contact
from domain.invoices.models import Invoice
from domain.numbering.service import AMSTERDAM
from domain.sessions import metering, transactions
from domain.sessions.models import ChargingSession, ReportKind
from domain.tariffs.models import Tariff, TariffAssignment, TariffVersion
from domain.tariffs.terms import PEAK, Terms, as_json
from domain.telemetry.readings import Reading
from domain.telemetry.store import store
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.charging import Yard, charging_yard, told

TERMS = Terms(
    energy_cents_per_kwh=Decimal(50),
    time_cents_per_hour=Decimal(300),
    windows=(PEAK,),
    damage_reserve_cents=0,
)
"""Of Decision 2's example."""
EVENING = datetime.combine(datetime.now(AMSTERDAM).date() - timedelta(days=3), datetime.min.time(), AMSTERDAM).replace(
    hour=18
)
"""When a peak begins, some days ago."""


@dataclass(frozen=True, slots=True)
class Place:
    """A charger with a tariff, and a driver."""

    database: Database
    yard: Yard

    @property
    def entity_id(self) -> UUID:
        return self.yard.entity.id

    async def charge(self, start: datetime = EVENING, **values: Any) -> UUID:
        """A session of two hours and 20 kWh, unless said otherwise, that the charger reported; its id."""
        async with self.database.session(SYSTEM) as session:
            return await charged(session, self.yard, start, **values)

    async def read(self, readings: Sequence[Reading]) -> None:
        """Store readings as the ingest does, and count again what they concern."""
        async with self.database.session(SYSTEM) as session:
            await metering.follow(session, await store(session, readings))

    async def recount(self, session_id: UUID) -> None:
        async with self.database.session(SYSTEM) as session:
            await metering.recount(session, session_id)

    async def bill(self, session_id: UUID, reason: str = "", **values: Any) -> SessionBilling:
        async with self.database.session(SYSTEM) as session:
            return await bills.bill(session, session_id, reason, **values)

    async def billing(self, session_id: UUID) -> SessionBilling:
        async with self.database.session(SYSTEM) as session:
            query = select(SessionBilling).where(SessionBilling.session_id == session_id)
            return (await session.execute(query)).scalar_one()

    async def versions(self, session_id: UUID) -> list[SessionBill]:
        async with self.database.session(SYSTEM) as session:
            query = select(SessionBill).where(SessionBill.session_id == session_id).order_by(SessionBill.version)
            return list((await session.execute(query)).scalars())

    async def charges(self, session_id: UUID) -> list[SessionCharge]:
        async with self.database.session(SYSTEM) as session:
            query = select(SessionCharge).join(SessionBilling, SessionBilling.id == SessionCharge.billing_id)
            query = query.where(SessionBilling.session_id == session_id).order_by(SessionCharge.id)
            return list((await session.execute(query)).scalars())

    async def invoices(self) -> list[Invoice]:
        """All documents of the entity, in the order in which they were issued."""
        async with self.database.session(SYSTEM) as session:
            query = select(Invoice).where(Invoice.entity_id == self.entity_id).order_by(Invoice.id)
            return list((await session.execute(query)).scalars())

    def reading(self, at: datetime, energy_wh: int, **values: Any) -> Reading:
        return Reading(self.yard.charger.id, 1, at.astimezone(UTC), energy_wh=energy_wh, **values)


async def charging_place(database: Database, terms: Terms | None = TERMS, **entity: Any) -> Place:
    """A place of its own; `terms` of None: no tariff."""
    async with database.session(SYSTEM) as session:
        seller = await factories.business_entity(session, **entity)
        await factories.brand(session, seller)
        yard = await charging_yard(session, seller)
        driver = await session.get_one(Contact, yard.driver.id)
        driver.address_id = (await factories.address(session, driver)).id
        if terms is not None:
            await tariff(session, seller.id, terms)
        return Place(database, yard)


async def tariff(session: AsyncSession, entity_id: UUID, terms: Terms, charger_id: UUID | None = None) -> TariffVersion:
    """A published tariff that holds at one charger or at all of the entity."""
    began = EVENING - timedelta(days=400)
    made = Tariff(entity_id=entity_id, code=factories.unique("T").upper(), name="Laden", published_at=began)
    session.add(made)
    await session.flush()
    version = TariffVersion(
        tariff_id=made.id,
        entity_id=entity_id,
        version=1,
        status="PUBLISHED",
        valid_from=began,
        published_at=began,
        terms=as_json(terms),
    )
    held = TariffAssignment(entity_id=entity_id, tariff_id=made.id, charger_id=charger_id, valid=Range(began, None))
    session.add_all([version, held])
    await session.flush()
    return version


async def charged(
    session: AsyncSession,
    yard: Yard,
    start: datetime = EVENING,
    *,
    wh: int = 20_000,
    length: timedelta = timedelta(hours=2),
    token: str | None = "",
    readings: int = 4,
    meter_wh: int = 1_000_000,
) -> UUID:
    """A session with evenly spread readings, ended by the charger. An empty token is the driver's, None is none."""
    card = yard.token.token if token == "" else token  # no password
    started = told(ReportKind.STARTED, start.astimezone(UTC), meter_wh=meter_wh, id_token=card)
    answer = await transactions.report(session, yard.device, started)
    rows = [
        Reading(
            yard.charger.id,
            1,
            (start + length * n / (readings + 1)).astimezone(UTC),
            energy_wh=meter_wh + wh * n // (readings + 1),
            transaction_id=answer.transaction_id,
        )
        for n in range(1, readings + 1)
    ]
    await metering.follow(session, await store(session, rows))
    ended = told(
        ReportKind.ENDED,
        (start + length).astimezone(UTC),
        meter_wh=meter_wh + wh,
        transaction_id=answer.transaction_id,
    )
    await transactions.report(session, yard.device, ended)
    return answer.session_id


async def session_of(session: AsyncSession, id: UUID) -> ChargingSession:
    return await session.get_one(ChargingSession, id)
