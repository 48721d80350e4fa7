"""Recording what happens to bills, for those who may see them."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.charging_bills.models import SessionBilling
from domain.events.record import Payload, record
from domain.sessions.models import ChargingSession


async def tell(session: AsyncSession, billing: SessionBilling, happened: Callable[[str], Payload]) -> None:
    """Record what happened to the bill of a session; `happened` is given the session's number."""
    query = select(ChargingSession.number).where(ChargingSession.id == billing.session_id)
    number = (await session.execute(query)).scalar_one()
    await record(
        session,
        happened(number),
        entity_id=billing.entity_id,
        subject_id=billing.id,
        organization_ids=[billing.payer_contact_id],
        channel=billing.payer_chain_ids,
        contact_ids=[billing.payer_contact_id, billing.driver_contact_id],
    )
