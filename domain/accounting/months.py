"""Months by their first day."""

from collections.abc import Iterator
from datetime import date, timedelta


def first_day(day: date) -> date:
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def last_day(month: date) -> date:
    return next_month(month) - timedelta(days=1)


def months(first: date, last: date) -> Iterator[date]:
    """First days of the months from that of `first` to that of `last`."""
    month = first_day(first)
    while month <= last:
        yield month
        month = next_month(month)
