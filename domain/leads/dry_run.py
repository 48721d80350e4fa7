"""Where a lead would go, for the admins who write the rules."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import tree
from domain.contacts.models import Contact
from domain.leads import routing
from domain.leads.routing import Step, Submitted
from domain.leads.rules import active_rules
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class DryRun:
    """Where it would go, whether a rule decided, and the rules tried that are of the actor's own entities."""

    entity: BusinessEntity
    by_rule: bool
    steps: tuple[Step, ...]


async def dry_run(
    session: AsyncSession, by: Actor, entity_id: UUID, submitted: Submitted, organization_id: UUID | None = None
) -> DryRun:
    """The route of a lead submitted at `entity_id`, for which `by` has to work, through a partner that `by` sees.

    A system session: rules of all entities are tried.
    """
    async with acting_as(session, by):
        entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
        partner = await _partner(session, organization_id)
    facts = replace(submitted, entity_code=entity.code)
    if partner:
        facts = replace(facts, has_partner=True, partner_model=partner.partner_model)
    route = routing.route(facts, await active_rules(session), entity.id)
    reached = await session.get_one(BusinessEntity, route.entity_id)
    everything = by.audience is Audience.SYSTEM
    seen = (step for step in route.steps if everything or step.rule.entity_id in by.entity_ids)
    return DryRun(reached, route.rule is not None, tuple(seen))


async def _partner(session: AsyncSession, organization_id: UUID | None) -> Contact | None:
    if organization_id is None:
        return None
    return await tree.organization(session, organization_id, field=("organization_id",))
