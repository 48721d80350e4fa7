"""The orders that a connection offers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import strawberry
from sqlalchemy import ColumnElement, inspect
from sqlalchemy.orm import Mapper

SortExpression = Callable[[Any], ColumnElement[Any]]


@strawberry.enum(description="The direction of an order.")
class SortDirection(Enum):
    ASC = strawberry.enum_value("ASC", description="Smallest, oldest or alphabetically first; empty values last.")
    DESC = strawberry.enum_value("DESC", description="The reverse of ASC.")


@dataclass(frozen=True)
class SortKey:
    """One way to order rows; NULL counts as the greatest value, as in PostgreSQL."""

    name: str
    description: str
    value: SortExpression
    nullable: bool


def by(description: str, value: SortExpression, *, nullable: bool = True) -> SortKey:
    """An order by a SQL expression of the row."""
    return SortKey("", description, value, nullable)


class Sort:
    """`Sort(models.Order, created_at="When it was placed.", total=by("…", lambda o: …), default="-created_at")`.

    A text is the description of the column of that name. `prefix` is that of the GraphQL types (default: the
    model's name): OrderSort and OrderSortField. The id always breaks ties.
    """

    def __init__(self, model: type, /, *, default: str, prefix: str | None = None, **keys: str | SortKey) -> None:
        self.model = model
        self.name = prefix or model.__name__
        self.keys: Mapping[str, SortKey] = {key: _key(model, key, value) for key, value in keys.items()}
        self.default = default.removeprefix("-")
        self.descending = default.startswith("-")
        if self.default not in self.keys:
            raise TypeError(f"{self.name}: the default order {default} is not one of {sorted(self.keys)}")
        self.input = self._input()

    def _input(self) -> type:
        values = {
            name.upper(): strawberry.enum_value(name, description=key.description) for name, key in self.keys.items()
        }
        fields: Any = _enum(f"{self.name}SortField", values)
        strawberry.enum(fields, description="What to order by.")
        body = {
            "__annotations__": {"field": fields, "direction": SortDirection},
            "field": strawberry.field(description="What to order by."),
            "direction": strawberry.field(description="Ascending unless told otherwise.", default=SortDirection.ASC),
        }
        description = f"An order of the list; {self.default.upper()} {self.direction(self.descending)} by default."
        return strawberry.input(type(f"{self.name}Sort", (), body), description=description)

    @staticmethod
    def direction(descending: bool) -> str:
        """The GraphQL name of a direction."""
        return "DESC" if descending else "ASC"


_enum: Callable[..., Any] = Enum  # mypy reads the functional form only with a literal name


def _key(model: type, name: str, given: str | SortKey) -> SortKey:
    if isinstance(given, SortKey):
        return SortKey(name, given.description, given.value, given.nullable)
    mapper: Mapper[Any] = inspect(model)
    nullable = bool(mapper.column_attrs[name].columns[0].nullable)
    return SortKey(name, given, lambda row: getattr(row, name), nullable)
