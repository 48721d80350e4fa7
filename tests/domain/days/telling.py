"""What was told of a visit."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from domain.events.models import Event
from tenants.actor import SYSTEM
from tests.visiting import Work


async def told(some: Work, visit_id: UUID) -> list[str]:
    """Types of its events, in order."""
    return [type_ for type_, _ in await events(some, visit_id)]


async def events(some: Work, visit_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    async with some.database.session(SYSTEM) as session:
        query = select(Event.type, Event.payload).where(Event.subject_id == visit_id)
        rows = await session.execute(query.order_by(Event.created_at, Event.id))
        return [(row.type, row.payload) for row in rows]
