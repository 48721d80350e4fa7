"""From candidates to fields: what agrees adds up, what contradicts takes away, and odds become a chance."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from domain.mail_reading import addresses
from domain.mail_reading import fields as f
from domain.mail_reading.candidates import Candidate
from domain.mail_reading.fields import ExtractedField
from domain.mail_reading.message import MailMessage

MOST_CONFIDENCE = 0.998
LEAST_CONFIDENCE = 0.02
UNCONFIRMED = 2.0
"""Log-odds that a name in running text has at most where nothing else speaks for it."""
DOUBTED = 1.5
"""Log-odds of a postcode below which its street and place are doubted too."""
_AGREEMENT = 0.7
_MOST_AGREEMENT = 1.4


def confidence(weight: float) -> float:
    """The chance that goes with log-odds."""
    odds = max(-30.0, min(30.0, weight))
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


def address_checked(
    best: dict[str, tuple[float, Candidate]], places: Mapping[str, str]
) -> dict[str, tuple[float, Candidate]]:
    """What the table of postcodes says for or against postcode and place; a doubted postcode takes the street along."""
    checked = dict(best)
    if f.POSTCODE not in best:
        return checked
    odds, postcode = best[f.POSTCODE]
    if places and postcode.value[:4] not in places:
        checked[f.POSTCODE] = (odds - 2.5, postcode)
    elif f.CITY in best:
        _compare(checked, places)
    if checked[f.POSTCODE][0] < DOUBTED:
        for path in (f.STREET, f.HOUSE_NUMBER, f.CITY):
            if path in checked:
                checked[path] = (checked[path][0] - 2.0, checked[path][1])
    return checked


def _compare(checked: dict[str, tuple[float, Candidate]], places: Mapping[str, str]) -> None:
    (postcode_odds, postcode), (odds, city) = checked[f.POSTCODE], checked[f.CITY]
    verdict = addresses.check(postcode.value, city.value, places)
    if verdict.likeness == 1.0:
        checked[f.POSTCODE] = (postcode_odds + 0.8, postcode)
        checked[f.CITY] = (odds + 1.2, city)
    elif verdict.place is not None:
        checked[f.CITY] = (odds - 0.2, replace(city, value=verdict.place, method=f.Method.FUZZY))
    elif places:
        checked[f.POSTCODE] = (postcode_odds - 2.5, postcode)
        checked[f.CITY] = (odds - 2.5, city)


def name_checked(best: dict[str, tuple[float, Candidate]]) -> dict[str, tuple[float, Candidate]]:
    """A name that was only found in running text is surer where the mail address holds it, and doubted otherwise."""
    if f.NAME not in best:
        return best
    odds, name = best[f.NAME]
    last = addresses.plain(name.value).split()[-1:]
    mail = addresses.plain(best[f.EMAIL][1].value).replace(" ", "") if f.EMAIL in best else ""
    if last and len(last[0]) >= 3 and last[0] in mail:
        odds += 0.9
    elif name.method in (f.Method.SENTENCE, f.Method.PATTERN):
        odds = min(odds, UNCONFIRMED)
    return {**best, f.NAME: (odds, name)}
