"""Which GraphQL type reads what: built once from the finished schema, asked by the compiler."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)
from strawberry.types.field import StrawberryField

from api.reading.errors import DeclarationError
from api.reading.specs import COST, SPEC, AnySpec, ColumnSpec, ComputedSpec, IdSpec, Reads, RelatedSpec, Spec
from tenants.audience import Audience
from tenants.rls import REGISTRY, readers

BACKREF = "strawberry-definition"
READS = "__reads__"
EVERYONE = frozenset(Audience)


@dataclass(frozen=True, eq=False)
class Readable:
    """A GraphQL object or interface type whose rows are read by SQL; `model` is None for computed rows."""

    type: GraphQLObjectType | GraphQLInterfaceType
    reads: Reads
    kind: str
    specs: Mapping[str, Spec]

    @property
    def model(self) -> Any:
        """The mapped class; only asked of types that have one."""
        assert self.reads.model is not None
        return self.reads.model

    @property
    def audiences(self) -> frozenset[Audience]:
        """Those that were named, else all that have a privilege on the table: it stands in no other's statement."""
        if self.reads.audiences is not None:
            return self.reads.audiences
        return EVERYONE if self.reads.model is None else readers(self.model.__tablename__)


class Registry:
    """The readable types of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.readable: dict[str, Readable] = {}
        for type_ in schema.type_map.values():
            reads = reads_of(type_)
            if reads and isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
                kind, reads = _inherited(type_, reads)
                self.readable[type_.name] = Readable(type_, reads, kind, _specs(type_))
        _check(self)

    def concrete(self, named: GraphQLNamedType, audience: Audience) -> Readable | None:
        """The object type under which `audience` reads `named`, or None where it has none."""
        readable = self.readable.get(named.name)
        if readable is None or audience not in readable.audiences:
            return None
        if isinstance(named, GraphQLInterfaceType):
            return next((found for found in self._implementations(named) if audience in found.audiences), None)
        return readable

    def members(self, named: GraphQLNamedType, audience: Audience) -> dict[str, Readable]:
        """The types that `audience` may find behind a union or a plain interface, by kind of id."""
        found = {}
        for type_ in self._possible(named):
            readable = self.readable.get(type_.name)
            if readable and readable.reads.model and audience in readable.audiences:
                found[readable.kind] = readable
        return found

    def runtime_types(self, named: GraphQLNamedType, audience: Audience) -> list[GraphQLObjectType]:
        """The object types that may stand where `named` is selected."""
        if isinstance(named, GraphQLObjectType):
            return [named]
        if named.name in self.readable:
            concrete = self.concrete(named, audience)
            return [concrete.type] if concrete and isinstance(concrete.type, GraphQLObjectType) else []
        return [
            readable.type
            for readable in self.members(named, audience).values()
            if isinstance(readable.type, GraphQLObjectType)
        ]

    def kinds(self, named: GraphQLNamedType) -> frozenset[str]:
        """The kinds of ids that may stand for `named`."""
        if named.name in self.readable:
            return frozenset([self.readable[named.name].kind])
        names = (type_.name for type_ in self._possible(named))
        return frozenset(self.readable[name].kind for name in names if name in self.readable)

    def _possible(self, named: GraphQLNamedType) -> list[GraphQLObjectType]:
        if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
            return list(self.schema.get_possible_types(named))
        return [named] if isinstance(named, GraphQLObjectType) else []

    def _implementations(self, interface: GraphQLInterfaceType) -> Iterator[Readable]:
        for type_ in self.schema.get_possible_types(interface):
            if type_.name in self.readable:
                yield self.readable[type_.name]


def _inherited(type_: GraphQLObjectType | GraphQLInterfaceType, reads: Reads) -> tuple[str, Reads]:
    """What a type takes over from its interfaces over the same model: kind, condition and source."""
    parents = _parents(type_, reads)
    given = [reads, *(parent for _, parent in parents)]
    kind = next((each.kind for each in given if each.kind), None)
    where = next((each.where for each in given if each.where), None)
    source = next((each.source for each in given if each.source), None)
    roots = [interface.name for interface, parent in parents if not _parents(interface, parent)]
    return kind or next(iter(roots), type_.name), replace(reads, where=where, source=source)


def _parents(type_: GraphQLObjectType | GraphQLInterfaceType, reads: Reads) -> list[tuple[GraphQLInterfaceType, Reads]]:
    found = ((interface, reads_of(interface)) for interface in type_.interfaces)
    return [(interface, parent) for interface, parent in found if parent and parent.model is reads.model]


def _hidden(readable: Readable, column: str) -> set[Audience]:
    protected = REGISTRY.get(readable.model.__tablename__)
    rules = protected.rules if protected else {}
    return {audience for audience in readable.audiences if audience in rules and column in rules[audience].unread}


def reads_of(type_: GraphQLNamedType) -> Reads | None:
    """What `@reads` said of the class itself; what a base class said does not count."""
    origin = getattr(type_.extensions.get(BACKREF), "origin", None)
    reads = vars(origin).get(READS) if origin else None
    return reads if isinstance(reads, Reads) else None


def declaration(field: GraphQLField) -> StrawberryField | None:
    """The Strawberry field behind a GraphQL field."""
    found = field.extensions.get(BACKREF)
    return found if isinstance(found, StrawberryField) else None


def spec_of(field: GraphQLField) -> Spec | None:
    """What a field reads, where the compiler reads it."""
    found = declaration(field)
    spec = found.metadata.get(SPEC) if found else None
    return spec if isinstance(spec, Spec) else None


def cost_of(field: GraphQLField) -> int:
    """What a value of the field costs beside the objects in it, as declared with `cost=`."""
    if (spec := spec_of(field)) is not None:
        return spec.cost
    found = declaration(field)
    return int(found.metadata.get(COST, 0)) if found else 0


def _specs(type_: GraphQLObjectType | GraphQLInterfaceType) -> dict[str, Spec]:
    specs = {}
    for name, field in type_.fields.items():
        spec = spec_of(field)
        if spec is None:
            raise DeclarationError(f"{type_.name}.{name} is on a type that is read and says not from what")
        specs[name] = spec
    return specs


def _check(registry: Registry) -> None:
    for readable in registry.readable.values():
        for name, spec in readable.specs.items():
            _check_field(registry, readable, name, spec)
        if isinstance(readable.type, GraphQLInterfaceType):
            _check_audiences(registry, readable)
        elif readable.reads.model is not None:
            _check_grants(readable)


def _check_field(registry: Registry, readable: Readable, name: str, spec: Spec) -> None:
    field = readable.type.fields[name]
    where = f"{readable.type.name}.{name}"
    named = get_named_type(field.type)
    if isinstance(spec, RelatedSpec | AnySpec) and isinstance(field.type, GraphQLNonNull):
        raise DeclarationError(f"{where} has to be nullable: row-level security may hide the row")
    if isinstance(spec, ColumnSpec) and not is_leaf_type(named):
        raise DeclarationError(f"{where} is a column and its type {named.name} is no scalar or enum")
    if isinstance(spec, IdSpec) and readable.reads.model is None:
        raise DeclarationError(f"{where}: computed rows have no global id")
    if isinstance(spec, ColumnSpec) and spec.node and spec.node not in _all_kinds(registry):
        raise DeclarationError(f"{where}: no type has ids of kind {spec.node}")
    if isinstance(spec, ComputedSpec) and named.name not in registry.readable:
        raise DeclarationError(f"{where}: {named.name} is not declared with @reads")


def _check_grants(readable: Readable) -> None:
    """A type may not read what the roles of its audiences have no privilege for: the statement would always fail."""
    refused = readable.audiences - readers(readable.model.__tablename__)
    if refused:
        raise DeclarationError(f"{readable.type.name}: the table is not granted to {_names(refused)}")
    for name, spec in readable.specs.items():
        if isinstance(spec, ColumnSpec) and (hidden := _hidden(readable, _column(readable, name, spec))):
            raise DeclarationError(f"{readable.type.name}.{name}: the column is not granted to {_names(hidden)}")


def _column(readable: Readable, name: str, spec: ColumnSpec) -> str:
    found = declaration(readable.type.fields[name])
    return spec.name or (found.python_name if found else "")


def _names(audiences: Iterable[Audience]) -> str:
    return ", ".join(sorted(audience.value for audience in audiences))


def _all_kinds(registry: Registry) -> set[str]:
    return {readable.kind for readable in registry.readable.values()}


def _check_audiences(registry: Registry, interface: Readable) -> None:
    seen: dict[Audience, str] = {}
    for readable in registry._implementations(interface.type):  # type: ignore[arg-type]  # the caller checked for an interface
        for audience in readable.audiences:
            if audience in seen:
                raise DeclarationError(
                    f"{interface.type.name} is read by {audience.value} as {seen[audience]} and as {readable.type.name}"
                )
            seen[audience] = readable.type.name


def is_many(field: GraphQLField) -> bool:
    """Whether a field gives a list."""
    return is_list_type(get_nullable_type(field.type))


def enum_of(field: GraphQLField) -> GraphQLEnumType | None:
    """The enum that a field gives, alone or in a list."""
    named: Any = get_named_type(field.type)
    return named if isinstance(named, GraphQLEnumType) else None


def node_type(connection: GraphQLNamedType) -> GraphQLNamedType:
    """The type of the items of a connection type."""
    assert isinstance(connection, GraphQLObjectType)
    named: GraphQLNamedType = get_named_type(connection.fields["nodes"].type)
    return named
