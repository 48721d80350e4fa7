"""Words that say what stands beside them, in Dutch and English."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from domain.mail_reading import fields as f
from domain.mail_reading import words

ADDRESS = "address"
"""Street and number, perhaps with postcode and place."""
PLACE = "place"
"""Postcode and place together."""
NUMBERED_STREET = "numbered street"
REACH = "reach"
"""A telephone number, a mail address, or both."""
FIRST_NAME, INFIX, LAST_NAME = "first name", "infix", "last name"
ADDITION = "addition"
PRODUCT = "product"
"""How many of what."""
IGNORED = ""
"""Something that is not of the order: who sells, who pays, what it costs."""

COVERS = {
    ADDRESS: frozenset({f.STREET, f.HOUSE_NUMBER, f.POSTCODE, f.CITY}),
    NUMBERED_STREET: frozenset({f.STREET, f.HOUSE_NUMBER}),
    PLACE: frozenset({f.POSTCODE, f.CITY}),
    f.STREET: frozenset({f.STREET, f.HOUSE_NUMBER}),
    f.CITY: frozenset({f.POSTCODE, f.CITY}),
    f.POSTCODE: frozenset({f.POSTCODE, f.CITY}),
    REACH: frozenset({f.PHONE, f.EMAIL}),
    **{part: frozenset({f.NAME}) for part in (FIRST_NAME, INFIX, LAST_NAME)},
    ADDITION: frozenset({f.HOUSE_NUMBER}),
    PRODUCT: frozenset(f.PRODUCT_FIELDS),
}
"""The fields that stand beside labels of more than one."""
_PUNCTUATION = re.compile(r"[*_:.•·()\[\]\"'`]+|^[-–>#\s]+")
_SPACE = re.compile(r"\s+")
_LONGEST = 45


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a label says: a path, a composite of this module, or IGNORED; `certainty` of the words, 0 to 1."""

    path: str
    certainty: float
    weight: float | None = None
    """In log-odds where it was learned."""


def normal(given: str) -> str:
    """A label without accents, capitals, punctuation and outer space."""
    plain = unicodedata.normalize("NFKD", given.casefold())
    bare = "".join(character for character in plain if not unicodedata.combining(character))
    return _SPACE.sub(" ", _PUNCTUATION.sub(" ", bare)).strip(" -–=/,;")


def _read(name: str, certainty: float) -> dict[str, Meaning]:
    return {
        normal(label): Meaning(IGNORED if path == "ignored" else path, certainty)
        for path, labels in words.by_meaning(name).items()
        for label in labels
    }


_WORDS = {**_read("weak_labels", 0.6), **_read("labels", 1.0)}
_SECTIONS = {normal(label): section for section, labels in words.by_meaning("headings").items() for label in labels}
_BY_LENGTH: dict[int, list[str]] = {}
for _label in _WORDS:
    _BY_LENGTH.setdefault(len(_label), []).append(_label)
_SHORTEST_MISSPELT = 5


def covers(path: str, field: str) -> bool:
    """Whether a field is read beside a label of that meaning."""
    return field == path or field in COVERS.get(path, ())


def joined(path: str, field: str) -> str:
    """The meaning of a label that has both beside it; that of the field alone where there is none."""
    return next(
        (whole for whole in (PLACE, NUMBERED_STREET, ADDRESS, REACH) if {path, field} <= COVERS[whole] | {whole}), field
    )


@lru_cache(4096)
def meaning(given: str, exactly: bool = False) -> Meaning | None:
    """What a label means; a misspelt one less certainly."""
    if not given.strip() or len(given) > _LONGEST:
        return None
    label = normal(given)
    return _WORDS.get(label) or (None if exactly else _misspelt(label))


def _misspelt(label: str) -> Meaning | None:
    """One slip in five letters, two in ten; nothing where words of different meaning are as close."""
    most = min(2, len(label) // _SHORTEST_MISSPELT)
    if most == 0 or not label[0].isalpha():
        return None
    lengths = range(max(_SHORTEST_MISSPELT, len(label) - most), len(label) + most + 1)
    near = [word for length in lengths for word in _BY_LENGTH.get(length, ())]
    close = process.extract(label, near, scorer=DamerauLevenshtein.distance, score_cutoff=most, limit=4)
    paths = {_WORDS[word].path for word, distance, _ in close if distance == close[0][1]}
    return Meaning(paths.pop(), 0.5) if len(paths) == 1 else None


def section(given: str) -> str | None:
    """Which section a heading begins: customer, other, products, order."""
    return _SECTIONS.get(normal(given)) if len(given) <= _LONGEST else None
