"""The conditions of a filter argument."""

from typing import Any

from graphql import GraphQLInputObjectType, get_named_type
from sqlalchemy import ARRAY, ColumnElement, Text
from sqlalchemy.types import TypeEngine

from api.reading.binds import sql_type
from api.reading.emit import Emitter
from api.reading.filters import OPERATORS, PRESENCE, filtered_value, filters_of
from api.reading.granted import refuse_unread
from api.reading.rows import Row
from api.reading.selection import Selected


def filter_conditions(emitter: Emitter, cls: type | None, selected: Selected, row: Row) -> list[ColumnElement[bool]]:
    """One condition per operator that the request gives; the operands are bound."""
    return [
        _condition(emitter, cls, selected, row, name, operator) for name, operator in emitter.shape(selected).filters
    ]


def _condition(
    emitter: Emitter, cls: type | None, selected: Selected, row: Row, name: str, operator: str
) -> ColumnElement[bool]:
    matching = filters_of(cls)[name]
    path = f"filter.{name}.{operator}".rstrip(".")
    if matching.condition is not None:
        value = emitter.binds.argument(selected.slot, path, _input_type(selected, name))
        test: ColumnElement[bool] = emitter.correlated(matching.condition(row, value))
        refuse_unread(emitter.audience, test, path)
        return test
    column: ColumnElement[Any] = emitter.correlated(filtered_value(matching, row))
    refuse_unread(emitter.audience, column, path)
    if operator.startswith(PRESENCE):
        return column.is_(None) if operator.endswith("True") else column.is_not(None)
    operand = emitter.binds.argument(selected.slot, path, _operand_type(operator, column.type))
    return OPERATORS[operator or "eq"](column, operand)


def _operand_type(operator: str, column: TypeEngine[Any]) -> TypeEngine[Any]:
    if operator in ("contains", "startsWith"):
        return Text()
    return ARRAY(column) if operator == "in" else column


def _input_type(selected: Selected, name: str) -> TypeEngine[Any]:
    input_object = get_named_type(selected.field.args["filter"].type)
    assert isinstance(input_object, GraphQLInputObjectType)
    return sql_type(input_object.fields[name].type)
