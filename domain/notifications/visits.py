"""What follows for customers and partners from what happens to visits.

What is told is what holds when it is told: an event that was overtaken by a later one tells nothing, and what still
waits to be sent about the visit is taken back.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.notifications import facts, recipients
from domain.notifications.facts import Facts
from domain.notifications.kinds import KINDS
from domain.notifications.service import About, notify
from domain.notifications.telling import Cause, tell_account
from domain.notifications.withdrawing import withdraw
from domain.orders.models import Order, OrderStage
from domain.visits.models import Visit, VisitStatus
from tenants.auth import clock

IN_TIME = timedelta(hours=2)
"""Who was not told within this time that a team is on its way is not told any more."""
BEFORE_ARRIVAL = timedelta(hours=1)
"""A window of arrival is told no later, quiet hours or not."""
_TOLD_OF = ("visit.planned", "visit.booked", "visit.confirmed", "visit.moved")


async def are_told(session: AsyncSession, order_id: UUID) -> bool:
    """Whether events of the order's visits tell the customer when they are."""
    visits = select(Visit.id).where(Visit.order_id == order_id)
    told = select(Event.id).where(Event.subject_id.in_(visits), Event.type.in_(_TOLD_OF)).limit(1)
    return (await session.execute(told)).first() is not None


async def _placed(session: AsyncSession, event: Event) -> None:
    """It has a day now, or another one."""
    visit, order = await _of(session, event)
    agreed = event.type == "visit.planned" and visit is not None and visit.promised_at is not None
    if visit is None or order is None or agreed or not _is_there(visit, event):
        return
    await _withdraw(session, visit, event)
    await _tell(session, event, visit, order, event.type)


async def _moved(session: AsyncSession, event: Event) -> None:
    """Another team on the same day and part of it is nothing to the customer."""
    was = (event.payload["from_day"], event.payload["from_block"])
    if (event.payload["day"], event.payload["block"]) != was:
        await _placed(session, event)


async def _unplanned(session: AsyncSession, event: Event) -> None:
    visit, order = await _of(session, event)
    if visit is None or order is None:
        return
    await _withdraw(session, visit, event)
    offered = select(Event.id).where(
        Event.subject_id == visit.id,
        Event.type == "visit.promise_broken",
        Event.created_at >= event.created_at,
    )
    if visit.day is None and (await session.execute(offered.limit(1))).first() is None:
        await _tell(session, event, visit, order, event.type)


async def _cancelled(session: AsyncSession, event: Event) -> None:
    """Of a cancelled order it is told as a whole."""
    if (visit := await session.get(Visit, event.subject_id)) is not None:
        await _withdraw(session, visit, event)
    visit, order = await _of(session, event)
    if visit is not None and order is not None and visit.status == VisitStatus.CANCELLED:
        await _tell(session, event, visit, order, event.type)


async def _promise_broken(session: AsyncSession, event: Event) -> None:
    visit, order = await _of(session, event)
    if visit is not None and order is not None and visit.promised_at is None:
        await _tell(session, event, visit, order, "visit.alternatives", facts.alternatives(event.payload["offers"]))


async def _arrival_changed(session: AsyncSession, event: Event) -> None:
    visit, order = await _of(session, event)
    if visit is None or order is None or visit.arrival_from is None:
        return
    await withdraw(session, visit.id, ("visit.arrival",), event.created_at)
    ahead = visit.status in (VisitStatus.PLANNED, VisitStatus.EN_ROUTE)
    if ahead and visit.arrival_from == datetime.fromisoformat(event.payload["arrival_from"]):
        await _tell(session, event, visit, order, "visit.arrival", latest=visit.arrival_from - BEFORE_ARRIVAL)


async def _en_route(session: AsyncSession, event: Event) -> None:
    visit, order = await _of(session, event)
    if visit is None or order is None or event.created_at < clock.now() - IN_TIME:
        return
    await withdraw(session, visit.id, ("visit.arrival", "visit.reminder"), event.created_at)
    if visit.status == VisitStatus.EN_ROUTE:
        await _tell(session, event, visit, order, event.type)


# --- beneath ------------------------------------------------------------------------------------------------------


async def _of(session: AsyncSession, event: Event) -> tuple[Visit | None, Order | None]:
    """The visit and its order; no order where there is nothing to tell of a visit's fate by itself."""
    visit = await session.get(Visit, event.subject_id)
    order = await session.get(Order, visit.order_id) if visit is not None else None
    told = order is not None and not order.on_hold and order.stage != OrderStage.CANCELLED
    return visit, order if told else None


def _is_there(visit: Visit, event: Event) -> bool:
    """Whether the visit is still where the event put it."""
    day = visit.day.isoformat() if visit.day else ""
    return visit.status == VisitStatus.PLANNED and (day, visit.block) == (event.payload["day"], event.payload["block"])


def _said(event: Event) -> str | None:
    """Why, in somebody's words; codes of the platform's own (DISRUPTION) are none."""
    reason = str(event.payload.get("reason") or "")
    return None if reason.isupper() and " " not in reason else reason


async def _withdraw(session: AsyncSession, visit: Visit, event: Event) -> None:
    """Whatever was to be told of the visit before the event."""
    kinds = [name for name in KINDS if name.startswith("visit.")]
    await withdraw(session, visit.id, kinds, event.created_at)


async def _tell(
    session: AsyncSession,
    event: Event,
    visit: Visit,
    order: Order,
    kind: str,
    more: Facts | None = None,
    latest: datetime | None = None,
) -> None:
    """The customer, and the partner where there is a kind for it."""
    key = f"event:{event.id}"
    about = About(visit.entity_id, "Visit", visit.id, key, tuple(facts.chain_of(order)), latest=latest)
    values = await facts.of_order(session, order) | await facts.of_visit(session, visit)
    values |= facts.former(event.payload) | facts.reason(_said(event)) | (more or {})
    to = await recipients.contact(session, visit.entity_id, visit.end_customer_contact_id)
    if to is not None:
        await notify(session, kind, [to], about, values)
    if f"{kind}.partner" in KINDS:
        await tell_account(session, f"{kind}.partner", order, about, values, event)


CAUSES: dict[str, Cause] = {
    "visit.planned": _placed,
    "visit.booked": _placed,
    "visit.confirmed": _placed,
    "visit.moved": _moved,
    "visit.unplanned": _unplanned,
    "visit.cancelled": _cancelled,
    "visit.promise_broken": _promise_broken,
    "visit.arrival_changed": _arrival_changed,
    "visit.en_route": _en_route,
}
"""By type of event."""
