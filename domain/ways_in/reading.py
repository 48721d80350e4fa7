"""Days, numbers and addresses as other systems write them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from domain.numbering.service import AMSTERDAM

_TOKENS = {
    "yyyy": r"(?P<y>[0-9]{4})",
    "yy": r"(?P<y2>[0-9]{2})",
    "MM": r"(?P<m>[0-9]{2})",
    "M": r"(?P<m>[0-9]{1,2})",
    "dd": r"(?P<d>[0-9]{2})",
    "d": r"(?P<d>[0-9]{1,2})",
    "HH": r"[0-9]{2}",
    "mm": r"[0-9]{2}",
    "ss": r"[0-9]{2}",
}
_TOKEN = re.compile("|".join(_TOKENS))
_LONGEST_FORMAT = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ADDRESS = re.compile(r"(?P<street>.*[^\s,0-9])[\s,]+(?P<number>[0-9]{1,5}(?:[\s/-]*[A-Za-z0-9]{1,6}){0,2})\s*")
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,6})?")


@lru_cache(maxsize=256)
def day_format(written: str) -> Callable[[str], date | None] | None:
    """A reader of days in this form, or None where it is no form: it needs a year, a month and a day."""
    if written in _NAMED:
        return _NAMED[written]
    if len(written) > _LONGEST_FORMAT:
        return None
    names = _TOKEN.findall(written)
    if sorted(name[0] for name in names if name[0] in "yMd") != ["M", "d", "y"]:
        return None
    pieces, place = [], 0
    for match in _TOKEN.finditer(written):
        pieces += [re.escape(written[place : match.start()]), _TOKENS[match[0]]]
        place = match.end()
    pattern = re.compile("".join(pieces) + re.escape(written[place:]))
    return lambda text: _day(pattern.fullmatch(text.strip()))


def _day(match: re.Match[str] | None) -> date | None:
    if match is None:
        return None
    found = match.groupdict()
    year = int(found["y"]) if found.get("y") else 2000 + int(found["y2"])
    try:
        return date(year, int(found["m"]), int(found["d"]))
    except ValueError:
        return None


def _iso(text: str) -> date | None:
    """A day, or the day in Amsterdam of a moment with an offset; without one, the day as it is written."""
    try:
        if len(text := text.strip()) <= 10:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(AMSTERDAM).date() if moment.tzinfo else moment.date()
    except (ValueError, OverflowError):
        return None


def _since_1970(unit: timedelta) -> Callable[[str], date | None]:
    def read(text: str) -> date | None:
        if not re.fullmatch(r"[0-9]{1,14}(?:\.[0-9]+)?", text := text.strip()):
            return None
        try:
            return (_EPOCH + float(text) * unit).astimezone(AMSTERDAM).date()
        except OverflowError:
            return None

    return read


_NAMED: dict[str, Callable[[str], date | None]] = {
    "iso": _iso,
    "unix": _since_1970(timedelta(seconds=1)),
    "unix_ms": _since_1970(timedelta(milliseconds=1)),
}


def number(text: str, decimal: str) -> int | float | None:
    """A whole number where it is one; the other of point and comma parts thousands."""
    other = "," if decimal == "." else "."
    plain = re.sub(r"\s", "", text).replace(other, "").replace(decimal, ".")
    if not _NUMBER.fullmatch(plain):
        return None
    return int(float(plain)) if float(plain).is_integer() else float(plain)


def address(line: str) -> tuple[str | None, str | None]:
    """Street and house number with its addition of one line; all of it is the street where no number ends it."""
    match = _ADDRESS.fullmatch(line.strip()[:200])
    if match is None:
        return line.strip()[:200] or None, None
    return match["street"].strip(" ,"), " ".join(match["number"].split())
