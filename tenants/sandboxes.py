"""Entities that are sandboxes: nothing in them is real, and what is done for all entities leaves them out."""

from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.models import BusinessEntity

REAL = BusinessEntity.sandbox_of_entity_id.is_(None)
"""Condition on BusinessEntity."""


def is_real(entity_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether a row's entity is no sandbox, for queries that BusinessEntity is not part of."""
    sandboxes = select(BusinessEntity.id).where(BusinessEntity.sandbox_of_entity_id.is_not(None))
    return entity_id.not_in(sandboxes.correlate(None))


async def sandbox_ids(session: AsyncSession) -> frozenset[UUID]:
    """All of them, as far as the session's actor sees them."""
    return frozenset(await session.scalars(select(BusinessEntity.id).where(~REAL)))


async def is_sandbox(session: AsyncSession, entity_id: UUID) -> bool:
    """Whether an entity is one."""
    query = select(BusinessEntity.sandbox_of_entity_id).where(BusinessEntity.id == entity_id)
    return (await session.execute(query)).scalar_one_or_none() is not None
