"""Visits tell of themselves, so that who follows one hears of it; each party to it may read that."""

from uuid import UUID

from sqlalchemy import select

from domain.events.models import Event
from domain.orders import service
from domain.visits.models import Visit
from tenants.engine import Database
from tests.quoting import Market, market


async def test_a_visit_tells_when_it_is_required_called_off_and_required_again(database: Database) -> None:
    sold = await market(database, agreement={})
    order_id = await sold.ordered()
    async with database.session(sold.actors["staff"]) as session:
        visits = list(await session.scalars(select(Visit.id).where(Visit.order_id == order_id)))
        await service.cancel(session, order_id, "Moved house")
        await service.reopen(session, order_id, "Moved back")
    told = ["visit.required", "visit.cancelled", "visit.required"]
    assert visits
    for visit in visits:
        for name in ("staff", "dealer", "customer"):
            assert await _told(sold, name, visit) == told, name


async def _told(sold: Market, name: str, visit: UUID) -> list[str]:
    """The types of a visit's events, in order, as an actor sees them."""
    async with sold.database.session(sold.actors[name]) as session:
        types = select(Event.type).where(Event.subject_id == visit).order_by(Event.created_at, Event.id)
        return list(await session.scalars(types))
