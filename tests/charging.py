"""Chargers, tokens and drivers for tests of charging sessions."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.credentials import Device
from domain.chargers.models import Charger, Connector
from domain.contacts.models import Contact
from domain.rows import find
from domain.sessions.models import ChargingSession, IdToken, ReportKind
from domain.sessions.reports import TransactionReport
from tenants.models import BusinessEntity
from tests import factories

AT = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Yard:
    """A charger with two connectors, its owner, and a driver with a token."""

    entity: BusinessEntity
    charger: Charger
    device: Device
    owner: Contact
    driver: Contact
    token: IdToken

    async def session(self, session: AsyncSession, id: UUID) -> ChargingSession:
        return await find(session, ChargingSession, id)


async def charging_yard(session: AsyncSession, entity: BusinessEntity | None = None, **values: Any) -> Yard:
    entity = entity or await factories.business_entity(session)
    owner, driver = await factories.person(session, entity), await factories.person(session, entity)
    charger = await charger_of(session, entity, owner, **values)
    token = IdToken(entity_id=entity.id, token=factories.unique("CARD").upper(), contact_id=driver.id)
    session.add(token)
    await session.flush()
    return Yard(entity, charger, Device(charger.id, entity.id, charger.identity), owner, driver, token)


async def charger_of(session: AsyncSession, entity: BusinessEntity, owner: Contact | None, **values: Any) -> Charger:
    """In service, of 22 kW, with two connectors."""
    given = {"vendor": "Zaptec", "access": "PUBLIC", "state": "IN_SERVICE", "max_power_w": 22_000, "protocol": "OCPP16"}
    charger = Charger(
        entity_id=entity.id,
        identity=factories.unique("CP-")[:48],
        owner_contact_id=owner.id if owner else None,
        channel_organization_ids=[],
        **(given | values),
    )
    session.add(charger)
    await session.flush()
    session.add_all(
        Connector(charger_id=charger.id, entity_id=entity.id, number=number, max_power_w=22_000) for number in (1, 2)
    )
    await session.flush()
    return charger


def told(kind: ReportKind, at: datetime, **values: Any) -> TransactionReport:
    return TransactionReport(**({"kind": kind, "transaction_id": None, "connector": 1, "at": at} | values))
