"""Which deprecated parts of the schema a request uses: those of its document are looked for once."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    get_named_type,
    is_input_type,
    type_from_ast,
    visit,
)
from graphql.language import (
    ArgumentNode,
    EnumValueNode,
    FieldNode,
    FragmentSpreadNode,
    ObjectFieldNode,
    Visitor,
)

from api.documents import Document

Parts = Mapping[str, str]
"""Schema coordinates and their deprecation reasons."""


def deprecated_parts(schema: GraphQLSchema) -> Parts:
    """Everything in a schema that is deprecated, looked for once."""
    known: Parts | None = schema.extensions.get("deprecated")
    if known is None:
        known = schema.extensions["deprecated"] = {
            part: reason
            for type_ in schema.type_map.values()
            if not type_.name.startswith("__")
            for part, reason in _parts_of(type_)
        }
    return known


def used(
    schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
) -> frozenset[str]:
    """The deprecated parts that an operation with these variables, as they were sent, uses."""
    if not deprecated_parts(schema):
        return frozenset()
    key = "deprecated", id(operation)
    if key not in document.memo:
        document.memo[key] = _in_document(schema, document, operation), _suspicious(schema, operation)
    found, suspicious = document.memo[key]
    if not (suspicious and variables):
        return found  # type: ignore[no-any-return]  # the memo holds anything
    values = [_in_value(schema, type_, variables.get(name)) for name, type_ in suspicious]
    return frozenset(found).union(*values)


def coordinates(schema: GraphQLSchema, node: Node) -> set[str]:
    """Of every field, argument, input field and enum value that stands in a valid document or a part of it."""
    collector = _Collector(schema)
    visit(node, TypeInfoVisitor(collector.types, collector))
    return collector.parts


def _parts_of(type_: GraphQLNamedType) -> list[tuple[str, str]]:
    found = []
    members = getattr(type_, "values" if isinstance(type_, GraphQLEnumType) else "fields", {})
    for name, member in members.items():
        found.append((f"{type_.name}.{name}", member.deprecation_reason))
        for argument, given in getattr(member, "args", {}).items():
            found.append((f"{type_.name}.{name}({argument}:)", given.deprecation_reason))
    return [(part, reason) for part, reason in found if reason is not None]


def _in_document(schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode) -> frozenset[str]:
    """In the operation and the fragments that it reaches."""
    named: set[str] = set()
    waiting: list[Node] = [operation]
    spread: set[str] = set()
    while waiting:
        collector = _Collector(schema)
        visit(waiting.pop(), TypeInfoVisitor(collector.types, collector))
        named |= collector.parts
        waiting += [document.fragments[name] for name in collector.spread - spread]
        spread |= collector.spread
    return frozenset(named & deprecated_parts(schema).keys())


class _Collector(Visitor):
    """The coordinates of everything in a node that could be deprecated."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.types = TypeInfo(schema)
        self.parts: set[str] = set()
        self.spread: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if parent := self.types.get_parent_type():
            self.parts.add(f"{parent.name}.{node.name.value}")

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        parent, directive = self.types.get_parent_type(), self.types.get_directive()
        field = self.types.get_field_def()
        if parent and field and not directive:
            name = next((name for name, known in parent.fields.items() if known is field), "")  # type: ignore[union-attr]  # it has the field
            self.parts.add(f"{parent.name}.{name}({node.name.value}:)")

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        parent = self.types.get_parent_input_type()
        if parent:
            self.parts.add(f"{get_named_type(parent).name}.{node.name.value}")

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        if type_ := self.types.get_input_type():
            self.parts.add(f"{get_named_type(type_).name}.{node.value}")

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.spread.add(node.name.value)


# --- variables ----------------------------------------------------------------------------------------------------


def _suspicious(schema: GraphQLSchema, operation: OperationDefinitionNode) -> list[tuple[str, GraphQLInputType]]:
    """The variables whose values may hold something deprecated, with their types."""
    owners = {part.partition(".")[0] for part in deprecated_parts(schema)}
    found = []
    for definition in operation.variable_definitions or ():
        type_: Any = type_from_ast(schema, definition.type)
        if is_input_type(type_) and _reached(type_, set()) & owners:
            found.append((definition.variable.name.value, type_))
    return found


def _reached(type_: GraphQLInputType, seen: set[str]) -> set[str]:
    """The names of a type and of all that can stand in its values."""
    named = get_named_type(type_)
    if named.name not in seen:
        seen.add(named.name)
        for field in named.fields.values() if isinstance(named, GraphQLInputObjectType) else ():
            _reached(field.type, seen)
    return seen


def _in_value(schema: GraphQLSchema, type_: Any, value: Any) -> set[str]:
    """The deprecated parts in the JSON of a variable; it was coerced before, so its depth is bounded."""
    if isinstance(type_, GraphQLNonNull):
        return _in_value(schema, type_.of_type, value)
    if value is None:
        return set()
    if isinstance(type_, GraphQLList):
        items = value if isinstance(value, list) else [value]
        return set().union(*(_in_value(schema, type_.of_type, item) for item in items))
    found = set()
    if isinstance(type_, GraphQLInputObjectType) and isinstance(value, dict):
        known = [(name, item) for name, item in value.items() if name in type_.fields]
        found = {f"{type_.name}.{name}" for name, _ in known}
        found.update(*(_in_value(schema, type_.fields[name].type, item) for name, item in known))
    elif isinstance(type_, GraphQLEnumType):
        found = {f"{type_.name}.{value}"}
    return found & deprecated_parts(schema).keys()
