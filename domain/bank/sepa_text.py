"""The characters that every bank takes in SEPA messages: EPC217-08, Latin without accents."""

import re
import unicodedata

_WRITTEN = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
    | {"ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "\u0131": "i", "&": "+", "€": "EUR", "@": "(at)", "_": "-"}
    | {"\u2013": "-", "\u2014": "-", "\u2019": "'", "\u2018": "'", "“": "'", "”": "'", '"': "'", ";": ",", "=": ":"}
)
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9/\-?:().,'+]")


def sepa_text(text: str, most: int) -> str:
    """The text in the SEPA set, at most so long; what has no letter of its own in it becomes a point."""
    plain = unicodedata.normalize("NFKD", text.translate(_WRITTEN)).translate(_WRITTEN)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(_NOT_ALLOWED.sub(".", " ".join(plain.split())).split())[:most].strip() or "."


def sepa_id(text: str) -> str:
    """An identifier of at most 35 characters: no space, no slash at either end and no two slashes in a row."""
    plain = _NOT_IN_IDS.sub("", sepa_text(text, 70))
    return re.sub(r"/{2,}", "/", plain).strip("/")[:35].strip("/")
