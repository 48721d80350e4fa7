"""Calendar months in Amsterdam: what is paid per month, and what a subscription covers, goes by them."""

from datetime import date, datetime, time

from domain.numbering.service import AMSTERDAM


def month_of(at: datetime) -> date:
    """First day of the month that a moment is in."""
    return at.astimezone(AMSTERDAM).date().replace(day=1)


def next_month(month: date) -> date:
    """First day of the month after it."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def begins(day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time(), AMSTERDAM)
