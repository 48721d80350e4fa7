"""SQL that writes JSON text: concatenation, objects, arrays and the text of each scalar.

PostgreSQL builds the text by `||` over pieces that are never NULL; text values pass through `to_json` only. Everything
else is written by casts whose output needs no escaping.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, GraphQLOutputType
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Float,
    Select,
    String,
    Text,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

NULL = "null"
QUOTED = frozenset({"BigInt", "Decimal", "UUID"})
BARE = frozenset({"Int", "Boolean"})
TEXTUAL = frozenset({"String", "ID"})


def constant(text: str) -> ColumnElement[str]:
    """A text literal of the statement itself: response keys and punctuation, never a client's value."""
    return literal_column("'" + text.replace("'", "''") + "'", Text())


class Concat(ColumnElement[str]):
    """`a || b || …`, bracketed as a balanced tree: text is copied log(n) times and long objects do not nest deeply."""

    inherit_cache = False
    type = Text()

    def __init__(self, pieces: Sequence[ColumnElement[Any]]) -> None:
        self.pieces = pieces


@compiles(Concat)
def _concat(element: Concat, compiler: SQLCompiler, **options: Any) -> str:
    return _balanced([compiler.process(piece, **options) for piece in element.pieces])


def _balanced(pieces: list[str]) -> str:
    if len(pieces) == 1:
        return pieces[0]
    middle = len(pieces) // 2
    return f"({_balanced(pieces[:middle])} || {_balanced(pieces[middle:])})"


class ArrayOf(ColumnElement[Any]):
    """`ARRAY(SELECT …)`."""

    inherit_cache = False
    type = ARRAY(Text())

    def __init__(self, rows: Select[*tuple[Any, ...]]) -> None:
        self.rows = rows.scalar_subquery()


@compiles(ArrayOf)
def _array_of(element: ArrayOf, compiler: SQLCompiler, **options: Any) -> str:
    return "ARRAY" + compiler.process(element.rows, **options)


def concat(*pieces: str | ColumnElement[Any]) -> ColumnElement[str]:
    """Pieces of JSON text in a row; neighbouring constants become one."""
    merged: list[str | ColumnElement[Any]] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return Concat([constant(piece) if isinstance(piece, str) else piece for piece in merged])


def json_object(members: Iterable[tuple[str, str | ColumnElement[Any]]], cost: int = 0) -> ColumnElement[str]:
    """`{"key":value,…}` of values that are JSON text; keys are GraphQL names."""
    pieces: list[str | ColumnElement[Any]] = [METER * cost + "{"]
    for number, (key, value) in enumerate(members):
        pieces += [f'{"," if number else ""}"{key}":', value]
    return concat(*pieces, "}")


METER = "\n"
"""Stands before all that costs 1: JSON whitespace that is written nowhere else and that no JSON string contains."""


def metered(text: str | ColumnElement[Any], cost: int) -> str | ColumnElement[Any]:
    """JSON text that counts `cost` where it is written."""
    if not cost:
        return text
    return METER * cost + text if isinstance(text, str) else concat(METER * cost, text)


def json_array(rows: Select[*tuple[Any, ...]]) -> ColumnElement[str]:
    """`[…]` of the single text column of `rows`; a NULL row is left out."""
    return concat("[", func.array_to_string(ArrayOf(rows), constant(",")), "]")


def or_null(value: ColumnElement[Any]) -> ColumnElement[str]:
    """JSON text that may be NULL in SQL as text that is not."""
    return func.coalesce(value, constant(NULL))


def when(present: ColumnElement[bool] | None, text: ColumnElement[str]) -> ColumnElement[str]:
    """`text` where `present` is true, else `null`."""
    return text if present is None else case((present, text), else_=constant(NULL))


def quoted(text: ColumnElement[Any]) -> ColumnElement[str]:
    """Text without characters that JSON escapes, in quotes."""
    return concat('"', cast(text, Text), '"')


def id_text(kind: str, key: ColumnElement[Any]) -> ColumnElement[str]:
    """The global id of `key`, quoted; base64 breaks lines after 57 bytes, which kinds of 20 letters reach."""
    encoded = func.encode(func.convert_to(concat(f"{kind}:", cast(key, Text)), constant("UTF8")), constant("base64"))
    if len(kind) >= 20:
        encoded = func.translate(encoded, literal_column(r"E'\n'"), constant(""))
    return concat('"', encoded, '"')


def instant_text(value: ColumnElement[Any]) -> ColumnElement[str]:
    """ISO 8601 in UTC with Z, quoted, whatever the session's time zone and date style."""
    local = func.to_json(func.timezone(constant("UTC"), value))
    return concat(func.rtrim(cast(local, Text), constant('"')), 'Z"')


def float_text(value: ColumnElement[Any]) -> ColumnElement[str]:
    """The shortest digits that give the value again, with a point as graphql-core writes them."""
    digits = cast(func.to_json(value), Text)
    return func.regexp_replace(digits, constant("^(-?[0-9]+)$"), constant(r"\1.0"))


def leaf_text(value: ColumnElement[Any], output: GraphQLOutputType, node: str | None = None) -> ColumnElement[str]:
    """JSON text of a scalar, enum, id or list of these; NULL where the value is."""
    nullable = output.of_type if isinstance(output, GraphQLNonNull) else output
    if isinstance(nullable, GraphQLList):
        return _list_text(value, nullable.of_type, node)
    if isinstance(nullable, GraphQLEnumType):
        return enum_text(value, nullable)
    if node is not None:
        return id_text(node, value)
    return _scalar_text(value, getattr(nullable, "name", ""))


def _scalar_text(value: ColumnElement[Any], scalar: str) -> ColumnElement[str]:
    if scalar in QUOTED:
        return quoted(value)
    if scalar in BARE or scalar == "JSON":
        return cast(value, Text)
    if scalar == "DateTime":
        return instant_text(value)
    if scalar == "Float":
        return _float_text(value)
    if scalar in TEXTUAL and not isinstance(value.type, String):
        return cast(func.to_json(cast(value, Text)), Text)
    return sql_text(value)


def _float_text(value: ColumnElement[Any]) -> ColumnElement[str]:
    """A number as orjson writes it: `91.0` and `1e16`, where PostgreSQL writes `91` and `1e+16`."""
    text = cast(func.to_json(cast(value, Float(53))), Text)
    pointed = func.regexp_replace(text, constant(r"^(-?\d+)$"), constant(r"\1.0"))
    return func.replace(pointed, constant("e+"), constant("e"))


def sql_text(value: ColumnElement[Any]) -> ColumnElement[str]:
    """JSON text of a value by its SQL type alone."""
    if isinstance(value.type, DateTime):
        return instant_text(value)
    return cast(func.to_json(value), Text)


def enum_text(value: ColumnElement[Any], enum: GraphQLEnumType) -> ColumnElement[str]:
    """The GraphQL name of a stored enum value, quoted."""
    names = {str(_stored(entry.value)): name for name, entry in enum.values.items()}
    if all(stored == name for stored, name in names.items()):
        return cast(func.to_json(value), Text)
    return case(*((value == constant(stored), constant(f'"{name}"')) for stored, name in names.items()))


def _stored(value: Any) -> Any:
    return getattr(value, "value", value)


def _list_text(value: ColumnElement[Any], item: GraphQLOutputType, node: str | None) -> ColumnElement[str]:
    item_type: TypeEngine[Any] = getattr(value.type, "item_type", Text())
    elements = func.unnest(value).table_valued(column("value", item_type), name="element").render_derived()
    rows = select(or_null(leaf_text(elements.c.value, item, node))).select_from(elements).correlate_except(elements)
    return case((value.is_not(None), json_array(rows)))
