"""Values of teams, regions and absences in their normal form; faults are named at their field."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from uuid import UUID

from domain import validation
from domain.errors import Duplicate, FieldPath, OutOfRange, Required, TooMany
from domain.teams.errors import EndsBeforeStart, InvalidPostcodePrefix, InvalidRegionCode, InvalidTime

MOST_SKILLS, MOST_MEMBERS, MOST_REGIONS, MOST_PREFIXES = 50, 20, 50, 200
MOST_ABSENT_DAYS = 366
_CODE = re.compile(r"[A-Z0-9-]{1,20}")
_PREFIX = re.compile(r"[1-9][0-9]{0,3}")
_PC4 = re.compile(r"[1-9][0-9]{3}")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
"""Calendars are kept for these days."""
_LIMITS = {"crew": (1, 10), "max_jobs": (1, 10), "max_minutes": (30, 1440)}


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours of one weekday, 0 is Monday."""

    weekday: int
    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on a team, from a day until a day, both included; with a login the name may be left out."""

    since: date
    until: date | None = None
    user_id: UUID | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Away:
    """First and last day of an absence, and the hours of each of them; None: the whole day."""

    first: date
    last: date
    starts: time | None = None
    ends: time | None = None


def team_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a team that are given; where it starts from is for the caller to find."""
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key in _LIMITS:
            values[key] = validation.integer(value, *_LIMITS[key], key)
        elif key == "name":
            values[key] = validation.name(value, key, maximum=80)
        elif key == "vehicle":
            values[key] = validation.name(value, key, minimum=0, maximum=80)
        elif key == "skills":
            values[key] = skills(value)
        elif key == "active":
            values[key] = bool(value)
    return values


def skills(given: Iterable[str]) -> list[str]:
    """Names of skills in order, each once; upper and lower case are kept, as the catalog writes them."""
    found = [validation.name(skill, "skills", place, maximum=60) for place, skill in enumerate(given)]
    return _once(found, "skills", MOST_SKILLS)


def region_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a region that are given."""
    values: dict[str, Any] = {}
    if "code" in given:
        values["code"] = region_code(given["code"])
    if "name" in given:
        values["name"] = validation.name(given["name"], "name", maximum=80)
    if "postcode_prefixes" in given:
        values["postcode_prefixes"] = prefixes(given["postcode_prefixes"])
    return values


def region_code(given: str) -> str:
    code = given.strip().upper()[:100]
    if not _CODE.fullmatch(code):
        raise InvalidRegionCode(field=("code",))
    return code


def prefixes(given: Iterable[str]) -> list[str]:
    """One to four digits each, in order; at least one."""
    found = [prefix.strip() for prefix in given]
    for place, prefix in enumerate(found):
        if not _PREFIX.fullmatch(prefix):
            raise InvalidPostcodePrefix(field=("postcode_prefixes", place))
    if not found:
        raise Required(field=("postcode_prefixes",))
    return sorted(_once(found, "postcode_prefixes", MOST_PREFIXES))


def base_postcode(given: str) -> str:
    """`1234AB`, or four digits."""
    bare = given.strip()
    return bare if _PC4.fullmatch(bare) else validation.postcode(given, "base_postcode").replace(" ", "")


def hours(given: Iterable[Hours]) -> list[Hours]:
    """Working hours by weekday, each once."""
    found = list(given)
    for place, day in enumerate(found):
        _span(day.starts, day.ends, ("hours", place))
    weekdays = [day.weekday for day in found]
    for place, weekday in enumerate(weekdays):
        if weekday in weekdays[:place]:
            raise Duplicate(field=("hours", place, "weekday"))
    return sorted(found, key=lambda day: day.weekday)


def members(given: Iterable[Member]) -> list[Member]:
    """Members as given, names in their normal form."""
    found = list(given)
    if len(found) > MOST_MEMBERS:
        raise TooMany(field=("members",), maximum=MOST_MEMBERS)
    return [_member(member, place) for place, member in enumerate(found)]


def _member(member: Member, place: int) -> Member:
    calendar_day(member.since, "members", place, "since")
    calendar_day(member.until or member.since, "members", place, "until")
    if member.until is not None and member.until < member.since:
        raise EndsBeforeStart(field=("members", place, "until"))
    minimum = 0 if member.user_id else 1
    name = validation.name(member.name, "members", place, "name", minimum=minimum, maximum=120)
    return Member(member.since, member.until, member.user_id, name)


def away(given: Away) -> Away:
    """An absence of at most `MOST_ABSENT_DAYS` days, with both of its hours or neither."""
    calendar_day(given.first, "first_day")
    calendar_day(given.last, "last_day")
    if given.last < given.first:
        raise EndsBeforeStart(field=("last_day",))
    if (given.last - given.first).days >= MOST_ABSENT_DAYS:
        raise OutOfRange(field=("last_day",), minimum=1, maximum=MOST_ABSENT_DAYS)
    if given.starts is None and given.ends is None:
        return given
    if given.starts is None or given.ends is None:
        raise Required(field=("starts" if given.starts is None else "ends",))
    _span(given.starts, given.ends, ())
    return given


def calendar_day(day: date, *field: str | int) -> date:
    """A day that calendars are kept for."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise OutOfRange(field=field, minimum=FIRST_DAY.isoformat(), maximum=LAST_DAY.isoformat())
    return day


def _span(starts: time, ends: time, at: FieldPath) -> None:
    for name, value in (("starts", starts), ("ends", ends)):
        if value.tzinfo is not None or value.second or value.microsecond:
            raise InvalidTime(field=(*at, name))
    if ends <= starts:
        raise EndsBeforeStart(field=(*at, "ends"))


def _once(values: list[str], field: str, maximum: int) -> list[str]:
    if len(values) > maximum:
        raise TooMany(field=(field,), maximum=maximum)
    for place, value in enumerate(values):
        if value in values[:place]:
            raise Duplicate(field=(field, place))
    return values
