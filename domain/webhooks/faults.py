"""Messages of a sandbox that go wrong on purpose, each once: what a receiver has to cope with one day.

`webhook_endpoint.faults`: `{"shares": {fault: 0 to 1}, "planned": {subject id: {event type: fault}}}`, the type of a
stage with the stage behind it (`order.stage_changed:SCHEDULED`). Chance depends on the event alone.
"""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.webhooks.models import AttemptError, DeliveryState, Fault, WebhookDelivery, WebhookEndpoint
from domain.webhooks.outcome import Outcome
from tenants.auth import clock

LATE = timedelta(hours=1)
SIMULATED = "simulated in the sandbox"
_BEFORE_SENDING = frozenset({Fault.LATE, Fault.OUT_OF_ORDER})


def assign(endpoint: WebhookEndpoint, event: Event, row: dict[str, Any]) -> None:
    """Decide how a new delivery of a sandbox goes wrong, if it does."""
    found = _planned(endpoint, event) or _by_chance(endpoint, event.id)
    if found is None:
        return
    row |= {"fault": found.value, "fault_due": found not in _BEFORE_SENDING}
    if found in _BEFORE_SENDING:
        row["next_attempt_at"] = clock.now() + LATE


def _planned(endpoint: WebhookEndpoint, event: Event) -> Fault | None:
    plan = (endpoint.faults or {}).get("planned", {}).get(str(event.subject_id), {})
    found = plan.get(f"{event.type}:{event.payload.get('stage')}") or plan.get(event.type)
    return Fault(found) if found else None


def _by_chance(endpoint: WebhookEndpoint, event_id: UUID) -> Fault | None:
    """The first fault within whose share the event falls."""
    drawn = int.from_bytes(hashlib.sha256(event_id.bytes).digest()[:8]) / 2**64
    for name, share in sorted((endpoint.faults or {}).get("shares", {}).items()):
        if drawn < share:
            return Fault(name)
        drawn -= share
    return None


def due(delivery: WebhookDelivery) -> Fault | None:
    """What is to go wrong in this attempt."""
    return Fault(delivery.fault) if delivery.fault and delivery.fault_due else None


def is_sent(fault: Fault | None) -> bool:
    """Whether a request leaves at all."""
    return fault is not Fault.SERVER_ERROR


def spoilt(fault: Fault | None, headers: dict[str, str]) -> dict[str, str]:
    """The headers as they are sent: with a signature by nobody's secret where that is the fault."""
    if fault is not Fault.BAD_SIGNATURE:
        return headers
    forged = hashlib.sha256(headers["webhook-signature"].encode()).hexdigest()[:43] + "="
    return headers | {"webhook-signature": f"v1,{forged}"}


def outcome(fault: Fault | None, real: Outcome | None) -> Outcome:
    """What an attempt counts as."""
    if real is None or fault is Fault.SERVER_ERROR:
        return Outcome(AttemptError.STATUS, status=500, detail=SIMULATED, fault=fault)
    if fault is Fault.TIMEOUT:
        return replace(real, error=AttemptError.TIMEOUT, detail=SIMULATED, fault=fault)
    return replace(real, fault=fault) if fault else real


def again(delivery: WebhookDelivery, arrived: bool) -> bool:
    """After an attempt: whether the message is sent once more at once, without that counting as a retry."""
    fault, delivery.fault_due = due(delivery), False
    if fault is Fault.BAD_SIGNATURE or (fault is Fault.DUPLICATE and arrived):
        delivery.attempts_before += 1
        delivery.next_attempt_at = clock.now()
        return True
    return False


async def let_go(session: AsyncSession, delivery: WebhookDelivery) -> None:
    """What was held back of the subject comes now that something later has arrived."""
    held = update(WebhookDelivery).where(
        WebhookDelivery.endpoint_id == delivery.endpoint_id,
        WebhookDelivery.subject_id == delivery.subject_id,
        WebhookDelivery.state == DeliveryState.PENDING,
        WebhookDelivery.fault == Fault.OUT_OF_ORDER,
        WebhookDelivery.position < delivery.position,
    )
    await session.execute(held.values(next_attempt_at=clock.now()).execution_options(synchronize_session=False))
