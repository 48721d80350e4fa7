"""How many values the arguments of a field ask for."""

from collections.abc import Callable
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLField,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    Undefined,
    ValueNode,
    VariableNode,
)

from api.cost.formula import Size, Variables
from api.reading.arguments import DEFAULT_PAGE

_PAGES = ("first", "last")


def page_size(node: FieldNode) -> Size:
    """Of a connection: `first` or `last`, fifty where neither is given."""
    given = {part.name.value: _integer(part.value) for part in _arguments(node) if part.name.value in _PAGES}
    if all(isinstance(value, int | None) for value in given.values()):
        number, name = _page({name: value for name, value in given.items() if isinstance(value, int)})
        return Size(number, label=lambda variables: f"({name}: {number})")

    def page(variables: Variables) -> tuple[int, str]:
        found = {name: variables.get(each) if isinstance(each, str) else each for name, each in given.items()}
        return _page({name: value for name, value in found.items() if isinstance(value, int)})

    return Size(0, lambda variables: page(variables)[0], lambda variables: "({1}: {0})".format(*page(variables)))


def list_size(node: FieldNode, field: GraphQLField, argument: str) -> Size:
    """Of a field that gives one value for each item of an argument."""
    value = next((part.value for part in _arguments(node) if part.name.value == argument), None)
    count = _counted(value, field.args[argument].default_value)
    if isinstance(count, int):
        return Size(count, label=lambda variables: f"({argument}: {count} items)")
    return Size(0, count, lambda variables: f"({argument}: {count(variables)} items)")


def _page(given: dict[str, int]) -> tuple[int, str]:
    """(size, argument that decides it); giving both is refused later, until then the larger counts."""
    if not given:
        return DEFAULT_PAGE, "first"
    name = max(given, key=lambda each: given[each])
    return max(given[name], 0), name


def _integer(value: ValueNode) -> int | str | None:
    """A literal, or the name of the variable."""
    if isinstance(value, VariableNode):
        return value.name.value
    return int(value.value) if isinstance(value, IntValueNode) else None


def _counted(value: ValueNode | None, default: Any) -> int | Callable[[Variables], int]:
    if isinstance(value, VariableNode):
        name = value.name.value
        return lambda variables: _length(variables.get(name))
    if value is None:
        return 0 if default is Undefined else _length(default)
    if isinstance(value, ListValueNode):
        return len(value.values)
    return 0 if isinstance(value, NullValueNode) else 1


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else int(value is not None)


def _arguments(node: FieldNode) -> tuple[ArgumentNode, ...]:
    return tuple(node.arguments or ())
