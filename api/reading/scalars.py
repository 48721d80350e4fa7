"""The scalars of the schema. They accept Python values (resolvers) and the text that PostgreSQL has already written."""

import datetime as dt
import decimal
import re
import uuid
from collections.abc import Callable
from typing import Any, NewType

import strawberry
from strawberry.schema.types.scalar import DEFAULT_SCALAR_REGISTRY
from strawberry.types.scalar import ScalarDefinition

BigInt = NewType("BigInt", int)
"""A 64-bit integer, written as a string because JSON numbers lose digits above 2^53."""

Cursor = NewType("Cursor", str)
"""A place in the event log, as the API shows it."""

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,15})?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _iso(value: Any) -> str:
    return value if isinstance(value, str) else value.isoformat()


def _instant(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}Z"


def _parse_integer(value: Any) -> int:
    number = int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value
    if not isinstance(number, int) or isinstance(number, bool) or not -(2**63) <= number < 2**63:
        raise ValueError("Expected a 64-bit integer, as a string or a number.")
    return number


def _parse_decimal(value: Any) -> decimal.Decimal:
    if isinstance(value, bool) or not _DECIMAL.fullmatch(str(value)):
        raise ValueError("Expected a decimal number with a point, as a string or a number.")
    return decimal.Decimal(str(value))


def _parse_instant(value: Any) -> dt.datetime:
    if not isinstance(value, str):
        raise ValueError("Expected an ISO 8601 time with its offset, such as 2026-03-01T09:00:00Z.")
    instant = dt.datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("The time needs an offset, such as Z or +01:00.")
    try:
        return instant.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("The time is out of range.") from None


def _parse_time(value: str) -> dt.time:
    time = dt.time.fromisoformat(value)
    if time.tzinfo is not None:
        raise ValueError("A time of day has no offset: it is that of the clock on the wall.")
    return time


def _parse_uuid(value: Any) -> uuid.UUID:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("Expected a UUID.")
    return uuid.UUID(value)


def _text(parse: Callable[[str], Any], example: str) -> Callable[[Any], Any]:
    def parsed(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"Expected a string such as {example}.")
        return parse(value)

    return parsed


Function = Callable[[Any], Any]


def _scalar(name: str, description: str, serialize: Function, parse: Function) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, serialize=serialize, parse_value=parse)


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: _scalar("BigInt", "A 64-bit integer, as a string.", str, _parse_integer),
    decimal.Decimal: _scalar("Decimal", "An exact decimal number, as a string.", str, _parse_decimal),
    dt.datetime: _scalar("DateTime", "A moment, ISO 8601 in UTC: 2026-03-01T09:00:00Z.", _instant, _parse_instant),
    dt.date: _scalar("Date", "A calendar day, ISO 8601: 2026-03-01.", _iso, _text(dt.date.fromisoformat, "2026-03-01")),
    dt.time: _scalar("Time", "A time of day, ISO 8601: 09:00:00.", _iso, _text(_parse_time, "09:00")),
    Cursor: _scalar("Cursor", "An opaque place in the event log.", str, _text(str, "a cursor of an update")),
    uuid.UUID: _scalar("UUID", "A universally unique identifier.", str, _parse_uuid),
}
"""For StrawberryConfig(scalar_map=…)."""

BUILT_IN = frozenset(definition.name for definition in DEFAULT_SCALAR_REGISTRY.values())
