"""Reading JSON objects strictly: every field is known, has its type, and is named when it does not fit."""

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import orjson

VERSION = 1
MOST_BYTES = 262_144
"""Of one payload."""
MOST_ID = 64
"""Characters of an id that a charger has given."""
LONGEST_MOMENT = 40
_LARGEST = 2**63 - 1
_SHOWN = 60
E_ = TypeVar("E_", bound=StrEnum)


class Refusal(StrEnum):
    """Why a message, or a part of it, is not taken."""

    OVERSIZE = "OVERSIZE"
    MALFORMED = "MALFORMED"
    WRONG_VERSION = "WRONG_VERSION"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    MISSING_FIELD = "MISSING_FIELD"
    BAD_FIELD = "BAD_FIELD"
    TOO_MANY_READINGS = "TOO_MANY_READINGS"


class Refused(Exception):
    """What cannot be taken, with a stable reason and what exactly does not fit."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Fields:
    """The fields of one JSON object; `done` when all that are known were asked for."""

    __slots__ = ("_given", "_where")

    def __init__(self, given: dict[str, Any], where: str = "") -> None:
        self._given = dict(given)
        self._where = where

    def done(self) -> None:
        """Raises: Refused where something is left."""
        if self._given:
            raise Refused(Refusal.UNKNOWN_FIELD, shown(f"{self._where}{min(self._given)}"))

    def text(self, name: str, most: int) -> str:
        """A text of 1 to `most` characters."""
        value = self.text_or_none(name, most)
        if value is None:
            raise self._missing(name)
        return value

    def text_or_none(self, name: str, most: int) -> str | None:
        """The same; None for an empty one too."""
        value = self._given.pop(name, None)
        if value is None or value == "":
            return None
        if type(value) is not str or len(value) > most or "\x00" in value:
            raise self._bad(name, f"must be a text of 1 to {most} characters")
        return value

    def integer(self, name: str) -> int:
        value = self.integer_or_none(name)
        if value is None:
            raise self._missing(name)
        return value

    def integer_or_none(self, name: str) -> int | None:
        """An integer that is not below zero; a connector, a counter, a register."""
        value = self._given.pop(name, None)
        if value is None:
            return None
        if type(value) is not int or not 0 <= value <= _LARGEST:
            raise self._bad(name, "must be an integer, not below zero")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        value = self._given.pop(name, default)
        if value is None:
            raise self._missing(name)
        if type(value) is not bool:
            raise self._bad(name, "must be true or false")
        return value

    def moment(self, name: str, default: datetime | None = None) -> datetime:
        """A moment in UTC."""
        value = self._given.pop(name, None)
        if value is None and default is not None:
            return default
        if value is None:
            raise self._missing(name)
        found = moment(value)
        if found is None:
            raise self._bad(name, "must be a date and time in ISO 8601 with an offset")
        return found

    def word(self, name: str, words: type[E_]) -> E_:
        """One of the words of an enum."""
        value = self.text(name, 40)
        return self._one_of(name, value, words)

    def word_or_none(self, name: str, words: type[E_]) -> E_ | None:
        value = self.text_or_none(name, 40)
        return None if value is None else self._one_of(name, value, words)

    def mapping(self, name: str) -> dict[str, Any]:
        """An object; an empty one where none is given."""
        value = self._given.pop(name, None)
        if value is None:
            return {}
        if type(value) is not dict:
            raise self._bad(name, "must be an object")
        return value

    def _one_of(self, name: str, value: str, words: type[E_]) -> E_:
        try:
            return words(value)
        except ValueError:
            raise self._bad(name, f"must be one of {', '.join(_sorted(words))}") from None

    def _missing(self, name: str) -> Refused:
        return Refused(Refusal.MISSING_FIELD, f"{self._where}{name}")

    def _bad(self, name: str, why: str) -> Refused:
        return Refused(Refusal.BAD_FIELD, f"{self._where}{name} {why}")


def moment(value: object) -> datetime | None:
    """ISO 8601 with an offset, in UTC; None for anything else."""
    if type(value) is not str or len(value) > LONGEST_MOMENT:
        return None
    try:
        found = datetime.fromisoformat(value)
        return found if found.tzinfo is UTC else found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def read_object(payload: bytes, most: int = MOST_BYTES) -> dict[str, Any]:
    """The object of a payload of this version, without the version. Raises: Refused."""
    if len(payload) > most:
        raise Refused(Refusal.OVERSIZE, f"{len(payload)} bytes, at most {most} are taken")
    try:
        given = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise Refused(Refusal.MALFORMED, f"no JSON: {error.msg} at {error.pos}") from None
    if type(given) is not dict:
        raise Refused(Refusal.MALFORMED, "no JSON object")
    version = given.pop("v", None)
    if type(version) is not int or version != VERSION:
        raise Refused(Refusal.WRONG_VERSION, shown(f"v is {version!r}, this platform reads {VERSION}"))
    return given


def message_id_of(payload: bytes) -> str | None:
    """Of a message that was refused, as far as one can tell."""
    if len(payload) > MOST_BYTES:
        return None
    with contextlib.suppress(orjson.JSONDecodeError):
        given = orjson.loads(payload)
        found = given.get("messageId") if type(given) is dict else None
        return found if type(found) is str and 1 <= len(found) <= MOST_ID else None
    return None


def shown(text: str) -> str:
    """Bounded: it comes from outside and goes into a table."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _sorted(words: Iterable[StrEnum]) -> list[str]:
    return sorted(map(str, words))
