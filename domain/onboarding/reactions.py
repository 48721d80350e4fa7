"""What an onboarding follows: whatever a step depends on may have come about."""

from collections.abc import Mapping
from datetime import datetime, timedelta
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
from tenants.auth import clock

_ALSO_LIVE = frozenset({"agreement.saved", "agreement.signed"})
"""A partner that is live has to sign a new agreement too."""
_PRICE = "price.set"
_TOGETHER = timedelta(minutes=1)
_AT_ONCE = 100
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
    at = clock.now().replace(second=0, microsecond=0) + _TOGETHER
    await _ask(session, event.entity_id, None, at)


async def _ask(session: AsyncSession, entity_id: UUID, after: UUID | None, at: datetime) -> None:
    """One job for all changes of a minute, begun when it is over; and one for each further batch of partners."""
    await enqueue(
        session,
        pricing.REPRICE_JOB,
        {"entity_id": entity_id, "after": after, "at": at},
        actor=SYSTEM,
        entity_id=entity_id,
        key=f"{entity_id}:{at.isoformat()}:{after}",
        run_at=at,
        queue="slow",
    )


async def _is_standard(session: AsyncSession, event: Event) -> bool:
    query = select(PriceList.name).where(
        PriceList.entity_id == event.entity_id, PriceList.partner_organization_id.is_(None)
    )
    return bool((await session.execute(query)).scalar_one_or_none() == event.payload.get("price_list"))


async def reprice_some(session: AsyncSession, arguments: Mapping[str, Any]) -> int:
    """Make the prices of the next partners that follow the standard list anew; how many changed. For the system."""
    entity_id, after = UUID(str(arguments["entity_id"])), arguments["after"]
    found = await pricing.followers(session, entity_id, UUID(str(after)) if after else None, _AT_ONCE)
    if len(found) == _AT_ONCE:
        await _ask(session, entity_id, found[-1], datetime.fromisoformat(str(arguments["at"])))
    return sum([await pricing.reprice(session, entity_id, each) for each in found])
