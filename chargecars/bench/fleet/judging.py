"""What PostgreSQL has of what the fleet was told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from chargecars.fleet.run import Outcome
from tenants.engine import connect_args

_STORED = """
SELECT c.identity, r.read_at, r.energy_wh, r.power_w
FROM telemetry_reading r JOIN charger c ON c.id = r.charger_id
"""
_ADDED_UP = """
WITH rises AS (
  SELECT charger_id, read_at, power_w, energy_wh - lag(energy_wh) OVER (
    PARTITION BY charger_id, connector ORDER BY read_at, sequence) AS rise
  FROM telemetry_reading
)
SELECT count(*), coalesce(sum(power_w), 0)::bigint, coalesce(sum(rise) FILTER (WHERE rise > 0), 0)::bigint FROM rises
"""
_ROLLED_UP = """
SELECT coalesce(sum(readings), 0)::bigint, coalesce(sum(power_sum_w), 0)::bigint, coalesce(sum(energy_wh), 0)::bigint
FROM telemetry_{}
"""
_SESSIONS = """
SELECT count(*) AS sessions, count(*) FILTER (WHERE twice) AS doubled FROM (
  SELECT count(*) OVER (PARTITION BY charger_id, transaction_id) > 1 AS twice FROM charging_session
) s
"""


@dataclass
class Verdict:
    """What was found; good when there are no faults."""

    acknowledged: int = 0
    stored: int = 0
    sessions: int = 0
    untold: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


async def judge(database_url: str, outcomes: Sequence[Outcome]) -> Verdict:
    """Compare. Raises: what PostgreSQL raises."""
    verdict = Verdict()
    for outcome in outcomes:
        verdict.untold += outcome.untold
        verdict.counts.update(outcome.counts)
    connection = await asyncpg.connect(**connect_args(database_url))
    try:
        await _judge_readings(connection, outcomes, verdict)
        await _judge_rollups(connection, verdict)
        await _judge_sessions(connection, verdict)
    finally:
        await connection.close()
    return verdict


async def _judge_readings(connection: asyncpg.Connection, outcomes: Sequence[Outcome], verdict: Verdict) -> None:
    """Each that was acknowledged is there, once, with its values."""
    rows = Counter(
        (row["identity"], row["read_at"], row["energy_wh"], row["power_w"]) for row in await connection.fetch(_STORED)
    )
    verdict.stored = rows.total()
    for outcome in outcomes:
        for identity, samples in outcome.acknowledged.items():
            for sample in samples.values():
                verdict.acknowledged += 1
                found = rows[(identity, sample.at, sample.energy_wh, sample.power_w)]
                if found != 1:
                    verdict.faults.append(f"{identity}: reading of {sample.at} is there {found} times")


async def _judge_rollups(connection: asyncpg.Connection, verdict: Verdict) -> None:
    """Readings, power and energy of minutes, hours and days are those of the readings."""
    readings = await connection.fetch(_ADDED_UP)
    for resolution in ("minute", "hour", "day"):
        rolled = await connection.fetch(_ROLLED_UP.format(resolution))
        if rolled != readings:
            verdict.faults.append(f"{resolution}s come to {tuple(rolled[0])}, readings to {tuple(readings[0])}")


async def _judge_sessions(connection: asyncpg.Connection, verdict: Verdict) -> None:
    """No transaction became two sessions."""
    row = (await connection.fetch(_SESSIONS))[0]
    verdict.sessions = row["sessions"]
    if row["doubled"]:
        verdict.faults.append(f"{row['doubled']} sessions share a transaction with another")
