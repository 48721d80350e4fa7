"""What is wrong with some chargers of the demo: one is too hot, one was not heard of for days, one is about to fail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chargecars.demo.draw import Draw
from domain.chargers.models import Charger, Connector, ConnectorStatus
from domain.health import alerts, assessing, maintenance, troubles
from domain.health.alerts import Noticed
from domain.health.maintenance import Wanted
from domain.health.models import AlertSource, ChargerAlert, Code, Severity
from domain.health.troubles import Trouble
from domain.numbering.service import AMSTERDAM
from tenants.auth import clock

_HOUR = timedelta(hours=1)


async def add_ailments(session: AsyncSession, chargers: Sequence[Charger], now: datetime, draw: Draw) -> None:
    """Of three of an entity's chargers; the figures of all of them."""
    hot, gone, failing = draw.several(chargers, 3)
    await _hot(session, hot, now)
    await _gone(session, gone, now)
    await _failing(session, failing, now)
    await troubles.count(session, [(c.id, Trouble(faults=draw.integer(0, 2))) for c in chargers], now - 20 * _HOUR)
    await assessing.assess(session, [charger.id for charger in chargers], now)
    await _plan(session, failing)


async def _hot(session: AsyncSession, charger: Charger, now: datetime) -> None:
    noticed = Noticed(
        charger.id, Code.OVER_TEMPERATURE.value, Severity.WARNING, now - 2 * _HOUR, "74.5 °C", 1, count=14
    )
    await alerts.notice(session, [noticed])


async def _gone(session: AsyncSession, charger: Charger, now: datetime) -> None:
    """It was heard of, and is not any more."""
    charger.last_seen_at = now - timedelta(days=2)
    said = f"{charger.last_seen_at:%Y-%m-%d %H:%M} UTC"
    await alerts.notice(session, [Noticed(charger.id, Code.OFFLINE.value, Severity.CRITICAL, now, said)])
    await troubles.count(session, [(charger.id, Trouble(outages=6))], now)


async def _failing(session: AsyncSession, charger: Charger, now: datetime) -> None:
    query = select(Connector).where(Connector.charger_id == charger.id, Connector.number == 1)
    connector = (await session.scalars(query)).one()
    connector.status, connector.error_code, connector.status_at = ConnectorStatus.FAULTED.value, "GroundFailure", now
    for days in range(6):
        await troubles.count(session, [(charger.id, Trouble(faults=5, restarts=3))], now - timedelta(days=days))
    fault = Noticed(charger.id, Code.CONNECTOR_FAULTED.value, Severity.WARNING, now, "GroundFailure", 1)
    device = Noticed(charger.id, "RELAY_WELDED", Severity.CRITICAL, now, "Relay does not open", 1)
    await alerts.notice(session, [fault])
    await alerts.notice(session, [device], AlertSource.DEVICE)


async def _plan(session: AsyncSession, charger: Charger) -> None:
    query = select(ChargerAlert.id).where(ChargerAlert.charger_id == charger.id, ChargerAlert.closed_at.is_(None))
    ids: list[UUID] = list(await session.scalars(query))
    due = clock.now().astimezone(AMSTERDAM).date() + timedelta(days=5)
    wanted = Wanted(charger.id, "Relais en aardlek vervangen", due, Severity.CRITICAL, alert_ids=ids)
    await maintenance.plan(session, wanted)
