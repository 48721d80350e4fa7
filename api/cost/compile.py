"""From an operation to its formula: fragments applied, abstract types at their costliest, directives as guards.

Costs
- a row that is read as an object: 1
- a field with a declared `cost=`: that much each time it is evaluated
- a root field beside that: 1; a mutation, a subscription and a Python resolver what they declare, else 10

Objects without a row of their own (connections and their edges, money, what a Python resolver makes) cost nothing.
A list without pages counts as long as its declared limit, which its statement holds. A field that is selected twice
under different conditions counts twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from api.cost.formula import ONE, Guard, Size, Sum, Term, sum_of
from api.cost.sizes import list_size, page_size
from api.reading.errors import too_large
from api.reading.registry import Registry, cost_of, is_many, spec_of
from api.reading.selection import TYPENAME, response_key
from api.reading.specs import ComputedSpec, ConnectionSpec, ListSpec, NodesSpec, RootListSpec, SearchSpec

READ_BASE = 1
RESOLVED_BASE = 10
INTROSPECTION = 100
LONGEST = 250
"""Rows that a Python resolver may put in a list: as many as an input list may name."""
_MOST_FIELDS = 20_000
_PARTS = ("edges", "nodes", "node")

Found = tuple[FieldNode, Guard]


class Compiler:
    """Looks at each field of one operation once per set of nodes that are merged with it."""

    def __init__(self, registry: Registry, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._registry = registry
        self._fragments = fragments
        self._known: dict[tuple[str, tuple[int, ...]], Sum] = {}
        self._left = _MOST_FIELDS

    def operation(self, operation: OperationDefinitionNode) -> tuple[Sum, Sum]:
        """(the whole cost, the part of it that PostgreSQL does not count). Raises: GraphQLError TOO_LARGE"""
        root = self._registry.schema.get_root_type(operation.operation)
        assert root is not None
        roots = [
            self._root(root, operation.operation, nodes, guard)
            for nodes, guard in self._grouped(root, [operation.selection_set])
        ]
        return sum_of([[term for term, _ in roots]]), sum_of([[base for _, base in roots]])

    def _root(
        self, root: GraphQLObjectType, kind: OperationType, nodes: list[FieldNode], guard: Guard
    ) -> tuple[Term, Term]:
        """A root field, and what of it is spent whatever PostgreSQL answers."""
        name = nodes[0].name.value
        field = root.fields.get(name)
        base = self._base(kind, field, name)
        fixed = Term(name, base, 0, ONE, guard, Sum())
        if field is None:
            return fixed, fixed
        counted = self._term(field, nodes, guard, None)
        own = base + (counted.own if spec_of(field) else 0)
        return replace(counted, own=own), fixed

    def _base(self, kind: OperationType, field: GraphQLField | None, name: str) -> int:
        if field is None:
            return 0 if name == TYPENAME else INTROSPECTION
        if kind is OperationType.QUERY and spec_of(field):
            return READ_BASE
        return cost_of(field) or RESOLVED_BASE

    def _term(self, field: GraphQLField, nodes: list[FieldNode], guard: Guard, page: Size | None) -> Term:
        """`page`: the field is a part of a connection, and this is how many items it has."""
        named, name = get_named_type(field.type), nodes[0].name.value
        part = page is not None and name in _PARTS
        shown, size, inside = "" if part else name, self._size(field, nodes[0], page), None
        if isinstance(spec_of(field), ConnectionSpec):
            inside = page_size(nodes[0])
            size = Size(1, label=inside.label)
        elif part and name == "edges":
            inside = page
        each = int(self._is_row(named))
        return Term(shown, cost_of(field), each, size, guard, self._below(named, nodes, inside))

    def _size(self, field: GraphQLField, node: FieldNode, page: Size | None) -> Size:
        """How many values the field gives; `page` is the page that it is a list of."""
        spec = spec_of(field)
        if not is_many(field):
            return ONE
        if isinstance(spec, NodesSpec):
            return list_size(node, field, "ids")
        if isinstance(spec, ListSpec | ComputedSpec | RootListSpec | SearchSpec):
            return Size(spec.limit)
        return Size(LONGEST) if page is None else Size(page.static, page.count)

    def _below(self, named: GraphQLNamedType, nodes: list[FieldNode], page: Size | None) -> Sum:
        sets = [node.selection_set for node in nodes if node.selection_set]
        if not sets:
            return Sum()
        key = named.name, tuple(map(id, nodes))
        if key not in self._known:
            self._known[key] = sum_of([self._terms(type_, sets, page) for type_ in self._possible(named)])
        return self._known[key]

    def _terms(self, type_: GraphQLObjectType, sets: list[SelectionSetNode], page: Size | None) -> list[Term]:
        found = ((type_.fields.get(nodes[0].name.value), nodes, guard) for nodes, guard in self._grouped(type_, sets))
        return [self._term(field, nodes, guard, page) for field, nodes, guard in found if field]

    def _possible(self, named: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
        if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            return self._registry.schema.get_possible_types(named)
        return [named] if isinstance(named, GraphQLObjectType) else []

    def _is_row(self, named: GraphQLNamedType) -> bool:
        if named.name in self._registry.readable:
            return True
        abstract = isinstance(named, GraphQLInterfaceType | GraphQLUnionType)
        return abstract and any(type_.name in self._registry.readable for type_ in self._possible(named))

    # --- which fields stand on a type ---------------------------------------------------------------------------

    def _grouped(
        self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]
    ) -> Iterable[tuple[list[FieldNode], Guard]]:
        """The nodes that are merged into one field, with the condition under which they are there."""
        groups: dict[tuple[str, Guard], list[FieldNode]] = {}
        for node, guard in self._fields(type_, sets, (), set()):
            groups.setdefault((response_key(node), guard), []).append(node)
        return [(nodes, guard) for (_, guard), nodes in groups.items()]

    def _fields(
        self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode], outer: Guard, visited: set[tuple[str, Guard]]
    ) -> Iterator[Found]:
        for node in (node for selections in sets for node in selections.selections):
            guard = _guard(node, outer)
            if guard is None:
                continue
            self._count()
            if isinstance(node, FieldNode):
                yield node, guard
            else:
                yield from self._fields(type_, self._fragment(type_, node, guard, visited), guard, visited)

    def _fragment(
        self, type_: GraphQLObjectType, node: SelectionNode, guard: Guard, visited: set[tuple[str, Guard]]
    ) -> list[SelectionSetNode]:
        fragment: Any = node
        if isinstance(node, FragmentSpreadNode):
            if (node.name.value, guard) in visited:
                return []
            visited.add((node.name.value, guard))
            fragment = self._fragments[node.name.value]
        condition = getattr(fragment, "type_condition", None)
        applies = condition is None or self._applies(type_, condition.name.value)
        return [fragment.selection_set] if applies else []

    def _applies(self, type_: GraphQLObjectType, name: str) -> bool:
        named = self._registry.schema.get_type(name)
        abstract = isinstance(named, GraphQLInterfaceType | GraphQLUnionType)
        return named is type_ or (abstract and self._registry.schema.is_sub_type(named, type_))  # type: ignore[arg-type]  # abstract

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise too_large(_MOST_FIELDS)


def _guard(node: SelectionNode, outer: Guard) -> Guard | None:
    """The conditions on a node in the order of their names, None where it is never there."""
    found = set(outer)
    for directive in node.directives or ():
        if directive.name.value not in ("skip", "include"):
            continue
        value = _condition(directive)
        wanted = directive.name.value == "include"
        if isinstance(value, str):
            found.add((value, wanted))
        elif value is not wanted:
            return None
    return tuple(sorted(found))


def _condition(directive: DirectiveNode) -> bool | str:
    """A literal, or the name of the variable."""
    (argument,) = directive.arguments or ()
    value = argument.value
    if isinstance(value, VariableNode):
        return value.name.value
    return isinstance(value, BooleanValueNode) and value.value


def _base(term: Term) -> Term:
    """Of a root field what is spent whatever PostgreSQL answers."""
    return Term(term.name, term.own, 0, ONE, term.guard, Sum())
