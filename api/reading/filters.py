"""Filter inputs: a class whose fields name columns with operators, or conditions of their own."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

import strawberry
from sqlalchemy import ColumnElement, Text, func, inspect
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Mapper
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

from api.reading.errors import DeclarationError
from api.reading.scalars import BigInt

T = TypeVar("T")
E = TypeVar("E")
FILTER = "filter"
PRESENCE = "isNull"
MAX_TEXT = 1_000
MAX_LIST = 250

_EQ = "Exactly this value."
_IN = "One of these values, at most 250."
_IS_NULL = "Whether there is no value."
_GT, _GTE = "Above this value.", "This value or above."
_LT, _LTE = "Below this value.", "This value or below."


def _field(description: str, name: str | None = None) -> Any:
    return strawberry.field(description=description, name=name, default=strawberry.UNSET)


@strawberry.input(description="A condition on an id.")
class IDFilter:
    eq: strawberry.ID | None = _field(_EQ)
    in_: list[strawberry.ID] | None = _field(_IN, "in")
    is_null: bool | None = _field(_IS_NULL)


@strawberry.input(description="A condition on a state.")
class EnumFilter(Generic[E]):
    eq: E | None = _field(_EQ)
    in_: list[E] | None = _field(_IN, "in")
    is_null: bool | None = _field(_IS_NULL)


@strawberry.input(description="A condition on a text.")
class TextFilter:
    eq: str | None = _field(_EQ)
    in_: list[str] | None = _field(_IN, "in")
    is_null: bool | None = _field(_IS_NULL)


@strawberry.input(description="A condition on a text that may also be searched.")
class TextSearchFilter:
    eq: str | None = _field(_EQ)
    in_: list[str] | None = _field(_IN, "in")
    contains: str | None = _field("Holds this text, upper and lower case alike.")
    starts_with: str | None = _field("Begins with this text, upper and lower case alike.")
    is_null: bool | None = _field(_IS_NULL)


@strawberry.input(description="A condition on a value that has an order.")
class RangeFilter(Generic[T]):
    eq: T | None = _field(_EQ)
    in_: list[T] | None = _field(_IN, "in")
    gt: T | None = _field(_GT)
    gte: T | None = _field(_GTE)
    lt: T | None = _field(_LT)
    lte: T | None = _field(_LTE)
    is_null: bool | None = _field(_IS_NULL)


@strawberry.input(description="A condition on an integer.")
class IntFilter(RangeFilter[int]):
    pass


@strawberry.input(description="A condition on a 64-bit integer.")
class BigIntFilter(RangeFilter[BigInt]):
    pass


@strawberry.input(description="A condition on a decimal number.")
class DecimalFilter(RangeFilter[Decimal]):
    pass


@strawberry.input(description="A condition on a day.")
class DateFilter(RangeFilter[dt.date]):
    pass


@strawberry.input(description="A condition on a moment.")
class DateTimeFilter(RangeFilter[dt.datetime]):
    pass


@dataclass(frozen=True, eq=False)
class Matching:
    """A filter field over a column (`value` None: the column of its name) or with a condition of its own."""

    value: Callable[[Any], ColumnElement[Any]] | None = None
    name: str | None = None
    node: frozenset[str] = frozenset()
    condition: Callable[..., ColumnElement[bool]] | None = None


def kinds_of(node: str | Sequence[str] | None) -> frozenset[str]:
    """The kinds of ids that an argument takes."""
    return frozenset([node] if isinstance(node, str) else node or ())


def match(
    description: str,
    *,
    name: str | None = None,
    value: Callable[[Any], ColumnElement[Any]] | None = None,
    node: str | Sequence[str] | None = None,
) -> Any:
    """A filter on the column `name` (default: the field's) or on an expression; `node` names the kinds of an id."""
    matching = Matching(value, name, kinds_of(node))
    return strawberry.field(description=description, default=strawberry.UNSET, metadata={FILTER: matching})


def condition(
    description: str, test: Callable[..., ColumnElement[bool]], *, node: str | Sequence[str] | None = None
) -> Any:
    """A filter with a condition of its own: `lambda row, value: …`; `value` is a bound parameter, a list an array."""
    matching = Matching(condition=test, node=kinds_of(node))
    return strawberry.field(description=description, default=strawberry.UNSET, metadata={FILTER: matching})


def filters(model: type) -> Callable[[type[T]], type[T]]:
    """Declare over which model a `@strawberry.input` filters; its columns are checked at once."""

    def declare(cls: type[T]) -> type[T]:
        cls.__filters__ = declared(cls, model)  # type: ignore[attr-defined]  # read back by filters_of
        return cls

    return declare


def filters_of(cls: type | None) -> Mapping[str, Matching]:
    """The conditions of a filter class by GraphQL name."""
    return cast(Mapping[str, Matching], cls.__dict__["__filters__"]) if cls else {}


def declared(cls: type, model: type) -> Mapping[str, Matching]:
    """The conditions of a filter class, each with its column found."""
    definition = get_object_definition(cls, strict=True)
    mapper: Mapper[Any] = inspect(model)
    columns = mapper.column_attrs
    found = {}
    for entry in definition.fields:
        matching = entry.metadata.get(FILTER)
        if not isinstance(matching, Matching):
            raise DeclarationError(f"{cls.__name__}.{entry.python_name} is declared without match() or condition()")
        name = matching.name or entry.python_name
        if matching.condition is None and matching.value is None and name not in columns:
            raise DeclarationError(f"{cls.__name__}.{entry.python_name}: {model.__name__} has no column {name}")
        found[_graphql_name(entry)] = Matching(matching.value, name, matching.node, matching.condition)
    return found


def _graphql_name(entry: StrawberryField) -> str:
    head, *rest = (entry.graphql_name or entry.python_name).split("_")
    return head + "".join(word.capitalize() for word in rest)


def filtered_value(matching: Matching, row: Any) -> ColumnElement[Any]:
    """What the operators of a field compare."""
    return matching.value(row) if matching.value else getattr(row, matching.name or "")


Operator = Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]

OPERATORS: dict[str, Operator] = {
    "eq": lambda column, value: column == value,
    "in": lambda column, value: column == func.any(value),
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "contains": lambda column, value: sql_cast(column, Text).ilike(value),
    "startsWith": lambda column, value: sql_cast(column, Text).ilike(value),
}


def like_pattern(operator: str, text: str) -> str:
    """The LIKE pattern of a text in which no character of the client's is special."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if operator == "contains" else f"{escaped}%"
