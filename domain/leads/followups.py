"""Follow-up of leads (L7): which steps become due when a lead comes into a status, and carrying one out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.leads import templates
from domain.leads.events import LeadFollowUpFailed, LeadFollowUpSent, LeadTaskDue, tell
from domain.leads.models import FollowUpChannel, FollowUpOutcome, FollowUpStep, Lead, LeadFollowUp
from tenants.auth.hosts import origin
from tenants.models import Brand
from tenants.settings import settings

WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
"""Between attempts; a step that failed once more than there are waits is given up."""
_PENDING = LeadFollowUp.done_at.is_(None) & LeadFollowUp.cancelled_at.is_(None)


async def schedule(session: AsyncSession, lead: Lead) -> None:
    """Make the steps of the lead's status due, counted from now; one that was carried out before is not repeated."""
    due = func.now() + FollowUpStep.after_hours * literal(timedelta(hours=1))
    steps = select(literal(lead.entity_id), literal(lead.id), FollowUpStep.id, due).where(
        FollowUpStep.entity_id == lead.entity_id,
        FollowUpStep.lead_status == lead.status,
        FollowUpStep.active,
    )
    made = pg_insert(LeadFollowUp).inline().from_select(["entity_id", "lead_id", "step_id", "due_at"], steps)
    again = {"due_at": made.excluded.due_at, "cancelled_at": None, "attempts": 0}
    taken_up = LeadFollowUp.done_at.is_(None)
    await session.execute(made.on_conflict_do_update(index_elements=["lead_id", "step_id"], set_=again, where=taken_up))


async def cancel(session: AsyncSession, lead: Lead) -> None:
    """Nothing more of what was due for the lead."""
    pending = update(LeadFollowUp).where(LeadFollowUp.lead_id == lead.id, _PENDING)
    await session.execute(pending.values(cancelled_at=func.now()))


@dataclass(frozen=True)
class Due:
    """A step that is due, locked for the transaction that took it."""

    follow_up: LeadFollowUp
    step: FollowUpStep
    lead: Lead


async def take_due(session: AsyncSession) -> Due | None:
    """The step that is longest due and that no other worker holds, or none. System sessions only."""
    due = (
        select(LeadFollowUp, FollowUpStep, Lead)
        .join(FollowUpStep, FollowUpStep.id == LeadFollowUp.step_id)
        .join(Lead, Lead.id == LeadFollowUp.lead_id)
        .where(_PENDING, LeadFollowUp.due_at <= func.now())
        .order_by(LeadFollowUp.due_at)
        .limit(1)
        .with_for_update(of=LeadFollowUp, skip_locked=True)
    )
    row = (await session.execute(due)).one_or_none()
    return Due(row[0], row[1], row[2]) if row else None


Send = Callable[[AsyncSession, Lead, UUID, str, str], Awaitable[bool]]
"""Sends a subject and text to the person of a lead, once per follow-up; whether it wanted to be written to."""


async def carry_out(session: AsyncSession, due: Due, send: Send) -> None:
    """Do what the step says and write down that it was done, in the one transaction that took it."""
    if due.lead.status != due.step.lead_status or not due.step.active:
        due.follow_up.cancelled_at = func.now()
        return
    values = await _values(session, due.lead)
    subject, text = (templates.filled(template, values) for template in _templates(due))
    if due.step.channel == FollowUpChannel.TASK:
        await tell(session, due.lead, LeadTaskDue(title=subject, task=text))
        await _done(session, due.follow_up.id, FollowUpOutcome.TASK_CREATED)
        return
    if not await send(session, due.lead, due.follow_up.id, subject, text):
        due.follow_up.cancelled_at = func.now()
        return
    await tell(session, due.lead, LeadFollowUpSent(subject=due.step.subject))
    await _done(session, due.follow_up.id, FollowUpOutcome.SENT)


async def failed(session: AsyncSession, follow_up_id: UUID) -> None:
    """Try it again later, or give it up and tell the staff."""
    row = await session.get(LeadFollowUp, follow_up_id, with_for_update=True)
    if row is None or row.done_at or row.cancelled_at:
        return
    row.attempts += 1
    if row.attempts <= len(WAITS):
        row.due_at = func.now() + WAITS[row.attempts - 1]
        return
    await _done(session, row.id, FollowUpOutcome.FAILED)
    if lead := await session.get(Lead, row.lead_id):
        await tell(session, lead, LeadFollowUpFailed(step_id=row.step_id))


async def _done(session: AsyncSession, id: UUID, outcome: FollowUpOutcome) -> None:
    done = update(LeadFollowUp).where(LeadFollowUp.id == id)
    await session.execute(done.values(done_at=func.now(), outcome=outcome.value))


def _templates(due: Due) -> tuple[str, str]:
    step = due.step
    if due.lead.language == "en":
        return step.subject_en or step.subject, step.template_en or step.template
    return step.subject, step.template


async def _values(session: AsyncSession, lead: Lead) -> dict[str, str]:
    brands = select(Brand.name, Brand.host).where(Brand.entity_id == lead.entity_id)
    brand = (await session.execute(brands.order_by(Brand.created_at, Brand.id).limit(1))).one()
    partner = select(Contact.name).where(Contact.id == lead.partner_organization_id)
    return {
        "name": lead.name,
        "number": lead.number,
        "brand": brand.name,
        "portal": origin(settings(), brand.host),
        "partner": (await session.execute(partner)).scalar_one_or_none() or "",
    }
