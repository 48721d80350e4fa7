"""Going on as far as nobody has to decide: after every change of what an onboarding follows from."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.jobs.service import enqueue
from domain.onboarding import advancing, criteria, going_live, steps, welcoming
from domain.onboarding.models import CLOSED, OnboardingState, PartnerOnboarding
from tenants.actor import SYSTEM

LOOK_UP_JOB = "onboarding.look_up"
OPEN = tuple(state.value for state in OnboardingState if state not in (*CLOSED, OnboardingState.LIVE))


async def proceed(session: AsyncSession, id: UUID) -> PartnerOnboarding:
    """Settle what the facts settle, make what an accepted application needs, go live where that needs no word.

    For the system.
    """
    row = await advancing.advance(session, id)
    if row.state == OnboardingState.APPLIED:
        its_steps = await advancing.steps_of(session, row)
        if not advancing.awaits_welcome(row, its_steps):
            return row
        await welcoming.welcome(session, row)
        row = await advancing.advance(session, id)
    if row.state == OnboardingState.GO_LIVE and criteria.parse(row.definition).automatic_go_live:
        await going_live.open_gate(session, row)
        row = await advancing.advance(session, id)
    return row


async def look_up(session: AsyncSession, row: PartnerOnboarding) -> None:
    """Have the registers asked, outside of any transaction; once per confirmed application and reopening."""
    if row.confirmed_at is None:
        return
    key = f"{row.id}:{row.version}"
    await enqueue(session, LOOK_UP_JOB, {"onboarding_id": row.id}, actor=SYSTEM, entity_id=row.entity_id, key=key)


async def proceed_all(
    session: AsyncSession, entity_id: UUID, organization_ids: Sequence[UUID], *, also_live: bool = False
) -> None:
    """`proceed` with every open onboarding of the organizations. For the system."""
    states = (*OPEN, OnboardingState.LIVE.value) if also_live else OPEN
    query = select(PartnerOnboarding.id).where(
        PartnerOnboarding.entity_id == entity_id,
        PartnerOnboarding.organization_id.in_(organization_ids),
        PartnerOnboarding.state.in_(states),
    )
    for id in (await session.scalars(query.order_by(PartnerOnboarding.id))).all():
        await proceed(session, id)


def asked(code: str) -> bool:
    """Whether a step is settled by asking a register."""
    return code in (steps.KVK.code, steps.VAT.code)
