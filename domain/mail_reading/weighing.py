"""From candidates to fields: what agrees adds up, what contradicts takes away, and odds become a chance."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from domain.mail_reading import addresses
from domain.mail_reading import fields as f
from domain.mail_reading.candidates import Candidate, Context
from domain.mail_reading.fields import ExtractedField
from domain.mail_reading.message import MailMessage

SLOPE, SHIFT = 1.0, 0.0
"""Of the line that maps log-odds to those that the corpus shows; see tests/domain/mail_reading."""
MOST_CONFIDENCE = 0.998
LEAST_CONFIDENCE = 0.02
_AGREEMENT = 0.7
_MOST_AGREEMENT = 1.4


def confidence(weight: float) -> float:
    """The chance that goes with log-odds."""
    odds = max(-30.0, min(30.0, SLOPE * weight + SHIFT))
    return round(min(MOST_CONFIDENCE, max(LEAST_CONFIDENCE, 1 / (1 + math.exp(-odds)))), 3)


def weighed(candidates: Iterable[Candidate]) -> dict[str, list[tuple[float, Candidate]]]:
    """By path, the values there are with their weight, the best first; each with its best candidate."""
    groups: dict[str, dict[str, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for candidate in candidates:
        groups[candidate.path][_same(candidate)].append(candidate)
    return {path: sorted(map(_value, values.values()), key=_order) for path, values in groups.items()}


def _same(candidate: Candidate) -> str:
    return candidate.value.casefold() if candidate.path in (f.NAME, f.STREET, f.CITY, f.ORDER_ID) else candidate.value


def _value(candidates: Sequence[Candidate]) -> tuple[float, Candidate]:
    best = max(candidates, key=lambda candidate: candidate.weight)
    places = {(candidate.part, candidate.start) for candidate in candidates if candidate.weight > 0}
    return best.weight + min(_MOST_AGREEMENT, _AGREEMENT * max(0, len(places) - 1)), best


def _order(value: tuple[float, Candidate]) -> tuple[float, int, int]:
    return -value[0], value[1].part, value[1].start


def contradicted(values: Sequence[tuple[float, Candidate]]) -> float:
    """The weight of the best value after what speaks for others was taken away."""
    best = values[0][0]
    loss = 0.0
    for other, _ in values[1:]:
        gap = best - other
        loss = max(loss, 3.0 if gap < 1 else 2.2 if gap < 2 else 1.0 if gap < 3 else 0.4 if other > 0 else 0.0)
    return best - loss


def field_of(
    message: MailMessage, candidate: Candidate, weight: float, value: str | int | None = None
) -> ExtractedField:
    """A candidate as a field."""
    text = message.text_of(candidate.part)[candidate.start : candidate.end]
    given = candidate.value if value is None else value
    return ExtractedField(
        given, confidence(weight), candidate.part, candidate.start, candidate.end, text, candidate.method
    )
