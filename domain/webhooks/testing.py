"""Trying an endpoint out: any event as a sample, and why a signature does not fit what somebody received.

`session` is the platform's; what the actor may do is checked as the actor.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events import positions
from domain.events.models import EventPosition
from domain.events.positions import Positioned
from domain.webhooks import secrets, service, subscriptions
from domain.webhooks.deliveries import SAMPLE
from domain.webhooks.errors import UnknownEventType
from domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from domain.webhooks.payloads import owner_of
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.auth import clock
from tenants.settings import Settings

WINDOW_SECONDS = 300
_STATUS = {
    "quote.sent": "quote_sent",
    "quote.signed": "customer_approved",
    "quote.declined": "declined",
    "quote.expired": "expired",
    "quote.withdrawn": "withdrawn",
    "order.received": "received",
    "order.stage_changed": "scheduled",
    "order.held": "on_hold",
    "order.resumed": "planning",
    "order.cancelled": "cancelled",
    "order.completed": "completed",
}


class SignatureProblem(StrEnum):
    """What does not fit."""

    TIMESTAMP_MALFORMED = "TIMESTAMP_MALFORMED"
    TOO_OLD = "TOO_OLD"
    FROM_THE_FUTURE = "FROM_THE_FUTURE"
    SIGNATURE_MALFORMED = "SIGNATURE_MALFORMED"
    UNKNOWN_ID = "UNKNOWN_ID"
    BODY_REWRITTEN = "BODY_REWRITTEN"
    BODY_CHANGED = "BODY_CHANGED"
    NOT_SIGNED_BY_US = "NOT_SIGNED_BY_US"


@dataclass(frozen=True, slots=True)
class Received:
    """What somebody received: three headers and the body."""

    id: str
    timestamp: str
    signature: str
    body: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`genuine`: a secret of the endpoint made the signature, and the time is near."""

    genuine: bool
    problems: list[SignatureProblem] = field(default_factory=list)


def check_type(endpoint: WebhookEndpoint, type: str) -> None:
    """Raises: UnknownEventType for what the endpoint's owner cannot subscribe to."""
    if type not in subscriptions.subscribable(internal=endpoint.organization_id is None):
        raise UnknownEventType(type=type[:100], field=("event_type",))


async def newest_of(session: AsyncSession, endpoint: WebhookEndpoint, type: str) -> Positioned | None:
    """The last event of a type that the endpoint's owner sees, subscribed to or not."""
    owner = owner_of(endpoint.entity_id, endpoint.organization_id)
    query = positions.visible(owner).where(EventPosition.type == type).order_by(EventPosition.position.desc()).limit(1)
    async with acting_as(session, owner):
        row = (await session.execute(query)).first()
    return Positioned(*row) if row else None


def sample_of(type: str) -> str:
    """What stands for an event of a type that has not happened yet, in the form of the partner document."""
    return orjson.dumps(SAMPLE | {"status": _STATUS.get(type)}).decode()


async def check_signature(
    session: AsyncSession, settings: Settings, actor: Actor, endpoint_id: UUID, received: Received
) -> Verdict:
    """Whether it is genuine, else everything that speaks against it. Raises: NotFound."""
    endpoint = await service.mine(session, actor, endpoint_id, field=("endpoint_id",))
    timing = _timing(received.timestamp)
    known = secrets.secrets_of(settings, endpoint, clock.now())
    if _signed(known, received):
        return Verdict(not timing, timing)
    why = [] if _well_formed(received.signature) else [SignatureProblem.SIGNATURE_MALFORMED]
    return Verdict(False, [*timing, *why, *await _compared(session, endpoint, received)])


def _timing(given: str) -> list[SignatureProblem]:
    if not (given.isascii() and given.isdigit() and len(given) < 12):
        return [SignatureProblem.TIMESTAMP_MALFORMED]
    late = clock.now().timestamp() - int(given)
    if abs(late) <= WINDOW_SECONDS:
        return []
    return [SignatureProblem.TOO_OLD if late > 0 else SignatureProblem.FROM_THE_FUTURE]


def _well_formed(signature: str) -> bool:
    parts = signature.split()
    return bool(parts) and all(part.startswith("v1,") and len(part) == len("v1,") + 44 for part in parts)


def _signed(known: list[str], received: Received) -> bool:
    """By one of the secrets, whatever the time."""
    signed, given = f"{received.id}.{received.timestamp}.{received.body}", received.signature.split()
    expected = [_digest(secret, signed) for secret in known]
    return any([hmac.compare_digest(each.encode(), part.encode()) for each in expected for part in given])


def _digest(secret: str, signed: str) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()


async def _compared(session: AsyncSession, endpoint: WebhookEndpoint, received: Received) -> list[SignatureProblem]:
    """What the delivery with this id says."""
    sent = await _sent(session, endpoint, received.id)
    if sent is None:
        return [SignatureProblem.UNKNOWN_ID]
    if sent == received.body:
        return [SignatureProblem.NOT_SIGNED_BY_US]
    return [SignatureProblem.BODY_REWRITTEN if _same(sent, received.body) else SignatureProblem.BODY_CHANGED]


async def _sent(session: AsyncSession, endpoint: WebhookEndpoint, message_id: str) -> str | None:
    try:
        id = UUID(hex=message_id.removeprefix("msg_"))
    except ValueError:
        return None
    query = select(WebhookDelivery.body).where(WebhookDelivery.id == id, WebhookDelivery.endpoint_id == endpoint.id)
    return (await session.scalars(query)).one_or_none()


def _same(one: str, other: str) -> bool:
    """The same JSON, written otherwise: somebody signed what was parsed, not what came."""
    try:
        return bool(orjson.loads(one) == orjson.loads(other))
    except orjson.JSONDecodeError:
        return False
