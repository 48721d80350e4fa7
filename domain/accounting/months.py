"""Months by their first day."""

from collections.abc import Iterator
from datetime import date, timedelta

from domain.ledger.months import later, month_of


def last_day(month: date) -> date:
    return later(month, 1) - timedelta(days=1)


def months(first: date, last: date) -> Iterator[date]:
    """First days of the months from that of `first` to that of `last`."""
    month = month_of(first)
    while month <= last:
        yield month
        month = later(month, 1)
