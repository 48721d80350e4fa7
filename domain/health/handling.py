"""What people do with alerts: see to them, close them, take that back. As the actor."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.chargers.models import Charger
from domain.events.record import Payload, changes_of, record
from domain.health.errors import AlertClosedAlready, AlertNotDealtWith, AlertOpenedAnew
from domain.health.events import AlertAcknowledged, AlertClosed, AlertReopened
from domain.health.models import AlertState, ChargerAlert, MaintenanceTask
from domain.rows import actor_of, find
from domain.unique import refusing_taken
from tenants.auth import clock

MOST_REASON = 500


async def acknowledge(session: AsyncSession, id: UUID) -> ChargerAlert:
    """Somebody deals with it. Again by the same or another: nothing changes."""
    alert = await find(session, ChargerAlert, id, lock=True)
    if alert.state == AlertState.CLOSED:
        raise AlertClosedAlready(field=("id",))
    if alert.state == AlertState.OPEN:
        await mark_acknowledged(session, alert)
    return alert


async def mark_acknowledged(session: AsyncSession, alert: ChargerAlert) -> None:
    """Of a locked open alert."""
    alert.state = AlertState.ACKNOWLEDGED.value
    alert.acknowledged_at, alert.acknowledged_by = clock.now(), actor_of(session).user_id
    await tell(session, alert, AlertAcknowledged(alert.charger_id, alert.code, alert.severity))


async def close(session: AsyncSession, id: UUID, reason: str) -> ChargerAlert:
    """It is over, since somebody says so; the same again opens another."""
    said = validation.text(reason, "reason", minimum=0, maximum=MOST_REASON)
    alert = await find(session, ChargerAlert, id, lock=True)
    if alert.state == AlertState.CLOSED:
        raise AlertClosedAlready(field=("id",))
    await mark_closed(session, alert, said)
    return alert


async def mark_closed(session: AsyncSession, alert: ChargerAlert, reason: str) -> None:
    """Of a locked alert that is not closed."""
    alert.state = AlertState.CLOSED.value
    alert.closed_at = max(clock.now(), alert.opened_at)
    alert.closed_by, alert.close_reason = actor_of(session).user_id, reason
    told = AlertClosed(alert.charger_id, alert.code, alert.severity, by_rule=False, reason=reason)
    await tell(session, alert, told)


async def reopen(session: AsyncSession, id: UUID) -> ChargerAlert:
    """Take back that it was acknowledged or closed."""
    alert = await find(session, ChargerAlert, id, lock=True)
    if alert.state == AlertState.OPEN:
        raise AlertNotDealtWith(field=("id",))
    if alert.state == AlertState.CLOSED and await _is_open_anew(session, alert):
        raise AlertOpenedAnew(field=("id",))
    async with refusing_taken(session, uq_charger_alert_open=("id",)):
        await mark_open(session, alert)
    return alert


async def mark_open(session: AsyncSession, alert: ChargerAlert) -> None:
    """Of a locked alert of which no other is open."""
    alert.state = AlertState.OPEN.value
    alert.acknowledged_at = alert.acknowledged_by = None
    alert.closed_at = alert.closed_by = None
    alert.close_reason = ""
    await belong(session, alert)
    await tell(session, alert, AlertReopened(alert.charger_id, alert.code, alert.severity))


async def belong(session: AsyncSession, row: ChargerAlert | MaintenanceTask) -> None:
    """What is open concerns whom its charger concerns now."""
    charger = await find(session, Charger, row.charger_id)
    row.owner_contact_id = charger.owner_contact_id
    row.channel_organization_ids = list(charger.channel_organization_ids)


async def tell(session: AsyncSession, alert: ChargerAlert, happened: Payload) -> None:
    changes: dict[str, list[Any]] = changes_of(alert)
    await record(
        session,
        happened,
        entity_id=alert.entity_id,
        subject_id=alert.id,
        channel=alert.channel_organization_ids,
        contact_ids=[alert.owner_contact_id],
        changes=changes,
    )


async def _is_open_anew(session: AsyncSession, alert: ChargerAlert) -> bool:
    same = select(ChargerAlert.id).where(
        ChargerAlert.charger_id == alert.charger_id,
        ChargerAlert.code == alert.code,
        ChargerAlert.closed_at.is_(None),
    )
    return (await session.execute(same)).first() is not None
