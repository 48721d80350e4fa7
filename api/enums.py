"""GraphQL enums over the domain's states, with a sentence for every value."""

from enum import StrEnum
from typing import Any, TypeVar

import strawberry

E = TypeVar("E", bound=type[StrEnum])
_DESCRIBED: set[type[StrEnum]] = set()


def described(states: E, description: str, /, **values: str) -> E:
    """Register `states` as a GraphQL enum; each value needs its description, so that none is forgotten.

    Raises: TypeError where one is, or where the enum is described already.
    """
    missing = {state.name for state in states} ^ set(values)
    if missing:
        raise TypeError(f"{states.__name__}: descriptions do not match the values: {', '.join(sorted(missing))}")
    if states in _DESCRIBED:
        raise TypeError(f"{states.__name__}: described twice, and the schema would say what is imported last")
    _DESCRIBED.add(states)
    # A type that used the enum before has registered it already, without a word.
    registered: Any = states if "__strawberry_definition__" in vars(states) else strawberry.enum(states)
    definition = registered.__strawberry_definition__
    definition.description = description
    for value in definition.values:
        value.description = values[value.name]
    return states
