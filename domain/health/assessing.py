"""The figures, score and alerts of many chargers at once: a page of them in a handful of statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime, Integer, Text, Uuid

from domain.chargers.models import Charger, ChargerState
from domain.health import alerts, power
from domain.health.alerts import Noticed
from domain.health.judging import BY_FIGURES, judge
from domain.health.models import ChargerAlert, ChargerHealth, Code, Severity
from domain.health.scoring import Figures, Score, score

PAGE = 500
ASSESSED_EVERY = timedelta(minutes=55)
"""A little less than the hour after which the next look comes."""
_WEEK, _DAY = timedelta(days=7), timedelta(days=1)
_FAILED_MARKS = ("NO_START", "NO_STOP", "STUCK_TRANSACTION", "NEVER_STARTED", "CHARGER_REBOOTED")
_FAILED_REASONS = ("EmergencyStop", "GroundFault", "OvercurrentFault", "PowerLoss", "PowerQuality", "Reboot")
"""Of OCPP: what ends a session and is not the driver's doing."""


async def due(session: AsyncSession, now: datetime, after: UUID | None, page: int = PAGE) -> list[UUID]:
    """The next chargers in the order of their ids that were heard of and not assessed within the hour."""
    query = (
        select(Charger.id)
        .outerjoin(ChargerHealth, ChargerHealth.charger_id == Charger.id)
        .where(Charger.state != ChargerState.RETIRED.value, Charger.last_seen_at.is_not(None))
        .where((ChargerHealth.computed_at <= now - ASSESSED_EVERY) | ChargerHealth.computed_at.is_(None))
    )
    query = query if after is None else query.where(Charger.id > after)
    return list(await session.scalars(query.order_by(Charger.id).limit(page)))


async def assess(session: AsyncSession, charger_ids: Sequence[UUID], now: datetime) -> dict[UUID, Score]:
    """The score of each, kept with its figures and reasons, and what of it is to be told; as the system."""
    await power.measure(session, charger_ids, now)
    given = {"ids": list(charger_ids), "week": now - _WEEK, "day": now - _DAY}
    rows = (await session.execute(_FIGURES, given)).all()
    figures = {row.id: _figures(row) for row in rows}
    scores = {id: score(found) for id, found in figures.items()}
    await _keep(session, rows, scores, now)
    await _tell(session, figures, scores, now)
    return scores


def _figures(row: Any) -> Figures:
    return Figures(
        temperature_dc=row.temperature_dc,
        faults=row.faults,
        restarts=row.restarts,
        outages=row.outages,
        sessions=row.sessions,
        failed_sessions=row.failed_sessions,
        power_percent=row.power_percent,
    )


async def _keep(session: AsyncSession, rows: Sequence[Any], scores: Mapping[UUID, Score], now: datetime) -> None:
    given: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in _KEPT}
    given["ids"] = [row.id for row in rows]
    given["scores"] = [scores[row.id].value for row in rows]
    given["reasons"] = [orjson.dumps([reason.json() for reason in scores[row.id].reasons]).decode() for row in rows]
    await session.execute(_KEEP, given | {"now": now})


async def _tell(
    session: AsyncSession, figures: Mapping[UUID, Figures], scores: Mapping[UUID, Score], now: datetime
) -> None:
    open_ = await _open(session, list(figures))
    raised, over = [], []
    for id, found in figures.items():
        known = open_.get(id, {})
        verdict = judge(found, scores[id], {code: severity for code, (severity, _) in known.items()})
        raised += [Noticed(id, each.code.value, each.severity, now, each.text) for each in verdict.raised]
        over += [known[code][1] for code in verdict.over]
    await alerts.notice(session, raised)
    await alerts.resolve(session, over, "WELL")


async def _open(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, dict[Code, tuple[Severity, UUID]]]:
    found: dict[UUID, dict[Code, tuple[Severity, UUID]]] = {}
    query = select(ChargerAlert.charger_id, ChargerAlert.code, ChargerAlert.severity, ChargerAlert.id).where(
        ChargerAlert.charger_id.in_(ids),
        ChargerAlert.closed_at.is_(None),
        ChargerAlert.code.in_([code.value for code in BY_FIGURES]),
    )
    for charger_id, code, severity, id in await session.execute(query):
        found.setdefault(charger_id, {})[Code(code)] = (Severity(severity), id)
    return found


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


_AT = DateTime(timezone=True)
_FIGURES = text(f"""
SELECT c.id, c.entity_id, CASE WHEN a.id IS NOT NULL THEN c.last_seen_at END
    AS offline_since, heat.temperature_dc, coalesce(t.faults, 0) AS faults, coalesce(t.restarts, 0) AS restarts,
  coalesce(t.outages, 0) AS outages, s.sessions, s.failed_sessions, h.power_percent
FROM charger c
LEFT JOIN charger_health h ON h.charger_id = c.id
LEFT JOIN charger_alert a ON a.charger_id = c.id AND a.code = '{Code.OFFLINE.value}' AND a.closed_at IS NULL
CROSS JOIN LATERAL (
  SELECT max(r.temperature_max_dc)::int AS temperature_dc FROM telemetry_hour r
  WHERE r.charger_id = c.id AND r.at >= :day
) heat
CROSS JOIN LATERAL (
  SELECT sum(n.faults)::int AS faults, sum(n.restarts)::int AS restarts, sum(n.outages)::int AS outages
  FROM charger_trouble_hour n WHERE n.charger_id = c.id AND n.hour >= :week
) t
CROSS JOIN LATERAL (
  SELECT count(*)::int AS sessions, (count(*) FILTER (WHERE e.marks && ARRAY[{_quoted(_FAILED_MARKS)}]
    OR e.stop_reason IN ({_quoted(_FAILED_REASONS)})))::int AS failed_sessions
  FROM charging_session e WHERE e.charger_id = c.id AND e.ended_at >= :week
) s
WHERE c.id = ANY (:ids)
ORDER BY c.id
""").bindparams(  # noqa: S608  # constants alone
    bindparam("ids", type_=ARRAY(Uuid)), bindparam("week", type_=_AT), bindparam("day", type_=_AT)
)
_COUNTED = ("temperature_dc", "faults", "restarts", "outages", "sessions", "failed_sessions")
_KEPT = ("entity_id", "offline_since", *_COUNTED)
_KEEP = text(f"""
INSERT INTO charger_health AS h
  (charger_id, entity_id, offline_since, {", ".join(_COUNTED)}, score, reasons, computed_at)
SELECT n.id, n.entity_id, n.offline_since, {", ".join(f"n.{name}" for name in _COUNTED)},
  n.score, n.reasons::jsonb, :now
FROM unnest(:ids, :entity_id, :offline_since, {", ".join(f":{name}" for name in _COUNTED)}, :scores, :reasons)
  AS n (id, entity_id, offline_since, {", ".join(_COUNTED)}, score, reasons)
ON CONFLICT (charger_id) DO UPDATE SET entity_id = excluded.entity_id, offline_since = excluded.offline_since,
  {", ".join(f"{name} = excluded.{name}" for name in _COUNTED)},
  score = excluded.score, reasons = excluded.reasons, computed_at = excluded.computed_at
""").bindparams(  # noqa: S608  # as above
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("entity_id", type_=ARRAY(Uuid)),
    bindparam("offline_since", type_=ARRAY(_AT)),
    *(bindparam(name, type_=ARRAY(Integer)) for name in (*_COUNTED, "scores")),
    bindparam("reasons", type_=ARRAY(Text)),
    bindparam("now", type_=_AT),
)
