"""The selection of a root field as a tree: fragments, directives and aliases resolved per concrete type."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from itertools import count
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_directive_values,
    get_named_type,
)
from graphql.execution.values import VariableValues
from graphql.type.introspection import TypeNameMetaFieldDef

from api.reading.errors import too_large
from api.reading.registry import Registry, declaration, spec_of
from api.reading.specs import Spec
from tenants.audience import Audience

MAX_FIELDS = 3_000
TYPENAME = "__typename"
NO_ARGUMENTS = -1
_SERIALS = count()


@dataclass(frozen=True, eq=False)
class Selected:
    """One response key: its field, its argument slot and what is selected below it, by object type."""

    key: str
    name: str
    python_name: str
    field: GraphQLField
    spec: Spec | None
    node: FieldNode
    slot: int
    named: GraphQLNamedType
    children: Mapping[str, Sequence["Selected"]] = dataclass_field(default_factory=dict)
    memo: dict[str, Any] = dataclass_field(default_factory=dict)
    """What was found out about it before, for as long as it lives."""

    def below(self, type_name: str) -> Sequence["Selected"]:
        """What is selected on objects of a type."""
        return self.children.get(type_name, ())


@dataclass(frozen=True, eq=False)
class Tree:
    """Selections of root fields; `slots` are the fields with arguments, in order, `size` is the number of fields."""

    roots: Sequence[Selected]
    slots: Sequence[Selected]
    size: int
    serial: int
    """Of this tree alone, as long as the process lives."""

    @property
    def root(self) -> Selected:
        """The only root field."""
        (root,) = self.roots
        return root


class Selector:
    """Builds trees for one audience out of one document and the values of its directive variables."""

    def __init__(
        self,
        registry: Registry,
        audience: Audience,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> None:
        self._registry = registry
        self._audience = audience
        self._fragments = fragments
        self._variables = variables
        self._slots: list[Selected] = []
        self._count = 0

    def tree(self, field: GraphQLField, nodes: Sequence[FieldNode]) -> Tree:
        """The tree of a field and all nodes that select it under one response key."""
        return self.trees([(field, nodes)])

    def trees(self, fields: Iterable[tuple[GraphQLField, Sequence[FieldNode]]]) -> Tree:
        """The tree of several root fields, each with the nodes of its response key."""
        roots = [self._selected(response_key(nodes[0]), field, nodes) for field, nodes in fields]
        return Tree(roots, self._slots, self._count, next(_SERIALS))

    def _selected(self, key: str, field: GraphQLField, nodes: Sequence[FieldNode]) -> Selected:
        self._count += 1
        if self._count > MAX_FIELDS:
            raise too_large(MAX_FIELDS)
        found = declaration(field)
        slot = len(self._slots) if field.args else NO_ARGUMENTS
        named = get_named_type(field.type)
        children: dict[str, Sequence[Selected]] = {}
        python_name = found.python_name if found else ""
        name = nodes[0].name.value
        selected = Selected(key, name, python_name, field, spec_of(field), nodes[0], slot, named, children)
        if field.args:
            self._slots.append(selected)
        children |= self._children(named, [node.selection_set for node in nodes if node.selection_set])
        return selected

    def _children(self, named: GraphQLNamedType, sets: Sequence[SelectionSetNode]) -> dict[str, Sequence[Selected]]:
        if not sets:
            return {}
        types = self._registry.runtime_types(named, self._audience)
        return {type_.name: self._object(type_, sets) for type_ in types}

    def _object(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> list[Selected]:
        grouped = self.grouped(type_, sets)
        return [self._selected(key, field_of(type_, nodes[0]), nodes) for key, nodes in grouped.items()]

    def grouped(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The field nodes that selection sets apply to objects of a type, by response key."""
        grouped: dict[str, list[FieldNode]] = {}
        for node in self.fields(type_, sets):
            grouped.setdefault(response_key(node), []).append(node)
        return grouped

    def fields(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> Iterator[FieldNode]:
        """The field nodes that selection sets apply to objects of a type."""
        return self._fields(type_, sets, set())

    def _fields(
        self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode], visited: set[str]
    ) -> Iterator[FieldNode]:
        for node in (node for selections in sets for node in selections.selections):
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            else:
                yield from self._fields(type_, self._fragment(type_, node, visited), visited)

    def _fragment(self, type_: GraphQLObjectType, node: Any, visited: set[str]) -> list[SelectionSetNode]:
        if isinstance(node, FragmentSpreadNode):
            if node.name.value in visited:
                return []
            visited.add(node.name.value)
        fragment = node if isinstance(node, InlineFragmentNode) else self._fragments[node.name.value]
        return [fragment.selection_set] if self._applies(type_, fragment) else []

    def _applies(self, type_: GraphQLObjectType, fragment: InlineFragmentNode | FragmentDefinitionNode) -> bool:
        if fragment.type_condition is None:
            return True
        named: Any = self._registry.schema.get_type(fragment.type_condition.name.value)
        return named is type_ or (
            not isinstance(named, GraphQLObjectType) and self._registry.schema.is_sub_type(named, type_)
        )

    def _included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        variables = VariableValues({}, dict(self._variables))
        skip = get_directive_values(GraphQLSkipDirective, node, variables)
        include = get_directive_values(GraphQLIncludeDirective, node, variables)
        return not (skip and skip["if"]) and not (include and not include["if"])


def response_key(node: FieldNode) -> str:
    """The alias, or the name."""
    return node.alias.value if node.alias else node.name.value


def field_of(type_: GraphQLObjectType, node: FieldNode) -> GraphQLField:
    """The definition that a node selects."""
    return TypeNameMetaFieldDef if node.name.value == TYPENAME else type_.fields[node.name.value]


def directive_variables(
    nodes: Iterable[SelectionNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> tuple[str, ...]:
    """The names of all variables that decide whether something below `nodes` is selected."""
    names: set[str] = set()
    pending: list[Any] = list(nodes)
    seen: set[str] = set()
    while pending:
        node = pending.pop()
        names.update(_variables(node))
        if isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            pending.append(fragments[node.name.value])
        pending += _selections(node)
    return tuple(sorted(names))


def _variables(node: Any) -> Iterator[str]:
    for directive in getattr(node, "directives", None) or ():
        for argument in directive.arguments or ():
            if isinstance(argument.value, VariableNode):
                yield argument.value.name.value


def _selections(node: Any) -> Sequence[Any]:
    selection_set = getattr(node, "selection_set", None)
    return selection_set.selections if selection_set else ()
