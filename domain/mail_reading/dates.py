"""Days as people write them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari february feb febr",
            "maart march mrt mar",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "augustus august aug",
            "september sept sep",
            "oktober october okt oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "maandag monday ma mon",
            "dinsdag tuesday di tue tues",
            "woensdag wednesday wo wed",
            "donderdag thursday do thu thur thurs",
            "vrijdag friday vr fri",
            "zaterdag saturday za sat",
            "zondag sunday zo sun",
        )
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY = "|".join(sorted(_WEEKDAYS, key=len, reverse=True))
_DAY = re.compile(
    rf"(?<![\w./-])(?:(?P<weekday>{_WEEKDAY})\b\.?,?\s*(?:the\s)?\s*)?"
    r"(?:(?P<iso>(?P<iy>20\d\d)-(?P<im>\d{1,2})-(?P<id>\d{1,2}))"
    r"|(?P<nd>\d{1,2})\s?(?P<sep>[-/.])\s?(?P<nm>\d{1,2})(?:\s?(?P=sep)\s?(?P<ny>(?:20)?\d\d))?"
    rf"|(?P<wd>\d{{1,2}})(?:e|ste|de|st|nd|rd|th)?\s*(?:of\s)?[ -]?(?P<wm>{_MONTH})\b\.?(?:,?[ -]?(?P<wy>20\d\d))?"
    rf"|(?P<mm>{_MONTH})\b\.?\s*(?P<md>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s*(?P<my>20\d\d))?)(?![\w]|[./-]\d)",
    re.IGNORECASE,
)
_HALF_YEAR = timedelta(days=240)


@dataclass(frozen=True, slots=True)
class Day:
    """A day at a place in a text; `doubt` is how much speaks against it, in log-odds."""

    day: date
    start: int
    end: int
    doubt: float


def days_in(text: str, written: date | None, english: bool) -> Iterator[Day]:
    """Every day that a text names; one without a year is the next after the day the mail was `written`.

    Raises: nothing; days that do not exist are left out.
    """
    for found in _DAY.finditer(text):
        numbers = _numbers(found)
        if numbers is None:
            continue
        day, month, year = numbers
        doubt = 0.0
        if found["nm"] and english and day <= 12 and month <= 12 and day != month:
            doubt += 3.0  # may be a month and a day
        if found["nm"] and month > 12 >= day and english:
            day, month = month, day
        made = _made(day, month, year, written)
        if made is not None:
            yield Day(made, *found.span(), doubt + _against(made, found, written))


def _numbers(found: re.Match[str]) -> tuple[int, int, int | None] | None:
    """Day, month and year as written."""
    if found["iso"]:
        return int(found["id"]), int(found["im"]), int(found["iy"])
    if found["nd"]:
        year = found["ny"]
        if year is None and found["sep"] == ".":
            return None  # a number, a version, a time
        return int(found["nd"]), int(found["nm"]), None if year is None else 2000 + int(year) % 100
    if found["wd"]:
        return int(found["wd"]), _MONTHS[found["wm"].lower()], int(found["wy"]) if found["wy"] else None
    return int(found["md"]), _MONTHS[found["mm"].lower()], int(found["my"]) if found["my"] else None


def _made(day: int, month: int, year: int | None, written: date | None) -> date | None:
    if year is None and written is None:
        return None
    try:
        if year is not None or written is None:
            return date(year or 1, month, day)
        near = date(written.year, month, day)
        return near if near >= written - timedelta(days=7) else date(written.year + 1, month, day)
    except ValueError:
        return None


def _against(made: date, found: re.Match[str], written: date | None) -> float:
    doubt = 0.0
    if found["weekday"] and _WEEKDAYS[found["weekday"].lower()] != made.weekday():
        doubt += 3.5
    elif found["weekday"]:
        doubt -= 0.7
    if written is not None and made < written:
        doubt += 3.0
    if written is not None and made > written + timedelta(days=540):
        doubt += 2.5
    has_year = found["iso"] or found["ny"] or found["wy"] or found["my"]
    if written is not None and not has_year and made > written + _HALF_YEAR:
        doubt += 2.0
    return doubt
