"""The intake of a lead (L5): which questions it is asked, and keeping the answers."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts import addresses
from domain.contacts.addresses import AddressDetails
from domain.errors import DomainError, DomainErrors, Faults, InvalidState
from domain.events.record import changes_of, record
from domain.leads import qualification, questions, status
from domain.leads.answers import Answers, answered
from domain.leads.assessment import active_questionnaire, assess, rescore
from domain.leads.errors import NoQuestionnaire
from domain.leads.events import LeadAddressFlagged, LeadAnswered, LeadIntakeStarted, QuestionnaireSaved, tell
from domain.leads.models import Lead, LeadStatus, Questionnaire
from domain.leads.questions import Question, questions_of
from domain.leads.visible import require_visible
from domain.rows import find
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.models import BusinessEntity

MAX_TITLE = 200
_MAY_ANSWER = (LeadStatus.NEW, LeadStatus.INTAKE, LeadStatus.QUALIFIED)


async def answer(
    session: AsyncSession,
    by: Actor,
    id: UUID,
    answers: Mapping[str, Any],
    *,
    complete: bool,
    phone: str | None = None,
    address: AddressDetails | None = None,
) -> Lead:
    """Lay answers over those that are there; with `complete` all that is required must be there.

    What is new changes the score and may qualify the lead. A system session, on behalf of `by`, who has to see the
    lead. Once complete it stays so: answers can be corrected, not taken away.
    """
    await require_visible(session, by, id, field=("lead_id",))
    lead = await find(session, Lead, id, lock=True, field=("lead_id",))
    if lead.status not in _MAY_ANSWER:
        raise InvalidState(current=lead.status, wanted="answerIntake", field=("lead_id",))
    complete = complete or lead.intake_completed_at is not None
    await _keep_answers(session, lead, answers, complete)
    await _keep_details(session, lead, phone, address)
    lead.handled_manually = lead.handled_manually or by.audience in (Audience.STAFF, Audience.SYSTEM)
    await _record(session, lead, answers)
    if lead.status == LeadStatus.NEW:
        await status.enter(session, lead, LeadStatus.INTAKE, LeadIntakeStarted(number=lead.number))
    await reassess(session, lead)
    return lead


async def reassess(session: AsyncSession, lead: Lead) -> None:
    """Score a lead by what is known now, and qualify it where nothing is in the way any more."""
    assessment = await assess(session, lead)
    await rescore(session, assessment)
    await qualification.qualified_by_itself(session, lead, ready=assessment.ready)


async def _keep_answers(session: AsyncSession, lead: Lead, given: Mapping[str, Any], complete: bool) -> None:
    asked = await _questionnaire_of(session, lead)
    if asked is None:
        if given:
            raise NoQuestionnaire(field=("answers",))
        return
    with Faults() as faults, faults.at("answers"):
        lead.answers = answered(questions_of(asked.questions), lead.answers, given, complete=complete)
    lead.questionnaire_id = asked.id
    if complete and lead.intake_completed_at is None:
        lead.intake_completed_at = datetime.now(UTC)


async def _questionnaire_of(session: AsyncSession, lead: Lead) -> Questionnaire | None:
    """The version that was answered before, else the present one."""
    if lead.questionnaire_id and lead.answers:
        return await session.get_one(Questionnaire, lead.questionnaire_id)
    return await active_questionnaire(session, lead.entity_id)


async def _keep_details(session: AsyncSession, lead: Lead, phone: str | None, address: AddressDetails | None) -> None:
    if phone is not None:
        lead.phone = validation.phone(phone, "phone")
    if address is not None:
        lead.address_id = (await addresses.add(session, lead.contact_id, address)).id
        await tell_flag(session, lead, address)


async def tell_flag(session: AsyncSession, lead: Lead, address: AddressDetails) -> None:
    """Tell the partner where the lead's address could not be verified (O6); it is kept as it was given."""
    if address.flag_reason is not None:
        await tell(session, lead, LeadAddressFlagged(number=lead.number, reason=address.flag_reason.value))


async def _record(session: AsyncSession, lead: Lead, answers: Mapping[str, Any]) -> None:
    complete = lead.intake_completed_at is not None
    payload = LeadAnswered(questions=sorted(answers), complete=complete)
    await tell(session, lead, payload, changes=changes_of(lead))


def prefill(lead: Lead, asked: Sequence[Question]) -> None:
    """Answers that were given with the submission already: by the same key, where they are fit for the question."""
    found: Answers = {}
    for question in asked:
        said = {question.key: lead.interests[question.key]} if question.key in lead.interests else {}
        with suppress(DomainError, DomainErrors):
            found = answered(asked, found, said, complete=False)
    lead.answers = found
    with suppress(DomainError, DomainErrors):
        answered(asked, found, {}, complete=True)
        lead.intake_completed_at = datetime.now(UTC)


async def save_questionnaire(
    session: AsyncSession, entity_id: UUID, title: str, asked: Sequence[Question]
) -> Questionnaire:
    """A new version of what an entity asks; leads that have answered keep theirs."""
    faults = Faults()
    text = faults.take(lambda value: validation.name(value, maximum=MAX_TITLE), title, "title")
    checked = faults.take(lambda given: questions.checked(given, "questions"), asked)
    faults.raise_any()
    await find(session, BusinessEntity, entity_id, lock=True, field=("entity_id",))
    made = Questionnaire(
        entity_id=entity_id,
        version=await _next_version(session, entity_id),
        title=text,
        questions=[question.stored for question in checked or ()],
        active=True,
    )
    session.add(made)
    await session.flush()
    await record(session, QuestionnaireSaved(number=made.version), entity_id=entity_id, subject_id=made.id)
    return made


async def _next_version(session: AsyncSession, entity_id: UUID) -> int:
    own = Questionnaire.entity_id == entity_id
    await session.execute(update(Questionnaire).where(own, Questionnaire.active).values(active=False))
    last = await session.scalar(select(func.max(Questionnaire.version)).where(own))
    return (last or 0) + 1
