"""Sessions of customers and partners at chargers of their own, billed; one corrected, one of nobody."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.credentials import Device
from domain.charging_bills import bills
from domain.contacts.models import Contact
from domain.sessions.models import IdToken
from tenants.models import BusinessEntity
from tests import factories
from tests.billing_sessions import EVENING, charged
from tests.charging import Yard, charger_of
from tests.tenancy.bills import payers_of_entity


async def add_charging_bills(session: AsyncSession) -> None:
    """As the system, once every entity has a tariff."""
    for entity in (await session.execute(select(BusinessEntity).order_by(BusinessEntity.id))).scalars().all():
        payers = await payers_of_entity(session, entity)
        for place, payer in enumerate(payers[:1] + payers[-1:]):
            yard = await _yard(session, entity, payer)
            session_id = await charged(session, yard)
            await bills.bill(session, session_id)
            if place:
                await bills.waive(session, session_id, "Out of order")
                nobody = await charged(session, yard, EVENING - timedelta(days=1), token=None)
                await bills.bill(session, nobody)


async def _yard(session: AsyncSession, entity: BusinessEntity, payer: Contact) -> Yard:
    charger = await charger_of(session, entity, payer)
    token = IdToken(entity_id=entity.id, token=factories.unique("CARD").upper(), contact_id=payer.id)
    session.add(token)
    await session.flush()
    return Yard(entity, charger, Device(charger.id, entity.id, charger.identity), payer, payer, token)
