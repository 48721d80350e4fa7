"""Who is told of tickets and of promises that are not kept. Each event is told once (domain.notifications.service)."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.events.models import Event
from domain.notifications import recipients
from domain.notifications.causes import TOO_OLD
from domain.notifications.facts import Facts
from domain.notifications.recipients import Recipient
from domain.notifications.service import About, notify
from domain.notifications.telling import others_than
from domain.partner_management.events import (
    BreachClosed,
    BreachEscalated,
    BreachOpened,
    TicketAnswered,
    TicketOpened,
    TicketOverdue,
    TicketReopened,
    TicketSolved,
)
from domain.partner_management.models import PartnerTicket, ServiceBreach, ServiceMetric, TicketSide
from tenants.auth import clock
from tenants.permissions import Role

_TICKETS = frozenset(
    {TicketOpened.type, TicketAnswered.type, TicketSolved.type, TicketReopened.type, TicketOverdue.type}
)
_BREACHES = {
    BreachOpened.type: "service.breached.staff",
    BreachEscalated.type: "service.escalated.staff",
    BreachClosed.type: "service.restored.staff",
}
EVENTS = _TICKETS | frozenset(_BREACHES)
_UNITS = {
    ServiceMetric.UPTIME: "%",
    ServiceMetric.RESPONSE: "ms",
    ServiceMetric.PROCESSING: "min",
    ServiceMetric.STATUS: "s",
}
_ANSWER_FOR_IT = (Role.TENANT_ADMIN,)


async def react(session: AsyncSession, event: Event) -> None:
    """In a session of the system."""
    if event.created_at <= clock.now() - TOO_OLD:
        return
    await (_tell_of_ticket if event.type in _TICKETS else _tell_of_breach)(session, event)


async def _tell_of_ticket(session: AsyncSession, event: Event) -> None:
    ticket = await session.get(PartnerTicket, event.subject_id)
    if ticket is None or (kind := _kind(event)) is None:
        return
    about = About(
        ticket.entity_id, event.subject_type, ticket.id, f"event:{event.id}", tuple(ticket.channel_organization_ids)
    )
    values: Facts = {
        "ticket.number": ticket.number,
        "ticket.subject": ticket.subject,
        "ticket.partner": await _name(session, ticket.organization_id),
    }
    people = await _of_partner(session, ticket) if kind.endswith(".partner") else await _of_staff(session, ticket)
    await notify(session, kind, others_than(people, event.actor_user_id), about, values)


def _kind(event: Event) -> str | None:
    """What is told to whom: the side that did not do it."""
    if event.type == TicketOverdue.type:
        return "ticket.overdue.staff"
    by_partner = event.payload["side"] == TicketSide.PARTNER
    if event.type == TicketSolved.type:
        return None if by_partner else "ticket.resolved.partner"
    what = "opened" if event.type == TicketOpened.type else "answered"
    return f"ticket.{what}.{'staff' if by_partner else 'partner'}"


async def _of_partner(session: AsyncSession, ticket: PartnerTicket) -> list[Recipient]:
    """Who opened it, else whoever logs in for the partner."""
    people = await recipients.partner_people(session, ticket.entity_id, ticket.organization_id)
    opener = [person for person in people if person.user_id and person.user_id == ticket.opened_by_user_id]
    return opener or people


async def _of_staff(session: AsyncSession, ticket: PartnerTicket) -> list[Recipient]:
    """Who sees to it, else the office."""
    people = await recipients.staff(session, ticket.entity_id)
    if ticket.owner_user_id is None:
        return people
    owner = await recipients.user(session, ticket.entity_id, ticket.owner_user_id)
    return [owner] if owner else people


async def _tell_of_breach(session: AsyncSession, event: Event) -> None:
    breach = await session.get(ServiceBreach, event.subject_id)
    if breach is None:
        return
    unit = _UNITS[ServiceMetric(breach.metric)]
    values: Facts = {
        "breach.metric": breach.metric,
        "breach.target": f"{_number(event.payload['target'])} {unit}",
        "breach.value": f"{_number(event.payload['value'])} {unit}",
        "breach.partner": await _name(session, breach.organization_id) if breach.organization_id else None,
        "breach.partners": None if breach.organization_id else str(breach.partners),
    }
    about = About(breach.entity_id, event.subject_type, breach.id, f"event:{event.id}")
    roles = _ANSWER_FOR_IT if event.payload.get("level", 0) >= 3 else recipients.OFFICE
    people = await recipients.staff(session, breach.entity_id, roles)
    await notify(session, _BREACHES[event.type], people, about, values)


def _number(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


async def _name(session: AsyncSession, organization_id: UUID) -> str:
    organization = await session.get(Contact, organization_id)
    return organization.name if organization else ""
