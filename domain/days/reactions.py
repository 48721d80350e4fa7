"""What follows from what is planned: the order is scheduled, customers who were told a window are told another."""

from datetime import date
from itertools import product
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.days import dispatching, orders, windows
from domain.days.events import TeamDispatched
from domain.events.models import Event
from domain.orders.models import Order
from domain.planning.arrival import AMSTERDAM
from domain.teams import planning_days
from domain.visits.models import Visit
from tenants.auth import clock

_VISITS = (
    "visit.planned",
    "visit.moved",
    "visit.reassigned",
    "visit.retimed",
    "visit.booked",
    "visit.unplanned",
    "visit.cancelled",
)
TYPES = frozenset({*_VISITS, "order.resumed", TeamDispatched.type})


async def react(session: AsyncSession, event: Event) -> None:
    """The order's stage, and the windows of the team-days that an event is about; a session of the system."""
    if event.type == TeamDispatched.type:
        await dispatching.notify_team(session, event)
        return
    if event.subject_type == Order.__name__:
        await orders.follow(session, event.subject_id)
        return
    await _keep_up(session, event)
    await orders.follow(session, UUID(event.payload["order_id"]))


async def _keep_up(session: AsyncSession, event: Event) -> None:
    now = clock.now()
    today = now.astimezone(AMSTERDAM).date()
    days = sorted(day for day in await _days(session, event) if day >= today)
    await planning_days.lock(session, days)
    for team_id, day in product(sorted(event.team_ids), days):
        await windows.keep_up(session, team_id, day, now)


async def _days(session: AsyncSession, event: Event) -> set[date]:
    said = {event.payload.get("day"), event.payload.get("from_day")} - {None, ""}
    visit = await session.get(Visit, event.subject_id)
    return {date.fromisoformat(str(day)) for day in said} | ({visit.day} if visit is not None and visit.day else set())
