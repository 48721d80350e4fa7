"""What a charger delivers beside what it delivered before, under comparable conditions: from the hourly roll-ups.

An hour is comparable where its connector charged steadily through it (the mean is at least STEADY of the highest
power), the battery was not nearly full (cars ask for less from 80 % on) and it was not too hot. A connector's level is
the power that the best tenth of its comparable hours reach; of the last seven days it is compared with that of the 28
days before, or with the rating or the limit that the charger was given where that is less. Both need ENOUGH_HOURS.
The worst connector counts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime, Integer, Uuid

from domain.health.scoring import ENOUGH_HOURS
from domain.health.thresholds import HOT_DC

LATE, BEFORE = timedelta(days=7), timedelta(days=28)
LOOKED_EVERY = timedelta(days=1)
_NEARLY_FULL = 80


async def measure(session: AsyncSession, charger_ids: Sequence[UUID], now: datetime) -> None:
    """Look at those of the chargers that were not looked at for a day; in a session of the system."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    given = {
        "ids": list(charger_ids),
        "now": now,
        "until": hour,
        "late": hour - LATE,
        "begin": hour - LATE - BEFORE,
        "due": now - LOOKED_EVERY,
        "full": _NEARLY_FULL,
        "hot": HOT_DC,
        "enough": ENOUGH_HOURS,
    }
    await session.execute(_MEASURE, given)


_MEASURE = text("""
WITH due AS (
  SELECT c.id, c.entity_id, c.max_power_w, (
    SELECT min((d.parameters ->> 'powerW')::bigint) FROM device_command d
    WHERE d.charger_id = c.id AND d.kind = 'SET_POWER' AND d.status = 'ACKNOWLEDGED' AND d.requested_at >= :begin
  ) AS power_limit
  FROM charger c LEFT JOIN charger_health h ON h.charger_id = c.id
  WHERE c.id = ANY (:ids) AND (h.power_at IS NULL OR h.power_at <= :due)
), level AS (
  SELECT h.charger_id, h.connector,
    percentile_disc(0.9) WITHIN GROUP (ORDER BY h.energy_wh) FILTER (WHERE h.at >= :late) AS late_w,
    percentile_disc(0.9) WITHIN GROUP (ORDER BY h.energy_wh) FILTER (WHERE h.at < :late) AS before_w,
    count(*) FILTER (WHERE h.at >= :late) AS late_hours,
    count(*) FILTER (WHERE h.at < :late) AS before_hours
  FROM due CROSS JOIN LATERAL (
    SELECT * FROM telemetry_hour t WHERE t.charger_id = due.id AND t.at >= :begin AND t.at < :until
  ) h
  WHERE h.energy_wh BETWEEN 0.7 * h.power_max_w AND 1.2 * h.power_max_w AND h.energy_wh > 0
    AND (h.soc_max_percent IS NULL OR h.soc_max_percent < :full)
    AND (h.temperature_max_dc IS NULL OR h.temperature_max_dc < :hot)
  GROUP BY h.charger_id, h.connector
), compared AS (
  SELECT l.charger_id, l.late_w, l.late_hours,
    least(l.before_w, due.max_power_w, n.max_power_w, due.power_limit) AS expected_w
  FROM level l JOIN due ON due.id = l.charger_id
  LEFT JOIN connector n ON n.charger_id = l.charger_id AND n.number = l.connector
  WHERE l.late_hours >= :enough AND l.before_hours >= :enough
), worst AS (
  SELECT DISTINCT ON (charger_id) * FROM compared WHERE expected_w > 0
  ORDER BY charger_id, late_w::numeric / expected_w
)
INSERT INTO charger_health AS h (charger_id, entity_id, power_w, expected_power_w, power_percent, power_hours, power_at)
SELECT due.id, due.entity_id, w.late_w, w.expected_w,
  CASE WHEN w.late_w IS NOT NULL THEN least(1000, round(100.0 * w.late_w / w.expected_w)) END,
  coalesce(w.late_hours, 0), :now
FROM due LEFT JOIN worst w ON w.charger_id = due.id
ORDER BY due.id
ON CONFLICT (charger_id) DO UPDATE SET power_w = excluded.power_w, expected_power_w = excluded.expected_power_w,
  power_percent = excluded.power_percent, power_hours = excluded.power_hours, power_at = excluded.power_at
""").bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    *(bindparam(name, type_=DateTime(timezone=True)) for name in ("now", "until", "late", "begin", "due")),
    *(bindparam(name, type_=Integer) for name in ("full", "hot", "enough")),
)
