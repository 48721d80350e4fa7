"""Plans are everybody's: what happens to one is in the log of every business entity."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import About, Payload, record, record_all
from domain.plans.models import Plan
from tenants.models import BusinessEntity
from tenants.sandboxes import REAL


async def tell_all(session: AsyncSession, plan: Plan, payload: Payload) -> None:
    """To staff of every business entity; in a session of the system."""
    entities = await session.scalars(select(BusinessEntity.id).where(REAL).order_by(BusinessEntity.id))
    await record_all(session, [(payload, About(entity_id, plan.id)) for entity_id in entities])


async def tell_requester(session: AsyncSession, plan_id: UUID, entity_id: UUID | None, payload: Payload) -> None:
    """To staff of the entity that asked for the plan, and to the platform; in a session of the system."""
    first = select(BusinessEntity.id).where(REAL).order_by(BusinessEntity.id).limit(1)
    to = entity_id or (await session.scalars(first)).one()
    await record(session, payload, entity_id=to, subject_id=plan_id)
