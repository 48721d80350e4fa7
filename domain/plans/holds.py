"""Places that customers hold at this moment: promises of the near future, which every plan has to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.visits.models import DayBlock


@dataclass(frozen=True, slots=True)
class Held:
    """A visit whose customer holds a part of a day; the place rests on this team."""

    visit_id: UUID
    team_id: UUID
    day: date
    block: DayBlock
    route_order: int = 0


async def living_holds(session: AsyncSession, first_day: date, last_day: date) -> Sequence[Held]:
    """Holds that have not run out, of the days from `first_day` to `last_day`; in a session of the system."""
    return ()
