"""What was used, as the meter told it; the input of a price."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction


class UnusableUsage(ValueError):
    """Intervals that no meter can have told: backwards, overlapping, negative, or without a time zone."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Energy between two moments, the last of which is not in it; `charging` tells time charged from time idle.

    Energy is whole Wh from a meter; a fraction where an interval was cut in proportion.
    """

    start: datetime
    end: datetime
    energy_wh: int | Fraction = 0
    charging: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """A session's intervals in any order. They do not overlap; what is between them is not counted."""

    intervals: tuple[Interval, ...] = ()
    emergency: bool = False

    @property
    def energy_wh(self) -> int | Fraction:
        return sum((each.energy_wh for each in self.intervals), start=0)

    @property
    def started_at(self) -> datetime:
        return min(each.start for each in self.intervals)

    @property
    def ended_at(self) -> datetime:
        return max(each.end for each in self.intervals)


def in_order(intervals: Iterable[Interval]) -> list[Interval]:
    """The intervals by time. Raises: UnusableUsage"""
    found = sorted(intervals, key=lambda each: (each.start, each.end))
    for place, each in enumerate(found):
        if each.start.tzinfo is None or each.end.tzinfo is None:
            raise UnusableUsage(f"{each.start} has no time zone")
        if each.end < each.start or each.energy_wh < 0:
            raise UnusableUsage(f"{each} runs backwards")
        if place and each.start < found[place - 1].end:
            raise UnusableUsage(f"{each} overlaps {found[place - 1]}")
    return found
