"""Visits that are planned, moved and called off as a plan does it, for tests of what follows from that."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.orders import following
from domain.visits import telling
from domain.visits.events import VisitMoved, VisitPlanned, VisitUnplanned
from domain.visits.models import DayBlock, Visit, VisitStatus
from tenants.actor import SYSTEM
from tenants.engine import Database


async def visits_of(session: AsyncSession, order_id: UUID) -> list[Visit]:
    """The visits of an order, in their order."""
    query = select(Visit).where(Visit.order_id == order_id).order_by(Visit.position)
    return list(await session.scalars(query))


async def plan(
    database: Database,
    order_id: UUID,
    day: date,
    team_id: UUID,
    block: DayBlock = DayBlock.MORNING,
    position: int = 0,
) -> UUID:
    """Give a visit of the order its day, or another one, and tell of it; the visit's id."""
    async with database.session(SYSTEM) as session:
        visit = (await visits_of(session, order_id))[position]
        of = (visit.order_id, visit.position, visit.kind)
        if visit.day is None:
            happened: VisitPlanned | VisitMoved = VisitPlanned(*of, day.isoformat(), block, team_id)
        else:
            was = (visit.day.isoformat(), visit.block or "")
            happened = VisitMoved(*of, day.isoformat(), block, team_id, *was)
        visit.status, visit.day, visit.block, visit.team_id = VisitStatus.PLANNED, day, block, team_id
        await session.flush()
        await telling.tell(session, visit, happened)
        return visit.id


async def unplan(database: Database, order_id: UUID, position: int = 0) -> None:
    """Take the day of a visit away."""
    async with database.session(SYSTEM) as session:
        visit = (await visits_of(session, order_id))[position]
        assert visit.day is not None
        happened = VisitUnplanned(visit.order_id, visit.position, visit.kind, visit.day.isoformat(), visit.block or "")
        visit.status, visit.day, visit.block, visit.team_id = VisitStatus.REQUIRED, None, None, None
        visit.promised_at = None
        await session.flush()
        await telling.tell(session, visit, happened)


async def follow_visits(database: Database, entity_id: UUID) -> None:
    """Bring the entity's orders to where their visits are, as the reaction to the events so far does."""
    async with database.session(SYSTEM) as session:
        query = select(Event).where(Event.entity_id == entity_id, Event.type.in_(following.EVENTS))
        for event in (await session.scalars(query.order_by(Event.created_at, Event.id))).all():
            await following.react(session, event)
