"""The Strawberry schema whose readable fields are completed from what SQL returned."""

from collections.abc import Callable, Iterable
from typing import Any

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

from api.reading.arguments import MAX_PAGE
from api.reading.cursors import CursorKey
from api.reading.emit import CONCRETE
from api.reading.errors import DeclarationError, forbidden, unauthenticated
from api.reading.execute import Document, PerKey, Reading, masking
from api.reading.registry import declaration, enum_of, is_many, spec_of
from api.reading.scalars import SCALARS
from api.reading.specs import REQUIRES, DerivedSpec
from api.reading.statement import ROOTS

Resolver = Callable[..., Any]


class Schema(strawberry.Schema):
    """Strawberry's schema, with root fields that read by one statement and permissions checked in one place."""

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        *,
        cursor_key: CursorKey,
        max_page: int = MAX_PAGE,
        types: Iterable[type] = (),
        extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]] = (),
        **options: Any,
    ) -> None:
        config = StrawberryConfig(scalar_map=SCALARS, enable_experimental_incremental_execution=True)
        super().__init__(query, mutation, subscription, types=types, extensions=extensions, config=config, **options)
        self.reading = Reading(self._schema, cursor_key, max_page)
        self._schema.extensions["reading"] = self.reading
        bind(self._schema, self.reading)


def bind(schema: GraphQLSchema, reading: Reading) -> None:
    """Put the resolvers in place; Strawberry's own stay where a Python object is completed."""
    roots = [schema.query_type, schema.mutation_type, schema.subscription_type]
    for type_ in schema.type_map.values():
        if type_.name.startswith("__"):
            continue
        if isinstance(type_, GraphQLObjectType):
            _bind_object(type_, reading, root=type_ in roots)
        if is_abstract_type(type_):
            type_.resolve_type = _resolve_type(type_.resolve_type)


def permission_of(field: GraphQLField) -> Any:
    """The permission that a root field declares."""
    found = declaration(field)
    return found.metadata.get(REQUIRES) if found else None


def _bind_object(type_: GraphQLObjectType, reading: Reading, *, root: bool) -> None:
    if type_.is_type_of:
        type_.is_type_of = _is_type_of(type_.is_type_of)
    for name, field in type_.fields.items():
        if root:
            _bind_root(f"{type_.name}.{name}", field, reading)
        else:
            field.resolve = _completing(field, field.resolve)


def _bind_root(where: str, field: GraphQLField, reading: Reading) -> None:
    required = permission_of(field)
    if required is None:
        raise DeclarationError(f"{where} declares no permission (requires=…)")
    _describe_inputs(field)
    if type(spec_of(field)) in ROOTS:
        field.resolve = _reading(field, reading)
    if field.subscribe:
        field.subscribe = _permitted(required, field.subscribe)
    elif field.resolve:
        field.resolve = _permitted(required, field.resolve)


def _describe_inputs(field: GraphQLField) -> None:
    """An argument that says no more than its input type does has that type's description."""
    for argument in field.args.values():
        named: Any = get_named_type(argument.type)
        if not argument.description and isinstance(named, GraphQLInputObjectType):
            argument.description = named.description


def _permitted(required: Any, resolve: Resolver) -> Resolver:
    def checked(source: Any, info: Any, **arguments: Any) -> Any:
        actor = info.context.actor
        if not actor.may(required):
            raise forbidden(str(required)) if actor.signed_in else unauthenticated()
        return resolve(source, info, **arguments)

    return checked


def _reading(field: GraphQLField, reading: Reading) -> Resolver:
    async def read(source: Any, info: Any, **arguments: Any) -> Any:
        document = Document(info.fragments, info.variable_values)
        work = reading.root(field, info.field_nodes, document, info.context)
        return await masking(info.path.as_list(), work)

    return read


def _completing(field: GraphQLField, original: Resolver | None) -> Resolver:
    """Take what SQL returned under the response key; other sources are Strawberry's."""
    from_json = _from_json(field)

    def resolve(source: Any, info: Any, **arguments: Any) -> Any:
        if type(source) is dict:
            return from_json(source[info.path.key], info)
        value = original(source, info, **arguments) if original else None
        return value.values.get(info.path.key) if type(value) is PerKey else value

    return resolve


def _from_json(field: GraphQLField) -> Callable[[Any, Any], Any]:
    spec, enum = spec_of(field), enum_of(field)
    if isinstance(spec, DerivedSpec):
        derive = spec.resolve
        return lambda value, info: derive(value, info)
    if enum is None:
        return lambda value, info: value
    stored = {name: entry.value for name, entry in enum.values.items()}
    if is_many(field):
        return lambda value, info: None if value is None else [stored[name] for name in value]
    return lambda value, info: None if value is None else stored[value]


def _is_type_of(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, info: type(value) is dict or original(value, info)


def _resolve_type(original: Callable[..., Any] | None) -> Callable[..., Any]:
    def resolve(value: Any, info: Any, type_: Any) -> Any:
        if type(value) is dict:
            return value[CONCRETE]
        return original(value, info, type_) if original else None

    return resolve
