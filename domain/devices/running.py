"""What an adapter looks up of transactions that began before its connection did."""

from sqlalchemy import select

from domain.chargers.credentials import Device
from domain.sessions.models import OPEN, ChargingSession
from tenants.actor import SYSTEM
from tenants.engine import Database


async def running(database: Database, device: Device) -> dict[str, int]:
    """The connectors at which a charger's transactions run, by the ids that the charger gave or was given."""
    s = ChargingSession
    query = select(s.transaction_id, s.connector).where(s.charger_id == device.charger_id, s.state.in_(OPEN))
    async with database.session(SYSTEM) as session:
        return {id: connector for id, connector in await session.execute(query) if id}


async def connector_of(database: Database, device: Device, transaction_id: str) -> int:
    """The connector of a transaction, also of one that has ended; 0 for one that nobody knows."""
    s = ChargingSession
    mine = (s.charger_id == device.charger_id, s.transaction_id == transaction_id)
    query = select(s.connector).where(*mine).order_by(s.started_at.desc()).limit(1)
    async with database.session(SYSTEM) as session:
        return (await session.execute(query)).scalar() or 0
