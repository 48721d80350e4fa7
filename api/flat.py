"""Completing a long list of plain objects at once: the selection is resolved once per type, not once per object.

For fields of Python resolvers whose objects are made of attributes and lists of such objects alone, without resolvers
or arguments of their own; graphql-core would take longer to walk the list than the domain takes to make it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Any

from graphql import GraphQLObjectType, SelectionSetNode, get_named_type
from graphql.type import is_leaf_type, is_list_type

from api.reading.selection import TYPENAME, Selector, field_of
from tenants.audience import Audience

Shape = list[tuple[str, Callable[[Any], Any]]]
"""By response key, what to take from an object."""


class Flattening:
    """The response data of objects under one field of a request; `info` is graphql-core's."""

    def __init__(self, info: Any, audience: Audience) -> None:
        registry = info.schema.extensions["reading"].registry
        self._selector = Selector(registry, audience, info.fragments, info.variable_values)
        self._sets = [node.selection_set for node in info.field_nodes if node.selection_set]
        self._types: Mapping[str, Any] = info.schema.type_map
        self._shapes: dict[type, Shape] = {}

    def data(self, objects: Iterable[Any]) -> list[dict[str, Any]]:
        """One dictionary per object, in the order of its selection."""
        return [{key: take(each) for key, take in self._shape_of(each)} for each in objects]

    def _shape_of(self, each: Any) -> Shape:
        kind = type(each)
        if kind not in self._shapes:
            self._shapes[kind] = self._shape(self._types[kind.__strawberry_definition__.name], self._sets)
        return self._shapes[kind]

    def _shape(self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Shape:
        grouped = self._selector.grouped(type_, sets)
        return [(key, self._taking(type_, nodes)) for key, nodes in grouped.items()]

    def _taking(self, type_: GraphQLObjectType, nodes: Sequence[Any]) -> Callable[[Any], Any]:
        if nodes[0].name.value == TYPENAME:
            return lambda _: type_.name
        field = field_of(type_, nodes[0])
        name, named = field.extensions["strawberry-definition"].python_name, get_named_type(field.type)
        if is_leaf_type(named):
            return lambda each: _leaf(getattr(each, name))
        if not isinstance(named, GraphQLObjectType) or not _is_list(field.type):
            raise TypeError(f"{type_.name}.{name} is not made of attributes and lists")
        shape = self._shape(named, [node.selection_set for node in nodes])
        return lambda each: [{key: take(item) for key, take in shape} for item in getattr(each, name)]


def _is_list(type_: Any) -> bool:
    return is_list_type(getattr(type_, "of_type", type_)) or is_list_type(type_)


def _leaf(value: Any) -> Any:
    """As scalars and enums of the schema write it."""
    if isinstance(value, Enum):
        return value.name
    return value.isoformat() if isinstance(value, date) else value
