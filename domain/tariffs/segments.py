"""Cutting usage where a tariff changes: at the edges of its windows, as a clock on a wall in Amsterdam shows them.

On the night in March that has no 02:30 a window "from 02:30" starts when the clock jumps; in October, when 02:30 comes
twice, each of them counts as the clock shows it. Energy of an interval that crosses an edge is cut in proportion to
time. Wh and seconds are whole in every segment and add up to the whole: they are differences of rounded running totals,
so it makes no difference how the usage was cut into intervals before.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from domain.numbering.service import AMSTERDAM
from domain.tariffs.terms import Terms
from domain.tariffs.usage import Interval, Usage, in_order

_MICROSECOND = timedelta(microseconds=1)
_PER_SECOND = 1_000_000
_DAY = timedelta(days=1)
_JUMP = time(1)
"""Clocks change at 01:00 UTC (Directive 2000/84/EC)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch in which one set of windows holds, and what was used in it."""

    start: datetime
    end: datetime
    windows: tuple[str, ...]
    clock: time
    """On the wall when it starts."""
    energy_wh: int
    charging_seconds: int
    idle_seconds: int

    @property
    def name(self) -> str:
        """The windows that hold, such as "PEAK"; "STANDARD" where none does."""
        return "+".join(self.windows) or "STANDARD"


def cut(terms: Terms, usage: Usage) -> list[Segment]:
    """The segments of a usage by time, those with nothing in them left out. Raises: UnusableUsage"""
    intervals = in_order(usage.intervals)
    if not intervals:
        return []
    starts = edges(terms, intervals[0].start, usage.ended_at)
    sums: list[list[int | Fraction]] = [[0, 0, 0] for _ in starts]
    for interval in intervals:
        _spread(interval, starts, sums)
    energy, charging, idle = zip(*sums, strict=True)
    whole = zip(_rounded(energy, 1), _rounded(charging, _PER_SECOND), _rounded(idle, _PER_SECOND), strict=True)
    ends = [*starts[1:], usage.ended_at.astimezone(UTC)]
    found = (_segment(terms, *each) for each in zip(starts, ends, whole, strict=True))
    return [each for each in found if each.energy_wh or each.charging_seconds or each.idle_seconds]


def edges(terms: Terms, first: datetime, last: datetime) -> list[datetime]:
    """The first moment, and those until the last at which other windows hold than before; in UTC."""
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    found = [first]
    for moment in sorted({each for each in _candidates(terms, first, last) if first < each < last}):
        if terms.names(_clock(moment)) != terms.names(_clock(found[-1])):
            found.append(moment)
    return found


def _candidates(terms: Terms, first: datetime, last: datetime) -> Iterator[datetime]:
    """Moments at which the windows may change: their edges on every day, and the jumps of the clock."""
    clocks = {clock for window in terms.windows for clock in (window.starts, window.until)}
    for day in _days(first, last):
        yield datetime.combine(day, _JUMP, UTC)
        for clock in clocks:
            for fold in (0, 1):
                yield datetime.combine(day, clock.replace(fold=fold), AMSTERDAM).astimezone(UTC)


def _days(first: datetime, last: datetime) -> Iterator[date]:
    day, until = first.astimezone(AMSTERDAM).date(), last.astimezone(AMSTERDAM).date()
    while day <= until:
        yield day
        day += _DAY


def _clock(moment: datetime) -> time:
    return moment.astimezone(AMSTERDAM).time().replace(fold=0)


def _spread(interval: Interval, starts: Sequence[datetime], sums: list[list[int | Fraction]]) -> None:
    """Add an interval's energy, charging and idle microseconds to the segments that it is in."""
    start, end = interval.start.astimezone(UTC), interval.end.astimezone(UTC)
    place = bisect_right(starts, start) - 1
    length = (end - start) // _MICROSECOND
    time_of = 1 if interval.charging else 2
    if not length:
        sums[place][0] += interval.energy_wh
    while start < end:
        until = min(end, starts[place + 1]) if place + 1 < len(starts) else end
        part = (until - start) // _MICROSECOND
        sums[place][0] += interval.energy_wh if part == length else interval.energy_wh * Fraction(part, length)
        sums[place][time_of] += part
        start, place = until, place + 1


def _rounded(parts: Iterable[int | Fraction], per: int) -> Iterator[int]:
    """Whole parts, `per` of the exact ones each, whose sums are the rounded (half up) sums of the exact ones."""
    exact, told = Fraction(0), 0
    for part in parts:
        exact += Fraction(part) / per
        now = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
        yield now - told
        told = now


def _segment(terms: Terms, start: datetime, end: datetime, whole: tuple[int, int, int]) -> Segment:
    clock = _clock(start)
    return Segment(start, end, terms.names(clock), clock, *whole)
