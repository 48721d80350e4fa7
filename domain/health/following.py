"""What readings say of a charger's health, in the transaction that stores them.

Nearly free: nothing is asked of the database unless a reading is too hot. What is over is found by a look each minute.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from domain.health.alerts import Noticed, notice
from domain.health.models import Code
from domain.health.thresholds import COUNT_EVERY, FRESH, HOT_DC, severity_of_heat
from domain.telemetry.readings import Reading
from tenants.auth import clock


class Stored(Protocol):
    """Readings that were new."""

    @property
    def inserted(self) -> Sequence[Reading]: ...


async def follow(session: AsyncSession, stored: Stored) -> None:
    """Open or count alerts of chargers that are too hot; in a session of the system."""
    hot = [r for r in stored.inserted if r.temperature_dc is not None and r.temperature_dc >= HOT_DC]
    if hot:
        await notice(session, _noticed(hot), every=COUNT_EVERY)


def _noticed(hot: Sequence[Reading]) -> Iterator[Noticed]:
    now = clock.now()
    for reading in hot:
        temperature = reading.temperature_dc
        if temperature is None or reading.read_at < now - FRESH:
            continue
        if severity := severity_of_heat(temperature):
            said = f"{temperature // 10}.{temperature % 10} °C"
            at = min(reading.read_at, now)
            yield Noticed(reading.charger_id, Code.OVER_TEMPERATURE.value, severity, at, said, reading.connector)
