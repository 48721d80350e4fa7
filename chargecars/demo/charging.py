"""The chargers of the demo: tariffs and plans, chargers with owners and without, and a week of charging that is billed.

Made by the same functions as in production, after the rest, over a number that does not grow with the scale without
end, in one transaction. No device speaks for these chargers: apart from those that are offline none was ever heard of,
so that nobody is told that they fell silent. `chargecars fleet` has some that speak.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import domain.tables  # noqa: F401  # completes what the models refer to
from chargecars.demo.ailing import add_ailments
from chargecars.demo.draw import Draw
from domain.catalog.models import ArticleCategory
from domain.chargers import enrolment, registry
from domain.chargers.credentials import Device
from domain.chargers.models import Charger, ChargerAccess, ChargerState, ConnectorType, Protocol
from domain.chargers.registry import ConnectorDetails, Location
from domain.charging_bills import bills
from domain.contacts.models import Address
from domain.numbering.service import AMSTERDAM
from domain.orders.models import Order, OrderStage
from domain.quotes.models import LineItem
from domain.sessions import tokens, transactions
from domain.sessions.models import ReportKind
from domain.sessions.reports import TransactionReport
from domain.sessions.tokens import TokenDetails
from domain.tariffs import offers, publishing
from domain.tariffs.models import (
    ChargingOffer,
    ChargingSubscription,
    EnergyPack,
    OfferKind,
    PlanMembership,
    TariffAssignment,
    TariffVersion,
    VersionStatus,
)
from domain.telemetry import store
from domain.telemetry.readings import Reading
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.models import BusinessEntity, Membership
from tenants.settings import Settings

TABLES = (
    "charger",
    "connector",
    "tariff",
    "tariff_version",
    "tariff_assignment",
    "charging_offer",
    "plan_membership",
    "energy_pack",
    "charging_subscription",
    "benefit_use",
    "id_token",
    "charging_session",
    "session_report",
    "session_billing",
    "session_bill",
    "telemetry_reading",
    "telemetry_minute",
    "telemetry_hour",
    "charger_alert",
    "charger_health",
    "maintenance_task",
)
"""What it fills beside the log."""
_PER_ENTITY, _MOST_PER_ENTITY, _LEAST_PER_ENTITY = 10, 40, 3
_SESSIONS = 4
"""Per charger; one in a world smaller than the real one."""
_BILLED, _INVOICED = 12, 4
"""Of the last sessions of an entity: so many are priced, so many of those are invoiced."""
_DAYS = 7
_STEP = timedelta(minutes=10)
_MODELS = (("Zaptec", "Go 2", 22_000), ("Easee", "Charge Max", 22_000), ("Alfen", "Eve Single", 11_000))
_FAST = ("ABB", "Terra 54", 50_000)
_CARS_W = (3_700, 7_400, 11_000, 11_000, 22_000)
_TERMS: dict[str, dict[str, Any]] = {
    "PUBLIEK": {"energy_cents_per_kwh": "52", "time_cents_per_hour": "60", "start_fee_cents": 35},
    "THUIS": {"energy_cents_per_kwh": "31.5", "damage_reserve_cents": 0, "windows": []},
}
"""By code of the tariff: for the chargers of the entity, and for those of an owner."""


@dataclass
class _Site:
    """A charger while it is made."""

    charger: Charger
    drivers: Sequence[tuple[str, UUID]]
    """Tokens and whose they are; none at a private charger, whose owner charges."""
    register_wh: int


@dataclass(frozen=True, slots=True)
class _Charge:
    """One session: `watts` for as long as it charges, then the car is full until it leaves."""

    site: _Site
    begins: datetime
    ends: datetime
    watts: int
    token: str | None
    meter_wh: int

    @property
    def energy_wh(self) -> int:
        return int(self.watts * (self.ends - self.begins).total_seconds() / 3600)


@dataclass
class _Part:
    """The charging of one entity."""

    entity: BusinessEntity
    now: datetime
    draw: Draw
    sessions: int
    """Per charger."""
    sites: list[_Site] = field(default_factory=list)

    async def make(self, session: AsyncSession, many: int) -> None:
        tariffs = [await self._tariff(session, code) for code in _TERMS]
        wares = await self._offers(session)
        public = max(many // 4, 1)
        sold = await self._sold(session, many - public)
        drivers = await self._drivers(session, [order for order, _ in sold])
        await self._buy(session, wares, [contact_id for _, contact_id in drivers])
        for order, address in sold:
            self.sites.append(await self._private(session, order, address))
        for number in range(max(public, _LEAST_PER_ENTITY - len(sold))):
            self.sites.append(await self._public(session, number, drivers))
        await self._assign(session, *tariffs)
        charges = sorted((c for site in self.sites for c in self._week(site)), key=lambda c: c.ends)
        await store.store(session, [reading for charge in charges for reading in self._readings(charge)])
        done = [await self._report(session, charge) for charge in charges]
        for left, id in zip(range(len(done[-_BILLED:]), 0, -1), done[-_BILLED:], strict=False):
            await bills.bill(session, id, first=left <= _INVOICED)
        await add_ailments(session, [site.charger for site in self.sites], self.now, self.draw)

    # --- what there is to pay --------------------------------------------------------------------------------------

    async def _tariff(self, session: AsyncSession, code: str) -> UUID:
        """Published long ago: what is done with a tariff is for the future, and the demo has a past."""
        name = {"PUBLIEK": "Publiek laden", "THUIS": "Thuis laden"}[code]
        made = await publishing.create(
            session, entity_id=self.entity.id, code=code, name=name, terms={"currency": "EUR"} | _TERMS[code]
        )
        since = self.now - timedelta(days=60)
        query = select(TariffVersion).where(TariffVersion.tariff_id == made.id)
        version = (await session.scalars(query)).one()
        version.status, version.valid_from, version.published_at = VersionStatus.PUBLISHED.value, since, since
        made.published_at = since
        await session.flush()
        return made.id

    async def _assign(self, session: AsyncSession, public: UUID, home: UUID) -> None:
        """One for the entity's chargers, another for those of owners."""
        valid = Range(self.now - timedelta(days=60), None)
        given = {"entity_id": self.entity.id, "valid": valid}
        session.add(TariffAssignment(**given, tariff_id=public))
        for site in self.sites:
            if site.charger.owner_contact_id is not None:
                session.add(TariffAssignment(**given, tariff_id=home, charger_id=site.charger.id))
        await session.flush()

    async def _offers(self, session: AsyncSession) -> list[ChargingOffer]:
        of: dict[str, Any] = {"entity_id": self.entity.id}
        await offers.ensure_standard(session, self.entity.id)
        pack: dict[str, Any] = {"kind": OfferKind.PACK, "code": "PAKKET100", "name": "100 kWh", "price_cents": 4_500}
        prepaid: dict[str, Any] = {"discount_percent": Decimal(100), "energy_wh": 100_000}
        monthly: dict[str, Any] = {"kind": OfferKind.SUBSCRIPTION, "code": "MAAND", "name": "Maandabonnement"}
        plan = select(ChargingOffer).where(ChargingOffer.entity_id == self.entity.id, ChargingOffer.code == "PREMIUM")
        return [
            await offers.save(session, **of, **pack, **prepaid),
            (await session.scalars(plan)).one(),
            await offers.save(session, **of, **monthly, price_cents=2_900, cap_cents=5_000),
        ]

    async def _buy(self, session: AsyncSession, wares: Sequence[ChargingOffer], people: Sequence[UUID]) -> None:
        """A pack, a plan and a subscription, each by somebody else, and long enough ago for the week to profit."""
        since = self.now - timedelta(days=20)
        for ware, contact_id in zip(wares, people, strict=False):
            what = {
                "entity_id": self.entity.id,
                "contact_id": contact_id,
                "offer_id": ware.id,
                "currency": ware.currency,
            }
            if ware.kind == OfferKind.PACK:
                energy = {"energy_wh": ware.energy_wh, "remaining_wh": ware.energy_wh}
                price = {"price_cents": ware.price_cents, "discount_percent": ware.discount_percent}
                session.add(EnergyPack(**what, **energy, **price, bought_at=since))
                continue
            running = what | {"valid": Range(since, None), "monthly_cents": ware.price_cents}
            if ware.kind == OfferKind.PLAN:
                session.add(PlanMembership(**running, discount_percent=ware.discount_percent, priority=ware.priority))
            else:
                session.add(ChargingSubscription(**running, cap_cents=ware.cap_cents))
        await session.flush()

    # --- where it is charged ---------------------------------------------------------------------------------------

    async def _sold(self, session: AsyncSession, many: int) -> list[tuple[Order, Address]]:
        """Orders by which somebody got a charger, the latest first; those of people with a login before others."""
        station = select(LineItem.id).where(
            LineItem.quote_version_id == Order.quote_version_id,
            LineItem.category == ArticleCategory.CHARGING_STATION.value,
        )
        query = (
            select(Order, Address)
            .join(Address, Address.id == Order.service_address_id)
            .where(Order.entity_id == self.entity.id, Order.stage == OrderStage.COMPLETED.value)
            .where(Order.completed_at < self.now - timedelta(days=_DAYS), station.exists())
            .order_by(_has_login().desc(), Order.completed_at.desc(), Order.id)
        )
        rows = (await session.execute(query.limit(many))).all()
        return [(row[0], row[1]) for row in rows]

    async def _drivers(self, session: AsyncSession, orders: Sequence[Order]) -> list[tuple[str, UUID]]:
        """Cards of some of the people who have a charger at home: they charge elsewhere too."""
        made = []
        for contact_id in list(dict.fromkeys(order.end_customer_contact_id for order in orders))[:5]:
            card = f"NL-{self.entity.code}-C{self.draw.integer(10_000_000, 99_999_999)}"
            await tokens.register(session, self.entity.id, TokenDetails(card, contact_id, label="Laadpas"))
            made.append((card, contact_id))
        return made

    async def _private(self, session: AsyncSession, order: Order, address: Address) -> _Site:
        vendor, model, watts = self.draw.one(_MODELS)
        line = f"{address.street} {address.house_number}{address.house_number_addition}".strip()
        place = Location(line, address.postal_code, address.city)
        return await self._site(
            session,
            vendor=vendor,
            model=model,
            max_power_w=watts,
            name="Oprit",
            location=place,
            owner_contact_id=order.end_customer_contact_id,
            order_id=order.id,
            channel=list(order.channel_organization_ids),
        )

    async def _public(self, session: AsyncSession, number: int, drivers: Sequence[tuple[str, UUID]]) -> _Site:
        vendor, model, watts = _FAST if number == 0 else _MODELS[0]
        kind = ConnectorType.CCS2 if number == 0 else ConnectorType.TYPE2
        place = Location(f"Stationsplein {number + 1}", "3861AA", self.entity.city)
        return await self._site(
            session,
            drivers,
            vendor=vendor,
            model=model,
            max_power_w=watts,
            name=f"{self.entity.city} Station {number + 1}",
            location=place,
            access=ChargerAccess.PUBLIC,
            connectors=[ConnectorDetails(n, kind, watts) for n in (1, 2)],
        )

    async def _site(self, session: AsyncSession, drivers: Sequence[tuple[str, UUID]] = (), **values: Any) -> _Site:
        serial = f"{self.entity.code}{self.draw.integer(10_000_000, 99_999_999)}"
        made = await registry.register(session, entity_id=self.entity.id, serial_number=serial, **values)
        await enrolment.enrol(session, made.id)
        made.state = ChargerState.IN_SERVICE.value
        made.protocol = self.draw.one([protocol.value for protocol in Protocol])
        made.firmware_version = f"{self.draw.integer(1, 4)}.{self.draw.integer(0, 9)}.{self.draw.integer(0, 20)}"
        return _Site(made, drivers, self.draw.integer(100_000, 4_000_000))

    # --- a week of it ------------------------------------------------------------------------------------------------

    def _week(self, site: _Site) -> list[_Charge]:
        """One session every day or two, each after the one before."""
        made, ends = [], self.now - timedelta(days=_DAYS)
        for place in range(self.sessions):
            first = self.now - timedelta(days=_DAYS) + place * timedelta(days=_DAYS) / self.sessions
            begins = max(ends, first) + timedelta(minutes=self.draw.integer(0, 900))
            ends = begins + timedelta(minutes=10 * self.draw.integer(4, 30))
            if ends >= self.now:
                break
            watts = min(self.draw.one(_CARS_W), site.charger.max_power_w)
            token = self.draw.one(site.drivers)[0] if site.drivers else None
            charge = _Charge(site, begins, ends, watts, token, site.register_wh)
            site.register_wh += charge.energy_wh
            made.append(charge)
        return made

    def _readings(self, charge: _Charge) -> list[Reading]:
        """Every ten minutes from plugging in to leaving."""
        steps = (charge.ends - charge.begins) // _STEP
        full = max(10, 90 - 2 * steps)
        return [
            Reading(
                charge.site.charger.id,
                1,
                charge.begins + step * _STEP,
                energy_wh=charge.meter_wh + charge.energy_wh * step // steps,
                power_w=charge.watts if step < steps else 0,
                voltage_mv=230_000 + self.draw.integer(-3_000, 3_000),
                current_ma=charge.watts * 1000 // 690,
                temperature_dc=self.draw.integer(280, 460),
                soc_percent=min(100, full + 2 * step),
            )
            for step in range(steps + 1)
        ]

    async def _report(self, session: AsyncSession, charge: _Charge) -> UUID:
        """As the charger told of it, which it did not do for this very charger."""
        charger = charge.site.charger
        device, own = Device(charger.id, charger.entity_id, charger.identity), charger.protocol == Protocol.OCPP201
        name = f"demo-{charge.begins:%m%d%H%M}" if own else None
        began = TransactionReport(ReportKind.STARTED, name, 1, charge.begins, charge.meter_wh, charge.token)
        answer = await transactions.report(session, device, began)
        ended = TransactionReport(
            ReportKind.ENDED,
            answer.transaction_id,
            1,
            charge.ends,
            charge.meter_wh + charge.energy_wh,
            charge.token,
            reason="EVDisconnected",
            sequence=1,
        )
        await transactions.report(session, device, ended)
        return answer.session_id


def _has_login() -> ColumnElement[bool]:
    return exists().where(Membership.contact_id == Order.end_customer_contact_id)


async def add_charging(url: str, settings: Settings, today: date, scale: int | Fraction) -> None:
    """Make the charging of the demo that is loaded; nothing happens where there are chargers already."""
    now = datetime.combine(today, time(), AMSTERDAM).astimezone(UTC)
    many = max(min(round(_PER_ENTITY * Fraction(scale)), _MOST_PER_ENTITY), _LEAST_PER_ENTITY)
    database = Database(url, role_password(settings), pool_size=1)
    try:
        async with database.session(SYSTEM) as session:
            if (await session.execute(select(Charger.id).limit(1))).first():
                return
            for entity in (await session.scalars(select(BusinessEntity).order_by(BusinessEntity.code))).all():
                draw = Draw(f"{today} charging of {entity.code}")
                await _Part(entity, now, draw, _SESSIONS if scale >= 1 else 1).make(session, many)
    finally:
        await database.close()
