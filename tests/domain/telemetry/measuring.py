"""Chargers that measure, and what their readings come to, worked out one reading at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger, ChargerState
from domain.telemetry.readings import Reading
from tenants.models import BusinessEntity
from tests import factories

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
COLUMNS = (
    "readings, energy_wh, power_readings, power_sum_w, power_max_w, voltage_min_mv, voltage_max_mv, current_max_ma, "
    "temperature_max_dc, soc_min_percent, soc_max_percent"
)


async def charger(session: AsyncSession, entity: BusinessEntity | None = None) -> UUID:
    """A charger in service; of an entity of its own where none is given."""
    entity = entity or await factories.business_entity(session)
    identity = factories.unique("T-")
    row = Charger(
        entity_id=entity.id,
        identity=identity,
        vendor="Maker",
        max_power_w=22_000,
        state=ChargerState.IN_SERVICE.value,
    )
    session.add(row)
    await session.flush()
    return row.id


@dataclass(frozen=True)
class Rolled:
    """Rows of the roll-ups by (connector, beginning)."""

    minutes: dict[tuple[int, datetime], tuple[Any, ...]]
    hours: dict[tuple[int, datetime], tuple[Any, ...]]
    days: dict[tuple[int, date], tuple[Any, ...]]


async def rolled(session: AsyncSession, charger_id: UUID) -> Rolled:
    """What is stored."""
    found = []
    for table, key in (("telemetry_minute", "at"), ("telemetry_hour", "at"), ("telemetry_day", "day")):
        query = text(f"SELECT connector, {key}, {COLUMNS} FROM {table} WHERE charger_id = :id")
        rows = await session.execute(query, {"id": charger_id})
        found.append({(row[0], row[1]): tuple(row[2:]) for row in rows})
    return Rolled(*found)


def expected(readings: Iterable[Reading]) -> Rolled:
    """What it has to be, whatever came when."""
    minutes: dict[Any, list[tuple[Reading, int | None]]] = {}
    hours: dict[Any, list[tuple[Reading, int | None]]] = {}
    days: dict[Any, list[tuple[Reading, int | None]]] = {}
    for reading, rise in _risen(kept(readings)):
        at = reading.read_at.astimezone(UTC)
        entry = (reading, rise)
        minutes.setdefault((reading.connector, at.replace(second=0, microsecond=0)), []).append(entry)
        hours.setdefault((reading.connector, at.replace(minute=0, second=0, microsecond=0)), []).append(entry)
        days.setdefault((reading.connector, at.astimezone(AMSTERDAM).date()), []).append(entry)
    return Rolled(*({key: _row(of) for key, of in each.items()} for each in (minutes, hours, days)))


def kept(readings: Iterable[Reading]) -> list[Reading]:
    """The highest revision of each, in order."""
    best: dict[Any, Reading] = {}
    for reading in readings:
        if (have := best.get(reading[:4])) is None or reading.revision > have.revision:
            best[reading[:4]] = reading
    return sorted(best.values(), key=lambda r: r[:4])


def _risen(readings: Sequence[Reading]) -> Iterable[tuple[Reading, int | None]]:
    before: dict[int, int] = {}
    for reading in readings:
        if reading.energy_wh is None:
            yield reading, None
            continue
        yield reading, max(0, reading.energy_wh - before.get(reading.connector, reading.energy_wh))
        before[reading.connector] = reading.energy_wh


def _row(of: Sequence[tuple[Reading, int | None]]) -> tuple[Any, ...]:
    def some(name: str) -> list[int]:
        return [value for reading, _ in of if (value := getattr(reading, name)) is not None]

    rises, powers = [rise for _, rise in of if rise is not None], some("power_w")
    return (
        len(of),
        sum(rises) if rises else None,
        len(powers),
        sum(powers) if powers else None,
        max(powers, default=None),
        min(some("voltage_mv"), default=None),
        max(some("voltage_mv"), default=None),
        max(some("current_ma"), default=None),
        max(some("temperature_dc"), default=None),
        min(some("soc_percent"), default=None),
        max(some("soc_percent"), default=None),
    )


def run_of(charger_id: UUID, start: datetime, count: int, *, every: timedelta = timedelta(seconds=10)) -> list[Reading]:
    """Readings in order of a charger that charges with 7.2 kW."""
    wh = every.total_seconds() * 2
    return [
        Reading(charger_id, 1, start + i * every, i, 0, 1_000 + int(i * wh), 7_200, 230_000, 10_400, 312, 40, "T-1")
        for i in range(count)
    ]
