"""Making roll-ups anew from the readings, for who doubts them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.telemetry import late, staging
from domain.telemetry.rollups import AMSTERDAM, at, day

_LOCK = "SELECT FROM telemetry_latest WHERE charger_id = $1 ORDER BY connector FOR UPDATE"
_KEPT_FROM = """
SELECT to_date(min(right(c.relname, 7)), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC' FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'telemetry_reading'::regclass"""
_FIRST_DAY, _LAST_DAY = day("$2::timestamptz"), day("$3::timestamptz - interval '1 hour'")
_IN_RANGE = "charger_id = $1 AND at >= $2 AND at < $3"
_CLEAR = (
    f"DELETE FROM telemetry_minute WHERE {_IN_RANGE}",  # noqa: S608  # constants, like all here
    f"DELETE FROM telemetry_hour WHERE {_IN_RANGE}",  # noqa: S608
    f"DELETE FROM telemetry_day WHERE charger_id = $1 AND day >= {_FIRST_DAY} AND day <= {_LAST_DAY}",  # noqa: S608
)
_MINUTES = f"""
SELECT DISTINCT charger_id, connector, {at("minute", "read_at")} AS at FROM telemetry_reading
WHERE charger_id = $1 AND read_at >= $2 AND read_at < $3"""  # noqa: S608
_HOURS = f"""
SELECT charger_id, connector, at FROM telemetry_hour WHERE charger_id = $1
AND at >= timezone('{AMSTERDAM}', {_FIRST_DAY}::timestamp)
AND at < timezone('{AMSTERDAM}', ({_LAST_DAY} + 1)::timestamp)"""  # noqa: S608
_HOUR = timedelta(hours=1)


async def recompute(session: AsyncSession, charger_id: UUID, since: datetime, until: datetime) -> int:
    """Make the roll-ups of the hours that [since, until) is in anew, as far back as readings are kept.

    Nothing is different afterwards where they were maintained. The number of minutes that have readings.
    """
    connection = await staging.driver(session)
    await connection.execute(_LOCK, charger_id)
    kept_from = await connection.fetchval(_KEPT_FROM)
    first = max(_hour(since), kept_from or _hour(since))
    past = _hour(until + _HOUR - timedelta(microseconds=1))
    if first >= past:
        return 0
    for statement in _CLEAR:
        await connection.execute(statement, charger_id, first, past)
    minutes = await connection.fetch(_MINUTES, charger_id, first, past)
    if minutes:
        for statement in (late.MINUTES, late.HOURS):
            await connection.execute(statement, *late.columns(minutes))
    if hours := await connection.fetch(_HOURS, charger_id, first, past):
        await connection.execute(late.DAYS, *late.columns(hours))
    return len(minutes)


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
