"""The follow-up steps that admins edit (L7)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import Faults
from domain.events.record import changes_of, record
from domain.leads import templates
from domain.leads.events import FollowUpStepDeleted, FollowUpStepSaved
from domain.leads.models import FollowUpChannel, FollowUpStep, LeadFollowUp, LeadStatus
from domain.rows import find
from domain.unique import refusing_taken
from tenants.models import BusinessEntity

MAX_SUBJECT = 200
MAX_TEMPLATE = 8_000
MAX_HOURS = 8_760


@dataclass(frozen=True, slots=True)
class GivenStep:
    """A step as an admin gives it: due `after_hours` hours after a lead came into `lead_status`."""

    entity_id: UUID
    lead_status: LeadStatus
    position: int
    after_hours: int
    channel: FollowUpChannel
    subject: str
    template: str
    subject_en: str | None = None
    template_en: str | None = None


async def save_step(session: AsyncSession, given: GivenStep, id: UUID | None = None) -> FollowUpStep:
    """Add a step, or change the one with this id; what is due already stays due when it was."""
    values = _checked(given)
    await find(session, BusinessEntity, given.entity_id, field=("entity_id",))
    step = await find(session, FollowUpStep, id, lock=True) if id else FollowUpStep()
    for column, value in values.items():
        setattr(step, column, value)
    changes = changes_of(step)
    async with refusing_taken(session, uq_follow_up_step_position=("position",)):
        session.add(step)
    payload = FollowUpStepSaved(lead_status=step.lead_status, position=step.position)
    await record(session, payload, entity_id=step.entity_id, subject_id=step.id, changes=changes)
    return step


async def delete_step(session: AsyncSession, id: UUID) -> None:
    """The step no longer comes; what was due of it is cancelled, what was done stays on the timelines."""
    step = await find(session, FollowUpStep, id, lock=True)
    step.active = False
    pending = update(LeadFollowUp).where(
        LeadFollowUp.step_id == id, LeadFollowUp.done_at.is_(None), LeadFollowUp.cancelled_at.is_(None)
    )
    await session.execute(pending.values(cancelled_at=func.now()))
    payload = FollowUpStepDeleted(lead_status=step.lead_status, position=step.position)
    await record(session, payload, entity_id=step.entity_id, subject_id=step.id)


def _checked(given: GivenStep) -> dict[str, object]:
    """The columns in their normal form, or all faults."""
    faults = Faults()
    faults.take(lambda value: validation.integer(value, 1, 100), given.position, "position")
    faults.take(lambda value: validation.integer(value, 0, MAX_HOURS), given.after_hours, "after_hours")
    texts = {
        "subject": faults.take(_subject, given.subject, "subject"),
        "subject_en": faults.take(lambda value: validation.optional(_subject, value), given.subject_en, "subject_en"),
        "template": faults.take(_template, given.template, "template"),
        "template_en": faults.take(
            lambda value: validation.optional(_template, value), given.template_en, "template_en"
        ),
    }
    faults.raise_any()
    return {
        "entity_id": given.entity_id,
        "lead_status": given.lead_status.value,
        "position": given.position,
        "after_hours": given.after_hours,
        "channel": given.channel.value,
        "active": True,
        **{column: text or "" for column, text in texts.items()},
    }


def _subject(value: str) -> str:
    return templates.checked(validation.name(value, maximum=MAX_SUBJECT))


def _template(value: str) -> str:
    return templates.checked(validation.text(value, maximum=MAX_TEMPLATE))
