"""How far the reactions have come, in sessions of the system. A consumer's row is locked while it is worked on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event, EventConsumer
from domain.events.positions import Positioned, newest


@dataclass(frozen=True, slots=True)
class Standing:
    """The last position that is dealt with, and how often the next event has failed."""

    position: int
    attempts: int


async def enlist(session: AsyncSession, name: str) -> None:
    """Make the consumer known; a new one begins with what comes next, not with the past."""
    row = insert(EventConsumer).values(name=name, position=await newest(session))
    await session.execute(row.on_conflict_do_nothing())


async def take(session: AsyncSession, name: str) -> Standing | None:
    """Lock the consumer for this transaction; None where another one has it, or its time has not come."""
    due = or_(EventConsumer.retry_at.is_(None), EventConsumer.retry_at <= func.clock_timestamp())
    query = select(EventConsumer.position, EventConsumer.attempts).where(EventConsumer.name == name, due)
    row = (await session.execute(query.with_for_update(skip_locked=True))).one_or_none()
    return Standing(*row) if row else None


async def advance(session: AsyncSession, name: str, position: int) -> None:
    """Everything up to `position` is dealt with."""
    await _set(session, name, position=position, attempts=0, retry_at=None)


async def put_off(session: AsyncSession, name: str, position: int, attempts: int, pause: timedelta) -> None:
    """Everything up to `position` is dealt with; the next event has failed `attempts` times, and waits."""
    await _set(session, name, position=position, attempts=attempts, retry_at=func.clock_timestamp() + pause)


async def events_of(session: AsyncSession, places: Sequence[Positioned]) -> list[Event]:
    """The events that stand there, in this order, detached from the session."""
    keys = [(place.event_id, place.created_at) for place in places]
    query = select(Event).where(tuple_(Event.id, Event.created_at).in_(keys))
    found = {event.id: event for event in (await session.execute(query)).scalars()}
    for event in found.values():
        session.expunge(event)
    return [found[place.event_id] for place in places]


async def _set(session: AsyncSession, name: str, **values: object) -> None:
    row = update(EventConsumer).where(EventConsumer.name == name)
    await session.execute(row.values(**values, updated_at=func.clock_timestamp()))
