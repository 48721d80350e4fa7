"""TARGET days: on which euro payments are carried out.

Closed are Saturdays, Sundays, New Year's Day, Good Friday, Easter Monday, 1 May, and 25 and 26 December (ECB, decision
of 14 December 2000 on the TARGET calendar); the library `holidays` keeps them as the financial market ECB.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

import holidays


def is_target_day(day: date) -> bool:
    """Whether banks carry out payments in euros on that day."""
    return day.weekday() < 5 and day not in _closed(day.year)


def target_day_from(day: date, after: int = 0) -> date:
    """The first TARGET day on or after `day`, and then so many TARGET days later."""
    while not is_target_day(day):
        day += timedelta(days=1)
    for _ in range(after):
        day += timedelta(days=1)
        while not is_target_day(day):
            day += timedelta(days=1)
    return day


@lru_cache(maxsize=64)
def _closed(year: int) -> Mapping[date, str]:
    return dict(holidays.financial_holidays("ECB", years=year))
