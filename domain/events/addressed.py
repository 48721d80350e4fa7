"""The next positions of the whole log with everybody on whose list they are: for the tail that wakes subscriptions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import EventPosition, PositionRow
from domain.events.positions import Positioned


@dataclass(frozen=True, slots=True)
class Addressed:
    """An event's place in the log, and the organizations, contacts and teams that may see it."""

    at: Positioned
    keys: frozenset[UUID]


async def addressed_after(session: AsyncSession, position: int, limit: int) -> list[Addressed]:
    """The next positions after one, in order, `limit` at most; the session is the system's."""
    rows: Sequence[Any] = (await session.execute(_query(position, limit))).all()
    return [Addressed(Positioned(*row[:-1]), frozenset(row[-1])) for row in rows]


async def oldest(session: AsyncSession) -> int:
    """The first position that is still kept; 0 where none is."""
    found = await session.execute(select(func.min(EventPosition.position)))
    return int(found.scalar_one() or 0)


def _query(position: int, limit: int) -> Select[*tuple[Any, ...]]:
    keys = select(PositionRow.key).where(PositionRow.position == EventPosition.position).scalar_subquery()
    return (
        select(
            EventPosition.position,
            EventPosition.event_id,
            EventPosition.created_at,
            EventPosition.entity_id,
            EventPosition.type,
            EventPosition.subject_type,
            EventPosition.subject_id,
            func.array(keys, type_=ARRAY(Uuid())),
        )
        .where(EventPosition.position > position)
        .order_by(EventPosition.position)
        .limit(limit)
    )
