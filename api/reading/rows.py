"""A row in the statement: the columns of one alias by the names that the model gives them."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, inspect
from sqlalchemy.orm import Mapper


@cache
def _columns(model: type) -> dict[str, str]:
    mapper: Mapper[Any] = inspect(model)
    return {attribute.key: attribute.columns[0].key for attribute in mapper.column_attrs}


class Row:
    """`row.number` is the column of that attribute; `row.table_` the alias itself."""

    __slots__ = ("_names", "table_")

    def __init__(self, table: FromClause, names: dict[str, str] | None) -> None:
        self.table_ = table
        self._names = names

    @classmethod
    def of_model(cls, model: type, alias: str | None) -> "Row":
        """A row of a mapped class; without `alias` the table itself."""
        mapper: Mapper[Any] = inspect(model)
        table = mapper.local_table
        return cls(table.alias(alias) if alias else table, _columns(model))

    def __getattr__(self, name: str) -> ColumnElement[Any]:
        names = object.__getattribute__(self, "_names")
        key = name if names is None else names.get(name)
        if key is None or key not in self.table_.c:
            raise AttributeError(f"{self.table_.description} has no column {name}")
        return self.table_.c[key]
