"""What a partner's figures say of the partner: a score of 0 to 100 whose parts are published, and the ranking by it.

Each part is 0 at its `worst`, 100 at its `best` and even between; parts without enough behind them are left out and
the others weigh more. What the platform owes the partner (durations, faults of ours, visits) is shown and not scored:
a partner does not rank lower for our mistakes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID


class ScorePart(StrEnum):
    CONVERSION = "CONVERSION"
    KEPT = "KEPT"
    CLEAN = "CLEAN"
    TREND = "TREND"
    REQUESTS = "REQUESTS"
    SATISFACTION = "SATISFACTION"


@dataclass(frozen=True, slots=True)
class Scale:
    """How a percentage becomes points. `enough`: how many things have to be behind it."""

    weight: int
    worst: Decimal
    best: Decimal
    enough: int


def _scale(weight: int, worst: str, best: str, enough: int) -> Scale:
    return Scale(weight, Decimal(worst), Decimal(best), enough)


SCALES: dict[ScorePart, Scale] = {
    ScorePart.CONVERSION: _scale(25, "0", "80", 5),
    ScorePart.KEPT: _scale(20, "75", "98", 5),
    ScorePart.CLEAN: _scale(20, "70", "98", 5),
    ScorePart.TREND: _scale(15, "-50", "50", 5),
    ScorePart.REQUESTS: _scale(10, "80", "99", 50),
    ScorePart.SATISFACTION: _scale(10, "3.0", "4.5", 3),
}
"""TREND in percent of the span before, SATISFACTION from 1 to 5, all others in percent."""


@dataclass(frozen=True, slots=True)
class PartScore:
    """One part: the figure, how much is behind it, and its points of 100."""

    part: ScorePart
    figure: Decimal
    count: int
    points: int
    weight: int


@dataclass(frozen=True, slots=True)
class Score:
    """None where too little is known."""

    points: int | None
    parts: tuple[PartScore, ...]


def score(figures: Mapping[str, Any]) -> Score:
    """By measuring.py's figures."""
    parts = tuple(
        PartScore(part, figure, count, _points(SCALES[part], figure), SCALES[part].weight)
        for part, figure, count in _figures(figures)
        if count >= SCALES[part].enough
    )
    weights = sum(part.weight for part in parts)
    if weights < 40:
        return Score(None, parts)
    return Score(_whole(Decimal(sum(part.points * part.weight for part in parts)) / weights), parts)


def _figures(f: Mapping[str, Any]) -> Iterable[tuple[ScorePart, Decimal, int]]:
    yield ScorePart.CONVERSION, percent(f["quotes_ordered"], f["quotes_sent"]), int(f["quotes_sent"])
    yield ScorePart.KEPT, percent(f["orders"] - f["cancelled"], f["orders"]), int(f["orders"])
    yield ScorePart.CLEAN, percent(f["clean"], f["received"]), int(f["received"])
    yield ScorePart.TREND, percent(f["orders"] - f["orders_before"], f["orders_before"]), int(f["orders_before"])
    yield ScorePart.REQUESTS, percent(f["requests"] - f["refused"], f["requests"]), int(f["requests"])
    yield ScorePart.SATISFACTION, mean(f["rating_sum"], f["ratings"]), int(f["ratings"])


def percent(part: int | Decimal, whole: int | Decimal) -> Decimal:
    """Two decimals, half up; 0 of nothing."""
    return mean(Decimal(100) * part, whole)


def mean(total: int | Decimal, count: int | Decimal) -> Decimal:
    """Two decimals, half up; 0 of nothing."""
    if not count:
        return Decimal(0)
    return (Decimal(total) / Decimal(count)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _points(scale: Scale, figure: Decimal) -> int:
    part = (figure - scale.worst) / (scale.best - scale.worst)
    return _whole(100 * min(max(part, Decimal(0)), Decimal(1)))


def _whole(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def ranked(scored: Iterable[tuple[UUID, int | None, int]]) -> dict[UUID, int]:
    """The place of each (organization, score, value in cents): the score decides, then the value; equals share a place.

    Who has no score has no place.
    """
    placed = sorted(((-points, -value, id) for id, points, value in scored if points is not None))
    places: dict[UUID, int] = {}
    for number, (points, value, id) in enumerate(placed, start=1):
        same = number > 1 and placed[number - 2][:2] == (points, value)
        places[id] = places[placed[number - 2][2]] if same else number
    return places
