"""The order of a list without pages: total, so that it never depends on chance, and no term more than that takes."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, Table, UniqueConstraint
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList, UnaryExpression

from api.reading.rows import Row


def total(terms: list[Any], row: Row, condition: Any = None) -> list[Any]:
    """The terms of an ORDER BY with the key last, unless the terms and `condition` leave one row at each place.

    A term that the index does not have costs a sort per list.
    """
    if not hasattr(row, "id"):
        return terms
    fixed = {column.name for column in [*_ordering(terms, row), *_equated(condition, row)]}
    return terms if any(names <= fixed for names in _unique(row)) else [*terms, row.id]


def _ordering(terms: list[Any], row: Row) -> Iterator[ColumnClause[Any]]:
    for term in terms:
        while isinstance(term, UnaryExpression) and term.modifier is not None:
            term = term.element
        if (column := _column(term, row)) is not None:
            yield column


def _equated(condition: Any, row: Row) -> Iterator[ColumnClause[Any]]:
    """Columns of the row that a condition fixes."""
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for part in condition.clauses:
            yield from _equated(part, row)
    elif isinstance(condition, BinaryExpression) and condition.operator is operators.eq:
        left, right = _column(condition.left, row), _column(condition.right, row)
        if (left is None) != (right is None):
            yield from [column for column in (left, right) if column is not None]


def _column(expression: ColumnElement[Any], row: Row) -> ColumnClause[Any] | None:
    mine = isinstance(expression, ColumnClause) and expression.table is row.table_
    return expression if isinstance(expression, ColumnClause) and mine else None


def _unique(row: Row) -> Iterator[set[str]]:
    """The names of columns of which each combination is there at most once."""
    table = getattr(row.table_, "element", row.table_)
    if not isinstance(table, Table):
        return
    constraints = [part.columns for part in table.constraints if isinstance(part, UniqueConstraint)]
    whole = [part for part in table.indexes if part.unique and part.dialect_options["postgresql"]["where"] is None]
    indexes = [part.columns for part in whole if len(part.columns) == len(part.expressions)]
    for columns in [table.primary_key.columns, *constraints, *indexes]:
        if len(columns) and not any(column.nullable for column in columns):
            yield {column.name for column in columns}
