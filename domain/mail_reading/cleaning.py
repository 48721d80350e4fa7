"""Text as it can be searched: one kind of line end, no invisible characters."""

import re
import unicodedata

_SPACES = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)
_LINE_ENDS = re.compile(r"\r\n|[\r\x0c\x85\u2028\u2029]")


def cleaned(text: str) -> str:
    """NFC, spaces of any kind as a space, line ends as a newline, no control or direction characters."""
    lines = _LINE_ENDS.sub("\n", text)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _SPACES.sub(" ", lines)))


def decoded(data: bytes, charset: str | None) -> str:
    """In the charset that is claimed where that is one and fits, else UTF-8, else what Windows writes."""
    claimed = (charset or "").strip("\"' ").lower()
    if claimed in ("iso-8859-1", "latin-1", "us-ascii", "ascii"):
        claimed = ""  # what claims these holds UTF-8 or the typographic quotes of Windows often enough
    for encoding in filter(None, (claimed, "utf-8")):
        try:
            return str(data, encoding)
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("windows-1252", "replace")
