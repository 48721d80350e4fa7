"""Events of what all business entities share: one for each entity that the person acts for."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import Payload, record
from tenants.models import BusinessEntity
from tenants.sandboxes import REAL


async def tell(
    session: AsyncSession,
    payload: Payload,
    subject_id: UUID,
    *,
    team_ids: Iterable[UUID] = (),
    changes: dict[str, list[Any]] | None = None,
) -> None:
    """Record the event for every entity that the session's actor sees."""
    teams = list(team_ids)
    for entity_id in await session.scalars(select(BusinessEntity.id).where(REAL).order_by(BusinessEntity.id)):
        await record(
            session, payload, entity_id=entity_id, subject_id=subject_id, team_ids=teams, changes=changes or {}
        )
