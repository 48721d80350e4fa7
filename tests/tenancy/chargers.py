"""Chargers of every entity: of its customers, of its partners, and one where anybody may charge."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers import connections, enrolment, quarantine, registry, statuses
from domain.chargers.credentials import Device
from domain.chargers.models import Channel, Charger, ChargerAccess, ConnectorStatus, Protocol
from domain.chargers.quarantine import Refused
from domain.chargers.registry import ConnectorDetails
from domain.chargers.reports import Boot, ConnectorReport
from domain.commands import service as commands
from domain.commands.models import CommandKind
from domain.contacts.models import Contact
from tenants.models import BusinessEntity, Membership
from tests.factories import unique

_TYPES = (ConnectorDetails(1), ConnectorDetails(2))


async def add_chargers(session: AsyncSession) -> None:
    """As the system. Each is enrolled, connected, told something, and had something refused."""
    await quarantine.keep(session, Refused(unique("nobody-"), Channel.OCPP, "connect", "WRONG_CREDENTIALS"))
    for entity in (await session.execute(select(BusinessEntity).order_by(BusinessEntity.code))).scalars():
        await _charger(session, entity, None, ChargerAccess.PUBLIC)
        async for owner in _owners(session, entity):
            await _charger(session, entity, owner, ChargerAccess.PRIVATE)


async def _owners(session: AsyncSession, entity: BusinessEntity) -> AsyncIterator[Contact]:
    """Those who log in, so that somebody could see what is another's; three of each kind."""
    for column in (Membership.contact_id, Membership.organization_id):
        ids = select(column).where(Membership.entity_id == entity.id, column.is_not(None)).distinct().limit(3)
        query = select(Contact).where(Contact.id.in_(ids), Contact.merged_into_id.is_(None)).order_by(Contact.id)
        for contact in (await session.execute(query)).scalars().all():
            yield contact


async def _charger(
    session: AsyncSession, entity: BusinessEntity, owner: Contact | None, access: ChargerAccess
) -> Charger:
    charger = await registry.register(
        session,
        entity_id=entity.id,
        vendor="Zaptec",
        model="Go 2",
        serial_number=unique("ZG-"),
        max_power_w=22_000,
        connectors=_TYPES,
        access=access,
        owner_contact_id=owner.id if owner else None,
    )
    await enrolment.enrol(session, charger.id)
    device = Device(charger.id, entity.id, charger.identity)
    await connections.connect(session, device, Protocol.OCPP16, "192.0.2.7", unique("process-"))
    await statuses.boot(session, charger.id, Boot("Zaptec", "Go 2"))
    for number in (1, 2):
        free = ConnectorReport(number, ConnectorStatus.AVAILABLE, None, datetime.now(UTC))
        await statuses.report(session, charger.id, free)
    await commands.request(session, charger_id=charger.id, kind=CommandKind.RESET)
    await quarantine.keep(session, Refused(charger.identity, Channel.OCPP, "MeterValues", "NEGATIVE_ENERGY"))
    return charger
