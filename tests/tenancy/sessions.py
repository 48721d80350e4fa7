"""Sessions at every charger: one that has ended, and one that is asked for and waits, with tokens of their own."""

from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.credentials import Device
from domain.chargers.models import Charger, ChargerState
from domain.contacts.models import Contact
from domain.sessions import controlling, transactions
from domain.sessions.controlling import Wanted
from domain.sessions.errors import ConnectorNotUsable, ConnectorOccupied
from domain.sessions.models import ReportKind
from tenants.models import BusinessEntity, Membership
from tests.charging import after, token_of, told


async def add_sessions(session: AsyncSession) -> None:
    """As the system."""
    for charger in (await session.execute(select(Charger).order_by(Charger.id))).scalars().all():
        entity = await session.get(BusinessEntity, charger.entity_id)
        driver = await _driver(session, charger)
        if entity is None or driver is None:
            continue
        token = await token_of(session, entity, driver)
        device = Device(charger.id, charger.entity_id, charger.identity)
        begun = told(ReportKind.STARTED, after(300), transaction_id=f"T{charger.id}", meter_wh=0, id_token=token.token)
        await transactions.report(session, device, begun)
        ended = told(ReportKind.ENDED, after(330), transaction_id=f"T{charger.id}", meter_wh=5_000)
        await transactions.report(session, device, ended)
        if charger.state == ChargerState.IN_SERVICE and driver.id == charger.owner_contact_id:
            with suppress(ConnectorOccupied, ConnectorNotUsable):
                await controlling.start(session, Wanted(charger.id, 1, driver_contact_id=driver.id))


async def _driver(session: AsyncSession, charger: Charger) -> Contact | None:
    """The owner, else somebody who logs in at the entity."""
    if charger.owner_contact_id is not None:
        return await session.get(Contact, charger.owner_contact_id)
    drivers = select(Membership.contact_id).where(
        Membership.entity_id == charger.entity_id, Membership.contact_id.is_not(None)
    )
    id = (await session.execute(drivers.order_by(Membership.id).limit(1))).scalar_one_or_none()
    return await session.get(Contact, id) if id else None
