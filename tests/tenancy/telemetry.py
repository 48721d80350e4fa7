"""What every charger measured, one reading of it corrected."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.telemetry.store import store
from tests.domain.telemetry.measuring import run_of


async def add_readings(session: AsyncSession) -> None:
    """As the system."""
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    ids = (await session.execute(select(Charger.id).order_by(Charger.id))).scalars().all()
    readings = [reading for id in ids for reading in run_of(id, start, 4, every=timedelta(minutes=20))]
    await store(session, readings)
    await store(session, [each._replace(revision=1, power_w=1) for each in readings if each.sequence == 1])
