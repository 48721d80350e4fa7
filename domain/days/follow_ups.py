"""What is left of a visit becomes another one, which waits to be planned."""

from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import record
from domain.visits.events import VisitRequired
from domain.visits.models import Visit, VisitStatus

_KEPT = (
    "entity_id",
    "order_id",
    "channel_organization_ids",
    "end_customer_contact_id",
    "kind",
    "skills",
    "outdoor",
    "latitude",
    "longitude",
    "pc4",
)
_MOST_URGENT = 9


async def require(session: AsyncSession, visit: Visit, minutes: int) -> UUID:
    """The follow-up of a visit, one step more urgent than it was; its id."""
    last = select(func.max(Visit.position)).where(Visit.order_id == visit.order_id)
    position = int((await session.execute(last)).scalar_one()) + 1
    values = {name: getattr(visit, name) for name in _KEPT} | {
        "position": position,
        "status": VisitStatus.REQUIRED.value,
        "minutes": minutes,
        "priority": min(visit.priority + 1, _MOST_URGENT),
        "follow_up_of_id": visit.id,
        "work_position": visit.work_position or visit.position,
    }
    made: UUID = (await session.execute(insert(Visit).values(values).returning(Visit.id))).scalar_one()
    await record(
        session,
        VisitRequired(visit.order_id, position, visit.kind),
        entity_id=visit.entity_id,
        subject_id=made,
        channel=visit.channel_organization_ids,
        contact_ids=[visit.end_customer_contact_id],
    )
    return made
