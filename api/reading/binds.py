"""Parameters of a statement under construction: what is bound, under which name, and the actor's ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
)
from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    Numeric,
    Text,
    Time,
    Uuid,
    bindparam,
)
from sqlalchemy.types import TypeEngine

TYPES: Mapping[str, type[TypeEngine[Any]] | TypeEngine[Any]] = {
    "ID": Uuid,
    "UUID": Uuid,
    "String": Text,
    "Int": Integer,
    "BigInt": BigInteger,
    "Float": Float,
    "Decimal": Numeric,
    "Boolean": Boolean,
    "Date": Date,
    "Time": Time,
    "DateTime": DateTime(timezone=True),
}


_ACTOR_TYPES: Mapping[str, TypeEngine[Any]] = {"entity_ids": ARRAY(Uuid()), "language": Text()}


def sql_type(given: GraphQLInputType) -> TypeEngine[Any]:
    """The SQL type of a parameter that carries a GraphQL input value."""
    nullable = given.of_type if isinstance(given, GraphQLNonNull) else given
    if isinstance(nullable, GraphQLList):
        return ARRAY(sql_type(nullable.of_type))
    if isinstance(nullable, GraphQLEnumType):
        return Text()
    found = TYPES[nullable.name]
    return found() if isinstance(found, type) else found


@dataclass
class Binds:
    """The parameters of one plan: name in the statement → (argument slot, key) or an actor's attribute."""

    arguments: dict[str, tuple[int, str]] = field(default_factory=dict)
    actor: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)

    def argument(self, slot: int, key: str, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """The value `key` of an argument slot."""
        name = f"a{slot}_{key.replace('.', '_')}_{type_.__class__.__name__.lower()}"
        self.arguments[name] = (slot, key)
        return bindparam(name, type_=type_, required=False)

    def of_actor(self, attribute: str) -> BindParameter[Any]:
        """An id of the actor."""
        name = f"actor_{attribute}"
        self.actor[name] = attribute
        return bindparam(name, type_=_ACTOR_TYPES.get(attribute, Uuid()), required=False)

    def constant(self, name: str, value: Any, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """A value that is the same for every request."""
        self.constants[name] = value
        return bindparam(name, type_=type_, required=False)


class ActorBinds:
    """The actor in an area's expression: `a.actor.organization_id` is a bound parameter."""

    def __init__(self, binds: Binds) -> None:
        self._binds = binds

    @property
    def entity_ids(self) -> BindParameter[Any]:
        return self._binds.of_actor("entity_ids")

    @property
    def entity_id(self) -> BindParameter[Any]:
        """The entity of an actor that works for one."""
        return self._binds.of_actor("entity_id")

    @property
    def organization_id(self) -> BindParameter[Any]:
        return self._binds.of_actor("organization_id")

    @property
    def contact_id(self) -> BindParameter[Any]:
        return self._binds.of_actor("contact_id")

    @property
    def team_id(self) -> BindParameter[Any]:
        return self._binds.of_actor("team_id")

    @property
    def user_id(self) -> BindParameter[Any]:
        return self._binds.of_actor("user_id")

    @property
    def language(self) -> BindParameter[Any]:
        """`nl` or `en`."""
        return self._binds.of_actor("language")

    @property
    def client_id(self) -> BindParameter[Any]:
        """The API key, application or brand through which the actor asks."""
        return self._binds.of_actor("client_id")


class ArgumentValues:
    """A field's own arguments in an area's expression: a bound parameter, or None where none was given."""

    def __init__(self, values: Mapping[str, BindParameter[Any] | None], actor: ActorBinds) -> None:
        self._values = values
        self.actor = actor

    def __getattr__(self, name: str) -> BindParameter[Any] | None:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"no argument {name} is declared") from None
