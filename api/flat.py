"""Completing a long list of plain objects at once: the selection is resolved once per type, not once per object.

For fields of Python resolvers whose objects are made of attributes and lists of such objects alone, without resolvers
or arguments of their own; graphql-core would take longer to walk the list than the domain takes to make it. Values stay
what they are: who writes the answer writes dates and enums as the schema does, whose names are their values.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from graphql import GraphQLObjectType, SelectionSetNode, get_named_type
from graphql.type import is_leaf_type, is_list_type

from api.reading.selection import TYPENAME, Selector, field_of
from tenants.audience import Audience

Taken = Callable[[Any], dict[str, Any]]


class Flattening:
    """The response data of objects under one field of a request; `info` is graphql-core's."""

    def __init__(self, info: Any, audience: Audience) -> None:
        registry = info.schema.extensions["reading"].registry
        self._selector = Selector(registry, audience, info.fragments, info.variable_values)
        self._sets = [node.selection_set for node in info.field_nodes if node.selection_set]
        self._types: Mapping[str, Any] = info.schema.type_map
        self._taken: dict[type, Taken] = {}

    def data(self, objects: Iterable[Any]) -> list[dict[str, Any]]:
        """One dictionary per object, in the order of its selection."""
        return [(self._taken.get(type(each)) or self._of(type(each)))(each) for each in objects]

    def _of(self, kind: Any) -> Taken:
        type_: GraphQLObjectType = self._types[kind.__strawberry_definition__.name]
        self._taken[kind] = self._object(type_, self._sets)
        return self._taken[kind]

    def _object(self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Taken:
        grouped = self._selector.grouped(type_, sets)
        names = {key: _python_name(type_, nodes) for key, nodes in grouped.items() if not _is_typename(nodes)}
        fixed = {key: type_.name if _is_typename(nodes) else None for key, nodes in grouped.items()}
        lists = {key: self._items(type_, nodes) for key, nodes in grouped.items() if key in names}
        return _taking(fixed, names, {key: items for key, items in lists.items() if items})

    def _items(self, type_: GraphQLObjectType, nodes: Sequence[Any]) -> Taken | None:
        """How items of a list are taken; None for a leaf."""
        field = field_of(type_, nodes[0])
        named = get_named_type(field.type)
        if is_leaf_type(named):
            return None
        if not isinstance(named, GraphQLObjectType) or not is_list_type(getattr(field.type, "of_type", None)):
            raise TypeError(f"{type_.name}.{nodes[0].name.value} is not made of attributes and lists")
        return self._object(named, [node.selection_set for node in nodes])


def _taking(fixed: Mapping[str, str | None], names: Mapping[str, str], lists: Mapping[str, Taken]) -> Taken:
    if not names:
        return lambda _: dict(fixed)
    keys = tuple(names)
    get = attrgetter(*names.values()) if len(keys) > 1 else lambda each, name=names[keys[0]]: (getattr(each, name),)

    def take(each: Any) -> dict[str, Any]:
        made: dict[str, Any] = {**fixed}
        made.update(zip(keys, get(each), strict=True))
        for key, item in lists.items():
            made[key] = [item(one) for one in made[key]]
        return made

    return take


def _is_typename(nodes: Sequence[Any]) -> bool:
    return bool(nodes[0].name.value == TYPENAME)


def _python_name(type_: GraphQLObjectType, nodes: Sequence[Any]) -> str:
    name: str = field_of(type_, nodes[0]).extensions["strawberry-definition"].python_name
    return name
