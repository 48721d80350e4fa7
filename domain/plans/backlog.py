"""The visits that a plan is about, as rows: what waits, what the days hold, and the other visits of their quotes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.orders.models import Order
from domain.orders.stages import LIVE
from domain.plans.fingerprints import fingerprint
from domain.visits.models import Visit, VisitStatus

_ON_A_DAY = (VisitStatus.PLANNED, VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS, VisitStatus.DONE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visit as planning reads it."""

    id: UUID
    entity_id: UUID
    order_id: UUID
    position: int
    status: str
    minutes: int
    skills: Sequence[str]
    outdoor: bool
    latitude: float | None
    longitude: float | None
    pc4: str | None
    material_on: date | None
    priority: int
    promised_at: datetime | None
    pinned: bool
    team_id: UUID | None
    day: date | None
    block: str | None
    route_order: int | None
    starts_at: datetime | None
    dispatched_at: datetime | None
    created_at: datetime
    on_hold: bool
    fingerprint: str
    first_id: UUID | None
    """The visit of its order that has to be made before it, where there is one."""
    first_status: str | None
    first_day: date | None
    held: bool = False
    """Whether this is the place that its customer holds, see `domain.plans.holds`."""

    @property
    def planned(self) -> bool:
        """Whether the plan in force gives it a day and a part of it."""
        return self.day is not None and self.block is not None and self.status != VisitStatus.REQUIRED

    @property
    def promised(self) -> bool:
        """Whether day and block are the customer's."""
        return self.promised_at is not None

    @property
    def fixed(self) -> bool:
        """Whether it stays where it is, whatever is planned around it: given out, begun, or resting."""
        begun = self.status not in (VisitStatus.REQUIRED, VisitStatus.PLANNED)
        return self.planned and (begun or self.dispatched_at is not None or self.on_hold)


async def visits(
    session: AsyncSession, first_day: date, last_day: date, *, waiting: bool = True, also: Collection[UUID] = ()
) -> Sequence[Waiting]:
    """All that these days hold and, where `waiting`, required visits of live orders; the oldest first.

    `also`: these visits in any case. In a session of the system.
    """
    return [Waiting(*row) for row in await session.execute(_query(first_day, last_day, waiting, also))]


def _query(first_day: date, last_day: date, waiting: bool, also: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    first = _first()
    read = (*_READ, Order.on_hold, fingerprint(), first.c.id, first.c.status, first.c.day)
    query = select(*read).join(Order, Order.id == Visit.order_id).outerjoin(first, true())
    wait = and_(Visit.status == VisitStatus.REQUIRED, Order.stage.in_(LIVE), ~Order.on_hold)
    wanted = [and_(Visit.day.between(first_day, last_day), Visit.status.in_(_ON_A_DAY))]
    wanted += [and_(wait, _not_elsewhere(first_day, last_day))] if waiting else []
    wanted += [Visit.id.in_(list(also))] if also else []
    return query.where(or_(*wanted)).order_by(Visit.created_at, Visit.id)


def _first() -> Any:
    """What of its quote has to be done before a visit, follow-ups included: the last that is not done, if there is one.

    A follow-up stands where the visit stood whose work it continues.
    """
    other = aliased(Visit)
    before = func.coalesce(other.work_position, other.position) < func.coalesce(Visit.work_position, Visit.position)
    found = select(other.id, other.status, other.day).where(other.order_id == Visit.order_id, before)
    found = found.where(other.status != VisitStatus.CANCELLED).correlate(Visit)
    return found.order_by(other.status == VisitStatus.DONE, other.day.desc(), other.position.desc()).limit(1).lateral()


def _not_elsewhere(first_day: date, last_day: date) -> Any:
    """Promised for another time: nothing of ours."""
    return or_(Visit.promised_at.is_(None), Visit.day.between(first_day, last_day))


_READ = (
    Visit.id,
    Visit.entity_id,
    Visit.order_id,
    Visit.position,
    Visit.status,
    Visit.minutes,
    Visit.skills,
    Visit.outdoor,
    Visit.latitude,
    Visit.longitude,
    Visit.pc4,
    Visit.material_on,
    Visit.priority,
    Visit.promised_at,
    Visit.pinned,
    Visit.team_id,
    Visit.day,
    Visit.block,
    Visit.route_order,
    Visit.starts_at,
    Visit.dispatched_at,
    Visit.created_at,
)
