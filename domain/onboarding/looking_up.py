"""Asking the registers about an application, and what their answers settle."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.onboarding import advancing, flow, steps
from domain.onboarding.advancing import NEEDS_A_PERSON
from domain.onboarding.criteria import Register
from domain.onboarding.facts import Fact
from domain.onboarding.models import CLOSED, OnboardingStep, PartnerOnboarding, StepState
from domain.onboarding.registers import Found, Outcome
from domain.rows import find

STEPS = {Register.KVK: steps.KVK.code, Register.VIES: steps.VAT.code}


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask a register."""

    register: Register
    number: str | None
    name: str


async def questions(session: AsyncSession, onboarding_id: UUID) -> list[Question]:
    """What is open to be asked about an application. For the system."""
    row = await find(session, PartnerOnboarding, onboarding_id)
    if row.state in CLOSED:
        return []
    query = select(OnboardingStep.code).filter_by(onboarding_id=row.id, state=StepState.WAITING.value, judged=False)
    waiting = set(await session.scalars(query))
    numbers = {Register.KVK: row.kvk_number, Register.VIES: row.vat_number}
    name = row.legal_name or row.company_name
    return [Question(register, numbers[register], name) for register, code in STEPS.items() if code in waiting]


async def answered(session: AsyncSession, onboarding_id: UUID, answers: dict[Register, Found]) -> None:
    """Settle what the registers settle; a person has to look at the rest. For the system."""
    row = await find(session, PartnerOnboarding, onboarding_id, lock=True)
    numbers = {Register.KVK: row.kvk_number, Register.VIES: row.vat_number}
    for step in await advancing.steps_of(session, row):
        register = next((each for each, code in STEPS.items() if code == step.code), None)
        if register is None or register not in answers or step.judged:
            continue
        found = answers[register]
        if advancing.settle(step, _fact(found, found.detail(register, numbers[register]))):
            await advancing.tell_step(session, row, step)
    await session.flush()
    if row.state not in CLOSED:
        await flow.proceed(session, row.id)


def _fact(found: Found, detail: dict[str, Any]) -> Fact:
    match found.outcome:
        case Outcome.FOUND:
            return Fact(StepState.DONE, detail)
        case Outcome.NOT_CONFIGURED:
            return Fact(StepState.WAITING, {**detail, NEEDS_A_PERSON: True})
        case _:
            return Fact(StepState.FAILED, detail)
