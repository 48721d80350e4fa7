"""Places that customers hold at this moment: promises of the near future, which every plan has to keep."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, DateTime, Text, Uuid, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from domain.plans.backlog import Waiting
from domain.visits.models import DayBlock, VisitStatus

_AT = DateTime(timezone=True)
_HOLD = table(
    "slot_hold",
    column("visit_id", Uuid()),
    column("team_id", Uuid()),
    column("day", Date()),
    column("block", Text()),
    column("starts_at", _AT),
    column("expires_at", _AT),
)
"""Offers stand above plans, which read no more of a hold than this."""


@dataclass(frozen=True, slots=True)
class Held:
    """A visit whose customer holds a part of a day; the place rests on this team."""

    visit_id: UUID
    team_id: UUID
    day: date
    block: DayBlock
    starts_at: datetime | None = None


async def living_holds(session: AsyncSession, first_day: date, last_day: date) -> Sequence[Held]:
    """Holds that have not run out, of the days from `first_day` to `last_day`; in a session of the system."""
    hold = _HOLD.c
    query = select(hold.visit_id, hold.team_id, hold.day, hold.block, hold.starts_at).where(
        hold.day.between(first_day, last_day), hold.expires_at > func.clock_timestamp()
    )
    rows = await session.execute(query.order_by(hold.day, hold.visit_id))
    return [Held(row.visit_id, row.team_id, row.day, DayBlock(row.block), row.starts_at) for row in rows]


def with_holds(visits: Iterable[Waiting], holds: Mapping[UUID, Held]) -> list[Waiting]:
    """Each held place as a visit that keeps its day and block.

    It stands for the visit itself where that waits, and beside it where it has another day so far.
    """
    found: list[Waiting] = []
    for visit in visits:
        held = holds.get(visit.id)
        if held is None or visit.planned:
            found.append(visit)
        if held is not None:
            found.append(_as_planned(visit, held))
    return found


def _as_planned(visit: Waiting, held: Held) -> Waiting:
    return replace(
        visit,
        status=VisitStatus.PLANNED,
        team_id=held.team_id,
        day=held.day,
        block=held.block,
        starts_at=held.starts_at,
        route_order=None,
        promised_at=visit.promised_at or visit.created_at,
        pinned=False,
        held=True,
        first_id=None,
    )
