"""The statement of a root field: the row-level security context and what is read under it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    column,
    func,
    literal_column,
    select,
    true,
)

from api.reading import pages, polymorphic
from api.reading.conditions import filter_conditions
from api.reading.emit import Emitter, Writer
from api.reading.fields import WRITERS, at_most, computed_rows, ordered, spec
from api.reading.jsonsql import METER, concat, constant, json_array, json_object, metered, or_null
from api.reading.registry import cost_of, is_many
from api.reading.selection import Selected
from api.reading.specs import (
    AnySpec,
    ConnectionSpec,
    NodeSpec,
    NodesSpec,
    OneSpec,
    RootConnectionSpec,
    RootListSpec,
    SearchSpec,
    Spec,
)
from tenants.actor import SETTINGS

ALL_WRITERS: Mapping[type[Spec], Writer] = {**WRITERS, ConnectionSpec: pages.related, AnySpec: polymorphic.any_field}

Rendered = str | ColumnElement[str]

PIECE = "\x1e"
"""JSON escapes it in strings and has it nowhere else."""


def context_parameter(setting: str) -> str:
    """The parameter that carries a setting of the actor."""
    return "context_" + setting.rpartition(".")[2]


def in_context(text: Rendered) -> ColumnElement[Any]:
    """`text`, read after the settings were written: CASE evaluates its condition before its result.

    All of `text` has to stand inside the CASE; there it is an uncorrelated subquery, which PostgreSQL runs when it is
    first asked for its value, and `set_config` rules out a parallel plan that would run it earlier.
    """
    return case((concat(*_written()).is_not(None), rendered(text)))


def listed(emitter: Emitter, roots: Sequence[Selected]) -> pages.Listed | None:
    """The only root field as a list that goes out row by row, where it is one."""
    if len(roots) != 1 or type(roots[0].spec) is not RootConnectionSpec:
        return None
    found = pages.listed(emitter, roots[0])
    if found is None:
        return None
    key = f'{{"{roots[0].key}":' + METER * cost_of(roots[0].field)
    return replace(found, before=key + found.before, after=found.after + "}")


def items_in_context(found: pages.Listed) -> Select[*tuple[Any, ...]]:
    """The items, read after the settings were written: rows of a subquery that refers to a row before it.

    OFFSET 0 keeps that row apart, and each later one asks for its value; see `in_context` for parallel plans.
    """
    gate = select(concat(*_written()).label("written")).offset(literal_column("0", Integer())).subquery("gate")
    items = found.items.where(gate.c.written.is_not(None)).lateral("items")
    return select(items.c.item).select_from(gate.join(items, true()))


def _written() -> list[ColumnElement[Any]]:
    return [
        func.set_config(constant(setting), bindparam(context_parameter(setting), type_=Text(), required=False), true())
        for setting in SETTINGS
    ]


def rendered(text: Rendered) -> ColumnElement[Any]:
    """JSON text as an expression."""
    return constant(text) if isinstance(text, str) else text


def root_text(emitter: Emitter, selected: Selected) -> Rendered:
    """The JSON text of a root field."""
    return metered(ROOTS[type(selected.spec)](emitter, selected), cost_of(selected.field))


def document_text(emitter: Emitter, roots: Sequence[Selected]) -> ColumnElement[str]:
    """The JSON object of several root fields by their response keys."""
    return json_object((selected.key, root_text(emitter, selected)) for selected in roots)


def pieces_text(emitter: Emitter, roots: Sequence[Selected]) -> ColumnElement[str]:
    """The JSON texts of several root fields, between each two of them a character that stands in none."""
    pieces: list[Rendered] = []
    for selected in roots:
        pieces += [PIECE, root_text(emitter, selected)] if pieces else [root_text(emitter, selected)]
    return concat(*pieces)


def by_key_text(emitter: Emitter, selected: Selected, slot: int) -> Rendered:
    """The JSON text of the row, or in a list the rows, whose key is bound in a slot of its own."""
    target = emitter.relation(selected)
    many = is_many(selected.field)
    if target is None:
        return "[]" if many else "null"
    if not many:
        return or_null(emitter.by_key(target, selected, emitter.binds.argument(slot, "key", Uuid())))
    keys = emitter.binds.argument(slot, "key", ARRAY(Uuid()))
    asked = func.unnest(keys).table_valued(column("key", Uuid), with_ordinality="place", name="asked").render_derived()
    text = emitter.by_key(target, selected, asked.c.key)
    return json_array(select(text).select_from(asked).order_by(asked.c.place).correlate_except(asked))


def _one(emitter: Emitter, selected: Selected) -> Rendered:
    target = emitter.relation(selected)
    if target is None:
        return "null"
    given, row = spec(selected, OneSpec), emitter.row(target.model)
    conditions = [_by(emitter, selected, name, getattr(row, name)) for name in _given(emitter, selected, given)]
    if given.where is not None:
        conditions.append(emitter.call(given.where, selected, row))
    text = emitter.object(target, selected, row, emitter.is_abstract(selected.named, target))
    return or_null(emitter.rows(target, row, [text], *conditions).limit(1).scalar_subquery())


def _given(emitter: Emitter, selected: Selected, given: OneSpec) -> list[str]:
    return [name for name in given.by if f"by.{name}" in emitter.shape(selected).given]


def _by(emitter: Emitter, selected: Selected, name: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column == emitter.binds.argument(selected.slot, f"by.{name}", column.type)


def _list(emitter: Emitter, selected: Selected) -> Rendered:
    target = emitter.relation(selected)
    given = spec(selected, RootListSpec)
    if target is None:
        return "[]" if is_many(selected.field) else "null"
    if given.rows is not None:
        rows = at_most(emitter.call(given.rows, selected), given.limit)
        return computed_rows(emitter, selected, target, rows, is_many(selected.field))
    row = emitter.row(target.model)
    conditions = filter_conditions(emitter, given.filter, selected, row)
    if given.where is not None:
        conditions.append(emitter.call(given.where, selected, row))
    text = emitter.object(target, selected, row, emitter.is_abstract(selected.named, target))
    rows = emitter.rows(target, row, [text], *conditions).order_by(*ordered(emitter, given.order_by, selected, row))
    return json_array(at_most(rows, given.limit))


ROOTS: Mapping[type[Spec] | type[None], Callable[[Emitter, Selected], Rendered]] = {
    OneSpec: _one,
    RootListSpec: _list,
    RootConnectionSpec: pages.root,
    NodeSpec: polymorphic.node,
    NodesSpec: polymorphic.nodes,
    SearchSpec: polymorphic.search,
}
