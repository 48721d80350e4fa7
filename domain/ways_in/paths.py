"""Paths into a message: `$` is the whole of it, `@` the item of a list. No wildcard but `[*]`, and nothing is run.

$.order.lines[0].sku    $['order number']    $.phones[?kind=mobile].number    @.quantity    $.notes[*]
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from domain.errors import FieldPath
from domain.ways_in.errors import MappingInvalid

LONGEST = 300
_MOST_STEPS = 20
_MOST_VALUES = 1000
_STEP = re.compile(
    r"\.(?P<name>[^.\[\]'\"\s]+)"
    r"|\['(?P<quoted>[^']+)'\]"
    r"|\[(?P<index>-?[0-9]{1,4})\]"
    r"|\[(?P<all>\*)\]"
    r"|\[\?(?P<key>[^=\]\[']+)='?(?P<value>[^'\]]*)'?\]"
)


@dataclass(frozen=True, slots=True)
class Path:
    """A checked path; `text` is as it was written."""

    text: str
    relative: bool
    steps: tuple[tuple[str, Any], ...]

    def values(self, message: Any, item: Any) -> list[Any]:
        """What stands there, in its order; nothing where it does not exist."""
        found = [item if self.relative else message]
        for kind, what in self.steps:
            found = [value for each in found for value in _step(each, kind, what)][:_MOST_VALUES]
        return found

    @property
    def many(self) -> bool:
        """Whether it may stand for several values."""
        return any(kind == "all" for kind, _ in self.steps)


def parse(text: object, *field: str | int) -> Path:
    """Raises: MappingInvalid at `field`."""
    if not isinstance(text, str) or not text.startswith(("$", "@")):
        raise _wrong(field, "begin met $ of @", "begin with $ or @")
    if len(text) > LONGEST:
        raise _wrong(field, f"hoogstens {LONGEST} tekens", f"at most {LONGEST} characters")
    return _parsed(text, field)


@lru_cache(maxsize=4096)
def _parsed(text: str, field: FieldPath) -> Path:
    steps: list[tuple[str, Any]] = []
    place = 1
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None or len(steps) >= _MOST_STEPS:
            raise _wrong(field, f"onleesbaar vanaf teken {place + 1}", f"not readable from character {place + 1}")
        steps.append(_read(match))
        place = match.end()
    return Path(text, text.startswith("@"), tuple(steps))


def _read(match: re.Match[str]) -> tuple[str, Any]:
    if match["index"] is not None:
        return "index", int(match["index"])
    if match["all"] is not None:
        return "all", None
    if match["key"] is not None:
        return "where", (match["key"].strip(), match["value"])
    return "name", match["name"] or match["quoted"]


def _step(value: Any, kind: str, what: Any) -> list[Any]:
    match kind, value:
        case "name", dict():
            return [value[what]] if what in value else []
        case "index", list():
            return [value[what]] if -len(value) <= what < len(value) else []
        case "all", list():
            return value[:_MOST_VALUES]
        case "all", None:
            return []
        case "all", _:
            return [value]  # one item that its sender did not put into a list
        case "where", list():
            return [each for each in value[:_MOST_VALUES] if isinstance(each, dict) and _is(each.get(what[0]), what[1])]
    return []


def _is(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted.lower() == str(value).lower()
    return value is not None and not isinstance(value, dict | list) and str(value) == wanted


def _wrong(field: FieldPath, nl: str, en: str) -> MappingInvalid:
    return MappingInvalid(field=field, reason={"nl": nl, "en": en})
