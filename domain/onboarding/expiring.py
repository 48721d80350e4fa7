"""Documents that expire: reminders before, and what happens to a live partner afterwards.

The day after a verified document's last day it is EXPIRED: the partner is told and has a task. Where the category says
SUSPEND, new orders are refused after the days of grace, until a new version is verified; orders under way go on.
"""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.errors import NotFound
from domain.onboarding import criteria, events, going_live, letters, tasks
from domain.onboarding.criteria import NAMES, AskedDocument, Definition, DocumentType, OnExpiry
from domain.onboarding.models import (
    CLOSED,
    PartnerDocument,
    PartnerDocumentState,
    PartnerOnboarding,
    PartnerTask,
    TaskOwner,
    TaskState,
)
from domain.partner_orders import integration
from domain.partner_orders.models import IntegrationStatus
from tenants.auth import clock

LONGEST_AHEAD = timedelta(days=366)
BECAUSE = "DOCUMENT_EXPIRED: "
"""Reasons of suspensions that end by themselves begin with it."""


async def due(session: AsyncSession) -> list[UUID]:
    """The documents that something may have to be done about today. For the system, as all that follows."""
    states = PartnerDocument.state.in_([PartnerDocumentState.VERIFIED.value, PartnerDocumentState.EXPIRED.value])
    query = select(PartnerDocument.id).where(states, PartnerDocument.expires_on < tasks.today() + LONGEST_AHEAD)
    return list((await session.scalars(query.order_by(PartnerDocument.expires_on, PartnerDocument.id))).all())


async def look_at(session: AsyncSession, id: UUID) -> bool:
    """Remind, let expire or suspend, as the day asks; whether something was done. Doing it again does nothing."""
    query = select(PartnerDocument).where(PartnerDocument.id == id).with_for_update(skip_locked=True)
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None or row.expires_on is None:
        return False
    try:
        asked = (await definition_of(session, row)).document(row.kind)
    except NotFound:
        return False
    if asked is None:
        return False
    left = (row.expires_on - tasks.today()).days
    if row.state == PartnerDocumentState.VERIFIED:
        return await (_expire(session, row, asked) if left < 0 else _remind(session, row, asked, left))
    return await _suspend(session, row, asked) if row.state == PartnerDocumentState.EXPIRED else False


async def renewed(session: AsyncSession, row: PartnerDocument) -> None:
    """A valid version is there: the task is done, and a suspension for the lack of it ends."""
    await tasks.settle(session, row.entity_id, _key(row))
    found = await integration.of(session, row.entity_id, row.organization_id)
    if found.status != IntegrationStatus.SUSPENDED or not (found.suspended_reason or "").startswith(BECAUSE):
        return
    if other := await _still_lacking(session, row):
        found.suspended_reason = f"{BECAUSE}{other}"
        return
    await going_live.set_status(session, row.entity_id, row.organization_id, IntegrationStatus.LIVE)
    await letters.tell_document(session, row, "RESUMED")


async def definition_of(session: AsyncSession, row: PartnerDocument) -> Definition:
    """What is asked of the partner whose document it is: now, so that a category that asks more asks it of all."""
    query = select(PartnerOnboarding.category).filter_by(entity_id=row.entity_id, organization_id=row.organization_id)
    query = query.where(PartnerOnboarding.state.not_in([*CLOSED])).order_by(PartnerOnboarding.id.desc())
    category = (await session.execute(query.limit(1))).scalar_one_or_none()
    if category is None:
        category = await session.scalar(select(Contact.partner_model).where(Contact.id == row.organization_id))
    return await criteria.of(session, row.entity_id, category or "")


# --- what a day asks ------------------------------------------------------------------------------------------------


async def _remind(session: AsyncSession, row: PartnerDocument, asked: AskedDocument, left: int) -> bool:
    """At the nearest of the days that were agreed, once; where a newer version waits there is nothing to ask for."""
    day = min((day for day in asked.remind_days if day >= left), default=None)
    if day is None or (row.reminded_days is not None and row.reminded_days <= day):
        return False
    row.reminded_days = day
    if await _waits(session, row):
        return False
    await session.flush()
    await _ask_for_new(session, row, row.expires_on)
    await letters.tell_document(session, row, "EXPIRING", days=str(left))
    await events.tell_document(session, row, events.DocumentExpiring(row.kind, row.number, left))
    return True


async def _expire(session: AsyncSession, row: PartnerDocument, asked: AskedDocument) -> bool:
    row.state, row.decided_at = PartnerDocumentState.EXPIRED.value, clock.now()
    await session.flush()
    await events.tell_document(session, row, events.DocumentDecided(row.kind, row.number, row.state))
    await _ask_for_new(session, row, tasks.today())
    await letters.tell_document(session, row, "EXPIRED", then="")
    await _suspend(session, row, asked)
    return True


async def _suspend(session: AsyncSession, row: PartnerDocument, asked: AskedDocument) -> bool:
    """Keep new orders out where the days of grace are over; only of who is live, and without a version that waits."""
    if not _is_out_of_grace(row, asked) or await _waits(session, row):
        return False
    found = await integration.of(session, row.entity_id, row.organization_id)
    if found.status != IntegrationStatus.LIVE:
        return False
    reason = f"{BECAUSE}{row.kind}"
    await going_live.set_status(session, row.entity_id, row.organization_id, IntegrationStatus.SUSPENDED, reason)
    await letters.tell_document(session, row, "SUSPENDED")
    return True


async def _waits(session: AsyncSession, row: PartnerDocument) -> bool:
    """Whether a newer version is there and it is for us to look at it."""
    query = select(PartnerDocument.id).filter_by(
        entity_id=row.entity_id, organization_id=row.organization_id, kind=row.kind
    )
    query = query.where(PartnerDocument.number > row.number, PartnerDocument.state == PartnerDocumentState.PENDING)
    return (await session.execute(query.limit(1))).first() is not None


async def _still_lacking(session: AsyncSession, row: PartnerDocument) -> str | None:
    """Another kind of which the partner has only an expired version, and must not go without."""
    query = select(PartnerDocument).filter_by(
        entity_id=row.entity_id, organization_id=row.organization_id, state=PartnerDocumentState.EXPIRED.value
    )
    definition = await definition_of(session, row)
    for other in (await session.scalars(query.where(PartnerDocument.kind != row.kind))).all():
        asked = definition.document(other.kind)
        if asked is not None and _is_out_of_grace(other, asked):
            return other.kind
    return None


def _is_out_of_grace(row: PartnerDocument, asked: AskedDocument) -> bool:
    """Whether a partner may not go on without a new version."""
    if asked.on_expiry is not OnExpiry.SUSPEND or not asked.required or row.expires_on is None:
        return False
    return tasks.today() > row.expires_on + timedelta(days=asked.grace_days)


async def _ask_for_new(session: AsyncSession, row: PartnerDocument, due_on: date | None) -> None:
    nl, en = NAMES[DocumentType(row.kind)]
    wanted = tasks.Wanted(
        entity_id=row.entity_id,
        organization_id=row.organization_id,
        owner=TaskOwner.PARTNER,
        kind="RENEW_DOCUMENT",
        key=_key(row),
        title={"nl": f"{nl} vernieuwen", "en": f"{en}: renew it"},
        due_on=due_on or tasks.today(),
        subject=("PartnerDocument", row.id),
    )
    await tasks.open_(session, wanted)


def _key(row: PartnerDocument) -> str:
    return f"{tasks.STEP}RENEW:{row.organization_id}:{row.kind}"


# --- tasks that are overdue -----------------------------------------------------------------------------------------


async def overdue(session: AsyncSession) -> list[UUID]:
    """Open tasks of partners whose day has passed, and which nobody was reminded of this week."""
    today = tasks.today()
    query = select(PartnerTask.id).where(
        PartnerTask.state == TaskState.OPEN,
        PartnerTask.owner == TaskOwner.PARTNER,
        PartnerTask.due_on < today,
        or_(PartnerTask.reminded_on.is_(None), PartnerTask.reminded_on <= today - timedelta(days=7)),
    )
    return list((await session.scalars(query.order_by(PartnerTask.due_on, PartnerTask.id))).all())


async def remind_of(session: AsyncSession, id: UUID) -> bool:
    """Tell the partner once a week that a task is overdue; whether it was told."""
    query = select(PartnerTask).where(PartnerTask.id == id).with_for_update(skip_locked=True)
    row = (await session.execute(query)).scalar_one_or_none()
    recently = tasks.today() - timedelta(days=7)
    if row is None or row.state != TaskState.OPEN or row.organization_id is None:
        return False
    if row.reminded_on is not None and row.reminded_on > recently:
        return False
    row.reminded_on = tasks.today()
    await letters.remind_of_task(session, row, row.organization_id)
    return True
