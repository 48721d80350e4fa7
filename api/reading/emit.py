"""From a selection to one SQL expression that is its JSON text."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from graphql import GraphQLNamedType
from sqlalchemy import ColumnElement, FromClause, Select, Subquery, select
from sqlalchemy.sql.visitors import ExternallyTraversible

from api.reading.arguments import Shape, camel_case
from api.reading.binds import ActorBinds, ArgumentValues, Binds, sql_type
from api.reading.cursors import CursorKey
from api.reading.jsonsql import json_object, metered
from api.reading.registry import Readable, Registry, cost_of
from api.reading.rows import Row
from api.reading.selection import NO_ARGUMENTS, TYPENAME, Selected
from api.reading.specs import Spec, call
from tenants.audience import Audience

CONCRETE = "$type"
"""Key, impossible in GraphQL, under which an object in an abstract position says its type to graphql-core."""

EMPTY_SHAPE = Shape()


class Emitter:
    """Writes one statement for one audience; holds its parameters and its aliases."""

    def __init__(
        self,
        registry: Registry,
        audience: Audience,
        one_entity: bool,
        shapes: Sequence[Shape],
        cursor_key: CursorKey,
        typed: bool,
        writers: "Mapping[type[Spec], Writer]",
    ) -> None:
        self.registry = registry
        self.audience = audience
        self.one_entity = one_entity
        self.shapes = shapes
        self.cursor_key = cursor_key
        self.binds = Binds()
        self.actor = ActorBinds(self.binds)
        self._typed = typed
        self._writers = writers
        self._tables: list[FromClause] = []
        self._names = 0

    def shape(self, selected: Selected) -> Shape:
        """How the arguments of a field shape the statement."""
        return EMPTY_SHAPE if selected.slot == NO_ARGUMENTS else self.shapes[selected.slot]

    def name(self, prefix: str) -> str:
        """A name for an alias that the statement does not use yet."""
        self._names += 1
        return f"{prefix}{self._names}"

    def row(self, model: type) -> Row:
        """A new alias of a model."""
        return self._known(Row.of_model(model, self.name("t")))

    def computed_row(self, rows: Select[*tuple[Any, ...]], *outer: Row) -> Row:
        """A new alias of a SELECT; it may refer to `outer` rows."""
        inner = self.correlated(rows).correlate(*(row.table_ for row in outer))
        return self._known(Row(inner.subquery(self.name("t")), None))

    def input_row(self, rows: Select[*tuple[Any, ...]]) -> Row:
        """A new alias of a SELECT that may refer to all rows of the statement."""
        inner = self.correlated(rows).correlate(*self._tables)
        return self._known(Row(inner.subquery(self.name("t")), None))

    def _known(self, row: Row) -> Row:
        self._tables.append(row.table_)
        return row

    def correlated(self, expression: Any) -> Any:
        """Let every SELECT inside an area's expression refer to all rows of the statement, however deep it stands."""
        if self._tables and isinstance(expression, ExternallyTraversible):
            own = list(implied(expression, None))
            for element, outer in own:
                element._correlate = tuple({*element._correlate, *outer, *self._tables})
        return expression

    def call(self, function: Callable[..., Any], selected: Selected, *rows: Row) -> Any:
        """An area's function applied to rows and, where it takes them, the field's arguments."""
        return self.correlated(call(function, *rows, self.arguments(selected)))

    def arguments(self, selected: Selected) -> ArgumentValues:
        """The arguments that the area declared for a field."""
        given = self.shape(selected).given
        values = {
            name: self.binds.argument(selected.slot, name, sql_type(selected.field.args[camel_case(name)].type))
            if name in given
            else None
            for name in (selected.spec.arguments if selected.spec else {})
        }
        return ArgumentValues(values, self.actor)

    def object(self, target: Readable, selected: Selected, row: Row, abstract: bool = False) -> ColumnElement[str]:
        """The JSON object of one row; `abstract` where the schema alone does not tell its type."""
        members: list[tuple[str, str | ColumnElement[Any]]] = []
        if self._typed and abstract:
            members.append((CONCRETE, f'"{target.type.name}"'))
        for child in selected.below(target.type.name):
            members.append((child.key, self.field(target, child, row)))
        return json_object(members, cost=1)

    def field(self, target: Readable, selected: Selected, row: Row) -> str | ColumnElement[str]:
        """The JSON text of one field of a row, never NULL."""
        if selected.name == TYPENAME:
            return f'"{target.type.name}"'
        assert selected.spec is not None
        text = self._writers[type(selected.spec)](self, selected, row, target)
        return metered(text, cost_of(selected.field))

    def relation(self, selected: Selected) -> Readable | None:
        """The type that a relation reads for this audience."""
        return self.registry.concrete(selected.named, self.audience)

    def rows(
        self, target: Readable, row: Row, columns: Iterable[ColumnElement[Any]], *conditions: Any
    ) -> Select[*tuple[Any, ...]]:
        """SELECT from one alias, under the conditions and the type's own."""
        found = [condition for condition in conditions if condition is not None]
        if target.reads.where is not None:
            found.append(self.correlated(call(target.reads.where, row)))
        return select(*columns).select_from(row.table_).where(*found).correlate_except(row.table_)

    def is_abstract(self, named: GraphQLNamedType, target: Readable) -> bool:
        """Whether a selection of `named` needs to be told that it found a `target`."""
        return named is not target.type

    def by_key(self, target: Readable, selected: Selected, key: Any) -> ColumnElement[str]:
        """The object of the row with a key, NULL where there is none."""
        row = self.row(target.model)
        text = self.object(target, selected, row, self.is_abstract(selected.named, target))
        return self.rows(target, row, [text], row.id == key).scalar_subquery()


def implied(
    element: ExternallyTraversible, outer: Select[Any] | None
) -> Iterator[tuple[Select[Any], list[FromClause]]]:
    """Each SELECT in an expression and the tables of the one around it that it refers to without saying so.

    SQLAlchemy finds these by itself only as long as a SELECT of the ORM names no other table to refer to.
    """
    if isinstance(element, Select):
        yield element, _shared(element, outer)
        outer = element
    elif isinstance(element, Subquery):
        outer = None
    for child in element.get_children():
        yield from implied(child, outer)


def _shared(inner: Select[Any], outer: Select[Any] | None) -> list[FromClause]:
    if outer is None or not inner._auto_correlate:
        return []
    around = set(_tables(outer))
    own = list(dict.fromkeys(_tables(inner)))
    shared = [table for table in own if table in around]
    return shared if len(shared) < len(own) else []


def _tables(select: Select[Any]) -> Iterator[FromClause]:
    """The tables that a SELECT names, without building its statement."""
    named = (
        *select._raw_columns,
        *select._where_criteria,
        *select._from_obj,
        *(join[0] for join in select._setup_joins),
    )
    for part in named:
        for table in part._from_objects:
            yield table._deannotate() if table._annotations else table


Writer = Callable[[Emitter, Selected, Row, Readable], str | ColumnElement[str]]
"""Writes the JSON text, never NULL, of a selected field of a row of a type."""
