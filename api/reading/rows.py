"""A row in the statement: the columns of one alias by the names that the model gives them."""

from functools import cache
from typing import Any

from sqlalchemy import Alias, ColumnClause, ColumnElement, FromClause, Table, inspect
from sqlalchemy.orm import Mapper


@cache
def _columns(model: type) -> dict[str, str]:
    mapper: Mapper[Any] = inspect(model)
    return {attribute.key: attribute.columns[0].key for attribute in mapper.column_attrs}


class Row:
    """`row.number` is the column of that attribute; `row.table_` the alias itself."""

    __slots__ = ("_names", "_used", "table_")

    def __init__(self, table: FromClause, names: dict[str, str] | None) -> None:
        self.table_ = table
        self._names = names
        self._used: dict[str, ColumnElement[Any]] = {}

    @classmethod
    def of_model(cls, model: type, alias: str | None) -> "Row":
        """A row of a mapped class; without `alias` the table itself."""
        mapper: Mapper[Any] = inspect(model)
        table = mapper.local_table
        return cls(table.alias(alias) if alias else table, _columns(model))

    def __getattr__(self, name: str) -> ColumnElement[Any]:
        if (column := self._used.get(name)) is None:
            column = self._used[name] = self._column(name)
        return column

    def _column(self, name: str) -> ColumnElement[Any]:
        """One column alone: asked for its `c`, an alias makes all of them, which is a third of compiling a document."""
        names, table = self._names, self.table_
        key = name if names is None else names.get(name)
        if key is not None and isinstance(table, Alias) and isinstance(table.element, Table):
            original = table.element.c[key]
            return ColumnClause(original.name, original.type, _selectable=table)
        if key is None or key not in table.c:
            raise AttributeError(f"{table.description} has no column {name}")
        return table.c[key]
