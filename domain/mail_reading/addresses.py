"""Streets, house numbers, postcodes and places as they are written in mails."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz

from domain import validation
from domain.errors import DomainError
from domain.mail_reading import words

_WORDS_AFTER_NUMBERS = frozenset(words.listed("after_numbers"))
POSTCODE = re.compile(r"(?<![\w-])(?P<digits>[1-9]\d{3})(?P<gap>[ .]{0,2})(?P<letters>[A-Za-z]{2})(?![\w@-])")
MISREAD_POSTCODE = re.compile(r"(?<![\w-])(?P<digits>[1-9lI][\doOlI]{3})(?P<gap> ?)(?P<letters>[A-Z]{2})(?![\w@-])")
_MISREAD = str.maketrans("oOlI", "0011")
_ADDITION = (
    r"(?:[-/ ]{0,3}(?:[A-Za-z]{1,2}\d{0,3}|bis|hs|huis|[IVX]{1,4}|zwart|rood|boven|beneden|"
    r"(?![1-9]\d{3} ?[A-Za-z]{2}\b)\d{1,4}(?:-?[A-Za-z]{1,2})?))?"
)
_STREET = re.compile(
    r"(?P<street>(?:\d{1,3}(?:e|ste|de)\s)?[^\W\d_][^\d\n,;:|]{1,58}?)[ ,]{1,3}(?:(?:nr|no|nummer|huisnr|"
    r"huisnummer|number)\.?:? ?)?"
    rf"(?P<number>(?![1-9]\d{{3}} ?[A-Za-z]{{2}}\b)\d{{1,5}}(?!\d)(?!\s?(?:x|stuks|kw|%|euro|jaar|meter|"
    rf"fase|uur|st)\b){_ADDITION})(?![\w-])",
    re.IGNORECASE,
)
_DIGITS_IN_STREET = re.compile(
    r"(?P<street>[^\W\d_][^\n,;:|\d]{1,48}\b\d{4}(?:-\d{4})?) (?P<number>(?![1-9]\d{3} ?[A-Za-z]{2}\b)\d{1,5}"
    + _ADDITION
    + r")(?![\w-])"
)
_NUMBER_FIRST = re.compile(r"(?P<number>\d{1,4}[A-Za-z]?) (?P<street>[^\W\d_][^\d\n,;:|]{3,48})")
_PLACE = re.compile(
    r"[ ,;/|\t-]{0,6}(?P<place>(?:'[st]-? ?|aan den |"
    r"aan de )?[^\W\d_][^\W\d_'.-]*(?:[ '-]{1,2}(?:[^\W\d_][^\W\d_'.-]*)){0,4})"
)
_STREET_ENDS = tuple(words.listed("street_ends"))
_STREET_STARTS = tuple(words.listed("street_starts"))
_AFTER_PLACE = frozenset(words.listed("after_place"))
_ALIASES = words.renamed("places")


@dataclass(frozen=True, slots=True)
class Found:
    """A value in its normal form at a place in a text; `doubt` in log-odds; `fuzzy` where it is not what is written."""

    value: str
    start: int
    end: int
    doubt: float = 0.0
    fuzzy: bool = False


def postcodes_in(text: str, *, labelled: bool) -> Iterator[Found]:
    """Dutch postcodes; of two small letters after a space only where a label says that it is one."""
    for found in POSTCODE.finditer(text):
        if not labelled and not _looks_like_one(found):
            continue
        try:
            yield Found(validation.postcode(found["digits"] + found["letters"]), *found.span())
        except DomainError:
            continue


def _looks_like_one(found: re.Match[str]) -> bool:
    letters = found["letters"]
    if letters.lower() in _WORDS_AFTER_NUMBERS and not (letters.isupper() and found["gap"] != ""):
        return letters.isupper() and letters.lower() not in ("kw", "nl", "kv")
    return letters.isupper() or found["gap"] == "" or (letters.istitle() and found["gap"] == " ")


def misread_postcodes_in(text: str) -> Iterator[Found]:
    """Postcodes in which letters stand for digits."""
    for found in MISREAD_POSTCODE.finditer(text):
        if found["digits"].isdigit() or not any(character.isdigit() for character in found["digits"]):
            continue
        try:
            value = validation.postcode(found["digits"].translate(_MISREAD) + found["letters"])
        except DomainError:
            continue
        yield Found(value, *found.span(), doubt=2.0, fuzzy=True)


def house_number(text: str) -> str | None:
    """A house number with its addition in its normal form, "12A-2"."""
    bare = re.sub(r"^(?:nr|no|nummer|number)\.?:?\s*", "", text.strip(), flags=re.IGNORECASE)
    try:
        return str(validation.house_number(bare))
    except DomainError:
        return None


def streets_in(text: str) -> Iterator[tuple[Found, Found]]:
    """Street and house number where they stand together."""
    for pattern in (_DIGITS_IN_STREET, _STREET):
        found = list(pattern.finditer(text))
        made = [pair for match in found if (pair := _pair(match)) is not None]
        if made:
            yield from made
            return


def number_first_in(text: str) -> Iterator[tuple[Found, Found]]:
    """As the English write it: 12 Dorpsstraat."""
    for match in _NUMBER_FIRST.finditer(text):
        if (pair := _pair(match)) is not None and is_street_like(pair[0].value):
            yield pair


def _pair(match: re.Match[str]) -> tuple[Found, Found] | None:
    number = house_number(match["number"])
    street = match["street"].strip(" .-,")
    if number is None or len(street) < 3 or sum(character.isalpha() for character in street) < 3:
        return None
    start = match.start("street") + match["street"].index(street)
    return Found(street, start, start + len(street)), Found(number, *match.span("number"))


def is_street_like(street: str) -> bool:
    """Whether a name is built as those of streets are."""
    lowered = street.lower().strip()
    last = lowered.split()[-1] if lowered else ""
    return last.endswith(_STREET_ENDS) or lowered.startswith(_STREET_STARTS)


def place_after(text: str, at: int) -> Found | None:
    """The place that follows a postcode which ends there."""
    found = _PLACE.match(text, at)
    if found is None:
        return None
    return trimmed_place(found["place"], found.start("place"))


def trimmed_place(given: str, start: int) -> Found | None:
    """A place name up to the first word that is none of a name."""
    kept: list[str] = []
    for word in re.findall(r"\S+\s*", given):
        if word.strip(" .,'").lower() in _AFTER_PLACE and not (
            kept and word.strip().lower() in ("op", "de", "of", "is")
        ):
            if not kept and word.strip().lower() in ("the", "de"):
                kept.append(word)
                continue
            break
        kept.append(word)
    while kept and kept[-1].strip().lower() in ("op", "de", "of", "is", "the", "aan"):
        kept.pop()
    place = "".join(kept).strip(" .,-")
    if len(place) < 2 or (
        not any(character.isupper() for character in place + " " if not place.islower()) and len(place) < 3
    ):
        return None
    return Found(place, start, start + len(place))


def plain(name: str) -> str:
    """A name of a place to compare: without accents, capitals, punctuation."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(
        character if character.isalnum() else " " for character in decomposed if not unicodedata.combining(character)
    )
    bare = " ".join(letters.split())
    return _ALIASES.get(bare, bare)


@dataclass(frozen=True, slots=True)
class Check:
    """What the table of postcodes says of a place: the place meant, and how much speaks for it."""

    place: str | None
    likeness: float


def check(postcode: str, place: str, places: Mapping[str, str]) -> Check:
    """Compare a place with the postcode's: likeness 1 where they are the same, 0 where they have nothing in common."""
    known = places.get(postcode[:4])
    if known is None:
        return Check(None, 0.0)
    ours, theirs = plain(place), plain(known)
    if ours == theirs or ours in theirs.split(" en ") or theirs.startswith(f"{ours} ") or ours.startswith(f"{theirs} "):
        return Check(place, 1.0)
    likeness = fuzz.ratio(ours, theirs) / 100
    return Check(known if likeness >= 0.75 else None, likeness)
