"""Rows in PostgreSQL's COPY text format, and the chunks in which they come out of the processes that make them."""

import re
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
_TO_ESCAPE = re.compile(r"[\\\t\n\r]")


def _text(value: str) -> str:
    return value.translate(_ESCAPES) if _TO_ESCAPE.search(value) else value


def _uuid(value: UUID) -> str:
    return f"{value.int:032x}"  # PostgreSQL takes it without hyphens, and it is made in half the time


def _array(values: Iterable[Any]) -> str:
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: Any) -> str:
    match value:
        case UUID():
            return _uuid(value)
        case bytes():
            return f'"\\\\\\\\x{value.hex()}"'
    quoted = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return _text(f'"{quoted}"')


def _range(value: Any) -> str:
    lower, upper = (bound.isoformat() if bound else "" for bound in (value.lower, value.upper))
    return f"[{lower},{upper})"


def _json(value: Any) -> str:
    return "\\N" if value is None else orjson.dumps(value).decode().replace("\\", "\\\\")


class _Done(str):
    """A value that is encoded already."""

    __slots__ = ()


class _Encoders(dict[type, Encoder]):
    """By the type of the value; enums are text."""

    def __missing__(self, kind: type) -> Encoder:
        if not issubclass(kind, str):
            raise TypeError(f"{kind.__name__} has no COPY form")
        self[kind] = _text
        return _text


_BY_TYPE = _Encoders(
    {
        type(None): lambda _: "\\N",
        bool: lambda value: "t" if value else "f",
        int: str,
        float: repr,
        str: _text,
        bytes: lambda value: f"\\\\x{value.hex()}",
        UUID: _uuid,
        Decimal: str,
        date: date.isoformat,
        datetime: datetime.isoformat,
        list: _array,
        tuple: _array,
        Range: _range,
        _Done: str,
    }
)


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
        self._json: dict[str, list[str]] = {}
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
            self._json[table] = _json_columns(table, columns)
        if len(row) != len(columns):
            raise ValueError(f"rows of {table} have the columns {columns}, not {tuple(row)}")
        for column in self._json[table]:
            row[column] = _Done(_json(row[column]))
        values = [row[column] for column in columns]
        return "\t".join([_BY_TYPE[type(value)](value) for value in values]) + "\n"


def _json_columns(table: str, columns: tuple[str, ...]) -> list[str]:
    known = Base.metadata.tables[table].columns
    return [column for column in columns if isinstance(known[column].type, JSONB)]
