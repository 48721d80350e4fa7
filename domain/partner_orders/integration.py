"""How a partner's systems work with an entity: whether orders are taken, from where, how many, and at what time."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.models import Order
from domain.partner_orders.errors import AddressNotAllowed, IntegrationNotLive, SignatureRequired
from domain.partner_orders.models import IntegrationStatus, PartnerIntegration
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock

TAKES_ORDERS = (IntegrationStatus.LIVE, IntegrationStatus.SANDBOX)


async def of(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> PartnerIntegration:
    """The organization's own integration with the entity, made on first need. For the system.

    A partner that has orders already is live; any other is being set up.
    """
    query = select(PartnerIntegration).filter_by(entity_id=entity_id, organization_id=organization_id)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        await _make(session, entity_id, organization_id)
        found = (await session.execute(query)).scalar_one()
    return found


async def governing(session: AsyncSession, entity_id: UUID, chain: Sequence[UUID]) -> PartnerIntegration:
    """The integration that holds for the last organization of a chain (root first): its own, else that of the nearest
    above it that has one, else a new one of its own. For the system."""
    nearness = func.array_position(list(chain), PartnerIntegration.organization_id)
    query = select(PartnerIntegration).where(
        PartnerIntegration.entity_id == entity_id, PartnerIntegration.organization_id.in_(chain)
    )
    found = (await session.execute(query.order_by(nearness.desc()).limit(1))).scalar_one_or_none()
    return found or await of(session, entity_id, chain[-1])


def now(row: PartnerIntegration) -> datetime:
    """The present moment of an integration, in UTC: a sandbox has a clock of its own, which may stand still."""
    return row.clock_frozen_at or clock.now() + timedelta(seconds=row.clock_offset_seconds)


def require_taking(row: PartnerIntegration) -> None:
    """Raise IntegrationNotLive unless the integration takes orders."""
    if row.status not in TAKES_ORDERS:
        raise IntegrationNotLive(status=row.status)


def require_allowed(row: PartnerIntegration, address: str) -> None:
    """Raise AddressNotAllowed where there is an allow-list and a request comes from outside of it."""
    if row.allowed_addresses and not any(_within(address, network) for network in row.allowed_addresses):
        raise AddressNotAllowed(address=address)


async def require_unsigned(
    session: AsyncSession, by: Actor, address: str, entity_id: UUID, chain: Sequence[UUID]
) -> None:
    """Let a partner's program through that cannot sign: none where signatures are required, or from elsewhere.

    A stolen key is worth no more by GraphQL than over HTTP. Persons prove themselves by their login. For the system.
    """
    if by.audience is not Audience.PARTNER or by.user_id is not None:
        return
    row = await governing(session, entity_id, chain)
    require_allowed(row, address)
    if row.signature_required:
        raise SignatureRequired()


def _within(address: str, network: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found) in ipaddress.ip_network(network)


async def _make(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> None:
    """Of two at once, one makes it."""
    ordered = exists().where(Order.entity_id == entity_id, Order.account_contact_id == organization_id)
    live = bool((await session.execute(select(ordered))).scalar())
    values = {
        "entity_id": entity_id,
        "organization_id": organization_id,
        "status": (IntegrationStatus.LIVE if live else IntegrationStatus.SETUP).value,
        "live_at": clock.now() if live else None,
    }
    await session.execute(insert(PartnerIntegration).inline().values(values).on_conflict_do_nothing())
