"""Telling of a visit: to staff of its entity, its channel, its customer and its team."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import record
from domain.visits.events import VisitEvent
from domain.visits.models import Visit

__all__ = ["VisitEvent", "tell"]


async def tell(
    session: AsyncSession,
    visit: Visit,
    happened: VisitEvent,
    *,
    changes: dict[str, list[Any]] | None = None,
    also_teams: Iterable[UUID] = (),
) -> None:
    """Record what happened to a visit; `also_teams`: those that had it before."""
    teams = [visit.team_id] if visit.team_id else []
    await record(
        session,
        happened,
        entity_id=visit.entity_id,
        subject_id=visit.id,
        channel=visit.channel_organization_ids,
        contact_ids=[visit.end_customer_contact_id],
        team_ids=[*teams, *also_teams],
        changes=changes,
    )
