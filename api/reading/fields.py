"""The JSON text of each kind of field, except pages and fields of several types."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Integer, Select, Uuid, case, func, literal, literal_column, select

from api.reading.emit import Emitter, Writer
from api.reading.explained import Choice, Global, InLanguage, Later, Ready, Several
from api.reading.jsonsql import (
    NULL,
    ArrayOf,
    concat,
    constant,
    id_text,
    json_array,
    json_object,
    leaf_text,
    metered,
    or_null,
    sql_text,
    when,
)
from api.reading.ordering import total
from api.reading.registry import Readable, cost_of, is_many
from api.reading.rows import Row
from api.reading.selection import TYPENAME, Selected
from api.reading.specs import (
    LIST_LIMIT,
    ColumnSpec,
    Composite,
    ComputedSpec,
    DerivedSpec,
    EmbeddedSpec,
    ExpressionSpec,
    IdSpec,
    ListSpec,
    RelatedSpec,
    RowExpression,
    Spec,
    call,
)

S = TypeVar("S", bound=Spec)
Text = str | ColumnElement[str]


def spec(selected: Selected, kind: type[S]) -> S:
    """The spec of a field whose kind is known."""
    assert isinstance(selected.spec, kind)
    return selected.spec


def _id(emitter: Emitter, selected: Selected, row: Row, owner: Readable) -> Text:
    return id_text(owner.kind, row.id)


def _column(emitter: Emitter, selected: Selected, row: Row, owner: Readable) -> Text:
    column = spec(selected, ColumnSpec)
    value = getattr(row, column.name or selected.python_name)
    text = leaf_text(value, selected.field.type, column.node)
    return text if getattr(value, "nullable", True) is False else or_null(text)


def _expression(emitter: Emitter, selected: Selected, row: Row, owner: Readable) -> Text:
    expression = spec(selected, ExpressionSpec)
    value = emitter.call(expression.value, selected, row)
    if isinstance(value, Composite):
        return composite(emitter, value, selected)
    return or_null(leaf_text(value, selected.field.type, expression.node))


def composite(emitter: Emitter, value: Composite, selected: Selected) -> ColumnElement[str]:
    """The JSON object of values that have no row of their own."""
    members = [(child.key, _member(emitter, value, child, selected)) for child in selected.below(selected.named.name)]
    return when(emitter.correlated(value.present), json_object(members))


def _member(emitter: Emitter, value: Composite, child: Selected, selected: Selected) -> Text:
    if child.name == TYPENAME:
        return f'"{selected.named.name}"'
    part = value.values[child.python_name]
    if isinstance(part, Later):
        part = part.make()
    return metered(_part(emitter, part, child), cost_of(child.field))


def _part(emitter: Emitter, part: Any, child: Selected) -> Any:
    """The JSON text of a member."""
    match part:
        case None:
            return "null"
        case Composite():
            return composite(emitter, part, child)
        case Choice():
            first = ((emitter.correlated(condition), composite(emitter, each, child)) for condition, each in part.first)
            return case(*first, else_=composite(emitter, part.otherwise, child))
        case Several():
            return _several(emitter, part, child)
        case Global():
            return or_null(id_text(part.kind, emitter.correlated(part.key)))
        case InLanguage():
            return emitter.correlated(case((emitter.actor.language == constant("en"), part.en), else_=part.nl))
        case Ready():
            return emitter.correlated(part.text)
        case _:
            return or_null(leaf_text(emitter.correlated(part), child.field.type))


def _several(emitter: Emitter, part: Several, child: Selected) -> ColumnElement[str]:
    """The named objects that are there, then those of the rows."""
    named = (func.nullif(composite(emitter, each, child), constant(NULL)) for each in part.named)
    texts = [*named, *(_of_rows(emitter, rows, make, child) for rows, make in part.rows)]
    return concat("[", func.concat_ws(constant(","), *texts), "]")


def _of_rows(
    emitter: Emitter, rows: Select[*tuple[Any, ...]], make: Callable[[Row], Composite], child: Selected
) -> ColumnElement[str]:
    """One per row; of very many the sum of the rest is one that names no source."""
    first = _listed(emitter, emitter.input_row(at_most(rows, LIST_LIMIT)), make, child)
    beyond = emitter.input_row(rows.offset(literal_column(str(LIST_LIMIT), Integer())))
    rest = select(func.sum(beyond.value).label("value"), literal(None, Uuid()).label("key")).select_from(beyond.table_)
    listed = func.array_cat(ArrayOf(first), ArrayOf(_listed(emitter, emitter.input_row(rest), make, child)))
    return func.nullif(func.array_to_string(listed, constant(",")), constant(""))


def _listed(emitter: Emitter, row: Row, make: Callable[[Row], Composite], child: Selected) -> Select[*tuple[Any, ...]]:
    text = func.nullif(composite(emitter, make(row), child), constant(NULL))
    return select(text).select_from(row.table_).correlate_except(row.table_)


def _related(emitter: Emitter, selected: Selected, row: Row, owner: Readable) -> Text:
    target = emitter.relation(selected)
    if target is None:
        return "null"
    related = spec(selected, RelatedSpec)
    rows = _others(emitter, selected, row, target, related.on, related.order_by)
    return or_null((rows if related.order_by is None else rows.limit(1)).scalar_subquery())


def _list(emitter: Emitter, selected: Selected, row: Row, owner: Readable) -> Text:
    target = emitter.relation(selected)
    if target is None:
        return "[]"
    listed = spec(selected, ListSpec)
    return json_array(at_most(_others(emitter, selected, row, target, listed.on, listed.order_by), listed.limit))


def at_most(rows: Select[*tuple[Any, ...]], limit: int) -> Select[*tuple[Any, ...]]:
    """The first rows; the figure stands in the statement, where the planner sees it."""
    return rows.limit(literal_column(str(int(limit)), Integer()))


def _others(
    emitter: Emitter, selected: Selected, row: Row, target: Readable, on: Any, order_by: RowExpression | None
) -> Select[*tuple[Any, ...]]:
    """The objects of the rows that belong to a row, in their order."""
    other = emitter.row(target.model)
    text = emitter.object(target, selected, other, emitter.is_abstract(selected.named, target))
    condition = emitter.call(on, selected, row, other)
    rows = emitter.rows(target, other, [text], condition)
    if order_by is None and isinstance(selected.spec, RelatedSpec):
        return rows
    return rows.order_by(*ordered(emitter, order_by, selected, other, condition))


def ordered(
    emitter: Emitter, order_by: RowExpression | None, selected: Selected, row: Row, condition: Any = None
) -> list[Any]:
    """The terms of an ORDER BY of the rows under a condition; the key breaks ties where there can be any."""
    given = emitter.call(order_by, selected, row) if order_by else []
    return total(list(given) if isinstance(given, list | tuple) else [given], row, condition)


def _embedded(emitter: Emitter, selected: Selected, row: Row, owner: Readable) -> Text:
    target = emitter.relation(selected)
    if target is None:
        return "null"
    embedded = spec(selected, EmbeddedSpec)
    present = emitter.call(embedded.when, selected, row) if embedded.when else None
    return when(present, emitter.object(target, selected, row, emitter.is_abstract(selected.named, target)))


def _computed(emitter: Emitter, selected: Selected, row: Row, owner: Readable) -> Text:
    many = is_many(selected.field)
    target = emitter.relation(selected)
    if target is None:
        return "[]" if many else "null"
    given = spec(selected, ComputedSpec)
    rows = emitter.call(given.rows, selected, row)
    return computed_rows(emitter, selected, target, at_most(rows, given.limit) if many else rows, many, row)


def computed_rows(
    emitter: Emitter, selected: Selected, target: Readable, rows: Select[*tuple[Any, ...]], many: bool, *outer: Row
) -> ColumnElement[str]:
    """Objects made from the rows of a SELECT, in its order; one of them or null where not `many`."""
    other = emitter.computed_row(rows, *outer)
    found = emitter.rows(target, other, [emitter.object(target, selected, other)])
    return json_array(found) if many else or_null(found.limit(1).scalar_subquery())


def _derived(emitter: Emitter, selected: Selected, row: Row, owner: Readable) -> Text:
    values: Mapping[str, Any] = call(spec(selected, DerivedSpec).needs, row, emitter.arguments(selected))
    return json_object((name, or_null(sql_text(emitter.correlated(value)))) for name, value in values.items())


WRITERS: Mapping[type[Spec], Writer] = {
    IdSpec: _id,
    ColumnSpec: _column,
    ExpressionSpec: _expression,
    RelatedSpec: _related,
    ListSpec: _list,
    EmbeddedSpec: _embedded,
    ComputedSpec: _computed,
    DerivedSpec: _derived,
}
