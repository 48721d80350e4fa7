"""What is changed about an integration: by its partner within what was agreed, by staff beyond that.

`session` is the platform's; what the actor may do is checked as the actor.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.models import Contact
from domain.errors import Faults, InvalidState, PermissionDenied, Required, Stale, TooMany
from domain.events.record import changes_of
from domain.partner_orders import events, integration, signing
from domain.partner_orders.errors import InvalidNetwork, PersonRequired
from domain.partner_orders.models import IntegrationStatus, PartnerIntegration
from domain.rows import find
from domain.users.rights import entity_within, organization_within
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.settings import Settings

MOST_NETWORKS = 50
MOST_EMAILS = 10
LONGEST_REASON = 1_000
_STAFF = (Audience.STAFF, Audience.SYSTEM)
_SHOWN = ("status", "signature_required", "allowed_addresses", "requests_per_minute", "suspended_reason")


async def mine(
    session: AsyncSession, actor: Actor, organization_id: UUID | None, entity_id: UUID | None = None
) -> PartnerIntegration:
    """The integration of an organization that the actor administers; its own where none is named. A person's.

    Raises: PersonRequired, NotFound, Required.
    """
    if actor.audience is not Audience.SYSTEM and actor.user_id is None:
        raise PersonRequired()
    entity = await entity_within(session, actor, entity_id)
    organization = await organization_within(session, actor, organization_id, entity)
    if organization is None:
        raise Required(field=("organization_id",))
    async with acting_as(session, actor):
        await find(session, Contact, organization.id, field=("organization_id",))
    return await integration.of(session, entity, organization.id)


async def ours(session: AsyncSession, actor: Actor, id: UUID) -> PartnerIntegration:
    """An integration of an entity that the actor works for: not for the partner itself. Raises: NotFound,
    PermissionDenied."""
    if actor.audience not in _STAFF:
        raise PermissionDenied()
    async with acting_as(session, actor):
        await find(session, PartnerIntegration, id)
    return await find(session, PartnerIntegration, id, lock=True)


async def change(
    session: AsyncSession, actor: Actor, row: PartnerIntegration, given: Mapping[str, Any], revision: int | None = None
) -> PartnerIntegration:
    """Change what is given. A partner asks for signatures and staff alone do without; so with the limit per minute.

    Raises: Stale, PermissionDenied, InvalidNetwork and the other faults of the values, all at once.
    """
    if revision is not None and revision != row.version:
        raise Stale(field=("revision",))
    _refuse(actor, row, given)
    values = _checked(given)
    for name, value in values.items():
        setattr(row, name, value)
    changes = changes_of(row)
    await session.flush()
    if changes:
        await tell(session, row, changes)
    return row


async def rotate_secret(
    session: AsyncSession, settings: Settings, row: PartnerIntegration, previous_until: Any = None
) -> signing.Made:
    """See signing.rotate."""
    return await signing.rotate(session, settings, row, previous_until)


async def go_live(session: AsyncSession, row: PartnerIntegration) -> PartnerIntegration:
    """Take real orders from now on. For the gate of onboarding, and for staff."""
    if row.status == IntegrationStatus.SANDBOX:
        raise InvalidState(current=row.status, wanted=IntegrationStatus.LIVE)
    return await _enter(session, row, IntegrationStatus.LIVE, None)


async def suspend(session: AsyncSession, row: PartnerIntegration, reason: str) -> PartnerIntegration:
    """Take no orders until somebody resumes it; the partner reads why."""
    why = validation.text(reason, "reason", maximum=LONGEST_REASON)
    if row.status not in integration.TAKES_ORDERS:
        raise InvalidState(current=row.status, wanted=IntegrationStatus.SUSPENDED)
    return await _enter(session, row, IntegrationStatus.SUSPENDED, why)


async def tell(session: AsyncSession, row: PartnerIntegration, changes: Mapping[str, list[Any]]) -> None:
    """Record that an integration was changed."""
    organization = await find(session, Contact, row.organization_id)
    shown = {name: both for name, both in changes.items() if name in _SHOWN}
    payload = events.IntegrationChanged(row.status)
    await events.tell_integration(session, row, payload, list(organization.chain_organization_ids), shown)


async def _enter(
    session: AsyncSession, row: PartnerIntegration, status: IntegrationStatus, reason: str | None
) -> PartnerIntegration:
    if row.status == status:
        return row
    row.status, row.suspended_reason = status.value, reason
    if status is IntegrationStatus.LIVE:
        row.live_at = row.live_at or clock.now()
    changes = changes_of(row)
    await session.flush()
    await tell(session, row, changes)
    return row


def _refuse(actor: Actor, row: PartnerIntegration, given: Mapping[str, Any]) -> None:
    """What a partner may not do to itself."""
    if actor.audience in _STAFF:
        return
    if row.signature_required and given.get("signature_required") is False:
        raise PermissionDenied(field=("signature_required",))
    if "requests_per_minute" in given and given["requests_per_minute"] != row.requests_per_minute:
        raise PermissionDenied(field=("requests_per_minute",))


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values in their normal form; null leaves one as it is."""
    parsers: dict[str, Callable[[Any], Any]] = {
        "signature_required": bool,
        "allowed_addresses": _networks,
        "requests_per_minute": lambda value: validation.integer(value, 1, 60_000),
        "notify_emails": _emails,
    }
    with Faults() as faults:
        return {
            name: faults.take(parse, given[name], name)
            for name, parse in parsers.items()
            if given.get(name) is not None
        }
    raise AssertionError("Faults raises what it collected")


def _networks(values: Sequence[str]) -> list[str]:
    if len(values) > MOST_NETWORKS:
        raise TooMany(maximum=MOST_NETWORKS)
    with Faults() as faults:
        found = [faults.take(_network, value, place) for place, value in enumerate(values)]
    return list(dict.fromkeys(network for network in found if network))


def _network(value: str) -> str:
    """A network, or one address as a network of its own."""
    try:
        return str(ipaddress.ip_network(validation.name(value, maximum=64)))
    except ValueError as error:
        raise InvalidNetwork() from error


def _emails(values: Sequence[str]) -> list[str]:
    if len(values) > MOST_EMAILS:
        raise TooMany(maximum=MOST_EMAILS)
    with Faults() as faults:
        found = [faults.take(validation.email, value, place) for place, value in enumerate(values)]
    return list(dict.fromkeys(email for email in found if email))
