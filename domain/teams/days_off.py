"""Days on which no team works: the public holidays of the Netherlands, and what planners changed about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.teams.models import HolidayChange


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday, or a day that a planner made one; work goes on where `working`."""

    day: date
    name: str
    working: bool = False
    changed: bool = False
    """Whether a planner said so, and not the calendar."""


async def holidays_between(session: AsyncSession, first: date, last: date) -> list[Holiday]:
    """Holidays from `first` to `last`, both included, in order."""
    found = {day: Holiday(day, name) for day, name in public(first, last).items()}
    changes = select(HolidayChange).where(HolidayChange.day.between(first, last))
    for change in await session.scalars(changes):
        found[change.day] = Holiday(change.day, change.name, change.working, changed=True)
    return [found[day] for day in sorted(found)]


def public(first: date, last: date) -> Mapping[date, str]:
    """Public holidays by their Dutch names."""
    years = range(first.year, last.year + 1)
    return {day: name for year in years for day, name in _of_year(year).items() if first <= day <= last}


@lru_cache(maxsize=64)
def _of_year(year: int) -> Mapping[date, str]:
    return dict(holidays.country_holidays("NL", years=year, language="nl"))


def every_day(first: date, days: int) -> tuple[date, ...]:
    """The days from `first`."""
    return tuple(first + timedelta(days=offset) for offset in range(days))
