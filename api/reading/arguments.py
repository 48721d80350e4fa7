"""Argument values of a selection: what of them shapes the statement, and what is only bound to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Any, cast

from graphql import ListValueNode, ObjectValueNode, ValueNode, VariableNode, get_argument_values
from graphql.execution.values import VariableValues

from api.reading.cursors import CursorKey, parse_cursor
from api.reading.errors import BadInput
from api.reading.filters import MAX_LIST, MAX_TEXT, PRESENCE, Matching, filters_of, like_pattern
from api.reading.ids import parse_id, parse_id_of
from api.reading.registry import Registry, node_type
from api.reading.rows import Row
from api.reading.selection import Selected, Tree
from api.reading.specs import ConnectionSpec, NodeSpec, NodesSpec, OneSpec, RootListSpec, Spec

DEFAULT_PAGE = 50
MAX_PAGE = 250


@dataclass(frozen=True)
class Shape:
    """Everything about a field's arguments that may change SQL text; values are not among it."""

    given: frozenset[str] = frozenset()
    filters: tuple[tuple[str, str], ...] = ()
    sort: str = ""
    descending: bool = False
    backwards: bool = False
    after: str = ""
    before: str = ""
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """One argument slot of one request."""

    shape: Shape
    values: Mapping[str, Any]


class Arguments:
    """Coerces, checks and splits the arguments of a tree."""

    def __init__(self, registry: Registry, cursor_key: CursorKey, max_page: int = MAX_PAGE) -> None:
        self._registry = registry
        self.max_page = max_page
        self._cursor_key = cursor_key

    def prepare(self, tree: Tree, variables: Mapping[str, Any]) -> list[Prepared]:
        """One entry per slot of the tree; what holds no variable is looked at once."""
        return [self._constant(slot) or self._slot(slot, _raw(slot, variables)) for slot in tree.slots]

    def _constant(self, slot: Selected) -> Prepared | None:
        """The entry of a slot without variables, kept with it."""
        if _taken(slot).variables:
            return None
        known: Prepared | None = slot.memo.get("prepared")
        if known is None:
            known = slot.memo["prepared"] = self._slot(slot, _raw(slot, {}))
        return known

    def _slot(self, selected: Selected, raw: Mapping[str, Any]) -> Prepared:
        spec = selected.spec
        values, parts = self._plain(spec, raw)
        if isinstance(spec, OneSpec):
            parts["given"] = parts["given"] | self._by(selected, spec, raw, values)
        if isinstance(spec, ConnectionSpec | RootListSpec):
            parts["filters"] = _filters(filters_of(spec.filter), raw.get("filter") or {}, values)
        if isinstance(spec, ConnectionSpec):
            parts |= self._page(selected, spec, raw, values)
        if isinstance(spec, NodeSpec | NodesSpec):
            parts["kinds"] = self._nodes(selected, spec, raw, values)
        return Prepared(Shape(**parts), values)

    def _plain(self, spec: Spec | None, raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        values = {}
        for name, argument in (spec.arguments if spec else {}).items():
            given = raw.get(camel_case(name))
            if given is not None:
                values[name] = checked(given, camel_case(name), argument.node)
        return values, {"given": frozenset(values)}

    def _by(self, selected: Selected, spec: OneSpec, raw: Mapping[str, Any], values: dict[str, Any]) -> frozenset[str]:
        given = [name for name in spec.by if raw.get(camel_case(name)) is not None]
        if spec.by and len(given) != 1:
            names = ", ".join(map(camel_case, spec.by))
            raise BadInput("BAD_INPUT", camel_case(spec.by[0]), f"give exactly one of {names}.")
        for name in given:
            kinds = self._registry.kinds(selected.named) if name == "id" else frozenset[str]()
            values[f"by.{name}"] = checked(raw[camel_case(name)], camel_case(name), kinds)
        return frozenset(f"by.{name}" for name in given)

    def _nodes(
        self, selected: Selected, spec: NodeSpec | NodesSpec, raw: Mapping[str, Any], values: dict[str, Any]
    ) -> tuple[str, ...]:
        single = isinstance(spec, NodeSpec)
        given = [raw["id"]] if single else raw["ids"]
        if len(given) > MAX_LIST:
            raise BadInput("TOO_LONG", "ids", f"at most {MAX_LIST} values.")
        known = self._registry.kinds(selected.named)
        argument = "id" if single else "ids"
        parsed = [_known(known, parse_id(value, argument), argument) for value in given]
        values["kinds"] = [kind for kind, _ in parsed]
        values["ids"] = [key for _, key in parsed]
        values["id"] = parsed[0][1] if parsed else None
        return tuple(sorted(set(values["kinds"])))

    def _page(
        self, selected: Selected, spec: ConnectionSpec, raw: Mapping[str, Any], values: dict[str, Any]
    ) -> dict[str, Any]:
        order = raw.get("orderBy")
        sort = order["field"].value if order else spec.sort.default
        descending = order["direction"].value == "DESC" if order else spec.sort.descending
        parts = {"sort": sort, "descending": descending, "backwards": _size(raw, values, self.max_page)}
        for side in ("after", "before"):
            if raw.get(side) is not None:
                parts[side] = self._cursor(selected, spec, sort, side, raw[side], values)
        return parts

    def _cursor(
        self, selected: Selected, spec: ConnectionSpec, sort: str, side: str, text: str, values: dict[str, Any]
    ) -> str:
        (kind,) = self._registry.kinds(node_type(selected.named))
        type_ = spec.sort.keys[sort].value(Row.of_model(spec.sort.model, None)).type
        position = parse_cursor(self._cursor_key, text, kind, sort, type_, side)
        values[f"{side}.value"], values[f"{side}.key"] = position.value, position.key
        return "null" if position.value is None else "value"


@dataclass(frozen=True, eq=False)
class Taken:
    """From where arguments come: the values of those without variables, and the variables of the others by name."""

    constants: Mapping[str, Any]
    variables: Mapping[str, str]
    simple: bool
    """Whether each of the others is nothing but a variable."""

    @classmethod
    def of(cls, slot: Selected) -> "Taken":
        given = {argument.name.value: argument.value for argument in slot.node.arguments or ()}
        varying = {name: value for name, value in given.items() if holds_variable(value)}
        variables = {name: value.name.value for name, value in varying.items() if isinstance(value, VariableNode)}
        others: Any = SimpleNamespace(args={key: arg for key, arg in slot.field.args.items() if key not in varying})
        constants = get_argument_values(others, slot.node, VariableValues({}, {}))
        return cls(constants, dict.fromkeys(varying, "") | variables, len(variables) == len(varying))


def _taken(slot: Selected) -> Taken:
    known = slot.memo.get("taken")
    if known is None:
        known = slot.memo["taken"] = Taken.of(slot)
    return cast(Taken, known)


def holds_variable(value: ValueNode) -> bool:
    """Whether a literal is, or has in it, a variable."""
    if isinstance(value, ListValueNode):
        return any(map(holds_variable, value.values))
    if isinstance(value, ObjectValueNode):
        return any(holds_variable(field.value) for field in value.fields)
    return isinstance(value, VariableNode)


def _raw(slot: Selected, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """The coerced arguments of a slot."""
    taken = _taken(slot)
    if taken.simple:
        values = {name: variables.get(variable) for name, variable in taken.variables.items()}
        if None not in values.values():
            return {**taken.constants, **values}
    return get_argument_values(slot.field, slot.node, VariableValues({}, dict(variables)))


def _known(kinds: frozenset[str], parsed: tuple[str, Any], argument: str) -> tuple[str, Any]:
    if parsed[0] not in kinds:
        raise BadInput("BAD_ID", argument, "this is not an id.")
    return parsed


def _size(raw: Mapping[str, Any], values: dict[str, Any], most: int) -> bool:
    first, last = raw.get("first"), raw.get("last")
    if first is not None and last is not None:
        raise BadInput("BAD_INPUT", "last", "give first or last, not both.")
    backwards = last is not None
    size = DEFAULT_PAGE if first is None and last is None else (last if backwards else first)
    if size is None or not 0 <= size <= most:
        raise BadInput("PAGE_SIZE", "last" if backwards else "first", f"a page has 0 to {most} items.", limit=most)
    values["limit"] = size
    return backwards


def _filters(
    known: Mapping[str, Matching], given: Mapping[str, Any], values: dict[str, Any]
) -> tuple[tuple[str, str], ...]:
    shape = []
    for name, matching in known.items():
        value = given.get(name)
        if value is None:
            continue
        tests = value if isinstance(value, Mapping) and matching.condition is None else {"": value}
        for operator, operand in tests.items():
            if operand is not None:
                shape.append((name, _test(matching, name, operator, operand, values)))
    return tuple(shape)


def _test(matching: Matching, name: str, operator: str, operand: Any, values: dict[str, Any]) -> str:
    if operator == PRESENCE:
        return f"{PRESENCE}:{bool(operand)}"
    path = f"filter.{name}.{operator}".rstrip(".")
    value = checked(operand, path, matching.node)
    values[path] = like_pattern(operator, value) if operator in ("contains", "startsWith") else value
    return operator


def checked(value: Any, argument: str, kinds: frozenset[str] = frozenset()) -> Any:
    """A coerced value as PostgreSQL takes it: ids as keys, enums as what is stored, text and lists bounded."""
    if isinstance(value, list):
        if len(value) > MAX_LIST:
            raise BadInput("TOO_LONG", argument, f"at most {MAX_LIST} values.")
        return [checked(item, argument, kinds) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return parse_id_of(kinds, value, argument) if kinds else _text(value, argument)
    return value


def _text(value: str, argument: str) -> str:
    if len(value) > MAX_TEXT:
        raise BadInput("TOO_LONG", argument, f"at most {MAX_TEXT} characters.")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise BadInput("BAD_INPUT", argument, "this is not text.")
    return value


def camel_case(name: str) -> str:
    """The GraphQL name of a Python name."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
