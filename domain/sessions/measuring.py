"""How much was charged, from a register that was read now and then: pure."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from domain.tariffs.usage import Interval

SLACK_WH = 1_500
"""Registers of whole kWh rise at once by what took minutes."""
_BEYOND = 2
"""Times the connector's power: what is recorded of it may be too low, and a fault is beyond by far."""
_ENOUGH = 3
"""So many readings that agree with one another and not with those before: the register is another now."""
_LEAST_W = 3_680
_HOUR = 3600
_US = timedelta(microseconds=1)


class Point(NamedTuple):
    """The register at one moment."""

    at: datetime
    wh: int


class Span(NamedTuple):
    """What was charged between two moments."""

    start: datetime
    end: datetime
    wh: int


@dataclass(frozen=True, slots=True)
class Measured:
    spans: tuple[Span, ...] = ()
    restarted: bool = False
    """The register went back, or is another."""
    estimated: bool = False
    """Part of it is in no plausible reading, and counts as nothing."""

    @property
    def wh(self) -> int:
        return sum(span.wh for span in self.spans)


def measure(points: Sequence[Point], most_w: int) -> Measured:
    """Add up how much the register rose; `points` by time, one per moment, the first and last as reported.

    A register that goes back to about nothing has restarted: what it shows since was charged. A single value that no
    connector of `most_w` can have reached, or that lies below those around it, is passed over.
    """
    if not points:
        return Measured()
    found = _Walk(points[0], most_w)
    for point in _evened(points)[1:]:
        found.step(point)
    return found.end(points[-1].at)


class _Walk:
    """Where the register was believed last, and the values since that are not believed yet."""

    def __init__(self, first: Point, most_w: int) -> None:
        self.last, self.most_w = first, most_w
        self.spans: list[Span] = []
        self.doubted: list[Point] = []
        self.restarted = self.estimated = False

    def step(self, point: Point) -> None:
        rose = risen(self.last, point, self.most_w)
        if rose is None:
            self._doubt(point)
            return
        self.restarted |= point.wh < self.last.wh
        self._take(point, rose)

    def _take(self, point: Point, wh: int) -> None:
        self.spans.append(Span(self.last.at, point.at, wh))
        self.last, self.doubted = point, []

    def _doubt(self, point: Point) -> None:
        agrees = self.doubted and 0 <= point.wh - self.doubted[-1].wh <= limit(self.doubted[-1], point, self.most_w)
        self.doubted = [*self.doubted, point] if agrees else [point]
        if len(self.doubted) < _ENOUGH:
            return
        first, *rest = self.doubted
        self._take(first, 0)
        for each in rest:
            self._take(each, each.wh - self.last.wh)
        self.restarted = self.estimated = True

    def end(self, at: datetime) -> Measured:
        if at > self.last.at:
            self.estimated |= bool(self.doubted)
            self._take(Point(at, self.last.wh), 0)
        return Measured(tuple(self.spans), self.restarted, self.estimated)


def risen(before: Point, after: Point, most_w: int) -> int | None:
    """Wh between two readings; None where no meter can have gone from one to the other."""
    most, rose = limit(before, after, most_w), after.wh - before.wh
    if 0 <= rose <= most:
        return rose
    return after.wh if rose < 0 and after.wh <= most else None


def limit(before: Point, after: Point, most_w: int) -> int:
    """The most that can have been charged between two readings."""
    seconds = (after.at - before.at).total_seconds()
    return int(max(most_w, _LEAST_W) * _BEYOND * seconds / _HOUR) + SLACK_WH


def _evened(points: Sequence[Point]) -> Sequence[Point]:
    """Values a little above the last one are as high as it: what ends a session is rounded otherwise than readings.

    Those of the end only: what was higher and has been lower since was so before the register restarted.
    """
    last = points[-1].wh
    if last < points[0].wh:
        return points
    since = next((place for place in range(len(points) - 2, -1, -1) if points[place].wh <= last), 0)
    return [*points[:since], *(Point(p.at, last) if 0 < p.wh - last <= SLACK_WH else p for p in points[since:])]


def intervals(spans: Iterable[Span], pauses: Iterable[tuple[datetime, datetime]]) -> tuple[Interval, ...]:
    """Spans cut where a pause begins or ends; idle in pauses, and after the last energy flowed.

    Cut in proportion to time, by cumulative rounding: the parts add up to the span to the Wh.
    """
    spans, pauses = list(spans), sorted(pauses)
    full = next((span.end for span in reversed(spans) if span.wh), None)
    edges = sorted({edge for pause in pauses for edge in pause})
    found = []
    for span in spans:
        for part in cut(span, edges):
            paused = any(begin <= part.start and part.end <= end for begin, end in pauses)
            charging = not paused and full is not None and part.end <= full
            found.append(Interval(part.start, part.end, part.wh, charging))
    return tuple(found)


def cut(span: Span, edges: Iterable[datetime]) -> list[Span]:
    """A span in parts at the moments within it; what is charged in each adds up to the whole."""
    whole = (span.end - span.start) // _US
    moments = [span.start, *(edge for edge in edges if span.start < edge < span.end), span.end]
    if len(moments) == 2:
        return [span]
    upto = [round(Fraction(span.wh * ((m - span.start) // _US), whole)) for m in moments]
    return [Span(a, b, y - x) for (a, b), (x, y) in zip(pairwise(moments), pairwise(upto), strict=True)]


def digest(found: Iterable[Interval]) -> str:
    """Of all that a price depends on."""
    text = ";".join(f"{i.start.timestamp()}/{i.end.timestamp()}/{i.energy_wh}/{i.charging}" for i in found)
    return hashlib.sha256(text.encode()).hexdigest()
