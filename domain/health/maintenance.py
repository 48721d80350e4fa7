"""Maintenance: a task with a day and somebody who sees to it, made from alerts, from the score, or for its own sake.

A visit belongs to an order that somebody signed, and an order that is completed was invoiced: a charger that is too hot
must not bring either back to life. So maintenance is no visit but a task, which a planner gives a visit of an order
where there is one (a service order, or a visit of the installation that is still ahead), or which is done without.
Cancelling puts its alerts back where they were; ending is taken back by `reopen`. As the actor.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.chargers.errors import ChargerRetired
from domain.chargers.models import Charger, ChargerState
from domain.errors import Faults, OutOfRange, TooMany
from domain.events.record import changes_of, record
from domain.health import handling
from domain.health.errors import (
    AlertClosedAlready,
    AlertHasMaintenance,
    AlertOfAnotherCharger,
    MaintenanceEnded,
    MaintenanceNotEnded,
    MaintenanceNotScheduled,
    NotOfTheStaff,
)
from domain.health.events import (
    MaintenanceCancelled,
    MaintenanceChanged,
    MaintenanceDone,
    MaintenancePlanned,
    MaintenanceReopened,
    MaintenanceUnscheduled,
    TaskEvent,
)
from domain.health.models import AlertState, ChargerAlert, ChargerHealth, MaintenanceTask, Severity, TaskState
from domain.numbering.service import AMSTERDAM
from domain.rows import actor_of, find
from tenants.audience import Audience
from tenants.auth import clock
from tenants.models import Membership, MembershipStatus, UserAccount
from tenants.permissions import AUDIENCE_OF, Role

MOST_TITLE, MOST_NOTE, MOST_OUTCOME, MOST_ALERTS = 200, 2000, 1000, 50
AHEAD = timedelta(days=730)
_ENDED = (TaskState.DONE, TaskState.CANCELLED)
_STAFF = tuple(role.value for role in Role if AUDIENCE_OF[role] in (Audience.STAFF, Audience.TECHNICIAN))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done with a charger. `alert_ids`: those that it deals with, all of this charger."""

    charger_id: UUID
    title: str
    due_on: date
    priority: Severity = Severity.WARNING
    assigned_to: UUID | None = None
    note: str = ""
    alert_ids: Sequence[UUID] = field(default=())


async def plan(session: AsyncSession, wanted: Wanted) -> MaintenanceTask:
    """The task; its alerts count as acknowledged. Raises: DomainErrors for all faults of what is wanted."""
    charger = await find(session, Charger, wanted.charger_id, field=("charger_id",))
    if charger.state == ChargerState.RETIRED:
        raise ChargerRetired(field=("charger_id",))
    title, note = _checked(wanted)
    await _of_the_staff(session, charger.entity_id, wanted.assigned_to, "assigned_to")
    alerts = await _alerts(session, wanted)
    task = MaintenanceTask(
        entity_id=charger.entity_id,
        charger_id=charger.id,
        owner_contact_id=charger.owner_contact_id,
        channel_organization_ids=list(charger.channel_organization_ids),
        title=title,
        note=note,
        due_on=wanted.due_on,
        priority=wanted.priority.value,
        assigned_to=wanted.assigned_to,
        planned_by=actor_of(session).user_id,
    )
    await _remember_score(session, task)
    session.add(task)
    await session.flush()
    for alert in alerts:
        alert.maintenance_task_id = task.id
        if alert.state == AlertState.OPEN:
            await handling.mark_acknowledged(session, alert)
    await tell(session, task, MaintenancePlanned(*said(task), task.priority))
    return task


async def change(
    session: AsyncSession,
    id: UUID,
    *,
    title: str | None = None,
    due_on: date | None = None,
    priority: Severity | None = None,
    note: str | None = None,
) -> MaintenanceTask:
    """What is None stays."""
    task = await active(session, id)
    with Faults() as faults:
        if title is not None:
            task.title = faults.take(lambda value: validation.name(value, "title", maximum=MOST_TITLE), title) or ""
        if note is not None:
            task.note = faults.take(_note, note) or ""
        if due_on is not None:
            faults.take(_day, due_on)
            task.due_on = due_on
    if priority is not None:
        task.priority = priority.value
    return await _changed(session, task)


async def assign(session: AsyncSession, id: UUID, user_id: UUID | None) -> MaintenanceTask:
    """Who sees to it; None: nobody yet."""
    task = await active(session, id)
    await _of_the_staff(session, task.entity_id, user_id, "user_id")
    task.assigned_to = user_id
    return await _changed(session, task)


async def complete(session: AsyncSession, id: UUID, outcome: str) -> MaintenanceTask:
    """It was done: its alerts are over."""
    said_ = validation.text(outcome, "outcome", minimum=0, maximum=MOST_OUTCOME)
    return await finish(session, await active(session, id), said_)


async def finish(session: AsyncSession, task: MaintenanceTask, outcome: str) -> MaintenanceTask:
    """Of a locked task that has not ended."""
    _end(session, task, TaskState.DONE, outcome)
    for alert in await _of_task(session, task.id):
        await handling.mark_closed(session, alert, task.title)
    await tell(session, task, MaintenanceDone(*said(task), outcome))
    return task


async def cancel(session: AsyncSession, id: UUID, reason: str) -> MaintenanceTask:
    """It is not done: its alerts that are not over wait again."""
    why = validation.text(reason, "reason", minimum=0, maximum=MOST_OUTCOME)
    task = await active(session, id)
    _end(session, task, TaskState.CANCELLED, why)
    for alert in await _of_task(session, task.id):
        alert.maintenance_task_id = None
        if alert.state == AlertState.ACKNOWLEDGED:
            await handling.mark_open(session, alert)
    await tell(session, task, MaintenanceCancelled(*said(task), why))
    return task


async def reopen(session: AsyncSession, id: UUID) -> MaintenanceTask:
    """It is to be done after all; its visit is to be given anew."""
    task = await find(session, MaintenanceTask, id, lock=True)
    if task.state not in _ENDED:
        raise MaintenanceNotEnded(field=("id",))
    task.state, task.visit_id = TaskState.OPEN.value, None
    task.ended_at = task.ended_by = None
    task.outcome = ""
    await handling.belong(session, task)
    await tell(session, task, MaintenanceReopened(*said(task)))
    return task


async def unschedule(session: AsyncSession, id: UUID) -> MaintenanceTask:
    """It has no visit any more."""
    task = await active(session, id)
    if task.visit_id is None:
        raise MaintenanceNotScheduled(field=("id",))
    return await take_visit(session, task)


async def take_visit(session: AsyncSession, task: MaintenanceTask) -> MaintenanceTask:
    """Of a locked task that has one."""
    task.state, task.visit_id = TaskState.OPEN.value, None
    await tell(session, task, MaintenanceUnscheduled(*said(task)))
    return task


async def active(session: AsyncSession, id: UUID) -> MaintenanceTask:
    """Locked. Raises: NotFound, MaintenanceEnded."""
    task = await find(session, MaintenanceTask, id, lock=True)
    if task.state in _ENDED:
        raise MaintenanceEnded(field=("id",))
    return task


def said(task: MaintenanceTask) -> tuple[UUID, str, str]:
    """What every event of it says first."""
    return task.charger_id, task.title, task.due_on.isoformat()


async def tell(session: AsyncSession, task: MaintenanceTask, happened: TaskEvent) -> None:
    await record(
        session,
        happened,
        entity_id=task.entity_id,
        subject_id=task.id,
        channel=task.channel_organization_ids,
        contact_ids=[task.owner_contact_id],
        changes=changes_of(task),
    )


async def _changed(session: AsyncSession, task: MaintenanceTask) -> MaintenanceTask:
    if changes_of(task):
        await tell(session, task, MaintenanceChanged(*said(task), task.priority))
    return task


def _end(session: AsyncSession, task: MaintenanceTask, state: TaskState, outcome: str) -> None:
    task.state, task.outcome = state.value, outcome
    task.ended_at, task.ended_by = clock.now(), actor_of(session).user_id


def _checked(wanted: Wanted) -> tuple[str, str]:
    with Faults() as faults:
        title = faults.take(lambda value: validation.name(value, "title", maximum=MOST_TITLE), wanted.title)
        note = faults.take(_note, wanted.note)
        faults.take(_day, wanted.due_on)
        if len(wanted.alert_ids) > MOST_ALERTS:
            faults.add(TooMany(maximum=MOST_ALERTS, field=("alert_ids",)))
    return title or "", note or ""


def _note(value: str) -> str:
    return validation.text(value, "note", minimum=0, maximum=MOST_NOTE)


def _day(value: date) -> date:
    today = clock.now().astimezone(AMSTERDAM).date()
    if not today <= value <= today + AHEAD:
        raise OutOfRange(minimum=today.isoformat(), maximum=(today + AHEAD).isoformat(), field=("due_on",))
    return value


async def _of_the_staff(session: AsyncSession, entity_id: UUID, user_id: UUID | None, field: str) -> None:
    """Somebody who works for the entity, in the office or in the field. Raises: NotFound, NotOfTheStaff."""
    if user_id is None:
        return
    await find(session, UserAccount, user_id, field=(field,))
    works = select(Membership.id).where(
        Membership.user_id == user_id,
        Membership.entity_id == entity_id,
        Membership.role.in_(_STAFF),
        Membership.status == MembershipStatus.ACTIVE,
    )
    if (await session.execute(works.limit(1))).first() is None:
        raise NotOfTheStaff(field=(field,))


async def _alerts(session: AsyncSession, wanted: Wanted) -> list[ChargerAlert]:
    """Locked, each open, of this charger and without a task. Raises: NotFound, InvalidInput, Conflict at its place."""
    found = []
    for place, id in sorted(enumerate(dict.fromkeys(wanted.alert_ids)), key=lambda pair: pair[1]):
        at = ("alert_ids", place)
        alert = await find(session, ChargerAlert, id, lock=True, field=at)
        if alert.charger_id != wanted.charger_id:
            raise AlertOfAnotherCharger(field=at)
        if alert.state == AlertState.CLOSED:
            raise AlertClosedAlready(field=at)
        if alert.maintenance_task_id is not None:
            raise AlertHasMaintenance(field=at)
        found.append(alert)
    return found


async def _of_task(session: AsyncSession, task_id: UUID) -> list[ChargerAlert]:
    """Its alerts that are not over, locked."""
    query = select(ChargerAlert).where(ChargerAlert.maintenance_task_id == task_id, ChargerAlert.closed_at.is_(None))
    locked = query.order_by(ChargerAlert.charger_id, ChargerAlert.code).with_for_update()
    return list(await session.scalars(locked.execution_options(populate_existing=True)))


async def _remember_score(session: AsyncSession, task: MaintenanceTask) -> None:
    kept = select(ChargerHealth.score, ChargerHealth.reasons).where(ChargerHealth.charger_id == task.charger_id)
    if (row := (await session.execute(kept)).first()) is not None:
        task.score, task.reasons = row.score, row.reasons
