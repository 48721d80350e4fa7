"""What an onboarding follows: whatever a step depends on may have come about."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.models import PriceList
from domain.events.models import Event
from domain.jobs.service import enqueue
from domain.onboarding import flow, pricing
from domain.onboarding.models import PriceRules
from tenants.actor import SYSTEM

_ALSO_LIVE = frozenset({"agreement.saved", "agreement.signed"})
"""A partner that is live has to sign a new agreement too."""
_PRICE = "price.set"
EVENTS = frozenset(
    {
        _PRICE,
        *_ALSO_LIVE,
        "api_key.created",
        "api_key.revoked",
        "oauth_client.created",
        "oauth_client.revoked",
        "invitation.accepted",
        "membership.granted",
        "membership.revoked",
        "partner_sku.mapped",
        "price_rules.saved",
        "mapped_webhook.created",
        "mapped_webhook.changed",
        "order_form.created",
        "order_form.changed",
        "inbound_address.created",
        "inbound_address.changed",
        "webhook.endpoint_created",
        "webhook.endpoint_enabled",
        "partner_integration.changed",
        "sandbox_run.finished",
    }
)


async def react(session: AsyncSession, event: Event) -> None:
    """Go on with the onboardings that an event is about."""
    if event.type == _PRICE:
        await _follow_price(session, event)
        return
    if event.organization_ids:
        also_live = event.type in _ALSO_LIVE
        await flow.proceed_all(session, event.entity_id, event.organization_ids, also_live=also_live)


async def _follow_price(session: AsyncSession, event: Event) -> None:
    """A standard price has changed: whose prices follow it are made anew, once for all changes of that moment."""
    any_follower = select(PriceRules.id).where(
        PriceRules.entity_id == event.entity_id, PriceRules.replaced_at.is_(None)
    )
    if (await session.execute(any_follower.limit(1))).first() is None or not await _is_standard(session, event):
        return
    key = f"{event.entity_id}:{event.id}"
    await enqueue(
        session, pricing.REPRICE_JOB, {"entity_id": event.entity_id}, actor=SYSTEM, entity_id=event.entity_id, key=key,
        queue="slow",
    )  # fmt: skip


async def _is_standard(session: AsyncSession, event: Event) -> bool:
    query = select(PriceList.name).where(
        PriceList.entity_id == event.entity_id, PriceList.partner_organization_id.is_(None)
    )
    return bool((await session.execute(query)).scalar_one_or_none() == event.payload.get("price_list"))


async def reprice_all(session: AsyncSession, arguments: Mapping[str, Any]) -> int:
    """Make the prices of all that follow the standard list anew; how many changed. For the system."""
    entity_id = UUID(str(arguments["entity_id"]))
    return sum(
        [await pricing.reprice(session, entity_id, each) for each in await pricing.followers(session, entity_id)]
    )
