"""Declaring that a part of the schema will go.

    old_number: str = deprecated(column("…"), since=date(2026, 3, 1), use="`number`", removal=date(2026, 9, 1))

Arguments, input fields and enum values take `deprecation_reason=reason(since=…, use=…, removal=…)`.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from api.reading.errors import DeclarationError

NOTICE = timedelta(days=180)
"""Between the release that deprecates a part and the first that may be without it."""

_REASON = re.compile(
    r"Since (?P<since>\d{4}-\d{2}-\d{2}): use (?P<use>.+)\. Removed after (?P<removal>\d{4}-\d{2}-\d{2})\."
)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when a part is deprecated, what to use instead, and the day after which it may be gone."""

    since: date
    use: str
    removal: date

    @classmethod
    def of(cls, text: str) -> "Deprecation":
        """What a deprecationReason says. Raises: ValueError"""
        found = _REASON.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} does not say since when, what to use and when it is removed")
        return cls(date.fromisoformat(found["since"]), found["use"], date.fromisoformat(found["removal"]))

    @property
    def text(self) -> str:
        return f"Since {self.since}: use {self.use}. Removed after {self.removal}."


def reason(*, since: date, use: str, removal: date) -> str:
    """The deprecationReason of a part. Raises: DeclarationError where the notice is too short."""
    if removal - since < NOTICE:
        raise DeclarationError(f"deprecated on {since}, removed on {removal}: {NOTICE.days} days have to lie between")
    if not use or use.endswith("."):
        raise DeclarationError(f"deprecated in favour of {use!r}: name the replacement, without a full stop")
    return Deprecation(since, use, removal).text


def deprecated(field: Any, *, since: date, use: str, removal: date) -> Any:
    """A Strawberry field that is deprecated."""
    field.deprecation_reason = reason(since=since, use=use, removal=removal)
    return field
