"""What is wrong with the chargers of every entity: alerts, maintenance, figures, counts."""

from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.health.models import ChargerAlert, ChargerHealth, ChargerTroubleHour, Hearing, MaintenanceTask

_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_REASON = {"cause": "FAULTS", "figure": 9, "unit": "in 7 days", "threshold": 3, "full": 30, "weight": 50, "points": 11}


async def add_health(session: AsyncSession) -> None:
    """Of every charger: one alert that maintenance deals with, and one that nobody has seen to."""
    for charger in await session.scalars(select(Charger).order_by(Charger.id)):
        if await session.get(ChargerHealth, charger.id):
            continue
        of = {"entity_id": charger.entity_id, "charger_id": charger.id}
        whose = {
            "owner_contact_id": charger.owner_contact_id,
            "channel_organization_ids": list(charger.channel_organization_ids),
        }
        session.add(ChargerHealth(**of, score=11, faults=9, reasons=[_REASON]))
        session.add(ChargerTroubleHour(**of, hour=_AT, faults=9))
        task = MaintenanceTask(
            **of, **whose, title="Replace the fan", due_on=date(2027, 3, 1), score=11, reasons=[_REASON]
        )
        session.add(task)
        await session.flush()
        at = {"severity": "WARNING", "opened_at": _AT, "last_at": _AT}
        session.add(ChargerAlert(**of, **whose, **at, code="FAN", maintenance_task_id=task.id))
        session.add(ChargerAlert(**of, **whose, **at, code="RELAY"))
    await session.merge(Hearing(protocol="MQTT"))
    await session.flush()
