"""Documents made from the schema: every root field, every field below it, every filter, every mutation with an id."""

from collections.abc import Callable, Iterator
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_leaf_type,
)

from tenants.audience import Audience

PAGE = 250
FEW = 6
"""An abstract type with more members than this stands for anything at all."""


def selection(schema: GraphQLSchema, audience: Audience, type_: Any, depth: int, *, whole: bool = True) -> str:
    """Every field of a type that asks for no argument, objects down to `depth`; abstract types as `audience` has them.

    Of rows below the first, and of all unless `whole`, ids and objects only: their values are asked for where they are
    first. What can be anything (`Node`) is asked for its id only.
    """
    named = get_named_type(type_)
    if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
        if len(schema.get_possible_types(named)) > FEW:
            return "{ __typename id }"
        members = schema.extensions["reading"].registry.runtime_types(named, audience)
        parts = [fragment(schema, audience, member, depth, whole=whole) for member in members]
        return "{ __typename " + " ".join(parts) + " }"
    parts = [] if "id" in named.fields else ["__typename"]
    for name, field in named.fields.items():
        if whole or name == "id" or not (_is_value(get_named_type(field.type)) and _has_id(named)):
            parts += _selected(schema, audience, f"{named.name}_{name}", name, field, depth)
    return "{ " + " ".join(parts) + " }"


def fragment(
    schema: GraphQLSchema, audience: Audience, member: GraphQLObjectType, depth: int, *, whole: bool = True
) -> str:
    """The fields of one member of an abstract type."""
    return f"... on {member.name} {selection(schema, audience, member, depth, whole=whole)}"


def _selected(
    schema: GraphQLSchema, audience: Audience, alias: str, name: str, field: GraphQLField, depth: int
) -> Iterator[str]:
    """One field, under an alias of its type, so that members of an abstract type never conflict."""
    if any(isinstance(a.type, GraphQLNonNull) and a.default_value is Undefined for a in field.args.values()):
        return
    label = name if name == "id" else f"{alias}: {name}"
    named = get_named_type(field.type)
    if is_leaf_type(named):
        yield label
    elif is_connection(named):
        if depth > 1:
            yield f"{label}(first: 3) {connection_selection(schema, audience, named, depth - 1)}"
    elif depth > 1 or not _has_id(named):
        yield f"{label} {selection(schema, audience, named, depth - 1, whole=False)}"


def _is_value(type_: Any) -> bool:
    """Amounts too: what explains one names rows, and is asked for where the amount is a row's first."""
    return is_leaf_type(type_) or type_.name == "Money"


def connection_selection(schema: GraphQLSchema, audience: Audience, connection: Any, depth: int) -> str:
    """Count and rows of a connection below another row."""
    return f"{{ totalCount nodes {selection(schema, audience, connection.fields['nodes'].type, depth, whole=False)} }}"


def is_connection(type_: Any) -> bool:
    return isinstance(type_, GraphQLObjectType) and "edges" in type_.fields and "pageInfo" in type_.fields


def root_fields(schema: GraphQLSchema) -> dict[str, GraphQLField]:
    assert schema.query_type
    return dict(schema.query_type.fields)


def connections(schema: GraphQLSchema) -> dict[str, GraphQLField]:
    """Root fields that are connections."""
    return {name: f for name, f in root_fields(schema).items() if is_connection(get_named_type(f.type))}


def list_document(schema: GraphQLSchema, audience: Audience, name: str, depth: int) -> str:
    """A page of a root connection, from `$after`, under `$filter` where it has one; values of rows at depth 1 only."""
    field = root_fields(schema)[name]
    connection: Any = get_named_type(field.type)
    declared, passed = ["$after: String"], [f"first: {PAGE}", "after: $after"]
    if "filter" in field.args:
        declared.append(f"$filter: {get_named_type(field.args['filter'].type).name}")
        passed.append("filter: $filter")
    of_node = connection.fields["nodes"].type
    node = selection(schema, audience, of_node, depth, whole=depth == 1) if depth else "{ __typename id }"
    body = f"{{ totalCount pageInfo {{ hasNextPage endCursor }} edges {{ node {node} }} }}"
    return f"query({', '.join(declared)}) {{ {name}({', '.join(passed)}) {body} }}"


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in an answer that has an id, with where it stands."""
    if isinstance(value, dict):
        if "id" in value:
            yield path, value
        for key, item in value.items():
            yield from objects(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from objects(item, f"{path}[]")


def id_arguments(args: dict[str, GraphQLArgument]) -> list[str]:
    """Dotted names of the arguments and input fields that take an id."""
    found: list[str] = []
    for name, argument in args.items():
        found += _ids_within(name, argument.type, 3)
    return found


def _ids_within(path: str, type_: GraphQLInputType, depth: int) -> list[str]:
    named = get_named_type(type_)
    if getattr(named, "name", "") == "ID":
        return [path]
    if isinstance(named, GraphQLInputObjectType) and depth:
        return [found for name, f in named.fields.items() for found in _ids_within(f"{path}.{name}", f.type, depth - 1)]
    return []


def arguments(args: dict[str, GraphQLArgument], give_id: Callable[[str, bool], Any]) -> dict[str, Any]:
    """A well-formed value per argument; `give_id(dotted name, required)` gives the ids, None leaves one out."""
    made = {name: _value(name, argument.type, give_id) for name, argument in args.items()}
    return {name: value for name, value in made.items() if value is not None}


def _value(path: str, type_: GraphQLInputType, give_id: Callable[[str, bool], Any]) -> Any:
    required = isinstance(type_, GraphQLNonNull)
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(inner, GraphQLList):
        item = _value(path, inner.of_type, give_id)
        return ([item] if item is not None else []) if required or item is not None else None
    if isinstance(inner, GraphQLInputObjectType):
        return _object(path, inner, give_id, required)
    if inner.name == "ID":
        return give_id(path, required)
    return _leaf(path, inner)


def _object(path: str, type_: GraphQLInputObjectType, give_id: Callable[[str, bool], Any], required: bool) -> Any:
    values = {name: _value(f"{path}.{name}", field.type, give_id) for name, field in type_.fields.items()}
    given = {name: value for name, value in values.items() if value is not None}
    return given if required or given else None


_LEAVES: dict[str, Any] = {
    "String": "tekst",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "BigInt": "100",
    "Decimal": "1",
    "Date": "2026-01-01",
    "Time": "10:00:00",
    "UUID": "018ed9b0-6580-721a-98a1-25293e334b8a",
    "DateTime": "2030-01-01T00:00:00Z",
    "JSON": {},
}
_BY_NAME = {
    "email": "iemand@example.nl",
    "senderEmail": "iemand@example.nl",
    "postalCode": "3861 AA",
    "postcode": "3861 AA",
    "houseNumber": "12",
    "houseNumberAddition": "A",
    "phone": "+31612345678",
    "kvkNumber": "12345678",
    "vatNumber": "NL004495445B01",
    "iban": "NL91ABNA0417164300",
    "website": "https://example.nl",
    "logoUrl": "https://example.nl/logo.png",
    "host": "portaal.example.nl",
    "language": "nl",
    "locale": "nl-NL",
    "documentHash": "0" * 64,
    "leadRetentionDays": 365,
    "country": "NL",
}


def _leaf(path: str, type_: Any) -> Any:
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return _BY_NAME.get(path.rsplit(".", 1)[-1], _LEAVES.get(type_.name, "x"))


def mutation_document(name: str, field: GraphQLField) -> str:
    """A mutation with all its arguments as variables, asking for its user errors."""
    declared = ", ".join(f"${argument}: {given.type}" for argument, given in field.args.items())
    passed = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    declared, passed = (f"({each})" if each else "" for each in (declared, passed))
    return f"mutation{declared} {{ {name}{passed} {{ userErrors {{ code field message }} }} }}"


def _has_id(named: Any) -> bool:
    return isinstance(named, GraphQLUnionType) or "id" in named.fields
