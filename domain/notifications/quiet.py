"""Quiet hours: when a message may go out, on the clock of Amsterdam, whatever daylight saving does to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from domain.numbering.service import AMSTERDAM

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_MOST_STEPS = 50
"""Days in a row that can be quiet, with room to spare."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """From one time of day until another (over midnight where the first is later); equal times are no quiet hours."""

    start: time = time(21)
    end: time = time(8)
    weekends: bool = False
    holidays: bool = False


NEVER = Quiet(time(0), time(0))


def next_allowed(moment: datetime, quiet: Quiet) -> datetime:
    """The first instant, from `moment` on, that is not quiet; in UTC."""
    for _ in range(_MOST_STEPS):
        if not is_quiet(moment, quiet):
            break
        moment = _end_of(moment, quiet)
    return moment.astimezone(UTC)


def is_quiet(moment: datetime, quiet: Quiet) -> bool:
    """Whether the wall clock at `moment` is within quiet hours, or on a quiet day."""
    local = moment.astimezone(AMSTERDAM)
    return _day_is_quiet(local.date(), quiet) or _hour_is_quiet(local.time(), quiet)


def _hour_is_quiet(at: time, quiet: Quiet) -> bool:
    if quiet.start <= quiet.end:
        return quiet.start <= at < quiet.end
    return at >= quiet.start or at < quiet.end


def _day_is_quiet(day: date, quiet: Quiet) -> bool:
    return (quiet.weekends and day.weekday() >= 5) or (quiet.holidays and day in dutch_holidays(day.year))


def _end_of(moment: datetime, quiet: Quiet) -> datetime:
    """The end of the quiet time that `moment` is in; another one may follow at once."""
    local = moment.astimezone(AMSTERDAM)
    if _day_is_quiet(local.date(), quiet):
        return _instant(local.date() + _DAY, time(0), moment)
    over_midnight = quiet.start > quiet.end and local.time() >= quiet.start
    return _instant(local.date() + (_DAY if over_midnight else timedelta()), quiet.end, moment)


def _instant(day: date, at: time, after: datetime) -> datetime:
    """When the wall clock shows `at` on `day`, after a moment.

    A time that daylight saving repeats is its first occurrence that lies ahead; of one that it skips, the clock never
    shows it, and the minute after the gap counts.
    """
    for fold in (0, 1):
        instant = datetime.combine(day, at.replace(fold=fold), AMSTERDAM).astimezone(UTC)
        if instant > after and instant.astimezone(AMSTERDAM).time() == at:
            return instant
    instant = datetime.combine(day, at.replace(fold=1), AMSTERDAM).astimezone(UTC)
    while instant.astimezone(AMSTERDAM).replace(tzinfo=None) < datetime.combine(day, at):
        instant += _MINUTE
    return instant


@lru_cache(maxsize=16)
def dutch_holidays(year: int) -> frozenset[date]:
    """The public holidays of the Netherlands; Liberation Day in the years in which it is a day off."""
    return frozenset(_holidays(year))


def _holidays(year: int) -> Iterator[date]:
    easter = _easter(year)
    yield date(year, 1, 1)
    yield from (easter + timedelta(days=days) for days in (0, 1, 39, 49, 50))
    kings_day = date(year, 4, 27)
    yield kings_day - _DAY if kings_day.weekday() == 6 else kings_day
    if year % 5 == 0:
        yield date(year, 5, 5)
    yield from (date(year, 12, 25), date(year, 12, 26))


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar; Meeus, Astronomical Algorithms, chapter 8."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
