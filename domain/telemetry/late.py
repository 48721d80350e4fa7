"""Readings that are not simply newer than what is there: late, reordered, repeated, corrected.

The locks of their connectors are held. Nothing here depends on the order or the number of the readings.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.telemetry import staging
from domain.telemetry.readings import Reading
from domain.telemetry.rollups import AMSTERDAM, OF_READINGS, OF_ROLLUPS, at, day, rise, upsert

if TYPE_CHECKING:
    from domain.telemetry.staging import Connection

Touched = tuple[Sequence[UUID], Sequence[int], Sequence[datetime]]
"""Minutes or hours: columns of chargers, connectors, beginnings."""

_COLUMNS = ", ".join(staging.COLUMNS)
_OF_THE_KEY = "r.charger_id = {0}.charger_id AND r.connector = {0}.connector"
_SAME_KEY = f"{_OF_THE_KEY.format('s')} AND r.read_at = s.read_at AND r.sequence = s.sequence"
_NEWEST = "ORDER BY r.read_at DESC, r.sequence DESC LIMIT 1"

_INSERT = f"""
INSERT INTO telemetry_reading ({_COLUMNS}) SELECT {_COLUMNS} FROM {staging.TABLE} ORDER BY revision DESC
ON CONFLICT DO NOTHING RETURNING {_COLUMNS}"""  # noqa: S608  # declared names
_CORRECT = f"""
WITH higher AS (
  SELECT DISTINCT ON (s.charger_id, s.connector, s.read_at, s.sequence) s.*
  FROM {staging.TABLE} s JOIN telemetry_reading r ON {_SAME_KEY} WHERE s.revision > r.revision
  ORDER BY s.charger_id, s.connector, s.read_at, s.sequence, s.revision DESC
), kept AS (
  INSERT INTO reading_correction ({_COLUMNS})
  SELECT {", ".join(f"r.{column}" for column in staging.COLUMNS)} FROM telemetry_reading r JOIN higher s ON {_SAME_KEY}
)
UPDATE telemetry_reading r SET {", ".join(f"{c} = s.{c}" for c in staging.COLUMNS[4:])} FROM higher s
WHERE {_SAME_KEY} RETURNING {", ".join(f"s.{column}" for column in staging.COLUMNS)}"""  # noqa: S608  # declared names
_NEWER = f"""
UPDATE telemetry_latest l SET
  (read_at, sequence) = (
    SELECT r.read_at, r.sequence FROM telemetry_reading r WHERE {_OF_THE_KEY.format("l")} {_NEWEST}),
  register_wh = CASE WHEN l.register_wh IS NOT NULL OR k.has_register THEN (
    SELECT r.energy_wh FROM telemetry_reading r
    WHERE {_OF_THE_KEY.format("l")} AND r.energy_wh IS NOT NULL {_NEWEST}) END
FROM unnest($1::uuid[], $2::smallint[], $3::bool[]) AS k (charger_id, connector, has_register)
WHERE l.charger_id = k.charger_id AND l.connector = k.connector"""  # noqa: S608  # declared names
"""Who never had a register is not searched for one."""

_TOUCHED = f"""
WITH changed AS (
  SELECT DISTINCT ON (charger_id, connector, at) *
  FROM (SELECT c.*, {at("minute", "read_at")} AS at
    FROM unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::int[])
      AS c (charger_id, connector, read_at, sequence)) c
  ORDER BY charger_id, connector, at, read_at DESC, sequence DESC
)
SELECT charger_id, connector, at FROM changed
UNION
SELECT s.charger_id, s.connector, {at("minute", "n.read_at")}
FROM changed s JOIN telemetry_latest l USING (charger_id, connector) CROSS JOIN LATERAL (
  SELECT r.read_at FROM telemetry_reading r
  WHERE l.register_wh IS NOT NULL AND {_OF_THE_KEY.format("s")} AND r.read_at >= s.read_at
    AND (r.read_at, r.sequence) > (s.read_at, s.sequence) AND r.energy_wh IS NOT NULL
  ORDER BY r.read_at, r.sequence LIMIT 1) n"""  # noqa: S608  # declared names
"""The minutes of what changed, and of the readings whose rise is over something that changed."""

_KEYS = "unnest($1::uuid[], $2::smallint[], $3::timestamptz[]) AS k (charger_id, connector, at)"
MINUTES = f"""
WITH touched AS MATERIALIZED (
  SELECT k.*, b.energy_wh AS register_wh FROM {_KEYS} JOIN telemetry_latest l USING (charger_id, connector)
  LEFT JOIN LATERAL (
    SELECT r.energy_wh FROM telemetry_reading r
    WHERE l.register_wh IS NOT NULL AND {_OF_THE_KEY.format("k")} AND r.read_at < k.at AND r.energy_wh IS NOT NULL
    {_NEWEST}) b ON true
), risen AS (
  SELECT *, {rise("register_wh", "charger_id, connector, at")} FROM (
    SELECT r.*, k.at, k.register_wh FROM touched k CROSS JOIN LATERAL (
      SELECT * FROM telemetry_reading r
      WHERE {_OF_THE_KEY.format("k")} AND r.read_at >= k.at AND r.read_at < k.at + interval '1 minute') r) r
), minute AS (
  SELECT charger_id, connector, at, {OF_READINGS} FROM risen GROUP BY 1, 2, 3
)
{upsert("telemetry_minute", "at", "minute", add=False)}"""  # noqa: S608  # declared names
HOURS = f"""
WITH hour AS (
  SELECT k.charger_id, k.connector, k.at, {OF_ROLLUPS}
  FROM (SELECT DISTINCT charger_id, connector, {at("hour", "at")} AS at FROM {_KEYS}) k
  CROSS JOIN LATERAL (SELECT * FROM telemetry_minute r
    WHERE {_OF_THE_KEY.format("k")} AND r.at >= k.at AND r.at < k.at + interval '1 hour') m
  GROUP BY 1, 2, 3
)
{upsert("telemetry_hour", "at", "hour", add=False)}"""  # noqa: S608  # declared names
DAYS = f"""
WITH day AS (
  SELECT k.charger_id, k.connector, k.day, {OF_ROLLUPS}
  FROM (SELECT DISTINCT charger_id, connector, {day("at")} AS day FROM {_KEYS}) k
  CROSS JOIN LATERAL (SELECT * FROM telemetry_hour r
    WHERE {_OF_THE_KEY.format("k")} AND r.at >= timezone('{AMSTERDAM}', k.day::timestamp)
      AND r.at < timezone('{AMSTERDAM}', (k.day + 1)::timestamp)) h
  GROUP BY 1, 2, 3
)
{upsert("telemetry_day", "day", "day", add=False)}"""  # noqa: S608  # declared names


async def store(connection: "Connection", readings: Sequence[Reading]) -> tuple[list[Reading], list[Reading]]:
    """Store what is not there yet; what was inserted and what was corrected."""
    await staging.stage(connection, readings)
    inserted = [Reading(*row) for row in await connection.fetch(_INSERT)]
    corrected = []
    if len(inserted) < len(readings) and any(reading.revision for reading in readings):
        corrected = [Reading(*row) for row in await connection.fetch(_CORRECT)]
    if changed := inserted + corrected:
        await _newest(connection, changed)
        keys = zip(*((r.charger_id, r.connector, r.read_at, r.sequence) for r in changed), strict=True)
        await rebuild(connection, columns(await connection.fetch(_TOUCHED, *keys)))
    return inserted, corrected


async def _newest(connection: "Connection", changed: Sequence[Reading]) -> None:
    registers: dict[tuple[UUID, int], bool] = {}
    for reading in changed:
        key = (reading.charger_id, reading.connector)
        registers[key] = registers.get(key, False) or reading.energy_wh is not None
    chargers, connectors = zip(*registers, strict=True)
    await connection.execute(_NEWER, chargers, connectors, list(registers.values()))


async def rebuild(connection: "Connection", minutes: Touched) -> None:
    """Make minutes anew from their readings, and the hours and days that hold them."""
    for statement in (MINUTES, HOURS, DAYS):
        await connection.execute(statement, *minutes)


def columns(rows: Sequence[Any]) -> Touched:
    """Of records (charger, connector, beginning); at least one."""
    chargers, connectors, beginnings = zip(*rows, strict=True)
    return chargers, connectors, beginnings
