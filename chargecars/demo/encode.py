"""Rows in PostgreSQL's COPY text format, and the chunks in which they come out of the processes that make them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Range
from sqlalchemy.dialects.postgresql import JSONB

import domain.tables  # noqa: F401  # the columns of every table
from tenants.base import Base

Encoder = Callable[[Any], str]
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _text(value: str) -> str:
    return value.translate(_ESCAPES)


def _array(values: Iterable[Any]) -> str:
    return _text("{" + ",".join(map(_element, values)) + "}")


def _element(value: Any) -> str:
    match value:
        case UUID():
            return str(value)
        case bytes():
            return f'"\\\\x{value.hex()}"'
    quoted = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _range(value: Any) -> str:
    lower, upper = (bound.isoformat() if bound else "" for bound in (value.lower, value.upper))
    return f"[{lower},{upper})"


def _json(value: Any) -> str:
    return "\\N" if value is None else orjson.dumps(value).decode().replace("\\", "\\\\")


_BY_TYPE: dict[type, Encoder] = {
    type(None): lambda _: "\\N",
    bool: lambda value: "t" if value else "f",
    int: str,
    float: repr,
    str: _text,
    bytes: lambda value: f"\\\\x{value.hex()}",
    UUID: str,
    Decimal: str,
    date: date.isoformat,
    datetime: datetime.isoformat,
    list: _array,
    tuple: _array,
    Range: _range,
}


def _any(value: Any) -> str:
    encoder = _BY_TYPE.get(type(value)) or (_text if isinstance(value, str) else None)
    if encoder is None:
        raise TypeError(f"{type(value).__name__} has no COPY form")
    return encoder(value)


@dataclass
class Encoded:
    """Rows of one table, encoded one after the other."""

    columns: tuple[str, ...]
    data: bytes
    count: int


@dataclass
class Chunk:
    """What a piece of work made: rows by table, and events apart because they go in by time."""

    tables: dict[str, Encoded] = field(default_factory=dict)
    events: list[tuple[datetime, bytes]] = field(default_factory=list)


class Rows:
    """Collects rows, encoded; the first row of a table says which columns all of them have."""

    def __init__(self) -> None:
        self._columns: dict[str, tuple[str, ...]] = {}
        self._encoders: dict[str, list[Encoder]] = {}
        self._lines: dict[str, list[str]] = {}
        self._events: list[tuple[datetime, bytes]] = []

    def add(self, table: str, **row: Any) -> None:
        self._lines.setdefault(table, []).append(self._line(table, row))

    def event(self, at: datetime, row: dict[str, Any]) -> None:
        """A row of the event log, to be placed by its time among those of all chunks."""
        self._events.append((at, self._line("event", row | {"created_at": at}).encode()))

    def take(self) -> Chunk:
        """What was added since the last time."""
        tables = {
            table: Encoded(self._columns[table], "".join(lines).encode(), len(lines))
            for table, lines in self._lines.items()
        }
        chunk = Chunk(tables, self._events)
        self._lines, self._events = {}, []
        return chunk

    def event_columns(self) -> tuple[str, ...]:
        return self._columns["event"]

    def _line(self, table: str, row: dict[str, Any]) -> str:
        columns = self._columns.get(table)
        if columns is None:
            columns = self._columns[table] = tuple(row)
            self._encoders[table] = _encoders(table, columns)
        if len(row) != len(columns):
            raise ValueError(f"rows of {table} have the columns {columns}, not {tuple(row)}")
        pairs = zip(self._encoders[table], columns, strict=True)
        return "\t".join([encode(row[column]) for encode, column in pairs]) + "\n"


def _encoders(table: str, columns: tuple[str, ...]) -> list[Encoder]:
    known = Base.metadata.tables[table].columns
    return [_json if isinstance(known[column].type, JSONB) else _any for column in columns]
