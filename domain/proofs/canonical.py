"""Canonical JSON after RFC 8785 (JCS), for the values that are ever hashed or signed here.

The value space is I-JSON without fractions: objects, lists, text, integers within ±(2^53 - 1), true, false, null.
Amounts are integer cents; decimals, dates and ids are text (`plain`). Text and keys are first brought to Unicode
Normalization Form C, so that a document which a browser or a database stored in another form of the same characters
still verifies; JCS itself leaves text alone. Two texts that differ only in form are therefore one value here.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import TypeAlias
from uuid import UUID

from domain.money import Money

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32


class NotCanonical(ValueError):
    """The value has no canonical form; says where and why."""


def canonical(value: Json) -> bytes:
    """The one UTF-8 encoding of the value; NotCanonical where it has none."""
    return _fast(value) or _encode(value, "$", 0).encode()


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode


def _fast(value: object) -> bytes | None:
    """The encoding by the standard library, for nearly all values there are; None where it might not be canonical.

    The whole is in normal form only where every text in it is: nothing composes with the quotes between them.
    """
    if not _is_plain(value, 0):
        return None
    text = _COMPACT(value)
    try:
        return text.encode() if text.isascii() or unicodedata.is_normalized("NFC", text) else None
    except UnicodeEncodeError:
        return None


def _is_plain(value: object, depth: int) -> bool:
    """Whether all of it is of the basic types, within the bounds, under ASCII keys."""
    if type(value) is dict:
        return depth < MAX_DEPTH and all(
            type(key) is str and key.isascii() and _is_plain(member, depth + 1) for key, member in value.items()
        )
    if type(value) is list or type(value) is tuple:
        return depth < MAX_DEPTH and all(_is_plain(item, depth + 1) for item in value)
    if type(value) is int:
        return abs(value) <= MAX_INTEGER
    return value is None or type(value) is str or type(value) is bool


def _encode(value: object, where: str, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise NotCanonical(f"{where}: nested deeper than {MAX_DEPTH}")
    match value:
        case None | bool():
            return json.dumps(value)
        case str():
            return _text(value, where)
        case int():
            return _integer(value, where)
        case Mapping():
            return _object(value, where, depth)
        case list() | tuple():
            return "[" + ",".join(_encode(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)) + "]"
    raise NotCanonical(f"{where}: {type(value).__name__} has no canonical form")


def _text(value: str, where: str) -> str:
    # It escapes exactly what JCS escapes, in the same spelling (RFC 8785, 3.2.2.2).
    return encode_basestring(_normal(value, where))


def _normal(value: str, where: str) -> str:
    if value.isascii():
        return value
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise NotCanonical(f"{where}: lone surrogate")
    return unicodedata.normalize("NFC", value)


def _integer(value: int, where: str) -> str:
    if abs(value) > MAX_INTEGER:
        raise NotCanonical(f"{where}: integer beyond 2^53 - 1")
    return str(int(value))


def _object(value: Mapping[object, object], where: str, depth: int) -> str:
    members: dict[str, object] = {}
    for key, member in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"{where}: key is {type(key).__name__}, not text")
        name = _normal(key, where)
        if name in members:
            raise NotCanonical(f"{where}: two keys are the same text {name!r}")
        members[name] = member
    ascii_only = "".join(members).isascii()  # then code points are in the order of UTF-16 already
    order = sorted(members) if ascii_only else sorted(members, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{_text(n, where)}:{_encode(members[n], f'{where}.{n}', depth + 1)}" for n in order) + "}"


def plain(value: object) -> Json:
    """The JSON value that stands for a value of the domain in signed documents.

    Decimal: shortest plain notation; datetime: UTC, microseconds, "Z"; date: ISO 8601; Money: {"cents", "currency"};
    bytes: lower-case hex; UUID: its usual text.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            return str(value)
        case Decimal():
            return _decimal(value)
        case UUID():
            return str(value)
        case datetime() | date():
            return _time(value)
        case Money():
            return {"cents": value.cents, "currency": value.currency}
        case bytes():
            return value.hex()
        case Mapping():
            return {str(key): plain(member) for key, member in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    raise NotCanonical(f"{type(value).__name__} has no plain form")


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise NotCanonical(f"{value} is not a finite number")
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _time(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None:
        raise NotCanonical("a time without a time zone has no plain form")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
