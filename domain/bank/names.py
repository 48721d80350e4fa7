"""How alike two names are, as banks and as people write them."""

import re
import unicodedata
from difflib import SequenceMatcher

_LONGEST = 140
_LEGAL_FORMS = {"bv", "nv", "vof", "cv", "bvba", "gmbh", "ltd", "inc", "holding", "beheer", "stichting", "the"}
_TITLES = {"de", "heer", "dhr", "hr", "mevrouw", "mevr", "mw", "eo", "cj", "en", "of", "via"}
_NOISE = frozenset(_LEGAL_FORMS | _TITLES)
_ACCOUNT_OF_TWO = re.compile(r"\be/o\b|\ben/of\b|\bc\.?j\.?\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]+")


def words_of(name: str) -> list[str]:
    """Its words in small letters, without accents, legal forms and titles; `B.V.` counts as `bv`."""
    plain = unicodedata.normalize("NFKD", _ACCOUNT_OF_TWO.sub(" ", name[:_LONGEST]))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    plain = re.sub(r"\b([a-z])\.([a-z])\.(?:([a-z])\.)?", r"\1\2\3 ", plain)
    return [word for word in _WORD.findall(plain) if word not in _NOISE]


def likeness(one: str | None, other: str | None) -> float:
    """0 to 1; 1 where they have the same words, in whatever order. The same whichever is named first."""
    ours, theirs = words_of(one or ""), words_of(other or "")
    if not ours or not theirs:
        return 0.0
    if sorted(ours) == sorted(theirs):
        return 1.0
    first, second = sorted((" ".join(sorted(ours)), " ".join(sorted(theirs))))
    return round(max(SequenceMatcher(None, first, second).ratio(), _shared(ours, theirs)), 4)


def _shared(ours: list[str], theirs: list[str]) -> float:
    """The share of telling words that the shorter name has in common with the longer; initials tell little."""
    one, other = ({word for word in words if len(word) > 2} for words in (ours, theirs))
    if not one or not other:
        return 0.0
    return 0.95 * len(one & other) / min(len(one), len(other))
