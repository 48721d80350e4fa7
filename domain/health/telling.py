"""Who is told of alerts and maintenance: the charger's owner, and the office; nobody a thousand times.

An owner is told of a charger once a day of the same trouble, the office of what many chargers may have at once (that
they are offline, and every mere warning) once an hour, with their number.
"""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.contacts.models import Contact, ContactType
from domain.events.models import Event
from domain.health.models import ChargerAlert, Code, MaintenanceTask, Severity
from domain.notifications.facts import Facts
from domain.notifications.service import About
from domain.notifications.telling import tell_contact, tell_partner, tell_staff
from domain.numbering.service import AMSTERDAM

_OF_OWNERS = (Code.OFFLINE, Code.OVER_TEMPERATURE, Code.CONNECTOR_FAULTED)
"""What an owner is told of before it is critical."""


async def tell_of_alert(session: AsyncSession, event: Event) -> None:
    """That it was opened or has become worse; nothing where it is over by now. A session of the system."""
    alert = await session.get(ChargerAlert, event.subject_id)
    if alert is None or alert.closed_at is not None or alert.severity == Severity.INFO:
        return
    charger = await session.get_one(Charger, alert.charger_id)
    values = _of_alert(alert) | of_charger(charger)
    await _tell_office(session, alert, values, event)
    if alert.severity == Severity.CRITICAL or alert.code in _OF_OWNERS:
        day = event.created_at.astimezone(AMSTERDAM).date()
        key = f"alert:{alert.charger_id}:{alert.code}:{alert.severity}:{day}"
        await _tell_owner(session, "charger.alert", charger, _about(charger, "ChargerAlert", alert, key), values)


async def tell_of_maintenance(session: AsyncSession, event: Event) -> None:
    """That maintenance was planned."""
    task = await session.get(MaintenanceTask, event.subject_id)
    if task is None or task.ended_at is not None:
        return
    charger = await session.get_one(Charger, task.charger_id)
    values = of_charger(charger) | {
        "maintenance.title": task.title,
        "maintenance.due_on": task.due_on.isoformat(),
    }
    about = _about(charger, "MaintenanceTask", task, f"event:{event.id}")
    await _tell_owner(session, "charger.maintenance", charger, about, values)


def of_charger(charger: Charger) -> Facts:
    place = ", ".join(part for part in (charger.street, charger.city) if part)
    return {"charger.name": charger.name or charger.identity, "charger.place": place or None}


async def _tell_office(session: AsyncSession, alert: ChargerAlert, values: Facts, event: Event) -> None:
    hourly = alert.severity != Severity.CRITICAL or alert.code == Code.OFFLINE
    hour = f"{event.created_at:%Y-%m-%dT%H}"
    key = f"alerts:{alert.entity_id}:{alert.code}:{alert.severity}:{hour}" if hourly else f"event:{event.id}"
    others = await _others(session, alert) if hourly else 0
    about = About(alert.entity_id, "ChargerAlert", alert.id, key)
    await tell_staff(session, "charger.alert.staff", about, values | {"alert.others": str(others or "") or None}, event)


async def _tell_owner(session: AsyncSession, kind: str, charger: Charger, about: About, values: Facts) -> None:
    contact = await session.get(Contact, charger.owner_contact_id) if charger.owner_contact_id else None
    if contact is None:
        return
    if contact.contact_type == ContactType.PERSON:
        await tell_contact(session, kind, contact.id, about, values)
    else:
        await tell_partner(session, f"{kind}.partner", contact.id, about, values, but=None)


def _about(charger: Charger, subject_type: str, row: ChargerAlert | MaintenanceTask, key: str) -> About:
    return About(charger.entity_id, subject_type, row.id, key, chain=tuple(charger.channel_organization_ids))


def _of_alert(alert: ChargerAlert) -> Facts:
    return {
        "alert.code": alert.code,
        "alert.severity": alert.severity,
        "alert.text": alert.text or None,
        "alert.others": None,
    }


async def _others(session: AsyncSession, alert: ChargerAlert) -> int:
    same = select(func.count()).where(
        ChargerAlert.entity_id == alert.entity_id,
        ChargerAlert.code == alert.code,
        ChargerAlert.closed_at.is_(None),
        ChargerAlert.id != alert.id,
    )
    return int((await session.execute(same)).scalar_one())
