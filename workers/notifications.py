"""Carrying notifications to providers, and reminding people of what is ahead. Nothing outside within a transaction."""

from uuid import UUID

import structlog
from prometheus_client import Counter

from domain.notifications import reminders, tracking
from domain.notifications.deliveries import JOB, QUEUE
from domain.notifications.models import DeliveryReason
from domain.notifications.tracking import Outgoing
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from workers import gateways
from workers.gateways import Accepted, Outcome, Refused, Unavailable
from workers.jobs import Arguments, Later, job
from workers.run import Run

ATTEMPTS = Counter(
    "chargecars_notification_attempts", "Messages handed to providers, by what came of it.", ("channel", "outcome")
)
_log = structlog.get_logger(__name__)


@job(JOB, queue=QUEUE, outside=True, timeout=60)
async def deliver_notification(run: Run, arguments: Arguments) -> None:
    """Send one delivery over its channel; what comes of it is written down on the delivery itself."""
    wait = await deliver(run.database, run.settings, UUID(arguments["delivery_id"]))
    if wait is not None:
        raise Later(wait)


async def deliver(database: Database, settings: Settings, id: UUID) -> float | None:
    """One attempt; after how many seconds another one is due, None where it is over."""
    async with database.session(SYSTEM) as session:
        outgoing = await tracking.begin(session, id)
    if outgoing is None:
        return None
    async with gateways.client() as client:
        outcome = await gateways.send(client, settings, outgoing)
    return await _settle(database, outgoing, outcome)


async def _settle(database: Database, outgoing: Outgoing, outcome: Outcome) -> float | None:
    ATTEMPTS.labels(outgoing.channel.value, type(outcome).__name__.lower()).inc()
    async with database.session(SYSTEM) as session:
        match outcome:
            case Accepted(provider_id):
                await tracking.accepted(session, outgoing.id, provider_id)
                return None
            case Refused(error):
                _failed(outgoing, error)
                await tracking.refused(session, outgoing.id, DeliveryReason.REFUSED, error)
                return None
            case Unavailable(error, after):
                _failed(outgoing, error)
                wait = await tracking.postpone(session, outgoing.id, error, after)
                return None if wait is None else wait.total_seconds()


def _failed(outgoing: Outgoing, error: str) -> None:
    # Neither the address nor the text is logged, nor what the provider answered: answers quote them.
    _log.warning(
        "notification_failed",
        delivery_id=str(outgoing.id),
        channel=outgoing.channel.value,
        attempt=outgoing.attempt,
        error=error,
    )


async def remind(database: Database) -> int:
    """Send the reminders that are due, each once; how many were looked at. One that fails holds up no other."""
    async with database.session(SYSTEM) as session:
        entity_ids = await reminders.entities(session)
    return sum([await _of_entity(database, entity_id) for entity_id in entity_ids])


async def _of_entity(database: Database, entity_id: UUID) -> int:
    async with database.session(SYSTEM) as session:
        due = await reminders.of_entity(session, entity_id)
    return sum([await _one(database, what, id) for what, id in due])


async def _one(database: Database, what: str, id: UUID) -> bool:
    try:
        async with database.session(SYSTEM) as session:
            await reminders.remind(session, what, id)
    except Exception as error:
        # The text of an error may quote the person, so only its kind is logged.
        _log.warning("reminder_failed", what=what, subject_id=str(id), error=type(error).__name__)
        return False
    return True
