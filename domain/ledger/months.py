"""Months, quarters and years of the books: half-open, from the first day up to the first day of the next."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum


class Step(StrEnum):
    """How a span of time is cut."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"

    @property
    def months(self) -> int:
        return {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[self.value]


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def later(month: date, months: int) -> date:
    """The first day of a month so many months later."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def begin(day: date, step: Step) -> date:
    """The first day of the month, quarter or year that a day is in."""
    return date(day.year, (day.month - 1) // step.months * step.months + 1, 1)


def spans(since: date, until: date, step: Step) -> Iterator[tuple[date, date]]:
    """The span [since, until), cut at the beginnings of months, quarters or years."""
    start = since
    while start < until:
        end = min(later(begin(start, step), step.months), until)
        yield start, end
        start = end
