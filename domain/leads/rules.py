"""The routing rules that admins edit (L4), and where a lead would go by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import Faults
from domain.events.record import changes_of, record
from domain.leads import routing
from domain.leads.events import RoutingRuleDeleted, RoutingRuleSaved
from domain.leads.models import RoutingRule
from domain.leads.routing import Condition, Rule, conditions_of
from domain.rows import find
from tenants.models import BusinessEntity

MAX_POSITION = 10_000


@dataclass(frozen=True, slots=True)
class GivenRule:
    """A rule as an admin gives it: leads go to `entity_id`."""

    entity_id: UUID
    position: int
    name: str
    conditions: Sequence[Condition]
    active: bool = True


async def active_rules(session: AsyncSession) -> list[Rule]:
    """All rules in force that the session sees; of all entities in a system session."""
    rows = await session.scalars(select(RoutingRule).where(RoutingRule.active).order_by(RoutingRule.position))
    return [Rule(row.id, row.entity_id, row.position, row.name, conditions_of(row.conditions)) for row in rows]


async def save_rule(session: AsyncSession, given: GivenRule, id: UUID | None = None) -> RoutingRule:
    """Add a rule, or change the one with this id; it applies to leads that are submitted from now on."""
    faults = Faults()
    name = faults.take(validation.name, given.name, "name")
    faults.take(lambda value: validation.integer(value, 0, MAX_POSITION), given.position, "position")
    conditions = faults.take(lambda value: routing.checked(value, "conditions"), given.conditions)
    faults.raise_any()
    await find(session, BusinessEntity, given.entity_id, field=("entity_id",))
    rule = await find(session, RoutingRule, id, lock=True) if id else RoutingRule()
    rule.entity_id, rule.position, rule.name, rule.active = given.entity_id, given.position, name or "", given.active
    rule.conditions = [condition.stored for condition in conditions or ()]
    session.add(rule)
    changes = changes_of(rule)
    await session.flush()
    payload = RoutingRuleSaved(name=rule.name)
    await record(session, payload, entity_id=rule.entity_id, subject_id=rule.id, changes=changes)
    return rule


async def delete_rule(session: AsyncSession, id: UUID) -> None:
    """Remove a rule; leads that it routed keep its name in their explanation."""
    rule = await find(session, RoutingRule, id, lock=True)
    await session.delete(rule)
    await record(session, RoutingRuleDeleted(name=rule.name), entity_id=rule.entity_id, subject_id=rule.id)
