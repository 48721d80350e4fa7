"""What people decide about an application: a step, the whole, its end, and taking that back."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import InvalidState, PermissionDenied
from domain.onboarding import advancing, errors, events, flow, going_live, letters, steps
from domain.onboarding.facts import Fact
from domain.onboarding.models import (
    CLOSED,
    OnboardingState,
    OnboardingStep,
    PartnerOnboarding,
    StepState,
)
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.permissions import Permission

LONGEST_REASON = 1_000


async def mine(session: AsyncSession, actor: Actor, id: UUID) -> PartnerOnboarding:
    """The onboarding, locked, where the actor sees it. `session` is the platform's, here and below."""
    async with acting_as(session, actor):
        await find(session, PartnerOnboarding, id)
    return await find(session, PartnerOnboarding, id, lock=True)


async def accept(session: AsyncSession, actor: Actor, id: UUID, reason: str | None = None) -> PartnerOnboarding:
    """Accept an application; with a reason also where something of its first stage does not hold.

    Raises: NotFound, NotConfirmed, InvalidState, GateClosed with what does not hold where no reason is given.
    """
    row = await mine(session, actor, id)
    if row.confirmed_at is None:
        raise errors.NotConfirmed(field=("id",))
    if row.state != OnboardingState.APPLIED:
        raise InvalidState(current=row.state, wanted="accept", field=("id",))
    its_steps = await advancing.steps_of(session, row)
    words = validation.optional(_reason, reason)
    left = [step for step in advancing.unsettled(its_steps, OnboardingState.APPLIED)]
    beyond = [step for step in left if step.code != steps.ACCEPTED.code]
    if beyond and not words:
        raise errors.GateClosed(steps=", ".join(step.code for step in beyond), field=("reason",))
    for step in left:
        state = StepState.DONE if step.code == steps.ACCEPTED.code else StepState.WAIVED
        await _judge(session, row, step, state, words, actor)
    return await flow.proceed(session, row.id)


async def settle_step(
    session: AsyncSession, actor: Actor, step_id: UUID, state: StepState, reason: str
) -> OnboardingStep:
    """Settle a step by judgement: DONE where a person of ours may, WAIVED to go without it, WAITING to open it again.

    Raises: NotFound, StepOfTheFacts, StepNotWaivable, InvalidState.
    """
    async with acting_as(session, actor):
        seen = await find(session, OnboardingStep, step_id)
    row = await mine(session, actor, seen.onboarding_id)
    step = await find(session, OnboardingStep, step_id, lock=True)
    if row.state in CLOSED or row.confirmed_at is None:
        raise InvalidState(current=row.state, wanted=state.value, field=("id",))
    await _check(step, state)
    await _judge(session, row, step, state, _reason(reason, "reason"), actor)
    if state is StepState.WAITING and flow.asked(step.code):
        await _touch(session, row)
        await flow.look_up(session, row)
    await flow.proceed(session, row.id)
    return step


async def _check(step: OnboardingStep, state: StepState) -> None:
    kind = steps.by_code(step.code)
    if state is StepState.WAIVED and not kind.waivable:
        raise errors.StepNotWaivable(step=step.code, field=("state",))
    if state in (StepState.DONE, StepState.FAILED) and not kind.judged:
        raise errors.StepOfTheFacts(step=step.code, field=("state",))
    if state is StepState.WAITING and not step.judged and not flow.asked(step.code):
        raise errors.StepOfTheFacts(step=step.code, field=("state",))


async def _judge(
    session: AsyncSession,
    row: PartnerOnboarding,
    step: OnboardingStep,
    state: StepState,
    reason: str | None,
    actor: Actor,
) -> None:
    changed = advancing.settle(step, Fact(state, {**step.detail}), actor.user_id)
    step.judged, step.reason = state is not StepState.WAITING, reason
    if changed:
        await advancing.tell_step(session, row, step)


# --- the end, and taking it back ------------------------------------------------------------------------------------


async def reject(session: AsyncSession, actor: Actor, id: UUID, reason: str) -> PartnerOnboarding:
    """Decide against an application; `reopen` undoes it. Raises: NotFound, InvalidState."""
    return await _close(session, actor, id, OnboardingState.REJECTED, reason)


async def withdraw(session: AsyncSession, actor: Actor, id: UUID, reason: str) -> PartnerOnboarding:
    """Give an application up: the applicant or its administrators, or staff for them. Raises as `reject`."""
    row = await mine(session, actor, id)
    if actor.audience is Audience.PARTNER and not actor.may(Permission.INTEGRATIONS_MANAGE):
        raise PermissionDenied()
    return await _close(session, actor, row.id, OnboardingState.WITHDRAWN, reason)


async def reopen(session: AsyncSession, actor: Actor, id: UUID) -> PartnerOnboarding:
    """Go on where it was closed. Raises: NotFound, InvalidState, OnboardingUnderWay where another took its place."""
    row = await mine(session, actor, id)
    if row.closed_from is None:
        raise InvalidState(current=row.state, wanted="reopen", field=("id",))
    if actor.audience is Audience.PARTNER and row.state == OnboardingState.REJECTED:
        raise InvalidState(current=row.state, wanted="reopen", field=("id",))
    await _refuse_other(session, row)
    row.state = row.closed_from
    row.closed_at = row.closed_from = row.closed_reason = None
    await session.flush()
    await events.tell(session, row, events.PartnershipReopened(row.number, row.state))
    if row.state == OnboardingState.APPLIED:
        await flow.look_up(session, row)
    return await flow.proceed(session, row.id)


async def go_live(session: AsyncSession, actor: Actor, id: UUID) -> PartnerOnboarding:
    """Take real orders from now on. Raises: NotFound, InvalidState, GateClosed."""
    row = await mine(session, actor, id)
    if row.state in CLOSED:
        raise InvalidState(current=row.state, wanted=OnboardingState.LIVE.value, field=("id",))
    row = await flow.proceed(session, row.id)
    await going_live.open_gate(session, row)
    return await flow.proceed(session, row.id)


async def _close(
    session: AsyncSession, actor: Actor, id: UUID, state: OnboardingState, reason: str
) -> PartnerOnboarding:
    words = _reason(reason, "reason")
    row = await mine(session, actor, id)
    if row.state in (*CLOSED, OnboardingState.LIVE):
        raise InvalidState(current=row.state, wanted=state.value, field=("id",))
    row.closed_from, row.state, row.closed_at, row.closed_reason = row.state, state.value, clock.now(), words
    row.confirmation_hash = None
    await session.flush()
    await advancing.close_tasks(session, row)
    await events.tell(session, row, events.PartnershipClosed(row.number, row.state))
    await letters.tell_closed(session, row)
    return row


async def _refuse_other(session: AsyncSession, row: PartnerOnboarding) -> None:
    if row.organization_id is None:
        return
    query = select(PartnerOnboarding.id).filter_by(entity_id=row.entity_id, organization_id=row.organization_id)
    if (await session.execute(query.where(PartnerOnboarding.state.not_in([*CLOSED])))).first():
        raise errors.OnboardingUnderWay(field=("id",))


async def _touch(session: AsyncSession, row: PartnerOnboarding) -> None:
    """Raise the version."""
    row.updated_at = clock.now()
    await session.flush()


def _reason(value: str, *field: str) -> str:
    return validation.text(value, *field, maximum=LONGEST_REASON)
