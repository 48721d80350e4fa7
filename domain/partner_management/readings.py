"""How far what we promise partners (N12) is kept right now, per partner with anything to measure.

UPTIME      percent of the requests since the month began that were not answered 5xx (of at least `UPTIME_SAMPLES`)
RESPONSE    the duration in ms within which 95 in 100 of the requests of this hour and the one before were answered (of
            at least `RESPONSE_SAMPLES`)
PROCESSING  minutes that the oldest order has waited which is neither refused nor a quote, an order or an exception
            yet; messages and mails that were not looked at count too
STATUS      seconds that the oldest webhook has waited for its first attempt

Hours in which announced maintenance falls are left out of the first two. Requests that did not reach us are counted by
nobody here: that the whole platform is down has to be seen from outside (/health/ready).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from sqlalchemy import func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.partner_terms import ServiceLevels, parse
from domain.numbering.service import AMSTERDAM
from domain.partner_management.models import ServiceMetric
from domain.partner_management.spans import midnight
from domain.request_log.histogram import CLASSES, quantile

UPTIME_SAMPLES, RESPONSE_SAMPLES = 500, 20
LOOKS_BACK = timedelta(days=7)
"""What has waited for longer was told of long ago."""
_M = ServiceMetric


@dataclass(frozen=True, slots=True)
class Reading:
    """`samples`: how many requests, orders or updates are behind the value."""

    organization_id: UUID
    metric: ServiceMetric
    value: Decimal
    samples: int
    target: Decimal

    @property
    def kept(self) -> bool:
        return self.value >= self.target if self.metric is _M.UPTIME else self.value <= self.target


@dataclass(frozen=True, slots=True)
class Raw:
    """A reading without its target."""

    organization_id: UUID
    metric: ServiceMetric
    value: Decimal
    samples: int


async def read(
    session: AsyncSession, entity_id: UUID, now: datetime, *, organization_id: UUID | None = None
) -> list[Reading]:
    """All readings of an entity that the session's actor may see, or those of one partner."""
    values = {"entity": entity_id, "now": now, "organization": organization_id, "since": now - LOOKS_BACK}
    raw = [
        *await _requests(session, values, _month(now), ServiceMetric.UPTIME),
        *await _requests(session, values, now - timedelta(hours=1), ServiceMetric.RESPONSE),
        *await _waiting(session, values, _PROCESSING, ServiceMetric.PROCESSING),
        *await _waiting(session, values, _STATUS, ServiceMetric.STATUS),
    ]
    levels = await levels_of(session, entity_id, sorted({one.organization_id for one in raw}))
    return [
        Reading(
            one.organization_id, one.metric, one.value, one.samples, target(levels[one.organization_id], one.metric)
        )
        for one in raw
    ]


async def levels_of(session: AsyncSession, entity_id: UUID, organization_ids: list[UUID]) -> dict[UUID, ServiceLevels]:
    """What was promised to each."""
    ids = literal(organization_ids, ARRAY(PgUUID(as_uuid=True)))
    asked = select(func.unnest(ids).label("id")).subquery()
    query = select(asked.c.id, func.partner_terms_at(entity_id, asked.c.id, func.clock_timestamp()))
    return (
        {id: parse(terms or {}).sla for id, terms in (await session.execute(query)).all()} if organization_ids else {}
    )


def target(levels: ServiceLevels, metric: ServiceMetric) -> Decimal:
    """Percent, milliseconds, minutes or seconds."""
    return {
        _M.UPTIME: levels.uptime,
        _M.RESPONSE: Decimal(levels.response_ms),
        _M.PROCESSING: Decimal(levels.processing_minutes),
        _M.STATUS: Decimal(levels.status_seconds),
    }[metric]


def _month(now: datetime) -> datetime:
    return midnight(now.astimezone(AMSTERDAM).date().replace(day=1))


async def _requests(
    session: AsyncSession, values: dict[str, object], first: datetime, metric: ServiceMetric
) -> list[Raw]:
    rows = (await session.execute(_REQUESTS, values | {"first": first})).all()
    enough = UPTIME_SAMPLES if metric is _M.UPTIME else RESPONSE_SAMPLES
    found = []
    for row in rows:
        if row.requests >= enough:
            value = uptime(row.requests, row.errors) if metric is _M.UPTIME else _slow(row.histogram, row.slowest)
            found.append(Raw(row.organization_id, metric, value, row.requests))
    return found


def uptime(requests: int, errors: int) -> Decimal:
    """Percent with three decimals, rounded down: 99.9 is never shown where it was not reached."""
    return (Decimal(100) * (requests - errors) / requests).quantize(Decimal("0.001"), ROUND_DOWN)


def _slow(histogram: list[int], slowest: int) -> Decimal:
    return Decimal(quantile(histogram, 0.95, slowest) or 0)


async def _waiting(session: AsyncSession, values: dict[str, object], query: str, metric: ServiceMetric) -> list[Raw]:
    unit = 60 if metric is _M.PROCESSING else 1
    rows = (await session.execute(text(query), values)).all()
    return [
        Raw(row.organization_id, metric, (Decimal(row.seconds) / unit).quantize(Decimal("0.1")), row.many)
        for row in rows
    ]


_OF = "AND (CAST(:organization AS uuid) IS NULL OR {0}.organization_id = :organization)"
_SUMS = ", ".join(f"sum(h.histogram[{place}])" for place in range(1, CLASSES + 1))
_REQUESTS = text(f"""
SELECT h.organization_id, sum(h.requests)::bigint AS requests, sum(h.errors)::bigint AS errors,
  max(h.slowest) AS slowest, ARRAY[{_SUMS}]::bigint[] AS histogram
FROM request_hour h
WHERE h.entity_id = :entity AND h.hour >= date_trunc('hour', CAST(:first AS timestamptz)) AND h.hour <= :now
  AND NOT h.sandbox AND h.organization_id IS NOT NULL {_OF.format("h")}
  AND NOT EXISTS (SELECT 1 FROM maintenance_window w WHERE w.entity_id = h.entity_id AND w.cancelled_at IS NULL
    AND w.starts_at < h.hour + interval '1 hour' AND w.ends_at > h.hour)
GROUP BY h.organization_id
""")  # noqa: S608  # constants alone
_PROCESSING = f"""
SELECT w.organization_id, extract(epoch FROM :now - min(w.at))::numeric AS seconds, count(*) AS many FROM (
  SELECT p.organization_id, p.received_at AS at FROM partner_order p
  WHERE p.entity_id = :entity AND p.received_at >= :since AND p.quote_id IS NULL AND p.order_id IS NULL
    AND p.status = 'RECEIVED'
    AND NOT EXISTS (SELECT 1 FROM partner_order_exception e WHERE e.partner_order_fk = p.id)
  UNION ALL
  SELECT m.organization_id, m.created_at FROM inbound_message m
  WHERE m.entity_id = :entity AND m.created_at >= :since AND m.state = 'RECEIVED'
  UNION ALL
  SELECT i.organization_id, i.created_at FROM inbound_mail i
  WHERE i.entity_id = :entity AND i.created_at >= :since AND i.state = 'RECEIVED'
) w
WHERE true {_OF.format("w")}
GROUP BY w.organization_id
"""  # noqa: S608  # constants alone
_STATUS = f"""
SELECT d.organization_id, extract(epoch FROM :now - min(d.created_at))::numeric AS seconds, count(*) AS many
FROM webhook_delivery d
WHERE d.entity_id = :entity AND d.state = 'PENDING' AND d.attempts = 0 AND NOT d.test
  AND d.organization_id IS NOT NULL AND d.replay_id IS NULL {_OF.format("d")}
GROUP BY d.organization_id
"""  # noqa: S608  # constants alone
