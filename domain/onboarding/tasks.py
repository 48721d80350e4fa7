"""What people have to do about partners: one open task per key, with an owner and a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import NotFound
from domain.numbering.service import AMSTERDAM
from domain.onboarding import errors, events
from domain.onboarding.models import PartnerTask, TaskOwner, TaskState
from domain.rows import actor_of, find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.models import Membership, MembershipStatus
from tenants.permissions import AUDIENCE_OF, Role

LONGEST_NOTE = 2_000
STEP = "STEP:"
"""Keys of tasks that close by themselves when a step is settled begin with it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task to open. `key` names what it is about: of one key there is one open task per entity."""

    entity_id: UUID
    organization_id: UUID | None
    owner: TaskOwner
    kind: str
    key: str
    title: Mapping[str, str]
    """{"nl": …, "en": …}"""
    due_on: date
    onboarding_id: UUID | None = None
    subject: tuple[str, UUID] | None = None
    """GraphQL type and id of what it is about."""


def today() -> date:
    """In Amsterdam."""
    return clock.now().astimezone(AMSTERDAM).date()


def in_working_days(days: int, start: date | None = None) -> date:
    """The day after so many days from Monday to Friday."""
    day = start or today()
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


async def open_(session: AsyncSession, wanted: Wanted) -> PartnerTask:
    """Open a task, or give the open one of its key. For the system."""
    if known := await open_of(session, wanted.entity_id, wanted.key):
        return known
    subject_type, subject_id = wanted.subject or (None, None)
    row = PartnerTask(
        entity_id=wanted.entity_id,
        organization_id=wanted.organization_id,
        onboarding_id=wanted.onboarding_id,
        owner=wanted.owner.value,
        kind=wanted.kind,
        key=wanted.key,
        subject_type=subject_type,
        subject_id=subject_id,
        title_nl=wanted.title["nl"],
        title_en=wanted.title["en"],
        due_on=wanted.due_on,
    )
    session.add(row)
    await session.flush()
    await events.tell_task(session, row, events.TaskOpened(row.kind, row.owner, row.due_on.isoformat()))
    return row


async def open_of(session: AsyncSession, entity_id: UUID, key: str) -> PartnerTask | None:
    query = select(PartnerTask).filter_by(entity_id=entity_id, key=key, state=TaskState.OPEN.value)
    return (await session.execute(query)).scalar_one_or_none()


async def open_of_onboarding(session: AsyncSession, onboarding_id: UUID) -> dict[str, PartnerTask]:
    """The open tasks of an onboarding by their keys."""
    query = select(PartnerTask).filter_by(onboarding_id=onboarding_id, state=TaskState.OPEN.value)
    return {row.key: row for row in await session.scalars(query.order_by(PartnerTask.id))}


async def settle(session: AsyncSession, entity_id: UUID, key: str, state: TaskState = TaskState.DONE) -> None:
    """Close the open task of a key, if there is one: what it asked for is there, or is not needed. For the system."""
    if row := await open_of(session, entity_id, key):
        await close(session, row, state)


async def complete(session: AsyncSession, actor: Actor, id: UUID, note: str = "") -> PartnerTask:
    """Say that a task was done. Raises: NotFound, TaskClosed, TaskOfTheFacts. `session` is the platform's."""
    row = await mine(session, actor, id)
    if row.state != TaskState.OPEN:
        raise errors.TaskClosed(field=("id",))
    if row.key.startswith(STEP):
        raise errors.TaskOfTheFacts(field=("id",))
    if actor.audience is not Audience.PARTNER:
        row.note = validation.text(note, "note", minimum=0, maximum=LONGEST_NOTE)
    await close(session, row, TaskState.DONE, actor.user_id)
    return row


async def reopen(session: AsyncSession, actor: Actor, id: UUID) -> PartnerTask:
    """It was not done after all. Raises: NotFound, TaskOpen. `session` is the platform's."""
    row = await mine(session, actor, id)
    if row.state == TaskState.OPEN or await open_of(session, row.entity_id, row.key):
        raise errors.TaskOpen(field=("id",))
    if row.key.startswith(STEP):
        raise errors.TaskOfTheFacts(field=("id",))
    row.state, row.done_at, row.done_by_user_id = TaskState.OPEN.value, None, None
    await session.flush()
    await events.tell_task(session, row, events.TaskChanged(row.kind, row.owner))
    return row


async def assign(
    session: AsyncSession, actor: Actor, id: UUID, user_id: UUID | None, due_on: date | None = None
) -> PartnerTask:
    """Give a task of ours to a colleague, or to nobody, and move its day. `session` is the platform's."""
    row = await mine(session, actor, id)
    if row.state != TaskState.OPEN:
        raise errors.TaskClosed(field=("id",))
    if user_id is not None and not await _is_staff(session, row.entity_id, user_id):
        raise NotFound(field=("user_id",))
    row.assigned_to_user_id = user_id
    row.due_on = validation.day(due_on, "due_on") if due_on else row.due_on
    await session.flush()
    await events.tell_task(session, row, events.TaskChanged(row.kind, row.owner))
    return row


async def mine(session: AsyncSession, actor: Actor, id: UUID) -> PartnerTask:
    """The task, locked, where the actor sees it."""
    async with acting_as(session, actor):
        await find(session, PartnerTask, id)
    return await find(session, PartnerTask, id, lock=True)


async def close(session: AsyncSession, row: PartnerTask, state: TaskState, by: UUID | None = None) -> None:
    """Close an open task. For the system."""
    row.state, row.done_at = state.value, clock.now()
    row.done_by_user_id = by or actor_of(session).user_id
    await session.flush()
    await events.tell_task(session, row, events.TaskClosed(row.kind, row.owner, row.state))


async def _is_staff(session: AsyncSession, entity_id: UUID, user_id: UUID) -> bool:
    roles = [role.value for role in Role if AUDIENCE_OF[role] is Audience.STAFF]
    query = select(Membership.id).where(
        Membership.user_id == user_id,
        Membership.entity_id == entity_id,
        Membership.role.in_(roles),
        Membership.status == MembershipStatus.ACTIVE,
    )
    return (await session.execute(query.limit(1))).first() is not None
