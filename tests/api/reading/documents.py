"""Documents over the shop's schema, drawn by hypothesis: aliases, fragments, directives, variables and arguments."""

import json
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from api.reading import global_id
from tests.api.reading.naive import LINE_SORTS, ORDER_SORTS, SDL
from tests.api.reading.shop_api import PEOPLE, START, key, lines, orders

ORDERS = orders()
LINES = lines(ORDERS)
SKIPPED_ROOTS = {"price", "hidden", "orderBy", "broken"}


class Enum(str):
    """Printed without quotes."""


def printed(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {printed(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(printed, value)) + "]"
    return str(value) if isinstance(value, Enum) else json.dumps(value)


@dataclass
class Writer:
    """One document being written."""

    draw: st.DrawFn
    count: int = 0
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def chance(self, one_in: int) -> bool:
        return self.draw(st.integers(1, one_in)) == one_in

    def value(self, type_: str, value: Any) -> str:
        """A value as a literal or as a variable."""
        if not self.chance(3):
            return printed(value)
        name = self.name("v")
        self.declared.append(f"${name}: {type_}")
        self.variables[name] = value
        return f"${name}"

    def directive(self) -> str:
        if not self.chance(8):
            return ""
        wanted = self.draw(st.booleans())
        return f" @{self.draw(st.sampled_from(['skip', 'include']))}(if: {self.value('Boolean!', wanted)})"

    def arguments(self, name: str, definition: GraphQLField) -> str:
        given = self.draw(ARGUMENTS[name]) if name in ARGUMENTS else {}
        if not given:
            return ""
        parts = [f"{arg}: {self.value(str(definition.args[arg].type), value)}" for arg, value in given.items()]
        return f"({', '.join(parts)})"

    def selection(self, type_: Any, depth: int) -> str:
        parts = ["__typename"] if self.chance(4) else []
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            for possible in SDL.get_possible_types(type_):
                if self.chance(2):
                    parts.append(self.fragment(possible, depth))
        if isinstance(type_, GraphQLObjectType) and self.chance(8):
            parts.append(self.fragment(type_, depth - 1))
        if not isinstance(type_, GraphQLUnionType):
            parts += [self.field(type_, name, depth) for name in self.names(type_, depth)]
        return "{ " + " ".join(parts or ["__typename"]) + " }"

    def names(self, type_: Any, depth: int) -> list[str]:
        fields = [n for n, f in type_.fields.items() if depth > 0 or is_leaf_type(get_named_type(f.type))]
        fields = [name for name in fields if type_ is not SDL.query_type or name not in SKIPPED_ROOTS]
        return self.draw(st.lists(st.sampled_from(fields), min_size=1, max_size=4)) if fields else []

    def fragment(self, type_: GraphQLObjectType, depth: int) -> str:
        body = self.selection(type_, depth)
        if self.chance(2):
            return f"... on {type_.name}{self.directive()} {body}"
        name = self.name("F")
        self.fragments.append(f"fragment {name} on {type_.name} {body}")
        return f"...{name}{self.directive()}"

    def field(self, type_: Any, name: str, depth: int) -> str:
        definition = type_.fields[name]
        named = get_named_type(definition.type)
        plain = not definition.args and not is_composite_type(named) and self.chance(2)
        alias = "" if plain else f"{self.name('a')}: "
        below = " " + self.selection(named, depth - 1) if is_composite_type(named) else ""
        return f"{alias}{name}{self.arguments(_path(type_, name), definition)}{self.directive()}{below}"


def _path(type_: Any, name: str) -> str:
    return f"{type_.name}.{name}"


def _optional(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


TEXTS = st.sampled_from(["", "0", "cc", "SKU-1", "sku", "%", "_", "\\", "x' OR 1=1 --", "é", "'; DROP TABLE line; --"])
STAGES = st.sampled_from(["RECEIVED", "PLANNED", "DONE"]).map(Enum)
TIMES = st.integers(0, 12).map(lambda minute: START.replace(minute=minute).isoformat())
SKUS = st.sampled_from(["SKU-0", "SKU-1", "SKU-2", "SKU-9"])
ORDER_IDS = st.sampled_from([global_id("Order", order["id"]) for order in ORDERS[:8]])
PEOPLE_IDS = st.sampled_from([global_id("Person", person) for person in PEOPLE])
IDS = st.one_of(
    ORDER_IDS,
    PEOPLE_IDS,
    st.sampled_from([global_id("Line", line["id"]) for line in LINES[:10]]),
    st.sampled_from([global_id("Remark", key("remark 0")), global_id("Order", key("nothing"))]),
)


def _compared(values: st.SearchStrategy[Any], *operators: str) -> st.SearchStrategy[dict[str, Any]]:
    lists = st.lists(values, max_size=3)
    return _optional(**{op: lists if op == "in" else st.booleans() if op == "isNull" else values for op in operators})


ORDER_FILTER = _optional(
    status=_compared(STAGES, "eq", "in"),
    number=_compared(TEXTS, "contains", "startsWith"),
    note=_compared(TEXTS, "eq", "in", "isNull"),
    rank=_compared(st.integers(-3, 3), "eq", "in", "gt", "gte", "lt", "lte", "isNull"),
    createdAt=_compared(TIMES, "eq", "gt", "gte", "lt", "lte"),
    person=_compared(PEOPLE_IDS, "eq", "in"),
    paid=st.booleans(),
    dearerThan=st.sampled_from(["0", "199", str(2**60 - 1)]),
    hasSku=SKUS,
    tagged=st.lists(st.sampled_from(["a", 'b"', "zz"]), min_size=1, max_size=2),
)
LINE_FILTER = _optional(sku=_compared(st.one_of(SKUS, TEXTS), "eq", "in", "contains", "startsWith"))


@st.composite
def page(draw: st.DrawFn, kind: str, filter_: st.SearchStrategy[Any] | None, extra: Any = None) -> dict[str, Any]:
    """Arguments of a connection; cursors only without a filter, as the naive answer needs them to be items."""
    sorts, default = (LINE_SORTS, "position") if kind == "Line" else (ORDER_SORTS, "created_at")
    given: dict[str, Any] = dict(draw(extra)) if extra is not None else {}
    sort = default
    if draw(st.booleans()) and kind != "PersonOrder":
        sort = draw(st.sampled_from(sorted(sorts)))
        given["orderBy"] = {"field": Enum(sort.upper())}
        if draw(st.booleans()):
            given["orderBy"]["direction"] = Enum(draw(st.sampled_from(["ASC", "DESC"])))
    size = draw(st.sampled_from(["first", "last", ""]))
    if size:
        given[size] = draw(st.integers(0, 5))
    if filter_ is not None and draw(st.booleans()):
        given["filter"] = draw(filter_)
    return given


ARGUMENTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "Query.node": st.fixed_dictionaries({"id": IDS}),
    "Query.nodes": st.fixed_dictionaries({"ids": st.lists(IDS, max_size=5)}),
    "Query.order": st.fixed_dictionaries({"id": ORDER_IDS}),
    "Query.line": st.fixed_dictionaries({"id": st.sampled_from([global_id("Line", row["id"]) for row in LINES[:10]])}),
    "Query.orders": page("Order", ORDER_FILTER),
    "Query.lines": page("Line", None),
    "Query.since": page("Order", None, _optional(since=TIMES)),
    "Query.skuTotals": st.fixed_dictionaries({"besides": SKUS}),
    "Query.search": st.fixed_dictionaries(
        {"text": st.sampled_from(["0001", "jansen 0", "jansen", "CC-2026-0000", "%"])}
    ),
    "Person.orders": page("PersonOrder", None),
    "Order.linePage": page("Line", LINE_FILTER),
    "Order.isStage": st.fixed_dictionaries({"stages": st.lists(STAGES, max_size=2)}),
}


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A document and its variables."""
    writer = Writer(draw)
    body = writer.selection(SDL.query_type, 4)
    declared = f"({', '.join(writer.declared)})" if writer.declared else ""
    return f"query{declared} {body}\n" + "\n".join(writer.fragments), writer.variables
