"""Fields of several types: the row is found by its kind and key."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, case, column, func, select

from api.reading.emit import Emitter
from api.reading.fields import at_most, spec
from api.reading.jsonsql import constant, json_array, or_null
from api.reading.registry import Readable
from api.reading.rows import Row
from api.reading.selection import Selected
from api.reading.specs import AnySpec, SearchSpec


def any_of(
    emitter: Emitter,
    selected: Selected,
    kind: ColumnElement[Any],
    key: ColumnElement[Any],
    stored: Mapping[str, str] | None = None,
    only: tuple[str, ...] | None = None,
) -> ColumnElement[Any]:
    """The object of the row `key` of a `kind`; NULL where the kind or row is not there for the actor.

    `stored` maps the kinds that the database knows to kinds of ids; `only` are the kinds that can occur.
    """
    members = emitter.registry.members(selected.named, emitter.audience)
    names = stored or {name: name for name in members}
    whens = [
        (kind == constant(name), emitter.by_key(members[id_kind], selected, key))
        for name, id_kind in names.items()
        if id_kind in members and (only is None or id_kind in only)
    ]
    return case(*whens) if whens else func.nullif(constant(""), constant(""))


def any_field(emitter: Emitter, selected: Selected, row: Row, owner: Readable) -> ColumnElement[str]:
    """A field that points to a row of one of several types."""
    given = spec(selected, AnySpec)
    kind, key = (emitter.call(part, selected, row) for part in (given.kind, given.key))
    return or_null(any_of(emitter, selected, kind, key, given.kinds))


def node(emitter: Emitter, selected: Selected) -> str | ColumnElement[str]:
    """`node(id)`: the kind is part of the plan, the key is bound."""
    (kind,) = emitter.shape(selected).kinds
    target = emitter.registry.members(selected.named, emitter.audience).get(kind)
    if target is None:
        return "null"
    return or_null(emitter.by_key(target, selected, emitter.binds.argument(selected.slot, "id", Uuid())))


def nodes(emitter: Emitter, selected: Selected) -> ColumnElement[str]:
    """`nodes(ids)`: in the order asked for, null where there is nothing."""
    kinds = emitter.binds.argument(selected.slot, "kinds", ARRAY(Text()))
    keys = emitter.binds.argument(selected.slot, "ids", ARRAY(Uuid()))
    columns = (column("kind", Text), column("key", Uuid))
    asked = func.unnest(kinds, keys).table_valued(*columns, with_ordinality="place", name="asked").render_derived()
    found = any_of(emitter, selected, asked.c.kind, asked.c.key, only=emitter.shape(selected).kinds)
    return json_array(select(or_null(found)).select_from(asked).order_by(asked.c.place).correlate_except(asked))


def search(emitter: Emitter, selected: Selected) -> ColumnElement[str]:
    """Rows of several types in the order of a SELECT of (kind, key); what the actor may not see is left out."""
    given = spec(selected, SearchSpec)
    found = emitter.computed_row(at_most(emitter.call(given.source, selected), given.limit))
    kind, key = tuple(found.table_.c)[:2]
    text = any_of(emitter, selected, kind, key, given.kinds)
    return json_array(select(text).select_from(found.table_).correlate_except(found.table_))
