"""Keyset cursors: base64url(mac ‖ payload), payload = ["kind", "order", value as text or null, "id"].

The mac is the first 16 bytes of HMAC-SHA256, computed by PostgreSQL where pages are made and checked here; a cursor
that was changed, or made for another type or order, is BAD_CURSOR.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, DateTime, LargeBinary, Text, case, cast, func, literal_column, type_coerce
from sqlalchemy.types import TypeEngine

from api.reading.errors import BadInput
from api.reading.jsonsql import concat, constant, or_null, sql_text

MAC_BYTES = 16
_MAC_RANGE: tuple[ColumnElement[int], ...] = (literal_column("1"), literal_column(str(MAC_BYTES)))
_BLOCK = 64
_MAX_LENGTH = 16_000

_PARSERS: dict[type, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: float,
    bool: lambda text: text == "true",
    Decimal: Decimal,
    UUID: UUID,
    dt.date: dt.date.fromisoformat,
    dt.datetime: dt.datetime.fromisoformat,
    dt.time: dt.time.fromisoformat,
}


@dataclass(frozen=True)
class CursorKey:
    """The key of this installation's cursors, prepared for both sides of the HMAC."""

    secret: bytes

    @classmethod
    def derive(cls, secret: str) -> "CursorKey":
        """A key for cursors alone, from the installation's secret."""
        return cls(hmac.new(secret.encode(), b"cursors", hashlib.sha256).digest())

    def pads(self) -> tuple[bytes, bytes]:
        """The inner and outer key blocks of HMAC-SHA256."""
        block = self.secret.ljust(_BLOCK, b"\0")
        return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)

    def mac(self, payload: bytes) -> bytes:
        """The authentication code of a payload."""
        return hmac.new(self.secret, payload, hashlib.sha256).digest()[:MAC_BYTES]


@dataclass(frozen=True)
class Position:
    """Where a cursor points: the value of the order's column and the key of the row."""

    value: Any
    key: UUID


def cursor_text(
    kind: str, order: str, value: ColumnElement[Any], key: ColumnElement[Any], pads: tuple[ColumnElement[Any], ...]
) -> ColumnElement[str]:
    """SQL for the cursor of a row, without quotes; `pads` are the bound key blocks."""
    head = f'["{kind}","{order}",'
    payload = func.convert_to(concat(head, or_null(_value_text(value)), ',"', cast(key, Text), '"]'), constant("UTF8"))
    inner = func.sha256(_joined(pads[0], payload))
    mac = func.substring(func.sha256(_joined(pads[1], inner)), *_MAC_RANGE)
    return func.translate(
        func.encode(_joined(mac, payload), constant("base64")), literal_column(r"E'+/=\n'"), constant("-_")
    )


def _joined(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[bytes]:
    return type_coerce(left, LargeBinary).op("||")(type_coerce(right, LargeBinary))


def _value_text(value: ColumnElement[Any]) -> ColumnElement[str]:
    if isinstance(value.type, DateTime):
        return sql_text(value)
    return case((value.is_not(None), cast(func.to_json(cast(value, Text)), Text)))


def parse_cursor(key: CursorKey, text: str, kind: str, order: str, type_: TypeEngine[Any], argument: str) -> Position:
    """The position that a cursor of this kind and order points to."""
    payload = _checked(key, text)
    if payload is None:
        raise BadInput("BAD_CURSOR", argument, "this is not a cursor of this list.")
    found_kind, found_order, value, row = orjson.loads(payload)
    if (found_kind, found_order) != (kind, order):
        raise BadInput("BAD_CURSOR", argument, "this cursor belongs to another list or order.")
    return Position(None if value is None else _PARSERS[type_.python_type](value), UUID(row))


def _checked(key: CursorKey, text: str) -> bytes | None:
    raw = _decoded(text) if len(text) <= _MAX_LENGTH else b""
    mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
    return payload if hmac.compare_digest(mac, key.mac(payload)) else None


def _decoded(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=") == text.encode("ascii") else b""
