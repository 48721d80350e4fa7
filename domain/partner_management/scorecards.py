"""Bringing scorecards up to date: all partners of an entity, one span in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.partner_management.measuring import FIGURES, Measured, measure
from domain.partner_management.models import PartnerScorecard, ScorePeriod
from domain.partner_management.scoring import ranked, score
from domain.partner_management.spans import Span, latest
from domain.request_log.histogram import quantile
from tenants.models import BusinessEntity

KEPT = 13
"""Weeks and months that are computed anew every night: an order can come months after its quote."""
_FORGOTTEN = ("requests", "refused", "errors", "deliveries", "deliveries_failed")
"""Counted of what is deleted after some weeks or months: such a figure only grows."""


@dataclass(frozen=True, slots=True)
class _Card:
    of: Measured
    values: Mapping[str, Any]


async def entities(session: AsyncSession) -> list[tuple[UUID, str]]:
    """The entities that partners are measured for, with their currencies; sandboxes are none."""
    query = select(BusinessEntity.id, BusinessEntity.currency).where(BusinessEntity.sandbox_of_entity_id.is_(None))
    return [(row.id, row.currency) for row in await session.execute(query.order_by(BusinessEntity.code))]


async def refresh(session: AsyncSession, entity_id: UUID, currency: str, span: Span, now: datetime) -> int:
    """Compute the scorecards of a span anew; how many there are. In a session of the system, safe beside itself."""
    await session.execute(_LOCK, {"key": f"scorecards {entity_id} {span.period} {span.starts_on}"})
    cards = [_card(found) for found in await measure(session, entity_id, span, now)]
    places = ranked((card.of.organization_id, card.values["score"], card.values["value_cents"]) for card in cards)
    rows = [
        {
            "organization_id": str(card.of.organization_id),
            "rank": places.get(card.of.organization_id),
            **card.values,
        }
        for card in cards
    ]
    common = {
        "entity": entity_id,
        "currency": currency,
        "period": span.period.value,
        "starts_on": span.starts_on,
        "ends_on": span.ends_on,
        "now": now,
    }
    await session.execute(_STORE, common | {"rows": orjson.dumps(rows).decode()})
    await _drop_merged(session, entity_id, span, [card.of.organization_id for card in cards])
    return len(rows)


async def refresh_latest(
    session: AsyncSession, entity_id: UUID, currency: str, now: datetime, *, spans: int = 1
) -> int:
    """The newest so many weeks and months of one entity."""
    many = 0
    for period in ScorePeriod:
        for span in latest(period, now, spans):
            many += await refresh(session, entity_id, currency, span, now)
    return many


def _card(found: Measured) -> _Card:
    values: dict[str, Any] = {name: int(found.figures[name]) for name in FIGURES}
    values["rating_sum"] = str(found.figures["rating_sum"])
    values["response_p95_ms"] = quantile(found.histogram, 0.95, found.slowest)
    values["score"] = score(found.figures).points
    return _Card(found, values)


async def _drop_merged(session: AsyncSession, entity_id: UUID, span: Span, kept: Sequence[UUID]) -> None:
    """A partner without any figure any more, such as one that was merged into another, has no card."""
    gone = delete(PartnerScorecard).where(
        PartnerScorecard.entity_id == entity_id,
        PartnerScorecard.period == span.period.value,
        PartnerScorecard.starts_on == span.starts_on,
        PartnerScorecard.organization_id.not_in(kept),
        *(getattr(PartnerScorecard, name) == 0 for name in _FORGOTTEN),
    )
    await session.execute(gone.execution_options(synchronize_session=False))


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_VALUES = (*FIGURES, "response_p95_ms", "score", "rank")
_KEPT_LARGER = {name: f"greatest(s.{name}, excluded.{name})" for name in _FORGOTTEN} | {
    "response_p95_ms": "coalesce(excluded.response_p95_ms, s.response_p95_ms)"
}
_SET = ", ".join(f"{name} = {_KEPT_LARGER.get(name, f'excluded.{name}')}" for name in _VALUES)
_STORE = text(f"""
INSERT INTO partner_scorecard AS s (entity_id, currency, period, starts_on, ends_on, computed_at, organization_id,
  {", ".join(_VALUES)})
SELECT :entity, :currency, :period, :starts_on, :ends_on, :now, r.organization_id,
  {", ".join(f"r.{name}" for name in _VALUES)}
FROM jsonb_populate_recordset(NULL::partner_scorecard, CAST(:rows AS jsonb)) r
ON CONFLICT (entity_id, period, starts_on, organization_id) DO UPDATE SET
  {_SET}, ends_on = excluded.ends_on, currency = excluded.currency, computed_at = excluded.computed_at
""")  # noqa: S608  # constants alone
