"""What follows from events: faults and restarts are counted, owners and the office told, maintenance follows visits."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import ConnectorStatus
from domain.events.models import Event
from domain.health import alerts, telling, troubles, visiting
from domain.health.alerts import Noticed
from domain.health.events import AlertEscalated, AlertOpened, MaintenancePlanned
from domain.health.models import Code, Severity
from domain.health.troubles import Trouble
from domain.notifications.causes import TOO_OLD
from tenants.auth import clock

_STATUS, _BOOTED = "charger.status_changed", "charger.booted"
_ALERTS = frozenset({AlertOpened.type, AlertEscalated.type})
_VISITS = frozenset({visiting.DONE, visiting.OFF})
EVENTS = _ALERTS | _VISITS | {_STATUS, _BOOTED, MaintenancePlanned.type}


async def react(session: AsyncSession, event: Event) -> None:
    """In a session of the system."""
    if event.type == _STATUS:
        await _status(session, event)
    elif event.type == _BOOTED:
        await troubles.count(session, [(event.subject_id, Trouble(restarts=1))], event.created_at)
    elif event.type in _VISITS:
        await visiting.follow(session, event)
    elif event.created_at > clock.now() - TOO_OLD:
        tell = telling.tell_of_alert if event.type in _ALERTS else telling.tell_of_maintenance
        await tell(session, event)


async def _status(session: AsyncSession, event: Event) -> None:
    """A connector that has failed; that it is well again is found by a look each minute."""
    said = event.payload
    if said["status"] != ConnectorStatus.FAULTED or said.get("before") == ConnectorStatus.FAULTED:
        return
    await troubles.count(session, [(event.subject_id, Trouble(faults=1))], event.created_at)
    words, connector = said.get("error_code") or "", said["connector"] or None
    code, severity = Code.CONNECTOR_FAULTED.value, Severity.WARNING
    await alerts.notice(session, [Noticed(event.subject_id, code, severity, event.created_at, words, connector)])
