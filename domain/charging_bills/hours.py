"""What a session earns in each hour of the clock (PR8). Pure; the hours add up to the bill, in cents and in Wh.

Energy and time earn where they were used, in proportion; the start fee and the reserve in the first hour; the minimum
and what is taken off, in proportion to what was earned besides. Parts are cut by largest remainder.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import lcm
from typing import Any

from domain.money import Money, allocate
from domain.tariffs.pricing import Interval, LineKind, PriceLine

_HOUR, _MICROSECOND = timedelta(hours=1), timedelta(microseconds=1)
_USED = (LineKind.ENERGY, LineKind.TIME, LineKind.IDLE)
_AT_THE_START = (LineKind.START_FEE, LineKind.DAMAGE_RESERVE)


@dataclass(slots=True)
class _Cell:
    """A stretch within one hour and one segment."""

    hour: datetime
    segment: datetime | None
    """When the segment begins that it is in."""
    energy: Fraction = Fraction(0)
    charging: Fraction = Fraction(0)
    idle: Fraction = Fraction(0)

    @property
    def seconds(self) -> Fraction:
        return self.charging + self.idle


@dataclass(frozen=True, slots=True)
class HourEarned:
    """`hour` is when it begins, in UTC."""

    hour: datetime
    energy_wh: int
    seconds: int
    net_cents: int

    def as_json(self) -> list[str | int]:
        """As a bill keeps it, for when readings are not kept any more."""
        return [self.hour.isoformat(), self.energy_wh, self.seconds, self.net_cents]

    @classmethod
    def of(cls, kept: Sequence[Any]) -> "HourEarned":
        return cls(datetime.fromisoformat(kept[0]), *kept[1:])


def by_hour(lines: Sequence[PriceLine], intervals: Iterable[Interval], *, idle_apart: bool) -> list[HourEarned]:
    """The hours in which something was used or earned; `idle_apart`: time without charging has a price of its own."""
    cells = _cells(lines, intervals)
    if not cells:
        return []
    earned = [0] * len(cells)
    for line in lines:
        if line.kind in _USED or line.kind is LineKind.PACK:
            _share(earned, line.net_cents, _weights(cells, line, idle_apart))
    for line in lines:
        if line.kind in _AT_THE_START:
            earned[0] += line.net_cents
    base = [max(cents, 0) for cents in earned]
    for line in lines:
        if line.kind in (LineKind.MINIMUM, LineKind.DISCOUNT, LineKind.CAP):
            _share(earned, line.net_cents, base)
    return _summed(cells, earned)


def _share(earned: list[int], cents: int, weights: Sequence[int | Fraction]) -> None:
    if not any(weights):
        earned[0] += cents
        return
    scale = lcm(*(Fraction(weight).denominator for weight in weights))
    parts = allocate(Money(cents), [int(weight * scale) for weight in weights])
    for place, part in enumerate(parts):
        earned[place] += part.cents


def _weights(cells: Sequence[_Cell], line: PriceLine, idle_apart: bool) -> list[Fraction]:
    start = line.segment.start.astimezone(UTC) if line.segment else None
    return [_used(cell, line.kind, idle_apart) if cell.segment == start else Fraction(0) for cell in cells]


def _used(cell: _Cell, kind: LineKind, idle_apart: bool) -> Fraction:
    if kind in (LineKind.ENERGY, LineKind.PACK):
        return cell.energy
    if kind is LineKind.IDLE:
        return cell.idle
    return cell.charging if idle_apart else cell.seconds


def _cells(lines: Sequence[PriceLine], intervals: Iterable[Interval]) -> list[_Cell]:
    segments = sorted({line.segment.start.astimezone(UTC) for line in lines if line.segment})
    found: dict[tuple[datetime, datetime | None], _Cell] = {}
    for interval in sorted(intervals, key=lambda each: (each.start, each.end)):
        start, end = interval.start.astimezone(UTC), interval.end.astimezone(UTC)
        whole = _seconds(start, end)
        if not whole:
            _cell(found, start, segments).energy += interval.energy_wh
        while start < end:
            until = min(end, _next(start, segments))
            part, cell = _seconds(start, until), _cell(found, start, segments)
            cell.energy += interval.energy_wh * part / whole
            if interval.charging:
                cell.charging += part
            else:
                cell.idle += part
            start = until
    return [found[key] for key in sorted(found, key=lambda key: (key[0], key[1] or key[0]))]


def _seconds(start: datetime, end: datetime) -> Fraction:
    return Fraction((end - start) // _MICROSECOND, 1_000_000)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _next(moment: datetime, segments: Sequence[datetime]) -> datetime:
    """The next edge of an hour or of a segment."""
    place, hour = bisect_right(segments, moment), _hour(moment) + _HOUR
    return min(hour, segments[place]) if place < len(segments) else hour


def _cell(
    found: dict[tuple[datetime, datetime | None], _Cell], moment: datetime, segments: Sequence[datetime]
) -> _Cell:
    place = bisect_right(segments, moment) - 1
    key = (_hour(moment), segments[place] if place >= 0 else None)
    return found.setdefault(key, _Cell(*key))


def _summed(cells: Sequence[_Cell], earned: Sequence[int]) -> list[HourEarned]:
    sums: dict[datetime, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0), Fraction(0)])
    for cell, cents in zip(cells, earned, strict=True):
        row = sums[cell.hour]
        row[0], row[1], row[2] = row[0] + cell.energy, row[1] + cell.seconds, row[2] + cents
    hours = sorted(sums)
    energy = _whole([sums[hour][0] for hour in hours])
    seconds = _whole([sums[hour][1] for hour in hours])
    return [
        HourEarned(hour, wh, time, int(sums[hour][2])) for hour, wh, time in zip(hours, energy, seconds, strict=True)
    ]


def _whole(parts: Sequence[Fraction]) -> list[int]:
    """Whole parts that add up to the rounded sum: differences of rounded running totals."""
    exact, told, found = Fraction(0), 0, []
    for part in parts:
        exact += part
        now = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
        found.append(now - told)
        told = now
    return found
