"""From the facts to the steps, from the steps to the stage, and who has to do what next."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.onboarding import events, facts, letters, steps, tasks
from domain.onboarding.facts import Case, Fact
from domain.onboarding.models import (
    CLOSED,
    ORDER,
    OnboardingState,
    OnboardingStep,
    PartnerOnboarding,
    StepOwner,
    StepState,
    TaskOwner,
    TaskState,
    WayIn,
)
from domain.onboarding.tasks import STEP
from domain.rows import find
from tenants.auth import clock

SETTLED = (StepState.DONE, StepState.WAIVED)
NEEDS_A_PERSON = "needs_a_person"
"""In the detail of a step of the system: nobody but a person can settle it."""


async def lay_out(session: AsyncSession, row: PartnerOnboarding) -> None:
    """Write down the steps of a new application. For the system, as all that follows."""
    case = await facts.case_of(session, row)
    for position, step in enumerate(steps.of(case.definition, WayIn(row.way_in))):
        session.add(
            OnboardingStep(
                entity_id=row.entity_id,
                organization_id=row.organization_id,
                onboarding_id=row.id,
                position=position,
                stage=step.stage.value,
                code=step.code,
                owner=step.owner.value,
                required=step.required,
                state=StepState.WAITING.value,
            )
        )
    await session.flush()


async def advance(session: AsyncSession, id: UUID) -> PartnerOnboarding:
    """Look at the facts, settle steps, go on to the next stage or back to an earlier one, open and close tasks."""
    row = await find(session, PartnerOnboarding, id, lock=True)
    if row.state in CLOSED:
        return row
    case, its_steps = await facts.case_of(session, row), await steps_of(session, row)
    owners = await _settle_by_facts(session, case, its_steps)
    await _decide(session, case, its_steps)
    if awaits_welcome(row, its_steps):
        return row
    await _move(session, row, its_steps)
    await _hand_out(session, case, its_steps, owners)
    return row


async def steps_of(session: AsyncSession, row: PartnerOnboarding) -> list[OnboardingStep]:
    query = select(OnboardingStep).filter_by(onboarding_id=row.id).order_by(OnboardingStep.position)
    return list((await session.scalars(query.with_for_update())).all())


def unsettled(its_steps: Sequence[OnboardingStep], stage: OnboardingState | None = None) -> list[OnboardingStep]:
    """The steps that have to be taken and are not; of one stage where it is given."""
    return [
        step
        for step in its_steps
        if step.required and step.state not in SETTLED and (stage is None or step.stage == stage)
    ]


def settle(step: OnboardingStep, fact: Fact, by: UUID | None = None) -> bool:
    """Write down what a step's state is; whether it was another."""
    before = step.state
    step.state, step.detail = fact.state.value, {**fact.detail}
    if step.state != before:
        step.settled_at = None if fact.state is StepState.WAITING else clock.now()
        step.settled_by_user_id = by
    return step.state != before


async def tell_step(session: AsyncSession, row: PartnerOnboarding, step: OnboardingStep) -> None:
    await session.flush()
    await events.tell(session, row, events.StepSettled(row.number, step.code, step.state))


# --- steps ----------------------------------------------------------------------------------------------------------


async def _settle_by_facts(
    session: AsyncSession, case: Case, its_steps: Sequence[OnboardingStep]
) -> dict[UUID, StepOwner]:
    """Who has to act on each step now, where that is not its owner."""
    owners: dict[UUID, StepOwner] = {}
    for step in its_steps:
        fact = None if step.judged else await facts.of(session, case, step)
        if fact is None:
            continue
        if fact.owner is not None:
            owners[step.id] = fact.owner
        if settle(step, fact):
            await tell_step(session, case.row, step)
    return owners


def awaits_welcome(row: PartnerOnboarding, its_steps: Sequence[OnboardingStep]) -> bool:
    """Whether it was accepted, and record, contact and invitation are not made yet."""
    accepted = any(step.code == steps.ACCEPTED.code and step.state in SETTLED for step in its_steps)
    return accepted and row.contact_id is None


async def _decide(session: AsyncSession, case: Case, its_steps: Sequence[OnboardingStep]) -> None:
    """Accept by itself what needs no judgement: all else of the stage holds, and the category says so."""
    left = unsettled(its_steps, OnboardingState.APPLIED)
    if case.definition.automatic_acceptance and [step.code for step in left] == [steps.ACCEPTED.code]:
        settle(left[0], Fact(StepState.DONE, {"by": "criteria"}))
        await tell_step(session, case.row, left[0])


# --- stages ---------------------------------------------------------------------------------------------------------


async def _move(session: AsyncSession, row: PartnerOnboarding, its_steps: Sequence[OnboardingStep]) -> None:
    """To the first stage in which something is open; whoever is live stays so, and whoever was accepted too."""
    if row.state == OnboardingState.LIVE:
        return
    open_stages = {step.stage for step in unsettled(its_steps)}
    wanted = next((stage for stage in ORDER[:-1] if stage in open_stages), OnboardingState.LIVE)
    if row.organization_id is not None and row.state != OnboardingState.APPLIED and wanted == OnboardingState.APPLIED:
        wanted = OnboardingState.DOCUMENTS
    if wanted.value == row.state:
        return
    previous, row.state = row.state, wanted.value
    await session.flush()
    await events.tell(session, row, events.PartnershipAdvanced(row.number, row.state, previous))
    if ORDER.index(wanted) > ORDER.index(OnboardingState(previous)):
        await letters.tell_stage(session, row, [step.code for step in unsettled(its_steps, wanted)])


# --- tasks ----------------------------------------------------------------------------------------------------------


async def _hand_out(
    session: AsyncSession, case: Case, its_steps: Sequence[OnboardingStep], owners: dict[UUID, StepOwner]
) -> None:
    """One open task for each step of the stage that waits for somebody, none for the others."""
    known = await tasks.open_of_onboarding(session, case.row.id)
    wanted = {key: (step, owner) for step in its_steps for key, owner in _open(case, its_steps, step, owners)}
    for key in known.keys() - wanted.keys():
        if key.startswith(STEP):
            await tasks.close(session, known[key], TaskState.DONE)
    for key in wanted.keys() - known.keys():
        await tasks.open_(session, _task(case, *wanted[key], key))


def _open(
    case: Case, its_steps: Sequence[OnboardingStep], step: OnboardingStep, owners: dict[UUID, StepOwner]
) -> list[tuple[str, TaskOwner]]:
    """The task that a step asks for, if any: deciding on an application comes after what it is decided by."""
    owner = _whose(case.row, step, owners.get(step.id))
    if step.code == steps.ACCEPTED.code and len(unsettled(its_steps, OnboardingState.APPLIED)) > 1:
        return []
    return [(f"{STEP}{step.id}:{owner}", owner)] if owner else []


def _whose(row: PartnerOnboarding, step: OnboardingStep, owner: StepOwner | None) -> TaskOwner | None:
    """Who has to act on a step now, if anybody."""
    stage = OnboardingState.DOCUMENTS if row.state == OnboardingState.LIVE else row.state
    if step.state in SETTLED or not step.required or step.stage != stage or row.confirmed_at is None:
        return None
    match owner or StepOwner(step.owner):
        case StepOwner.PARTNER:
            return TaskOwner.PARTNER if row.organization_id else None
        case StepOwner.STAFF:
            return TaskOwner.STAFF
        case StepOwner.SYSTEM:
            waits = step.state == StepState.FAILED or step.detail.get(NEEDS_A_PERSON)
            return TaskOwner.STAFF if waits else None


def _task(case: Case, step: OnboardingStep, owner: TaskOwner, key: str) -> tasks.Wanted:
    partner = owner is TaskOwner.PARTNER
    nl, en = steps.by_code(step.code).title
    days = case.definition.partner_days if partner else case.definition.staff_days
    return tasks.Wanted(
        entity_id=case.row.entity_id,
        organization_id=case.row.organization_id,
        onboarding_id=case.row.id,
        owner=owner,
        kind=step.code,
        key=key,
        title={"nl": nl, "en": en},
        due_on=tasks.in_working_days(days),
        subject=("PartnerOnboarding", case.row.id),
    )


async def close_tasks(session: AsyncSession, row: PartnerOnboarding) -> None:
    """Nothing has to be done any more."""
    for task in (await tasks.open_of_onboarding(session, row.id)).values():
        await tasks.close(session, task, TaskState.CANCELLED)
