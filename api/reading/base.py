"""Where the rows of a connection come from: one table, or a table that is walked along an index and leads to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, Label, Select, func, literal_column, select, true

from api.reading.conditions import filter_conditions
from api.reading.emit import Emitter
from api.reading.fields import spec
from api.reading.granted import refuse_unread
from api.reading.registry import Readable
from api.reading.rows import Row
from api.reading.selection import Selected
from api.reading.specs import ConnectionSpec, Listing, RootConnectionSpec, call

ONE = literal_column("1", Integer())
_NOTHING = literal_column("0", Integer())

Keys = tuple[ColumnElement[Any], ColumnElement[Any]]


@dataclass(frozen=True, eq=False)
class Walk:
    """A table walked along its index; `on` finds the row that each of its rows leads to."""

    table: FromClause
    on: ColumnElement[bool]
    conditions: Sequence[ColumnElement[bool]]
    name: str
    """Of the looked-up row in the statement."""


@dataclass(frozen=True, eq=False)
class Base:
    """The rows of a connection before any cursor; `keys` are the order column and the id."""

    row: Row
    conditions: Sequence[ColumnElement[bool]]
    keys: Keys
    nullable: bool
    walk: Walk | None = None

    def select(self, columns: Sequence[Label[Any]], window: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
        """A SELECT of columns of these rows, between cursors; ORDER BY and LIMIT are up to the caller."""
        if self.walk is None:
            return self._plain(columns, [*self.conditions, *window])
        return self._walked(self.walk, columns, window)

    def count(self) -> ColumnElement[int]:
        """How many there are; a walk only gives the order, row-level security the same rows."""
        return self._plain([func.count().label("number")], self.conditions).scalar_subquery()

    def _plain(
        self, columns: Sequence[Label[Any]], conditions: Sequence[ColumnElement[bool]]
    ) -> Select[*tuple[Any, ...]]:
        table = self.row.table_
        return select(*columns).select_from(table).where(*conditions).correlate_except(table)

    def _walked(
        self, walk: Walk, columns: Sequence[Label[Any]], window: Sequence[ColumnElement[bool]]
    ) -> Select[*tuple[Any, ...]]:
        """OFFSET 0 keeps PostgreSQL from turning the walk around: it would fetch and sort all rows to return a page."""
        item = self._plain(columns, [walk.on, *self.conditions]).offset(_NOTHING).lateral(walk.name)
        found = select(*item.c).select_from(walk.table.join(item, true()))
        return found.where(*walk.conditions, *window).correlate_except(walk.table, item)


MakeBase = Callable[[Readable], Base]


def related_base(emitter: Emitter, selected: Selected, row: Row) -> MakeBase:
    """The rows that belong to `row`."""
    given = spec(selected, ConnectionSpec)

    def make(target: Readable) -> Base:
        other = emitter.row(target.model)
        assert given.on is not None
        return _base(emitter, selected, target, other, emitter.call(given.on, selected, row, other))

    return make


def root_base(emitter: Emitter, selected: Selected) -> MakeBase:
    """All rows of the type, by its source for this audience where it has one."""
    given = spec(selected, RootConnectionSpec)

    def make(target: Readable) -> Base:
        row = emitter.row(target.model)
        narrowed = None if given.where is None else emitter.call(given.where, selected, row)
        return _sourced(emitter, selected, target, _base(emitter, selected, target, row, narrowed))

    return make


def _base(
    emitter: Emitter, selected: Selected, target: Readable, row: Row, condition: ColumnElement[bool] | None
) -> Base:
    given, shape = spec(selected, ConnectionSpec), emitter.shape(selected)
    own = None if target.reads.where is None else emitter.correlated(call(target.reads.where, row))
    wanted = filter_conditions(emitter, given.filter, selected, row)
    key = given.sort.keys[shape.sort]
    found = [each for each in (condition, own, *wanted) if each is not None]
    value = emitter.correlated(key.value(row))
    refuse_unread(emitter.audience, value, "orderBy")
    return Base(row, found, (value, row.id), key.nullable)


def _sourced(emitter: Emitter, selected: Selected, target: Readable, base: Base) -> Base:
    """The base with the type's explicit condition or walk for this audience, beside row-level security."""
    if target.reads.source is None:
        return base
    listing = Listing(emitter.audience, emitter.one_entity, emitter.shape(selected).sort, emitter.actor)
    source = target.reads.source(listing, base.row)
    if source is None:
        return base
    keys = source.keys or base.keys
    if source.join is None:
        return replace(base, conditions=[*base.conditions, *source.where], keys=keys)
    table, on = source.join
    return replace(base, keys=keys, walk=Walk(table, on, source.where, emitter.name("item")))
