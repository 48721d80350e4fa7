"""Chargers, tokens, drivers, reports and readings for tests of charging sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.credentials import Device
from domain.chargers.models import Charger, Connector
from domain.contacts.models import Contact
from domain.events.models import Event
from domain.rows import find
from domain.sessions import metering, transactions
from domain.sessions.models import ChargingSession, IdToken, ReportKind
from domain.sessions.reports import TransactionAnswer, TransactionReport
from domain.telemetry.readings import Reading
from domain.telemetry.store import store
from tenants.models import BusinessEntity
from tests import factories

AT = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)


def after(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class Yard:
    """A charger with two connectors, its owner, and a driver with a token. `session`: of the system actor."""

    entity: BusinessEntity
    charger: Charger
    device: Device
    owner: Contact
    driver: Contact
    token: IdToken

    async def report(self, session: AsyncSession, kind: ReportKind, minutes: float, **values: Any) -> TransactionAnswer:
        return await transactions.report(session, self.device, told(kind, after(minutes), **values))

    async def read(self, session: AsyncSession, *readings: Reading) -> None:
        """As the ingest does: stored, then followed."""
        await metering.follow(session, await store(session, readings))

    def reading(self, minutes: float, wh: int | None = None, **values: Any) -> Reading:
        return Reading(
            **({"charger_id": self.charger.id, "connector": 1, "read_at": after(minutes), "energy_wh": wh} | values)
        )

    async def rows(self, session: AsyncSession) -> Sequence[ChargingSession]:
        """The charger's sessions by their start."""
        s = ChargingSession
        query = select(s).where(s.charger_id == self.charger.id).order_by(s.started_at)
        return (await session.execute(query.execution_options(populate_existing=True))).scalars().all()


async def row_of(session: AsyncSession, id: UUID) -> ChargingSession:
    row = await find(session, ChargingSession, id)
    await session.refresh(row)
    return row


async def happened(session: AsyncSession, id: UUID) -> list[str]:
    """Types of what happened to a subject, in order."""
    query = select(Event.type).where(Event.subject_id == id).order_by(Event.created_at, Event.id)
    return list((await session.execute(query)).scalars())


async def last_event(session: AsyncSession, id: UUID) -> Event:
    query = select(Event).where(Event.subject_id == id).order_by(Event.created_at.desc(), Event.id.desc()).limit(1)
    return (await session.execute(query)).scalar_one()


async def charging_yard(session: AsyncSession, entity: BusinessEntity | None = None, **values: Any) -> Yard:
    entity = entity or await factories.business_entity(session)
    owner, driver = await factories.person(session, entity), await factories.person(session, entity)
    charger = await charger_of(session, entity, owner, **values)
    token = await token_of(session, entity, driver)
    return Yard(entity, charger, Device(charger.id, entity.id, charger.identity), owner, driver, token)


async def token_of(session: AsyncSession, entity: BusinessEntity, contact: Contact, **values: Any) -> IdToken:
    given = {"token": factories.unique("C").upper()} | values
    token = IdToken(entity_id=entity.id, contact_id=contact.id, **given)
    session.add(token)
    await session.flush()
    return token


async def charger_of(session: AsyncSession, entity: BusinessEntity, owner: Contact | None, **values: Any) -> Charger:
    """In service, of 22 kW, with two connectors."""
    given = {"vendor": "Zaptec", "access": "PUBLIC", "state": "IN_SERVICE", "max_power_w": 22_000, "protocol": "OCPP16"}
    charger = Charger(
        **(
            {
                "entity_id": entity.id,
                "identity": factories.unique("CP-")[:48],
                "owner_contact_id": owner.id if owner else None,
                "channel_organization_ids": [],
            }
            | given
            | values
        )
    )
    session.add(charger)
    await session.flush()
    session.add_all(
        Connector(charger_id=charger.id, entity_id=entity.id, number=number, max_power_w=22_000, status="AVAILABLE")
        for number in (1, 2)
    )
    await session.flush()
    return charger


def told(kind: ReportKind, at: datetime, **values: Any) -> TransactionReport:
    return TransactionReport(**({"kind": kind, "transaction_id": None, "connector": 1, "at": at} | values))
