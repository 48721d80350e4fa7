"""Tens of millions of readings made inside PostgreSQL, and how long a month of one charger takes through the API."""

import statistics
import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
import orjson

from api.reading.ids import global_id
from chargecars.bench.client import Connection, Refused, post
from chargecars.bench.installation import Installation
from chargecars.bench.report import say
from domain.telemetry import rollups

QUERY = """query($id: ID!, $from: DateTime!, $until: DateTime!) {
  telemetrySeries(chargerId: $id, connector: 1, resolution: HOUR, from: $from, until: $until) {
    at until readings energyWh averagePowerW maxPowerW } }"""
DAYS = 30
EVERY_SECONDS = 30
PER_CHARGER = DAYS * 86_400 // EVERY_SECONDS
_TIMES, _WARM_UP = 60, 10

_SPAN = f"date_trunc('day', now()) - interval '{DAYS + 3} days'"
_MAKE = f"""
INSERT INTO telemetry_reading (charger_id, connector, read_at, sequence, revision, energy_wh, power_w, voltage_mv,
  current_ma, temperature_dc, soc_percent)
SELECT c, 1, {_SPAN} + n * interval '{EVERY_SECONDS} seconds', n, 0, 60 * n, 7200 + n % 50, 230000, 10400, 312, n % 100
FROM unnest($1::uuid[]) AS c, generate_series(0, {PER_CHARGER - 1}) AS n"""  # noqa: S608  # constants
_HOURS = f"""
WITH risen AS (
  SELECT *, CASE sequence WHEN 0 THEN 0 ELSE 60 END AS rise FROM telemetry_reading
  WHERE charger_id = ANY ($1::uuid[]) AND read_at >= {_SPAN}
), hour AS (
  SELECT charger_id, connector, {rollups.at("hour", "read_at")} AS at, {rollups.OF_READINGS} FROM risen GROUP BY 1, 2, 3
)
{rollups.upsert("telemetry_hour", "at", "hour", add=False)}"""  # noqa: S608  # constants
"""Minutes, of which there would be half as many as readings, are not made: no hour is read from them."""
_COUNT = "SELECT reltuples::bigint FROM pg_class WHERE relname = 'telemetry_reading'"
_AT_ONCE = 10


@dataclass(frozen=True)
class Measured:
    """Readings there are, and milliseconds of an answer: the median and the slowest of twenty."""

    readings: int
    median_ms: float
    p95_ms: float


async def fill(owner: "asyncpg.Connection[asyncpg.Record]", chargers: list[UUID], readings: int) -> list[UUID]:
    """Bring the table to about so many readings; the chargers that have them."""
    wanted = chargers[: max(1, readings // PER_CHARGER)]
    await owner.execute(f"SELECT make_telemetry_months({_SPAN}, now())")
    for at in range(0, len(wanted), _AT_ONCE):
        some = wanted[at : at + _AT_ONCE]
        async with owner.transaction():
            await owner.execute(_MAKE, some, timeout=600)
            await owner.execute(_HOURS, some, timeout=600)
        if at % 50 == 0:
            say(f"{at * PER_CHARGER:,} readings")
    await owner.execute("VACUUM ANALYZE telemetry_reading, telemetry_hour", timeout=1_200)
    return wanted


async def measure(
    place: Installation, owner: "asyncpg.Connection[asyncpg.Record]", host: str, token: str, chargers: list[UUID]
) -> Measured:
    """A month of hours of different chargers, one after the other."""
    since, readings = await owner.fetchval(f"SELECT {_SPAN}"), await owner.fetchval(_COUNT)
    until = since + timedelta(days=DAYS)
    connection, found = Connection(place.host, place.port), list[float]()
    try:
        for number in range(_TIMES):
            charger_id = chargers[number * 7 % len(chargers)]
            variables = {"id": global_id("Charger", charger_id), "from": since.isoformat(), "until": until.isoformat()}
            request = post(host, "/graphql", {"query": QUERY, "variables": variables}, token)
            began = time.perf_counter()
            status, body = await connection.send(request)
            found.append((time.perf_counter() - began) * 1_000)
            _check(status, body)
    finally:
        await connection.close()
    del found[:_WARM_UP]
    return Measured(readings, statistics.median(found), statistics.quantiles(found, n=20)[-1])


def _check(status: int, body: bytes) -> None:
    points = (orjson.loads(body).get("data") or {}).get("telemetrySeries") or []
    whole = 3_600 // EVERY_SECONDS
    if status != 200 or len(points) != DAYS * 24 or any(p["energyWh"] != str(60 * whole) for p in points[1:]):
        raise Refused(f"{status}: {len(points)} points: {body[:300].decode(errors='replace')}")
