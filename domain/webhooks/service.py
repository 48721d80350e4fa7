"""Endpoints: made with a secret that is shown once, changed, rotated, disabled, deleted.

`session` is the platform's, because secrets are read by nobody else; what the actor may do is checked as the actor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import FieldPath, NotFound, OutOfRange
from domain.events.record import Payload, changes_of, record
from domain.rows import find
from domain.users.rights import entity_within, organization_within
from domain.webhooks import events, secrets
from domain.webhooks.details import Checks, policy_fits
from domain.webhooks.errors import TooManyEndpoints
from domain.webhooks.models import (
    DeliveryState,
    DisabledReason,
    EndpointState,
    ReplayState,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookReplay,
)
from domain.webhooks.payloads import Renderer, owner_of
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.models import UserAccount
from tenants.settings import Settings

MOST_ENDPOINTS = 20
OVERLAP = timedelta(days=1)
_LONGEST_OVERLAP = timedelta(days=30)
_SHOWN_IN_AUDIT = ("url", "description", "event_types", "selection", "mail_fallback", "state", "disabled_reason")


@dataclass(frozen=True)
class Made:
    """An endpoint and the secret to check signatures with; it cannot be shown again."""

    endpoint: WebhookEndpoint
    secret: str


@dataclass(frozen=True)
class Here:
    """What this process does webhooks with."""

    settings: Settings
    renderer: Renderer

    def checks(self, entity_id: UUID, organization_id: UUID | None) -> Checks:
        return Checks(self.settings, self.renderer, owner_of(entity_id, organization_id))


async def create(
    session: AsyncSession,
    here: Here,
    actor: Actor,
    given: Mapping[str, Any],
    *,
    entity_id: UUID | None = None,
    organization_id: UUID | None = None,
) -> Made:
    """Make an endpoint of the actor's organization; staff name one, or none for the entity's own.

    `given` has `url`; what else is left out is the default. Raises: what `details` does, NotFound, TooManyEndpoints.
    """
    entity_id = await entity_within(session, actor, entity_id)
    organization_id = await _organization(session, actor, organization_id, entity_id)
    values = {"event_types": None, **given}
    if values.get("contact_emails") is None:
        values["contact_emails"] = await _own_address(session, actor)
    checked = here.checks(entity_id, organization_id).checked(values)
    await _require_room(session, entity_id, organization_id)
    made = WebhookEndpoint(
        id=(await session.execute(select(func.uuidv7()))).scalar_one(),
        entity_id=entity_id,
        organization_id=organization_id,
        language=actor.language,
        created_by_user_id=actor.user_id,
        **checked,
    )
    policy_fits(made)
    secret = secrets.generate()
    made.secret = secrets.sealed(here.settings, made.id, secret)
    session.add(made)
    await session.flush()
    await tell(session, made, events.EndpointCreated(list(made.event_types)))
    return Made(made, secret)


async def change(
    session: AsyncSession, here: Here, actor: Actor, id: UUID, given: Mapping[str, Any]
) -> WebhookEndpoint:
    """Change what is given; what waits already keeps its payload."""
    endpoint = await mine(session, actor, id)
    checked = here.checks(endpoint.entity_id, endpoint.organization_id).checked(given)
    for name, value in checked.items():
        setattr(endpoint, name, value)
    policy_fits(endpoint)
    changes = {name: both for name, both in changes_of(endpoint).items() if name in _SHOWN_IN_AUDIT}
    await session.flush()
    await tell(session, endpoint, events.EndpointUpdated(), changes)
    return endpoint


async def rotate(
    session: AsyncSession, here: Here, actor: Actor, id: UUID, previous_until: datetime | None = None
) -> Made:
    """A new secret; the one before signs as well until then, by default a day. Now: it was stolen."""
    endpoint = await mine(session, actor, id)
    until = _end_of_overlap(previous_until)
    secret = secrets.generate()
    kept = until > clock.now()
    endpoint.previous_secret = endpoint.secret if kept else None
    endpoint.overlap_until = until if kept else None
    endpoint.secret = secrets.sealed(here.settings, endpoint.id, secret)
    await session.flush()
    await tell(session, endpoint, events.SecretRotated(until.isoformat()))
    return Made(endpoint, secret)


async def enable(session: AsyncSession, actor: Actor, id: UUID) -> WebhookEndpoint:
    """Let it get events again; what it missed is replayed on demand only. Doing it again changes nothing."""
    endpoint = await mine(session, actor, id)
    if endpoint.state == EndpointState.DISABLED:
        endpoint.state, endpoint.disabled_reason, endpoint.disabled_at = EndpointState.ENABLED, None, None
        endpoint.failing_since, endpoint.failed_in_a_row, endpoint.alerted_at = None, 0, None
        await session.flush()
        await tell(session, endpoint, events.EndpointEnabled())
    return endpoint


async def disable(session: AsyncSession, actor: Actor, id: UUID) -> WebhookEndpoint:
    """Let it get nothing; what waits is skipped. Doing it again changes nothing."""
    endpoint = await mine(session, actor, id)
    if endpoint.state == EndpointState.ENABLED:
        await turn_off(session, endpoint, DisabledReason.MANUAL)
    return endpoint


async def delete(session: AsyncSession, actor: Actor, id: UUID) -> None:
    """Nobody sees it any more and its secrets are gone; its deliveries stay until their time is over."""
    endpoint = await mine(session, actor, id)
    endpoint.deleted_at = clock.now()
    endpoint.secret, endpoint.previous_secret, endpoint.overlap_until = b"", None, None
    endpoint.contact_emails = []
    await turn_off(session, endpoint, DisabledReason.DELETED, told=False)
    await tell(session, endpoint, events.EndpointDeleted())


async def turn_off(
    session: AsyncSession, endpoint: WebhookEndpoint, reason: DisabledReason, *, told: bool = True
) -> None:
    """Disable a locked endpoint, skip what waits for it and end its replays."""
    endpoint.state, endpoint.disabled_reason, endpoint.disabled_at = EndpointState.DISABLED, reason, clock.now()
    await session.flush()
    waiting = update(WebhookDelivery).where(
        WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.state == DeliveryState.PENDING
    )
    await session.execute(
        waiting.values(state=DeliveryState.SKIPPED.value).execution_options(synchronize_session=False)
    )
    running = update(WebhookReplay).where(
        WebhookReplay.endpoint_id == endpoint.id, WebhookReplay.state == ReplayState.RUNNING
    )
    ended = {"state": ReplayState.CANCELLED.value, "finished_at": clock.now()}
    await session.execute(running.values(**ended).execution_options(synchronize_session=False))
    if told:
        await tell(session, endpoint, events.EndpointDisabled(reason))


async def mine(session: AsyncSession, actor: Actor, id: UUID, *, field: FieldPath = ("id",)) -> WebhookEndpoint:
    """The endpoint, locked, where the actor sees it. Raises: NotFound."""
    async with acting_as(session, actor):
        await find(session, WebhookEndpoint, id, field=field)
    endpoint = await find(session, WebhookEndpoint, id, lock=True, field=field)
    if endpoint.deleted_at is not None:
        raise NotFound(field=field)
    return endpoint


async def tell(
    session: AsyncSession,
    endpoint: WebhookEndpoint,
    happened: Payload,
    changes: dict[str, list[Any]] | None = None,
) -> None:
    """Record what happened to an endpoint, for staff and its own organization."""
    own = [endpoint.organization_id] if endpoint.organization_id else []
    await record(
        session,
        happened,
        entity_id=endpoint.entity_id,
        subject_id=endpoint.id,
        organization_ids=own,
        channel=own,
        changes=changes,
    )


async def _organization(
    session: AsyncSession, actor: Actor, organization_id: UUID | None, entity_id: UUID
) -> UUID | None:
    """A partner's own and no other; for staff the one named."""
    if actor.audience is Audience.PARTNER and organization_id not in (None, actor.organization_id):
        raise NotFound(field=("organization_id",))
    found = await organization_within(session, actor, organization_id, entity_id)
    return found.id if found else None


async def _own_address(session: AsyncSession, actor: Actor) -> list[str]:
    address = await session.scalar(select(UserAccount.email).where(UserAccount.id == actor.user_id))
    return [address] if address else []


async def _require_room(session: AsyncSession, entity_id: UUID, organization_id: UUID | None) -> None:
    used = select(func.count()).where(
        WebhookEndpoint.entity_id == entity_id,
        WebhookEndpoint.organization_id.is_not_distinct_from(organization_id),
        WebhookEndpoint.deleted_at.is_(None),
    )
    if (await session.execute(used)).scalar_one() >= MOST_ENDPOINTS:
        raise TooManyEndpoints(maximum=MOST_ENDPOINTS)


def _end_of_overlap(asked: datetime | None) -> datetime:
    now = clock.now()
    until = asked or now + OVERLAP
    if until > now + _LONGEST_OVERLAP:
        latest = (now + _LONGEST_OVERLAP).isoformat()
        raise OutOfRange(minimum=now.isoformat(), maximum=latest, field=("previous_valid_until",))
    return max(until, now)
