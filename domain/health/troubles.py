"""What goes wrong with chargers, counted by the hour: the error rates that health is computed from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime, Integer, Uuid

from domain.health.models import ChargerTroubleHour

KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Trouble:
    """How often what went wrong."""

    faults: int = 0
    restarts: int = 0
    outages: int = 0

    def __add__(self, other: "Trouble") -> "Trouble":
        return Trouble(self.faults + other.faults, self.restarts + other.restarts, self.outages + other.outages)


async def count(session: AsyncSession, seen: Iterable[tuple[UUID, Trouble]], at: datetime) -> None:
    """Add to the hour of `at`, in one statement; in a session of the system."""
    sums: dict[UUID, Trouble] = {}
    for charger_id, trouble in seen:
        sums[charger_id] = sums.get(charger_id, Trouble()) + trouble
    if not sums:
        return
    chargers = sorted(sums)
    given = {
        "chargers": chargers,
        "faults": [sums[id].faults for id in chargers],
        "restarts": [sums[id].restarts for id in chargers],
        "outages": [sums[id].outages for id in chargers],
        "hour": at.replace(minute=0, second=0, microsecond=0),
    }
    await session.execute(_COUNT, given)


async def forget(session: AsyncSession, now: datetime) -> None:
    """Drop counts that nothing is computed from any more."""
    await session.execute(delete(ChargerTroubleHour).where(ChargerTroubleHour.hour < now - KEPT))


_COUNT = text("""
INSERT INTO charger_trouble_hour AS t (charger_id, entity_id, hour, faults, restarts, outages)
SELECT c.id, c.entity_id, :hour, n.faults, n.restarts, n.outages
FROM unnest(:chargers, :faults, :restarts, :outages) AS n (charger_id, faults, restarts, outages)
JOIN charger c ON c.id = n.charger_id
ORDER BY c.id
ON CONFLICT (charger_id, hour) DO UPDATE SET faults = t.faults + excluded.faults,
  restarts = t.restarts + excluded.restarts, outages = t.outages + excluded.outages
""").bindparams(
    bindparam("chargers", type_=ARRAY(Uuid)),
    bindparam("faults", type_=ARRAY(Integer)),
    bindparam("restarts", type_=ARRAY(Integer)),
    bindparam("outages", type_=ARRAY(Integer)),
    bindparam("hour", type_=DateTime(timezone=True)),
)
