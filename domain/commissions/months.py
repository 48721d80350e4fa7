"""Months and longer spans of the calendar in Amsterdam, as moments."""

from datetime import date, datetime, time

from domain.agreements.commission_terms import CommissionPeriod
from domain.numbering.service import AMSTERDAM


def month_of(at: datetime) -> date:
    """First day of the month that a moment is in."""
    return at.astimezone(AMSTERDAM).date().replace(day=1)


def begins(day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time(), AMSTERDAM)


def bounds(month: date) -> tuple[datetime, datetime]:
    """The first moment of a month, and of the next one."""
    first, after = CommissionPeriod.MONTH.of(month)
    return begins(first), begins(after)
