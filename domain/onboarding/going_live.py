"""The gate: everything that has to hold before orders of a partner are real (K2)."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import InvalidState
from domain.onboarding import advancing, errors, steps
from domain.onboarding.events import channel_of
from domain.onboarding.models import ORDER, OnboardingState, PartnerOnboarding
from domain.partner_orders import integration
from domain.partner_orders.events import IntegrationChanged, tell_integration
from domain.partner_orders.models import IntegrationStatus
from tenants.auth import clock


async def open_gate(session: AsyncSession, row: PartnerOnboarding) -> None:
    """Take a partner live, after looking at every fact once more. For the system.

    Raises: InvalidState where it is not on its way, GateClosed with the codes of what is open.
    """
    if row.state == OnboardingState.LIVE:
        return
    if row.state not in ORDER or row.organization_id is None:
        raise InvalidState(current=row.state, wanted=OnboardingState.LIVE.value, field=("id",))
    its_steps = await advancing.steps_of(session, row)
    missing = [step.code for step in advancing.unsettled(its_steps) if step.code != steps.GOING_LIVE.code]
    if missing:
        raise errors.GateClosed(steps=", ".join(missing), field=("id",))
    row.live_at = clock.now()
    await set_status(session, row.entity_id, row.organization_id, IntegrationStatus.LIVE)


async def set_status(
    session: AsyncSession, entity_id: UUID, organization_id: UUID, status: IntegrationStatus, reason: str | None = None
) -> bool:
    """Let orders in, or keep them out for a reason; whether that changed something. For the system."""
    found = await integration.of(session, entity_id, organization_id)
    if found.status == status:
        return False
    before, found.status, found.suspended_reason = found.status, status.value, reason
    if status is IntegrationStatus.LIVE:
        found.live_at = found.live_at or clock.now()
    await session.flush()
    channel = await channel_of(session, organization_id)
    changes: dict[str, list[Any]] = {"status": [before, status.value], "suspended_reason": [None, reason]}
    await tell_integration(session, found, IntegrationChanged(status.value), channel, changes)
    return True
