"""Pages of a list by keyset: the rows, the cursors, whether there are more, and how many in all."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Integer,
    LargeBinary,
    Select,
    Text,
    Uuid,
    and_,
    cast,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from api.reading.base import ONE, Base, MakeBase, related_base, root_base
from api.reading.cursors import cursor_text
from api.reading.emit import Emitter
from api.reading.jsonsql import METER, concat, constant, json_object, metered, or_null
from api.reading.registry import Readable, cost_of, node_type
from api.reading.rows import Row
from api.reading.selection import TYPENAME, Selected

Rendered = str | ColumnElement[str]


class ArrayPart(ColumnElement[Any]):
    """`(array)[1:high]`, or one element of it."""

    inherit_cache = False

    def __init__(self, array: ColumnElement[Any], index: ColumnElement[Any], *, prefix: bool) -> None:
        self.array, self.index, self.prefix = array, index, prefix
        self.type = ARRAY(Text()) if prefix else Text()


@compiles(ArrayPart)
def _array_part(element: ArrayPart, compiler: SQLCompiler, **options: Any) -> str:
    low = "1:" if element.prefix else ""
    return f"({compiler.process(element.array, **options)})[{low}{compiler.process(element.index, **options)}]"


def connection(emitter: Emitter, selected: Selected, make: MakeBase) -> Rendered:
    """The JSON text of a connection; each use of the rows takes a base of its own from `make`."""
    target = emitter.registry.concrete(node_type(selected.named), emitter.audience)
    if target is None:
        return json_object((child.key, _empty(child, selected)) for child in selected.below(selected.named.name))
    return Page(emitter, selected, target, make).text()


def related(emitter: Emitter, selected: Selected, row: Row, owner: Readable) -> Rendered:
    """A connection of the rows that belong to `row`."""
    return connection(emitter, selected, related_base(emitter, selected, row))


def root(emitter: Emitter, selected: Selected) -> Rendered:
    """A connection of all rows."""
    return connection(emitter, selected, root_base(emitter, selected))


@dataclass(frozen=True, eq=False)
class Listed:
    """A list item by item: the rows of one column, and the JSON text before and after them."""

    items: Select[*tuple[Any, ...]]
    before: str
    after: str
    backwards: bool = False
    """Whether the rows come in the reverse of their order in the list."""


def listed(emitter: Emitter, selected: Selected) -> Listed | None:
    """A root connection of which nothing is asked but its items, once."""
    target = emitter.registry.concrete(node_type(selected.named), emitter.audience)
    if target is None:
        return None
    return Page(emitter, selected, target, root_base(emitter, selected)).listed()


def _empty(child: Selected, selected: Selected) -> Rendered:
    if child.name == "pageInfo":
        return json_object((part.key, _empty(part, child)) for part in child.below(child.named.name))
    plain = {"totalCount": "0", "hasNextPage": "false", "hasPreviousPage": "false"}
    plain |= {"edges": "[]", "nodes": "[]", "startCursor": "null", "endCursor": "null"}
    return f'"{selected.named.name}"' if child.name == TYPENAME else plain[child.name]


class Page:
    """One connection in the statement."""

    def __init__(self, emitter: Emitter, selected: Selected, target: Readable, make: MakeBase) -> None:
        self._emitter = emitter
        self._selected = selected
        self._target = target
        self._make = make
        self._shape = emitter.shape(selected)
        self._limit = emitter.binds.argument(selected.slot, "limit", Integer())
        self._children = selected.below(selected.named.name)
        self._lists = [child for child in self._children if child.name in ("edges", "nodes")]
        self._infos = [child for child in self._children if child.name == "pageInfo"]

    def text(self) -> Rendered:
        """The connection as JSON text."""
        if not self._lists and not self._infos:
            return json_object((child.key, self._costed(child, None)) for child in self._children)
        page = self._page()
        text = json_object((child.key, self._costed(child, page)) for child in self._children)
        return select(text).select_from(page).correlate_except(page).scalar_subquery()

    def listed(self) -> Listed | None:
        """The page item by item, where no other member needs a row or a statement of its own."""
        others = [child for child in self._children if child not in self._lists]
        if len(self._lists) != 1 or any(child.name != TYPENAME for child in others):
            return None
        base, (items,) = self._make(self._target), self._lists
        item = func.textsend(self._item(items, base)).label("item")
        rows = base.select([item], self._window(base)).order_by(*self._order(base)).limit(self._limit)
        before, after = self._around(items)
        return Listed(rows, before, after, self._shape.backwards)

    def _around(self, items: Selected) -> tuple[str, str]:
        """The text of the connection before and after its items."""
        members = [f'"{child.key}":' + ("[]" if child is items else self._named()) for child in self._children]
        place = self._children.index(items)
        before = "".join(f"{member}," for member in members[:place])
        after = "".join(f",{member}" for member in members[place + 1 :])
        return f'{{{before}"{items.key}":' + METER * cost_of(items.field) + "[", f"]{after}}}"

    def _named(self) -> str:
        return f'"{self._selected.named.name}"'

    def _page(self) -> FromClause:
        """One row: an array per list of items, the cursors, and how many rows were found (at most one beyond)."""
        rows = self._rows()
        arrays = [func.array_agg(column).label(column.name) for column in rows.c if column.name != "one"]
        page = select(*arrays, func.count().label("found")).select_from(rows)
        return page.subquery(self._emitter.name("page"))

    def _rows(self) -> FromClause:
        base = self._make(self._target)
        columns = [self._item(child, base).label(f"list{number}") for number, child in enumerate(self._lists)]
        if any(part.name.endswith("Cursor") for info in self._infos for part in info.below("PageInfo")):
            columns.append(self._cursor(base).label("cursors"))
        statement = base.select(columns or [ONE.label("one")], self._window(base))
        statement = statement.order_by(*self._order(base)).limit(self._limit + ONE)
        return statement.subquery(self._emitter.name("rows"))

    def _item(self, child: Selected, base: Base) -> ColumnElement[Any]:
        if child.name == "nodes":
            return self._node(child, base)
        return json_object((part.key, self._edge(part, child, base)) for part in child.below(child.named.name))

    def _edge(self, part: Selected, edge: Selected, base: Base) -> Rendered:
        if part.name == TYPENAME:
            return f'"{edge.named.name}"'
        return concat('"', self._cursor(base), '"') if part.name == "cursor" else self._node(part, base)

    def _node(self, selected: Selected, base: Base) -> ColumnElement[str]:
        abstract = self._emitter.is_abstract(selected.named, self._target)
        return self._emitter.object(self._target, selected, base.row, abstract)

    def _cursor(self, base: Base) -> ColumnElement[str]:
        inner, outer = self._emitter.cursor_key.pads()
        constant_bind = self._emitter.binds.constant
        pads = (constant_bind("pad_inner", inner, LargeBinary()), constant_bind("pad_outer", outer, LargeBinary()))
        return cursor_text(self._target.kind, self._shape.sort, *base.keys, pads)

    def _costed(self, child: Selected, page: FromClause | None) -> Rendered:
        return metered(self._member(child, page), cost_of(child.field))

    def _member(self, child: Selected, page: FromClause | None) -> Rendered:
        if child.name == TYPENAME:
            return self._named()
        if child.name == "totalCount":
            return cast(self._make(self._target).count(), Text)
        assert page is not None
        if child.name == "pageInfo":
            return json_object((part.key, self._info(part, page)) for part in child.below("PageInfo"))
        return self._array(page.c[f"list{self._lists.index(child)}"])

    def _array(self, items: ColumnElement[Any]) -> ColumnElement[str]:
        joined = func.array_to_string(self._kept(items), constant(","))
        return concat("[", func.coalesce(joined, constant("")), "]")

    def _kept(self, items: ColumnElement[Any]) -> ColumnElement[Any]:
        """The items of the page, in the order of the list."""
        kept = ArrayPart(items, self._limit, prefix=True)
        return func.array_reverse(kept) if self._shape.backwards else kept

    def _info(self, part: Selected, page: FromClause) -> Rendered:
        if part.name == TYPENAME:
            return '"PageInfo"'
        if part.name in ("startCursor", "endCursor"):
            kept = self._kept(page.c.cursors)
            index = ONE if part.name == "startCursor" else func.cardinality(kept)
            return or_null(concat('"', ArrayPart(kept, index, prefix=False), '"'))
        return self._further(page, forwards=part.name == "hasNextPage")

    def _further(self, page: FromClause, *, forwards: bool) -> Rendered:
        """Whether the list goes on: past what was asked for in the direction of the page, or past a cursor."""
        tests = [page.c.found > self._limit] if forwards != self._shape.backwards else []
        side = "before" if forwards else "after"
        if getattr(self._shape, side):
            tests.append(self._outside(side))
        return cast(or_(*tests), Text) if tests else "false"

    def _outside(self, side: str) -> ColumnElement[bool]:
        """Whether a row lies at a cursor or beyond it."""
        base = self._make(self._target)
        beyond = or_(self._compared(base, side, outwards=True), base.keys[1] == self._bound(side, base)[1])
        return base.select([ONE.label("one")], [beyond]).exists()

    def _window(self, base: Base) -> list[ColumnElement[bool]]:
        return [self._compared(base, side) for side in ("after", "before") if getattr(self._shape, side)]

    def _compared(self, base: Base, side: str, *, outwards: bool = False) -> ColumnElement[bool]:
        """The rows on the inner, or else the outer, side of a cursor."""
        greater = (side == "after") != self._shape.descending
        return self._beyond(base, side, greater=greater != outwards)

    def _beyond(self, base: Base, side: str, *, greater: bool) -> ColumnElement[bool]:
        """Rows whose (value, id) is greater or less than the cursor's; NULL is the greatest value."""
        column, key = base.keys
        value, bound = self._bound(side, base)
        if getattr(self._shape, side) == "null":
            same = and_(column.is_(None), key > bound if greater else key < bound)
            return same if greater else or_(same, column.is_not(None))
        mine, other = tuple_(column, key), tuple_(value, bound)
        if greater:
            return or_(mine > other, column.is_(None)) if base.nullable else mine > other
        return mine < other

    def _bound(self, side: str, base: Base) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        argument, slot = self._emitter.binds.argument, self._selected.slot
        return argument(slot, f"{side}.value", base.keys[0].type), argument(slot, f"{side}.key", Uuid())

    def _order(self, base: Base) -> list[ColumnElement[Any]]:
        descending = self._shape.descending != self._shape.backwards
        return [key.desc() if descending else key.asc() for key in base.keys]
