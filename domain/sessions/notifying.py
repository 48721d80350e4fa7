"""Drivers are told of their sessions: begun or not, each quarter, ended."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.contacts.models import Contact, ContactType
from domain.events.models import Event
from domain.notifications.facts import Facts
from domain.notifications.service import About
from domain.notifications.telling import tell_contact, tell_partner
from domain.sessions.models import ChargingSession
from tenants.auth import clock

TOLD = {
    "session.started": "session.started",
    "session.start_failed": "session.start_failed",
    "session.progressed": "session.progressed",
    "session.completed": "session.completed",
    "session.closed_by_rule": "session.completed",
}
"""By type of event: the kind of notification."""
_NEWS = timedelta(hours=6)
"""What a charger tells later of a session is history to its driver."""


async def tell_driver(session: AsyncSession, event: Event) -> None:
    """A session of the system; nothing where nobody knows who drives, or where it is no news any more."""
    row = await session.get(ChargingSession, event.subject_id)
    if row is None or row.driver_contact_id is None or _happened_at(row, event) < clock.now() - _NEWS:
        return
    contact = await session.get(Contact, row.driver_contact_id)
    if contact is None:
        return
    kind, values = TOLD[event.type], await _facts(session, row, event)
    about = About(row.entity_id, "ChargingSession", row.id, f"event:{event.id}")
    if contact.contact_type == ContactType.PERSON:
        await tell_contact(session, kind, contact.id, about, values)
    else:
        await tell_partner(session, f"{kind}.partner", contact.id, about, values, but=event.actor_user_id)


def _happened_at(row: ChargingSession, event: Event) -> datetime:
    """By the charger's clock, which an event of a charger that was away is behind."""
    if event.type == "session.started":
        return row.started_at
    return (row.meter_at or row.heard_at) if event.type == "session.progressed" else (row.ended_at or event.created_at)


async def _facts(session: AsyncSession, row: ChargingSession, event: Event) -> Facts:
    charger = await session.get_one(Charger, row.charger_id)
    milestone, wh = event.payload.get("milestone"), int(event.payload.get("energy_wh", row.energy_wh))
    return {
        "charger.name": charger.name or charger.identity,
        "charger.place": ", ".join(part for part in (charger.street, charger.city) if part) or None,
        "session.number": row.number,
        "session.energy": f"{Decimal(wh) / 1000:.1f} kWh".replace(".", ","),
        "session.estimated": "yes" if event.type == "session.closed_by_rule" else None,
        "reason": event.payload.get("reason"),
    } | ({"session.milestone": str(milestone)} if milestone else {})
