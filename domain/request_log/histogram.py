"""Durations by class: a fixed, small array says of any number of requests what p50 and p95 were, to within a class."""

from bisect import bisect_left
from collections.abc import Sequence

BOUNDS = (5, 10, 25, 50, 100, 200, 300, 500, 1000, 2500, 10000)
"""Milliseconds: class n holds durations above BOUNDS[n - 1] up to BOUNDS[n]; the last, what is above all."""
CLASSES = len(BOUNDS) + 1


def class_of(milliseconds: float) -> int:
    """Position in a histogram."""
    return bisect_left(BOUNDS, milliseconds)


def quantile(histogram: Sequence[int], share: float, slowest: int) -> int | None:
    """Milliseconds within which so many of the requests were answered; None without any.

    Within a class durations are taken to be spread evenly; the last class ends at `slowest`, and so does every answer.
    """
    wanted = share * sum(histogram)
    if not wanted:
        return None
    below = 0
    for place, count in enumerate(histogram):
        if count and below + count >= wanted:
            lower = BOUNDS[place - 1] if place else 0
            upper = BOUNDS[place] if place < len(BOUNDS) else max(slowest, lower)
            return min(round(lower + (upper - lower) * (wanted - below) / count), slowest)
        below += count
    return slowest
