"""Which alerts are over by themselves: a look each minute at those that are open, and at nothing else."""

from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime, Integer

from domain.chargers.models import ConnectorStatus
from domain.health import alerts
from domain.health.models import AlertSource, Code
from domain.health.thresholds import COOL_DC, COOL_FOR, QUIET_AFTER

_AT = DateTime(timezone=True)


async def look(session: AsyncSession, now: datetime) -> int:
    """How many were closed; in a session of the system."""
    cool = {"since": now - COOL_FOR, "cool": COOL_DC}
    closed = await alerts.resolve(session, list(await session.scalars(_COOLED, cool)), "COOL")
    closed += await alerts.resolve(session, list(await session.scalars(_MENDED)), "WELL")
    quiet = {"since": now - QUIET_AFTER}
    return closed + await alerts.resolve(session, list(await session.scalars(_QUIET, quiet)), "QUIET")


_OPEN = "a.closed_at IS NULL AND a.code ="
_COOLED = text(f"""
SELECT a.id FROM charger_alert a CROSS JOIN LATERAL (
  SELECT max(m.temperature_max_dc) AS hottest FROM telemetry_minute m
  WHERE m.charger_id = a.charger_id AND m.at >= :since) t
WHERE {_OPEN} '{Code.OVER_TEMPERATURE.value}' AND a.last_at < :since AND t.hottest < :cool
""").bindparams(bindparam("since", type_=_AT), bindparam("cool", type_=Integer))  # noqa: S608  # constants alone
_MENDED = text(f"""
SELECT a.id FROM charger_alert a
WHERE {_OPEN} '{Code.CONNECTOR_FAULTED.value}'
  AND NOT EXISTS (SELECT 1 FROM connector n WHERE n.charger_id = a.charger_id
    AND n.status = '{ConnectorStatus.FAULTED.value}')
  AND NOT EXISTS (SELECT 1 FROM charger c WHERE c.id = a.charger_id
    AND c.status = '{ConnectorStatus.FAULTED.value}')
""")  # noqa: S608  # as above
_QUIET = text(f"""
SELECT a.id FROM charger_alert a
WHERE a.closed_at IS NULL AND a.source = '{AlertSource.DEVICE.value}' AND a.last_at < :since
""").bindparams(bindparam("since", type_=_AT))  # noqa: S608  # as above
