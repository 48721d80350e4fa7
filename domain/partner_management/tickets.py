"""Tickets: opened by either side, answered by turns, seen to by one of the staff, due by a clock of working hours.

It is our turn until we answer, and the partner's until it does. How long our turn may take follows from the priority
(`TURN`), counted in working hours (Monday to Friday, 8 to 18 in Amsterdam).
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.tree import chain_of
from domain.errors import Faults, PermissionDenied
from domain.events.record import Payload, changes_of, record
from domain.numbering.service import AMSTERDAM, next_number
from domain.orders.models import Order
from domain.partner_management import events
from domain.partner_management.errors import NotAnOwner, OrderOfAnother, TicketNotResolved, TicketResolved
from domain.partner_management.models import (
    PartnerTicket,
    PartnerTicketMessage,
    TicketPriority,
    TicketSide,
    TicketState,
    TicketTopic,
)
from domain.rows import actor_of, find
from tenants.audience import Audience
from tenants.auth import clock
from tenants.models import BusinessEntity, Membership, MembershipStatus, UserAccount
from tenants.permissions import Role

MOST_SUBJECT, MOST_BODY = 200, 10_000
TURN = {
    TicketPriority.URGENT: timedelta(hours=2),
    TicketPriority.HIGH: timedelta(hours=8),
    TicketPriority.NORMAL: timedelta(hours=20),
    TicketPriority.LOW: timedelta(hours=50),
}
"""Working hours; a working day has ten."""
_BEGIN, _END = time(8), time(18)
_STAFF = (Role.TENANT_ADMIN, Role.OPERATIONS, Role.PLANNER, Role.FINANCE)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a ticket begins with."""

    entity_id: UUID
    organization_id: UUID
    subject: str
    body: str
    topic: TicketTopic = TicketTopic.OTHER
    priority: TicketPriority = TicketPriority.NORMAL
    order_id: UUID | None = None


def due(since: datetime, priority: TicketPriority) -> datetime:
    """The moment by which we answer."""
    at, left = since.astimezone(AMSTERDAM), TURN[priority]
    while True:
        if at.weekday() >= 5 or at.time() >= _END:
            at = datetime.combine(at.date() + timedelta(days=1), _BEGIN, AMSTERDAM)
            continue
        at = max(at, datetime.combine(at.date(), _BEGIN, AMSTERDAM))
        room = datetime.combine(at.date(), _END, AMSTERDAM) - at
        if left <= room:
            return at + left
        left -= room
        at = datetime.combine(at.date() + timedelta(days=1), _BEGIN, AMSTERDAM)


async def open_(session: AsyncSession, opening: Opening) -> PartnerTicket:
    """A new ticket with its first message; it is the turn of the other side. Raises: NotFound, InvalidInput."""
    with Faults() as faults:
        subject = faults.take(lambda v: validation.name(v, maximum=MOST_SUBJECT), opening.subject, "subject")
        body = faults.take(lambda v: validation.text(v, maximum=MOST_BODY), opening.body, "body")
    await find(session, BusinessEntity, opening.entity_id, field=("entity_id",))
    chain = await chain_of(session, opening.organization_id)
    await _check_order(session, opening)
    side, now = _side(session), clock.now()
    actor = actor_of(session)
    ticket = PartnerTicket(
        entity_id=opening.entity_id,
        organization_id=opening.organization_id,
        channel_organization_ids=chain or [opening.organization_id],
        number=await next_number(session, opening.entity_id, "ticket", infix="T"),
        subject=subject,
        topic=opening.topic.value,
        priority=opening.priority.value,
        order_id=opening.order_id,
        opened_by=actor.name,
        opened_by_user_id=actor.user_id,
    )
    _turn(ticket, side, now)
    session.add(ticket)
    await session.flush()
    _write(session, ticket, side, str(body), internal=False)
    await _tell(
        session, ticket, events.TicketOpened(ticket.number, ticket.subject, side, ticket.topic, ticket.priority)
    )
    return ticket


async def answer(session: AsyncSession, id: UUID, body: str, *, internal: bool = False) -> PartnerTicket:
    """Write on it; then it is the other side's turn. A note of staff (`internal`) changes no turn."""
    said = validation.text(body, "body", maximum=MOST_BODY)
    ticket = await find(session, PartnerTicket, id, lock=True)
    side = _side(session)
    if internal:
        if side is TicketSide.PARTNER:
            raise PermissionDenied(field=("internal",))
        _write(session, ticket, side, said, internal=True)
        await _tell(session, ticket, events.TicketNoted(ticket.number, ticket.subject))
        return ticket
    if ticket.state == TicketState.RESOLVED:
        raise TicketResolved(field=("id",))
    _turn(ticket, side, clock.now())
    _write(session, ticket, side, said, internal=False)
    await _tell(session, ticket, events.TicketAnswered(ticket.number, ticket.subject, side, ticket.state))
    return ticket


async def resolve(session: AsyncSession, id: UUID) -> PartnerTicket:
    """It needs nothing any more; either side may say so. Again: nothing changes."""
    ticket = await find(session, PartnerTicket, id, lock=True)
    if ticket.state != TicketState.RESOLVED:
        ticket.state, ticket.resolved_at, ticket.due_at = TicketState.RESOLVED.value, clock.now(), None
        await _tell(session, ticket, events.TicketSolved(ticket.number, ticket.subject, _side(session)))
    return ticket


async def reopen(session: AsyncSession, id: UUID) -> PartnerTicket:
    """Take back that it is resolved; it is the turn of whoever did not reopen it."""
    ticket = await find(session, PartnerTicket, id, lock=True)
    if ticket.state != TicketState.RESOLVED:
        raise TicketNotResolved(field=("id",))
    side = _side(session)
    ticket.resolved_at = None
    _turn(ticket, side, clock.now())
    await _tell(session, ticket, events.TicketReopened(ticket.number, ticket.subject, side))
    return ticket


async def assign(session: AsyncSession, id: UUID, user_id: UUID | None) -> PartnerTicket:
    """Who of the staff sees to it; None: nobody. Raises: NotAnOwner."""
    ticket = await find(session, PartnerTicket, id, lock=True)
    name = await _staff_name(session, ticket.entity_id, user_id) if user_id else ""
    if ticket.owner_user_id != user_id:
        ticket.owner_user_id = user_id
        await _tell(session, ticket, events.TicketAssigned(ticket.number, ticket.subject, name))
    return ticket


async def change(
    session: AsyncSession, id: UUID, *, topic: TicketTopic | None = None, priority: TicketPriority | None = None
) -> PartnerTicket:
    """Another topic or priority; while it is our turn, the time to answer follows the priority from now on."""
    ticket = await find(session, PartnerTicket, id, lock=True)
    if ticket.state == TicketState.RESOLVED:
        raise TicketResolved(field=("id",))
    if priority is not None and priority.value != ticket.priority:
        ticket.priority = priority.value
        if ticket.state == TicketState.OPEN:
            ticket.due_at, ticket.overdue_told_at = due(clock.now(), priority), None
    if topic is not None:
        ticket.topic = topic.value
    if session.is_modified(ticket):
        await _tell(session, ticket, events.TicketChanged(ticket.number, ticket.subject, ticket.topic, ticket.priority))
    return ticket


async def tell_overdue(session: AsyncSession, now: datetime, *, most: int = 500) -> int:
    """Tell once of each ticket that we have not answered in time; in a session of the system."""
    query = (
        select(PartnerTicket)
        .where(
            PartnerTicket.state == TicketState.OPEN.value,
            PartnerTicket.due_at < now,
            PartnerTicket.overdue_told_at.is_(None),
        )
        .order_by(PartnerTicket.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    late = list(await session.scalars(query))
    for ticket in late:
        ticket.overdue_told_at = now
        await _tell(session, ticket, events.TicketOverdue(ticket.number, ticket.subject))
    return len(late)


def _side(session: AsyncSession) -> TicketSide:
    return TicketSide.PARTNER if actor_of(session).audience is Audience.PARTNER else TicketSide.STAFF


def _turn(ticket: PartnerTicket, wrote: TicketSide, now: datetime) -> None:
    """After one side wrote, it is the other's turn."""
    ours = wrote is TicketSide.PARTNER
    again = ours and ticket.state == TicketState.OPEN and ticket.due_at is not None
    if not again:  # what the partner adds does not give us more time
        ticket.due_at = due(now, TicketPriority(ticket.priority)) if ours else None
        ticket.overdue_told_at = None
    ticket.state = (TicketState.OPEN if ours else TicketState.WAITING).value
    if not ours and ticket.answered_at is None:
        ticket.answered_at = now


def _write(session: AsyncSession, ticket: PartnerTicket, side: TicketSide, body: str, *, internal: bool) -> None:
    actor = actor_of(session)
    session.add(
        PartnerTicketMessage(
            entity_id=ticket.entity_id,
            ticket_id=ticket.id,
            side=side.value,
            author=actor.name,
            author_user_id=actor.user_id,
            body=body,
            internal=internal,
        )
    )


async def _check_order(session: AsyncSession, opening: Opening) -> None:
    if opening.order_id is None:
        return
    order = await find(session, Order, opening.order_id, field=("order_id",))
    if order.entity_id != opening.entity_id or opening.organization_id not in order.channel_organization_ids:
        raise OrderOfAnother(field=("order_id",))


async def _staff_name(session: AsyncSession, entity_id: UUID, user_id: UUID) -> str:
    query = (
        select(UserAccount.name)
        .join(Membership, Membership.user_id == UserAccount.id)
        .where(Membership.entity_id == entity_id, Membership.role.in_([role.value for role in _STAFF]))
        .where(Membership.status == MembershipStatus.ACTIVE, UserAccount.id == user_id)
        .limit(1)
    )
    if (name := (await session.execute(query)).scalar_one_or_none()) is None:
        raise NotAnOwner(field=("user_id",))
    return name


async def _tell(session: AsyncSession, ticket: PartnerTicket, happened: Payload) -> None:
    await record(
        session,
        happened,
        entity_id=ticket.entity_id,
        subject_id=ticket.id,
        organization_ids=[ticket.organization_id],
        channel=ticket.channel_organization_ids,
        changes=changes_of(ticket),
    )
