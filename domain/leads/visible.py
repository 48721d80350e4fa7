"""Whether somebody may see a lead, before the platform works on it for them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import FieldPath, NotFound
from domain.leads.models import Lead
from tenants.acting import acting_as
from tenants.actor import Actor


async def require_visible(session: AsyncSession, by: Actor, id: UUID, *, field: FieldPath = ("id",)) -> None:
    """NotFound where the lead does not exist for `by`. A system session."""
    async with acting_as(session, by):
        found = (await session.execute(select(Lead.id).where(Lead.id == id))).first()
    if found is None:
        raise NotFound(field=field)
