"""Storing readings with their roll-ups in the caller's transaction.

Who stores holds the locks of the connectors' rows in `telemetry_latest`, taken in their order. Readings that are newer
than all of their connector's are added to the roll-ups; for a connector with any other, the minutes that are touched
are made anew from the readings, their hours from the minutes, their days from the hours. Both come to the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.telemetry import late, staging
from domain.telemetry.readings import Reading
from domain.telemetry.rollups import OF_READINGS, OF_ROLLUPS, at, day, rise, upsert

if TYPE_CHECKING:
    from domain.telemetry.staging import Connection

Key = tuple[UUID, int]
"""A connector."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_COLUMNS = ", ".join(staging.COLUMNS)

_MONTHS = "SELECT make_telemetry_months($1, $2)"
_KNOW = """
INSERT INTO telemetry_latest (charger_id, connector)
SELECT * FROM unnest($1::uuid[], $2::smallint[]) ON CONFLICT DO NOTHING"""
_LOCK = """
SELECT l.charger_id, l.connector, l.read_at, l.sequence FROM telemetry_latest l
JOIN unnest($1::uuid[], $2::smallint[]) AS k (charger_id, connector) USING (charger_id, connector)
ORDER BY l.charger_id, l.connector FOR UPDATE OF l"""

_ADD = f"""
WITH risen AS (
  SELECT s.*, {rise("register_wh")} FROM (
    SELECT s.*, l.register_wh FROM {staging.TABLE} s JOIN telemetry_latest l USING (charger_id, connector)) s
), minute AS MATERIALIZED (
  SELECT charger_id, connector, {at("minute", "read_at")} AS at, {OF_READINGS} FROM risen GROUP BY 1, 2, 3
), hour AS MATERIALIZED (
  SELECT charger_id, connector, {at("hour", "at")} AS at, {OF_ROLLUPS} FROM minute GROUP BY 1, 2, 3
), day AS (
  SELECT charger_id, connector, {day("at")} AS day, {OF_ROLLUPS} FROM hour GROUP BY 1, 2, 3
), stored AS (
  INSERT INTO telemetry_reading ({_COLUMNS}) SELECT {_COLUMNS} FROM {staging.TABLE}
), minutes AS ({upsert("telemetry_minute", "at", "minute", add=True)}),
hours AS ({upsert("telemetry_hour", "at", "hour", add=True)}),
days AS ({upsert("telemetry_day", "day", "day", add=True)})
UPDATE telemetry_latest l
SET read_at = n.read_at, sequence = n.sequence, register_wh = coalesce(n.register_wh, l.register_wh)
FROM unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::int[], $5::bigint[])
  AS n (charger_id, connector, read_at, sequence, register_wh)
WHERE l.charger_id = n.charger_id AND l.connector = n.connector"""  # noqa: S608  # declared names


@dataclass(frozen=True, slots=True)
class Stored:
    """What was not there before, and what has other values than before (as they are now)."""

    inserted: list[Reading] = field(default_factory=list)
    corrected: list[Reading] = field(default_factory=list)


async def store(session: AsyncSession, readings: Sequence[Reading]) -> Stored:
    """Store checked readings of any connectors, in any order, whether they were stored before or not."""
    if not readings:
        return Stored()
    connection = await staging.driver(session)
    groups = _by_connector(readings)
    latest = await _lock(connection, groups, readings)
    newer = [key for key, group in groups.items() if _all_newer(group, *latest[key])]
    if len(newer) == len(groups):
        return Stored(await _append(connection, groups))
    appended = await _append(connection, {key: groups.pop(key) for key in newer})
    inserted, corrected = await late.store(connection, list(chain.from_iterable(groups.values())))
    return Stored(appended + inserted, corrected)


def _by_connector(readings: Sequence[Reading]) -> dict[Key, list[Reading]]:
    """Groups in the order of locking. Messages hold runs of one connector, so few keys are looked up."""
    groups: dict[Key, list[Reading]] = {}
    charger_id, connector = None, -1
    group: list[Reading] = []
    for reading in readings:
        if reading[0] is not charger_id or reading[1] != connector:
            charger_id, connector = reading[0], reading[1]
            group = groups.setdefault((charger_id, connector), [])
        group.append(reading)
    return dict(sorted(groups.items()))


async def _lock(
    connection: "Connection", groups: dict[Key, list[Reading]], readings: Sequence[Reading]
) -> dict[Key, tuple[datetime, int]]:
    """The newest reading's time and sequence of each connector, which nobody else adds to from now on."""
    times = [reading[2] for reading in readings]
    await connection.execute(_MONTHS, min(times), max(times))
    chargers, connectors = zip(*groups, strict=True)
    await connection.execute(_KNOW, chargers, connectors)
    rows = await connection.fetch(_LOCK, chargers, connectors)
    return {(row[0], row[1]): (row[2] or _NEVER, row[3] or 0) for row in rows}


def _all_newer(group: list[Reading], read_at: datetime, sequence: int) -> bool:
    """Whether each is newer than the one before it."""
    for reading in group:
        moment = reading[2]
        if moment < read_at or (moment == read_at and reading[3] <= sequence):
            return False
        read_at, sequence = moment, reading[3]
    return True


async def _append(connection: "Connection", groups: dict[Key, list[Reading]]) -> list[Reading]:
    if not groups:
        return []
    rows = list(chain.from_iterable(groups.values()))
    await staging.stage(connection, rows)
    newest = [group[-1] for group in groups.values()]
    await connection.execute(
        _ADD,
        *zip(*groups, strict=True),
        [reading.read_at for reading in newest],
        [reading.sequence for reading in newest],
        [_register(group) for group in groups.values()],
    )
    return rows


def _register(group: list[Reading]) -> int | None:
    return next((r.energy_wh for r in reversed(group) if r.energy_wh is not None), None)
