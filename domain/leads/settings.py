"""How an entity handles leads: from which score it qualifies them by itself, and what a score is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Faults
from domain.events.record import changes_of, record
from domain.leads.errors import WeightsDoNotAddUp
from domain.leads.events import LeadSettingsSaved
from domain.leads.scoring import WEIGHTS, ScoreFactor
from domain.rows import find
from domain.validation import integer
from tenants.models import BusinessEntity

QUALIFY_AT = 50


@dataclass(frozen=True, slots=True)
class LeadSettings:
    """`qualify_at` is a score of 0 to 100; the weights add up to 100."""

    qualify_at: int = QUALIFY_AT
    weights: Mapping[ScoreFactor, int] = field(default_factory=lambda: dict(WEIGHTS))


def lead_settings(entity: BusinessEntity) -> LeadSettings:
    """The entity's own, or the defaults."""
    stored = entity.settings.get("leads", {})
    weights = {ScoreFactor(name): points for name, points in stored.get("weights", {}).items()}
    return LeadSettings(stored.get("qualify_at", QUALIFY_AT), weights or dict(WEIGHTS))


async def of_entity(session: AsyncSession, entity_id: UUID) -> LeadSettings:
    """Those of an entity that the actor works for. Staff and system sessions."""
    return lead_settings(await find(session, BusinessEntity, entity_id, field=("entity_id",)))


async def save_lead_settings(
    session: AsyncSession, entity_id: UUID, qualify_at: int, weights: Mapping[ScoreFactor, int] | None
) -> BusinessEntity:
    """Set both; without weights those of the platform. Scores change when a lead is next scored."""
    _check(qualify_at, weights)
    entity = await find(session, BusinessEntity, entity_id, lock=True, field=("entity_id",))
    stored: dict[str, Any] = {"qualify_at": qualify_at}
    if weights is not None:
        stored["weights"] = {factor.value: weights.get(factor, 0) for factor in ScoreFactor}
    entity.settings = {**entity.settings, "leads": stored}
    changes = changes_of(entity)
    await record(session, LeadSettingsSaved(qualify_at), entity_id=entity.id, subject_id=entity.id, changes=changes)
    return entity


def _check(qualify_at: int, weights: Mapping[ScoreFactor, int] | None) -> None:
    faults = Faults()
    faults.take(lambda value: integer(value, 0, 100), qualify_at, "qualify_at")
    for factor, points in (weights or {}).items():
        faults.take(lambda value: integer(value, 0, 100), points, "weights", factor.value)
    if weights is not None and not faults.errors and sum(weights.values()) != 100:
        faults.add(WeightsDoNotAddUp(field=("weights",), sum=sum(weights.values())))
    faults.raise_any()
