"""The visit that deals with maintenance: given by a planner, taken back, and followed when it was made or is off."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.events.models import Event
from domain.health import maintenance
from domain.health.errors import VisitElsewhere, VisitOver
from domain.health.events import MaintenanceScheduled
from domain.health.models import MaintenanceTask, TaskState
from domain.rows import find
from domain.visits.models import Visit, VisitOutcome, VisitStatus

_AHEAD = (VisitStatus.REQUIRED, VisitStatus.PLANNED, VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS)
DONE, OFF = "visit.completed", "visit.cancelled"


async def schedule(session: AsyncSession, id: UUID, visit_id: UUID) -> MaintenanceTask:
    """Have a visit deal with it: one that is ahead, at the charger's owner or of the order that it came with."""
    task = await maintenance.active(session, id)
    visit = await find(session, Visit, visit_id, field=("visit_id",))
    charger = await find(session, Charger, task.charger_id)
    if not _is_there(visit, charger):
        raise VisitElsewhere(field=("visit_id",))
    if visit.status not in _AHEAD:
        raise VisitOver(field=("visit_id",))
    if task.visit_id == visit.id:
        return task
    task.state, task.visit_id = TaskState.SCHEDULED.value, visit.id
    await maintenance.tell(session, task, MaintenanceScheduled(*maintenance.said(task), visit.id))
    return task


def _is_there(visit: Visit, charger: Charger) -> bool:
    if visit.entity_id != charger.entity_id:
        return False
    owner = charger.owner_contact_id
    at_the_owner = owner is not None and owner in (visit.end_customer_contact_id, *visit.channel_organization_ids)
    return at_the_owner or (charger.order_id is not None and visit.order_id == charger.order_id)


async def follow(session: AsyncSession, event: Event) -> None:
    """A visit that was made ends its maintenance, one that was not has it wait again; in a session of the system."""
    query = select(MaintenanceTask).where(
        MaintenanceTask.visit_id == event.subject_id, MaintenanceTask.state == TaskState.SCHEDULED.value
    )
    for task in await session.scalars(query.order_by(MaintenanceTask.id).with_for_update()):
        if event.type == DONE and event.payload.get("outcome") == VisitOutcome.COMPLETED:
            await maintenance.finish(session, task, "")
        else:
            await maintenance.take_visit(session, task)
